from __future__ import annotations

from random import Random
from typing import get_args

import pytest

from mandi.llm.provider import Fault, ProviderError
from mandi.llm.resilience.retry import Retries, goes_to_next, wait_before_next

RULES = Retries(attempts=5, base_s=1.0, most_s=6.0)


def error(fault: Fault, retry_after: float | None = None) -> ProviderError:
    return ProviderError("openai", fault, "m", retry_after=retry_after)


def test_waits_grow_by_powers_of_two_with_full_jitter_up_to_the_longest() -> None:
    rng = Random(3)
    for tried, ceiling in [(1, 1.0), (2, 2.0), (3, 4.0), (4, 6.0)]:
        drawn = [wait_before_next(RULES, tried, error("timeout"), 99.0, rng) or 0.0 for _ in range(2000)]
        assert 0 <= min(drawn) < 0.05 * ceiling and 0.95 * ceiling < max(drawn) <= ceiling
        assert sum(drawn) / len(drawn) == pytest.approx(ceiling / 2, rel=0.05)


def test_the_same_seed_waits_the_same() -> None:
    one, two = (wait_before_next(RULES, 2, error("timeout"), 99.0, Random(5)) for _ in range(2))
    assert one == two


def test_tries_are_bounded() -> None:
    assert wait_before_next(RULES, 5, error("timeout"), 99.0, Random(1)) is None
    assert wait_before_next(Retries(attempts=1), 1, error("timeout"), 99.0, Random(1)) is None


@pytest.mark.parametrize(
    ("asked", "left_s", "wait"),
    [(3.0, 9.0, 3.0), (3.0, 2.9, None), (30.0, 99.0, None), (0.0, 9.0, 0.0), (-5.0, 9.0, 0.0)],
)
def test_what_a_provider_asks_for_is_waited_when_there_is_time(
    asked: float, left_s: float, wait: float | None
) -> None:
    assert wait_before_next(RULES, 1, error("rate_limited", asked), left_s, Random(1)) == wait


def test_no_wait_goes_past_the_deadline() -> None:
    waits = [wait_before_next(RULES, 4, error("timeout"), 0.5, Random(n)) for n in range(200)]
    assert all(w is None or w < 0.5 for w in waits)
    assert None in waits


def test_only_what_may_help_is_tried_again() -> None:
    again = {f for f in get_args(Fault) if wait_before_next(RULES, 1, error(f), 99.0, Random(1)) is not None}
    assert again == {"rate_limited", "server_error", "timeout", "unreachable", "malformed", "cut"}
    next_one = {f for f in get_args(Fault) if goes_to_next(error(f))}
    assert next_one == again | {"refused_key", "not_able"}
