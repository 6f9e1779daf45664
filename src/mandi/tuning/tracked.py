"""Keeps a search as MLflow runs: one for the search, one below it for every trial; nothing is registered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mandi.registry.tracking import connect, open_run
from mandi.tuning.spaces import Setting, tidy
from mandi.tuning.study import LOSSES, PLACE, SECONDS, WHY, Recorder

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

PARENT, NAME = "mlflow.parentRunId", "mlflow.runName"


def experiment_of(model: str) -> str:
    """Return under which name the runs of a model's searches are found: ``runs(experiment_of("price"))``.

    Examples
    --------
    >>> experiment_of("price")
    'price-search'
    """
    return f"{model}-search"


@contextmanager
def tracked(
    root: Path, model: str, space: tuple[Setting, ...], about: Mapping[str, Any]
) -> Iterator[Recorder]:
    """Open the run of a search; what is yielded keeps a trial as a run below it.

    Parameters
    ----------
    root : Path
        The project.
    model : str
    space : tuple of Setting
    about : mapping
        Study, data, code and how it is searched; logged as parameters of the search.
    """
    connection, name = connect(root), experiment_of(model)
    with open_run(connection, name, "search", about, {NAME: str(about["study"])}) as parent:
        best: list[float] = []

        def record(trial: FrozenTrial) -> None:
            attributes = trial.user_attrs
            place = int(attributes[PLACE])
            tags = {
                PARENT: parent.id, NAME: f"trial {place}", "study": about["study"], "state": trial.state.name.lower(),
                "note": attributes.get(WHY, ""),
            }  # fmt: skip
            losses = [float(loss) for loss in attributes.get(LOSSES, [])]
            with open_run(connection, name, "trial", tidy(trial.params, space), tags) as run:
                run.log_metrics({f"fold.{number}.loss": loss for number, loss in enumerate(losses)})
                run.log_metrics({"seconds": attributes.get(SECONDS, 0.0)})
                if trial.state.name == "COMPLETE" and trial.value is not None:
                    run.log_metrics({"loss": trial.value})
                    best.append(float(trial.value))
                    parent.log_metrics({"best_loss": min(best)}, step=place)

        yield record
