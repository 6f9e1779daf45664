"""Rollouts from the command line, on the database itself: `mandi rollout MODEL start`, `stop` and `show`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mandi.core.errors import ConfigError, DataNotFound, UnknownValue
from mandi.core.paths import Paths
from mandi.serving.accounts.command import settings_of
from mandi.serving.accounts.opening import open_database
from mandi.serving.rollouts.book import Rollout, rollouts, start, stop
from mandi.serving.rollouts.challengers import challengers_folder, packaged_versions
from mandi.serving.rollouts.trial import Rules

if TYPE_CHECKING:
    from mandi.store.database import Database

DOINGS = ("show", "start", "stop")
BY_HAND = "stopped at the command line"


def rollout_command(root: Path, model: str, do: str, *, shadow_share: float | None = None) -> str:
    """Do one thing with the trial of a model's challenger and return what to print.

    Parameters
    ----------
    root : Path
        The project.
    model : str
    do : str
        ``show``, ``start`` or ``stop``.
    shadow_share : float, optional
        Of the questions; as usual if not given.

    Raises
    ------
    UnknownValue
        There is nothing of that name to do.
    DataNotFound
        No challenger is packaged, or none is on trial.
    RolloutRefused
        One is on trial already.
    """
    if do not in DOINGS:
        raise UnknownValue(f'nothing is called "{do}"', allowed=", ".join(DOINGS))
    database = _database(root)
    try:
        if do == "start":
            return shown(_started(root, database, model, shadow_share))
        if do == "stop":
            ended = ended_rollout(database, model)
            if ended is None:
                raise DataNotFound(
                    f"no challenger of {model} is on trial", next_command=f"mandi rollout {model}"
                )
            return shown(ended)
        found = database.read(rollouts).get(model)
        if found is None:
            return f"no challenger of {model} was ever on trial; mandi rollout {model} start"
        return shown(found)
    finally:
        database.close()


def end_before_rollback(root: Path, model: str) -> str | None:
    """End the trial of a model's challenger, if one is under way, and return what to print; else None.

    Parameters
    ----------
    root : Path
        The project; one without a database of a service has no trials.
    model : str
    """
    settings = settings_of(root)
    if settings.database_url is None and not (settings.data_folder / "service.db").is_file():
        return None
    database = _database(root)
    try:
        ended = ended_rollout(database, model)
    finally:
        database.close()
    if ended is None:
        return None
    return f"{shown(ended)}\n{model} v{ended.champion_version} answers everything again; it was and is the champion"


def ended_rollout(database: Database, model: str) -> Rollout | None:
    """End the trial of a model in a database; None where none is under way."""
    return database.write(lambda session: stop(session, model, BY_HAND, datetime.now(UTC)))


def shown(rollout: Rollout) -> str:
    """Return a rollout as lines of text.

    Parameters
    ----------
    rollout : Rollout
    """
    trial, rules = rollout.trial, rollout.rules
    low, high = trial.difference.interval
    lines = [
        f"{rollout.model} v{rollout.challenger_version} against v{rollout.champion_version}: {trial.status}, answers "
        f"{trial.share:.0%}, compared in {rules.shadow_share:.0%} of the questions"
    ]
    if trial.pairs:
        champion, challenger = trial.lost_champion / trial.pairs, trial.lost_challenger / trial.pairs
        lines.append(
            f"  {trial.pairs} outcomes: mean loss {challenger:.4g} against {champion:.4g}; gain {trial.difference.mean:+.3f} "
            f"({low:+.3f} to {high:+.3f}) of {rules.cut:g} mean losses"
        )
    wealth = ", ".join(f"{name} {getattr(trial, name).now:.3g}" for name in ("worse", "better", "slower"))
    lines.append(f"  evidence, {1 / rules.level:.0f} needed: {wealth}; {trial.failures} failures")
    if trial.reason:
        lines.append(f"  {trial.reason}")
    return "\n".join(lines)


def _started(root: Path, database: Database, model: str, shadow_share: float | None) -> Rollout:
    settings = settings_of(root)
    if not settings.enable_prediction_log:
        raise ConfigError(
            "no predictions are kept, so none can be compared", next_command="set ENABLE_PREDICTION_LOG=true"
        )
    folder = root / (settings.service_folder or Paths(root).champions)
    champions, challengers = packaged_versions(folder), packaged_versions(challengers_folder(folder))
    if model not in champions or model not in challengers:
        what = "challenger" if model in champions else "champion"
        raise DataNotFound(f"no {what} of {model} is packaged", next_command="mandi repro package")
    rules = Rules() if shadow_share is None else Rules(shadow_share=shadow_share)
    now = datetime.now(UTC)
    return database.write(lambda s: start(s, model, champions[model], challengers[model], rules, now))


def _database(root: Path) -> Database:
    return open_database(settings_of(root))
