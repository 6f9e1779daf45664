"""Writes a model card (Markdown) from what was declared and measured; nothing in it is typed by hand twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mandi.models.base import Field, Spec

LIMITS: dict[str, tuple[str, ...]] = {
    "price": (
        "Beyond a week almost all of the remaining error is the move of the whole nation, which nothing here forecasts: "
        "at 30 and 60 days the answer is the filtered level of today, and its interval says how far prices wander.",
        "R2 across commodities is high for almost any forecast, the last report included. Read it beside the baselines.",
        "Prices are what markets report. A market that reports late, rarely or carelessly is answered with a wider interval.",
        "Not for settlement of contracts, and no advice to hold or to sell stock.",
    ),
}
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

MARKUP = str.maketrans({mark: f"\\{mark}" for mark in "\\`*[]"})


def card(
    spec: Spec,
    report: Mapping[str, Any],
    *,
    source: str,
    verdict: Mapping[str, Any] | None = None,
    controls: Sequence[Mapping[str, Any]] = (),
    lineage: Mapping[str, Any] | None = None,
    noise: Sequence[str] = (),
) -> str:
    """Write the card of one trained model.

    Parameters
    ----------
    spec : Spec
    report : mapping
        ``Evaluation.as_dict()``.
    source : str
        ``tables.source``; ``generated`` states the noise assumed, any other what real files cannot say.
    verdict : mapping, optional
        ``Verdict.as_dict()``.
    controls : sequence of mapping
        ``ControlResult.as_dict()`` of each.
    lineage : mapping, optional
        Name to hash or version; nested mappings are left out.
    noise : sequence of str
        The noise of the generated market, one sentence each.

    Returns
    -------
    str
        Markdown, the same for the same arguments.
    """
    metrics = report["metrics"]
    parts = [
        f"# Model card: {spec.name}",
        f"{spec.question}\n\nAnswers in {spec.unit}; tables from `{_code(source)}`.",
        _standing(verdict),
        f"## What it is asked and what it answers\n\n{_fields(spec.request)}\n\n{_fields(spec.outputs)}",
        f"## How well it does\n\n{_lines(map(_plain, report.get('notes', ())))}\n\n{_results(report['by_horizon'])}",
        f"### Beside the baselines\n\nMean absolute error, {spec.unit}.\n\n{_baselines(report['by_horizon'], metrics)}",
        _terciles(report.get("terciles", ())),
        _worst(report.get("worst", ())),
        _floor(metrics, spec.unit),
        _controls(controls),
        f"## Limits\n\n{_lines([*_said(source), *map(_plain, noise), *LIMITS.get(spec.name, ())])}",
        _gate(verdict),
        _lineage(lineage),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _said(source: str) -> tuple[str, ...]:
    return GENERATED if source == "generated" else REAL


def _standing(verdict: Mapping[str, Any] | None) -> str:
    if verdict is None:
        return "**It has not been before its gate.**"
    failed = [reason for reason in verdict["reasons"] if not reason["passed"]]
    if verdict["passed"]:
        return f"**It passed its gate** ({_plain(verdict['rule'])}, {len(verdict['reasons'])} checks)."
    return f"**It failed its gate** ({_plain(verdict['rule'])}): {'; '.join(_plain(reason['text']) for reason in failed)}."


def _fields(fields: Sequence[Field]) -> str:
    rows = [
        [
            f"`{_code(f.name)}`",
            _plain(f.unit or "-"),
            _plain(f.meaning) + ("" if f.required else " (optional)"),
        ]
        for f in fields
    ]
    return _table(["name", "unit", "meaning"], rows)


def _results(by_horizon: Sequence[Mapping[str, Any]]) -> str:
    figures = [key for key in SHOWN if any(row.get(key) is not None for row in by_horizon)]
    rows = [[_question(row), *(_number(row.get(key)) for key in figures)] for row in by_horizon]
    return _table(["question", *(SHOWN[key] for key in figures)], rows)


def _baselines(by_horizon: Sequence[Mapping[str, Any]], metrics: Mapping[str, Any]) -> str:
    questions = [str(row["question"]) for row in by_horizon]
    names = sorted({name for key in metrics for name in [_baseline_of(key, questions)] if name})
    rows = [
        [
            _question(row),
            _number(row.get("mae")),
            *(_number(metrics.get(f"{row['question']}.{name}.mae")) for name in names),
        ]
        for row in by_horizon
    ]
    return _table(["question", "this model", *(_plain(name.replace("_", " ")) for name in names)], rows)


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
        [_question(row), _plain(row["tercile"]), *(_number(row.get(key)) for key in keys)] for row in terciles
    ]
    head = ["question", "volatility", "in 90 %", "in 95 %", "width 90 %", "width 95 %", "MAE"]
    return f"### In calm and restless times\n\nThirds of the days by the nation's volatility.\n\n{_table(head, rows)}"


def _worst(worst: Sequence[Mapping[str, Any]]) -> str:
    if not worst:
        return "### Where it is worst\n\nNo slice has rows enough to be called the worst."
    head = ["question", "worst slice", "of", "questions", "MAE", "MAPE %", "skill", "in 95 %"]
    keys = ["rows", "mae", "mape", "skill", "coverage95"]
    rows = [
        [
            _question(row),
            _plain(row["value"]),
            _plain(row["dimension"]),
            *(_number(row.get(key)) for key in keys),
        ]
        for row in worst
    ]
    return f"### Where it is worst\n\n{_table(head, rows)}"


def _floor(metrics: Mapping[str, Any], unit: str) -> str:
    least = metrics.get("lot.floor_mae")
    if least is None:
        return ""
    return (
        "### The best possible\n\n"
        f"On {_number(metrics.get('lot.floor_rows'))} lots an oracle that knows every parameter of the market, the lot's true "
        f"attributes and the best reading of the public reports errs by {_number(least)} {unit}; this model by "
        f"{_number(metrics.get('lot.mae'))}, {_number(metrics.get('lot.floor_ratio'))} times as much. Told the true level of the "
        f"last public moment it would err by {_number(metrics.get('lot.floor_known_mae'))}, told that of the deal itself by "
        f"{_number(metrics.get('lot.floor_full_mae'))}: that part is bargaining."
    )


def _controls(controls: Sequence[Mapping[str, Any]]) -> str:
    if not controls:
        return ""
    return "## Controls\n\n" + _lines(
        f"{_plain(control['name'])}: {'passed' if control['passed'] else '**failed**'}, {_plain(control['text'])}"
        for control in controls
    )


def _gate(verdict: Mapping[str, Any] | None) -> str:
    if verdict is None:
        return ""
    rows = [
        ["yes" if reason["passed"] else "**no**", _plain(reason["check"]), _plain(reason["text"])]
        for reason in verdict["reasons"]
    ]
    return f"## Gate\n\n{_table(['passed', 'check', 'reason'], rows)}"


def _lineage(lineage: Mapping[str, Any] | None) -> str:
    if not lineage:
        return ""
    rows = [
        [f"`{_code(key)}`", f"`{_code(value)}`"]
        for key, value in sorted(lineage.items())
        if not isinstance(value, Mapping)
    ]
    return f"## Lineage\n\n{_table(['what', 'value'], rows)}"


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


def _lines(texts: Any) -> str:
    return "\n".join(f"- {text}" for text in texts)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    lines += [" | ".join(cell.replace("|", "/").replace("\n", " ") for cell in row) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def _plain(text: Any) -> str:
    # names come from files that others wrote: no markup and no link of theirs may work in the card
    return escape(" ".join(str(text).split()), quote=False).translate(MARKUP)


def _code(text: Any) -> str:
    return " ".join(str(text).split()).replace("`", "'")


def _number(value: Any) -> str:
    if value is None:
        return "-"
    if float(value).is_integer() and abs(value) >= 10:
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:.3f}"
