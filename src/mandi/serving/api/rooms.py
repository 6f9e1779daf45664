"""What parts of the service find in the house, by name and with its type; a part that is not open says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anyio import to_thread

from mandi.serving.problems import UNAVAILABLE, Problem, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from mandi.feedback.words import Words
    from mandi.llm.evidence import Evidence
    from mandi.llm.gateway import Gateway
    from mandi.llm.modes import LiveMode
    from mandi.serving.house import House
    from mandi.serving.learning.diary import Diary
    from mandi.serving.predictions.log import PredictionLog
    from mandi.serving.rollouts.live import Rollouts
    from mandi.serving.settings import Settings
    from mandi.store.database import Database
    from mandi.store.spool import Spool

DATABASE, GATEWAY, EVIDENCE, MODE, SETTINGS = "database", "answers", "evidence", "mode", "settings"
SPOOL, DIARY, WORDS, STUDENT = "spool", "diary", "words", "student"
PREDICTIONS, ROLLOUTS, JOBS = "predictions", "rollouts", "jobs"


def room(house: House, name: str) -> Any:
    """Return what a part keeps in the house.

    Raises
    ------
    Refused
        503; the part is not open here.
    """
    if name not in house.rooms:
        raise Refused(
            Problem(UNAVAILABLE, f"the {name} of this service is not open", None, None, "mandi serve")
        )
    return house.rooms[name]


def database_of(house: House) -> Database:
    """Return the records."""
    found: Database = room(house, DATABASE)
    return found


def gateway_of(house: House) -> Gateway:
    """Return the gateway."""
    found: Gateway = room(house, GATEWAY)
    return found


def evidence_of(house: House) -> Evidence:
    """Return whoever asks the models."""
    found: Evidence = room(house, EVIDENCE)
    return found


def mode_of(house: House) -> LiveMode:
    """Return the live mode."""
    found: LiveMode = room(house, MODE)
    return found


def settings_of(house: House) -> Settings:
    """Return the settings of the service."""
    found: Settings = room(house, SETTINGS)
    return found


def spool_of(house: House) -> Spool | None:
    """Return where records wait for the database; None where usage is not logged."""
    found: Spool | None = house.rooms.get(SPOOL)
    return found


def predictions_of(house: House) -> PredictionLog | None:
    """Return the log of predictions; None where none is kept."""
    found: PredictionLog | None = house.rooms.get(PREDICTIONS)
    return found


def rollouts_of(house: House) -> Rollouts | None:
    """Return the trials of challengers; None where none is packaged."""
    found: Rollouts | None = house.rooms.get(ROLLOUTS)
    return found


def words_of(house: House) -> Callable[[], Words] | None:
    """Return what gives whoever scrubs words before they are kept; None where no words are kept."""
    found: Callable[[], Words] | None = house.rooms.get(WORDS)
    return found


async def written_down(house: House) -> None:
    """Wait until what was said and counted in this worker is in the records."""
    diary: Diary | None = house.rooms.get(DIARY)
    if diary is not None:
        await to_thread.run_sync(diary.flush)
    spool = spool_of(house)
    if spool is not None:
        await to_thread.run_sync(spool.flush)
