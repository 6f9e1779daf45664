"""Keeps every prediction that is served: on the local disk before it is answered, in the database a moment later."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from anyio.to_thread import run_sync

from mandi.serving.predictions.figures import digest_of, kept_of, subject_of
from mandi.serving.predictions.packs import packed
from mandi.store.records.base import new_id
from mandi.store.records.predictions import Prediction, PredictionBatch
from mandi.store.rows import Row

if TYPE_CHECKING:
    from mandi.serving.operations import Principal
    from mandi.store.spool import Spool

LOG = logging.getLogger("mandi.serving")
FEW = 8  # rows that are put down at once, each by itself; more of them are packed and put down by a thread
Side = Literal["champion", "challenger"]


@dataclass(frozen=True, slots=True)
class Served:
    """Rows of one request, answered.

    Attributes
    ----------
    rows, answers : sequence
        Of the model's counter, in one order.
    latency_ms : float
        From when the rows were read to when they were answered, waiting included.
    cpu_ms : float
        The model's own work, without what else the machine did meanwhile.
    many : bool
        Whether it was a batch, be it of one row.
    rollout_id : str, optional
        Of the trial of a challenger that was under way.
    """

    model: str
    rows: Sequence[Any]
    answers: Sequence[Any]
    latency_ms: float
    cpu_ms: float
    at: datetime
    many: bool = False
    side: Side = "champion"
    rollout_id: str | None = None


def timed(work: Callable[[], Sequence[Any]]) -> Callable[[], tuple[Sequence[Any], float]]:
    """Return work that also says how many milliseconds of this thread it took.

    Parameters
    ----------
    work : callable

    Examples
    --------
    >>> answers, cpu_ms = timed(lambda: ["an answer"])()
    >>> answers, 0 <= cpu_ms < 1000
    (['an answer'], True)
    """

    def both() -> tuple[Sequence[Any], float]:
        begun = time.thread_time()
        answers = work()
        return answers, 1000 * (time.thread_time() - begun)

    return both


def place_in(prediction_id: str, row: int, many: bool) -> str:
    """Return the id of one row: that of the request, and where that was a batch also the row's place.

    Examples
    --------
    >>> place_in("f00d", 0, many=False), place_in("f00d", 2, many=True)
    ('f00d', 'f00d.2')
    """
    return f"{prediction_id}.{row}" if many else prediction_id


def rows_of(
    served: Served, who: Principal, request_id: str, prediction_id: str, *, shadow_of: str | None = None
) -> list[Row]:
    """Return the rows of ``Prediction`` for a request, with every column, one for each row that was asked about.

    Parameters
    ----------
    served : Served
    who : Principal
    request_id, prediction_id : str
    shadow_of : str, optional
        The id of the request that was answered, where these answers only stand beside its own.
    """
    alike: Row = {
        "request_id": request_id, "organization_id": who.organization_id, "user_pseudonym": who.pseudonym,
        "model": served.model, "side": served.side, "role": "served" if shadow_of is None else "shadow",
        "rows": len(served.rows), "latency_ms": served.latency_ms, "cpu_ms": served.cpu_ms, "created_at": served.at,
        "rollout_id": served.rollout_id, "pair_id": None, "beside_ms": None, "timed": False, "judged": False,
    }  # fmt: skip
    found = []
    for i, (row, answer) in enumerate(zip(served.rows, served.answers, strict=True)):
        own = {
            "id": place_in(prediction_id, i, served.many), "model_version": answer.model_version,
            **own_of(served.model, who.organization_id, row, answer),
        }  # fmt: skip
        if shadow_of is not None:
            own["pair_id"] = place_in(shadow_of, i, served.many)
        found.append({**alike, **own})
    return found


def batch_of(served: Served, who: Principal, request_id: str, prediction_id: str) -> Row:
    """Return the row of ``PredictionBatch`` for a request of many rows: a tenth of the space and of the work of its own rows.

    Parameters
    ----------
    served : Served
    who : Principal
    request_id, prediction_id : str
    """
    own = [
        own_of(served.model, who.organization_id, *pair)
        for pair in zip(served.rows, served.answers, strict=True)
    ]
    return {
        "id": prediction_id, "request_id": request_id, "organization_id": who.organization_id,
        "user_pseudonym": who.pseudonym, "model": served.model, "model_version": served.answers[0].model_version,
        "side": served.side, "rows": len(own), "latency_ms": served.latency_ms, "cpu_ms": served.cpu_ms,
        "created_at": served.at, **packed(own),
    }  # fmt: skip


def own_of(model: str, organization_id: str, row: Any, answer: Any) -> Row:
    """Return what a row does not have in common with the others of its request.

    Parameters
    ----------
    model, organization_id : str
    row, answer : Strict
        Of the model's counter.
    """
    digest = digest_of(organization_id, row)
    kept = kept_of(model, row, answer, digest)
    return {
        "inputs_digest": digest, "subject": subject_of(kept), "figure": kept.figure, "answer": kept.answer,
        "due_at": kept.due_at,
    }  # fmt: skip


class PredictionLog:
    """Keeps predictions through the spool; an answer is given all the same when its record cannot be kept, and the log says so.

    Parameters
    ----------
    spool : Spool
        What it took outlives a crash of the process.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self.lost = 0

    async def keep(self, served: Served, who: Principal, request_id: str) -> str | None:
        """Keep what was served and return its id; None when it could not be kept.

        Parameters
        ----------
        served : Served
        who : Principal
        request_id : str
        """
        prediction_id = new_id()
        try:
            if len(served.rows) <= FEW:
                await self._spool.add_rows(Prediction, rows_of(served, who, request_id, prediction_id))
            elif served.rollout_id is None:
                await run_sync(lambda: self._put_batch(batch_of(served, who, request_id, prediction_id)))
            else:  # each row is compared with one in the shadow
                await run_sync(lambda: self.put(rows_of(served, who, request_id, prediction_id)))
        except Exception:  # an answer is not lost because nobody could write it down
            self.lost += len(served.rows)
            LOG.exception("%d predictions could not be kept", len(served.rows))
            return None
        return prediction_id

    def put(self, rows: Sequence[Row]) -> None:
        """Keep rows from a thread."""
        self._spool.put_rows(Prediction, rows)

    def _put_batch(self, row: Row) -> None:
        self._spool.put_rows(PredictionBatch, [row])
