"""Trees of lots grown by several workers together: each holds its share of the rows, all of them grow the same trees.

XGBoost and LightGBM talk to their own kind: histograms of all shares are added up for every split, as in ``xgboost.dask`` and
``lightgbm.dask``. Those two pin their work to the addresses of workers, which a replacement does not have, and ``lightgbm.dask`` does not stop
early; here the fit begins anew when everybody is back, with the same shares for the same ranks, so that the trees are the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from mandi.compute import current
from mandi.models.pricing.lot_line import LotLine
from mandi.models.pricing.lot_tracker import start_tracker
from mandi.models.pricing.lot_trees import LightGBMTrees, TreeParams, XGBoostTrees
from mandi.tables.blocks import shared

if TYPE_CHECKING:
    from mandi.compute.base import Rank
    from mandi.tables.blocks import Data

Member = XGBoostTrees | LightGBMTrees | LotLine
CANDIDATES: dict[str, tuple[type[Member], str]] = {
    "xgboost": (XGBoostTrees, "reg:squarederror"),
    "xgboost_l1": (XGBoostTrees, "reg:absoluteerror"),
    "lightgbm": (LightGBMTrees, "regression"),
    "lightgbm_l1": (LightGBMTrees, "regression_l1"),
    "line": (LotLine, "ridge"),
}
OTHERS: dict[type[Member], tuple[str, ...]] = {  # settings that a kind does not read
    XGBoostTrees: ("lightgbm", "line_penalty"),
    LightGBMTrees: ("xgboost", "quantiles", "line_penalty"),
    LotLine: ("xgboost", "lightgbm", "quantiles"),
}
HEARD_WITHIN = 2  # minutes that machines of LightGBM wait for one another


@dataclass(frozen=True)
class Lesson:
    """What is fitted, the same for every rank."""

    params: TreeParams
    device: str
    objective: str
    names: list[str]
    rounds: int | None


def grown(kind: type[Member], train: Data, validation: Data | None, lesson: Lesson) -> Member:
    """Fit a member here, or on all workers of the compute that is open.

    Parameters
    ----------
    kind : class
        A line is fitted here whatever is open: it takes seconds.
    train, validation : data
        Of several ranks each takes one row in so many.
    lesson : Lesson

    Raises
    ------
    ComputeFailed
        Workers died too often.
    """
    compute = current()
    if compute.ranks == 0 or kind is LotLine:
        return kind.fit(
            train, lesson.params, lesson.device, objective=lesson.objective, names=lesson.names, validation=validation,
            rounds=lesson.rounds,
        )  # fmt: skip
    size, boosted = compute.ranks, kind is XGBoostTrees
    shares = []
    for rank in range(size):
        # XGBoost adds the errors of all shares up; LightGBM judges at every rank alone, so all have to see the same rows
        later = validation if validation is None or not boosted else shared(validation, rank, size)
        shares.append((shared(train, rank, size), later))
    grow = partial(_xgboost if boosted else _lightgbm, lesson)
    content, rounds = compute.together(grow, shares, start_tracker if boosted else None)
    return (XGBoostTrees if boosted else LightGBMTrees).of(content, rounds)


def _xgboost(lesson: Lesson, rank: Rank, share: tuple[Data, Data | None]) -> tuple[bytes, int]:
    from xgboost import collective

    with collective.CommunicatorContext(**rank.meeting, dmlc_task_id=f"{rank.number:06d}"):
        trees = XGBoostTrees.fit(
            share[0], lesson.params, lesson.device, objective=lesson.objective, names=lesson.names,
            validation=share[1], rounds=lesson.rounds,
        )  # fmt: skip
    return trees.content(), trees.rounds


def _lightgbm(lesson: Lesson, rank: Rank, share: tuple[Data, Data | None]) -> tuple[bytes, int]:
    network: dict[str, Any] = {}
    if rank.size > 1:
        network = {
            "machines": ",".join(f"{host}:{port}" for host, port in rank.addresses), "num_machines": rank.size,
            "local_listen_port": rank.addresses[rank.number][1], "tree_learner": "data", "pre_partition": True,
            "time_out": HEARD_WITHIN,
        }  # fmt: skip
    trees = LightGBMTrees.fit(
        share[0], lesson.params, lesson.device, objective=lesson.objective, names=lesson.names, validation=share[1],
        rounds=lesson.rounds, network=network,
    )  # fmt: skip
    return trees.content(), trees.rounds
