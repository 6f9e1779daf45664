"""A summary made of a text's own sentences: those whose words the text uses most, in their order; nothing is rewritten."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from mandi.llm.mock.rupees import one_line
from mandi.llm.prompts.chat_prompts import script_of

MOST_SENTENCES = 3
LONGEST_TEXT = 50_000
LONGEST_SENTENCE = 400
SHORTEST_WORD = 4
SENTENCE_END = re.compile(r"(?<=[.!?।])\s+|\n+")
WORD = re.compile(r"[^\W\d_][\w\u0900-\u097f\u0b80-\u0bff]*")
LABELS: Mapping[str, str] = {
    "en": "Sentences of the text itself, chosen by rules; nothing was rewritten and no language model was asked.",
    "hi": "ये वाक्य पाठ के अपने हैं, नियमों से चुने गए; कुछ भी दोबारा नहीं लिखा गया और किसी भाषा मॉडल से नहीं पूछा गया।",
    "ta": "இவை உரையின் சொந்த வாக்கியங்கள், விதிகளால் தேர்ந்தெடுக்கப்பட்டவை; எதுவும் மாற்றி எழுதப்படவில்லை, எந்த மொழி மாதிரியிடமும் கேட்கப்படவில்லை.",
}


def extracted(text: str, most: int = MOST_SENTENCES) -> str:
    """Return a text's weightiest sentences, and how they were chosen.

    A sentence weighs the mean frequency of its longer words in the whole text (Luhn, The Automatic Creation of
    Literature Abstracts, 1958); the first of equals is taken.

    Parameters
    ----------
    text : str
        Read to its first 50,000 characters.
    most : int
        Sentences taken at most.

    Examples
    --------
    >>> told = extracted("Cotton arrived late. The cotton was damp. Lunch was good. Cotton prices fell.", 2)
    >>> told.splitlines()[0]
    'Cotton arrived late. The cotton was damp.'
    """
    sentences = [
        s for part in SENTENCE_END.split(text[:LONGEST_TEXT]) if (s := one_line(part, LONGEST_SENTENCE))
    ]
    words = [_words(sentence) for sentence in sentences]
    often = Counter(word for told in words for word in told)
    weights = [sum(often[w] for w in told) / len(told) if told else 0.0 for told in words]
    best = sorted(sorted(range(len(sentences)), key=lambda i: -weights[i])[:most])
    label = LABELS[script_of(text) or "en"]
    return "\n\n".join([" ".join(sentences[i] for i in best), label] if best else [label])


def _words(sentence: str) -> list[str]:
    return [word for word in WORD.findall(sentence.casefold()) if len(word) >= SHORTEST_WORD]
