"""Section ``tables`` of params.yaml: where tables come from and what makes a row doubtful."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Source = Literal["generated", "files", "agmarknet", "sql"]


@dataclass(frozen=True)
class Plausibility:
    """When a price is too far from what the country lately paid.

    Parameters
    ----------
    flag_factor : float
        A modal price further than this factor from the recent national median is flagged "implausible".
    reject_factor : float
        Further than this factor it is rejected. In real files prices per 20 kg or per 10 kg lie beyond 4, and next
        to nothing between 3.5 and 4; far markets that do pay more than 2.5 times as much (tur in Manipur) lie below.
    window_days : int
        The median is over the modal prices of this many days before the report's day (never that day itself).
    min_reports : int
        With fewer reports in the window there is no judgement.
    """

    flag_factor: float = 2.5
    reject_factor: float = 4.0
    window_days: int = 30
    min_reports: int = 5


@dataclass(frozen=True)
class TableParams:
    """How tables are read and judged.

    Parameters
    ----------
    source : str
        generated (the embedded market), files (CSV or Parquet named after the tables), agmarknet (files of the
        portal and driver series) or sql (a database with tables of these names).
    location : str
        File, folder or glob; for sql a database URL. ``env:NAME`` reads it from the environment variable NAME.
    commodity : str
        Commodity of Agmarknet files that do not name theirs, neither in a column nor in the file's name.
    commodities : dict
        More spellings of commodities: as in the file -> as in the tables.
    report_lag_hours : float
        A market report is known this long after the end of its day.
    driver_lag_days : dict of str to float
        Days from the end of a driver's period to its publication; ``default`` for those not named.
    future_hours : float
        How far after the moment of import an event may lie (a report is dated by the end of its day).
    extra_columns : "refuse" or "ignore"
        What to do with columns no contract knows.
    plausibility : Plausibility
    """

    source: Source = "generated"
    location: str = ""
    commodity: str = ""
    commodities: dict[str, str] = field(default_factory=dict)
    report_lag_hours: float = 0.0
    driver_lag_days: dict[str, float] = field(default_factory=lambda: {"default": 1.0})
    future_hours: float = 24.0
    extra_columns: Literal["refuse", "ignore"] = "refuse"
    plausibility: Plausibility = field(default_factory=Plausibility)
