"""The shape of a table contract: columns with unit, meaning, role and range, and the pandera schema made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandera.pandas as pa

Kind = Literal["text", "number", "time"]


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name, kind, meaning, unit : str
        ``kind`` is text, number (float64) or time (UTC, nanoseconds).
    nullable : bool
        A value, or the whole column, may be missing.
    default : str, optional
        What a missing text becomes.
    above, at_least, at_most : float, optional
        Bounds of a number; ``above`` is exclusive.
    outside : "reject" or "flag"
        A value outside its bounds rejects the row, or becomes missing and flags it.
    choices : tuple of str
        The only texts allowed; any if empty.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    nullable: bool = False
    default: str | None = None
    above: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    outside: Literal["reject", "flag"] = "reject"
    choices: tuple[str, ...] = ()

    @property
    def may_be_absent(self) -> bool:
        """A source need not have this column."""
        return self.nullable or self.default is not None

    @property
    def range(self) -> str:
        """Bounds or choices in words, empty when there are none."""
        parts = [
            f"{sign} {bound:g}"
            for sign, bound in ((">", self.above), (">=", self.at_least), ("<=", self.at_most))
            if bound is not None
        ]
        return " and ".join(parts) or ", ".join(self.choices)


@dataclass(frozen=True)
class Contract:
    """One table: its columns, its key and how a row becomes known.

    Parameters
    ----------
    name, meaning : str
        ``meaning`` says what one row is.
    columns : tuple of Column
        Without ``event_time`` and ``known_time``, which every table has.
    key : tuple of str
        No two rows share it.
    event, known : str
        What the two times mean here.
    known_default : "given", "event", "report lag" or "driver lag"
        How ``known_time`` is filled when a source does not have it; "given" means that it must.
    order : tuple of pairs of str
        Time columns of which the first may not be after the second.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    event: str
    known: str
    known_default: Literal["given", "event", "report lag", "driver lag"] = "given"
    order: tuple[tuple[str, str], ...] = ()

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """The two times, then the table's own columns."""
        return (
            Column("event_time", "time", self.event, "UTC"),
            Column("known_time", "time", self.known, "UTC"),
        ) + (self.columns)

    @property
    def names(self) -> list[str]:
        """Names of all columns in order."""
        return [c.name for c in self.all_columns]

    def role(self, column: str) -> str:
        """Return ``event_time``, ``known_time``, ``key`` or ``value``.

        Examples
        --------
        >>> from mandi.tables.contracts import CONTRACTS
        >>> CONTRACTS["reports"].role("market"), CONTRACTS["reports"].role("modal_price")
        ('key', 'value')
        """
        if column in ("event_time", "known_time"):
            return column
        return "key" if column in self.key else "value"

    def schema(self) -> pa.DataFrameSchema:
        """Return the pandera schema of a validated table; unit, meaning and role are in each column's metadata.

        Examples
        --------
        >>> from mandi.tables.contracts import CONTRACTS
        >>> CONTRACTS["drivers"].schema().columns["value"].metadata["role"]
        'value'
        """
        import pandera.pandas as pa

        types = {"text": "object", "number": "float64", "time": "datetime64[ns, UTC]"}
        columns = {
            c.name: pa.Column(
                types[c.kind],
                checks=_checks(c),
                nullable=c.nullable,
                description=c.meaning,
                metadata={"unit": c.unit, "meaning": c.meaning, "role": self.role(c.name)},
            )
            for c in self.all_columns
        }
        known = pa.Check(
            lambda frame: frame["known_time"] >= frame["event_time"], name="known_not_before_event"
        )
        return pa.DataFrameSchema(
            columns,
            checks=[known],
            unique=list(self.key),
            strict=True,
            name=self.name,
            description=self.meaning,
        )


def _checks(column: Column) -> list[pa.Check]:
    import pandera.pandas as pa

    checks = []
    if column.above is not None:
        checks.append(pa.Check.gt(column.above))
    if column.at_least is not None:
        checks.append(pa.Check.ge(column.at_least))
    if column.at_most is not None:
        checks.append(pa.Check.le(column.at_most))
    if column.choices:
        checks.append(pa.Check.isin(column.choices))
    return checks
