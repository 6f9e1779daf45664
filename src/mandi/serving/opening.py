"""Opens everything a worker serves with, in order, and closes it in the other: records, state, accounts, models, gateway."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mandi.core.errors import ContractError, MandiError
from mandi.llm.cache.exact import AnswerCache
from mandi.llm.cache.semantic import Nearness, SemanticCache
from mandi.llm.gateway import Gateway
from mandi.llm.mock.analyst import Analyst
from mandi.llm.modes import LiveMode, admitted
from mandi.llm.provider import Provider
from mandi.llm.providers.catalog import verify
from mandi.llm.providers.embedded import StudentProvider
from mandi.llm.resilience.breakers import Breakers
from mandi.llm.routing.router import policy_named
from mandi.serving.accounts.opening import furnish as furnish_accounts
from mandi.serving.accounts.opening import vacate
from mandi.serving.api import rooms
from mandi.serving.call_records import CallBook
from mandi.serving.desk import Desk
from mandi.serving.evidence import DeskEvidence
from mandi.serving.gateway_parts import (
    breaker_policy,
    catalog_of,
    path_settings,
    prices_of,
    quota_of,
    teachers,
    thresholds_in_force,
)
from mandi.serving.jobs.folders import Folders
from mandi.serving.jobs.runner import Runner
from mandi.serving.known_tracks import KnownTracks
from mandi.serving.learning.diary import Diary, diary_of
from mandi.serving.live_modes import KeptModes
from mandi.serving.observing.alert_rules import AlertRules
from mandi.serving.observing.alerts import Alerts
from mandi.serving.observing.dependencies import BREAKERS, PROVIDERS, STATE
from mandi.serving.observing.metrics import Metrics, of_this_process
from mandi.serving.observing.observer import Watch
from mandi.serving.observing.pulse import Pulse
from mandi.serving.observing.webhook import Webhook
from mandi.serving.packaged_student import packaged_student
from mandi.serving.predictions.log import PredictionLog
from mandi.serving.predictions.retention import Retention
from mandi.serving.rollouts.live import Rollouts
from mandi.serving.rollouts.opening import open_rollouts
from mandi.serving.snapshot import MAKE_IT
from mandi.serving.students import LabelStudent, LearnedStudent, student_of
from mandi.serving.warming import warm
from mandi.store.spool import Spool
from mandi.student.encoder import Encoder

if TYPE_CHECKING:
    from mandi.llm.provider import Provider
    from mandi.llm.quota.ledger import Alert
    from mandi.serving.house import House
    from mandi.serving.settings import Settings
    from mandi.store.async_state import AsyncState
    from mandi.store.database import Database

LOG = logging.getLogger("mandi.serving")
SPOOL_S = 0.5  # a journal keeps records meanwhile; written more often, they would take the file from quotas and breakers


@dataclass
class Opened:
    """What was opened beside the accounts, for starting and closing it."""

    house: House
    gateway: Gateway
    spool: Spool | None
    pulse: Pulse
    tracks: KnownTracks
    alerts: Alerts | None
    webhook: Webhook | None
    diary: Diary | None = None
    retention: Retention | None = None
    rollouts: Rollouts | None = None
    jobs: Runner | None = None

    check: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin what goes on beside requests, in the running loop."""
        self.pulse.start()
        self.tracks.start(self.house.now)
        if self.retention is not None:
            self.retention.start()
        if self.rollouts is not None:
            self.rollouts.start()
        if self.jobs is not None:
            self.jobs.start()
        wired = [p for p in self.house.rooms[PROVIDERS].values() if p.kind in ("vendor", "local")]
        self.check = asyncio.get_running_loop().create_task(_check_models(wired), name="mandi-models")

    async def close(self) -> None:
        """Finish what goes on, put down what waits, release connections."""
        if self.check is not None:
            self.check.cancel()
            await asyncio.wait({self.check})
        await self.pulse.stop()
        await self.tracks.stop()
        if self.retention is not None:
            await self.retention.stop()
        if self.rollouts is not None:
            await self.rollouts.stop()
        if self.jobs is not None:
            await self.jobs.stop()
        await self.gateway.close()
        if self.alerts is not None:
            await self.alerts.close()
        if self.webhook is not None:
            await self.webhook.close()
        if self.diary is not None:
            await asyncio.to_thread(self.diary.close)
        if self.spool is not None:
            await asyncio.to_thread(self.spool.close)
        await vacate(self.house)


def furnish(
    house: House,
    settings: Settings,
    folder: Path,
    metrics: Metrics | None = None,
    *,
    vendors: Sequence[Provider] | None = None,
    clock: Callable[[], float] = time.time,
) -> Opened:
    """Open records, accounts, models and gateway, and put them into a house.

    Parameters
    ----------
    house : House
    settings : Settings
    folder : Path
        Service folder with the champions; a house without champions answers all the rest.
    metrics : Metrics, optional
        Figures of this process; made here where performance is monitored, once a process.
    vendors : sequence of Provider, optional
        Asked in place of those the settings configure, in a notebook or a test.
    clock : callable
        Seconds since the epoch, for breakers, quotas, the cache and the records of calls.

    Raises
    ------
    MandiError
        The database or the shared state does not answer, or the settings cannot be used.
    """
    open_desk(house, folder)
    furnish_accounts(house, settings)
    database, state = rooms.database_of(house), house.rooms[STATE]
    watch, alerts, webhook = _watched(settings, state, metrics)
    house.observer = watch
    spool, retention = _kept(house, settings, database)
    book = CallBook(
        spool if settings.enable_usage_logging else None,
        watch,
        confidences=settings.track_confidence_scores,
        decisions=settings.track_route_decisions,
    )
    gateway, tracks = _gateway(house, settings, folder, state, book, watch, vendors, clock)
    pulse = Pulse(watch, gateway.breakers, house.rooms[PROVIDERS], spool)
    diary = house.rooms.get(rooms.DIARY)
    rollouts = open_rollouts(
        house, database, rooms.predictions_of(house), folder, house.now, apart=settings.shadow_process
    )
    if rollouts is not None:
        house.rooms[rooms.ROLLOUTS] = rollouts
    jobs = None
    if settings.batch_folder is not None:
        jobs = Runner(
            database, Folders(settings.batch_folder), folder, house.now, most_rows=settings.batch_rows
        )
        house.rooms[rooms.JOBS] = jobs
    return Opened(house, gateway, spool, pulse, tracks, alerts, webhook, diary, retention, rollouts, jobs)


def open_student(house: House, settings: Settings, folder: Path) -> LabelStudent | LearnedStudent | None:
    """Return the student that is served, or None; the house knows its version or why there is none.

    Parameters
    ----------
    house : House
    settings : Settings
        A folder that is named there must hold a student.
    folder : Path
        The service folder; a student in it that cannot be used keeps nobody from being served without one.

    Raises
    ------
    MandiError
        The folder that the settings name cannot be used.
    """
    told: dict[str, Any] = {}
    house.rooms[rooms.STUDENT] = told
    if settings.student_folder is not None:
        student = student_of(settings.student_folder)
    else:
        try:
            place = packaged_student(folder)
            if place is None:
                told["why"] = "no student has passed its gate yet"
                return None
            student = student_of(place)
        except Exception as error:  # whatever a damaged file does, the others answer
            LOG.exception("the student is not served")
            told["why"] = told["fault"] = f"the student cannot be used ({type(error).__name__})"
            return None
    bounds = thresholds_in_force(settings, student.thresholds)
    told.update(version=student.version, high=bounds.high, low=bounds.low)
    LOG.info("student %s answers from confidence %.2f on; below %.2f a person does", *told.values())
    return student


async def _check_models(providers: Sequence[Provider]) -> None:
    """Say in the log which configured models a vendor no longer has: names of models end sooner than services."""
    for verdict in await asyncio.gather(*(verify(provider) for provider in providers)):
        LOG.log(logging.WARNING if verdict.ok is False else logging.INFO, "%s", verdict.message)


def open_desk(house: House, folder: Path) -> None:
    """Open the desk and warm it; without one the house says why, and is not ready.

    Parameters
    ----------
    house : House
    folder : Path
    """
    try:
        house.desk = warm(Desk.open(folder), house.now())
    except MandiError as error:  # alive and not ready, so that the reason can be asked for
        house.desk, house.why = None, error
        LOG.error("%s: %s", error.headline, error)
    except Exception as error:  # a worker that dies is started again and again, and never says why
        LOG.exception("the service folder cannot be opened")
        told = f"the service folder cannot be opened ({type(error).__name__})"
        house.desk, house.why = None, ContractError(told, next_command=MAKE_IT)


def _kept(house: House, settings: Settings, database: Database) -> tuple[Spool | None, Retention | None]:
    if not (settings.enable_usage_logging or settings.enable_prediction_log):
        return None, None
    spool = Spool(database, settings.spool_place, every_s=SPOOL_S)
    house.rooms[rooms.SPOOL] = spool
    if not settings.enable_prediction_log:
        return spool, None
    house.rooms[rooms.PREDICTIONS] = PredictionLog(spool)
    return spool, Retention(database, house.now, settings.prediction_log_days, settings.prediction_log_rows)


def _watched(
    settings: Settings, state: AsyncState, metrics: Metrics | None
) -> tuple[Watch, Alerts | None, Webhook | None]:
    if metrics is None and settings.enable_performance_monitoring:
        metrics = of_this_process()
    if not settings.alert_on_ai_failures:
        return Watch(metrics), None, None
    webhook = None
    if settings.alert_webhook_url is not None:
        webhook = Webhook(
            settings.alert_webhook_url, settings.alert_webhook_secret, settings.alert_private_addresses
        )
    raised = metrics.alerted if metrics is not None else None
    alerts = Alerts(AlertRules.of(settings), claims=state, send=webhook, raised=raised)
    return Watch(metrics, alerts), alerts, webhook


def _gateway(
    house: House,
    settings: Settings,
    folder: Path,
    state: AsyncState,
    book: CallBook,
    watch: Watch,
    vendors: Sequence[Provider] | None,
    clock: Callable[[], float],
) -> tuple[Gateway, KnownTracks]:
    database = rooms.database_of(house)
    found = catalog_of(settings)
    for name, why in found.missing.items():
        LOG.info("%s is not configured: %s", name, why)
    encoder, tracks = Encoder(), KnownTracks(database)
    asked = teachers(found, settings) if vendors is None else vendors
    student = open_student(house, settings, folder)
    providers: list[Any] = [*asked, Analyst()]
    if student is not None:
        providers.insert(0, StudentProvider(student, encoder, embedding_model="mandi-encoder"))
    admitted(settings.ai_mode, providers)
    evidence = DeskEvidence(house.desk, house.one_at_a_time)
    mode = LiveMode(KeptModes(database), settings.ai_mode)
    breakers = Breakers(state, breaker_policy(settings), clock=clock)
    champions = house.desk.champions if house.desk else {}

    def on_alert(organization_id: str, alert: Alert) -> None:
        if watch.alerts is not None:
            watch.alerts.budget(
                organization_id, alert.limit, alert.used / alert.allowed if alert.allowed else 1.0
            )
        if watch.metrics is not None and alert.shut:
            watch.metrics.shut_off(alert.limit)

    semantic = None
    if settings.semantic_cache:
        semantic = SemanticCache(state, encoder.encode, Nearness(threshold=settings.semantic_threshold))
    diary = diary_of(house, settings, {provider.name: provider.kind for provider in providers})
    gateway = Gateway(
        providers,
        policy_named(settings.ai_router),
        state=state,
        mode=mode,
        pricing=prices_of(settings, found),
        recorder=book,
        quota=quota_of(settings, state, on_alert, clock),
        breakers=breakers,
        answers=AnswerCache(state, clock),
        semantic=semantic,
        evidence=evidence,
        tracks=tracks,
        pseudonym=lambda caller: caller.pseudonym or caller.user_id,
        settings=path_settings(
            settings,
            {name: champion.version for name, champion in champions.items()},
            student.thresholds if student is not None else None,
        ),
        clock=clock,
        diary=diary,
    )
    house.rooms |= {
        rooms.GATEWAY: gateway, rooms.EVIDENCE: evidence, rooms.MODE: mode, rooms.SETTINGS: settings,
        "encoder": encoder, BREAKERS: breakers, PROVIDERS: {provider.name: provider for provider in providers},
    }  # fmt: skip
    names = ", ".join(provider.name for provider in providers)
    LOG.info("the gateway answers in mode %s; providers: %s", settings.ai_mode, names)
    return gateway, tracks
