"""Offers a model trained by hand as the challenger: a run to compare with the pipeline's, judged by the same gate."""

from __future__ import annotations

import html
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mandi.core.config import load_params
from mandi.core.errors import ConfigError
from mandi.core.paths import project_root
from mandi.registry.audit import VerdictLike, judge_version
from mandi.registry.lineage import collect
from mandi.registry.registration import Receipt, register
from mandi.registry.tracking import measured, start_run

if TYPE_CHECKING:
    from pandas import DataFrame

    from mandi.models.base import Model


@dataclass(frozen=True)
class Offer:
    """A challenger made by hand: its receipt, the gate's verdict, and what to type next.

    Attributes
    ----------
    receipt : Receipt
    verdict : Verdict or None
        None when it could not be judged, or when its content is the champion's.
    next_command : str
    text : str
        One line for the reader.
    """

    receipt: Receipt
    verdict: VerdictLike | None
    next_command: str
    text: str

    def __str__(self) -> str:
        return f"{self.text}\n  next: {self.next_command}"

    def _repr_html_(self) -> str:
        inside = getattr(self.verdict, "_repr_html_", lambda: "")()
        command = f"<code>{html.escape(self.next_command)}</code>"
        return f"<p>{html.escape(self.text)}</p>{inside}<p>next: {command}</p>"


def offer_challenger(
    model: Model,
    metrics: Mapping[str, float],
    params: Mapping[str, Any] | None = None,
    note: str = "",
    *,
    frame: DataFrame | None = None,
    root: Path | None = None,
) -> Offer:
    """Register a fitted model as challenger and let the gate judge it against the champion.

    Parameters
    ----------
    model : Model
        Fitted.
    metrics : mapping of str to float
        Of the same evaluation as the pipeline's, on the same test part. What is not finite is left out by name: the gate
        fails a metric that it asks for and does not find.
    params : mapping, optional
        What it was trained with; shown beside the pipeline's by ``runs``.
    note : str
        What was tried, for whoever compares later.
    frame : DataFrame, optional
        The training frame, for the lineage.
    root : Path, optional
        The project; found from the current folder if not given.

    Returns
    -------
    Offer
        Renders with its verdict and the next command.
    """
    root = root or project_root()
    file = root / "params.yaml"
    tables = (load_params(file).get("tables") or {}) if file.is_file() else {}
    name = model.name
    numbers, absent = measured(metrics)
    with (
        tempfile.TemporaryDirectory() as somewhere,
        start_run(name, "notebook", params, {"note": note}, root=root) as run,
    ):
        saved = Path(somewhere) / name
        saved.mkdir()
        model.save(saved)
        run.log_metrics(numbers)
        if absent:
            run.set_tags({"not_measured": ", ".join(absent)})
        lineage = collect(root, name, frame=frame, model_folder=saved, params=params)
        receipt = register(
            name, saved, model.spec, numbers, lineage, str(tables.get("source", "")), run=run, note=note
        )
    left_out = f"; not measured: {', '.join(absent[:3])}{', ...' if absent[3:] else ''}" if absent else ""
    if receipt.alias == "champion":
        text = f"this is the champion itself, {name} v{receipt.version}: nothing new to offer"
        return Offer(receipt, None, f"change a parameter, or mandi look {name}", text)
    try:
        verdict = judge_version(name, receipt.version, root=root)
    except ConfigError as error:
        text = f"{receipt}; not judged: {error.message}{left_out}"
        return Offer(receipt, None, f"mandi promote {name} --force --reason '...'", text)
    if verdict.passed:
        return Offer(receipt, verdict, f"mandi promote {name}", f"{receipt}; the gate was passed{left_out}")
    following = f"mandi look {name}, or mandi promote {name} --force --reason '...'"
    return Offer(receipt, verdict, following, f"{receipt}; the gate was not passed{left_out}")
