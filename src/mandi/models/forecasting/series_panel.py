"""A set of regular time series of one step length (a day, a week), each with its own length and unit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mandi.core.errors import ContractError

if TYPE_CHECKING:
    import pandas as pd

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Times = np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]


@dataclass(frozen=True)
class SeriesPanel:
    """Series side by side, without gaps.

    Attributes
    ----------
    names : tuple of str
        One per series, all different.
    values : tuple of array
        Finite values in time order, in the series' own unit.
    last : array of datetime64[D]
        Day of the last value of each series.
    step_days : int
        Days between two values.

    Examples
    --------
    >>> panel = SeriesPanel.of({"soybean": [5.0, 6.0, 7.0]}, last="2015-01-03")
    >>> panel.before(1).values[0].tolist(), str(panel.before(1).last[0])
    ([5.0, 6.0], '2015-01-02')
    """

    names: tuple[str, ...]
    values: tuple[Floats, ...]
    last: Times
    step_days: int = 1

    def __post_init__(self) -> None:
        if len(set(self.names)) != len(self.names):
            raise ContractError("two series share one name", allowed="one name per series")
        for name, values in zip(self.names, self.values, strict=True):
            if len(values) == 0 or not np.isfinite(values).all():
                raise ContractError(
                    f"series {name} has {int((~np.isfinite(values)).sum())} of {len(values)} values that are not finite",
                    allowed="at least one value, all finite: fill gaps first, and say how",
                )

    @classmethod
    def of(
        cls,
        values: Mapping[str, Sequence[float] | Floats],
        *,
        last: str | Mapping[str, str] = "2000-01-01",
        step_days: int = 1,
    ) -> SeriesPanel:
        """Build a panel from arrays by name; ``last`` is the day of the last value, of all or per name."""
        days = [last if isinstance(last, str) else last[name] for name in values]
        return cls(
            tuple(values),
            tuple(np.asarray(v, dtype=np.float64) for v in values.values()),
            np.array(days, dtype="datetime64[D]"),
            step_days,
        )

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, step_days: int = 1) -> SeriesPanel:
        """Build a panel from long rows ``unique_id``, ``ds`` (day), ``y``.

        Raises
        ------
        ContractError
            A day is missing inside a series or occurs twice.
        """
        kept = frame.sort_values(["unique_id", "ds"], kind="stable")
        names, values, last = [], [], []
        for name, rows in kept.groupby("unique_id", sort=True, observed=True):
            days = rows["ds"].to_numpy().astype("datetime64[D]")
            if (np.diff(days).astype(int) != step_days).any():
                raise ContractError(
                    f"series {name} has gaps or days that occur twice", allowed=f"every {step_days} days once"
                )
            names.append(str(name))
            values.append(rows["y"].to_numpy(dtype=np.float64))
            last.append(days[-1])
        return cls(tuple(names), tuple(values), np.array(last, dtype="datetime64[D]"), step_days)

    def __len__(self) -> int:
        return len(self.names)

    def before(self, steps: int) -> SeriesPanel:
        """Return the panel as it was ``steps`` steps ago; a series that was not there yet keeps its first value."""
        cut = [min(steps, len(v) - 1) for v in self.values]
        values = tuple(v[: len(v) - c] for v, c in zip(self.values, cut, strict=True))
        return SeriesPanel(self.names, values, self.last - np.array(cut) * self.step_days, self.step_days)

    def recent(self, steps: int) -> SeriesPanel:
        """Return the last ``steps`` values of each series (all of them when 0)."""
        if steps <= 0:
            return self
        return SeriesPanel(self.names, tuple(v[-steps:] for v in self.values), self.last, self.step_days)

    def only(self, places: Iterable[int]) -> SeriesPanel:
        """Return the series at these places."""
        kept = list(places)
        return SeriesPanel(
            tuple(self.names[i] for i in kept),
            tuple(self.values[i] for i in kept),
            self.last[kept],
            self.step_days,
        )

    def days(self, place: int) -> Times:
        """Return the day of every value of one series."""
        count = len(self.values[place])
        return self.last[place] + (np.arange(count) - count + 1) * self.step_days

    def days_ahead(self, place: int, horizon: int) -> Times:
        """Return the days of the next ``horizon`` steps of one series."""
        return self.last[place] + np.arange(1, horizon + 1) * self.step_days

    def to_frame(self) -> pd.DataFrame:
        """Return long rows ``unique_id``, ``ds``, ``y``."""
        import pandas as pd

        counts = [len(v) for v in self.values]
        return pd.DataFrame(
            {
                "unique_id": np.repeat(np.array(self.names, dtype=object), counts),
                "ds": np.concatenate([self.days(i) for i in range(len(self))]).astype("datetime64[ns]"),
                "y": np.concatenate(self.values),
            }
        )
