"""Parts of a frame in order of time (train, validation, calibration, test), purged of labels that came too late."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from mandi.core.errors import ConfigError, ContractError

PARTS = ("train", "validation", "calibration", "test")
PURGED = "purged"


@dataclass(frozen=True)
class SplitParams:
    """Where each part begins: a fraction of the span of time, or a date ("2024-06-01", UTC)."""

    validation_from: float | str = 0.625
    calibration_from: float | str = 0.75
    test_from: float | str = 0.875


def boundaries(asof: pd.Series, params: SplitParams) -> dict[str, pd.Timestamp]:
    """Return the first moment of each part.

    Parameters
    ----------
    asof : Series
        UTC decision times; fractions are of the span between the first and the last.
    params : SplitParams

    Returns
    -------
    dict of part to Timestamp (UTC)

    Raises
    ------
    ConfigError
        A boundary is not a fraction or a date, or the boundaries are not in order.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.Series(pd.date_range("2024-01-01", periods=101, tz="UTC"))
    >>> str(boundaries(days, SplitParams(0.5, 0.6, "2024-04-01"))["calibration"].date())
    '2024-03-01'
    """
    first, last = asof.min(), asof.max()
    found = {"train": first}
    wanted = [params.validation_from, params.calibration_from, params.test_from]
    for part, place in zip(PARTS[1:], wanted):
        if isinstance(place, str):
            found[part] = _date(part, place)
        elif 0.0 < place < 1.0:
            found[part] = first + (last - first) * place
        else:
            raise ConfigError(
                f'"{part}_from" is {place!r}',
                allowed='a fraction between 0 and 1, or a date like "2024-06-01"',
            )
    for (earlier, start), (later, end) in pairwise(found.items()):
        if start >= end:
            raise ConfigError(
                f"{later} begins at {end}, not after {earlier} at {start}", allowed="boundaries in order"
            )
    return found


def split(questions: pd.DataFrame, params: SplitParams) -> pd.Series:
    """Name the part of each question.

    A question belongs to the part its ``asof`` falls in. If its label was known only after the next part had begun,
    whoever was fitted at that moment could not have had it: it is ``purged``. Test questions are never purged.

    Parameters
    ----------
    questions : DataFrame
        ``asof`` and ``label_known_time`` (UTC).
    params : SplitParams

    Returns
    -------
    Series
        One of train, validation, calibration, test, purged, on the index of ``questions``.

    Raises
    ------
    ContractError
        A column is missing.
    ConfigError
        The boundaries cannot be used.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.date_range("2024-01-01", periods=8, tz="UTC")
    >>> questions = pd.DataFrame({"asof": days, "label_known_time": days + pd.Timedelta(days=1)})
    >>> split(questions, SplitParams("2024-01-04", "2024-01-06", "2024-01-08")).tolist()
    ['train', 'train', 'train', 'validation', 'validation', 'calibration', 'calibration', 'test']
    >>> late = questions.assign(label_known_time=days + pd.Timedelta(days=2))
    >>> split(late, SplitParams("2024-01-04", "2024-01-06", "2024-01-08")).tolist()[:4]
    ['train', 'train', 'purged', 'validation']
    """
    for column in ("asof", "label_known_time"):
        if column not in questions:
            raise ContractError(f'questions have no column "{column}"', allowed="asof, label_known_time")
    if len(questions) == 0:
        return pd.Series(dtype=object, index=questions.index, name="part")
    starts = boundaries(questions["asof"], params)
    part = pd.Series("train", index=questions.index, dtype=object, name="part")
    for name in PARTS[1:]:
        part[questions["asof"] >= starts[name]] = name
    for name, following in pairwise(PARTS):
        part[(part == name) & (questions["label_known_time"] > starts[following])] = PURGED
    return part


def _date(part: str, text: str) -> pd.Timestamp:
    try:
        moment = pd.Timestamp(text)
    except ValueError as error:
        raise ConfigError(f'"{part}_from" is {text!r}', allowed='a date like "2024-06-01"') from error
    return moment.tz_localize("UTC") if moment.tzinfo is None else moment.tz_convert("UTC")
