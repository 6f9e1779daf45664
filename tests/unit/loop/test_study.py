"""What the loop gained, on a small world: three students, kept and read again, and said in words."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "student"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "feedback" / "report"))
from made_log import answer, labelled
from student_market import directions

from mandi.core.errors import DataNotFound, TooLittleData
from mandi.core.paths import Paths
from mandi.datasets.rows import Example
from mandi.loop.drift_study import after_change, change_of_wording, known_before
from mandi.loop.evidence import comparison
from mandi.loop.report_page import gain_of
from mandi.loop.study import CHALLENGER, CHAMPION, NAMES, PLACE, SHUFFLED, Study, half_way, read_study, study
from mandi.student.base import Answer, Question
from mandi.student.params import StudentParams
from mandi.student.scaling import Scaling

PARAMS = StudentParams(strengths=(4.0,), folds=2, later_ratings=60)


class Parrot:
    """Gives the accepted answer to some questions, and another one to the rest."""

    form: ClassVar = "embedded"
    version = "parrot"
    thresholds: ClassVar[Mapping[str, float]] = {"high": 0.8, "low": 0.4}

    def __init__(self, right: Mapping[str, str], every: int, sure: float = 0.9) -> None:
        self.right, self.every, self.sure = right, every, sure

    def answers(self, questions: Sequence[Question]) -> list[Answer | None]:
        told = []
        for number, question in enumerate(questions):
            known = self.right.get(question.text) if number % self.every else None
            told.append(Answer(known or '{"label":"none"}', self.sure if known else 0.3))
        return list(told)

    def scaled(self, scaling: Scaling, bounds: Mapping[str, float]) -> Parrot:
        return Parrot(self.right, self.every, 0.8)


def dated(examples: Sequence[Example]) -> list[Example]:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    learned = [one for one in examples if one.part != "test"]
    frozen = [one for one in examples if one.part == "test"]
    return [
        replace(one, asked_at=start + timedelta(days=n), known_at=None)
        for n, one in enumerate([*learned, *frozen])
    ]


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    rows = [
        *directions("train"),
        *directions("test", first=5000, things=("barley", "guar", "mustard", "castor")),
    ]
    return dated([replace(one, gold=True) for one in rows])


@pytest.fixture(scope="module")
def found(examples: list[Example]) -> Study:
    right = {one.question: one.chosen for one in examples}
    drift = pd.DataFrame(
        {"stage": ["as learned"] * 40 + ["after 60 later ratings"] * 40, "confidence": [0.9] * 40 + [0.5] * 40,
         "right": [True, False] * 40}
    )  # fmt: skip
    return study(
        examples, PARAMS, half_way(examples), before=Parrot(right, 2), after=Parrot(right, 10), drift=drift  # type: ignore[arg-type]
    )  # fmt: skip


def test_who_learned_more_answers_more_and_shuffled_feedback_does_not(found: Study) -> None:
    gains = found.gains().set_index("part")
    assert gains.loc["all", "gain_low"] > 0 and gains.loc[SHUFFLED, "gain_low"] < gains.loc["all", "gain"]
    assert (
        found.learners[CHAMPION].learned
        < found.learners[CHALLENGER].learned
        == found.learners[SHUFFLED].learned
    )
    shares = {name: frame.set_index("band")["share"]["high"] for name, frame in found.who_answers().items()}
    assert shares[CHALLENGER] > shares[CHAMPION] and "accuracy rose by" in found.in_words()


def test_what_is_kept_reads_as_it_was(found: Study, tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    with pytest.raises(DataNotFound, match="no study of the loop"):
        read_study(paths)
    folder = paths.evaluation(PLACE)
    folder.mkdir(parents=True)
    found.save(folder)
    again = read_study(paths)
    assert again.in_words() == found.in_words() and again.metrics() == found.metrics()
    pd.testing.assert_frame_equal(again.gains(), found.gains(), check_exact=False, atol=1e-5)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    found.save(folder)
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_report_compares_with_the_earlier_feedback_where_there_is_no_champion(
    found: Study, tmp_path: Path
) -> None:
    import json

    paths = Paths(tmp_path)
    paths.metrics("student").parent.mkdir(parents=True)
    paths.metrics("student").write_text('{"frozen.accuracy": 0.5}')
    paths.metrics(PLACE).write_text(json.dumps(found.metrics()))
    paths.evaluation(PLACE).mkdir(parents=True)
    found.save(paths.evaluation(PLACE))
    told, why = comparison(paths)
    assert (
        told is not None
        and not why
        and told.over == f"a student of the feedback before {found.moment:%Y-%m-%d}"
    )
    assert told.gain.low is not None and told.gain.low > 0


def test_the_picture_and_the_reliability_tell_their_figures(found: Study) -> None:
    assert gain_of(found).png()[:4] == b"\x89PNG"
    assert list(found.after_drift()) == ["as learned (error 0.400)", "after 60 later ratings (error 0.000)"]
    assert set(found.curves()) == set(NAMES) and len(found.compared()) == 3
    assert found.refusals.groupby("student")["asked"].sum().nunique() == 1


def test_without_later_or_earlier_feedback_there_is_nothing_to_compare(examples: list[Example]) -> None:
    with pytest.raises(TooLittleData, match="0 later ones"):
        study(examples, PARAMS, datetime(2030, 1, 1, tzinfo=UTC))
    with pytest.raises(TooLittleData, match="no example to learn from"):
        half_way([one for one in examples if one.part == "test"])


def test_confidence_after_a_change_of_wording_is_judged_by_the_truth(
    tmp_path: Path, examples: list[Example]
) -> None:
    paths = Paths(tmp_path)
    assert change_of_wording(paths) is None
    rows, truth = [], []
    rng = np.random.default_rng(0)
    for number in range(240):
        good = bool(rng.random() < 0.8)
        rows.append(
            answer(
                number, task_type="classification", question=f"q{number}", messages=f'[{{"role": "user", "content": "q{number}"}}]',
                facts='{"labels": ["up", "down"]}', answer="up", right=0.95 if good else 0.05, rating=5.0 if good else 1.0,
            )
        )  # fmt: skip
        truth.append(
            {"generation_id": f"g{number:05d}", "period": "later", "task": "classification", "gold": "up" if good else "down",
             "required": "[]", "forbidden": "[]"}
        )  # fmt: skip
    for folder in (paths.calls / "truth", paths.feedback):
        folder.mkdir(parents=True)
    frame = labelled(rows)
    frame.to_parquet(paths.feedback / "labelled.parquet")
    pd.DataFrame(truth).to_parquet(paths.calls / "truth" / "truth.parquet")
    assert change_of_wording(paths) == frame["asked_at"].min().to_pydatetime()
    told = after_change(paths, Parrot({f"q{n}": "up" for n in range(240)}, 10**6), PARAMS)  # type: ignore[arg-type]
    assert set(told["stage"]) == {"as learned", "after 60 later ratings"}
    assert told.groupby("stage").size().tolist() == [180, 180]
    assert told["right"].mean() == pytest.approx(0.8, abs=0.1)
    moment = half_way(examples)
    assert all(one.settled_at < moment and one.part != "test" for one in known_before(examples, moment))
