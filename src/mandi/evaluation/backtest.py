"""Predicts a past period as it would have been: refitted at each origin on what was known by then, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from mandi.core.errors import ConfigError, ContractError
from mandi.features.splits import PURGED, SplitParams, split

if TYPE_CHECKING:
    from mandi.models.base import Model

Progress = Callable[[int, int, str], None]


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
    "label_known_time",
    "national_ahead",
]  # known with the label: a prediction must do without


def even_origins(since: pd.Timestamp, until: pd.Timestamp, count: int = LEAST_ORIGINS) -> list[pd.Timestamp]:
    """Return ``count`` origins from ``since`` on, evenly spaced, at midnight UTC, the last period ending at ``until``.

    Examples
    --------
    >>> days = even_origins(pd.Timestamp("2024-01-01", tz="UTC"), pd.Timestamp("2024-12-31", tz="UTC"), 12)
    >>> len(days), str(days[0].date()), str(days[1].date())
    (12, '2024-01-01', '2024-01-31')
    """
    step = (until - since) / count
    found = [(since + step * i).normalize() for i in range(count)]
    if len(set(found)) < count:
        raise ConfigError(
            f"{count} origins between {since} and {until}", allowed="at least a day from one to the next"
        )
    return found


def rolling_origin(
    frame: pd.DataFrame,
    make_model: Callable[[], Model],
    origins: Sequence[pd.Timestamp],
    params: BacktestParams | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Predict every row from the first origin on by a model that knew only labels published by its origin.

    A row belongs to the last origin at or before its ``asof``. The model of an origin is fitted on rows whose
    ``label_known_time`` is at or before it (a 60-day forecast made a month earlier has no label yet), parted by time
    into train, validation and calibration and purged between them.

    Parameters
    ----------
    frame : DataFrame
        Assembled questions: ``asof``, ``label_known_time`` (UTC), ``label`` (INR per quintal), and the model's inputs.
        Its ``part`` is not used. The index is unique.
    make_model : callable
        Returns a new, unfitted model, the same each time.
    origins : sequence of Timestamp
        UTC, in order, at least ``LEAST_ORIGINS``; see ``even_origins``.
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
        if model is None or i % chosen.refit_every == 0:
            model, fitted_until = make_model().fit(known_at(frame, origin, chosen)), origin
        asked = frame[(frame["asof"] >= origin) & (frame["asof"] < end)]
        if len(asked):
            hidden = asked.drop(columns=ANSWERS, errors="ignore")
            parts.append(model.predict(hidden).assign(origin=origin, fitted_until=fitted_until))
        if progress is not None:
            progress(i + 1, len(origins), f"origin {origin.date()}: {len(asked)} questions")
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
