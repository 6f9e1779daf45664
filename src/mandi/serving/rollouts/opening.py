"""Opens the challengers that are packaged beside the champions, and the trials of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mandi.serving.rollouts.beside import Here, apart_on
from mandi.serving.rollouts.challengers import challengers_folder
from mandi.serving.rollouts.live import Rollouts
from mandi.serving.rollouts.shadow import Shadows
from mandi.serving.snapshot import MANIFEST

if TYPE_CHECKING:
    from mandi.serving.house import House
    from mandi.serving.predictions.log import PredictionLog
    from mandi.store.database import Database


def open_rollouts(
    house: House,
    database: Database,
    log: PredictionLog | None,
    folder: Path,
    now: Callable[[], datetime],
    *,
    apart: bool = True,
) -> Rollouts | None:
    """Return the trials of what is packaged; None without challengers, champions, or a log to compare them in.

    Parameters
    ----------
    house : House
        With its desk.
    database : Database
    log : PredictionLog, optional
    folder : Path
        The service folder.
    now : callable
        The moment, aware.
    apart : bool
        Answer in the shadow in a process of its own.
    """
    place = challengers_folder(folder)
    if log is None or house.desk is None or not (place / MANIFEST).is_file():
        return None
    shadows = Shadows(log, apart_on(folder) if apart else Here(folder))
    versions = {name: champion.version for name, champion in house.desk.champions.items()}
    return Rollouts(database, place, versions, shadows, now)
