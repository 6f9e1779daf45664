"""The page of one model's drift: every test with its limit, the columns that moved most, and how answers did before and now."""

from __future__ import annotations

import base64
import html
import io

import numpy as np
import pandas as pd

from mandi.evaluation.drift.checks import Check, Drift
from mandi.report.html import page

MOST_CHARTS = 3
MOST_ROWS = 60
LARGEST = 5_000_000
"""Bytes of a page at most; a page of a hundred columns has less than a tenth of it."""
NAMES = {
    "columns": "What the model reads",
    "answers": "What it answers",
    "residuals": "One-sided errors",
    "calibration": "Stated ranges",
    "performance": "Size of errors",
}


def drift_page(drift: Drift, *, home: str = "../index.html") -> str:
    """Write the page.

    Parameters
    ----------
    drift : Drift
    home : str
        Where the link to the index goes.

    Returns
    -------
    str
        A whole HTML page: pictures inside, no script, no address outside, under ``LARGEST`` bytes.
    """
    state = "drift" if drift.alerts else "no drift"
    title = f"{drift.model}: {state}, {drift.start.date()} to {drift.end.date()}"
    body = [
        f'<nav><a href="{html.escape(home)}">all reports</a></nav><h1>{html.escape(title)}</h1>',
        "<table class='figures'><thead><tr><th class='text'>test</th><th class='text'>found</th><th>value</th><th>limit</th></tr></thead>",
        f"<tbody>{''.join(_row(check) for check in drift.checks)}</tbody></table>",
        *(_section(check) for check in drift.checks if len(check.table)),
        "<footer>how drift is judged: docs/drift.md; again: <code>mandi drift</code></footer>",
    ]
    return page(title, "\n".join(body))


def _row(check: Check) -> str:
    state = "bad" if check.alert else "good" if check.judged else "muted"
    value, limit = ("-" if v is None else f"{v:.3g}" for v in (check.value, check.limit))
    return (
        f"<tr><td class='text'>{html.escape(NAMES[check.test])}</td>"
        f"<td class='text wide {state}'>{html.escape(check.text)}</td><td>{value}</td><td>{limit}</td></tr>"
    )


def _section(check: Check) -> str:
    shown = check.table.head(MOST_ROWS)
    parts = [
        f"<h2>{html.escape(NAMES[check.test])}</h2>",
        shown.to_html(index=False, float_format=lambda x: f"{x:.4g}", na_rep="-", border=0),
    ]
    if len(shown) < len(check.table):
        parts.append(f"<p class='muted'>the first {len(shown)} of {len(check.table)}</p>")
    if "column" in check.table and len(check.current):
        names = [str(name) for name in check.table["column"].head(MOST_CHARTS)]
        parts.append(_picture(check.reference, check.current, names))
    return "\n".join(parts)


def _picture(reference: pd.DataFrame, current: pd.DataFrame, names: list[str]) -> str:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 2.3 * ((len(names) + 2) // 3)))
    figure.subplots_adjust(left=0.08, right=0.98, top=0.9, bottom=0.12, hspace=0.45)
    FigureCanvasAgg(figure)
    for place, name in enumerate(names):
        axes = figure.add_subplot((len(names) + 2) // 3, 3, place + 1)
        before, now = reference[name].dropna(), current[name].dropna()
        if pd.api.types.is_numeric_dtype(before):
            values = np.concatenate([before.to_numpy(np.float64), now.to_numpy(np.float64)])
            low, high = np.quantile(values, [0.005, 0.995])
            bins = np.linspace(low, high if high > low else low + 1, 25).tolist()
            axes.hist(before, bins=bins, density=True, color="#999999", alpha=0.6, label="before")
            axes.hist(now, bins=bins, density=True, histtype="step", color="#0072B2", label="now")
        else:
            kinds = before.value_counts(normalize=True).head(8)
            axes.barh(kinds.index.astype(str), kinds, color="#999999", alpha=0.6, label="before")
            share = now.value_counts(normalize=True).reindex(kinds.index, fill_value=0)
            axes.plot(share, kinds.index.astype(str), "o", color="#0072B2", label="now")
        axes.set_title(name, fontsize=9)
        axes.tick_params(labelsize=7)
    figure.axes[0].legend(fontsize=7, frameon=False)
    held = io.BytesIO()
    figure.savefig(held, format="png", dpi=80)
    told = f"distributions before and now of {', '.join(names)}"
    return f'<img alt="{html.escape(told)}" src="data:image/png;base64,{base64.b64encode(held.getvalue()).decode()}">'
