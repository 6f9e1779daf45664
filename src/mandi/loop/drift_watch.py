"""Looks at every model for drift, writes the reports, and tells each alert once: in the log, to the webhook, in MLflow."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mandi.core.config import build, load_params, section
from mandi.core.errors import UnknownValue, nearest
from mandi.core.paths import Paths
from mandi.evaluation.drift.checks import Drift
from mandi.evaluation.drift.params import DriftParams

if TYPE_CHECKING:
    from pandas import DataFrame, Timestamp

LOG = logging.getLogger("mandi.drift")
ANSWERED = ("predictions", "backtest")


def drift_params(params: Mapping[str, Any]) -> DriftParams:
    """Return section ``drift`` of params.yaml; the defaults where there is none.

    Examples
    --------
    >>> drift_params({"drift": {"share": 0.4}}).share, drift_params({}).share
    (0.4, 0.3)
    """
    return build(DriftParams, section(params, "drift") if params.get("drift") else {}, "drift")


def look_at(paths: Paths, model: str, params: DriftParams) -> Drift | str:
    """Judge one model by what the pipelines left; or say why it cannot be.

    Parameters
    ----------
    paths : Paths
        Read are the model's frame, its answers to the test and those of the back-test: none of them saw its truth before.
    model : str
    params : DriftParams
    """
    import pandas as pd

    from mandi.evaluation.drift.monitor import end_of, look
    from mandi.models import model_class

    file = paths.features(model) / "frame.parquet"
    if not file.is_file():
        return "it has no features"
    spec = model_class(model).spec
    frame = pd.read_parquet(file)
    if not len(frame):
        return "it was asked nothing"
    return look(frame, answered(paths, model), spec, params, min(end_of(frame), last_day(paths)))


def last_day(paths: Paths) -> Timestamp:
    """Return the end of the last day (UTC) that the tables know: what is asked later rests on what has not happened yet.

    Parameters
    ----------
    paths : Paths
        Read are the reports; without any, no day is the last.
    """
    import pandas as pd

    file = paths.tables / "reports.parquet"
    last = pd.read_parquet(file, columns=["event_time"])["event_time"].max() if file.is_file() else pd.NaT
    if pd.isna(last):
        return pd.Timestamp.max.floor("D").tz_localize("UTC")
    return last.floor("D") + pd.Timedelta(days=1)


def answered(paths: Paths, model: str) -> DataFrame | None:
    """Return the outputs of the test and, before it, of the back-test, by index of the frame; None where there are none."""
    import pandas as pd

    files = [paths.evaluation(model) / f"{name}.parquet" for name in ANSWERED]
    parts = [pd.read_parquet(file) for file in files if file.is_file()]
    parts = [part for part in parts if len(part)]
    if not parts:
        return None
    whole = pd.concat(parts)
    return whole[~whole.index.duplicated(keep="first")]


def watch(root: Path, models: Sequence[str] = ()) -> dict[str, Drift | str]:
    """Look at models, write ``reports/drift`` and ``reports/metrics/drift.json``, and tell what drifted.

    Parameters
    ----------
    root : Path
        The project.
    models : sequence of str
        All of params.yaml if none is named; the metrics are written only then.

    Returns
    -------
    dict of model to Drift, or to why it was not looked at

    Raises
    ------
    UnknownValue
        There is no such model.
    """
    from mandi.report.drift_page import drift_page

    paths, params = Paths(root), load_params(root / "params.yaml")
    known = list(params.get("models") or {})
    for name in models:
        if name not in known:
            raise UnknownValue(f'no model "{name}"{nearest(name, known)}', allowed=", ".join(known))
    chosen, folder = drift_params(params), paths.reports / "drift"
    folder.mkdir(parents=True, exist_ok=True)
    found = {name: look_at(paths, name, chosen) for name in models or known}
    for name, drift in found.items():
        page = folder / f"{name}.html"
        if isinstance(drift, str):
            page.unlink(missing_ok=True)
            continue
        text = drift_page(drift)
        page.write_text(text, encoding="utf-8")
        tell(root, drift, text)
    if not models:
        metrics = {
            name: {"skipped": drift} if isinstance(drift, str) else dict(drift.metrics())
            for name, drift in found.items()
        }
        _write_json(paths.metrics("drift"), metrics)
        _write_json(folder / "drift.json", {n: {"skipped": d} if isinstance(d, str) else d.as_dict() for n, d in found.items()})  # fmt: skip
    return found


def tell(root: Path, drift: Drift, page: str) -> bool:
    """Keep what was found in MLflow, and tell an alert that is not on record yet in the log and to the webhook.

    Parameters
    ----------
    root : Path
    drift : Drift
    page : str
        Its report.

    Returns
    -------
    bool
        Whether there was something new to tell.
    """
    from mandi.registry.drift_record import record_drift

    window = f"{drift.start.date()} to {drift.end.date()}"
    alerts: dict[str, str] = {check.test: check.text for check in drift.alerts}
    new = record_drift(drift.model, window, drift.metrics(), alerts, page, root=root)
    if alerts and new:
        asyncio.run(_told(root, drift, window))
        return True
    return False


async def _told(root: Path, drift: Drift, window: str) -> None:
    from mandi.serving.observing.alert_rules import Alert, AlertRules
    from mandi.serving.observing.alerts import Alerts
    from mandi.serving.observing.webhook import Webhook
    from mandi.serving.settings import load

    settings = load(root / ".env")
    hook = None
    if settings.alert_webhook_url is not None:
        hook = Webhook(
            settings.alert_webhook_url, settings.alert_webhook_secret, settings.alert_private_addresses
        )
    alerts = Alerts(AlertRules.of(settings), send=hook)
    tests = ", ".join(check.test for check in drift.alerts)
    figures: dict[str, float] = {
        check.test: float(check.value) for check in drift.alerts if check.value is not None
    }
    alerts.give(Alert("drift", drift.model, "warning", f"{drift.model} drifted, {window}: {tests}", figures))
    try:
        await alerts.settle()
    finally:
        if hook is not None:
            await hook.close()


def _write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")
