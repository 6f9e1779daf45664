"""``mandi search``: brings a model's study on, says what it found, and writes it into params.yaml if asked to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mandi.core.errors import MandiError
from mandi.core.paths import Paths
from mandi.tuning.search import Found, search
from mandi.tuning.spaces import defaults
from mandi.tuning.tracked import experiment_of
from mandi.tuning.written import write_settings


def search_command(
    root: Path,
    model: str,
    *,
    trials: int | None = None,
    minutes: float | None = None,
    write: bool = False,
    tell: Callable[[str], None] = print,
) -> tuple[str, bool]:
    """Search, and return what to read and whether it ended by itself.

    Parameters
    ----------
    root : Path
        The project.
    model : str
    trials : int, optional
        Of the study in all; ``search.trials`` if not given.
    minutes : float, optional
        No trial is begun later.
    write : bool
        Put the best settings into params.yaml, and where they came from into tuned.yaml.
    tell : callable
        Told a line after every trial.

    Raises
    ------
    MandiError
        Unknown model, no features, or interrupted before the default was scored.
    """
    try:
        found = search(root, model, trials=trials, minutes=minutes, tell=tell)
    except KeyboardInterrupt:
        raise MandiError(
            "stopped; the trials that had ended are kept", next_command=again(model, trials)
        ) from None
    lines = [summary(found)]
    if not found.whole:
        lines.append(f"stopped before its end: the {found.trials} that had ended are kept")
        lines.append(f"  next: {again(model, trials)}")
    elif not found.settings:
        lines.append("nothing is surely better than what params.yaml says now: nothing to write")
    elif write:
        files = write_settings(root, model, found.settings, found.as_dict())
        lines.append(f"written to {' and '.join(files)}; next: mandi repro train@{model}, then mandi repro")
    else:
        lines.append(f"next: {again(model, trials)} --write   (puts them into params.yaml), then mandi repro")
    return "\n".join(lines), found.whole


def summary(found: Found) -> str:
    """Return a few lines on what a study holds."""
    before = defaults(found.space)
    rows = [(path, _shown(before[path]), _shown(value)) for path, value in found.settings.items()]
    wide = max((len(path) for path, *_ in rows), default=0)
    text = [
        "",
        f"{found.model}: {found.trials} trials, {found.pruned} of them pruned, in study {found.about['study']}",
        f"{found.loss_name}: {found.loss:.5g} with trial {found.place}, {found.default_loss:.5g} as it is"
        f" ({_change(found.loss, found.default_loss)})",
        *_confirmed(found),
        *(f"  {path:<{wide}}  {old} -> {new}" for path, old, new in rows),
        f"runs: experiment mandi/{experiment_of(found.model)}; pictures: notebooks/70_tuning.ipynb",
    ]
    return "\n".join(text)


def again(model: str, trials: int | None) -> str:
    """Return the command that goes on with a search.

    Examples
    --------
    >>> again("price", 20)
    'mandi search price --trials 20'
    """
    return f"mandi search {model}" + (f" --trials {trials}" if trials is not None else "")


def stage(root: Path, model: str, tell: Callable[[str], None] = print) -> dict[str, Any]:
    """Search as params.yaml says and return plain data of what was found; nothing is written to params.yaml.

    Raises
    ------
    MandiError
        It was interrupted.
    """
    found = search(root, model, tell=tell)
    if not found.whole:
        raise MandiError(
            f"stopped: {found.trials} trials are kept in {Paths(root).studies.relative_to(root)}",
            next_command=f"dvc repro pipelines/tune/dvc.yaml:tune@{model}",
        )
    tell(summary(found))
    return found.as_dict()


def _confirmed(found: Found) -> list[str]:
    told = found.confirmation
    if told is None or not told.tried:
        return []
    text = [
        f"on later time, which no trial was scored on: {told.default_loss:.5g} as it is",
        *(
            f"  trial {one.trial}: {one.loss:.5g} ({_change(one.loss, told.default_loss)}), {one.better_by:+.3g} better, "
            f"more than {one.needed:.3g} needed"
            for one in told.tried
        ),
    ]
    kept = told.offered
    said = (
        f"trial {kept.trial} is better by more than chance" if kept else "none is better by more than chance"
    )
    return [*text, said + ("" if kept else ": the default stays")]


def _change(loss: float, default: float) -> str:
    return f"{100.0 * (loss / default - 1.0):+.1f} %" if default else "+0.0 %"


def _shown(value: float) -> str:
    return f"{value:g}"
