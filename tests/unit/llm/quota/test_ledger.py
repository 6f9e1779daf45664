from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from random import Random

import pytest

from mandi.llm.quota.ledger import Amounts, Book, Rules, release, reserve, settle, standing
from mandi.llm.quota.tiers import TIERS, Allowance, allowance, as_micros, as_usd
from mandi.llm.quota.windows import DAY_S, HOUR_S, MINUTE_S, QUARTER_S, day_until, last_hour

NOW = datetime(2026, 3, 5, 12, 0, tzinfo=UTC).timestamp()
SMALL = Rules(Allowance(10, 1000, Decimal(1)))


def used_up(rules: Rules = SMALL, calls: int = 10, now: float = NOW) -> Book:
    book = Book()
    for n in range(calls):
        assert reserve(book, f"r{n}", Amounts(), now, rules) is None
        settle(book, f"r{n}", Amounts(), now, rules)
    return book


def test_the_tiers_are_those_of_the_issue_and_an_unknown_one_is_free() -> None:
    found = {t: (a.calls_per_hour, a.tokens_per_day, a.usd_per_day) for t, a in TIERS.items()}
    assert found == {
        "free": (100, 50_000, 5),
        "pro": (1_000, 500_000, 50),
        "enterprise": (10_000, 5_000_000, 500),
    }
    assert allowance("platinum") == TIERS["free"]
    assert allowance("free", usd_per_day=Decimal(9)).usd_per_day == 9
    assert as_usd(as_micros(Decimal("1.2345671"))) == Decimal("1.234568")


@pytest.mark.parametrize(
    ("wanted", "limit"),
    [
        (Amounts(tokens=1001), "tokens_per_day"),
        (Amounts(micros=1_000_001), "usd_per_day"),
        (Amounts(calls=11), "calls_per_hour"),
    ],
)
def test_a_call_larger_than_a_limit_never_fits(wanted: Amounts, limit: str) -> None:
    refusal = reserve(Book(), "a", wanted, NOW, SMALL)
    assert refusal is not None
    assert (refusal.limit, refusal.retry_after) == (limit, None)


def test_a_refused_call_takes_nothing() -> None:
    book = used_up()
    before = book.document()
    for n in range(50):
        refusal = reserve(book, f"x{n}", Amounts(), NOW + 1, SMALL)
        assert refusal is not None and (refusal.used, refusal.allowed) == (10, 10)
    assert book.document() == before


def test_the_hour_slides_and_says_when_there_is_room() -> None:
    book = used_up(now=NOW)
    refusal = reserve(book, "x", Amounts(), NOW + 600, SMALL)
    assert refusal is not None and refusal.retry_after == HOUR_S + MINUTE_S - 600
    assert reserve(book, "x", Amounts(), NOW + 600 + refusal.retry_after - 1, SMALL) is not None
    assert reserve(book, "x", Amounts(), NOW + 600 + refusal.retry_after, SMALL) is None


def test_the_boundary_of_an_hour_doubles_nothing() -> None:
    book = used_up(now=NOW - 1)
    assert reserve(book, "x", Amounts(), NOW + 1, SMALL) is not None


def test_the_same_hour_of_another_day_is_another_hour() -> None:
    book = used_up(now=NOW)
    assert reserve(book, "x", Amounts(), NOW + DAY_S, SMALL) is None


def test_a_window_never_forgets_early_and_at_most_one_bucket_late() -> None:
    rng = Random(11)
    for _ in range(300):
        at, later = NOW + rng.uniform(0, DAY_S), rng.uniform(0, DAY_S + 2 * QUARTER_S)
        for length, bucket, window in (
            (HOUR_S, MINUTE_S, last_hour(at + later)),
            (DAY_S, QUARTER_S, day_until(at + later, "trailing", "UTC")),
        ):
            seen = window.used({int(at // bucket): 1})
            if later < length:
                assert seen == 1
            if later >= length + bucket:
                assert seen == 0


@pytest.mark.parametrize(
    ("zone", "utc_hour", "begins"),
    [("Asia/Kolkata", 12, "2026-03-04T18:30"), ("Asia/Kolkata", 19, "2026-03-05T18:30"), ("UTC", 12, "2026-03-05T00:00"),
     ("Nowhere/Atall", 12, "2026-03-05T00:00")],
)  # fmt: skip
def test_a_calendar_day_begins_at_midnight_where_the_organisation_is(
    zone: str, utc_hour: int, begins: str
) -> None:
    now = datetime(2026, 3, 5, utc_hour, tzinfo=UTC).timestamp()
    window = day_until(now, "calendar", zone)
    assert window.first * QUARTER_S == datetime.fromisoformat(begins).replace(tzinfo=UTC).timestamp()


def test_a_calendar_day_ends_for_everything_at_once() -> None:
    rules = Rules(Allowance(10, 1000, Decimal(1)), day="calendar", timezone="Asia/Kolkata")
    book = Book()
    settle(book, "a", Amounts(tokens=1000), NOW, rules)
    refusal = reserve(book, "b", Amounts(tokens=1), NOW, rules)
    midnight = datetime(2026, 3, 5, 18, 30, tzinfo=UTC).timestamp()
    assert refusal is not None and refusal.retry_after == midnight - NOW
    assert reserve(book, "b", Amounts(tokens=1), midnight, rules) is None


def test_what_is_reserved_counts_until_it_is_settled_released_or_over() -> None:
    book = Book()
    assert reserve(book, "a", Amounts(tokens=900), NOW, SMALL) is None
    refusal = reserve(book, "b", Amounts(tokens=200), NOW, SMALL)
    assert refusal is not None and refusal.retry_after == 1.0, "a reservation may be settled lower any moment"
    release(book, "a")
    assert reserve(book, "b", Amounts(tokens=200), NOW, SMALL) is None
    assert reserve(book, "c", Amounts(tokens=900), NOW, SMALL) is not None
    assert reserve(book, "c", Amounts(tokens=900), NOW + SMALL.lease_s, SMALL) is None, "its worker is gone"
    assert standing(book, NOW + SMALL.lease_s, SMALL)["tokens_per_day"] == (0, 900, 1000)


def test_settling_counts_what_was_used_more_or_less_even_after_the_lease() -> None:
    book = Book()
    reserve(book, "a", Amounts(tokens=100, micros=500), NOW, SMALL)
    settle(book, "a", Amounts(tokens=5000, micros=100), NOW + 9999, SMALL)
    found = standing(book, NOW + 9999, SMALL)
    assert (found["tokens_per_day"][:2], found["usd_per_day"][:2]) == ((5000, 0), (100, 0))
    assert reserve(book, "b", Amounts(tokens=1), NOW + 9999, SMALL) is not None


def test_an_alert_is_given_once_a_window_and_again_at_the_limit() -> None:
    book, told = Book(), []
    for n in range(10):
        reserve(book, f"r{n}", Amounts(), NOW, SMALL)
        told.append([(a.limit, a.shut) for a in settle(book, f"r{n}", Amounts(), NOW, SMALL)])
    assert told[:7] == [[]] * 7
    assert told[7:] == [[("calls_per_hour", False)], [], [("calls_per_hour", True)]]
    later = NOW + 2 * HOUR_S
    for n in range(8):
        reserve(book, f"s{n}", Amounts(), later, SMALL)
        last = settle(book, f"s{n}", Amounts(), later, SMALL)
    assert [(a.limit, a.shut) for a in last] == [("calls_per_hour", False)]


def test_a_book_survives_its_document_and_stays_small() -> None:
    rules = Rules(Allowance(10**9, 10**9, Decimal(10**6)))
    book, rng = Book(), Random(5)
    now = NOW
    for n in range(5000):
        now += rng.uniform(0, 60)
        book = Book.read(book.document())
        reserve(book, f"r{n}", Amounts(1, 10, 10), now, rules)
        settle(book, f"r{n}", Amounts(1, 10, 10), now, rules)
    assert len(book.used["calls_per_hour"]) <= 61
    assert len(book.used["tokens_per_day"]) <= 99
    assert len(book.document()) < 8000
