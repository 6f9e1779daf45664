"""The page that lists every model: champion, main metric, gate, charts drawn from its metrics, and where to read on."""

from __future__ import annotations

import base64
import html
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from mandi.core.config import load_params
from mandi.core.paths import Paths
from mandi.report.html import page, title_of
from mandi.report.normalise import read


def index_page(root: Path) -> str:
    """Write the index from the receipts, the metrics and the reports that are there.

    Parameters
    ----------
    root : Path
        The project. Read are params.yaml, artifacts/receipts/*.json, reports/metrics/*.json, reports/notebooks/*.html.

    Returns
    -------
    str
        A whole HTML page that opens offline.
    """
    paths = Paths(root)
    params = load_params(paths.params)
    models = list(params.get("models") or {})
    receipts = {model: _json(paths.receipt(model)) for model in models}
    heads = "".join(
        f"<th>{h}</th>" for h in ("model", "champion", "main metric", "baseline", "best possible")
    )
    rows = "".join(_row(model, receipts[model]) for model in models)
    body = [
        "<h1>mandi: where every model stands</h1>",
        f"<p class='muted'>tables from: {html.escape(str((params.get('tables') or {}).get('source', '-')))}</p>",
        f"<table><thead><tr>{heads}<th class='text'>gate</th></tr></thead><tbody>{rows}</tbody></table>",
        "<h2>Reports</h2>",
        _reports(root, params.get("notebooks") or {}),
    ]
    for model in models:
        metrics = _numbers(_json(paths.reports / "metrics" / f"{model}.json"))
        body += _charts(model, metrics)
    body.append("<footer>open a notebook: <code>make lab</code>; serve: <code>make serve</code></footer>")
    return page("mandi: where every model stands", "\n".join(body))


def by_horizon(metrics: Mapping[str, float]) -> pd.DataFrame:
    """Read the figures of each horizon out of flat metrics.

    Parameters
    ----------
    metrics : mapping of str to float
        ``market.7.mae``, ``market.7.last_price.mae``, ``market.7.coverage90``, ... INR per quintal, or shares.

    Returns
    -------
    DataFrame
        ``horizon_days`` and one column per figure found.

    Examples
    --------
    >>> by_horizon({"market.7.mae": 97.0, "market.7.last_price.mae": 122.0, "market.pooled.mae": 1.0, "lot.mae": 43.0})
       horizon_days   mae  last_price.mae
    0             7  97.0           122.0
    """
    found: dict[int, dict[str, float]] = {}
    for name, value in metrics.items():
        parts = name.split(".", 2)
        if len(parts) == 3 and parts[0] == "market" and parts[1].isdigit():
            found.setdefault(int(parts[1]), {})[parts[2]] = value
    return pd.DataFrame([{"horizon_days": h, **found[h]} for h in sorted(found)])


def coverage_of(metrics: Mapping[str, float]) -> pd.DataFrame:
    """Read measured coverage out of flat metrics, as ``plots.coverage`` draws it.

    Examples
    --------
    >>> coverage_of({"lot.coverage95": 0.951, "market.1.calm.coverage90": 0.9})
      question  nominal  coverage
    0     lots     0.95     0.951
    """
    from mandi.report.canvas import ahead_of

    rows = []
    for name, value in metrics.items():
        question, _, figure = name.rpartition(".")
        known = question == "lot" or (question.startswith("market.") and question[7:].isdigit())
        if known and figure in ("coverage90", "coverage95"):
            said = "lots" if question == "lot" else ahead_of(question[7:])
            order = -1 if question == "lot" else int(question[7:])
            rows.append((order, {"question": said, "nominal": int(figure[-2:]) / 100, "coverage": value}))
    return pd.DataFrame([row for _, row in sorted(rows, key=lambda pair: (pair[0], pair[1]["nominal"]))])


def _charts(model: str, metrics: Mapping[str, float]) -> list[str]:
    from mandi.report.breakdown import against_floor
    from mandi.report.plots import BASELINES, coverage, mae_bars

    shown: list[Any] = []
    horizons = by_horizon(metrics)
    if len(horizons) and "mae" in horizons:
        beside = {"mae": "predicted_price", **{f"{b}.mae": b for b in BASELINES}}
        mae = horizons.set_index("horizon_days")[[c for c in beside if c in horizons]]
        title = f"{model}: mean absolute error by days ahead"
        shown.append(mae_bars(mae.rename(columns=beside), title=title))
    if "lot.mae" in metrics:
        errors = {"model": metrics["lot.mae"]}
        errors |= {
            name.split(".")[1].replace("_", " "): value
            for name, value in metrics.items()
            if name.startswith("lot.") and name.endswith(".mae") and name.count(".") == 2
            and name.split(".")[1] not in ("calm", "middle", "restless")
        }  # fmt: skip
        floor = metrics.get("lot.floor_mae")
        shown.append(against_floor(errors, floor, title=f"{model}: lots, error beside the best possible"))
    covered = coverage_of(metrics)
    if len(covered):
        shown.append(coverage(covered, title=f"{model}: how often the truth lies inside the interval"))
    if not shown:
        return []
    pictures = [
        f'<img alt="{html.escape(c.alt)}" src="data:image/png;base64,{base64.b64encode(c.png()).decode()}">'
        for c in shown
    ]
    return [f"<h2>{html.escape(model)}</h2>", *pictures]


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
    return f"<tr><td>{html.escape(model)}</td>{tds}<td class='text wide {state}'>{html.escape(verdict)}</td></tr>"


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
    return (
        f"<ul>{''.join(lines)}</ul>"
        if lines
        else "<p>No report has been run yet: <code>mandi repro</code></p>"
    )


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    loaded = json.loads(path.read_text(encoding="utf-8"))
    return loaded if isinstance(loaded, dict) else {}


def _numbers(loaded: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    found: dict[str, float] = {}
    for key, value in loaded.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            found |= _numbers(value, "" if key == "metrics" and not prefix else f"{name}.")
        elif isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
            found[name] = float(value)
    return found
