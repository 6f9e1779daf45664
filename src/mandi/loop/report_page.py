"""The improvement report as one HTML file: tables, charts inside, nothing loaded from anywhere."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from mandi.feedback.report.breakdown import VIEWS
from mandi.feedback.report.improvement import ImprovementReport
from mandi.feedback.report.text import NAMES, figure_text
from mandi.report import learning_charts, learning_gain
from mandi.report.frames import table
from mandi.report.html import page

if TYPE_CHECKING:
    from mandi.loop.study import Study
    from mandi.report.canvas import Chart

SHOWN = ("success_rate", "user_satisfaction", "liked", "reward")


def report_page(report: ImprovementReport, source: str, study: Study | None = None) -> str:
    """Return the page.

    Parameters
    ----------
    report : ImprovementReport
    source : str
        Where the answers are from, in words.
    study : Study, optional
        What the loop gained.
    """
    counts = report.counts
    head = (
        f"<h1>What feedback says: {report.days} days</h1>"
        f"<p>{report.since:%Y-%m-%d} to {report.until:%Y-%m-%d}, from {html.escape(source)}: {counts['answers']:,} answers to "
        f"{counts['people']:,} people, {counts['judged']:,} judged, {counts['corrected']:,} corrected; "
        f"{counts['left_to_a_person']:,} were left to a person.</p>"
        f"<p><b>{html.escape(report.verdict)}</b></p>"
        + (f"<p class='bad'>{html.escape(report.lacking)}</p>" if report.lacking else "")
    )
    parts = [head, "<h2>What to improve next</h2>", _advice(report)]
    if study is not None:
        parts += [
            "<h2>Before and after</h2>",
            f"<p>{html.escape(study.in_words())}</p>",
            _image(gain_of(study)),
        ]
        parts.append(_image(learning_charts.differences(study.gains(), "Gain, over all and by slice")))
    parts += ["<h2>Overall</h2>", _overall(report), "<h2>Week by week</h2>"]
    parts += [
        _image(learning_charts.weekly(report.weeks, "Reward by week, with 95 % intervals"))
        if len(report.weeks)
        else ""
    ]
    parts += [
        f"<p>{html.escape(report.trend)}</p>",
        "<h2>Disliked more than elsewhere</h2>",
        _patterns(report),
    ]
    parts += ["<h2>Who answers</h2>", _bands(report), "<h2>Group by group</h2>"]
    parts += [_view(VIEWS[column], column, frame) for column, frame in report.views.items()]
    parts.append(
        "<footer>Intervals are of 95 %: Wilson's for shares; for means the answers of one person count as one voice. "
        "A pattern stands above chance even with all groups that were looked at taken into account.</footer>"
    )
    return page(f"Feedback, {report.days} days", "\n".join(parts))


def gain_of(study: Study) -> Chart:
    """Draw how right each student is against how much it answers alone: the picture of the loop's gain."""
    title = f"What feedback gained: {study.questions:,} frozen questions, asked after all that was learned"
    return learning_gain.gain(study.curves(), study.points(), title, target=study.target)


def _overall(report: ImprovementReport) -> str:
    rows = [
        {"": NAMES[name], "this period": figure_text(now, name), "n": now.n, "before": figure_text(report.before[name], name)}
        for name, now in report.overall_metrics.items()
    ]  # fmt: skip
    return table(pd.DataFrame(rows), f"with the {report.days} days before beside it")._repr_html_()


def _view(title: str, column: str, frame: pd.DataFrame) -> str:
    cells = pd.DataFrame(
        {title: frame[column].astype(str), "answers": frame["answers"], "judged": frame["judged"]}
    )
    for name in SHOWN:
        cells[NAMES[name]] = [_cell(row, name) for row in frame.to_dict(orient="records")]
    return table(cells, f"By {title}", rows=20)._repr_html_()


def _patterns(report: ImprovementReport) -> str:
    if not report.patterns:
        return "<p>None that chance would not make.</p>"
    rows = [
        {"where": p.name, "disliked": p.disliked, "of judged": p.judged, "share": f"{p.rate:.0%}", "lift": round(p.lift, 1),
         "mostly": p.fault, "to look up": ", ".join(p.generation_ids)}
        for p in report.patterns
    ]  # fmt: skip
    return table(pd.DataFrame(rows))._repr_html_()


def _bands(report: ImprovementReport) -> str:
    frame = report.bands[report.bands["answers"] > 0]
    if not len(frame):
        return "<p>No answer has a confidence.</p>"
    chart = learning_charts.who_answers({"this period": frame}, "Who answered")
    return _image(chart) + table(frame, "by the student's confidence; shares")._repr_html_()


def _advice(report: ImprovementReport) -> str:
    if not report.advice:
        return "<p>Nothing: no figure is beyond its limit.</p>"
    return "<ol>" + "".join(_items(report)) + "</ol>"


def _items(report: ImprovementReport) -> Iterable[str]:
    for advice in report.advice:
        yield (
            f"<li>{html.escape(advice.what)} <span class='muted'>{html.escape(advice.figure)}; limit: "
            f"{html.escape(advice.limit)}</span><br><code>{html.escape(advice.command)}</code></li>"
        )


def _cell(row: dict[object, object], name: str) -> str:
    from mandi.feedback.report.shares import Figure

    value, low, high = (row[f"{name}{end}"] for end in ("", "_low", "_high"))
    if not isinstance(value, float) or value != value:
        return "-"
    return figure_text(Figure(value, float(str(low)), float(str(high)), 0), name)


def _image(chart: Chart) -> str:
    inlined = base64.b64encode(chart.png()).decode("ascii")
    return f'<img alt="{html.escape(chart.alt)}" src="data:image/png;base64,{inlined}">'
