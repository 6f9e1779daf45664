"""Answers rows by the champion, or by the challenger on trial; keeps what was served, and asks the other one in its shadow."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from anyio import WouldBlock
from anyio.to_thread import run_sync

from mandi.serving.api.rooms import predictions_of, rollouts_of
from mandi.serving.predictions.figures import digest_of
from mandi.serving.predictions.log import Served, Side, timed
from mandi.serving.rollouts.live import falls_to
from mandi.serving.rollouts.shadow import Shadow, failure

if TYPE_CHECKING:
    from mandi.serving.desk import Desk
    from mandi.serving.operations import Asked
    from mandi.serving.reading import Asked as Question
    from mandi.serving.rollouts.book import Rollout

LOG = logging.getLogger("mandi.serving")


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Who answers a question, and whether the other one is asked as well."""

    rollout: Rollout | None = None
    side: Side = "champion"
    shadowed: bool = False


async def answered(
    asked: Asked, desk: Desk, model: str, question: Question
) -> tuple[Sequence[Any], str | None]:
    """Return answers to rows, and the id they are kept under; None where they are not kept.

    Parameters
    ----------
    asked : Asked
    desk : Desk
        Of the champions.
    model : str
    question : Question

    Raises
    ------
    BadRow, StaleSnapshot
        The champion cannot answer. That the challenger cannot, nobody is told: the champion answers.
    """
    house, now, log = asked.house, asked.house.now(), predictions_of(asked.house)
    chosen = _Chosen() if log is None else _chosen(asked, model, question)
    begun, side, failed = time.perf_counter(), chosen.side, None
    if side == "challenger" and (live := rollouts_of(house)) is not None:
        try:
            challengers = live.desk(model)
            answers, cpu_ms = await _timed(asked, challengers, model, question, now)
        except Exception as error:
            LOG.warning("the challenger of %s has no answer (%s)", model, type(error).__name__)
            side, failed = "champion", type(error).__name__
    if side == "champion":
        answers, cpu_ms = await _timed(asked, desk, model, question, now)
    if log is None:
        return answers, None
    latency_ms = 1000 * (time.perf_counter() - begun)
    rollout = chosen.rollout
    served = Served(
        model, question.rows, answers, latency_ms, cpu_ms, now, question.many, side,
        None if rollout is None else rollout.id,
    )  # fmt: skip
    prediction_id = await log.keep(served, asked.who, asked.request_id)
    if rollout is not None and prediction_id is not None and (chosen.shadowed or failed is not None):
        other: Side = "challenger" if side == "champion" else "champion"
        version = rollout.challenger_version if other == "challenger" else rollout.champion_version
        shadow = Shadow(served, asked.who, asked.request_id, prediction_id, other, version)
        if failed is not None:
            record = failure(shadow, failed)
            await run_sync(lambda: log.put([record]))
        elif (live := rollouts_of(house)) is not None:
            live.shadows.offer(shadow)
    return answers, prediction_id


def _chosen(asked: Asked, model: str, question: Question) -> _Chosen:
    live = rollouts_of(asked.house)
    rollout = None if live is None else live.of(model)
    if rollout is None:
        return _Chosen()
    digest = digest_of(asked.who.organization_id, question.rows[0])
    challenged = falls_to(rollout.id, "share", digest) < rollout.trial.share
    shadowed = falls_to(rollout.id, "shadow", digest) < rollout.rules.shadow_share
    return _Chosen(rollout, "challenger" if challenged else "champion", shadowed)


async def _timed(
    asked: Asked, desk: Desk, model: str, question: Question, now: datetime
) -> tuple[Sequence[Any], float]:
    answer = getattr(desk, model)
    work, turn = timed(lambda: answer(question.rows, now, question.explain)), asked.house.one_at_a_time
    quick = getattr(desk.counters.get(model), "quick_rows", 0)
    if not question.explain and len(question.rows) <= quick:
        try:
            turn.acquire_nowait()
        except WouldBlock:
            pass  # somebody is being answered by a thread: one after the other
        else:
            try:
                return work()
            finally:
                turn.release()
    return await run_sync(work, limiter=turn)
