"""Rows as OpenAI's fine-tuning reads them, for SFT and DPO, and what it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mandi.datasets.formats.turns import said, turns
from mandi.datasets.rows import Example

Row = dict[str, Any]
ROLES = ("system", "user", "assistant", "tool")
SFT_KEYS = {"messages", "tools", "parallel_tool_calls"}
DPO_KEYS = {"input", "preferred_output", "non_preferred_output"}
FEWEST = 10
START_WITH = 50
LARGEST_BYTES = 512 * 1024 * 1024
CONTEXT_TOKENS = 65_536
"""Of an example: what the models that can be tuned take for training."""


def sft_row(example: Example) -> Row:
    """Return an example of sft."""
    return {"messages": [*turns(example.messages), *said(example.chosen)]}


def preference_row(example: Example) -> Row:
    """Return a preference for DPO."""
    return {
        "input": {"messages": turns(example.messages), "tools": [], "parallel_tool_calls": True},
        "preferred_output": said(example.chosen),
        "non_preferred_output": said(example.rejected or ""),
    }


def check_sft(row: Mapping[str, Any]) -> str:
    """Return what is wrong with a row for SFT; empty when nothing is."""
    if wrong := _keys(row, SFT_KEYS, {"messages"}):
        return wrong
    wrong = _messages(row["messages"], "messages", weighted=True) or _extras(row)
    if wrong:
        return wrong
    if row["messages"][-1]["role"] != "assistant":
        return "the last message is not the assistant's"
    spoken = [m for m in row["messages"] if m["role"] == "assistant"]
    return (
        "every message of the assistant has weight 0" if all(m.get("weight", 1) == 0 for m in spoken) else ""
    )


def check_preference(row: Mapping[str, Any]) -> str:
    """Return what is wrong with a row for DPO."""
    if wrong := _keys(row, DPO_KEYS, DPO_KEYS):
        return wrong
    asked = row["input"]
    if not isinstance(asked, Mapping):
        return "input is not an object"
    wrong = (
        _keys(asked, SFT_KEYS, {"messages"}, "input ")
        or _messages(asked["messages"], "input.messages")
        or _extras(asked)
    )
    if wrong:
        return wrong
    if asked["messages"][-1]["role"] == "assistant":
        return "input ends with the assistant; its answer belongs into the outputs"
    for name in ("preferred_output", "non_preferred_output"):
        if wrong := _messages(row[name], name):
            return wrong
        roles = [m["role"] for m in row[name]]
        if odd := [r for r in roles if r not in ("assistant", "tool")]:
            return f"{name} has the role {odd[0]!r}, not assistant or tool"
        if "assistant" not in roles:
            return f"{name} has no message of the assistant"
    return "both outputs are the same" if row["preferred_output"] == row["non_preferred_output"] else ""


def enough_rows(rows: int, seen: Mapping[str, int]) -> str:
    """Return what is wrong with the size of a whole file."""
    if rows < FEWEST:
        return f"holds {rows} rows; OpenAI wants at least {FEWEST}"
    return (
        f"is {seen['bytes']:,} bytes; OpenAI takes {LARGEST_BYTES:,}"
        if seen.get("bytes", 0) > LARGEST_BYTES
        else ""
    )


def _keys(row: Mapping[str, Any], known: set[str], needed: set[str], where: str = "") -> str:
    if missing := sorted(needed - set(row)):
        return f"{where}has no {missing[0]}"
    odd = sorted(set(row) - known)
    return f"{where}has {odd[0]}, which OpenAI does not know" if odd else ""


def _messages(messages: Any, name: str, weighted: bool = False) -> str:
    if not isinstance(messages, list) or not messages:
        return f"{name} is not a list of messages"
    for k, message in enumerate(messages):
        if wrong := _message(message, f"{name}[{k}]", weighted):
            return wrong
    return ""


def _message(message: Any, name: str, weighted: bool) -> str:
    if not isinstance(message, Mapping):
        return f"{name} is not an object"
    if message.get("role") not in ROLES:
        return f"{name} has the role {message.get('role')!r}, not one of {', '.join(ROLES)}"
    text, calls = message.get("content"), message.get("tool_calls")
    if isinstance(text, list):
        return f"{name} has content in parts; only text is taken here"
    if not isinstance(text, str) and not (text is None and calls):
        return f"{name} has no text"
    if isinstance(text, str) and not text.strip() and not calls:
        return f"{name} is empty"
    if message["role"] == "tool" and not message.get("tool_call_id"):
        return f"{name} is a tool's and has no tool_call_id"
    if "weight" in message and (message["role"] != "assistant" or not weighted):
        return f"{name} has a weight, which only the assistant's of SFT may have"
    if "weight" in message and (isinstance(message["weight"], bool) or message["weight"] not in (0, 1)):
        return f"{name} has the weight {message['weight']!r}, not 0 or 1"
    odd = sorted(set(message) - {"role", "content", "weight", "name", "tool_calls", "tool_call_id"})
    return f"{name} has {odd[0]}, which OpenAI does not know" if odd else ""


def _extras(row: Mapping[str, Any]) -> str:
    if "tools" in row and not isinstance(row["tools"], list):
        return "tools is not a list"
    if "parallel_tool_calls" in row and not isinstance(row["parallel_tool_calls"], bool):
        return "parallel_tool_calls is not true or false"
    return ""
