"""Keeps what was found of drift: one run per model and window, told once; the champion bears the tag of the last."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mandi.registry.connection import Connection, connect
from mandi.registry.tracking import LONGEST_TAG, log_metrics
from mandi.registry.versions import CHAMPION, aliases_of

SUFFIX = "-drift"
TAG = "drift"


def record_drift(
    model: str,
    window: str,
    metrics: Mapping[str, float],
    alerts: Mapping[str, str],
    page: str = "",
    *,
    root: Path | None = None,
) -> bool:
    """Keep what was found of a model in a window, in the experiment ``<experiment>-drift/<model>``.

    The version that is champion bears the tag ``drift`` with the same words; no alias moves.

    Parameters
    ----------
    model : str
    window : str
        Its first and last day.
    metrics : mapping of str to float
    alerts : mapping of test to text
        Empty where nothing drifted.
    page : str
        The report, HTML; kept as ``drift.html``.
    root : Path, optional
        The project; found from the current folder if not given.

    Returns
    -------
    bool
        False when these very alerts of this window are on record: they were told then.
    """
    connection = connect(root)
    name = f"{connection.params.experiment}{SUFFIX}/{model}"
    experiment = connection.experiment_named(name, f"{TAG}/{model}")
    found = ", ".join(sorted(alerts))
    with connection.exclusive():
        if _known(connection, experiment, window, found):
            return False
        champion = aliases_of(connection, model).get(CHAMPION, 0)
        tags = {
            "model": model,
            "kind": TAG,
            "window": window,
            "alerts": found,
            "champion": str(champion),
            "text": "; ".join(f"{test}: {text}" for test, text in alerts.items())[:LONGEST_TAG],
        }
        run = connection.client.create_run(experiment, run_name=f"{model} {window}", tags=tags).info.run_id
        log_metrics(connection, run, metrics)
        if page:
            connection.client.log_text(run, page, "drift.html")
        connection.client.set_terminated(run)
        if champion:
            told = f"{window}: {found or 'none'}"
            connection.client.set_model_version_tag(model, str(champion), TAG, told)
    return True


def _known(connection: Connection, experiment: str, window: str, alerts: str) -> bool:
    asked = f"tags.window = '{window}' and attributes.status = 'FINISHED'"
    runs = connection.client.search_runs([experiment], filter_string=asked, max_results=1000)
    return any(run.data.tags.get("alerts", "") == alerts for run in runs)
