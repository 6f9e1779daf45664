"""A back-test of detectors: at each origin a model that knows the labels known by then scores the deals that follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd

from mandi.evaluation.examination import predict_blind

if TYPE_CHECKING:
    from mandi.models.base import Model

ORIGINS = (0.7, 0.85)
"""Where models are fitted anew, as shares of the time from the first review to the last; each answers up to the next."""

SHARES = {"train": 0.6, "validation": 0.8}
"""Where the parts of an origin's past end, as shares of its labelled time; the rest is calibration."""


def rolled(
    frame: pd.DataFrame,
    make_model: Callable[[], Model],
    tell: Callable[[int, int, str], None],
    origins: tuple[float, ...] = ORIGINS,
) -> pd.DataFrame:
    """Answer the time after the first origin.

    Parameters
    ----------
    frame : DataFrame
        Assembled questions with ``asof``, ``label``, ``label_known_time``; with ``honest_from`` what was found out after an
        origin counts as honest there from that moment on, as it did.
    make_model : callable
        Returns a new, unfitted model.
    tell : callable
        Told of origins done, in all, and a line of text.
    origins : tuple of float
        As `ORIGINS`.

    Returns
    -------
    DataFrame
        The model's outputs, ``origin`` and ``fitted_until`` (UTC), on the index of the questions answered.
    """
    first, last = frame["asof"].min(), frame["asof"].max()
    moments = [first + (last - first) * share for share in origins]
    answered = []
    for number, (origin, until) in enumerate(
        zip(moments, [*moments[1:], last + pd.Timedelta(seconds=1)]), start=1
    ):
        past = known_by(frame, origin)
        asked = frame[(frame["asof"] >= origin) & (frame["asof"] < until)]
        if not len(past) or not len(asked):
            continue
        model = make_model().fit(past.assign(part=_parts(past["asof"])))
        answered.append(predict_blind(model, asked).assign(origin=origin, fitted_until=origin))
        tell(
            number,
            len(moments),
            f"origin {origin.date()}: {len(past):,} labelled deals known, {len(asked):,} scored",
        )
    return pd.concat(answered) if answered else pd.DataFrame()


def known_by(frame: pd.DataFrame, origin: pd.Timestamp) -> pd.DataFrame:
    """Return the deals that were told fraud or honest at a moment, with the labels they had then.

    Parameters
    ----------
    frame : DataFrame
        ``label``, ``label_known_time``; with ``honest_from`` a deal counts as honest from that moment until it is found out.
    origin : Timestamp
        UTC.
    """
    told, known = frame["label"].notna(), frame["label_known_time"] <= origin
    if "honest_from" not in frame:
        return frame[told & known]
    then = frame["label"].where(known, 0.0)
    past = frame.assign(label=then, label_then=then)
    return past[told & (known | (frame["honest_from"] <= origin))]


def _parts(asof: pd.Series) -> pd.Series:
    first, last = asof.min(), asof.max()
    part = pd.Series("calibration", index=asof.index)
    for name, share in reversed(SHARES.items()):
        part[asof < first + (last - first) * share] = name
    return part
