"""How many tokens a prompt may be, without a vendor's tokenizer; rather too many than too few, in any script."""

from __future__ import annotations

from pydantic_core import to_json

from mandi.core.tokens import tokens_in
from mandi.llm.messages import Prompt

EACH_MESSAGE = 4
"""Tokens a vendor adds around a turn for its role and marks."""


def prompt_tokens(prompt: Prompt) -> int:
    """Estimate the tokens of everything a vendor reads of a prompt: turns, tools and the schema of the answer.

    Parameters
    ----------
    prompt : Prompt

    Examples
    --------
    >>> from mandi.llm.messages import Message
    >>> prompt_tokens(Prompt((Message("user", "abc"),)))
    6
    """
    tokens = 0
    for message in prompt.messages:
        tokens += EACH_MESSAGE + tokens_in(message.content or "")
        for call in message.tool_calls:
            tokens += EACH_MESSAGE + tokens_in(call.name) + tokens_in(call.arguments)
    for tool in prompt.tools:
        tokens += EACH_MESSAGE + tokens_in(tool.name) + tokens_in(tool.description)
        tokens += tokens_in(to_json(tool.parameters).decode())
    if prompt.answer_schema is not None:
        tokens += tokens_in(to_json(prompt.answer_schema).decode())
    return tokens
