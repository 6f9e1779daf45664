"""Prices a lot (INR/quintal): its market's level, and trees on what its quality, seller and moment add, with bounds.

The level is the filter's, moved by the latest news of the market; trees learn log(price) - level. XGBoost and LightGBM
are fitted side by side, and a line with them; the validation part chooses between them and their means. Bounds are as
far from the price as XGBoost quantiles and the filter's own error say, conformalised on the later calibration part.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from mandi.core.config import build
from mandi.core.errors import ContractError, NotFitted
from mandi.core.frames import Columns, numbers, require
from mandi.core.memo import remembered
from mandi.models.base import Progress, Told
from mandi.models.conformal import margin, recency, uncrossed
from mandi.models.pricing.level_line import READ as LINE_READ
from mandi.models.pricing.level_line import LevelLine
from mandi.models.pricing.lot_matrix import READ, LotMatrix
from mandi.models.pricing.lot_ranks import CANDIDATES, OTHERS, Lesson, Member, grown
from mandi.models.pricing.lot_rows import LEARNT, LotRows, lots_in_blocks, weighed
from mandi.models.pricing.lot_trees import TreeParams, XGBoostTrees, device_for
from mandi.tables.blocks import joined, thinned

if TYPE_CHECKING:
    from pandas import DataFrame

    from mandi.tables.blocks import Data
    from mandi.tables.parts import Parts

Floats = np.ndarray[Any, np.dtype[np.float64]]
OUTPUTS = ("predicted_price", "lower_bound_90", "upper_bound_90", "lower_bound_95", "upper_bound_95")
BOUNDS = "quantiles"
BOUNDS_ROWS = 250_000  # of a frame in parts: more are thinned evenly for the quantiles, and for them alone


@dataclass(frozen=True)
class LotPricerParams:
    """Section ``models.price.lots``.

    Attributes
    ----------
    trees : TreeParams
    candidates : tuple of str
        Point models tried: xgboost and lightgbm (squared error), xgboost_l1 and lightgbm_l1 (absolute error), line
        (ridge). Validation takes the best one, or the mean of the best of different kinds.
    refit : bool
        Fit the chosen ones again on train and validation together, with the number of rounds validation chose.
    bulk_quantile : float
        Share of training lots that are not bulk orders.
    left_out : tuple of str
        Features that the trees do not read.
    calibration_half_life_days : float
        A calibration lot counts half as much when it is this much older.
    """

    trees: TreeParams = field(default_factory=TreeParams)
    candidates: tuple[str, ...] = ("xgboost", "lightgbm", "line")
    refit: bool = True
    bulk_quantile: float = 0.75
    left_out: tuple[str, ...] = ()
    calibration_half_life_days: float = 120.0

    def __post_init__(self) -> None:
        unknown = [name for name in self.candidates if name not in CANDIDATES]
        if unknown or not self.candidates:
            raise ContractError(f"candidates are {list(self.candidates)}", allowed=", ".join(CANDIDATES))


class LotPricer:
    """Trees over the market's level, and conformal bounds, for rows of kind "lot".

    Parameters
    ----------
    params : LotPricerParams
    """

    def __init__(self, params: LotPricerParams | None = None) -> None:
        self.params = params or LotPricerParams()
        self.line = LevelLine()
        self.matrix = LotMatrix()
        self.members: dict[str, Member] = {}
        self.quantiles: XGBoostTrees | None = None
        self.margins: dict[int, float] = {}
        self.record: dict[str, Any] = {}

    def fit(
        self, frame: DataFrame, reports: DataFrame | None = None, progress: Progress | None = None
    ) -> Self:
        """Fit on part "train", stop and choose on "validation", set the bounds on "calibration".

        Parameters
        ----------
        frame : DataFrame
            The columns of ``lot_matrix.READ``, asof, label (INR/quintal) and part. Rows without a level are left out
            and counted in :attr:`record`.
        reports : DataFrame, optional
            Market questions one day ahead with their answers, for the level's line; part "train" is used.
        progress : callable, optional
            Called after each fit with fits done, fits in all and a line of text.

        Raises
        ------
        ContractError
            A column is missing, or a part has no rows.
        """
        require(frame, ("label", "part", "asof"))
        self.line = _line(reports)
        usable = frame[np.isfinite(frame["level"]) & (frame["label"] > 0)]
        usable = usable.assign(level=self._level(usable))
        parts = {name: usable[usable["part"] == name] for name in LEARNT}
        empty = [name for name, rows in parts.items() if rows.empty]
        if empty:
            raise ContractError(
                f"no lots in {', '.join(empty)}", allowed="lots in train, validation and calibration"
            )
        self.matrix = LotMatrix.learn(parts["train"], self.params.left_out, self.params.bulk_quantile)
        data = {name: self._data(rows) for name, rows in parts.items()}
        return self._learn(data, parts, len(frame) - len(usable), progress)

    def fit_parts(
        self, parts: Parts, reports: DataFrame | None, room: Path, progress: Progress | None = None
    ) -> Self:
        """Fit as :meth:`fit` does on a frame in parts, of which one at a time is in memory.

        Parameters
        ----------
        parts : Parts
            Rows of kind "lot" are used.
        reports : DataFrame, optional
        room : Path
            An empty folder for the matrices: 340 bytes a row.
        progress : callable, optional

        Raises
        ------
        ContractError
            A column is missing, or a part has no lots.
        """
        self.line = _line(reports)
        scale = self.params.trees.target_scale
        self.matrix, blocks, rows = lots_in_blocks(
            LotRows(parts, self.line), room, self.params.left_out, self.params.bulk_quantile
        )
        data = {name: weighed(own, rows[name], scale) for name, own in blocks.items()}
        return self._learn(data, rows, 0, progress)

    def _learn(
        self, data: dict[str, Data], rows: dict[str, DataFrame], left_out: int, progress: Progress | None
    ) -> Self:
        told = Told(progress, len(self.params.candidates) + 2 + 3 * self.params.refit)
        device = device_for(self.params.trees.device)
        tried = {name: self._grow(name, data, device, told) for name in self.params.candidates}
        errors, chosen = self._choose(tried, data["validation"], rows["validation"])
        bounds = self._grow(BOUNDS, data, device, told)
        if self.params.refit:
            data = {**data, "train": joined(data["train"], data["validation"])}
            self.members = {name: self._grow(name, data, device, told, tried[name].rounds) for name in chosen}
            bounds = self._grow(BOUNDS, data, device, told, bounds.rounds)
        else:
            self.members = {name: tried[name] for name in chosen}
        assert isinstance(bounds, XGBoostTrees)
        self.quantiles = bounds
        self._calibrate(rows["calibration"], data["calibration"])
        told.finish("bounds calibrated")
        self.record = {
            "chosen": list(chosen), "validation_mae": errors, "device": device, "margins": {str(k): v for k, v in self.margins.items()},
            "rounds": {name: trees.rounds for name, trees in [*tried.items(), (BOUNDS, bounds)]},
            "rows": {name: len(own) for name, own in rows.items()}, "left_out": left_out,
        }  # fmt: skip
        return self

    def predict(self, frame: DataFrame) -> DataFrame:
        """Price every lot: ``OUTPUTS`` (INR/quintal, never below 0) on the index of ``frame``; NaN without a level.

        Raises
        ------
        NotFitted
            ``fit`` or ``load`` was not called.
        ContractError
            A column is missing.
        """
        import pandas as pd

        return pd.DataFrame(self.prices(frame), index=frame.index, columns=list(OUTPUTS))

    def prices(self, lots: DataFrame | Columns) -> Floats:
        """Return what :meth:`predict` does, as rows x ``OUTPUTS``."""
        self._check(lots)
        level = self._level(lots)
        matrix = self.matrix.build(lots, level)
        premium = self._premium(matrix)
        price = {"predicted_price": np.exp(level + premium)}
        half = {nominal: self.margins[nominal] * unit for nominal, unit in self._units(matrix, lots).items()}
        half[95] = np.maximum(half[95], half[90])
        for nominal, width in half.items():
            price[f"lower_bound_{nominal}"] = np.exp(level + premium - width)
            price[f"upper_bound_{nominal}"] = np.exp(level + premium + width)
        return np.column_stack([price[name] for name in OUTPUTS])

    def explain(self, frame: DataFrame) -> DataFrame:
        """Split every price into its market's level and what each feature adds: exact Shapley values, shares of the line.

        Returns
        -------
        DataFrame
            index, feature, effect (INR/quintal). ``market_level``, ``market_news`` and ``typical_lot`` are the base; a
            row's effects sum to its price.
        """
        import pandas as pd

        self._check(frame)
        level = self._level(frame)
        matrix = self.matrix.build(frame, level)
        names = ["market_level", "market_news", *self.matrix.names(), "typical_lot"]
        logs = np.mean([trees.contributions(matrix) for trees in self.members.values()], axis=0)
        logs /= self.params.trees.target_scale
        filtered, level, total = (
            np.exp(frame["level"].to_numpy(np.float64)),
            np.exp(level),
            logs.sum(axis=1),
        )
        # a log effect is worth its share of the rupees between the level and the price
        slope = level * np.where(
            np.abs(total) < 1e-12, 1.0, np.expm1(total) / np.where(total == 0.0, 1.0, total)
        )
        effects = np.column_stack([filtered, level - filtered, logs * slope[:, None]])
        return pd.DataFrame(
            {
                "index": np.repeat(frame.index.to_numpy(), len(names)),
                "feature": np.tile(np.array(names, dtype=object), len(frame)),
                "effect": effects.ravel(),
            }
        )

    def save(self, folder: Path) -> None:
        """Write lots.json and one file of its library's own format per booster into ``folder``."""
        self._fitted()
        state = {
            "params": asdict(self.params), "line": asdict(self.line), "matrix": asdict(self.matrix), "margins": self.margins,
            "record": self.record, "members": list(self.members),
        }  # fmt: skip
        (folder / "lots.json").write_text(json.dumps(state, indent=1, sort_keys=True), encoding="utf-8")
        for name, trees in [*self.members.items(), (BOUNDS, self.quantiles)]:
            if trees is not None:
                trees.save(folder / f"lots_{name}.{trees.suffix}")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote."""
        state = json.loads((folder / "lots.json").read_text(encoding="utf-8"))
        pricer = cls(build(LotPricerParams, state["params"], "lots"))
        pricer.line = build(LevelLine, state["line"], "line")
        pricer.matrix = build(LotMatrix, state["matrix"], "matrix")
        pricer.margins = {int(nominal): value for nominal, value in state["margins"].items()}
        pricer.record = state["record"]
        for name in state["members"]:
            kind = CANDIDATES[name][0]
            pricer.members[name] = kind.load(folder / f"lots_{name}.{kind.suffix}")
        pricer.quantiles = XGBoostTrees.load(folder / f"lots_{BOUNDS}.{XGBoostTrees.suffix}")
        return pricer

    def _data(self, rows: DataFrame) -> Data:
        return weighed(self.matrix.build(rows), rows, self.params.trees.target_scale)

    def _grow(
        self, name: str, data: dict[str, Data], device: str, told: Told, rounds: int | None = None
    ) -> Member:
        kind, objective = (XGBoostTrees, "reg:quantileerror") if name == BOUNDS else CANDIDATES[name]
        train, validation = data["train"], data["validation"] if rounds is None else None
        if name == BOUNDS:  # margins take what so many rows do not say
            train, validation = thinned(train, BOUNDS_ROWS), validation and thinned(validation, BOUNDS_ROWS)
        lesson = Lesson(self.params.trees, device, objective, self.matrix.names(), rounds)
        read = {s: v for s, v in vars(self.params.trees).items() if s not in OTHERS[kind]}
        trees = remembered(
            "lots", lambda: grown(kind, train, validation, lesson), name, objective, read, device, lesson.names, train,
            validation, rounds,
        )  # fmt: skip
        told(f"{name}: {trees.rounds} rounds")
        return trees

    def _choose(
        self, tried: dict[str, Member], data: tuple[Any, ...], rows: DataFrame
    ) -> tuple[dict[str, float], tuple[str, ...]]:
        label, level = rows["label"].to_numpy(np.float64), rows["level"].to_numpy(np.float64)
        premium = {
            name: trees.predict(data[0]) / self.params.trees.target_scale for name, trees in tried.items()
        }
        kinds = {CANDIDATES[name][0] for name in tried}
        families = [
            [None, *(name for name in tried if CANDIDATES[name][0] is kind)]
            for kind in sorted(kinds, key=str)
        ]
        sets = [tuple(name for name in names if name) for names in product(*families)]
        errors = {}
        for chosen in filter(None, sets):
            price = np.exp(level + np.mean([premium[name] for name in chosen], axis=0))
            errors["+".join(chosen)] = float(np.abs(label - price).mean())
        best = min(errors, key=lambda name: errors[name])
        return errors, tuple(best.split("+"))

    def _calibrate(self, rows: DataFrame, data: tuple[Any, ...]) -> None:
        truth = data[1] / self.params.trees.target_scale
        premium, units = self._premium(data[0]), self._units(data[0], rows)
        age = (rows["asof"].max() - rows["asof"]).dt.total_seconds().to_numpy() / 86400.0
        weight = recency(age, self.params.calibration_half_life_days)
        self.margins = {
            nominal: margin(truth, premium, premium, nominal / 100.0, scale=unit, weight=weight)
            for nominal, unit in units.items()
        }

    def _premium(self, matrix: Any) -> Floats:
        each = [trees.predict(matrix) for trees in self.members.values()]
        return np.asarray(np.mean(each, axis=0) / self.params.trees.target_scale, dtype=np.float64)

    def _units(self, matrix: Any, rows: DataFrame | Columns) -> dict[int, Floats]:
        # two opinions of how uncertain a lot is, as standard deviations: the quantiles know the lot, the filter the times
        assert self.quantiles is not None
        bounds = uncrossed(self.quantiles.predict(matrix)) / self.params.trees.target_scale
        scale = numbers(rows, ["scale"])["scale"]
        units = {}
        for nominal, (low, high, normal) in {90: (1, 2, 1.645), 95: (0, 3, 1.960)}.items():
            spread = np.maximum((bounds[:, high] - bounds[:, low]) / (2.0 * normal), 1e-6)
            units[nominal] = np.sqrt(spread * np.where(np.isfinite(scale) & (scale > 0), scale, spread))
        return units

    def _check(self, frame: DataFrame | Columns) -> None:
        self._fitted()
        require(frame, (*READ, *(LINE_READ if self.line.weights else ()), *self.line.details))

    def _level(self, frame: DataFrame | Columns) -> Floats:
        return np.asarray(numbers(frame, ["level"])["level"] + self.line.move(frame))

    def _fitted(self) -> None:
        if self.quantiles is None or not self.members:
            raise NotFitted("the lot pricer has seen no lots", next_command="call fit or load")


def _line(reports: DataFrame | None) -> LevelLine:
    return LevelLine() if reports is None else LevelLine.learn(reports[reports["part"] == "train"])
