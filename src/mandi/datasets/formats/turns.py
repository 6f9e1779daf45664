"""The turns of an example, as trainers and vendors want them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Turn = dict[str, str]


def turns(messages: Iterable[Mapping[str, str]]) -> list[Turn]:
    """Return turns in which nobody speaks twice in a row: templates of many models refuse that.

    Examples
    --------
    >>> turns([{"role": "user", "content": "figures"}, {"role": "user", "content": "What now?"}])
    [{'role': 'user', 'content': 'figures\\n\\nWhat now?'}]
    """
    merged: list[Turn] = []
    for message in messages:
        if merged and merged[-1]["role"] == message["role"]:
            merged[-1]["content"] += "\n\n" + message["content"]
        else:
            merged.append({"role": message["role"], "content": message["content"]})
    return merged


def said(text: str) -> list[Turn]:
    """Return an answer as a turn of the assistant."""
    return [{"role": "assistant", "content": text}]


def as_text(messages: Iterable[Mapping[str, str]]) -> str:
    """Return turns as plain text, for models without a template.

    Examples
    --------
    >>> as_text([{"role": "user", "content": "Sell?"}, {"role": "assistant", "content": "Wait."}])
    'user: Sell?\\nassistant: Wait.'
    """
    return "\n".join(f"{m['role']}: {m['content']}" for m in messages)
