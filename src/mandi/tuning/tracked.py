"""Keeps a search as MLflow runs: one for the search, one below it for every trial; nothing is registered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mandi.registry.tracking import RUN_NAME, connect, open_run
from mandi.tuning.spaces import Setting, tidy
from mandi.tuning.study import LOSSES, PLACE, SECONDS, WHY

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

    from mandi.registry.connection import Connection
    from mandi.registry.tracking import Run as OpenRun
    from mandi.tuning.confirm import Confirmation

PARENT, TRIAL = (
    "mlflow.parentRunId",
    "trial",
)  # the tags that hold the run of the search, and the place of a trial


def experiment_of(model: str) -> str:
    """Return under which name the runs of a model's searches are found: ``runs(experiment_of("price"))``.

    Examples
    --------
    >>> experiment_of("price")
    'price-search'
    """
    return f"{model}-search"


class Kept:
    """Keeps the trials of one search as runs below its own, and in that one what later time confirmed.

    Parameters
    ----------
    connection : Connection
    parent : Run
        Of the search.
    model, study : str
    space : tuple of Setting
    """

    def __init__(
        self, connection: Connection, parent: OpenRun, model: str, study: str, space: tuple[Setting, ...]
    ) -> None:
        self._connection, self._parent, self._space = connection, parent, space
        self._experiment, self._study = experiment_of(model), study
        self._best: list[float] = []

    def __call__(self, trial: FrozenTrial) -> None:
        """Keep a finished trial."""
        attributes = trial.user_attrs
        place = int(attributes[PLACE])
        tags = {
            PARENT: self._parent.id, RUN_NAME: f"trial {place}", "study": self._study, TRIAL: place,
            "state": trial.state.name.lower(), "note": attributes.get(WHY, ""),
        }  # fmt: skip
        losses = [float(loss) for loss in attributes.get(LOSSES, [])]
        settings = tidy(trial.params, self._space)
        with open_run(self._connection, self._experiment, "trial", settings, tags) as run:
            run.log_metrics({f"fold.{number}.loss": loss for number, loss in enumerate(losses)})
            run.log_metrics({"seconds": attributes.get(SECONDS, 0.0)})
            if trial.state.name == "COMPLETE" and trial.value is not None:
                run.log_metrics({"loss": trial.value})
                self._best.append(float(trial.value))
                self._parent.log_metrics({"best_loss": min(self._best)}, step=place)

    def make_up(self, done: Sequence[FrozenTrial]) -> None:
        """Keep those trials of earlier searches that a killed one did not keep, or kept half of."""
        there = self._whole()
        for trial in done:
            if int(trial.user_attrs[PLACE]) not in there:
                self(trial)
            elif trial.state.name == "COMPLETE" and trial.value is not None:
                self._best.append(float(trial.value))
        if self._best:
            self._parent.log_metrics({"best_loss": min(self._best)}, step=int(done[-1].user_attrs[PLACE]))

    def _whole(self) -> set[int]:
        client, there = self._connection.client, set()
        place = [self._connection.experiment(self._experiment)]
        chosen = f"tags.study = '{self._study}' and tags.kind = 'trial'"
        page = client.search_runs(place, chosen)
        found = list(page)
        while page.token:
            page = client.search_runs(place, chosen, page_token=page.token)
            found += page
        for run in found:
            if run.info.status == "FINISHED":
                there.add(int(run.data.tags[TRIAL]))
            else:  # whoever made it is gone: a study is searched by one process at a time
                client.delete_run(run.info.run_id)
        return there

    def confirmed(self, found: Confirmation) -> None:
        """Log what the later fold says, trial by trial, and which one is offered; 0 is the default."""
        offered = found.offered
        self._parent.log_metrics({"offered_trial": float(offered.trial if offered else 0)})
        if found.tried:
            self._parent.log_metrics({"later.loss": found.default_loss}, step=0)
        for one in found.tried:
            told = {"later.loss": one.loss, "later.better_by": one.better_by, "later.needed": one.needed}
            self._parent.log_metrics({k: v for k, v in told.items() if isfinite(v)}, step=one.trial)


@contextmanager
def tracked(
    root: Path,
    model: str,
    space: tuple[Setting, ...],
    about: Mapping[str, Any],
    done: Sequence[FrozenTrial] = (),
) -> Iterator[Kept]:
    """Open the run of a search; what is yielded keeps a trial as a run below it.

    Parameters
    ----------
    root : Path
        The project.
    model : str
    space : tuple of Setting
    about : mapping
        Study, data, code and how it is searched; logged as parameters of the search.
    done : sequence of FrozenTrial
        Of earlier searches of the study; what is not kept of them is kept now.
    """
    connection, study = connect(root), str(about["study"])
    with open_run(connection, experiment_of(model), "search", about, {RUN_NAME: study}) as parent:
        kept = Kept(connection, parent, model, study, space)
        kept.make_up(done)
        yield kept
