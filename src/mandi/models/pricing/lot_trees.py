"""Fits the trees of the lot pricer with XGBoost and LightGBM: one matrix, one target, early stopping on a later part."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
        train: tuple[NDArray[np.float32], Floats, Floats],
        params: TreeParams,
        device: str,
        *,
        objective: str,
        names: list[str],
        validation: tuple[NDArray[np.float32], Floats, Floats] | None = None,
        rounds: int | None = None,
    ) -> XGBoostTrees:
        """Fit on matrix, target and weight; with a validation part growing stops early."""
        import xgboost

        quantiles = objective == "reg:quantileerror"
        chosen = params.quantiles if quantiles else params.xgboost
        settings = {k: v for k, v in vars(chosen).items() if k != "n_estimators"}
        settings |= {"objective": objective, "tree_method": "hist", "device": device, "seed": params.seed,
                     "nthread": params.threads, "verbosity": 0}  # fmt: skip
        if quantiles:
            settings["quantile_alpha"] = list(QUANTILES)
        data = xgboost.QuantileDMatrix(
            train[0], label=train[1], weight=train[2], feature_names=names, nthread=params.threads
        )
        watched: dict[str, Any] = {}
        if validation is not None:
            later = xgboost.QuantileDMatrix(
                validation[0],
                label=validation[1],
                weight=validation[2],
                feature_names=names,
                ref=data,
                nthread=params.threads,
            )
            watched = {
                "evals": [(later, "validation")],
                "early_stopping_rounds": params.early_stopping_rounds,
            }
        booster = xgboost.train(
            settings, data, num_boost_round=rounds or chosen.n_estimators, verbose_eval=False, **watched
        )
        kept = int(booster.best_iteration) + 1 if validation is not None else booster.num_boosted_rounds()
        booster = booster[:kept]
        booster.set_param({"device": "cpu", "nthread": 1})
        return cls(booster, kept)

    def predict(self, matrix: NDArray[np.float32]) -> Floats:
        """Return the target per row, or its quantiles in columns."""
        return np.asarray(self.booster.inplace_predict(matrix, validate_features=False), dtype=np.float64)

    def contributions(self, matrix: NDArray[np.float32]) -> Floats:
        """Return exact Shapley values per feature and, last, the base."""
        import xgboost

        data = xgboost.DMatrix(matrix, feature_names=self.booster.feature_names)
        return np.asarray(self.booster.predict(data, pred_contribs=True), dtype=np.float64)

    def save(self, path: Path) -> None:
        """Write XGBoost's own binary JSON."""
        self.booster.save_model(path)

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
        train: tuple[NDArray[np.float32], Floats, Floats],
        params: TreeParams,
        device: str,
        *,
        objective: str,
        names: list[str],
        validation: tuple[NDArray[np.float32], Floats, Floats] | None = None,
        rounds: int | None = None,
    ) -> LightGBMTrees:
        """Fit on matrix, target and weight; with a validation part growing stops early. ``device`` is not used."""
        import lightgbm

        settings = {k: v for k, v in vars(params.lightgbm).items() if k != "n_estimators"}
        settings |= {"objective": objective, "metric": "l1", "seed": params.seed, "num_threads": params.threads,
                     "deterministic": True, "force_row_wise": True, "bagging_freq": 1, "verbose": -1}  # fmt: skip
        quiet = {"verbose": -1}
        data = lightgbm.Dataset(train[0], train[1], weight=train[2], feature_name=names, params=quiet)
        watched: dict[str, Any] = {}
        if validation is not None:
            watched = {
                "valid_sets": [
                    data.create_valid(validation[0], validation[1], weight=validation[2], params=quiet)
                ],
                "callbacks": [lightgbm.early_stopping(params.early_stopping_rounds, verbose=False)],
            }
        booster = lightgbm.train(
            settings, data, num_boost_round=rounds or params.lightgbm.n_estimators, **watched
        )
        kept = booster.best_iteration if validation is not None else booster.num_trees()
        return cls(lightgbm.Booster(model_str=booster.model_to_string(num_iteration=kept)), kept)

    def predict(self, matrix: NDArray[np.float32]) -> Floats:
        """Return the target per row."""
        return np.asarray(self.booster.predict(matrix, num_threads=1), dtype=np.float64)

    def contributions(self, matrix: NDArray[np.float32]) -> Floats:
        """Return exact Shapley values per feature and, last, the base."""
        return np.asarray(self.booster.predict(matrix, pred_contrib=True, num_threads=1), dtype=np.float64)

    def save(self, path: Path) -> None:
        """Write LightGBM's own text."""
        self.booster.save_model(path)

    @classmethod
    def load(cls, path: Path) -> LightGBMTrees:
        """Read what ``save`` wrote."""
        import lightgbm

        booster = lightgbm.Booster(model_file=path)
        return cls(booster, booster.num_trees())


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
