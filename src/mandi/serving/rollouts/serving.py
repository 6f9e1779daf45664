"""Answers rows by the champion, or by the challenger on trial; keeps what was served, and asks the other one in its shadow."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

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
Answer = Callable[[Sequence[Any]], Sequence[Any]]


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
    champion: Answer = lambda rows: getattr(desk, model)(rows, now, question.explain)  # noqa: E731
    if side == "challenger":
        try:
            challenger = _other(asked, model, "challenger", desk, now, question.explain)
            answers, cpu_ms = await run_sync(
                timed(lambda: challenger(question.rows)), limiter=house.one_at_a_time
            )
        except Exception as error:
            LOG.warning("the challenger of %s has no answer (%s)", model, type(error).__name__)
            side, failed = "champion", error
    if side == "champion":
        answers, cpu_ms = await run_sync(timed(lambda: champion(question.rows)), limiter=house.one_at_a_time)
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
        answer = _other(asked, model, other, desk, now, False)
        shadow = Shadow(served, asked.who, asked.request_id, prediction_id, other, version, answer)
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


def _other(asked: Asked, model: str, side: Side, desk: Desk, now: datetime, explain: bool) -> Answer:
    live = rollouts_of(asked.house)

    def answer(rows: Sequence[Any]) -> Sequence[Any]:
        found = desk if side == "champion" or live is None else live.desk(model)
        answers: Sequence[Any] = getattr(found, model)(rows, now, explain)
        return answers

    return answer
