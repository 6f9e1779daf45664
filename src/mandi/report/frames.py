"""Shows frames, facts and declarations as tables a reader can take in: rounded, with units, nothing hidden unsaid."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from mandi.models.base import Field, Spec

LONG = 60  # characters; a longer text may break over lines


@dataclass(frozen=True)
class Table:
    """A table as text and as HTML; notebooks show the HTML.

    Attributes
    ----------
    title : str
    cells : DataFrame
        Text only.
    units : mapping of column to str
        Shown under the column's name.
    note : str
        Shown below, for example how many rows are not shown.
    """

    title: str
    cells: pd.DataFrame
    units: Mapping[str, str]
    note: str
    left: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return "\n".join(p for p in (self.title, self.cells.to_string(index=False), self.note) if p)

    def _repr_html_(self) -> str:
        heads = "".join(
            f"<th{self._side(c)}>{html.escape(c)}"
            + (f"<br><small class='muted'>{html.escape(self.units[c])}</small>" if c in self.units else "")
            + "</th>"
            for c in map(str, self.cells.columns)
        )
        rows = "".join(
            "<tr>"
            + "".join(f"<td{self._side(str(c), v)}>{html.escape(v)}</td>" for c, v in row.items())
            + "</tr>"
            for row in self.cells.to_dict(orient="records")
        )
        title = f"<p class='caption'><b>{html.escape(self.title)}</b></p>" if self.title else ""
        note = f"<p class='caption'>{html.escape(self.note)}</p>" if self.note else ""
        return f"{title}<table class='figures'><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>{note}"

    def _side(self, column: str, text: str = "") -> str:
        side = "left" if column in self.left else "right"
        breaks = "white-space:normal;min-width:16rem" if len(text) > LONG else "white-space:nowrap"
        return f"{' class=text' if side == 'left' else ''} style='text-align:{side};{breaks}'"


def table(
    frame: pd.DataFrame,
    title: str = "",
    *,
    rows: int = 12,
    units: Mapping[str, str] | None = None,
    index: bool = False,
    mixed: bool = False,
) -> Table:
    """Show the first rows of a frame.

    Parameters
    ----------
    frame : DataFrame
    title : str
    rows : int
        At most so many rows; how many there are besides is said below.
    units : mapping of column to str, optional
    index : bool
        Show the index as the first column.
    mixed : bool
        A column holds figures of several kinds: round each number by its own size, not by its column's.

    Returns
    -------
    Table
        Numbers rounded alike within a column (by its largest), missing values as "-", times without their zone.

    Examples
    --------
    >>> print(table(pd.DataFrame({"market": ["Dewas", "Latur"], "price": [4350.123, None]}), rows=1))
    market price
     Dewas 4,350
    1 of 2 rows
    """
    whole = frame.reset_index() if index else frame
    cells = pd.DataFrame(
        {str(c): _written(whole[c], mixed).iloc[:rows].to_list() for c in whole.columns}, dtype=object
    )
    left = frozenset(str(c) for c in whole.columns if not pd.api.types.is_numeric_dtype(whole[c]))
    note = f"{rows:,} of {len(whole):,} rows" if rows < len(whole) else ""
    return Table(title, cells, dict(units or {}), note, left)


def facts(values: Mapping[str, Any], title: str = "") -> Table:
    """Show named values, one per line.

    Examples
    --------
    >>> facts({"skill": 0.15327, "worst": "tur / Latur", "rows": 12345}).cells[" "].to_list()
    ['0.1533', 'tur / Latur', '12,345']
    """
    cells = pd.DataFrame({"": list(values), " ": [_one(v) for v in values.values()]}, dtype=object)
    return Table(title, cells, {}, "", frozenset({"", " "}))


def overview(tables: Mapping[str, pd.DataFrame]) -> Table:
    """Show each table's size and the time it spans.

    Parameters
    ----------
    tables : mapping of name to DataFrame
        With ``event_time`` (UTC).
    """
    rows = [
        {
            "table": name,
            "rows": len(frame),
            "columns": frame.shape[1],
            "from": frame["event_time"].min().date().isoformat() if len(frame) else "-",
            "to": frame["event_time"].max().date().isoformat() if len(frame) else "-",
        }
        for name, frame in tables.items()
    ]
    return table(pd.DataFrame(rows), rows=len(rows))


def declaration(spec: Spec) -> Table:
    """Show what a model is asked and what it answers, with units and meaning."""
    asked = [{"": "ask", **_field(field)} for field in spec.request]
    answered = [{"": "answer", **_field(field)} for field in spec.outputs]
    return table(pd.DataFrame([*asked, *answered]), spec.question, rows=len(asked) + len(answered))


def _field(field: Field) -> dict[str, str]:
    return {
        "name": field.name,
        "unit": field.unit or "-",
        "needed": "yes" if field.required else "no",
        "meaning": field.meaning,
    }


def _written(column: pd.Series, mixed: bool = False) -> pd.Series:
    if pd.api.types.is_bool_dtype(column):
        return column.map({True: "yes", False: "no"}).astype(object)
    if pd.api.types.is_datetime64_any_dtype(column):
        plain = column.dt.tz_localize(None) if column.dt.tz is not None else column
        whole_days = bool((plain.dropna() == plain.dropna().dt.normalize()).all())
        return plain.dt.strftime("%Y-%m-%d" if whole_days else "%Y-%m-%d %H:%M").fillna("-").astype(object)
    if pd.api.types.is_numeric_dtype(column):
        if mixed:
            return column.map(_one).astype(object)
        numbers = column.astype(float)
        known = numbers[np.isfinite(numbers)].to_numpy()
        places = _places(float(abs(known).max(initial=0.0))) if (known != known.round()).any() else 0
        return numbers.map(lambda v: f"{v:,.{places}f}" if math.isfinite(v) else "-").astype(object)
    return column.map(
        lambda v: "-" if v is None or v is pd.NA or (isinstance(v, float) and math.isnan(v)) else str(v)
    )


def _places(largest: float) -> int:
    return 0 if largest >= 1000 else 1 if largest >= 100 else 2 if largest >= 10 else 3


def _one(value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (int, np.integer)):
        return f"{value:,}"
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return (
            "-" if not math.isfinite(number) else f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"
        )
    return "-" if value is None or value == "" else str(value)
