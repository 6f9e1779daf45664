"""What past cases teach: boosted trees on deals whose label is known, as one more view beside the anomaly detector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from mandi.core.errors import ContractError, NotFitted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pandas import DataFrame, Series

Floats = np.ndarray[Any, np.dtype[np.float64]]
LEAST_CASES = 20


@dataclass(frozen=True)
class CaseParams:
    """Trees on known cases.

    Attributes
    ----------
    join : str
        ``auto``: fused with the detector if validation says so by ``margin``; ``never``.
    margin : float
        By how much the area under the precision-recall curve must be larger.
    weight : float
        Of the trees' log odds in the suspicion; log(1 + surprise) of the detector has the rest.
    rounds, leaves, least_rows : int
        Trees, leaves of a tree, deals in a leaf.
    learning_rate, columns, rows : float
        Step, and shares of columns and rows each tree sees.
    seed : int
    """

    join: str = "auto"
    margin: float = 0.01
    weight: float = 0.5
    rounds: int = 80
    leaves: int = 8
    least_rows: int = 10
    learning_rate: float = 0.05
    columns: float = 0.4
    rows: float = 0.8
    seed: int = 20240611

    def __post_init__(self) -> None:
        if self.join not in ("auto", "never"):
            raise ContractError(f'cases.join is "{self.join}"', allowed="auto, never")
        if not 0.0 < self.weight < 1.0:
            raise ContractError(f"cases.weight is {self.weight}", allowed="between 0 and 1")


def told_then(frame: DataFrame) -> Series:
    """Return what was taken to be fraud when a model could be fitted: ``label_then``, or ``label`` where that is absent."""
    return frame["label_then" if "label_then" in frame else "label"]


class Cases:
    """Trees that tell known fraud from known honesty.

    Parameters
    ----------
    params : CaseParams, optional

    Examples
    --------
    >>> draw = np.random.default_rng(0)
    >>> rows = draw.normal(size=(600, 2))
    >>> cases = Cases().fit(rows, (rows[:, 0] > 1.3).astype(float), ["gap", "days"])
    >>> bool(np.diff(cases.margin(np.array([[0.0, 0.0], [2.0, 0.0]])))[0] > 0)
    True
    """

    def __init__(self, params: CaseParams | None = None) -> None:
        self.params = params or CaseParams()
        self._booster: Any = None

    def fit(self, rows: Floats, label: Floats, names: Sequence[str]) -> Self:
        """Learn from deals of shape (n, n_columns), NaN where missing, labelled 0 or 1."""
        import lightgbm

        p = self.params
        settings = {
            "objective": "binary", "num_leaves": p.leaves, "learning_rate": p.learning_rate, "min_data_in_leaf": p.least_rows,
            "feature_fraction": p.columns, "bagging_fraction": p.rows, "bagging_freq": 1, "seed": p.seed, "num_threads": 1,
            "deterministic": True, "force_row_wise": True, "verbosity": -1,
        }  # fmt: skip
        data = lightgbm.Dataset(rows, label, feature_name=list(names), params={"verbosity": -1})
        trained = lightgbm.train(settings, data, p.rounds)
        # what is saved is what answers
        self._booster = lightgbm.Booster(model_str=trained.model_to_string())
        return self

    def margin(self, rows: Floats) -> Floats:
        """Return the log odds of fraud, of shape (n,)."""
        return self._predicted(rows, raw_score=True)

    def contributions(self, rows: Floats) -> Floats:
        """Return how much each column speaks for fraud, of shape (n, n_columns), log odds: Shapley values, 0 if against."""
        return np.maximum(self._predicted(rows, pred_contrib=True)[:, :-1], 0.0)

    def save(self, folder: Path) -> None:
        """Write cases.txt (LightGBM text) into an existing folder."""
        self._fitted()
        (folder / "cases.txt").write_text(self._booster.model_to_string(), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, params: CaseParams) -> Self:
        """Read what ``save`` wrote."""
        import lightgbm

        cases = cls(params)
        cases._booster = lightgbm.Booster(model_str=(folder / "cases.txt").read_text(encoding="utf-8"))
        return cases

    def _predicted(self, rows: Floats, **how: bool) -> Floats:
        self._fitted()
        if not len(rows):
            return np.empty((0, rows.shape[1] + 1) if "pred_contrib" in how else 0)
        return np.asarray(self._booster.predict(rows, num_threads=1, **how), dtype=np.float64)

    def _fitted(self) -> None:
        if self._booster is None:
            raise NotFitted("the trees have seen no data", next_command="call fit or load")
