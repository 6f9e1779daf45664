"""The stage of labels and rewards: frames in, LABELLED out, and the truth of a generated log has no part in it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from calls_by_hand import answer, answers, crowd, said

from mandi.feedback.frames import LABELLED
from pipelines.feedback import Scored, examined, scored


@pytest.fixture(scope="module")
def found() -> Scored:
    return scored(*crowd(300)[:3])


def test_labelled_is_a_frame_of_the_loop(found: Scored) -> None:
    LABELLED.check(found.labelled)
    assert found.labelled[["reward", "right"]].apply(lambda column: column.between(0, 1)).all().all()
    assert found.right is not None and found.metrics["answers"] == 300


def test_the_truth_changes_nothing_but_the_figures(found: Scored, tmp_path: Path) -> None:
    right = crowd(300)[3]
    before, metrics = found.labelled.copy(), {}
    for name, was in (("true", right), ("shuffled", np.random.default_rng(0).permutation(right))):
        folder = tmp_path / name
        folder.mkdir()
        truth = pd.DataFrame(
            {
                "generation_id": found.labelled["generation_id"],
                "right": was,
                "phase": "early",
                "intent": "price",
            }
        )
        truth.to_parquet(folder / "truth.parquet")
        metrics[name] = examined(found, folder / "truth.parquet", folder)
        assert {path.name for path in folder.iterdir()} >= {"reliability.csv", "worst.csv", "raters.csv"}
    pd.testing.assert_frame_equal(found.labelled, before)
    assert metrics["true"]["truth.right.auc"] > 0.8 > 0.6 > metrics["shuffled"]["truth.right.auc"]
    assert metrics["true"]["truth.right.auc"] > metrics["true"]["truth.mean_rating.auc"]


def test_without_truth_verdicts_are_what_there_is(found: Scored, tmp_path: Path) -> None:
    assert examined(found, tmp_path / "none.parquet", tmp_path) == {}
    assert len(pd.read_csv(tmp_path / "worst.csv")) == 25


def test_without_opinions_the_learned_reward_is_the_formula() -> None:
    alone = scored(answers(answer(1), answer(2, answer="As usual.")), said(), _no_pairs())
    assert alone.right is None
    assert alone.labelled["right"].tolist() == alone.labelled["reward"].tolist()


def test_no_answers_are_no_answers(tmp_path: Path) -> None:
    none = scored(answers(), said(), _no_pairs())
    assert none.labelled.empty and examined(none, tmp_path / "none.parquet", tmp_path) == {}


def _no_pairs() -> pd.DataFrame:
    from mandi.feedback.frames import TUTOR_PAIRS

    return TUTOR_PAIRS.empty()
