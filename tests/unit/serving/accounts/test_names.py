from __future__ import annotations

import re
from typing import Any

import jsonschema_rs
import pytest

from mandi.serving.accounts.names import EMAIL, TITLE, email_address, title, user_name, zone


@pytest.mark.parametrize("name", ["priya", "प्रिया", "தமிழ்", "a.b-c_d@e+1", "žofie"])
def test_names_of_every_script(name: str) -> None:
    assert user_name(name) == name


def test_one_way_to_write_a_name() -> None:
    assert user_name("Cafe\u0301") == user_name("CAF\u00c9") == "caf\u00e9"


@pytest.mark.parametrize("name", ["a b", "a\n", "a\u200bb", "<script>", "a/b", "a\u202eb", "...", "a\x00"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(ValueError):
        user_name(name)


@pytest.mark.parametrize(
    "given", ["a", "a@b", "a@b.c", "a b@c.org", "a@b.org\n", "@b.org", "a@@b.org", "a@b.org,c@d.org"]
)
def test_what_is_no_address(given: str) -> None:
    with pytest.raises(ValueError):
        email_address(given)


def test_titles_and_zones() -> None:
    assert title("e\u0301  x") == "\u00e9 x"
    for bad in ("", " ", "a\x07b"):
        with pytest.raises(ValueError):
            title(bad)
    assert zone("UTC") == "UTC"
    for bad in ("Asia/Kolkatta", "../../etc/passwd", "/etc/localtime"):
        with pytest.raises(ValueError):
            zone(bad)
    with pytest.raises(ValueError):
        zone("localtime")  # another one on each machine


@pytest.mark.parametrize(
    ("read", "given", "length"),
    [
        (user_name, 30 * "\u0130", 60),
        (user_name, 26 * "\u0958", 52),
        (email_address, f"a@{50 * chr(0x958)}.org", 106),
        (title, 51 * "\u0958", 102),
    ],
)
def test_what_grows_when_it_is_written_one_way_is_measured_then(read: Any, given: str, length: int) -> None:
    with pytest.raises(ValueError, match=f"{length} characters once"):
        read(given)


@pytest.mark.parametrize(
    ("read", "pattern", "after"), [(title, TITLE, "b"), (email_address, EMAIL, "@b.org")]
)
def test_the_pattern_of_the_contract_says_what_is_read(read: Any, pattern: str, after: str) -> None:
    contract, here = jsonschema_rs.validator_for({"pattern": pattern}), re.compile(pattern)
    for code in (*range(0x3000), 0xE000, 0xF8FF, 0xFDD0, 0xFEFF, 0xFFFE, 0xF0000, 0x10FFFF):
        given = f"a{chr(code)}{after}"
        assert contract.is_valid(given) == (here.search(given) is not None) == takes(read, given), hex(code)


def takes(read: Any, given: str) -> bool:
    try:
        read(given)
    except ValueError:
        return False
    return True
