"""The formats by name: who reads them, which examples they hold, how a row is written and checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mandi.core.errors import UnknownValue, nearest
from mandi.datasets.formats import openai, trl, vertex
from mandi.datasets.rows import Example, Purpose

Row = dict[str, Any]


@dataclass(frozen=True)
class Format:
    """A format.

    Attributes
    ----------
    name : str
    purpose : str
        Of the examples it holds.
    write : callable
        Example to row.
    check : callable
        Row to what is wrong with it, or an empty text.
    whole : callable, optional
        Number of rows and what was counted (bytes, true, false) to what is wrong with the file.
    most_tokens : int, optional
        Of an example, estimated.
    """

    name: str
    purpose: Purpose
    write: Callable[[Example], Row]
    check: Callable[[Mapping[str, Any]], str]
    whole: Callable[[int, Mapping[str, int]], str] | None = None
    most_tokens: int | None = None

    @property
    def vendor(self) -> str:
        """Return who reads it: trl, openai or vertex."""
        return self.name.partition("-")[0]


_ALL = (
    Format("trl-sft", "sft", trl.completion_row, trl.check_completion),
    Format("trl-messages", "sft", trl.messages_row, trl.check_language_modelling),
    Format("trl-text", "sft", trl.text_row, trl.check_language_modelling),
    Format("trl-prompt", "sft", trl.prompt_row, trl.check_prompt),
    Format("trl-preference", "preference", trl.preference_row, trl.check_preference),
    Format("trl-unpaired", "unpaired", trl.unpaired_row, trl.check_unpaired, trl.both_labels),
    Format("trl-tutor", "tutor", trl.tutor_row, trl.check_tutor),
    Format("openai-sft", "sft", openai.sft_row, openai.check_sft, openai.enough_rows, openai.CONTEXT_TOKENS),
    Format("openai-preference", "preference", openai.preference_row, openai.check_preference, openai.enough_rows, openai.CONTEXT_TOKENS),
    Format("vertex-sft", "sft", vertex.sft_row, vertex.check_sft, vertex.enough_rows, vertex.CONTEXT_TOKENS),
    Format("vertex-preference", "preference", vertex.preference_row, vertex.check_preference, vertex.enough_rows, vertex.CONTEXT_TOKENS),
)  # fmt: skip
FORMATS: Mapping[str, Format] = {one.name: one for one in _ALL}


def format_named(name: str) -> Format:
    """Return a format.

    Raises
    ------
    UnknownValue
        There is none of this name.

    Examples
    --------
    >>> format_named("openai-sft").vendor
    'openai'
    """
    if name not in FORMATS:
        raise UnknownValue(f"no format {name!r}{nearest(name, FORMATS)}", allowed=", ".join(FORMATS))
    return FORMATS[name]
