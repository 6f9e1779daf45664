"""Which settings of a model are searched, between which values: one line per setting, by its name below ``models.<model>``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from mandi.core.errors import ConfigError, UnknownValue, nearest
from mandi.models import new_model
from mandi.report.parameters import with_settings

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

Value = int | float


@dataclass(frozen=True)
class Setting:
    """One setting and its range.

    Attributes
    ----------
    path : str
        Below ``models.<model>`` in params.yaml, dotted.
    kind : "int" or "float"
    low, high : float
        Both may be taken.
    log : bool
        Drawn evenly over orders of magnitude.
    default : int or float, optional
        Where params.yaml and the model's own parameters name none.

    Examples
    --------
    >>> Setting("trees.max_depth", "int", 3, 12).around(15).high
    15
    """

    path: str
    kind: Literal["int", "float"]
    low: Value
    high: Value
    log: bool = False
    default: Value | None = None

    def around(self, value: Value) -> Setting:
        """Return the setting with a range wide enough to hold a value, which becomes its default."""
        return replace(self, low=min(self.low, value), high=max(self.high, value), default=value)

    def distribution(self) -> BaseDistribution:
        """Return the range as Optuna takes it."""
        from optuna.distributions import FloatDistribution, IntDistribution

        if self.kind == "int":
            return IntDistribution(int(self.low), int(self.high), log=self.log)
        return FloatDistribution(float(self.low), float(self.high), log=self.log)


def _int(path: str, low: int, high: int, *, log: bool = False, default: int | None = None) -> Setting:
    return Setting(path, "int", low, high, log, default)


def _real(path: str, low: float, high: float, *, log: bool = False, default: float | None = None) -> Setting:
    return Setting(path, "float", low, high, log, default)


_XGBOOST, _LIGHTGBM, _RANKER = "lots.trees.xgboost", "jury.settings.lightgbm", "scorers.ranker"
SPACES: dict[str, tuple[Setting, ...]] = {
    "price": (  # the space of the requirement; n_estimators is the most that early stopping may grow
        _int(f"{_XGBOOST}.max_depth", 3, 12),
        _real(f"{_XGBOOST}.learning_rate", 0.01, 0.3, log=True),
        _int(f"{_XGBOOST}.n_estimators", 100, 1000),
        _real(f"{_XGBOOST}.min_child_weight", 1.0, 10.0),
        _real(f"{_XGBOOST}.subsample", 0.6, 1.0),
        _real(f"{_XGBOOST}.colsample_bytree", 0.6, 1.0),
        _real(f"{_XGBOOST}.gamma", 0.0, 1.0),
        _real(f"{_XGBOOST}.reg_alpha", 0.0, 1.0),
        _real(f"{_XGBOOST}.reg_lambda", 0.0, 2.0),
    ),
    "demand": (
        _real("prophet.changepoint_prior_scale", 0.005, 0.5, log=True),
        _real("prophet.seasonality_prior_scale", 0.1, 30.0, log=True),
        _int("trees.n_estimators", 50, 400),
        _real("trees.learning_rate", 0.02, 0.3, log=True),
        _int("trees.num_leaves", 7, 63, log=True),
        _int("trees.min_data_in_leaf", 20, 200, log=True),
        _real("blend.power", 0.5, 6.0),
        _real("blend.shrink", 0.0, 1.0),
    ),
    "quality": (
        _real("jury.settings.standard-line.C", 0.5, 100.0, log=True, default=10.0),
        _int(f"{_LIGHTGBM}.n_estimators", 60, 300, default=120),
        _int(f"{_LIGHTGBM}.num_leaves", 4, 63, log=True, default=15),
        _real(f"{_LIGHTGBM}.learning_rate", 0.02, 0.2, log=True, default=0.07),
        _int(f"{_LIGHTGBM}.min_data_in_leaf", 5, 80, log=True, default=20),
        _real(f"{_LIGHTGBM}.feature_fraction", 0.3, 1.0, default=0.6),
        _int("jury.settings.random-forest.max_depth", 6, 25, default=15),
        _real("jury.stack_strength", 0.001, 0.3, log=True),
    ),
    "fraud": (
        _int("detector.k", 3, 15),
        _real("detector.trim", 0.0, 0.04),
        _real("hidden_share", 0.0, 0.6),
        _real("cases.weight", 0.1, 0.9),
        _int("cases.rounds", 30, 250, log=True),
        _int("cases.leaves", 4, 31, log=True),
        _int("cases.least_rows", 3, 40, log=True),
        _real("cases.learning_rate", 0.01, 0.2, log=True),
        _real("cases.columns", 0.2, 1.0),
    ),
    "matching": (
        _int("scorers.choice.tastes", 0, 8),
        _real("scorers.choice.line_penalty", 0.01, 3.0, log=True),
        _real("scorers.choice.seller_penalty", 0.1, 30.0, log=True),
        _real("scorers.choice.taste_penalty", 0.3, 30.0, log=True),
        _real(f"{_RANKER}.line_weight", 0.0, 1.0),
        _int(f"{_RANKER}.trees.n_estimators", 50, 400),
        _int(f"{_RANKER}.trees.num_leaves", 7, 31, log=True),
        _real(f"{_RANKER}.trees.learning_rate", 0.02, 0.2, log=True),
    ),
}
UNTOUCHED: dict[
    str, dict[str, Any]
] = {  # of a trial: what costs time or data and decides nothing that is measured
    "price": {"market.caps": {}, "lots.trees.quantiles.n_estimators": 1},  # bounds move no price
    "demand": {"place": ["drift"]},  # the country is weighed alone
    "quality": {"watch.trees": 1, "watch.most_rows": 1},  # what is unusual moves no grade
    "fraud": {
        "flags.false_alarms": 0.05
    },  # a small past cannot hold the real budget; the order of deals stays
    "matching": {"shown": []},
}


def check_model(model: str, params: Mapping[str, Any]) -> None:
    """Refuse a model that has no section in params.yaml or no space here.

    Raises
    ------
    UnknownValue
        The models that can be searched are named.

    Examples
    --------
    >>> check_model("prise", {"models": {"price": {}}})
    Traceback (most recent call last):
    mandi.core.errors.UnknownValue: no model "prise" to search (did you mean "price"?)
      allowed: price
      next: mandi search price
    """
    known = [name for name in SPACES if name in (params.get("models") or {})]
    if model not in known:
        raise UnknownValue(
            f'no model "{model}" to search{nearest(model, known)}',
            allowed=", ".join(known),
            next_command=f"mandi search {known[0]}" if known else None,
        )


def space_of(model: str, params: Mapping[str, Any]) -> tuple[Setting, ...]:
    """Return the settings searched, each with what params.yaml says now as its default, which always lies in its range.

    Parameters
    ----------
    model : str
    params : mapping
        All of params.yaml.

    Raises
    ------
    UnknownValue
        The model cannot be searched.
    ConfigError
        A setting has no value to start from, or one that its scale cannot hold.
    """
    check_model(model, params)
    section, built = params["models"][model], getattr(new_model(model, params), "params", None)
    found = []
    for setting in SPACES[model]:
        value = _below(section, setting.path)
        value = _below(built, setting.path) if value is None else value
        value = setting.default if value is None else value
        if isinstance(value, bool) or not isinstance(value, int | float) or (setting.log and value <= 0):
            raise ConfigError(
                f"models.{model}.{setting.path} is {value!r}",
                allowed=f"a number{' above 0' if setting.log else ''}, {setting.low} to {setting.high} is searched",
            )
        found.append(setting.around(value if setting.kind == "int" else float(value)))
    return tuple(found)


def defaults(space: tuple[Setting, ...]) -> dict[str, Value]:
    """Return what params.yaml says now, by path."""
    return {s.path: s.default for s in space if s.default is not None}


def tidy(drawn: Mapping[str, Any], space: tuple[Setting, ...]) -> dict[str, Value]:
    """Return drawn values as they are scored and written: four significant digits, a default as it stands.

    Examples
    --------
    >>> tidy({"rate": 0.0512345, "share": 0.8}, (Setting("rate", "float", 0, 1), Setting("share", "float", 0, 1, False, 0.8)))
    {'rate': 0.05123, 'share': 0.8}
    """
    found: dict[str, Value] = {}
    for setting in space:
        value = drawn[setting.path]
        found[setting.path] = (
            value
            if setting.kind == "int" or value == setting.default
            else min(max(float(f"{value:.4g}"), setting.low), setting.high)
        )
    return found


def as_plain(space: tuple[Setting, ...]) -> list[dict[str, Any]]:
    """Return the space as plain data, for its fingerprint."""
    return [asdict(setting) for setting in space]


def set_to(
    params: Mapping[str, Any], model: str, values: Mapping[str, Any], *, brief: bool = False
) -> dict[str, Any]:
    """Return all of params.yaml with settings of one model changed.

    Parameters
    ----------
    params : mapping
        Not changed.
    model : str
    values : mapping of path to value
    brief : bool
        Also set what decides nothing that the search measures so that it costs little.

    Examples
    --------
    >>> set_to({"models": {"price": {"seed": 1}}}, "price", {"lots.refit": False})["models"]["price"]
    {'seed': 1, 'lots': {'refit': False}}
    """
    wanted = {**(UNTOUCHED.get(model, {}) if brief else {}), **values}
    return with_settings(params, {f"models.{model}.{path}": value for path, value in wanted.items()})


def _below(here: Any, path: str) -> Any:
    for part in path.split("."):
        here = here.get(part) if isinstance(here, Mapping) else getattr(here, part, None)
        if here is None:
            return None
    return here
