"""The opinion that counts of each answer: the last word of everybody, a human's before a user's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame, Series

BEST, WORST = 5.0, 1.0


def standing(feedback: DataFrame) -> DataFrame:
    """Return the last version of every author's opinion of an answer; what was withdrawn is no opinion.

    Parameters
    ----------
    feedback : DataFrame
        As ``FEEDBACK``.

    Examples
    --------
    >>> from mandi.feedback.frames import FEEDBACK
    >>> standing(FEEDBACK.empty()).empty
    True
    """
    order = feedback.sort_values(
        ["generation_id", "author_pseudonym", "version", "feedback_id"], kind="stable"
    )
    last = order.drop_duplicates(["generation_id", "author_pseudonym"], keep="last")
    return last[~last["withdrawn"]].reset_index(drop=True)


def opinions(generations: DataFrame, feedback: DataFrame) -> DataFrame:
    """Return one row an answer with everything people said of it, in the order of ``generations``.

    Parameters
    ----------
    generations, feedback : DataFrame
        As ``GENERATIONS`` and ``FEEDBACK``. Opinions of answers that are not there are passed over.

    Returns
    -------
    DataFrame
        ``rating`` (1 to 5) of whoever asked; ``others``, the mean rating of other users; ``human``, that of people who answer from
        the queue; ``correction`` and ``correction_by``: a human's before that of whoever asked before another user's;
        ``user_correction``, ``human_correction``; ``wins`` and ``losses``: how often it was chosen, and chosen against;
        ``feedback_ids`` (JSON, every version, sorted).

    Examples
    --------
    >>> from mandi.feedback.frames import FEEDBACK, GENERATIONS
    >>> list(opinions(GENERATIONS.empty(), FEEDBACK.empty()).columns)[:4]
    ['generation_id', 'rating', 'others', 'human']
    """
    ids = generations["generation_id"]
    asker = dict(zip(ids, generations["user_pseudonym"], strict=True))
    here = feedback[feedback["generation_id"].isin(asker)]
    last = standing(feedback)
    chosen = last.dropna(subset=["preferred_over"])
    wins, losses = chosen["generation_id"].value_counts(), chosen["preferred_over"].value_counts()
    last = last[last["generation_id"].isin(asker)]
    own = last["generation_id"].map(asker) == last["author_pseudonym"]
    by_user, by_human = last["author"] == "user", last["author"] == "human"
    rated = last.dropna(subset=["rating"])
    corrected = last[
        last["correction"].map(lambda text: isinstance(text, str) and bool(text.strip())).astype(bool)
    ]
    mine = corrected[own.loc[corrected.index] & by_user.loc[corrected.index]]
    theirs = corrected[~own.loc[corrected.index] & by_user.loc[corrected.index]]
    persons = corrected[by_human.loc[corrected.index]]
    found = ids.to_frame().reset_index(drop=True)
    for name, rows in (("rating", own & by_user), ("others", ~own & by_user), ("human", by_human)):
        means = rated[rows.loc[rated.index]].groupby("generation_id")["rating"].mean()
        found[name] = found["generation_id"].map(means).astype("float64")
    user, human = (_latest(theirs) | _latest(mine)), _latest(persons)
    found["user_correction"] = _texts(found["generation_id"], user)
    found["human_correction"] = _texts(found["generation_id"], human)
    found["correction"] = _texts(found["generation_id"], user | human)
    by = dict.fromkeys(user, "user") | dict.fromkeys(human, "human")
    found["correction_by"] = _texts(found["generation_id"], by)
    found["wins"] = found["generation_id"].map(wins).fillna(0.0).astype("float64")
    found["losses"] = found["generation_id"].map(losses).fillna(0.0).astype("float64")
    told = here.groupby("generation_id")["feedback_id"].agg(lambda held: json.dumps(sorted(held)))
    found["feedback_ids"] = found["generation_id"].map(told).astype("object").where(lambda s: s.notna(), "[]")
    return found


def given(generations: DataFrame, said: DataFrame) -> DataFrame:
    """Return the answers with what was given in place of "a person will answer": the person's words, where the question went to one.

    Parameters
    ----------
    generations, said : DataFrame
        As ``GENERATIONS``, and what ``opinions`` returned for it. A copy is returned.

    Examples
    --------
    >>> from mandi.feedback.frames import FEEDBACK, GENERATIONS
    >>> none = GENERATIONS.empty()
    >>> given(none, opinions(none, FEEDBACK.empty())).equals(none)
    True
    """
    told = said["human_correction"].set_axis(generations.index)
    persons = (generations["route"] == "human") & told.notna()
    return generations.assign(answer=generations["answer"].where(~persons, told))


def _latest(rows: DataFrame) -> dict[str, str]:
    ordered = rows.sort_values(["said_at", "feedback_id"], kind="stable")
    return dict(zip(ordered["generation_id"], ordered["correction"], strict=True))


def _texts(ids: Series[Any], texts: dict[str, str]) -> Series[Any]:
    mapped: Series[Any] = ids.map(texts).astype("object")
    return mapped.where(mapped.notna(), None)  # type: ignore[call-overload]
