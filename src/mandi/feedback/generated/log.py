"""The generated call log: a year of a market's traders asking the service, what they were told, and what they thought of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mandi.feedback.frames import FEEDBACK, GENERATIONS, TUTOR_PAIRS
from mandi.feedback.generated.ask.asker import Asker
from mandi.feedback.generated.ask.market import DAY, Market
from mandi.feedback.generated.params import GeneratedParams
from mandi.feedback.generated.people import Trader, traders
from mandi.feedback.generated.reply.desk import Desk
from mandi.feedback.generated.rows import Book
from mandi.feedback.scrub.invented import Inventor

if TYPE_CHECKING:
    from pandas import DataFrame

CHATS = 0.42
"""Share of sessions that are a conversation; the others are a few calls of their own."""
MORE_TURNS, MORE_CALLS = 0.65, 0.65
AGAIN, CACHED = 0.05, 0.03
"""Shares of answers that are asked for once more, and that come from the cache."""
OPENING, OPEN_FOR = 4 * 3600, 9 * 3600
"""Seconds after midnight UTC; a working day in India."""
CHATTED, CALLED = ("figure", "rule", "smalltalk"), ("intent", "direction", "severity", "deal")
TRUTH = (
    "generation_id", "task", "template_id", "family", "phase", "part", "period", "group", "topic", "intent", "sentiment", "emotion",
    "question_sentiment", "question_emotion", "kind", "language", "gold", "required", "forbidden", "right", "student_right",
    "opinion_is_honest",
)  # fmt: skip
"""Columns of the truth."""
SPANS = ("row_id", "frame", "column", "start", "end", "kind", "personal", "value")


@dataclass(frozen=True)
class GeneratedCalls:
    """A generated log, raw: texts hold planted personal data until somebody scrubs them.

    Attributes
    ----------
    generations, feedback, tutor_pairs : DataFrame
        Of ``mandi.feedback.frames``.
    truth : DataFrame
        One row an answer, columns ``TRUTH``: what the question is, a right answer, and who was right. ``sentiment`` and ``emotion`` are of
        the last comment where there is one, else of the question. ``right`` is of the answer that was given, by a person where the
        question went to one. ``opinion_is_honest``: whether the last rating agrees with ``right``; empty without a rating.
    spans : DataFrame
        Where something stands: row, column, ``start``, ``end``, ``kind``, whether it is ``personal``, and the ``value`` itself. Never to
        be written anywhere.
    """

    generations: DataFrame
    feedback: DataFrame
    tutor_pairs: DataFrame
    truth: DataFrame
    spans: DataFrame


def generated_calls(tables: Mapping[str, DataFrame], params: GeneratedParams | None = None) -> GeneratedCalls:
    """Generate a log.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``reports`` and ``trades``; ``partners``, ``assays`` and ``fraud_cases`` where there are some.
    params : GeneratedParams, optional

    Returns
    -------
    GeneratedCalls
        The same tables and parameters give the same frames.

    Raises
    ------
    TooLittleData
        The tables hold no deals to ask about.
    """
    import pandas as pd

    sizes = params or GeneratedParams()
    book = _Sessions(Market.of(tables), sizes).book()
    kept = {row["generation_id"] for row in book.truth if row["period"] in sizes.phases}
    generations = [row for row in book.generations if row["generation_id"] in kept]
    feedback = [row for row in book.feedback if row["generation_id"] in kept]
    pairs = [row for row in book.pairs if row["generation_id"] in kept]
    truth = [row for row in book.truth if row["generation_id"] in kept]
    rows = kept | {row["feedback_id"] for row in feedback}
    spans = [row for row in book.spans if row[0] in rows]
    return GeneratedCalls(
        GENERATIONS.shaped(generations), FEEDBACK.shaped(feedback), TUTOR_PAIRS.shaped(pairs),
        pd.DataFrame(truth, columns=list(TRUTH)).sort_values("generation_id", ignore_index=True),
        pd.DataFrame(spans, columns=list(SPANS)).sort_values(["row_id", "column", "start"], ignore_index=True),
    )  # fmt: skip


@dataclass
class _Sessions:
    market: Market
    params: GeneratedParams
    rng: np.random.Generator = field(init=False)

    def book(self) -> Book:
        """Return everything that was asked and said."""
        params = self.params
        self.rng = np.random.default_rng(params.seed)
        inventor = Inventor(params.seed, "hold")
        asker = Asker(self.market, self.rng, inventor, params.personal)
        people = traders(params, self.rng)
        start = self.market.end.to_datetime64().astype("datetime64[D]") - (params.days - 1) * DAY
        drift = int(params.drift_at * params.days)
        book = Book(params, self.rng, inventor, Desk(params, self.rng), self.market)
        presence = [
            np.array([p.weight if p.first <= d <= p.last else 0.0 for p in people])
            for d in range(params.days)
        ]
        while len(book.generations) < params.answers:
            day = int(self.rng.integers(params.days))
            if not presence[day].any():
                continue
            who = people[int(self.rng.choice(len(people), p=presence[day] / presence[day].sum()))]
            moment = (start + day * DAY).astype("datetime64[s]") + OPENING + int(self.rng.integers(OPEN_FOR))
            self._session(book, asker, who, moment, "later" if day >= drift else "early")
        return book

    def _session(self, book: Book, asker: Asker, who: Trader, moment: np.datetime64, period: str) -> None:
        rng, chat = self.rng, bool(self.rng.random() < CHATS)
        turns = 1 + int(rng.poisson(MORE_TURNS if chat else MORE_CALLS))
        talk = book.conversation() if chat else None
        history: list[Mapping[str, str]] = []
        for _ in range(turns):
            moment = moment + int(rng.integers(30, 600))
            old = period == "early" or rng.random() < self.params.early_after_drift
            group = asker.group(period, CHATTED if chat else CALLED)
            if rng.random() < CACHED and (kept := book.cached(who)) is not None:
                book.repeat(kept, who, moment, period)
                continue
            day = moment.astype("datetime64[D]")
            asked = asker.ask(group, "early" if old else "traffic", day, language=who.language)
            first = book.write(asked, who, moment, period, talk, history)
            if chat and first["status"] == "success" and rng.random() < AGAIN:
                book.once_more(asked, first, who, moment + 40, period, talk, history)
            history += [
                {"role": "user", "content": asked.text},
                {"role": "assistant", "content": str(first["answer"])},
            ]
