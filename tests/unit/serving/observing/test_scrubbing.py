"""What must not be in a log is not, and what is worth having stays."""

from __future__ import annotations

import time

import pytest

from mandi.serving.observing.scrubbing import Scrubber

PLANTED = [
    "sk-proj-4f9KqLm20xTz8aBcDeFg", "sk-ant-api03-AbC9-xYz_0123456789", "mk_" + "Ab3_" * 10 + "xyz",
    "AIzaSyA1234567890abcdefghijklmnopqrstuv", "AKIAIOSFODNN7EXAMPLE", "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r", "xoxb-123456789012-abcdef",
    "asha.patel+trade@example.co.in", "+91 98200 12345", "9820012345", "+91-9820012345", "+1 (415) 555-0132",
    "aB3" * 15,
]  # fmt: skip


@pytest.mark.parametrize("secret", PLANTED)
@pytest.mark.parametrize(
    "line", ["{}", "key={} refused", '{{"a": "{}"}}', "GET /x?key={}&n=1", "told ({}), again", "a\n{}\nb"]
)
def test_planted(secret: str, line: str) -> None:
    assert secret not in Scrubber()(line.format(secret))


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("Authorization: Bearer abc.def-ghi", "abc.def-ghi"),
        ("authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ('{"password": "two words", "n": 1}', "two words"),
        ("password=hunter2, user=me", "hunter2"),
        ("OPENAI_API_KEY=abc123", "abc123"),
        ("x-api-key: abc123", "abc123"),
        ("client_secret='abc 123'", "abc 123"),
        ("refresh_token: abc123", "abc123"),
        ("postgresql://me:hunter2@db.local/mandi", "hunter2"),
        ("redis://:hunter2@h:6379/0", "hunter2"),
        ("https://h/x?token=abc123&a=1", "abc123"),
        ("[SQL: INSERT ...]\n[parameters: ('buy my cotton', 3)]\n(Background on this error)", "cotton"),
        ("a\n  input_value={'terms': 'my cotton'}, input_type=dict", "cotton"),
    ],
)
def test_planted_beside_its_name(line: str, secret: str) -> None:
    assert secret not in Scrubber()(line)


@pytest.mark.parametrize(
    "line",
    [
        "request 0f3a9c1b2d4e5f60718293a4b5c6d7e8 took 12.5 ms",
        "price 4,512.50 INR/quintal, 98200 quintals, 2024-12-31T18:30:00Z",
        "prompt_tokens: 1200, total_tokens=1500",
        "the history of cotton in Rajkot ends on 2024-05-31",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "POST /api/v1/price/predict 200",
        "1735689600 seconds",
        "कपास का भाव 7,200",
    ],
)
def test_what_is_worth_having_stays(line: str) -> None:
    assert Scrubber()(line) == line


@pytest.mark.parametrize(
    "planted",
    [
        "ABCPD1234Z",
        "2341 2341 2346",
        "27AAPFU0939F1ZV",
        "HDFC0001234",
        "asha@okicici",
        "WKH1186253",
        "4111 1111 1111 1111",
        "0731-2512345",
    ],
)
def test_checked_numbers_of_people_and_firms(planted: str) -> None:
    assert Scrubber()(f"refused {planted} of lot L004512 at 7200") == "refused *** of lot L004512 at 7200"


def test_a_number_that_fails_its_check_is_no_secret() -> None:
    line = "refused 27AAPFU0939F1ZW and 2341 2341 2347"
    assert Scrubber()(line) == line


def test_the_services_own_secrets_are_taken_out_wherever_they_stand() -> None:
    scrub = Scrubber(["swordfish", "no", "correct horse.*"])
    assert scrub("xswordfishx and correct horse.* and no") == "x***x and *** and no"


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "a@" * 50_000, "Ab1-" * 25_000, "+1 " * 30_000, "password" * 10_000]
)
def test_no_text_takes_long(text: str) -> None:
    begun = time.process_time()
    Scrubber(["swordfish"])(text)
    assert time.process_time() - begun < 2.0
