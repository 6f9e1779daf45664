"""The last look before anything is written: an example with personal data left in it is taken out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mandi.datasets.rows import Example


@dataclass(frozen=True)
class Looked:
    """Examples without personal data of a fixed form, and what was found in the others, by kind."""

    examples: list[Example]
    found: dict[str, int]
    texts: int


def without_personal_data(examples: Sequence[Example]) -> Looked:
    """Return the examples in which the scrubber's rules find nothing.

    Texts were scrubbed when they were recorded and when they were exported; what is found now came in between, as a target put
    together from parts. Findings of the models are not read: they hold figures and codes of the market.

    Parameters
    ----------
    examples : sequence of Example

    Examples
    --------
    >>> without_personal_data([]).found
    {}
    """
    from mandi.feedback.scrub import Scrubber

    scrubber = Scrubber("a last look", names=False)
    known: dict[str, dict[str, int]] = {}
    found: Counter[str] = Counter()
    kept: list[Example] = []
    for example in examples:
        kinds: Counter[str] = Counter()
        for text in _texts(example):
            if text not in known:
                known[text] = scrubber.scrub(text).kinds
            kinds.update(known[text])
        found.update(kinds)
        if not kinds:
            kept.append(example)
    return Looked(kept, dict(sorted(found.items())), len(known))


def _texts(example: Example) -> list[str]:
    spoken = [
        m["content"]
        for m in example.messages
        if m["role"] != "system" and not m["content"].startswith("<figures>")
    ]
    return [*spoken, example.chosen, *([example.rejected] if example.rejected else [])]
