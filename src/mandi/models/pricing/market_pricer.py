"""Prices a market (INR/quintal) today and up to 60 days ahead: the filter's level, and trees on what it leaves.

Trees correct the log level only where that held: today, at 1 day, and at half weight at most at 7 days; beyond, the
filter stands alone. They are fitted on the part relative to the national level, so no move of the nation is forecast.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from mandi.core.errors import ContractError, NotFitted

if TYPE_CHECKING:
    from lightgbm import Booster
    from pandas import DataFrame, Series

Floats = NDArray[np.float64]
OWN = "innovation_1"
NEEDED = ("step", "level", "scale", "half90", "half95", "last_log", "last_age", "national_log", "state_log",
          "national_move", "state_move", "neighbour_move", "target_day", OWN)  # fmt: skip
LEARNT = ("label", "part", "national_ahead")
OUTPUTS = ("predicted_price", "lower_bound_90", "upper_bound_90", "lower_bound_95", "upper_bound_95")
LEVELS = {90: 0.90, 95: 0.95}


@dataclass(frozen=True)
class MarketParams:
    """Settings of the correction by trees.

    Attributes
    ----------
    caps : mapping of step to float
        Largest weight of the trees; a step not named has none.
    learning_rate, leaves, rounds, least_rows, feature_share, row_share, l2 :
        LightGBM's learning_rate, num_leaves, num_iterations, min_data_in_leaf, feature_fraction, bagging_fraction
        and lambda_l2.
    stop_after : int
        Rounds without gain on the validation part after which growing stops.
    rows : int
        Most rows a step is fitted on; more are thinned evenly by seed.
    clip : float
        Residuals are clipped at this many scales.
    seed : int
    """

    caps: dict[str, float] = field(default_factory=lambda: {"0": 1.0, "1": 1.0, "7": 0.5})
    learning_rate: float = 0.05
    leaves: int = 31
    rounds: int = 400
    least_rows: int = 200
    feature_share: float = 0.6
    row_share: float = 0.7
    l2: float = 5.0
    stop_after: int = 40
    rows: int = 120_000
    clip: float = 4.0
    seed: int = 20240611


class MarketPricer:
    """Filter level, boosted correction and conformal widths for rows of kind "market".

    Parameters
    ----------
    params : MarketParams
    """

    def __init__(self, params: MarketParams | None = None) -> None:
        self.params = params or MarketParams()
        self.columns: list[str] = []
        self.trees: dict[int, Booster] = {}
        self.weights: dict[int, float] = {}
        self.factors: dict[int, dict[int, float]] = {}
        self.fitted = False

    def fit(self, frame: DataFrame) -> Self:
        """Fit trees on part "train", their weight on "validation" and the widths' factor on "calibration".

        Parameters
        ----------
        frame : DataFrame
            step (days), level, scale, half90, half95, last_log, national_log, state_log and the moves (log
            of INR/quintal), last_age (days), target_day, ``b_*``, label (INR/quintal), part, and national_ahead (log
            move of the nation from asof to the label).

        Raises
        ------
        ContractError
            A column is missing.
        """
        _require(frame, (*NEEDED, *LEARNT))
        self.columns = sorted(name for name in frame.columns if name.startswith("b_"))
        self.trees, self.weights, self.factors = {}, {}, {}
        frame = frame[
            np.isfinite(frame["label"]) & np.isfinite(frame["level"]) & np.isfinite(frame["half95"])
        ]
        for name, cap in sorted(self.params.caps.items(), key=lambda item: int(item[0])):
            step = int(name)
            rows = frame[frame["step"] == step]
            parts = {part: rows[rows["part"] == part] for part in ("train", "validation", "calibration")}
            if cap <= 0.0 or min(len(parts["train"]), len(parts["validation"])) < 2 * self.params.least_rows:
                continue
            self.trees[step] = self._grow(parts["train"], parts["validation"], step)
            self.weights[step] = self._weigh(parts["validation"], step, cap)
            self.factors[step] = self._narrow(parts["calibration"], step)
        self.fitted = True
        return self

    def predict(self, frame: DataFrame) -> DataFrame:
        """Price every row.

        Returns
        -------
        DataFrame
            predicted_price and bounds of 90 and 95 % (INR/quintal, never below 0) on the index of ``frame``; NaN
            where the market has no level.

        Raises
        ------
        NotFitted
            ``fit`` or ``load`` was not called.
        ContractError
            A column is missing.
        """
        import pandas as pd

        self._ready(frame)
        centre = frame["level"].to_numpy(np.float64) + self._correction(frame)
        priced = {"predicted_price": np.exp(centre)}
        step = frame["step"].to_numpy(np.float64)
        for level in LEVELS:
            factor = np.ones(len(frame))
            for known, factors in self.factors.items():
                factor[step == known] = factors[level]
            half = frame[f"half{level}"].to_numpy(np.float64) * factor
            priced[f"lower_bound_{level}"] = np.exp(centre - half)
            priced[f"upper_bound_{level}"] = np.exp(centre + half)
        return pd.DataFrame(priced, index=frame.index)[list(OUTPUTS)]

    def explain(self, frame: DataFrame) -> DataFrame:
        """Split every price into the filter's components and the trees' contributions.

        Returns
        -------
        DataFrame
            index, feature, effect (INR/quintal). national_level is the base; state_lead, market_lead and ``trees.*`` are shares of the rest by their log effects, so that a row's effects sum to its price.
        """
        import pandas as pd

        self._ready(frame)
        national = frame["national_log"].to_numpy(np.float64)
        state = frame["state_log"].to_numpy(np.float64)
        logs = {"state_lead": state - national, "market_lead": frame["level"].to_numpy(np.float64) - state}
        for name, effect in self._contributions(frame).items():
            logs[name] = effect
        total = np.sum(list(logs.values()), axis=0)
        base = np.exp(national)
        rupees = base * np.where(
            np.abs(total) < 1e-12, 1.0, np.expm1(total) / np.where(total == 0.0, 1.0, total)
        )
        effects = {"national_level": base} | {name: log * rupees for name, log in logs.items()}
        long = [pd.DataFrame({"index": frame.index, "feature": name, "effect": values})
                for name, values in effects.items()]  # fmt: skip
        order = np.tile(np.arange(len(frame)), len(long))
        found = pd.concat(long, ignore_index=True).iloc[np.argsort(order, kind="stable")]
        return found[(found["effect"] != 0.0) | found["feature"].isin(["national_level"])].reset_index(
            drop=True
        )

    def save(self, folder: Path) -> None:
        """Write market.json and one LightGBM text file per step into ``folder``."""
        state = {"params": asdict(self.params), "columns": self.columns, "weights": self.weights,
                 "factors": self.factors}  # fmt: skip
        (folder / "market.json").write_text(json.dumps(state, indent=1, sort_keys=True), encoding="utf-8")
        for step, trees in self.trees.items():
            (folder / f"market_{step}.txt").write_text(trees.model_to_string(), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote."""
        import lightgbm

        state = json.loads((folder / "market.json").read_text(encoding="utf-8"))
        pricer = cls(MarketParams(**state["params"]))
        pricer.columns = state["columns"]
        pricer.weights = {int(step): weight for step, weight in state["weights"].items()}
        pricer.factors = {
            int(step): {int(level): value for level, value in factors.items()}
            for step, factors in state["factors"].items()
        }
        for step in pricer.weights:
            text = (folder / f"market_{step}.txt").read_text(encoding="utf-8")
            pricer.trees[step] = lightgbm.Booster(model_str=text)
        pricer.fitted = True
        return pricer

    def _ready(self, frame: DataFrame) -> None:
        if not self.fitted:
            raise NotFitted("the market pricer has seen no data", next_command="call fit or load")
        _require(frame, (*NEEDED, *self.columns))

    def _grow(self, train: DataFrame, validation: DataFrame, step: int) -> Booster:
        import lightgbm

        if len(train) > self.params.rows:
            chosen = np.random.default_rng(self.params.seed).choice(
                len(train), self.params.rows, replace=False
            )
            train = train.iloc[np.sort(chosen)]
        sets = [
            lightgbm.Dataset(self._matrix(rows, step), self._residual(rows), weight=rows["scale"].to_numpy(),
                             params={"verbose": -1})
            for rows in (train, validation)
        ]  # fmt: skip
        p = self.params
        return lightgbm.train(
            {
                "objective": "regression_l1", "learning_rate": p.learning_rate, "num_leaves": p.leaves,
                "min_data_in_leaf": p.least_rows, "feature_fraction": p.feature_share,
                "bagging_fraction": p.row_share, "bagging_freq": 1, "lambda_l2": p.l2, "seed": p.seed,
                "deterministic": True, "force_row_wise": True, "num_threads": 1, "verbose": -1,
            },
            sets[0],
            num_boost_round=p.rounds,
            valid_sets=[sets[1]],
            callbacks=[lightgbm.early_stopping(p.stop_after, verbose=False)],
        )  # fmt: skip

    def _residual(self, rows: DataFrame) -> Floats:
        left = np.log(rows["label"]) - rows["level"] - rows["national_ahead"]
        return np.clip(left / rows["scale"], -self.params.clip, self.params.clip).to_numpy(np.float64)

    def _weigh(self, rows: DataFrame, step: int, cap: float) -> float:
        moved = self._trees(rows, step)
        grid = np.linspace(0.0, cap, 11)
        label, level = rows["label"].to_numpy(np.float64), rows["level"].to_numpy(np.float64)
        errors = [np.abs(label - np.exp(level + weight * moved)).mean() for weight in grid]
        return float(grid[int(np.argmin(errors))])

    def _narrow(self, rows: DataFrame, step: int) -> dict[int, float]:
        if len(rows) < self.params.least_rows:
            return dict.fromkeys(LEVELS, 1.0)
        left = np.log(rows["label"].to_numpy(np.float64)) - rows["level"].to_numpy(np.float64)
        corrected = left - self.weights[step] * self._trees(rows, step)
        factors = {}
        for level, share in LEVELS.items():
            half = rows[f"half{level}"].to_numpy(np.float64)
            before, after = (np.quantile(np.abs(error) / half, share) for error in (left, corrected))
            factors[level] = float(np.clip(after / before, 0.7, 1.2))
        return factors

    def _trees(self, rows: DataFrame, step: int) -> Floats:
        moved = np.asarray(
            self.trees[step].predict(self._matrix(rows, step), num_threads=1), dtype=np.float64
        )
        return moved * rows["scale"].to_numpy(np.float64)

    def _correction(self, frame: DataFrame) -> Floats:
        moved = np.zeros(len(frame))
        step = frame["step"].to_numpy(np.float64)
        for known, weight in self.weights.items():
            here = step == known
            if weight and here.any():
                moved[here] = weight * self._trees(frame[here], known)
        return np.where(np.isfinite(frame["scale"]), moved, 0.0)

    def _contributions(self, frame: DataFrame) -> dict[str, Floats]:
        effects: dict[str, Floats] = {}
        step = frame["step"].to_numpy(np.float64)
        for known, weight in self.weights.items():
            here = (step == known) & np.isfinite(frame["scale"].to_numpy(np.float64))
            if not weight or not here.any():
                continue
            rows = frame[here]
            matrix = self._matrix(rows, known)
            parts = np.asarray(self.trees[known].predict(matrix, pred_contrib=True, num_threads=1))
            for name, part in zip([*matrix.columns, "base"], parts.T):
                effects.setdefault(f"trees.{name}", np.zeros(len(frame)))[here] = (
                    weight * part * rows["scale"].to_numpy()
                )
        return effects

    def _matrix(self, rows: DataFrame, step: int) -> DataFrame:
        import pandas as pd

        scale = rows["scale"]
        expected = rows["national_move"] + rows["state_move"]
        features: dict[str, Any] = {
            "last_gap": (rows["last_log"] - rows["level"]) / scale,
            "last_age": rows["last_age"],
            "scale": np.log(scale),
            "national_move": rows["national_move"] / scale,
            "state_move": rows["state_move"] / scale,
            "neighbour_gap": (rows["neighbour_move"] - expected) / scale,
            "weekday": _weekday(rows["target_day"]),
        }
        for name in self.columns:
            if step or not name.startswith("b_own_"):  # a nowcast is made before the own report of the day
                features[name] = rows[name]
        if step:
            features[OWN] = rows[OWN]
            features["own_gap"] = (rows[OWN] - expected) / scale * (rows["last_age"] == 0)
        return pd.DataFrame(features, index=rows.index).astype(np.float64)


def _weekday(day: Series) -> Floats:
    return day.dt.dayofweek.to_numpy(np.float64)


def _require(frame: DataFrame, names: tuple[str, ...]) -> None:
    missing = [name for name in names if name not in frame]
    if missing:
        raise ContractError(f"the frame lacks {', '.join(missing)}", allowed=", ".join(names))
