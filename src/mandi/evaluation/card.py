"""Writes a model card (Markdown) from what was declared and measured; nothing in it is typed by hand twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mandi.core.lookup import looked_up
from mandi.evaluation.markdown import code, escaped, lines, markdown_table, number

if TYPE_CHECKING:
    from pandas import DataFrame

    from mandi.models.base import Field, Spec

WORDED: dict[str, str] = {
    "price": "mandi.evaluation.pricing.price_card"
}  # tasks whose figures have words of their own
GENERATED = (
    "These figures are of the generated market: its noise is sized from real files, but what decides there is recorded, and "
    "a real market has reasons that nobody records."
)
REAL = (
    "These figures are of the tables that were imported; they say nothing about markets that are not in them."
)


def card(
    spec: Spec,
    report: Mapping[str, Any],
    *,
    source: str,
    limits: Sequence[str] = (),
    verdict: Mapping[str, Any] | None = None,
    controls: Sequence[Mapping[str, Any]] = (),
    lineage: Mapping[str, Any] | None = None,
    noise: Sequence[str] = (),
    version: int | None = None,
    parts: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Write the card of one trained model.

    Parameters
    ----------
    spec : Spec
    report : mapping
        ``Judged.as_dict()``.
    source : str
        ``tables.source``; ``generated`` states the noise assumed, any other what real files cannot say.
    limits : sequence of str
        ``Examiner.limits``: what holds for every model of the task.
    verdict : mapping, optional
        ``Verdict.as_dict()``.
    controls : sequence of mapping
        ``ControlResult.as_dict()`` of each.
    lineage : mapping, optional
        Name to hash or version; of nested mappings each entry has a line.
    noise : sequence of str
        The noise of the generated market, one sentence each.
    version : int, optional
        In the registry.
    parts : sequence of mapping
        ``parts_of`` the frame.

    Returns
    -------
    str
        Markdown, the same for the same arguments.
    """
    words = looked_up(spec.task, WORDED, "words for") if spec.task in WORDED else None
    said = words.limits(source) if words else (GENERATED if source == "generated" else REAL,)
    sections = [
        f"# Model card: {spec.name}" + (f" v{version}" if version is not None else ""),
        f"{spec.question}\n\nAnswers in {spec.unit}; tables from `{code(source)}`.",
        _standing(verdict),
        f"## What it is asked and what it answers\n\n{_fields(spec.request)}\n\n{_fields(spec.outputs)}",
        _inputs(spec.inputs),
        _parts(parts),
        *(words.sections(report, spec.unit) if words else _sections(report)),
        _controls(controls),
        f"## Limits\n\n{lines([*said, *map(escaped, noise), *limits])}",
        _gate(verdict),
        _lineage(lineage),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def parts_of(frame: DataFrame) -> list[dict[str, Any]]:
    """Return what a model learnt from and was examined on: part, rows, first and last day of its questions, in order of time.

    Parameters
    ----------
    frame : DataFrame
        Columns ``part`` and ``asof`` (UTC).

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.to_datetime(["2024-01-01", "2024-02-01", "2024-03-01"], utc=True)
    >>> parts_of(pd.DataFrame({"part": ["train", "train", "test"], "asof": days}))[0]
    {'part': 'train', 'rows': 2, 'from': '2024-01-01', 'to': '2024-02-01'}
    """
    found: list[tuple[Any, Any, dict[str, Any]]] = []
    for part, moments in frame.groupby("part", observed=True)["asof"]:
        first, last = moments.min(), moments.max()
        about = {
            "part": str(part),
            "rows": len(moments),
            "from": f"{first:%Y-%m-%d}",
            "to": f"{last:%Y-%m-%d}",
        }
        found.append((first, last, about))
    return [about for *_, about in sorted(found, key=lambda one: one[:2])]


def _inputs(fields: Sequence[Field]) -> str:
    if not fields:
        return ""
    return f"### What it reads\n\nBuilt from the tables by the same code when it is trained and when it is asked.\n\n{_fields(fields)}"


def _parts(parts: Sequence[Mapping[str, Any]]) -> str:
    if not parts:
        return ""
    rows = [
        [escaped(part["part"]), number(part["rows"]), code(part["from"]), code(part["to"])] for part in parts
    ]
    return (
        "## What it learnt from\n\nThe test was looked at once, after everything else was settled; purged rows overlap two parts and are in none."
        f"\n\n{markdown_table(['part', 'questions', 'from', 'to'], rows)}"
    )


def _sections(report: Mapping[str, Any]) -> list[str]:
    first = f"## How well it does\n\n{lines(map(escaped, report.get('notes', ())))}"
    tables = [f"### {escaped(title)}\n\n{_figures(rows)}" for title, rows in report["tables"].items() if rows]
    return [first, *tables]


def _figures(rows: Sequence[Mapping[str, Any]]) -> str:
    head = list(rows[0])
    cells = [
        [number(row[key]) if _is_number(row[key]) else escaped(row[key]) for key in head] for row in rows
    ]
    return markdown_table([escaped(key.replace("_", " ")) for key in head], cells)


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _standing(verdict: Mapping[str, Any] | None) -> str:
    if verdict is None:
        return "**It has not been before its gate.**"
    failed = [reason for reason in verdict["reasons"] if not reason["passed"]]
    if verdict["passed"]:
        return f"**It passed its gate** ({escaped(verdict['rule'])}, {len(verdict['reasons'])} checks)."
    return f"**It failed its gate** ({escaped(verdict['rule'])}): {'; '.join(escaped(reason['text']) for reason in failed)}."


def _fields(fields: Sequence[Field]) -> str:
    rows = [
        [
            f"`{code(f.name)}`",
            escaped(f.unit or "-"),
            escaped(f.meaning) + ("" if f.required else " (optional)"),
        ]
        for f in fields
    ]
    return markdown_table(["name", "unit", "meaning"], rows)


def _controls(controls: Sequence[Mapping[str, Any]]) -> str:
    if not controls:
        return ""
    return "## Controls\n\n" + lines(
        f"{escaped(control['name'])}: {'passed' if control['passed'] else '**failed**'}, {escaped(control['text'])}"
        for control in controls
    )


def _gate(verdict: Mapping[str, Any] | None) -> str:
    if verdict is None:
        return ""
    rows = [
        ["yes" if reason["passed"] else "**no**", escaped(reason["check"]), escaped(reason["text"])]
        for reason in verdict["reasons"]
    ]
    return f"## Gate\n\n{markdown_table(['passed', 'check', 'reason'], rows)}"


def _lineage(lineage: Mapping[str, Any] | None) -> str:
    if not lineage:
        return ""
    flat: dict[str, Any] = {}
    for key, value in sorted(lineage.items()):
        if isinstance(value, Mapping):
            flat |= {f"{key}: {name}": inner for name, inner in sorted(value.items())}
        else:
            flat[key] = value
    rows = [[f"`{code(key)}`", f"`{code(value)}`"] for key, value in flat.items()]
    return f"## Lineage\n\n{markdown_table(['what', 'value'], rows)}"
