"""The classifier: equal to scikit-learn's, calibrated on texts it had not seen, the same after save and load."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from mandi.core.errors import ContractError, DataNotFound, NotFitted, TooLittleData
from mandi.text.terms import WORD
from mandi.text.text_student import NUMBERS_FILE, WORDS_FILE, TextStudent, TextStudentParams

SMALL = TextStudentParams(strengths=(5.0,))


def _headlines(count: int = 240, noise: float = 0.1, seed: int = 0) -> tuple[list[str], list[str]]:
    draw = np.random.default_rng(seed)
    said = {
        "up": ["rises", "gains", "climbs", "firms"],
        "down": ["falls", "slips", "drops", "eases"],
        "none": ["steady", "unchanged", "awaits", "report"],
    }
    names = list(said)
    things = ["gold", "silver", "cotton", "tur", "soybean", "guar", "jeera", "copper"]
    texts, labels = [], []
    for _ in range(count):
        label = names[int(draw.integers(3))]
        word = draw.choice(said[label if draw.random() > noise else names[int(draw.integers(3))]])
        texts.append(
            f"{draw.choice(things)} {word} {' '.join(draw.choice(things, 2))} {draw.integers(100, 9999)}"
        )
        labels.append(label)
    return texts, labels


TEXTS, LABELS = _headlines()


@pytest.fixture(scope="module")
def student() -> TextStudent:
    return TextStudent(SMALL).fit(TEXTS, LABELS)


def test_scores_equal_scikit_learns(student: TextStudent) -> None:
    views = [
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=WORD),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2),
    ]
    matrix = hstack([view.fit_transform(TEXTS) for view in views]).tocsr()
    theirs = LogisticRegression(C=5.0, max_iter=1000).fit(matrix, LABELS)
    asked = _headlines(50, seed=9)[0]
    linear, terms = student._linear, student._terms
    assert linear is not None and terms is not None
    found = linear.logits(terms.transform(asked))
    assert np.allclose(
        found, theirs.decision_function(hstack([v.transform(asked) for v in views]).tocsr()), atol=1e-6
    )


def test_it_learns_and_knows_how_sure_it_is(student: TextStudent) -> None:
    texts, labels = _headlines(600, seed=5)
    found = student.predict(texts)
    correct = found["label"].to_numpy() == np.array(labels)
    assert 0.85 < correct.mean() < 0.99
    assert found["confidence"].between(0, 1).all()
    assert abs(found["confidence"].mean() - correct.mean()) < 0.06
    assert student.report["rows"] == 240 and 0.8 < student.report["accuracy"] < 1.0


def test_one_text_is_answered_as_in_a_batch(student: TextStudent) -> None:
    batch = student.predict(TEXTS[:5])
    for text, label, sure in zip(TEXTS[:5], batch["label"], batch["confidence"], strict=True):
        assert student.answer(text) == (label, pytest.approx(sure))


def test_words_it_never_saw_make_it_unsure(student: TextStudent) -> None:
    assert student.answer("zzzz qqqq")[1] < student.answer("gold rises")[1]
    assert student.answer("")[1] < 0.6


def test_near_duplicates_do_not_vouch_for_each_other() -> None:
    """Labels without any rule: out of fold they must look like chance even when every text has a twin."""
    draw = np.random.default_rng(0)
    words = [
        "rain",
        "duty",
        "mills",
        "rupee",
        "sowing",
        "acreage",
        "crush",
        "stock",
        "bale",
        "candy",
        "lint",
        "fines",
    ]
    base = [" ".join(draw.choice(words, 8)) for _ in range(80)]
    labels = [str(label) for label in draw.choice(["up", "down"], 80)]
    found = TextStudent(SMALL).fit([*base, *(f"{text}!" for text in base)], labels * 2)
    assert found.report["accuracy"] < 0.65
    leaky = TextStudent(SMALL).fit(
        [*base, *(f"{text}!" for text in base)], labels * 2, groups=list(range(160))
    )
    assert leaky.report["accuracy"] > 0.75


def test_two_labels(tmp_path: Path) -> None:
    texts = [
        f"{thing} {word} {k}" for k in range(20) for thing in ("gold", "tur") for word in ("rises", "falls")
    ]
    found = TextStudent(SMALL).fit(texts, ["up" if "rises" in text else "down" for text in texts])
    assert found.classes == ("down", "up") and found.answer("silver rises")[0] == "up"


def test_a_label_that_is_missing_from_a_fold_is_no_trouble() -> None:
    found = TextStudent(SMALL).fit([*TEXTS, "one odd thing entirely"], [*LABELS, "odd"])
    assert "odd" in found.classes and np.isfinite(found.report["ece"])


def test_the_same_after_save_and_load(student: TextStudent, tmp_path: Path) -> None:
    student.save(tmp_path)
    again = TextStudent.load(tmp_path)
    assert np.array_equal(again.probabilities(TEXTS), student.probabilities(TEXTS))
    assert again.params == student.params and again.report == student.report
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".npz"}


def test_answers_without_scikit_learn(student: TextStudent, tmp_path: Path) -> None:
    student.save(tmp_path)
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        "from pathlib import Path\n"
        "from mandi.text.text_student import TextStudent\n"
        f"print(TextStudent.load(Path({str(tmp_path)!r})).answer('gold rises')[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "up", done.stderr


def test_files_that_do_not_belong_together(student: TextStudent, tmp_path: Path) -> None:
    student.save(tmp_path)
    with (tmp_path / NUMBERS_FILE).open("ab") as file:
        file.write(b"more")
    with pytest.raises(ContractError, match=NUMBERS_FILE):
        TextStudent.load(tmp_path)
    (tmp_path / WORDS_FILE).unlink()
    with pytest.raises(DataNotFound):
        TextStudent.load(tmp_path)


def test_weights_of_another_shape(student: TextStudent, tmp_path: Path) -> None:
    student.save(tmp_path)
    state = json.loads((tmp_path / WORDS_FILE).read_text(encoding="utf-8"))
    state["classes"] = state["classes"][:2]
    (tmp_path / WORDS_FILE).write_text(json.dumps(state), encoding="utf-8")
    with pytest.raises(ContractError, match="shape"):
        TextStudent.load(tmp_path)


def test_too_little_to_learn_from() -> None:
    with pytest.raises(NotFitted):
        TextStudent().predict(["gold"])
    for texts, labels in ((TEXTS[:5], LABELS[:5]), (TEXTS, ["up"] * len(TEXTS)), (TEXTS, LABELS[:-1])):
        with pytest.raises(TooLittleData):
            TextStudent().fit(texts, labels)
