"""Rows as Vertex reads them to tune Gemini, by example and by preference, and what it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mandi.datasets.formats.turns import turns
from mandi.datasets.rows import Example

Row = dict[str, Any]
ROLES = ("user", "model")
LARGEST_BYTES = 1024 * 1024 * 1024
MOST_ROWS = 1_000_000
MOST_VALIDATION = 5_000
CONTEXT_TOKENS = 131_072
START_WITH = 100
ANSWER = {"assistant": "model", "user": "user"}


def sft_row(example: Example) -> Row:
    """Return an example of sft; the system's words stand apart, in ``systemInstruction``."""
    system, contents = _parted(example)
    row: Row = {"systemInstruction": {"role": "system", "parts": [{"text": system}]}} if system else {}
    return {**row, "contents": [*contents, _content("model", example.chosen)]}


def preference_row(example: Example) -> Row:
    """Return a preference; here the system's words are ``system_instruction``."""
    system, contents = _parted(example)
    row: Row = {"system_instruction": {"parts": [{"text": system}]}} if system else {}
    pairs = ((1, example.chosen), (0, example.rejected or ""))
    return {
        **row,
        "contents": contents,
        "completions": [{"score": s, "completion": _content("model", text)} for s, text in pairs],
    }


def check_sft(row: Mapping[str, Any]) -> str:
    """Return what is wrong with a row for SFT; empty when nothing is."""
    if "system_instruction" in row:
        return "has system_instruction; here it is systemInstruction"
    wrong = _keys(row, {"systemInstruction", "contents"}, {"contents"}) or _system(
        row.get("systemInstruction"), "systemInstruction"
    )
    wrong = wrong or _contents(row["contents"])
    return wrong or (
        "" if row["contents"][-1]["role"] == "model" else "the last of contents is not the model's"
    )


def check_preference(row: Mapping[str, Any]) -> str:
    """Return what is wrong with a row of a preference."""
    if "systemInstruction" in row:
        return "has systemInstruction; here it is system_instruction"
    needed = {"contents", "completions"}
    wrong = _keys(row, needed | {"system_instruction"}, needed) or _system(
        row.get("system_instruction"), "system_instruction"
    )
    wrong = wrong or _contents(row["contents"])
    if wrong:
        return wrong
    if row["contents"][-1]["role"] != "user":
        return "the last of contents is not the user's"
    return _completions(row["completions"])


def enough_rows(rows: int, seen: Mapping[str, int]) -> str:
    """Return what is wrong with the size of a whole file."""
    if not rows:
        return "holds no rows"
    if rows > MOST_ROWS:
        return f"holds {rows:,} rows; Vertex takes {MOST_ROWS:,}"
    return (
        f"is {seen['bytes']:,} bytes; Vertex takes {LARGEST_BYTES:,}"
        if seen.get("bytes", 0) > LARGEST_BYTES
        else ""
    )


def enough_validation(rows: int, of_training: int, preference: bool) -> str:
    """Return what is wrong with the size of a validation file beside its training file.

    Examples
    --------
    >>> enough_validation(400, 2000, preference=True)
    ''
    >>> enough_validation(900, 2000, preference=True)
    'holds 900 rows; Vertex takes 30 % of 2,000 when there are more than 1,000'
    """
    if rows > MOST_VALIDATION:
        return f"holds {rows:,} rows; Vertex takes {MOST_VALIDATION:,}"
    if preference and of_training > 1000 and rows > 0.3 * of_training:
        return f"holds {rows:,} rows; Vertex takes 30 % of {of_training:,} when there are more than 1,000"
    return ""


def _parted(example: Example) -> tuple[str, list[Row]]:
    spoken = turns(example.messages)
    system = "\n\n".join(turn["content"] for turn in spoken if turn["role"] == "system")
    rest = turns(turn for turn in spoken if turn["role"] != "system")
    return system, [_content(ANSWER.get(turn["role"], turn["role"]), turn["content"]) for turn in rest]


def _content(role: str, text: str) -> Row:
    return {"role": role, "parts": [{"text": text}]}


def _keys(row: Mapping[str, Any], known: set[str], needed: set[str]) -> str:
    if missing := sorted(needed - set(row)):
        return f"has no {missing[0]}"
    odd = sorted(set(row) - known)
    return f"has {odd[0]}, which Vertex does not know" if odd else ""


def _system(system: Any, name: str) -> str:
    if system is None:
        return ""
    return _parts(system.get("parts") if isinstance(system, Mapping) else None, name)


def _contents(contents: Any) -> str:
    if not isinstance(contents, list) or not contents:
        return "contents is not a list of turns"
    for k, turn in enumerate(contents):
        if not isinstance(turn, Mapping):
            return f"contents[{k}] is not an object"
        if turn.get("role") not in ROLES:
            return f"contents[{k}] has the role {turn.get('role')!r}, not user or model"
        if wrong := _parts(turn.get("parts"), f"contents[{k}]"):
            return wrong
        if k and contents[k - 1]["role"] == turn["role"]:
            return f"contents[{k}] is the second turn of the {turn['role']} in a row"
    return "" if contents[0]["role"] == "user" else "the first of contents is not the user's"


def _parts(parts: Any, name: str) -> str:
    if not isinstance(parts, list) or not parts:
        return f"{name} has no parts"
    for part in parts:
        if not isinstance(part, Mapping) or not isinstance(part.get("text"), str):
            return f"{name} has a part that is not text"
        if not part["text"].strip():
            return f"{name} is empty"
    return ""


def _completions(completions: Any) -> str:
    if not isinstance(completions, list) or len(completions) != 2:
        return "completions are not two"
    for k, one in enumerate(completions):
        if (
            not isinstance(one, Mapping)
            or isinstance(one.get("score"), bool)
            or one.get("score") not in (0, 1)
        ):
            return f"completions[{k}] has no score of 0 or 1"
        answer = one.get("completion")
        if not isinstance(answer, Mapping) or answer.get("role") != "model":
            return f"completions[{k}] is not the model's"
        if wrong := _parts(answer.get("parts"), f"completions[{k}]"):
            return wrong
    if {c["score"] for c in completions} != {0, 1}:
        return "the scores are not one 1 and one 0"
    return (
        "both completions are the same"
        if completions[0]["completion"] == completions[1]["completion"]
        else ""
    )
