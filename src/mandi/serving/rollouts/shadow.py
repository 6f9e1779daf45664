"""Asks the other version what was answered already, when the models of this worker have nothing else to do."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mandi.serving.predictions.figures import digest_of
from mandi.serving.predictions.log import Served, Side, place_in, records_of, timed
from mandi.serving.rollouts.book import FAILED
from mandi.store.records.base import new_id
from mandi.store.records.predictions import Prediction

if TYPE_CHECKING:
    from mandi.serving.operations import Principal
    from mandi.serving.predictions.log import PredictionLog

LOG = logging.getLogger("mandi.serving")
ROOM = 200  # requests that may wait; who comes later is not compared
MOST_ROWS = 50  # of a request
LOOK_S = 0.002
LONGEST_WAIT_S = 5.0  # for the models to be idle; a worker that never rests is not compared while it is at it


@dataclass(frozen=True, slots=True)
class Shadow:
    """A request that was answered, and who is asked the same now."""

    served: Served
    who: Principal
    request_id: str
    prediction_id: str
    side: Side
    version: str
    answer: Callable[[Sequence[Any]], Sequence[Any]]


class Shadows:
    """A thread that answers in the shadow; nothing it does is waited for, and what it has no room for is left out.

    Parameters
    ----------
    log : PredictionLog
    busy : callable
        Whether the models answer somebody at this moment.
    """

    def __init__(self, log: PredictionLog, busy: Callable[[], bool]) -> None:
        self._log, self._busy = log, busy
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

    def close(self) -> None:
        """Stop; what waits is left out."""
        with self._changed:
            self._closing = True
            self._waiting.clear()
            self._changed.notify_all()
        self._thread.join(LONGEST_WAIT_S)

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
            if not self._idle():
                self.left_out += 1
                continue
            try:
                self._log.put(shadowed(shadow))
            except Exception:  # the thread goes on
                LOG.exception("an answer in the shadow could not be kept")

    def _idle(self) -> bool:
        end = time.monotonic() + LONGEST_WAIT_S
        while self._busy():
            if time.monotonic() > end or self._closing:
                return False
            time.sleep(LOOK_S)
        return True


def shadowed(shadow: Shadow) -> list[Prediction]:
    """Return the records of answers that nobody sees; of a challenger that has none, the record that it failed.

    Parameters
    ----------
    shadow : Shadow
    """
    rows = list(shadow.served.rows[:MOST_ROWS])
    begun = time.perf_counter()
    try:
        answers, cpu_ms = timed(lambda: shadow.answer(rows))()
        latency_ms = 1000 * (time.perf_counter() - begun)
        beside = replace(
            shadow.served, rows=rows, answers=answers, latency_ms=latency_ms, cpu_ms=cpu_ms, side=shadow.side
        )
        found = records_of(beside, shadow.who, shadow.request_id, new_id(), shadow_of=shadow.prediction_id)
    except Exception as error:
        LOG.warning("%s v%s has no answer (%s)", shadow.served.model, shadow.version, type(error).__name__)
        return [failure(shadow, error)] if shadow.side == "challenger" else []
    return found


def failure(shadow: Shadow, error: Exception) -> Prediction:
    """Return the record of a challenger's failure."""
    served, who = shadow.served, shadow.who
    return Prediction(
        id=new_id(), request_id=shadow.request_id, organization_id=who.organization_id, user_pseudonym=who.pseudonym,
        model=served.model, model_version=shadow.version, side="challenger", role="shadow",
        inputs_digest=digest_of(who.organization_id, served.rows[0]), subject="", figure=None,
        answer={FAILED: type(error).__name__}, rows=len(served.rows), latency_ms=0.0, cpu_ms=0.0, due_at=served.at,
        created_at=served.at, pair_id=place_in(shadow.prediction_id, 0, served.many), rollout_id=served.rollout_id,
        timed=True,
    )  # fmt: skip
