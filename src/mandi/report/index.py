"""The page that lists every model: champion, main metric, gate, charts drawn from its metrics, and where to read on."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mandi.core.config import load_params
from mandi.core.errors import DataNotFound
from mandi.core.paths import Paths
from mandi.report.html import page, title_of
from mandi.report.normalise import read
from mandi.report.repro import receipt_of
from mandi.report.results import read_evaluation
from mandi.report.task_charts import charts_for

CHARTS_EACH = 3  # of a model; its own report has all of them


def index_page(root: Path) -> str:
    """Write the index from the receipts, the metrics and the reports that are there.

    Parameters
    ----------
    root : Path
        The project. Read are params.yaml, artifacts/receipts/*.json, reports/metrics, reports/evaluation, reports/notebooks/*.html.

    Returns
    -------
    str
        A whole HTML page that opens offline.
    """
    paths = Paths(root)
    params = load_params(paths.params)
    models = list(params.get("models") or {})
    receipts = {model: receipt_of(paths, model) for model in models}
    heads = "".join(
        f"<th class='text'>{h}</th>"
        for h in ("model", "champion", "main metric", "baseline", "best possible")
    )
    rows = "".join(_row(model, receipts[model]) for model in models)
    body = [
        "<h1>mandi: where every model stands</h1>",
        f"<p class='muted'>tables from: {html.escape(str((params.get('tables') or {}).get('source', '-')))}</p>",
        f"<table class='figures'><thead><tr>{heads}<th class='text'>gate</th></tr></thead><tbody>{rows}</tbody></table>",
        "<h2>Reports</h2>",
        _reports(root, params.get("notebooks") or {}),
    ]
    for model in models:
        body += _charts(root, model)
    body.append("<footer>open a notebook: <code>make lab</code>; serve: <code>make serve</code></footer>")
    return page("mandi: where every model stands", "\n".join(body))


def _charts(root: Path, model: str) -> list[str]:
    try:
        drawn = charts_for(read_evaluation(root, model))[:CHARTS_EACH]
    except DataNotFound:  # not run yet or not trained: its line in the table says so
        return []
    pictures = [
        f'<img alt="{html.escape(chart.alt)}" src="data:image/png;base64,{base64.b64encode(chart.png()).decode()}">'
        for chart in drawn
    ]
    return [f"<h2>{html.escape(model)}</h2>", *pictures] if pictures else []


def _row(model: str, receipt: Mapping[str, Any]) -> str:
    if not receipt:
        cells, verdict, good = ["-", "-", "-", "-"], "not run yet: mandi repro", False
    elif receipt.get("skipped"):
        cells, verdict, good = ["-", "-", "-", "-"], f"not trained: {receipt['skipped']}", False
    else:
        champion = receipt.get("champion_version")
        cells = [f"v{champion}" if champion else "none"]
        cells += [str(receipt.get(key) or "-") for key in ("main", "baseline", "floor")]
        verdict = str(receipt.get("gate", "-"))
        good = "passed" in verdict.lower()
    tds = "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
    state = "good" if good else "bad"
    return f"<tr><td class='text'>{html.escape(model)}</td>{tds}<td class='text wide {state}'>{html.escape(verdict)}</td></tr>"


def _reports(root: Path, notebooks: Mapping[str, Any]) -> str:
    made = sorted((Paths(root).reports / "notebooks").glob("*.html"))
    lines = []
    for path in made:
        entry = notebooks.get(path.stem) or {}
        source = root / "notebooks" / f"{entry.get('notebook', path.stem)}.ipynb"
        title = title_of(read(source)) if source.is_file() else ""
        given = ", ".join(f"{k} = {v}" for k, v in (entry.get("parameters") or {}).items())
        beside = f" <span class='muted'>{html.escape(given)}</span>" if given else ""
        lines.append(
            f"<li><a href='notebooks/{html.escape(path.name)}'>{html.escape(path.stem)}</a> {html.escape(title)}{beside}</li>"
        )
    for path in sorted((Paths(root).reports / "drift").glob("*.html")):
        name = html.escape(path.stem)
        lines.append(f"<li><a href='drift/{name}.html'>drift of {name}</a></li>")
    return (
        f"<ul>{''.join(lines)}</ul>"
        if lines
        else "<p>No report has been run yet: <code>mandi repro</code></p>"
    )
