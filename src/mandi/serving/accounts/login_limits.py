"""How often a password may be tried: after some failures each next try waits longer, up to minutes, never for ever."""

from __future__ import annotations

import hashlib
import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic_core import from_json, to_json

if TYPE_CHECKING:
    from mandi.store.async_state import AsyncState
    from mandi.store.shared_state import Document

LONGEST_WAIT_S = 300.0
FORGOTTEN_S = 3600.0


@dataclass(frozen=True, slots=True)
class Patience:
    """Failures that cost nothing, for one thing that is counted.

    A name from one address has five. A name alone has more, so that a stranger who keeps failing cannot shut its owner
    out from elsewhere; an address has more, because an office shares one.
    """

    pair: int = 5
    address: int = 20
    name: int = 50


class LoginLimits:
    """Counts tries in the shared state, so that all workers count together; names and addresses are kept as digests.

    A try counts as failed when it begins and is forgiven when it was right, so that many at once are not more than many in turn.

    Parameters
    ----------
    state : AsyncState
    clock : callable
        Seconds since 1970.
    patience : Patience
    """

    def __init__(
        self, state: AsyncState, clock: Callable[[], float] = time.time, patience: Patience | None = None
    ) -> None:
        self._state = state
        self._clock = clock
        self._patience = patience or Patience()

    async def begin(self, name: str, address: str) -> float:
        """Count a try, and return how long to wait when it may not be made now.

        Parameters
        ----------
        name, address : str

        Returns
        -------
        float
            Seconds; 0 lets it be made. A try that has to wait is not counted.
        """
        now, counted = self._clock(), self._counted(name, address)
        for (
            key,
            free,
        ) in counted:  # looked at first: whoever has to wait writes nothing, however many names are tried
            failures, last = _read(await self._state.read(key))
            wait = _left(failures, last, now, free)
            if wait > 0:
                return wait
        for key, free in counted:
            wait = await self._state.update(key, _tried(now, free), ttl_s=FORGOTTEN_S)
            if wait > 0:
                return wait
        return 0.0

    async def forgive(self, name: str, address: str) -> None:
        """Take back what ``begin`` counted: the password was right."""
        pair, *shared = self._counted(name, address)
        await self._state.remove(pair[0])
        for key, _ in shared:
            await self._state.update(key, _forgiven, ttl_s=FORGOTTEN_S)

    def _counted(self, name: str, address: str) -> list[tuple[str, int]]:
        place = _network(address)
        return [
            (f"login:pair:{_short(f'{name} {place}')}", self._patience.pair),
            (f"login:address:{_short(place)}", self._patience.address),
            (f"login:name:{_short(name)}", self._patience.name),
        ]


def wait_after(failures: int, free: int) -> float:
    """Return the seconds to wait after so many failures.

    Examples
    --------
    >>> [wait_after(n, 5) for n in (4, 5, 6, 7, 40)]
    [0.0, 1.0, 2.0, 4.0, 300.0]
    """
    return 0.0 if failures < free else min(2.0 ** min(failures - free, 16), LONGEST_WAIT_S)


def _tried(now: float, free: int) -> Callable[[Document | None], tuple[Document | None, float]]:
    def change(kept: Document | None) -> tuple[Document | None, float]:
        failures, last = _read(kept)
        wait = _left(failures, last, now, free)
        if wait > 0:
            return kept, wait
        return to_json([failures + 1, now]), 0.0

    return change


def _left(failures: int, last: float, now: float, free: int) -> float:
    wait = last + wait_after(failures, free) - now
    return wait if failures and 0 < wait <= LONGEST_WAIT_S else 0.0


def _forgiven(kept: Document | None) -> tuple[Document | None, None]:
    failures, last = _read(kept)
    return (to_json([failures - 1, last]) if failures > 1 else None), None


def _read(kept: Document | None) -> tuple[int, float]:
    if kept is None:
        return 0, 0.0
    failures, last = from_json(kept)
    return int(failures), float(last)


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6:  # a household has a whole /64
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
