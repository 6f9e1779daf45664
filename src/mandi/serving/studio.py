"""The whole service inside a notebook: real routes, gateway, records and champions; only vendors and time are played."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from mandi.core.errors import MandiError
from mandi.serving.asgi_client import AsgiClient, Reply

if TYPE_CHECKING:
    from mandi.llm.provider import Provider
    from mandi.serving.opening import Opened

ANALYSE = "/ai/analyze-deal"
CONFIG = "/admin/ai-config"
CONVERSATIONS = "/api/v1/ai/conversations"
PLAYED: dict[str, Any] = {
    "ai_mode": "mock",
    "enable_performance_monitoring": False,  # its figures are the process's, and a notebook may open a second studio
    "alert_on_ai_failures": False,
    "retry_attempts": 2,
    "retry_min_seconds": 0.0,
    "retry_max_seconds": 0.02,
    "breaker_failures": 5,
    "breaker_open_seconds": 60.0,
    "tiers": {"free": {"calls_per_hour": 3}},
}
"""Settings of a studio where they differ from those of a service: short pauses, and a tier that is soon used up."""


class Clock:
    """The time of day, and as much later as it was put forward.

    Examples
    --------
    >>> clock = Clock()
    >>> before = clock()
    >>> clock.forward(60.0)
    >>> 60.0 <= clock() - before < 61.0
    True
    """

    def __init__(self) -> None:
        self._ahead_s = 0.0

    def __call__(self) -> float:
        """Return seconds since the epoch."""
        return time.time() + self._ahead_s

    def forward(self, seconds: float) -> None:
        """Let time pass at once."""
        self._ahead_s += seconds


class Studio:
    """A service that is open, and its operator's client.

    Use it as ``async with Studio(...)``, or ``await studio.open()`` in one cell of a notebook and ``await studio.close()``
    in its last.

    Parameters
    ----------
    folder : Path
        Service folder with the champions; without one, deals are analysed without figures.
    vendors : sequence of Provider
        Who stands where vendors stand, for example ``ScriptedVendor``; the analyst is always there.
    settings : mapping, optional
        Fields of ``Settings`` by name, beside ``PLAYED``. The environment is not read: no key of a real vendor is used.

    Attributes
    ----------
    clock : Clock
        Of breakers, quotas, cache and records.
    """

    def __init__(
        self, folder: Path, vendors: Sequence[Provider] = (), settings: Mapping[str, Any] | None = None
    ) -> None:
        self.clock = Clock()
        self._folder = folder
        self._vendors = tuple(vendors)
        self._settings = {**PLAYED, **(settings or {})}
        self._place: TemporaryDirectory[str] | None = None
        self._opened: Opened | None = None
        self._client: AsgiClient | None = None
        self._app: Any = None
        self._dearer = 0.0

    async def open(self) -> Self:
        """Open the service on an empty database of its own.

        Raises
        ------
        MandiError
            The settings cannot be used.
        """
        from datetime import UTC, datetime

        from pydantic import SecretStr

        from mandi.serving.accounts.secrets import new_secret
        from mandi.serving.accounts.wall import Wall
        from mandi.serving.house import ClosedGate, House
        from mandi.serving.opening import furnish
        from mandi.serving.routes import all_operations, routes_app
        from mandi.serving.service_operations import service_operations
        from mandi.serving.settings import Settings

        key = new_secret("key")
        self._place = TemporaryDirectory(prefix="mandi-studio-")
        settings = Settings.model_construct(
            **{**self._settings, "data_folder": Path(self._place.name), "bootstrap_key": SecretStr(key)}
        )
        house = House(gate=ClosedGate(), now=lambda: datetime.fromtimestamp(self.clock(), UTC))
        try:
            self._opened = furnish(house, settings, self._folder, vendors=self._vendors, clock=self.clock)
        except BaseException:
            self._place.cleanup()
            raise
        operations = service_operations()
        self._app = Wall(routes_app(house, operations), house, all_operations(operations))
        self._client = AsgiClient(self._app, key)
        self._opened.start()
        return self

    async def close(self) -> None:
        """Close the service and remove its database."""
        opened, self._opened, self._client = self._opened, None, None
        if opened is not None:
            await opened.close()
        if self._place is not None:
            self._place.cleanup()

    async def __aenter__(self) -> Self:
        """Open."""
        return await self.open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        await self.close()

    @property
    def client(self) -> AsgiClient:
        """The operator's client.

        Raises
        ------
        MandiError
            The studio is not open.
        """
        if self._client is None:
            raise MandiError("this studio is not open", next_command="await studio.open()")
        return self._client

    async def analyse(self, deal: Mapping[str, Any], mode: str | None = None, **changed: Any) -> Reply:
        """Have a deal analysed, in a mode of its own if one is named; fields that are named are changed first."""
        return await self.client.ask("POST", ANALYSE, {**deal, **changed, **({"mode": mode} if mode else {})})

    async def switch(self, mode: str) -> Reply:
        """Switch the live mode."""
        return await self.client.ask("POST", "/admin/switch-ai-mode", {"new_mode": mode})

    async def breaker(self, provider: str) -> str:
        """Return where the breaker of a provider stands: closed, open or half_open."""
        config = await self.client.ask("GET", CONFIG)
        (found,) = [p["breaker"] for p in config.said["providers"] if p["name"] == provider]
        return str(found)

    async def tell_of(
        self, deal: Mapping[str, Any], provider: str, calls: int, step: float = 1.0
    ) -> list[dict[str, Any]]:
        """Have a deal analysed several times, a little dearer each time so that no answer is kept, and tell how each went.

        Parameters
        ----------
        deal : mapping
        provider : str
            Whose breaker is looked at before each call.
        calls : int
        step : float
            Added to the price from call to call, and from one use of this method to the next.

        Returns
        -------
        list of dict
            ``account`` of each reply, with the second of the studio's clock and the breaker as the call found it.
        """
        told = []
        for _ in range(calls):
            self._dearer += step
            found = {"at": self.clock(), "breaker": await self.breaker(provider)}
            told.append({**found, **account(await self.analyse(deal, price=deal["price"] + self._dearer))})
        return told

    async def guest(self, organization: str, tier: str = "free") -> AsgiClient:
        """Return the client of a new organisation's administrator, who logs in with a password.

        Parameters
        ----------
        organization : str
        tier : str
            Decides what the organisation may use.
        """
        from mandi.serving.accounts.secrets import new_secret

        username, password = organization.lower().replace(" ", "-"), new_secret("access")
        await self.client.ask(
            "POST", "/api/v1/organizations",
            {"name": organization, "tier": tier, "administrator": username, "password": password},
        )  # fmt: skip
        login = await self.client.ask(
            "POST", "/api/v1/auth/login", {"username": username, "password": password}
        )
        return AsgiClient(self._app, login.said["access_token"])

    async def talk(self, message: str, **conversation: Any) -> list[dict[str, Any]]:
        """Begin a conversation, ask, and return the events of the streamed answer with their milliseconds.

        Parameters
        ----------
        message : str
        **conversation
            ``assistant_type``, ``language``, ``title``.
        """
        begun = await self.client.ask("POST", CONVERSATIONS, conversation)
        path = f"{CONVERSATIONS}/{begun.said['conversation_id']}/chat/stream"
        return [{"ms": ms, **event} async for ms, event in self.client.events(path, {"message": message})]

    async def written(self) -> None:
        """Wait until the records of all calls are in the database."""
        import asyncio

        if self._opened is not None and self._opened.spool is not None:
            await asyncio.to_thread(self._opened.spool.flush)


def account(reply: Reply) -> dict[str, Any]:
    """Return who answered and how, in one row of a table.

    Parameters
    ----------
    reply : Reply
        Of an analysis of a deal, or its refusal.

    Examples
    --------
    >>> account(Reply(429, {"retry-after": "1200"}, {"error": "calls_per_hour: 3 used, 1 wanted"}, 2.0))["why"]
    'calls_per_hour: 3 used, 1 wanted'
    """
    said = reply.said
    return {
        "status": reply.status,
        "asked in mode": said.get("requested_mode"),
        "answered in mode": said.get("effective_mode"),
        "by": said.get("provider"),
        "fallback": said.get("fallback"),
        "cache": said.get("cache"),
        "USD": said.get("cost_usd"),
        "ms": reply.ms,
        "why": said.get("fallback_reason") or said.get("route_reason") or said.get("error"),
    }
