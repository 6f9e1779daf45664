"""The webhook: signed, tried again within bounds, never inside the network unless allowed."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr
from pydantic_core import from_json

from mandi.core.errors import ConfigError
from mandi.serving.observing.webhook import (
    MOMENT,
    SIGNATURE,
    TRIES,
    InsideAddress,
    NotTaken,
    Webhook,
    is_inside,
    signature,
)

ALERT = {"kind": "slow", "message": "late"}
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def against(
    statuses: list[int], **options: Any
) -> tuple[list[tuple[dict[str, str], bytes]], list[float], Any]:
    """Post one alert to a receiver that answers so; return what it got, the pauses, and how it ended."""
    got: list[tuple[dict[str, str], bytes]] = []
    pauses: list[float] = []

    async def receive(request: web.Request) -> web.StreamResponse:
        got.append((dict(request.headers), await request.read()))
        status = statuses[min(len(got), len(statuses)) - 1]
        return web.Response(status=status, headers={"location": "/elsewhere"} if status == 302 else {})

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    async def run() -> Any:
        application = web.Application()
        application.router.add_post("/hook", receive)
        application.router.add_route("*", "/elsewhere", receive)
        runner = web.AppRunner(application)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        hook = Webhook(SecretStr(f"http://127.0.0.1:{port}/hook"), private=True, sleep=pause, **options)
        try:
            await hook(ALERT)
            return None
        except Exception as error:
            return error
        finally:
            await hook.close()
            await runner.cleanup()

    return got, pauses, asyncio.run(run())


def test_it_is_signed() -> None:
    secret = SecretStr("swordfish")
    got, pauses, ended = against([200], secret=secret, clock=lambda: 1_700_000_000.9)
    assert ended is None
    ((headers, body),) = got
    by_name = {name.lower(): value for name, value in headers.items()}
    assert by_name[MOMENT] == "1700000000"
    assert by_name[SIGNATURE] == signature(secret, "1700000000", body)
    assert signature(SecretStr("other"), "1700000000", body) != by_name[SIGNATURE]
    assert from_json(body) == ALERT
    assert pauses == []


def test_without_a_secret_nothing_is_signed() -> None:
    got, _, _ = against([204])
    assert SIGNATURE not in {name.lower() for name in got[0][0]}


def test_it_is_tried_again_within_bounds() -> None:
    got, pauses, ended = against([500, 503, 200])
    assert (len(got), pauses, ended) == (3, [1.0, 4.0], None)
    got, _, ended = against([500])
    assert len(got) == TRIES
    assert isinstance(ended, NotTaken)


def test_redirects_are_not_followed() -> None:
    got, _, ended = against([302])
    assert len(got) == TRIES
    assert isinstance(ended, NotTaken)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x",
        "http://[::1]/x",
        "https://10.0.0.8/x",
        "http://169.254.169.254/latest",
        "http://localhost/x",
    ],
)
def test_an_address_inside_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="address of this network"):
        Webhook(SecretStr(url))
    Webhook(SecretStr(url), private=True)


@pytest.mark.parametrize("url", ["ftp://h/hunter2", "file:///hunter2", "https:///hunter2", "hunter2"])
def test_only_web_addresses(url: str) -> None:
    with pytest.raises(ConfigError) as told:
        Webhook(SecretStr(url))
    assert "hunter2" not in str(told.value)


@pytest.mark.parametrize("host", ["10.1.2.3", "127.0.0.1"])
def test_a_name_that_leads_inside_is_refused_when_it_is_resolved(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, 80))]
    )

    async def run() -> None:
        hook = Webhook(SecretStr("http://alerts.example.com/key-in-path"))
        try:
            await hook(ALERT)
        finally:
            await hook.close()

    with pytest.raises(InsideAddress) as told:
        asyncio.run(run())
    assert "key-in-path" not in str(told.value)


@pytest.mark.parametrize(
    "address", ["0.0.0.0", "100.64.0.1", "192.168.1.1", "fe80::1%eth0", "fd00::1", "224.0.0.1"]
)
def test_inside(address: str) -> None:
    assert is_inside(address)


def test_the_address_is_not_shown() -> None:
    assert "hunter2" not in repr(Webhook(SecretStr("https://example.com/hunter2"), SecretStr("hunter2")))
