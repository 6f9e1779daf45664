"""The book of one organisation: what it used, what is reserved, and whether one more call fits. Pure functions, one document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json, to_json

from mandi.llm.quota.tiers import Allowance, Day, Limit
from mandi.llm.quota.windows import DAY_S, MINUTE_S, QUARTER_S, Buckets, Window, day_until, last_hour

LIMITS: tuple[Limit, ...] = ("calls_per_hour", "tokens_per_day", "usd_per_day")
SOON_S = 1.0
KEPT_S = DAY_S + 2 * QUARTER_S


@dataclass(frozen=True, slots=True)
class Amounts:
    """What a call takes: itself, tokens in and out, and millionths of a dollar."""

    calls: int = 1
    tokens: int = 0
    micros: int = 0

    def of(self, limit: Limit) -> int:
        """Return the amount that a limit counts."""
        return {"calls_per_hour": self.calls, "tokens_per_day": self.tokens, "usd_per_day": self.micros}[
            limit
        ]


@dataclass(frozen=True, slots=True)
class Rules:
    """How an organisation's book is kept.

    Attributes
    ----------
    allowance : Allowance
    day : str
        ``trailing`` twenty-four hours, or the ``calendar`` day in ``timezone``.
    lease_s : float
        How long a reservation lives when nobody settles it: its worker is gone.
    alert_at : float
        Share of a limit at which an alert is given, once a window.
    """

    allowance: Allowance
    day: Day = "trailing"
    timezone: str = "UTC"
    lease_s: float = 120.0
    alert_at: float = 0.8

    def allowed(self, limit: Limit) -> int:
        """Return a limit, dollars in millionths."""
        if limit == "calls_per_hour":
            return self.allowance.calls_per_hour
        return self.allowance.tokens_per_day if limit == "tokens_per_day" else self.allowance.micros_per_day

    def window(self, limit: Limit, now: float) -> Window:
        """Return the stretch of time a limit is counted over."""
        return last_hour(now) if limit == "calls_per_hour" else day_until(now, self.day, self.timezone)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Which limit is in the way; ``retry_after`` is None when the call is larger than the limit itself."""

    limit: Limit
    used: int
    wanted: int
    allowed: int
    retry_after: float | None


@dataclass(frozen=True, slots=True)
class Alert:
    """A limit is used to 80 % or more, or up."""

    limit: Limit
    used: int
    allowed: int
    shut: bool


@dataclass(slots=True)
class Book:
    """What the document says.

    Attributes
    ----------
    used : dict
        Buckets by limit.
    open : dict
        Reservations by id: when they are over, when they began, calls, tokens, micros.
    told : dict
        When an alert was last given, by limit and level.
    """

    used: dict[Limit, Buckets] = field(default_factory=lambda: {limit: {} for limit in LIMITS})
    open: dict[str, list[float]] = field(default_factory=dict)
    told: dict[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls, document: bytes | None) -> Book:
        """Return the book in a document; an empty one if there is none."""
        if document is None:
            return cls()
        plain: dict[str, Any] = from_json(document)
        used = {limit: {int(n): a for n, a in plain["used"].get(limit, {}).items()} for limit in LIMITS}
        return cls(used=used, open=plain["open"], told=plain["told"])

    def document(self) -> bytes:
        """Return the book as a document."""
        return to_json({"used": self.used, "open": self.open, "told": self.told})

    def reserved(self, limit: Limit) -> int:
        """Return what open reservations hold of a limit."""
        place = 2 + LIMITS.index(limit)
        return int(sum(entry[place] for entry in self.open.values()))


def reserve(book: Book, key: str, wanted: Amounts, now: float, rules: Rules) -> Refusal | None:
    """Enter a reservation, or say which limit is in the way and enter nothing.

    Examples
    --------
    >>> from decimal import Decimal
    >>> book, rules = Book(), Rules(Allowance(1, 1000, Decimal(1)))
    >>> reserve(book, "a", Amounts(tokens=10), 0.0, rules), reserve(book, "b", Amounts(), 0.0, rules).limit
    (None, 'calls_per_hour')
    """
    _forget(book, now, rules)
    for limit in LIMITS:
        window = rules.window(limit, now)
        settled, held = window.used(book.used[limit]), book.reserved(limit)
        allowed, asked = rules.allowed(limit), wanted.of(limit)
        if asked and settled + held + asked > allowed:
            wait = _wait(book, window, limit, settled + held + asked - allowed, now)
            return Refusal(limit, settled + held, asked, allowed, wait if asked <= allowed else None)
    book.open[key] = [now + rules.lease_s, now, wanted.calls, wanted.tokens, wanted.micros]
    return None


def settle(book: Book, key: str, actual: Amounts, now: float, rules: Rules) -> list[Alert]:
    """Replace a reservation by what was really used, more or less than reserved, and return new alerts.

    A reservation that is over already is counted all the same: what was used was used.
    """
    began = book.open.pop(key, [0.0, now])[1]
    for limit, bucket_s in zip(LIMITS, (MINUTE_S, QUARTER_S, QUARTER_S)):
        if amount := actual.of(limit):
            buckets = book.used[limit]
            number = int(began // bucket_s)
            buckets[number] = buckets.get(number, 0) + amount
    _forget(book, now, rules)
    return list(_alerts(book, now, rules))


def release(book: Book, key: str) -> None:
    """Take a reservation back: nothing was used."""
    book.open.pop(key, None)


def standing(book: Book, now: float, rules: Rules) -> dict[Limit, tuple[int, int, int]]:
    """Return what is used, reserved and allowed, by limit."""
    _forget(book, now, rules)
    return {
        limit: (rules.window(limit, now).used(book.used[limit]), book.reserved(limit), rules.allowed(limit))
        for limit in LIMITS
    }


def _forget(book: Book, now: float, rules: Rules) -> None:
    book.open = {key: entry for key, entry in book.open.items() if entry[0] > now}
    for limit in LIMITS:
        buckets = book.used[limit]
        oldest = int((now - KEPT_S) // QUARTER_S) if limit != "calls_per_hour" else last_hour(now).first
        if buckets and min(buckets) < oldest:
            book.used[limit] = {n: a for n, a in buckets.items() if n >= oldest}


def _wait(book: Book, window: Window, limit: Limit, too_much: int, now: float) -> float:
    held = book.reserved(limit)
    if too_much <= held:
        return SOON_S
    room = window.room_in_s(book.used[limit], too_much - held, now)
    return SOON_S if room is None else max(SOON_S, room)


def _alerts(book: Book, now: float, rules: Rules) -> Iterator[Alert]:
    for limit in LIMITS:
        window, allowed = rules.window(limit, now), rules.allowed(limit)
        used = window.used(book.used[limit])
        if not used or used < rules.alert_at * allowed:
            continue
        shut = used >= allowed
        told = book.told.get(f"{limit}:{shut}")
        if told is None or told < window.first * window.bucket_s:
            book.told[f"{limit}:{shut}"] = now
            yield Alert(limit, used, allowed, shut)
