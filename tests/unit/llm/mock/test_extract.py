"""A summary holds sentences of the text and nothing else."""

from __future__ import annotations

import asyncio

import pytest

from mandi.llm.messages import Message, Prompt
from mandi.llm.mock.analyst import MODEL, Analyst
from mandi.llm.mock.extract import LABELS, extracted

TEXT = (
    "The buyer pays within thirty days. Delivery of the cotton takes place in Rajkot. Weather was fine!\n"
    "If the cotton fails the assay, the buyer may refuse delivery. Regards, A."
)


def test_only_sentences_of_the_text_are_told_in_their_order() -> None:
    summary, label = extracted(TEXT).split("\n\n")
    assert summary == (
        "The buyer pays within thirty days. Delivery of the cotton takes place in Rajkot. "
        "If the cotton fails the assay, the buyer may refuse delivery."
    )
    assert "Weather" not in summary and "Regards" not in summary and label == LABELS["en"]


@pytest.mark.parametrize(
    ("text", "language"),
    [("कपास आज आई। कपास का भाव गिरा।", "hi"), ("பருத்தி வந்தது. பருத்தி விலை குறைந்தது.", "ta")],
)
def test_it_speaks_the_language_of_the_text(text: str, language: str) -> None:
    assert extracted(text).endswith(LABELS[language])


@pytest.mark.parametrize("text", ["", "   \n\n ", "!!! ??? ...", "7 8 9"])
def test_a_text_without_words_does_no_harm(text: str) -> None:
    assert extracted(text).endswith(LABELS["en"])


def test_marks_of_a_text_come_out_harmless_and_long_sentences_short() -> None:
    summary = extracted("<script>cotton</script> {cotton}\x00. " + "cotton " * 500)
    assert not set("<>{}\x00") & set(summary) and len(summary) < 1000


def test_the_analyst_summarises_so() -> None:
    prompt = Prompt((Message("user", TEXT),), task="summarization")
    assert asyncio.run(Analyst().complete(prompt, MODEL, 1.0)).text == extracted(TEXT)
