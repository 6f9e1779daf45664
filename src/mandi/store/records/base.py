"""What all tables share: how constraints are named, and types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column

from mandi.core.errors import UnknownValue

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
LANGUAGE = 10  # a language tag
USD = (10, 6)  # digits in all and after the point, of money in US dollars

Json = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class Base(DeclarativeBase):
    """Mother of all tables."""

    metadata = sa.MetaData(naming_convention=NAMES)


class Unstorable(UnknownValue, sa.exc.DontWrapMixin):
    """A value cannot be kept without guessing what it means."""


class UtcTime(sa.types.TypeDecorator[datetime]):
    """A moment: aware on the way in and out, UTC inside (timestamptz on PostgreSQL).

    Raises
    ------
    Unstorable
        The moment has no time zone.
    """

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Return the moment in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise Unstorable(f"the time {value.isoformat()} has no zone", allowed="datetime.now(UTC)")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Return the moment as UTC; SQLite keeps no zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Amount(sa.types.TypeDecorator[Decimal]):
    """A decimal number, rounded to its scale: NUMERIC on PostgreSQL, REAL on SQLite, which has no decimals.

    Up to 15 digits in all a double gives back the decimal that was put in.

    Raises
    ------
    Unstorable
        The number is a float (whose last digits are noise), is not finite, or has more digits than the column.
    """

    impl = sa.Numeric
    cache_ok = True

    def __init__(self, precision: int, scale: int) -> None:
        super().__init__(precision, scale)
        self.precision = precision
        self.scale = scale

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """Return the column type of an engine."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.Float())
        return dialect.type_descriptor(sa.Numeric(self.precision, self.scale))

    def process_bind_param(self, value: Decimal | int | None, dialect: sa.Dialect) -> Any:
        """Return what is kept."""
        if value is None:
            return None
        if not isinstance(value, (Decimal, int)) or isinstance(value, bool):
            raise Unstorable(f"the amount {value!r} is a {type(value).__name__}", allowed="Decimal")
        number = Decimal(value)
        if not number.is_finite() or abs(number) >= Decimal(10) ** (self.precision - self.scale):
            limit = f"less than 10^{self.precision - self.scale}, with {self.scale} decimals"
            raise Unstorable(f"the amount {number} does not fit its column", allowed=limit)
        rounded = number.quantize(Decimal(1).scaleb(-self.scale))
        return float(rounded) if dialect.name == "sqlite" else rounded

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Decimal | None:
        """Return the decimal."""
        return None if value is None else Decimal(str(value)).quantize(Decimal(1).scaleb(-self.scale))


def new_id() -> str:
    """Return a random identity: 32 hexadecimal digits.

    Examples
    --------
    >>> len(new_id()), new_id() == new_id()
    (32, False)
    """
    return uuid.uuid4().hex


def utc_now() -> datetime:
    """Return this moment, aware."""
    return datetime.now(UTC)


def one_of(column: str, values: Iterable[str]) -> sa.CheckConstraint:
    """Return the constraint that a column holds one of some words.

    Examples
    --------
    >>> str(one_of("tier", ["free", "pro"]).sqltext)
    "tier IN ('free', 'pro')"
    """
    words = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({words})", name=column)


def share(column: str) -> sa.CheckConstraint:
    """Return the constraint that a column lies in [0, 1].

    Examples
    --------
    >>> str(share("confidence").sqltext)
    'confidence BETWEEN 0 AND 1'
    """
    return sa.CheckConstraint(f"{column} BETWEEN 0 AND 1", name=column)


Id = Annotated[str, mapped_column(sa.String(32), primary_key=True, default=new_id)]
Moment = Annotated[datetime, mapped_column(UtcTime, default=utc_now)]
Changed = Annotated[datetime, mapped_column(UtcTime, default=utc_now, onupdate=utc_now)]
Cost = Annotated[Decimal, mapped_column(Amount(*USD), default=Decimal(0))]
