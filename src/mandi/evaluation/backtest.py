"""Predicts a past period as it would have been: each origin is answered by the last model fitted, at it or before it.

A fit is made at the first origin and at every ``refit_every``-th after it, on what was known by then and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from mandi.core.errors import ConfigError, ContractError
from mandi.features.splits import PURGED, SplitParams, split

if TYPE_CHECKING:
    from mandi.models.base import Model, Progress


@dataclass(frozen=True)
class BacktestParams:
    """How a rolling-origin back-test is laid out.

    Attributes
    ----------
    origins : int
        Origins, evenly spaced over the period; at least ``LEAST_ORIGINS``.
    refit_every : int
        The model is fitted anew at every so many origins; in between the last fitted one answers, with features that
        still move on every day.
    validation_days, calibration_days : int
        Length of the last parts of what was known at an origin.
    """

    origins: int = 12
    refit_every: int = 6
    validation_days: int = 120
    calibration_days: int = 180


LEAST_ORIGINS = 12
ANSWERS = [
    "label",
    "label_then",
    "label_known_time",
    "national_ahead",
]  # known with the label: a prediction must do without


def first_origin(frame: pd.DataFrame, params: BacktestParams) -> pd.Timestamp:
    """Return when a back-test begins: with the calibration part, so that it is more than the test once again.

    Where the rows before it are too few for the validation and calibration of a fit of its own, it begins with the test.

    Parameters
    ----------
    frame : DataFrame
        Assembled questions: ``asof`` (UTC) and ``part``.
    params : BacktestParams

    Raises
    ------
    ConfigError
        The frame has no test.

    Examples
    --------
    >>> asof = pd.date_range("2023-01-01", periods=24, freq="MS", tz="UTC")
    >>> frame = pd.DataFrame({"asof": asof, "part": ["train"] * 16 + ["calibration"] * 4 + ["test"] * 4})
    >>> str(first_origin(frame, BacktestParams()).date()), str(first_origin(frame[10:], BacktestParams()).date())
    ('2024-05-01', '2024-09-01')
    """
    starts = frame.groupby("part")["asof"].min()
    if "test" not in starts:
        raise ConfigError("the frame has no test part", allowed="train, validation, calibration and test")
    needed = pd.Timedelta(days=params.validation_days + params.calibration_days)
    since = starts.get("calibration", starts["test"])
    return since if since - needed > frame["asof"].min() else starts["test"]


def asked_origins(frame: pd.DataFrame, since: pd.Timestamp, count: int = LEAST_ORIGINS) -> list[pd.Timestamp]:
    """Return ``count`` origins from ``since`` on, evenly spaced over the days on which questions were asked.

    Real files have gaps of a whole year: origins spaced by the calendar would ask nothing there.

    Parameters
    ----------
    frame : DataFrame
        Questions with ``asof`` (UTC).
    since : Timestamp
        UTC.
    count : int

    Raises
    ------
    ConfigError
        Questions were asked on fewer days.

    Examples
    --------
    >>> days = pd.date_range("2015-12-20", "2015-12-31", tz="UTC").append(pd.date_range("2017-01-01", "2017-01-12", tz="UTC"))
    >>> [str(day.date()) for day in asked_origins(pd.DataFrame({"asof": days}), days[0], 12)][4:8]
    ['2015-12-28', '2015-12-30', '2017-01-01', '2017-01-03']
    """
    days = frame.loc[frame["asof"] >= since, "asof"].dt.normalize().drop_duplicates().sort_values()
    if len(days) < count:
        raise ConfigError(
            f"{count} origins, but questions on {len(days)} days since {since}",
            allowed=f"at most {len(days)}",
        )
    return [days.iloc[i * len(days) // count] for i in range(count)]


def rolling_origin(
    frame: pd.DataFrame,
    make_model: Callable[[], Model],
    origins: Sequence[pd.Timestamp],
    params: BacktestParams | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Predict every row from the first origin on by a model that knew only labels published by its origin.

    A row belongs to the last origin at or before its ``asof``, and is answered by the last model fitted: that of origin
    0, ``refit_every``, 2 ``refit_every`` and so on, so with 12 origins and 6 by two models. A model is fitted on rows
    whose ``label_known_time`` is at or before its own origin (a 60-day forecast made a month earlier has no label yet),
    parted by time into train, validation and calibration and purged between them; ``fitted_until`` says which.

    Parameters
    ----------
    frame : DataFrame
        Assembled questions: ``asof``, ``label_known_time`` (UTC), ``label`` (INR per quintal), and the model's inputs.
        Its ``part`` is not used. The index is unique.
    make_model : callable
        Returns a new, unfitted model, the same each time.
    origins : sequence of Timestamp
        UTC, in order, at least ``LEAST_ORIGINS``; see ``asked_origins``.
    params : BacktestParams, optional
    progress : callable, optional
        Called after each origin with origins done, origins in all and a line of text.

    Returns
    -------
    DataFrame
        The model's outputs, ``origin`` and ``fitted_until`` (UTC), on the index of the rows predicted, in order of
        origin. With ``frame`` it goes to ``evaluate``.

    Raises
    ------
    ConfigError
        Too few origins, not in order, or nothing to fit on at the first.
    ContractError
        A column is missing or the index is not unique.
    """
    chosen = params or BacktestParams()
    _check(frame, origins)
    ends = [*origins[1:], frame["asof"].max() + pd.Timedelta(1, "ns")]
    parts: list[pd.DataFrame] = []
    model: Model | None = None
    fitted_until = origins[0]
    for i, (origin, end) in enumerate(zip(origins, ends)):
        anew = model is None or i % chosen.refit_every == 0
        if model is None or anew:
            model, fitted_until = make_model().fit(known_at(frame, origin, chosen)), origin
        asked = frame[(frame["asof"] >= origin) & (frame["asof"] < end)]
        if len(asked):
            hidden = asked.drop(columns=ANSWERS, errors="ignore")
            parts.append(model.predict(hidden).assign(origin=origin, fitted_until=fitted_until))
        if progress is not None:
            fit = "fitted anew" if anew else f"fitted {fitted_until.date()}"
            progress(i + 1, len(origins), f"origin {origin.date()}: {len(asked)} questions, {fit}")
    if not parts:
        raise ConfigError(f"no question at or after {origins[0]}", allowed=f"up to {frame['asof'].max()}")
    return pd.concat(parts)


def known_at(frame: pd.DataFrame, origin: pd.Timestamp, params: BacktestParams) -> pd.DataFrame:
    """Return the rows a model fitted at ``origin`` may learn from, with ``part`` set anew.

    Raises
    ------
    ConfigError
        No training row is left before validation and calibration.
    """
    known = frame[(frame["label_known_time"] <= origin) & (frame["asof"] < origin) & frame["label"].notna()]
    calibration = origin - pd.Timedelta(days=params.calibration_days)
    validation = calibration - pd.Timedelta(days=params.validation_days)
    if not (known["asof"] < validation).any():
        raise ConfigError(
            f"nothing known at {origin} is older than validation and calibration, which begin at {validation}",
            allowed="a later first origin, or fewer validation_days and calibration_days",
        )
    part = split(known, SplitParams(validation.isoformat(), calibration.isoformat(), origin.isoformat()))
    kept = part != PURGED
    return known[kept].assign(part=part[kept])


def _check(frame: pd.DataFrame, origins: Sequence[pd.Timestamp]) -> None:
    for column in ("asof", "label", "label_known_time"):
        if column not in frame:
            raise ContractError(
                f'the frame has no column "{column}"', allowed="asof, label, label_known_time, inputs"
            )
    if not frame.index.is_unique:
        raise ContractError(
            f"{int(frame.index.duplicated().sum())} index values occur twice", allowed="a unique index"
        )
    if len(origins) < LEAST_ORIGINS:
        raise ConfigError(f"{len(origins)} origins", allowed=f"at least {LEAST_ORIGINS}")
    if any(later <= earlier for earlier, later in zip(origins, origins[1:])):
        raise ConfigError("origins are not in order", allowed="each later than the one before")
