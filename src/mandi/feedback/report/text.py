"""The report as text for a terminal: percent and stars are written here and nowhere deeper."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mandi.feedback.report.breakdown import VIEWS
from mandi.feedback.report.shares import Figure

if TYPE_CHECKING:
    from pandas import DataFrame
    from rich.table import Table

    from mandi.feedback.report.improvement import ImprovementReport

NAMES = {
    "success_rate": "answers that came whole",
    "user_satisfaction": "satisfaction",
    "liked": "liked, of those judged",
    "reward": "reward",
    "right": "probability of being right",
}
SHOWN = ("success_rate", "user_satisfaction", "liked", "reward")
PERCENT = frozenset({"success_rate", "liked"})
MOST_ROWS = 12


def written(report: ImprovementReport, width: int = 110) -> str:
    """Return the report as text.

    Parameters
    ----------
    report : ImprovementReport
    width : int
        Columns of the terminal.
    """
    from rich.console import Console
    from rich.markup import escape

    with io.StringIO() as page:
        console = Console(
            file=page,
            width=width,
            highlight=False,
            force_terminal=False,
            force_jupyter=False,
            color_system=None,
        )
        counts = report.counts
        console.print(
            f"[bold]Feedback of {report.days} days[/bold], {report.since:%Y-%m-%d} to {report.until:%Y-%m-%d}: "
            f"{counts['answers']:,} answers to {counts['people']:,} people, {counts['judged']:,} judged, "
            f"{counts['corrected']:,} corrected; {counts['left_to_a_person']:,} were left to a person."
        )
        if report.lacking:
            console.print(f"[bold]{escape(report.lacking)}[/bold]")
        console.print(f"[bold]{escape(report.verdict)}[/bold]\n")
        console.print(_overall(report))
        for column, table in report.views.items():
            console.print(_view(VIEWS[column], column, table))
        console.print(_weeks(report.weeks))
        console.print(escape(report.trend) + "\n")
        console.print(_patterns(report))
        console.print(_bands(report.bands))
        for line in _loop(report):
            console.print(escape(line))
        console.print("\n[bold]What to improve next[/bold]")
        for number, advice in enumerate(report.advice, 1):
            console.print(
                f"{number}. {advice.what} ({advice.figure}; limit: {advice.limit})",
                markup=False,
            )
            console.print(f"     {advice.command}", markup=False, soft_wrap=True)
        if not report.advice:
            console.print("Nothing: no figure is beyond its limit.")
        return page.getvalue()


def figure_text(figure: Figure, name: str = "") -> str:
    """Write a figure with its interval: shares in per cent, satisfaction of 5, the rest as they are.

    Examples
    --------
    >>> figure_text(Figure(0.9, 0.6, 0.98, 10), "success_rate")
    '90.0 % (60.0 to 98.0)'
    >>> figure_text(Figure(4.25, 4.0, 4.5, 10), "user_satisfaction"), figure_text(Figure(None, None, None, 0))
    ('4.25 of 5 (4.00 to 4.50)', '-')
    """
    if figure.value is None or figure.low is None or figure.high is None:
        return "-"
    if name in PERCENT:
        return f"{100 * figure.value:.1f} % ({100 * figure.low:.1f} to {100 * figure.high:.1f})"
    if name == "user_satisfaction":
        return f"{figure.value:.2f} of 5 ({figure.low:.2f} to {figure.high:.2f})"
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"


def _overall(report: ImprovementReport) -> Table:
    table = _table(
        "Overall; intervals are of 95 %", "", "this period", "n", f"the {report.days} days before", "n "
    )
    for name, label in NAMES.items():
        now, then = report.overall_metrics[name], report.before[name]
        table.add_row(label, figure_text(now, name), f"{now.n:,}", figure_text(then, name), f"{then.n:,}")
    return table


def _view(title: str, column: str, frame: DataFrame) -> Table:
    table = _table(
        f"By {title}", title, "answers", "judged", "whole, %", "rating, of 5", "liked, %", "reward"
    )
    rows = frame.to_dict(orient="records")
    for row in rows[:MOST_ROWS]:
        cells = [_short(_figure(row, name), name) for name in SHOWN]
        table.add_row(str(row[column]), f"{row['answers']:,}", f"{row['judged']:,}", *cells)
    if len(rows) > MOST_ROWS:
        table.caption = f"{len(rows) - MOST_ROWS} smaller ones are not shown"
    return table


def _weeks(frame: DataFrame) -> Table:
    table = _table("By week", "from", "answers", "judged", "rating, of 5", "reward", "probability right")
    for row in frame.to_dict(orient="records"):
        cells = [_short(_figure(row, name), name) for name in ("user_satisfaction", "reward", "right")]
        table.add_row(f"{row['week']:%Y-%m-%d}", f"{row['answers']:,}", f"{row['judged']:,}", *cells)
    return table


def _patterns(report: ImprovementReport) -> Table:
    table = _table(
        "Disliked more than elsewhere", "where", "disliked", "of judged", "share", "lift", "mostly"
    )
    for pattern in report.patterns:
        table.add_row(
            pattern.name,
            f"{pattern.disliked:,}",
            f"{pattern.judged:,}",
            f"{100 * pattern.rate:.0f} %",
            f"{pattern.lift:.1f}",
            pattern.fault,
        )
    if not report.patterns:
        table.caption = "none that chance would not make"
    return table


def _bands(frame: DataFrame) -> Table:
    table = _table(
        "Who answered, by the student's confidence", "band", "answers", "share", "student", "teacher", "human", "mock", "liked"
    )  # fmt: skip
    for row in frame[frame["answers"] > 0].to_dict(orient="records"):
        routes = [_percent(row[route]) for route in ("student", "teacher", "human", "mock")]
        liked = figure_text(_figure(row, "liked"), "liked")
        table.add_row(row["band"], f"{row['answers']:,}", _percent(row["share"]), *routes, liked)
    return table


def _loop(report: ImprovementReport) -> list[str]:
    lines = []
    said = {
        "same_words": "Student and teacher said the same",
        "student_right": "The student was right",
        "teacher_right": "The teacher was right",
    }
    for name, label in said.items():
        figure = report.agreement[name]
        if figure.n:
            of = "pairs" if name == "same_words" else "pairs a person decided"
            lines.append(f"{label} in {figure_text(figure, 'liked')} of {figure.n:,} {of}.")
    if not lines:
        lines.append("Student and teacher were not compared: there are no pairs in this period.")
    if report.student:
        student = report.student
        lines.append(
            f"Frozen set, {student.examples:,} examples: {student.over} {figure_text(student.before, 'liked')}, "
            f"new student {figure_text(student.after, 'liked')}."
        )
        if student.confident_before and student.confident_after:
            lines.append(
                f"At equal accuracy the router may leave {figure_text(student.confident_after, 'liked')} of questions to it, "
                f"before {figure_text(student.confident_before, 'liked')}."
            )
        if student.shuffled:
            lines.append(
                f"Shuffled feedback gains {100 * (student.shuffled.value or 0):+.1f} points "
                f"(95 %: {100 * (student.shuffled.low or 0):+.1f} to {100 * (student.shuffled.high or 0):+.1f})."
            )
    return lines


def _short(figure: Figure, name: str) -> str:
    if figure.value is None or figure.low is None or figure.high is None:
        return "-"
    factor, places = (100, 0) if name in PERCENT else (1, 1) if name == "user_satisfaction" else (1, 2)
    low, high = factor * figure.low, factor * figure.high
    return f"{factor * figure.value:.{places + 1}f} ({low:.{places}f}\u2013{high:.{places}f})"


def _figure(row: Mapping[Any, Any], name: str) -> Figure:
    value, low, high = (row[name + end] for end in ("", "_low", "_high"))
    absent = value is None or value != value
    return Figure(None, None, None, 0) if absent else Figure(value, low, high, 0)


def _percent(value: float | None) -> str:
    return "-" if value is None or value != value else f"{100 * value:.1f} %"


def _table(title: str, *columns: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(
        title=title, title_justify="left", title_style="bold", caption_justify="left", box=box.SIMPLE_HEAD
    )
    for number, column in enumerate(columns):
        table.add_column(
            column, justify="left" if number == 0 else "right", no_wrap=number > 0, overflow="fold"
        )
    return table
