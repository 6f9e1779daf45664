"""Pictures of a search: what they show, and that few trials do not break them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.report.search_charts import parallel_trials, search_confirmed, search_history, setting_importance


def trials(count: int = 12) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    loss = rng.uniform(1.0, 1.1, count)
    loss[5::4] = np.nan
    return pd.DataFrame(
        {
            "trial": range(count), "state": np.where(np.isnan(loss), "pruned", "complete"), "loss": loss,
            "best": pd.Series(loss).cummin().ffill(), "trees.max_depth": rng.integers(3, 12, count),
            "other.max_depth": rng.integers(3, 12, count), "rate": rng.uniform(0.01, 0.3, count),
        }
    )  # fmt: skip


def texts(figure: object) -> list[str]:
    return [t.get_text() for t in figure.legends[0].get_texts()]  # type: ignore[attr-defined]


def test_the_history_shows_trials_best_default_and_pruned() -> None:
    figure = search_history(trials(), "MAE")
    assert texts(figure) == ["scored on every fold", "best so far", "default", "pruned"]
    assert figure.png()[:4] == b"\x89PNG"


def test_one_far_loss_does_not_flatten_the_others() -> None:
    far = trials()
    far.loc[3, "loss"] = 1e6
    assert search_history(far, "MAE").axes[0].get_ylim()[1] < 2.0


def test_what_is_needed_stands_beside_each_trial_that_was_asked() -> None:
    found = pd.DataFrame(
        {"trial": [0, 7, 3], "better_by": [np.nan, 0.02, 0.01], "needed": [np.nan, 0.015, np.inf]}
    )
    figure = search_confirmed(found, "MAE")
    axes = figure.axes[0]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["trial 7", "trial 3"]
    assert texts(figure) == ["default", "better by", "has to exceed"]
    assert [line.get_xdata().tolist() for line in axes.lines[1:]] == [[0.02, 0.01], [0.015]]  # type: ignore[union-attr]
    none = search_confirmed(found.head(0), "MAE")
    assert [t.get_text() for t in none.axes[0].texts] == ["nothing was asked of later time yet"]


def test_importance_puts_the_largest_on_top_and_says_when_it_cannot() -> None:
    figure = setting_importance(pd.Series({"a.depth": 0.7, "a.rate": 0.3}))
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["rate", "depth"]
    few = setting_importance(pd.Series({"a": np.nan}))
    assert [t.get_text() for t in few.axes[0].texts] == ["too few scored trials to say"]


def test_parallel_names_settings_apart_and_draws_scored_trials() -> None:
    settings = ["trees.max_depth", "other.max_depth", "rate"]
    frame = trials()
    figure = parallel_trials(frame, settings, log=("rate",))
    labels = [t.get_text().replace("\n", "") for t in figure.axes[0].get_xticklabels()]
    assert labels == ["trees.max_depth", "other.max_depth", "rate"]
    assert texts(figure) == ["default", "best"]
    one = parallel_trials(frame.head(1), settings)
    assert one.png()[:4] == b"\x89PNG"


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ContractError, match="loss"):
        search_history(trials().drop(columns="loss"), "MAE")


def test_without_a_study_every_picture_is_still_one() -> None:
    none = trials(0)
    for figure in (
        search_history(none, "MAE"),
        search_confirmed(pd.DataFrame(columns=["trial", "better_by", "needed"]), "MAE"),
        setting_importance(pd.Series(dtype=float)),
        parallel_trials(none, []),
    ):
        assert figure.png()[:4] == b"\x89PNG"
