from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher

from mandi.core.errors import UnknownValue
from mandi.serving.accounts.passwords import LONGEST, NOBODY, Passwords, check_new, composed

from .office_bench import CHEAP, PASSWORD


class Counting(PasswordHasher):
    """Says on which threads it worked and how often."""

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**parameters)
        self.threads: list[int] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> Any:
        self.threads.append(threading.get_ident())
        return super().verify(hash, password)


def run(work: Callable[[], Any]) -> Any:
    return asyncio.run(work())


def test_the_right_password_and_a_wrong_one() -> None:
    passwords = Passwords(CHEAP)
    kept = run(lambda: passwords.hashed(PASSWORD))
    assert kept.startswith("$argon2id$") and PASSWORD not in kept
    assert run(lambda: passwords.matches(kept, PASSWORD)) == (True, None)
    assert run(lambda: passwords.matches(kept, PASSWORD + "x")) == (False, None)
    assert run(lambda: passwords.hashed(PASSWORD)) != kept, "each hash has its own salt"


def test_nobody_has_a_password_and_is_compared_all_the_same() -> None:
    hasher = Counting(time_cost=1, memory_cost=8, parallelism=1)
    passwords = Passwords(hasher)
    for kept in (None, NOBODY):
        for tried in (PASSWORD, "", NOBODY, "a password that nobody has"):
            assert run(lambda kept=kept, tried=tried: passwords.matches(kept, tried)) == (False, None)
    assert len(hasher.threads) == 8
    assert threading.get_ident() not in hasher.threads, "hashing blocks the loop"


@pytest.mark.parametrize("broken", ["", "$argon2id$", "plain text"])
def test_a_broken_hash_is_nobodys_password(broken: str) -> None:
    assert run(lambda: Passwords(CHEAP).matches(broken, "plain text")) == (False, None)


def test_older_parameters_are_renewed_when_the_password_is_right() -> None:
    kept = CHEAP.hash(PASSWORD)
    newer = Passwords(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    right, renewed = run(lambda: newer.matches(kept, PASSWORD))
    assert right and renewed is not None and "t=2" in renewed
    assert run(lambda: newer.matches(renewed, PASSWORD)) == (True, None)
    assert run(lambda: newer.matches(kept, "a wrong password")) == (False, None)


def test_parameters_are_those_recommended() -> None:
    hasher = Passwords()._hasher
    assert (hasher.memory_cost, hasher.time_cost, hasher.parallelism) == (64 * 1024, 3, 4)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("eleven-char", "11 characters"),
        ("x" * (LONGEST + 1), f"{LONGEST + 1} characters"),
        ("Priya.Kumar!", "is the name"),
        ("priya.kumarpriya.kumar", "is the name"),
        ("aaaaaaaaaaaaaaaa", "repeats"),
        ("abababababab", "repeats"),
    ],
)
def test_passwords_that_may_not_be_used(password: str, why: str) -> None:
    with pytest.raises(UnknownValue, match=why) as refused:
        check_new(password, "priya.kumar", None)
    assert password not in str(refused.value)


def test_passwords_that_may() -> None:
    for password in (PASSWORD, "twelve-chars", "पासवर्ड लंबा है यह", "priya.kumar buys cotton"):
        assert check_new(password, "priya.kumar") == password


def test_a_password_is_the_same_from_every_keyboard() -> None:
    kept = run(lambda: Passwords(CHEAP).hashed("caf\u00e9 au lait noir"))
    assert run(lambda: Passwords(CHEAP).matches(kept, "cafe\u0301 au lait noir")) == (True, None)
    assert composed("\uff11") == "1"
