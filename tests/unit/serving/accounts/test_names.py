from __future__ import annotations

import pytest

from mandi.serving.accounts.names import email_address, title, user_name, zone


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
