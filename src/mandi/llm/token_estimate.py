"""How many tokens a text may be, without a vendor's tokenizer; rather too many than too few, in any script."""

from __future__ import annotations

from pydantic_core import to_json

from mandi.llm.messages import Prompt

EACH_MESSAGE = 4
"""Tokens a vendor adds around a turn for its role and marks."""
LETTERS_A_TOKEN = 3


def tokens_in(text: str) -> int:
    """Estimate the tokens of a text.

    A byte-level tokenizer starts from UTF-8 bytes and joins what it has seen often. English prose is 4 to 5 letters a token,
    JSON and numbers about 3, so three letters are taken for one token. A letter of an Indian script is three bytes, and
    tokenizers that saw little of a script leave one letter in one, two or three tokens: each byte of a letter beyond its
    first is therefore counted as a token of its own. No text is estimated below one token for three letters, and none
    above its bytes plus one.

    Parameters
    ----------
    text : str

    Returns
    -------
    int
        Tokens; 0 for an empty text.

    Examples
    --------
    >>> tokens_in("The fair price of cotton is 7200")
    11
    >>> tokens_in("कपास का भाव"), len("कपास का भाव".encode())
    (22, 29)
    >>> tokens_in("பருத்தி")
    17
    """
    letters = len(text)
    if text.isascii():
        return -(-letters // LETTERS_A_TOKEN)
    return -(-letters // LETTERS_A_TOKEN) + len(text.encode("utf-8", "surrogatepass")) - letters


def prompt_tokens(prompt: Prompt) -> int:
    """Estimate the tokens of everything a vendor reads of a prompt: turns, tools and the schema of the answer.

    Parameters
    ----------
    prompt : Prompt

    Examples
    --------
    >>> from mandi.llm.messages import Message
    >>> prompt_tokens(Prompt((Message("user", "abc"),)))
    5
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
