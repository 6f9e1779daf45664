"""Rows as TRL's trainers read them, in its own column names, and what they may not be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mandi.datasets.formats.turns import as_text, said, turns
from mandi.datasets.rows import Example
from mandi.feedback.frames import VERDICTS

Row = dict[str, Any]
ROLES = ("system", "user", "assistant", "tool")


def completion_row(example: Example) -> Row:
    """Return an example of sft: what is asked, and what is learned."""
    return {"prompt": turns(example.messages), "completion": said(example.chosen)}


def messages_row(example: Example) -> Row:
    """Return an example as one conversation."""
    return {"messages": [*turns(example.messages), *said(example.chosen)]}


def text_row(example: Example) -> Row:
    """Return an example as plain text, for language modelling."""
    return {"text": as_text([*turns(example.messages), *said(example.chosen)])}


def prompt_row(example: Example) -> Row:
    """Return what is asked alone."""
    return {"prompt": turns(example.messages)}


def preference_row(example: Example) -> Row:
    """Return a preference with its prompt."""
    return {
        "prompt": turns(example.messages),
        "chosen": said(example.chosen),
        "rejected": said(example.rejected or ""),
    }


def unpaired_row(example: Example) -> Row:
    """Return an answer and whether it is a good one."""
    return {
        "prompt": turns(example.messages),
        "completion": said(example.chosen),
        "label": bool(example.label),
    }


def tutor_row(example: Example) -> Row:
    """Return a student's answer beside its teacher's; no trainer of TRL reads it, ours do."""
    return {
        "prompt": turns(example.messages), "student": example.rejected or "", "teacher": example.chosen, "verdict": example.verdict
    }  # fmt: skip


def check_completion(row: Mapping[str, Any]) -> str:
    """Return what is wrong with a row of prompt and completion; empty when nothing is."""
    return (
        _keys(row, ("prompt", "completion"))
        or _prompt(row["prompt"])
        or _answer(row["completion"], "completion", row["prompt"])
    )


def check_language_modelling(row: Mapping[str, Any]) -> str:
    """Return what is wrong with a row of text or of messages."""
    if "messages" in row and "text" in row:
        return "has both messages and text"
    if "messages" in row:
        return _keys(row, ("messages",), ("tools",)) or _talk(row["messages"], "messages") or _tools(row)
    if wrong := _keys(row, ("text",)):
        return wrong
    if not isinstance(row["text"], str):
        return f"text is {_kind(row['text'])}, not text"
    return "" if row["text"].strip() else "text is empty"


def check_prompt(row: Mapping[str, Any]) -> str:
    """Return what is wrong with a row of a prompt alone."""
    return _keys(row, ("prompt",)) or _prompt(row["prompt"])


def check_preference(row: Mapping[str, Any]) -> str:
    """Return what is wrong with a row of a preference."""
    wrong = _keys(row, ("prompt", "chosen", "rejected")) or _prompt(row["prompt"])
    for name in ("chosen", "rejected"):
        wrong = wrong or _answer(row[name], name, row["prompt"])
    return wrong or ("chosen and rejected are the same" if row["chosen"] == row["rejected"] else "")


def check_unpaired(row: Mapping[str, Any]) -> str:
    """Return what is wrong with a row of an unpaired preference."""
    wrong = _keys(row, ("prompt", "completion", "label")) or _prompt(row["prompt"])
    wrong = wrong or _answer(row["completion"], "completion", row["prompt"])
    return wrong or (
        "" if isinstance(row["label"], bool) else f"label is {_kind(row['label'])}, not true or false"
    )


def both_labels(rows: int, seen: Mapping[str, int]) -> str:
    """Return what is wrong with a whole file of unpaired preferences: KTO learns from good and bad answers."""
    if rows < 2:
        return f"holds {rows} rows; at least 2 are needed, for a batch of 2"
    missing = [name for name in ("true", "false") if not seen.get(name)]
    return f"no row has the label {missing[0]}; both are needed" if missing else ""


def check_tutor(row: Mapping[str, Any]) -> str:
    """Return what is wrong with a tutor pair."""
    wrong = _keys(row, ("prompt", "student", "teacher", "verdict")) or _prompt(row["prompt"])
    for name in ("student", "teacher"):
        if not wrong and not (isinstance(row[name], str) and row[name].strip()):
            wrong = f"{name} is empty or not text"
    known = row.get("verdict") is None or row.get("verdict") in VERDICTS
    return wrong or ("" if known else f"verdict is {row['verdict']!r}, not one of {', '.join(VERDICTS)}")


def _keys(row: Mapping[str, Any], needed: Sequence[str], allowed: Sequence[str] = ()) -> str:
    if missing := [name for name in needed if name not in row]:
        return f"has no {missing[0]}"
    odd = sorted(set(row) - set(needed) - set(allowed))
    return f"has {odd[0]}, which no trainer reads" if odd else ""


def _prompt(prompt: Any) -> str:
    if isinstance(prompt, str):
        return "" if prompt.strip() else "prompt is empty"
    wrong = _turns(prompt, "prompt")
    return wrong or (
        ""
        if prompt[-1]["role"] in ("user", "tool")
        else f"prompt ends with {prompt[-1]['role']}, not with the user"
    )


def _answer(answer: Any, name: str, prompt: Any) -> str:
    if isinstance(answer, str) != isinstance(prompt, str):
        return f"prompt and {name} are not both text or both messages"
    if isinstance(answer, str):
        return "" if answer.strip() else f"{name} is empty"
    wrong = _turns(answer, name)
    if wrong:
        return wrong
    roles = [turn["role"] for turn in answer]
    return "" if roles[-1] == "assistant" and "user" not in roles else f"{name} is not said by the assistant"


def _talk(messages: Any, name: str) -> str:
    wrong = _turns(messages, name)
    return wrong or (
        "" if messages[-1]["role"] == "assistant" else f"the last of {name} is not the assistant's"
    )


def _turns(messages: Any, name: str) -> str:
    if not isinstance(messages, list):
        return f"{name} is {_kind(messages)}, not messages"
    if not messages:
        return f"{name} is empty"
    for k, turn in enumerate(messages):
        if not isinstance(turn, Mapping) or "role" not in turn or "content" not in turn:
            return f"{name}[{k}] has no role and content"
        if turn["role"] not in ROLES:
            return f"{name}[{k}] has the role {turn['role']!r}, not one of {', '.join(ROLES)}"
        if not isinstance(turn["content"], str):
            return f"{name}[{k}] has content that is {_kind(turn['content'])}, not text"
        if not turn["content"].strip():
            return f"{name}[{k}] is empty"
    return ""


def _tools(row: Mapping[str, Any]) -> str:
    tools = row.get("tools")
    return "" if tools is None or isinstance(tools, list) else f"tools is {_kind(tools)}, not a list"


def _kind(value: Any) -> str:
    names: dict[type, str] = {
        str: "text",
        bool: "true or false",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), "nothing")


Check = Callable[[Mapping[str, Any]], str]
