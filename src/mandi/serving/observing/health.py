"""Whether everything the service needs answers: each dependency is asked at the same time, none for long."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mandi.core.errors import MandiError

LOG = logging.getLogger("mandi.health")
Standing = Literal["ok", "degraded", "down"]
PATIENCE_S = 2.0
WORST: Mapping[Standing, int] = {"ok": 0, "degraded": 1, "down": 2}
Check = Callable[[], "Part | None | Awaitable[Part | None]"]


@dataclass(frozen=True, slots=True)
class Part:
    """How one dependency is.

    Attributes
    ----------
    status : str
        ``degraded``: answers go on, not as they should.
    detail : str, optional
        Why, in a sentence without secrets.
    milliseconds : float, optional
        The check took.
    facts : mapping
        Plain values.
    """

    status: Standing
    detail: str | None = None
    milliseconds: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


class Health:
    """Checks by name.

    Parameters
    ----------
    checks : mapping of str to callable
        Each returns a Part or None (all is well), or raises. Those that are no coroutines run in a thread.
    needed : collection of str
        Without these the service is down; without others it is degraded.
    patience_s : float
        A check that takes longer is down.

    Examples
    --------
    >>> health = Health({"database": lambda: None, "spool": lambda: Part("degraded", "12 waiting")})
    >>> asyncio.run(health.parts())["spool"].detail
    '12 waiting'
    """

    def __init__(
        self,
        checks: Mapping[str, Check],
        needed: frozenset[str] = frozenset({"database", "state"}),
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._checks = dict(checks)
        self._needed = needed
        self._patience_s = patience_s

    async def parts(self) -> dict[str, Part]:
        """Return how every dependency is, in the order of the checks."""
        found = await asyncio.gather(*(self._asked(name, check) for name, check in self._checks.items()))
        return dict(zip(self._checks, found, strict=True))

    def standing(self, parts: Mapping[str, Part]) -> Standing:
        """Return how the service is as a whole.

        Examples
        --------
        >>> Health({}).standing({"database": Part("ok"), "desk": Part("down")})
        'degraded'
        """
        worst: Standing = "ok"
        for name, part in parts.items():
            counted = "degraded" if part.status == "down" and name not in self._needed else part.status
            worst = max(worst, counted, key=WORST.__getitem__)
        return worst

    async def _asked(self, name: str, check: Check) -> Part:
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(self._patience_s):
                told = await _called(check)
        except TimeoutError:
            return Part("down", f"no answer within {self._patience_s:g} s")
        except MandiError as error:
            return Part("down", error.message, _since(begun))
        except Exception as error:
            LOG.warning("the check of %s failed", name, exc_info=error)
            return Part("down", f"the check failed ({type(error).__name__})", _since(begun))
        part = told or Part("ok")
        return Part(part.status, part.detail, _since(begun), part.facts)


async def _called(check: Check) -> Part | None:
    if inspect.iscoroutinefunction(check):
        found: Part | None = await check()
        return found
    told = await asyncio.to_thread(check)
    return await told if inspect.isawaitable(told) else told


def _since(begun: float) -> float:
    return round((time.perf_counter() - begun) * 1000, 2)
