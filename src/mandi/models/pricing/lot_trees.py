"""Fits the trees of the lot pricer with XGBoost and LightGBM: one matrix, one target, early stopping on a later part."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mandi.tables.blocks import Blocks, over

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mandi.tables.blocks import Data, Matrix

Floats = np.ndarray[Any, np.dtype[np.float64]]
QUANTILES = (0.025, 0.05, 0.95, 0.975)


@dataclass(frozen=True)
class XGBoostParams:
    """XGBoost's own settings, by its own names; the defaults are those of the requirements."""

    max_depth: int = 8
    learning_rate: float = 0.05
    n_estimators: int = 500
    min_child_weight: float = 3.0
    subsample: float = 0.8
    colsample_bytree: float = 0.8
    gamma: float = 0.1
    reg_alpha: float = 0.1
    reg_lambda: float = 1.0


@dataclass(frozen=True)
class LightGBMParams:
    """LightGBM's own settings, by its own names."""

    num_leaves: int = 15
    learning_rate: float = 0.04
    n_estimators: int = 800
    min_data_in_leaf: int = 40
    feature_fraction: float = 0.5
    bagging_fraction: float = 0.8
    lambda_l2: float = 3.0


@dataclass(frozen=True)
class QuantileParams:
    """XGBoost settings of the quantile model; one tree per quantile and round."""

    max_depth: int = 3
    learning_rate: float = 0.08
    n_estimators: int = 300
    min_child_weight: float = 10.0
    subsample: float = 0.8
    colsample_bytree: float = 0.7
    reg_lambda: float = 1.0


@dataclass(frozen=True)
class TreeParams:
    """All trees.

    Attributes
    ----------
    early_stopping_rounds : int
        Rounds without gain on the validation part after which growing stops.
    line_penalty : float
        Ridge penalty of the line, on scaled regressors.
    target_scale : float
        Log premiums are multiplied by this, so that penalties made for rupees (gamma) have a size to work on.
    device : "auto", "cpu" or "cuda"
        ``auto`` takes a GPU when the driver finds one; what was taken is in the model's record.
    threads : int
        The same number gives the same trees.
    """

    xgboost: XGBoostParams = field(default_factory=XGBoostParams)
    lightgbm: LightGBMParams = field(default_factory=LightGBMParams)
    quantiles: QuantileParams = field(default_factory=QuantileParams)
    early_stopping_rounds: int = 50
    line_penalty: float = 20.0
    target_scale: float = 100.0
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: int = 1
    seed: int = 42


class XGBoostTrees:
    """A fitted XGBoost booster behind ``predict``, ``contributions`` and its file."""

    suffix = "ubj"

    def __init__(self, booster: Any, rounds: int) -> None:
        self.booster = booster
        self.rounds = rounds

    @classmethod
    def fit(
        cls,
        train: Data,
        params: TreeParams,
        device: str,
        *,
        objective: str,
        names: list[str],
        validation: Data | None = None,
        rounds: int | None = None,
    ) -> XGBoostTrees:
        """Fit on matrix or blocks, target and weight; with a validation part growing stops early.

        Inside a communicator of XGBoost the trees are grown by all its ranks, each from its own share.
        """
        import xgboost

        quantiles = objective == "reg:quantileerror"
        chosen = params.quantiles if quantiles else params.xgboost
        settings = {k: v for k, v in vars(chosen).items() if k != "n_estimators"}
        settings |= {"objective": objective, "tree_method": "hist", "device": device, "seed": params.seed,
                     "nthread": params.threads, "verbosity": 0}  # fmt: skip
        if quantiles:
            settings["quantile_alpha"] = list(QUANTILES)
        data = _quantile_matrix(train, names, params.threads)
        watched: dict[str, Any] = {}
        if validation is not None:
            later = _quantile_matrix(validation, names, params.threads, ref=data)
            watched = {
                "evals": [(later, "validation")],
                "early_stopping_rounds": params.early_stopping_rounds,
            }
        booster = xgboost.train(
            settings, data, num_boost_round=rounds or chosen.n_estimators, verbose_eval=False, **watched
        )
        kept = int(booster.best_iteration) + 1 if validation is not None else booster.num_boosted_rounds()
        booster = booster[:kept]
        if isinstance(train[0], Blocks):
            from mandi.models.pricing.lot_readers import missing_as_lowest

            booster = missing_as_lowest(booster)
        booster.set_param({"device": "cpu", "nthread": 1})
        return cls(booster, kept)

    def predict(self, matrix: Any) -> Floats:
        """Return the target per row of a matrix or of blocks, or its quantiles in columns."""
        told = over(matrix, lambda rows: self.booster.inplace_predict(rows, validate_features=False))
        return np.asarray(told, dtype=np.float64)

    def contributions(self, matrix: Matrix) -> Floats:
        """Return exact Shapley values per feature and, last, the base."""
        import xgboost

        data = xgboost.DMatrix(matrix, feature_names=self.booster.feature_names)
        return np.asarray(self.booster.predict(data, pred_contribs=True), dtype=np.float64)

    def content(self) -> bytes:
        """Return what :meth:`of` reads."""
        return bytes(self.booster.save_raw("ubj"))

    @classmethod
    def of(cls, content: bytes, rounds: int) -> XGBoostTrees:
        """Return trees that were grown elsewhere."""
        import xgboost

        return cls(xgboost.Booster(params={"nthread": 1}, model_file=bytearray(content)), rounds)

    def save(self, path: Path) -> None:
        """Write XGBoost's own binary JSON."""
        path.write_bytes(
            self.content()
        )  # XGBoost's own writer takes no note of a disk that is full at the last block

    @classmethod
    def load(cls, path: Path) -> XGBoostTrees:
        """Read what ``save`` wrote."""
        import xgboost

        booster = xgboost.Booster(params={"nthread": 1}, model_file=path)
        return cls(booster, booster.num_boosted_rounds())


class LightGBMTrees:
    """A fitted LightGBM booster behind ``predict``, ``contributions`` and its file."""

    suffix = "txt"

    def __init__(self, booster: Any, rounds: int) -> None:
        self.booster = booster
        self.rounds = rounds

    @classmethod
    def fit(
        cls,
        train: Data,
        params: TreeParams,
        device: str,
        *,
        objective: str,
        names: list[str],
        validation: Data | None = None,
        rounds: int | None = None,
        network: Mapping[str, Any] | None = None,
    ) -> LightGBMTrees:
        """Fit on matrix or blocks, target and weight; with a validation part growing stops early.

        ``device`` is not used. With a ``network`` (LightGBM's own settings) the trees are grown by all its machines, each
        from its own share; the validation part has to be the same for all, since each judges it alone.
        """
        import lightgbm

        settings = {k: v for k, v in vars(params.lightgbm).items() if k != "n_estimators"}
        settings |= {"objective": objective, "metric": "l1", "seed": params.seed, "num_threads": params.threads,
                     "deterministic": True, "force_row_wise": True, "bagging_freq": 1, "verbose": -1, **(network or {})}  # fmt: skip
        quiet = {"verbose": -1}
        data = lightgbm.Dataset(_rows(train[0]), train[1], weight=train[2], feature_name=names, params=quiet)
        watched: dict[str, Any] = {}
        if validation is not None:
            watched = {
                "valid_sets": [
                    data.create_valid(_rows(validation[0]), validation[1], weight=validation[2], params=quiet)
                ],
                "callbacks": [lightgbm.early_stopping(params.early_stopping_rounds, verbose=False)],
            }
        booster = lightgbm.train(
            settings, data, num_boost_round=rounds or params.lightgbm.n_estimators, **watched
        )
        kept = booster.best_iteration if validation is not None else booster.num_trees()
        if network:
            booster.free_network()
        return cls(lightgbm.Booster(model_str=booster.model_to_string(num_iteration=kept)), kept)

    def predict(self, matrix: Any) -> Floats:
        """Return the target per row of a matrix or of blocks."""
        return over(
            matrix, lambda rows: np.asarray(self.booster.predict(rows, num_threads=1), dtype=np.float64)
        )

    def contributions(self, matrix: Matrix) -> Floats:
        """Return exact Shapley values per feature and, last, the base."""
        return np.asarray(self.booster.predict(matrix, pred_contrib=True, num_threads=1), dtype=np.float64)

    def content(self) -> bytes:
        """Return what :meth:`of` reads."""
        return str(self.booster.model_to_string()).encode()

    @classmethod
    def of(cls, content: bytes, rounds: int) -> LightGBMTrees:
        """Return trees that were grown elsewhere."""
        import lightgbm

        return cls(lightgbm.Booster(model_str=content.decode()), rounds)

    def save(self, path: Path) -> None:
        """Write LightGBM's own text."""
        path.write_bytes(self.content())  # LightGBM's own writer does not say that a disk is full

    @classmethod
    def load(cls, path: Path) -> LightGBMTrees:
        """Read what ``save`` wrote."""
        import lightgbm

        booster = lightgbm.Booster(model_file=path)
        return cls(booster, booster.num_trees())


def _quantile_matrix(data: Data, names: list[str], threads: int, ref: Any = None) -> Any:
    import xgboost

    if not isinstance(data[0], Blocks):
        return xgboost.QuantileDMatrix(
            data[0], label=data[1], weight=data[2], feature_names=names, ref=ref, nthread=threads
        )
    from mandi.models.pricing.lot_readers import block_iterator

    return xgboost.QuantileDMatrix(block_iterator(data, names), ref=ref, nthread=threads)


def _rows(matrix: Any) -> Any:
    if not isinstance(matrix, Blocks):
        return matrix
    from mandi.models.pricing.lot_readers import block_sequences

    return block_sequences(matrix)


def device_for(wanted: str) -> str:
    """Return the device that ``auto`` means on this machine.

    Examples
    --------
    >>> device_for("cpu")
    'cpu'
    """
    if wanted != "auto":
        return wanted
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return "cpu"
    count = ctypes.c_int(0)
    found = driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value > 0
    return "cuda" if found else "cpu"
