"""Labels are given where the models are sure, learned from people's words alone, and the same again."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from calls_by_hand import answer, answers, intent_call, opinion, said

from mandi.core.errors import ConfigError, ContractError, DataNotFound
from mandi.feedback.labels.corpus import moods, sentences
from mandi.feedback.labels.label_model import LabelModels, LabelParams
from mandi.feedback.labels.labeller import LABELS, MODELS, Labeller, told_intents
from mandi.feedback.labels.truth import label_truth
from mandi.feedback.vocabulary import EMOTIONS, INTENTS, KINDS, SENTIMENTS, UNLABELLED

ASKED = answers(
    answer(1, question="What is the going rate of cotton at Latur today?"),
    answer(2, question="qxz wvk zzz"),
    answer(3, task_type="deal_analysis", question='{"commodity": "cotton"}', outcome='{"held": true}'),
    intent_call(4, "the truck has not reached our godown", "delivery"),
)
SAID = said(opinion(1, 1, comment="I am delighted, wonderful service!"), opinion(2, 2, rating=5))


@pytest.fixture(scope="module")
def labeller() -> Labeller:
    return Labeller.fit(ASKED, SAID)


def test_words_of_the_vocabulary_and_nothing_else(labeller: Labeller) -> None:
    found = labeller.label(ASKED, SAID)
    allowed = {"intent": INTENTS, "sentiment": SENTIMENTS, "emotion": EMOTIONS, "kind": KINDS}
    for name, words in allowed.items():
        assert set(found[name]) <= {*words, UNLABELLED}
    assert set(LABELS) <= set(found.columns)
    assert found["outcome_label"].tolist() == ["open", "open", "held", "open"]
    assert found["kind"].tolist()[2:] == ["decision", "classification"]
    assert found["intent"][0] == "price"


def test_unsure_is_unlabelled(labeller: Labeller) -> None:
    found = labeller.label(ASKED, SAID)
    assert found["intent"][1] == UNLABELLED
    for name in MODELS:
        given = found[name] != UNLABELLED
        ruled = found["kind"].isin(["decision", "classification"]) if name == "kind" else given & False
        assert (found.loc[given & ~ruled, f"{name}_sure"] >= labeller.models.heads[name].threshold).all()


def test_a_comment_is_heard_before_the_question(labeller: Labeller) -> None:
    with_comment, without = labeller.label(ASKED, SAID), labeller.label(ASKED, said())
    assert with_comment["sentiment_guess"][0] == "positive" != without["sentiment_guess"][0]
    assert with_comment["intent"][0] == without["intent"][0]


def test_a_label_does_not_depend_on_other_rows(labeller: Labeller) -> None:
    whole = labeller.label(ASKED, SAID)
    for k in range(len(ASKED)):
        alone = labeller.label(ASKED.iloc[[k]].reset_index(drop=True), SAID)
        assert (
            alone.iloc[0].drop([f"{n}_sure" for n in MODELS]).tolist()
            == whole.iloc[k].drop([f"{n}_sure" for n in MODELS]).tolist()
        )
        for name in MODELS:
            assert alone[f"{name}_sure"][0] == pytest.approx(whole[f"{name}_sure"][k], abs=1e-12)


def test_a_label_that_is_measured_to_be_poor_is_off() -> None:
    texts = [f"{word} {k}" for k in range(30) for word in ("one", "two")]
    labels = ["a", "b", "b", "a"] * 15
    models = LabelModels.fit(texts, {"coin": labels}, list(range(60)), LabelParams(right=0.95, minimum=0.9))
    assert set(models.predict(texts)["coin"]["label"]) == {UNLABELLED}
    assert models.heads["coin"].report["given"] is False


def test_what_is_saved_says_the_same_in_the_same_bytes(labeller: Labeller, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    labeller.save(tmp_path / "one")
    again = Labeller.fit(ASKED, SAID)
    again.save(tmp_path / "two")
    for file in ("labels.json", "labels.npz"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    assert Labeller.load(tmp_path / "one").label(ASKED, SAID).equals(labeller.label(ASKED, SAID))
    (tmp_path / "two" / "labels.npz").write_bytes(b"other")
    with pytest.raises(ContractError, match="labels.npz"):
        Labeller.load(tmp_path / "two")
    with pytest.raises(DataNotFound):
        Labeller.load(tmp_path)


def test_people_say_which_intent_is_right() -> None:
    calls = answers(
        intent_call(1, "kab aayega maal", "price"), intent_call(2, "rate batao", "price"), intent_call(3, "no consent", "price", consent="refused"),
        intent_call(4, "cut short", "price", status="partial"), intent_call(5, "disliked", "price"), answer(6, answer="price"),
    )  # fmt: skip
    told = said(
        opinion(1, 1, rating=1, correction='{"label": "payment"}'), opinion(2, 1, author="human", author_pseudonym="d", correction="delivery"),
        opinion(3, 2, rating=5), opinion(4, 3, rating=5), opinion(5, 4, rating=5), opinion(6, 5, rating=1), opinion(7, 6, rating=5),
    )  # fmt: skip
    assert told_intents(calls, told) == [("kab aayega maal", "delivery"), ("rate batao", "price")]


def test_the_sentences_cover_the_vocabulary() -> None:
    cores, tones = sentences(), moods()
    assert {s.intent for s in cores} == set(INTENTS) and {s.kind for s in cores} == set(KINDS)
    assert {s.emotion for s in tones} == set(EMOTIONS) and {s.sentiment for s in tones} == set(SENTIMENTS)
    assert sentences() == cores and moods() == tones
    assert not [s for s in cores if "{" in s.text]


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match="minimum"):
        LabelParams(minimum=1.2)


def test_truth_counts_given_labels_and_guesses(labeller: Labeller) -> None:
    labels = labeller.label(ASKED, SAID).set_axis(ASKED["generation_id"], axis=0)
    truth = labels.assign(intent=labels["intent_guess"], phase="early", language="en")[
        ["intent", "phase", "language"]
    ]
    found = label_truth(labels, truth)
    assert found["truth.intent.accuracy"] == found["truth.intent.accuracy_given"] == 1.0
    assert 0.0 < found["truth.intent.coverage"] < 1.0
