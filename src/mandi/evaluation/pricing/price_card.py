"""The parts of a model card that speak of prices: figures by horizon, volatility, worst slices and the oracles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mandi.evaluation.appraisal import BY_QUESTION, BY_VOLATILITY, WORST_SLICES
from mandi.evaluation.markdown import escaped, lines, markdown_table, number

SOYBEAN = (
    "On the real soybean files (250 markets of Agmarknet, 2014-2017) a fair price of today from the other markets' reports "
    "of the same day stays near 61 INR per quintal of mean absolute error."
)
GENERATED = (
    "These figures are of the generated market. The noise assumed there is sized from real files, but a lot there has a "
    "price that its recorded attributes explain; a lot on a real yard has reasons that nobody records.",
    f"{SOYBEAN} An error below 50 is a property of the generated market, not a promise.",
)
REAL = (
    "These figures are of real market reports. There are no lots in them, so nothing is said about quality premia, "
    "suppliers or quantities; an error in rupees depends on the crop, so the gate asks for skill over the last report and "
    "for coverage.",
    SOYBEAN,
)

SHOWN = {
    "rows": "questions",
    "mae": "MAE",
    "rmse": "RMSE",
    "r2": "R2",
    "r2_by_commodity": "R2 within crops",
    "mape": "MAPE %",
    "mase": "MASE",
    "skill": "skill",
    "dm_p": "DM p",
    "coverage90": "in 90 %",
    "coverage95": "in 95 %",
    "width95": "width 95 %",
    "interval_score_ratio95": "interval score / naive",
}


def sections(report: Mapping[str, Any], unit: str) -> list[str]:
    """Return what a price card says of the figures: by horizon, beside the baselines, by volatility, worst slices, floor.

    Parameters
    ----------
    report : mapping
        ``Evaluation.as_dict()``.
    unit : str
    """
    metrics, tables = report["metrics"], report["tables"]
    by_question = tables[BY_QUESTION]
    return [
        f"## How well it does\n\n{lines(map(escaped, report.get('notes', ())))}\n\n{_results(by_question)}",
        f"### Beside the baselines\n\nMean absolute error, {unit}.\n\n{_baselines(by_question, metrics)}",
        _terciles(tables.get(BY_VOLATILITY, ())),
        _worst(tables.get(WORST_SLICES, ())),
        _floor(metrics, unit),
    ]


def limits(source: str) -> tuple[str, ...]:
    """Return what the source of the tables means for the figures of prices."""
    return GENERATED if source == "generated" else REAL


def _results(by_horizon: Sequence[Mapping[str, Any]]) -> str:
    figures = [key for key in SHOWN if any(row.get(key) is not None for row in by_horizon)]
    rows = [[_question(row), *(number(row.get(key)) for key in figures)] for row in by_horizon]
    return markdown_table(["question", *(SHOWN[key] for key in figures)], rows)


def _baselines(by_horizon: Sequence[Mapping[str, Any]], metrics: Mapping[str, Any]) -> str:
    questions = [str(row["question"]) for row in by_horizon]
    names = sorted({name for key in metrics for name in [_baseline_of(key, questions)] if name})
    rows = [
        [
            _question(row),
            number(row.get("mae")),
            *(number(metrics.get(f"{row['question']}.{name}.mae")) for name in names),
        ]
        for row in by_horizon
    ]
    return markdown_table(
        ["question", "this model", *(escaped(name.replace("_", " ")) for name in names)], rows
    )


def _baseline_of(key: str, questions: Sequence[str]) -> str:
    for question in questions:
        inner = key.removeprefix(f"{question}.")
        # a baseline is compared with the model: that tells it from a tercile, which also has an mae
        if (
            inner != key
            and inner.endswith(".skill")
            and inner.count(".") == 1
            and not inner.startswith("worst_slice")
        ):
            return inner.removesuffix(".skill")
    return ""


def _terciles(terciles: Sequence[Mapping[str, Any]]) -> str:
    if not terciles:
        return ""
    keys = ["coverage90", "coverage95", "width90", "width95", "mae"]
    rows = [
        [_question(row), escaped(row["tercile"]), *(number(row.get(key)) for key in keys)] for row in terciles
    ]
    head = ["question", "volatility", "in 90 %", "in 95 %", "width 90 %", "width 95 %", "MAE"]
    return f"### In calm and restless times\n\nThirds of the days by the nation's volatility.\n\n{markdown_table(head, rows)}"


def _worst(worst: Sequence[Mapping[str, Any]]) -> str:
    if not worst:
        return "### Where it is worst\n\nNo slice has rows enough to be called the worst."
    head = ["question", "worst slice", "of", "questions", "MAE", "MAPE %", "skill", "in 95 %"]
    keys = ["rows", "mae", "mape", "skill", "coverage95"]
    rows = [
        [
            _question(row),
            escaped(row["value"]),
            escaped(row["dimension"]),
            *(number(row.get(key)) for key in keys),
        ]
        for row in worst
    ]
    return f"### Where it is worst\n\n{markdown_table(head, rows)}"


def _floor(metrics: Mapping[str, Any], unit: str) -> str:
    least = metrics.get("lot.floor_mae")
    if least is None:
        return ""
    return (
        "### The best possible\n\n"
        f"On {number(metrics.get('lot.floor_rows'))} lots an oracle that knows every parameter of the market, the lot's true "
        f"attributes and the best reading of the public reports errs by {number(least)} {unit}; this model by "
        f"{number(metrics.get('lot.mae'))}, {number(metrics.get('lot.floor_ratio'))} times as much. Told the true level of the "
        f"last public moment it would err by {number(metrics.get('lot.floor_known_mae'))}, told that of the deal itself by "
        f"{number(metrics.get('lot.floor_full_mae'))}: that part is bargaining."
    )


def _question(row: Mapping[str, Any]) -> str:
    kind, horizon = str(row.get("kind")), row.get("horizon_days")
    if kind == "lot":
        return "a lot, today"
    if horizon is None:
        return "a market, all days ahead"
    return (
        "a market, today"
        if int(horizon) == 0
        else f"a market, {int(horizon)} days ahead".replace(" 1 days", " 1 day")
    )
