"""The command that answers a folder of Parquet files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mandi.core.errors import UnknownValue, nearest
from mandi.core.paths import Paths
from mandi.serving.batch import Progress, columns_of, predict_folder
from mandi.serving.counters import COUNTERS, counter_class
from mandi.serving.desk import Desk


def predict_command(
    root: Path,
    model: str,
    source: Path,
    target: Path,
    *,
    explain: bool,
    say: Callable[[str], None],
    progress: Progress,
) -> None:
    """Answer a folder with the champion of the project and say what became of it.

    Parameters
    ----------
    root : Path
        The project.
    model : str
    source, target : Path
        See ``predict_folder``.
    explain : bool
    say : callable
        Takes a line of text.
    progress : callable
        See ``predict_folder``.
    """
    desk = Desk.open(Paths(root).champions, only=model if model in COUNTERS else None)
    done = predict_folder(desk, model, source, target, explain=explain, progress=progress)
    say(
        f"{done.rows - done.refused:,} of {done.rows:,} rows answered, {done.files} files in {target}"
        + (f"; {done.unchanged} unchanged since they were answered" if done.unchanged else "")
    )
    if done.refused:
        say(f"{done.refused:,} rows refused; the reasons are in {target / 'refused'}")


def columns_command(model: str, say: Callable[[str], None]) -> None:
    """Say which columns the rows of a model are read from.

    Raises
    ------
    UnknownValue
        No model of that name is ever served.
    """
    if model not in COUNTERS:
        raise UnknownValue(
            f'no model "{model}" is served{nearest(model, COUNTERS)}', allowed=", ".join(sorted(COUNTERS))
        )
    for name, meaning in columns_of(counter_class(model).row):
        say(f"{name:36} {meaning}".rstrip())
