"""Rollouts as one worker knows them: read every second, asked at every question, fed now and then with what came to be known."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mandi.core.errors import MandiError
from mandi.serving.desk import Desk
from mandi.serving.rollouts.book import Rollout, judge, rollouts
from mandi.serving.rollouts.challengers import packaged_versions
from mandi.serving.warming import warm

if TYPE_CHECKING:
    from mandi.serving.rollouts.shadow import Shadows
    from mandi.store.database import Database

LOG = logging.getLogger("mandi.serving")
HEARD_EVERY_S = 1.0
JUDGED_EVERY = 10  # times that it was heard


def falls_to(rollout_id: str, purpose: str, digest: str) -> float:
    """Return where in [0, 1) a question falls: the same each time, so that a share that grows keeps whom it had.

    Parameters
    ----------
    rollout_id, purpose : str
        Questions fall elsewhere in another trial and for another purpose.
    digest : str
        Of the question.

    Examples
    --------
    >>> 0 <= falls_to("r", "share", "d") < 1, falls_to("r", "share", "d") == falls_to("r", "shadow", "d")
    (True, False)
    """
    found = hashlib.sha256(f"{rollout_id} {purpose} {digest}".encode()).digest()
    return int.from_bytes(found[:6]) / float(1 << 48)


class Rollouts:
    """What a worker asks at every question: is a challenger on trial, and does it answer this one?

    A challenger is loaded when its trial begins and let go when it ends: until then it takes no memory.

    Parameters
    ----------
    database : Database
    folder : Path
        Where the challengers are packaged; a trial of another version is none here.
    champions : mapping of str to str
        Versions that are served, by model.
    shadows : Shadows
    now : callable
        The moment, aware.
    """

    def __init__(
        self,
        database: Database,
        folder: Path,
        champions: Mapping[str, str],
        shadows: Shadows,
        now: Callable[[], datetime],
    ) -> None:
        self._database, self._folder, self._now = database, folder, now
        self._champions = dict(champions)
        self.versions = packaged_versions(folder)
        self.shadows = shadows
        self._active: dict[str, Rollout] = {}
        self._desks: dict[str, Desk] = {}
        self._unusable: set[str] = set()
        self._asked = False
        self._task: asyncio.Task[None] | None = None

    def of(self, model: str) -> Rollout | None:
        """Return the rollout of a model that is under way here."""
        return self._active.get(model)

    def desk(self, model: str) -> Desk:
        """Return the desk of a challenger that is on trial here."""
        return self._desks[model]

    def start(self) -> None:
        """Begin to listen, in the running loop."""
        self._task = asyncio.get_running_loop().create_task(self._listen(), name="mandi-rollouts")

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        await asyncio.to_thread(self.shadows.close)

    async def hear(self) -> None:
        """Read how all rollouts stand, and open the challengers that are on trial."""
        found = await self._database.aread(rollouts)
        active = {model: one for model, one in found.items() if one.active and self._is_here(one)}
        for model, one in active.items():
            if model not in self._desks and one.id not in self._unusable:
                await self._open(model, one.id)
        self._active = {model: one for model, one in active.items() if model in self._desks}
        self._desks = {model: desk for model, desk in self._desks.items() if model in self._active}
        if self._asked and not self._active:  # the last trial is over
            await asyncio.to_thread(self.shadows.rest)
        self._asked = bool(self._active)

    async def judge(self) -> None:
        """Feed the rollouts of this worker with what came to be known, and believe what follows at once."""
        for model, before in list(self._active.items()):
            now = await self._database.awrite(lambda session, model=model: judge(session, model, self._now()))  # type: ignore[misc]
            if now is not None and (now.trial.status, now.trial.share) != (
                before.trial.status,
                before.trial.share,
            ):
                _say(now)
        await self.hear()

    def _is_here(self, one: Rollout) -> bool:
        here = self.versions.get(one.model), self._champions.get(one.model)
        return here == (one.challenger_version, one.champion_version)

    async def _open(self, model: str, rollout_id: str) -> None:
        try:
            self._desks[model] = await asyncio.to_thread(self._opened, model)
        except Exception:  # the champion is served without; it is not tried again with every beat
            self._unusable.add(rollout_id)
            LOG.exception("the challenger of %s cannot be opened, so nothing is compared here", model)

    def _opened(self, model: str) -> Desk:
        return warm(Desk.open(self._folder, model), self._now())

    async def _listen(self) -> None:
        beat = 0
        while True:
            try:
                beat += 1
                await (self.judge() if beat % JUDGED_EVERY == 0 and self._active else self.hear())
            except MandiError as error:
                LOG.warning("how rollouts stand could not be read: %s", error.message)
            except Exception:
                LOG.exception("how rollouts stand could not be read")
            await asyncio.sleep(HEARD_EVERY_S)


def _say(rollout: Rollout) -> None:
    trial = rollout.trial
    LOG.log(
        logging.WARNING if trial.over else logging.INFO,
        "the challenger %s v%s is %s and answers %.0f %% of the questions%s",
        rollout.model,
        rollout.challenger_version,
        trial.status,
        100 * trial.share,
        f": {trial.reason}" if trial.reason else "",
    )
