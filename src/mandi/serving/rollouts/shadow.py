"""Asks the other version what was answered already; nobody waits for it."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mandi.serving.predictions.figures import digest_of
from mandi.serving.predictions.log import Served, Side, place_in, rows_of
from mandi.serving.rollouts.beside import Asker, NoAnswer, Unheard
from mandi.serving.rollouts.book import FAILED
from mandi.store.records.base import new_id
from mandi.store.records.predictions import Prediction
from mandi.store.rows import Row, row_of

if TYPE_CHECKING:
    from mandi.serving.operations import Principal
    from mandi.serving.predictions.log import PredictionLog

LOG = logging.getLogger("mandi.serving")
ROOM = 200  # requests that may wait; who comes later is not compared
MOST_ROWS = 50  # of a request


@dataclass(frozen=True, slots=True)
class Shadow:
    """A request that was answered, and which version is asked the same now."""

    served: Served
    who: Principal
    request_id: str
    prediction_id: str
    side: Side
    version: str


class Shadows:
    """A thread that has requests answered in the shadow; what it has no room for is left out, and counted.

    Parameters
    ----------
    log : PredictionLog
    asker : Asker
        Whoever answers.
    """

    def __init__(self, log: PredictionLog, asker: Asker) -> None:
        self._log, self._asker = log, asker
        self._waiting: deque[Shadow] = deque()
        self._changed = threading.Condition()
        self._in_hand = False
        self._closing = False
        self.left_out = 0
        self._thread = threading.Thread(target=self._work, name="mandi-shadow", daemon=True)
        self._thread.start()

    def offer(self, shadow: Shadow) -> None:
        """Take a request, if there is room."""
        with self._changed:
            if len(self._waiting) >= ROOM or self._closing:
                self.left_out += 1
                return
            self._waiting.append(shadow)
            self._changed.notify_all()

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Wait until all that was taken is answered, and return whether it is."""
        end = time.monotonic() + timeout_s
        with self._changed:
            while (self._waiting or self._in_hand) and self._thread.is_alive():
                if not self._changed.wait(max(0.0, end - time.monotonic())):
                    return False
            return True

    def rest(self) -> None:
        """Let go of the versions that were opened: no trial is under way."""
        with self._changed:
            self._waiting.clear()
        self._asker.close()

    def close(self, timeout_s: float = 5.0) -> None:
        """Stop; what waits is left out."""
        with self._changed:
            self._closing = True
            self._waiting.clear()
            self._changed.notify_all()
        self._asker.close()
        self._thread.join(timeout_s)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._in_hand = False
                self._changed.notify_all()
                while not self._waiting and not self._closing:
                    self._changed.wait()
                if self._closing:
                    return
                shadow = self._waiting.popleft()
                self._in_hand = True
            try:
                self._log.put(shadowed(shadow, self._asker))
            except Unheard as error:
                self.left_out += 1
                if not self._closing:
                    LOG.warning("%s", error.message)
            except Exception:  # the thread goes on
                LOG.exception("an answer in the shadow could not be kept")


def shadowed(shadow: Shadow, asker: Asker) -> list[Row]:
    """Return the rows of answers that nobody sees; of a challenger that has none, the row that it failed.

    Parameters
    ----------
    shadow : Shadow
    asker : Asker

    Raises
    ------
    Unheard
        Nobody could be asked.
    """
    served, rows = shadow.served, list(shadow.served.rows[:MOST_ROWS])
    begun = time.perf_counter()
    try:
        beside = asker.ask(served.model, shadow.side, rows, served.at)
    except NoAnswer as error:
        LOG.warning("%s v%s has no answer (%s)", served.model, shadow.version, error)
        return [failure(shadow, str(error))] if shadow.side == "challenger" else []
    kept = replace(
        served, rows=rows, answers=beside.answers, latency_ms=1000 * (time.perf_counter() - begun),
        cpu_ms=beside.cpu_ms, side=shadow.side,
    )  # fmt: skip
    found = rows_of(kept, shadow.who, shadow.request_id, new_id(), shadow_of=shadow.prediction_id)
    return [{**row, "beside_ms": beside.other_ms} for row in found]


def failure(shadow: Shadow, kind: str) -> Row:
    """Return the row of a challenger's failure; ``kind`` is the kind of error."""
    served, who = shadow.served, shadow.who
    record = Prediction(
        id=new_id(), request_id=shadow.request_id, organization_id=who.organization_id, user_pseudonym=who.pseudonym,
        model=served.model, model_version=shadow.version, side="challenger", role="shadow",
        inputs_digest=digest_of(who.organization_id, served.rows[0]), subject="", figure=None,
        answer={FAILED: kind}, rows=len(served.rows), latency_ms=0.0, cpu_ms=0.0, due_at=served.at,
        created_at=served.at, pair_id=place_in(shadow.prediction_id, 0, served.many), rollout_id=served.rollout_id,
        timed=True,
    )  # fmt: skip
    return row_of(record)
