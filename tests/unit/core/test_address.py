"""Addresses and keys are refused when the provider is made, and the error does not repeat them."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from mandi.core.address import checked_key, checked_url, is_private
from mandi.core.errors import ConfigError


@pytest.mark.parametrize(
    "url",
    ["https://api.example.com/v1", "http://127.0.0.1:8000/v1", "http://[::1]:8000/v1", "http://10.1.2.3/v1", "http://vllm:8000/v1",
     "http://models.internal/v1"],
)  # fmt: skip
def test_a_key_may_go_there(url: str) -> None:
    assert checked_url(url, "p", has_key=True) == url


@pytest.mark.parametrize(
    "url", ["http://api.example.com/v1", "http://8.8.8.8/v1", "http://169.254.1.1.example.com/v1"]
)
def test_a_key_does_not_travel_in_the_open(url: str) -> None:
    with pytest.raises(ConfigError, match="plain http"):
        checked_url(url, "p", has_key=True)
    assert checked_url(url, "p", has_key=False) == url


@pytest.mark.parametrize(
    "url",
    ["ftp://host/v1", "file:///etc/passwd", "api.example.com/v1", "https://", "https://user:hidden@host/v1", "https://host/v1?k=hidden",
     "https://host/v1#hidden", "https://host:port/hidden", "https://[::1/hidden", ""],
)  # fmt: skip
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        checked_url(url, "p", has_key=False)
    assert "hidden" not in str(refused.value)


def test_a_path_is_added_only_where_there_is_none() -> None:
    assert checked_url("http://localhost:11434", "p", False, "/v1") == "http://localhost:11434/v1"
    assert checked_url("http://localhost:8000/api/", "p", False, "/v1") == "http://localhost:8000/api"


def test_private() -> None:
    assert not is_private("169.254.169.254.nip.io")
    assert is_private("localhost")


@pytest.mark.parametrize("value", ["two words", "line\nbreak", "ключ", "tab\there"])
def test_a_key_that_no_header_carries(value: str) -> None:
    with pytest.raises(ConfigError) as refused:
        checked_key(SecretStr(value), "p")
    assert value not in str(refused.value)


def test_an_empty_key_is_none() -> None:
    assert checked_key(SecretStr(""), "p") is None
    assert checked_key(None, "p") is None
