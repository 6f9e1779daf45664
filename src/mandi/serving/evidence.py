"""What the five models say about a deal or a sentence: each is asked on its own, and none takes the others down."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from anyio.to_thread import run_sync
from pydantic import ValidationError

from mandi.core.errors import MandiError
from mandi.llm.deal import Deal
from mandi.llm.evidence import Finding
from mandi.llm.prompts.deal_money import DealMoney, deal_money
from mandi.serving.evidence_questions import NOT_NAMED, QUESTIONS, NotAsked, Question, case_of
from mandi.serving.evidence_text import TextNames
from mandi.serving.gazetteer import plain
from mandi.serving.problems import BadRow, problem_of_validation

if TYPE_CHECKING:
    from anyio import CapacityLimiter

    from mandi.serving.desk import Desk

LOG = logging.getLogger("mandi.serving")
KEPT_SECONDS = 3.0
MOST_KEPT = 128
LONGEST_ALLOWED = 160
RATE = "usd_inr_rate"
HALF_A_DAY = timedelta(hours=12)


def findings_of(desk: Desk | None, deal: Deal, now: datetime) -> dict[str, Finding]:
    """Ask every model about a deal, in this thread.

    Parameters
    ----------
    desk : Desk, optional
        None answers for no model.
    deal : Deal
    now : datetime
        Moment of a deal that names none (``asof``), with a time zone. A history that ends too long before it is not
        stretched: the findings are then refused with that reason.

    Returns
    -------
    dict
        One finding for each of price, demand, quality, fraud and matching. That of price also holds, answered or not,
        ``deal_price`` (INR per quintal), and ``usd_inr`` with its source where a rate of exchange was used.
    """
    moment = now.astimezone(UTC)
    money = deal_money(deal, *_last_rate(desk, deal))
    case = case_of(desk, deal, money, moment)
    found = {}
    for name, question in QUESTIONS.items():
        found[name] = asked(desk, name, partial(question, case), moment)
    price = found["price"]
    found["price"] = replace(price, answer={**price.answer, **_told(money)})
    return found


def asked(
    desk: Desk | None, name: str, question: Callable[[], Question | NotAsked], now: datetime
) -> Finding:
    """Put one question to one model; whatever goes wrong is said in the finding.

    Parameters
    ----------
    desk : Desk, optional
    name : str
        The model.
    question : callable
        Makes the question; a deal that does not fit the model's contract is refused by it.
    now : datetime
    """
    if desk is None or name not in desk.counters:
        why = (
            desk.refused[name].message if desk and name in desk.refused else f"no {name} model is served here"
        )
        return Finding(name, "not_served", {}, why)
    version = desk.champions[name].version if name in desk.champions else None
    try:
        put = question()
        if isinstance(put, NotAsked):
            return Finding(name, "not_asked", {}, put.why, version)
        return _answered(desk, name, put, now, version)
    except ValidationError as error:
        problem = problem_of_validation(
            [dict(e) for e in error.errors(include_url=False, include_input=False)]
        )
        return Finding(name, "refused", {}, problem.error, version)
    except MandiError as error:
        return Finding(name, "refused", {}, _why(error), version)
    except Exception:  # of one model; the others still answer
        LOG.exception("the %s model failed on a question", name)
        return Finding(
            name, "refused", {}, "the model failed on this question; the service log has it", version
        )


class DeskEvidence:
    """Asks the desk for the gateway: in a worker thread, and once for the same deal within a few seconds.

    Parameters
    ----------
    desk : Desk, optional
    limiter : CapacityLimiter
        That of the prediction routes: the desk answers one question at a time.
    clock : callable
        Seconds that only rise.
    """

    def __init__(
        self, desk: Desk | None, limiter: CapacityLimiter, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._desk = desk
        self._limiter = limiter
        self._clock = clock
        self._names = TextNames(desk)
        self._kept: OrderedDict[tuple[Any, ...], tuple[float, Mapping[str, Finding]]] = OrderedDict()

    async def about(self, deal: Deal, now: datetime) -> Mapping[str, Finding]:
        """Return one finding a model; see ``findings_of``."""
        return await self._once(
            ("deal", deal.model_dump_json(), self._minute(now)), partial(findings_of, self._desk, deal, now)
        )

    async def about_text(self, text: str, now: datetime) -> Mapping[str, Finding]:
        """Return what price and demand say of the commodity and place a text names; empty when it names none.

        Each answer, given or not, holds under ``asked`` what was understood, and where the history ends too long before the
        moment asked about, ``stale`` with ``known_until`` and the first day that can be asked about.
        """
        meant = self._names.meant(text)
        if meant is None:
            return {}
        moment = now.astimezone(UTC)
        questions = meant.questions(moment)

        def ask() -> dict[str, Finding]:
            found = {n: asked(self._desk, n, partial(_put, q), moment) for n, q in questions.items()}
            said = {**meant.as_dict(), **self._ends(meant.moment(moment), found)}
            return {
                n: Finding(n, f.standing, {**f.answer, "asked": said}, f.why, f.version)
                for n, f in found.items()
            }

        return await self._once(("text", meant, self._minute(now)), ask)

    def _ends(self, moment: datetime, found: Mapping[str, Finding]) -> dict[str, Any]:
        """Return until when all that was refused is known, where that is too long before the moment."""
        champions = (
            [self._desk.champions[n] for n, f in found.items() if f.standing == "refused"]
            if self._desk
            else []
        )
        if self._desk is None or not champions or any(f.standing == "answered" for f in found.values()):
            return {}
        until = max(champion.known_until for champion in champions).to_pydatetime()
        if moment - until <= timedelta(days=self._desk.limits.max_history_age_days):
            return {}
        return {
            "stale": True,
            "known_until": until.isoformat(),
            "first_day": (until + HALF_A_DAY).date().isoformat(),
        }

    async def _once(
        self, key: tuple[Any, ...], ask: Callable[[], dict[str, Finding]]
    ) -> Mapping[str, Finding]:
        versions = tuple((n, c.version) for n, c in self._desk.champions.items()) if self._desk else ()
        key = (*key, versions)
        held = self._kept.get(key)
        if held is not None and self._clock() - held[0] < KEPT_SECONDS:
            return held[1]
        found = await run_sync(ask, limiter=self._limiter)
        self._kept[key] = (self._clock(), found)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return found

    @staticmethod
    def _minute(now: datetime) -> datetime:
        return now.astimezone(UTC).replace(second=0, microsecond=0)


def _put(question: Question | NotAsked) -> Question | NotAsked:
    return question


def _answered(desk: Desk, name: str, put: Question, now: datetime, version: str | None) -> Finding:
    row, notes = put.row, list(put.notes)
    for _ in range(len(put.spare) + 1):
        try:
            (answer,) = getattr(desk, name)([row], now=now, explain=put.explain)
            break
        except BadRow as refused:
            if refused.field not in put.spare or getattr(row, refused.field) is None:
                raise
            notes.append(f"{_why(refused)}: left out")
            row = row.model_copy(update={refused.field: None})
    told = answer.model_dump(mode="json")
    told["notes"] = [*(note for note in told.get("notes", []) if NOT_NAMED not in note), *notes]
    return Finding(name, "answered", told, None, answer.model_version or version)


def _told(money: DealMoney) -> dict[str, Any]:
    told: dict[str, Any] = {"deal_price": money.price}
    if money.usd_inr is not None:
        told |= {"usd_inr": money.usd_inr, "usd_inr_source": money.source}
    return told


def _last_rate(desk: Desk | None, deal: Deal) -> tuple[float | None, str | None]:
    champion = desk.champions.get("price") if desk and deal.currency == "USD" else None
    levels = champion.history.get("levels") if champion else None
    if levels is None or RATE not in levels:
        return None, None
    known = levels[levels[RATE].notna() & (levels[RATE] > 0)].sort_values("known_time", kind="stable")
    own = known[known["commodity"].map(plain) == plain(deal.commodity)]
    last = own if len(own) else known
    if not len(last):
        return None, None
    return float(last[RATE].iloc[-1]), f"last one of the price history, {last['day'].iloc[-1].date()}"


def _why(error: MandiError) -> str:
    if error.allowed is None:
        return error.message
    return f"{error.message} (allowed: {error.allowed[:LONGEST_ALLOWED]})"
