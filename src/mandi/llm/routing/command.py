"""``mandi route replay``: what each router would have done with the questions of a log."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mandi.core.errors import ContractError, MandiError, UnknownValue
from mandi.llm.provider import Kind
from mandi.llm.routing.replay_log import KINDS, ReplayLog
from mandi.llm.routing.router import POLICIES, policy_named

if TYPE_CHECKING:
    from rich.table import Table

    from mandi.llm.routing.curve import Curve
    from mandi.llm.routing.replay import Replayed
    from mandi.store.database import Database

HOW = {
    "full": "every outcome of every question is in the log",
    "doubly_robust": "one outcome a question: doubly robust estimate by logged propensities",
    "inverse_propensity": "one outcome a question: inverse propensity estimate",
}


def replayed(
    log: ReplayLog, names: Sequence[str] = (), *, weak: str | None = None, strong: str | None = None
) -> tuple[list[Replayed], dict[str, Curve]]:
    """Replay policies, each provider alone beside them, and draw the curve of those that decide by a score.

    Parameters
    ----------
    log : ReplayLog
    names : sequence of str
        Policies; all if none is given.
    weak, strong : str, optional
        The two providers of the curves.

    Raises
    ------
    UnknownValue
        A policy or a provider is not known.
    """
    from mandi.llm.routing.replay import Always, replay, replay_curve

    chosen = list(names or POLICIES)
    runs = [replay(policy_named(name), log) for name in chosen]
    runs += [replay(Always(provider), log) for provider in log.providers]
    curves: dict[str, Curve] = {}
    for name in chosen:
        if name in {"confidence", "complexity"}:
            try:
                curves[name] = replay_curve(name, log, weak, strong)
            except ContractError:  # no confidence in the log, or nothing to gain: the table shows a dash
                continue
    return runs, curves


def replay_table(runs: Sequence[Replayed], curves: Mapping[str, Curve]) -> Table:
    """Lay out what ``replayed`` found; shares in per cent, cost per thousand calls."""
    from rich.table import Table

    table = Table(title=f"{runs[0].rows:,} questions; {HOW[runs[0].estimator]}", title_justify="left")
    for column in (
        "router",
        "quality",
        "95 %",
        "USD / 1,000",
        "student",
        "teacher",
        "human",
        "mock",
        "APGR",
        "CPT50",
        "CPT80",
    ):
        table.add_column(column, justify="left" if column == "router" else "right")
    for run in runs:
        found = curves.get(run.policy)
        table.add_row(
            run.policy,
            _shown(run.quality, 3),
            f"{_shown(run.quality_low, 3)}-{_shown(run.quality_high, 3)}",
            _shown(run.cost_usd * 1000, 4),
            *(
                f"{run.routes.get(route, 0) / run.rows:.1%}"
                for route in ("student", "teacher", "human", "mock")
            ),
            f"{found.apgr:.3f} ({found.apgr_low:.3f}-{found.apgr_high:.3f})" if found else "-",
            *(_per_cent(share) for share in ((found.cpt50, found.cpt80) if found else (None, None))),
        )
    return table


def route_replay(
    log: ReplayLog,
    names: Sequence[str] = (),
    *,
    chart: Path | None = None,
    weak: str | None = None,
    strong: str | None = None,
) -> str:
    """Return the table as text and write the picture of the curves, if one is asked for.

    Raises
    ------
    UnknownValue
        A name is not known, or the picture is neither .png nor .html.
    ContractError
        A picture is asked for and no curve can be drawn.
    """
    from rich.console import Console

    if chart is not None and chart.suffix not in {".png", ".html"}:
        raise UnknownValue(f'a chart cannot be written to "{chart.name}"', allowed=".png or .html")
    runs, curves = replayed(log, names, weak=weak, strong=strong)
    console = Console(width=150, record=True, file=io.StringIO())
    console.print(replay_table(runs, curves))
    text = "\n".join(line.rstrip() for line in console.export_text(clear=False).splitlines())
    if chart is not None:
        from mandi.llm.routing.curve import replay_chart

        picture = io.BytesIO()
        replay_chart(curves).savefig(picture, format="png", dpi=120)
        if chart.suffix == ".png":
            chart.write_bytes(picture.getvalue())
        else:
            chart.write_text(
                _page(console.export_html(inline_styles=True), picture.getvalue()), encoding="utf-8"
            )
        text += f"\nchart: {chart}"
    return text


def kinds_of(given: Sequence[str]) -> dict[str, Kind]:
    """Read ``NAME=KIND`` pairs.

    Raises
    ------
    UnknownValue

    Examples
    --------
    >>> kinds_of(["llama=local"])
    {'llama': 'local'}
    """
    found: dict[str, Kind] = {}
    for pair in given:
        name, _, kind = pair.partition("=")
        if not name or kind not in KINDS:
            raise UnknownValue(f'kind "{pair}"', allowed=", ".join(f"NAME={kind}" for kind in KINDS))
        found[name] = kind
    return found


def the_log(file: Path | None, database: Database | None, kinds: Mapping[str, Kind]) -> ReplayLog:
    """Return the log that is asked for: a file's, or the calls a database recorded.

    Raises
    ------
    MandiError
        Neither or both are asked for.
    """
    from mandi.llm.routing.replay_log import log_of, read_log

    if (file is None) == (database is None):
        raise MandiError(
            "name a log, or the database",
            next_command="mandi route replay --log FILE.jsonl, or --from-database",
        )
    if database is None:
        assert file is not None
        return read_log(file, kinds)
    from mandi.llm.routing.recorded import recorded_rows

    return log_of(recorded_rows(database), kinds)


def _page(table: str, picture: bytes) -> str:
    body = table.partition("<body>")[2].partition("</body>")[0]
    image = base64.b64encode(picture).decode("ascii")
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Routing replay</title>'
        f'<body>{body}<img alt="quality against the share of strong calls" src="data:image/png;base64,{image}"></body></html>\n'
    )


def _shown(value: float, places: int) -> str:
    return "-" if math.isnan(value) else f"{value:.{places}f}"


def _per_cent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
