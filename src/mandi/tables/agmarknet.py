"""Reads files of the Agmarknet portal (prices in INR per quintal, arrivals in tonnes) and series of market drivers.

Understood by their columns: market reports with or without state, arrivals, grade and units, under the portal's own
headings or short ones; oil prices (``Date, Price``); exchange rates (``Date, Country, Exchange rate``); minimum
support prices (``commodity, year, Type, msprice``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from mandi.core.errors import ContractError, ImportRefused, nearest
from mandi.tables import cells
from mandi.tables.commodity import SPELLINGS, commodity_name
from mandi.tables.files import table_stem

HEADINGS = {
    "state name": "state", "district name": "district", "market name": "market", "commodity name": "commodity",
    "group": "", "commodity group": "", "sl no": "", "s no": "", "arrivals tonnes": "arrivals", "arrivals in tonnes": "arrivals",
    "arrival qty": "arrivals", "arrival quantity": "arrivals", "arrival unit": "arrivals_unit", "arrivals unit": "arrivals_unit",
    "arrival date": "date", "price date": "date", "reported date": "date", "min price": "min_price", "max price": "max_price",
    "modal price": "modal_price", "min price rs quintal": "min_price", "max price rs quintal": "max_price",
    "modal price rs quintal": "modal_price", "price unit": "price_unit", "unit of price": "price_unit",
    "unit of arrivals": "arrivals_unit",
}  # fmt: skip
PRICES = ["min_price", "max_price", "modal_price"]
REPORT_COLUMNS = {
    "state", "district", "market", "commodity", "variety", "grade", "arrivals", "date", *PRICES, "price_unit", "arrivals_unit",
}  # fmt: skip
NEEDED = ("market", "modal_price", "date")
STATES = {
    "Chattisgarh": "Chhattisgarh", "Uttrakhand": "Uttarakhand", "NCT of Delhi": "Delhi", "Orissa": "Odisha",
    "Pondicherry": "Puducherry",
}  # fmt: skip
KNOWN_STATES = (
    "Andhra Pradesh", "Assam", "Bihar", "Chhattisgarh", "Gujarat", "Haryana", "Jharkhand", "Karnataka", "Kerala",
    "Madhya Pradesh", "Maharashtra", "Odisha", "Punjab", "Rajasthan", "Tamil Nadu", "Telangana", "Uttar Pradesh",
    "West Bengal",
)  # fmt: skip
OIL = {"brent": "brent_usd_bbl", "wti": "wti_usd_bbl"}


def read_portal_file(
    path: Path, frame: pd.DataFrame, commodity: str = "", commodities: Mapping[str, str] | None = None
) -> tuple[str, pd.DataFrame]:
    """Turn one file into raw rows of the table it belongs to.

    Parameters
    ----------
    path : Path
        Its name tells the commodity and the state when no column does.
    frame : DataFrame
        As :func:`mandi.tables.files.read_file` returns it.
    commodity : str
        For files that name theirs neither in a column nor in the file's name.
    commodities : mapping
        More spellings, as in the file -> as in the tables.

    Returns
    -------
    str, DataFrame
        ``reports`` or ``drivers``, and the raw rows for :func:`mandi.tables.validate.validate`.

    Raises
    ------
    ContractError
        The columns are of no known shape; the nearest names are shown.
    ImportRefused
        The commodity, or which oil price it is, cannot be told.
    """
    plain = {c: _heading(c) for c in frame.columns}
    names = set(plain.values())
    if {"date", "price"} == names - {"_file", "_row"}:
        return "drivers", _oil(path, frame.rename(columns=plain))
    if {"date", "country", "exchange rate"} <= names:
        return "drivers", _exchange(frame.rename(columns=plain))
    if {"commodity", "year", "msprice"} <= names:
        return "drivers", _support(frame.rename(columns=plain), commodities)
    return "reports", _reports(path, frame, plain, commodity)


def distinct_markets(reports: pd.DataFrame) -> pd.DataFrame:
    """Return reports in which a market name that occurs in several states carries its state.

    Examples
    --------
    >>> twice = pd.DataFrame({"market": ["Kota", "Kota", "Kadi"], "state": ["Rajasthan", "Chhattisgarh", "Gujarat"]})
    >>> distinct_markets(twice)["market"].tolist()
    ['Kota (Rajasthan)', 'Kota (Chhattisgarh)', 'Kadi']
    """
    pairs = reports[["market", "state"]].dropna().drop_duplicates()
    shared = set(pairs["market"][pairs["market"].duplicated(keep=False)])
    if not shared:
        return reports
    named = reports["market"].astype(str) + " (" + reports["state"].astype(str) + ")"
    return reports.assign(market=reports["market"].mask(reports["market"].isin(shared), named))


def _heading(column: str) -> str:
    words = " ".join(re.findall(r"[a-z0-9]+", column.lower()))
    return column if column in ("_file", "_row") else HEADINGS.get(words, words)


def _reports(path: Path, frame: pd.DataFrame, plain: Mapping[str, str], commodity: str) -> pd.DataFrame:
    unknown = {c: p for c, p in plain.items() if p and p not in REPORT_COLUMNS and c not in ("_file", "_row")}
    missing = [c for c in NEEDED if c not in plain.values()]
    if missing or unknown:
        lines = [f"  - {c}  (missing{nearest(c, unknown)})" for c in missing]
        lines += [
            f"  + {c}  (not known{nearest(p.replace(' ', '_'), REPORT_COLUMNS)})" for c, p in unknown.items()
        ]
        raise ContractError(
            "\n".join([f"{path.name} has none of the shapes that are known", *lines]),
            allowed=f"{', '.join(sorted(REPORT_COLUMNS))}; or a series of oil prices, exchange rates or support prices",
        )
    raw = frame[[c for c, p in plain.items() if p]].rename(columns=dict(plain))
    for column in ("market", "variety", "state", "district"):
        if column in raw:
            raw[column] = cells.text(raw[column]).values
    if "state" in raw:
        raw["state"] = raw["state"].replace(STATES)
    else:
        raw["state"] = _state_in(path)
    if "commodity" not in raw:
        raw["commodity"] = commodity or _commodity_in(path)
    return raw.assign(source=path.name)


def _commodity_in(path: Path) -> str:
    words = re.findall(r"[a-z]+", table_stem(path))
    found = {n for n in map(commodity_name, words) if n in SPELLINGS}
    if len(found) != 1:
        raise ImportRefused(
            f"{path.name} does not say of which commodity it is",
            allowed=f"a column commodity, or a file name with one of {', '.join(SPELLINGS)}",
            next_command=f"mandi import agmarknet {path.name} --commodity soybean",
        )
    return found.pop()


def _state_in(path: Path) -> str:
    stem = table_stem(path).replace("_", " ").replace("-", " ")
    return next((s for s in KNOWN_STATES if s.lower() in stem), "unknown")


def _series(frame: pd.DataFrame, driver: object, end: pd.Series, value: str, unit: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "event_time": end,
            "driver": driver,
            "value": frame[value],
            "unit": unit,
            "_file": frame["_file"],
            "_row": frame["_row"],
        }
    )


def _oil(path: Path, frame: pd.DataFrame) -> pd.DataFrame:
    found = [driver for word, driver in OIL.items() if word in path.name.lower()]
    if len(found) != 1:
        raise ImportRefused(
            f"{path.name} does not say which oil price it holds",
            allowed=f"a file name with one of {', '.join(OIL)}",
        )
    return _series(
        frame, found[0], cells.times(frame["date"]).values + pd.Timedelta(days=1), "price", "USD/barrel"
    )


def _exchange(frame: pd.DataFrame) -> pd.DataFrame:
    first = cells.times(frame["date"]).values.dt.tz_localize(None)
    end = (first + pd.offsets.MonthBegin(1)).dt.tz_localize("UTC")
    driver = np.where(
        frame["country"] == "India", "usd_inr", "usd_" + frame["country"].astype(str).map(commodity_name)
    )
    return _series(frame, driver, end, "exchange rate", "per USD")


def _support(frame: pd.DataFrame, more: Mapping[str, str] | None) -> pd.DataFrame:
    # announced before the sowing of the season they are for, by the first of July
    announced = cells.times(frame["year"].astype(str).str.strip() + "-07-01").values
    driver = "msp_" + frame["commodity"].astype(str).map(lambda t: commodity_name(t, more))
    return _series(frame, driver, announced, "msprice", "INR/quintal")
