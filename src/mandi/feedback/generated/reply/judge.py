"""Judges any answer to a generated question by what a right one must hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from mandi.feedback.generated.ask.deals import verdict_in

NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?!\w)")
A_NUMBER = re.compile(r"\d+(?:\.\d+)?")
HALF = 0.501


def is_right(answer_text: str | None, truth_row: Mapping[str, Any]) -> bool:
    """Return whether an answer is right.

    Parameters
    ----------
    answer_text : str, optional
        Of anybody, as it was given: a label alone or as JSON, an analysis as JSON, words.
    truth_row : mapping
        A row of the truth, or ``Asked.truth``: ``task``, ``gold``, ``required`` and ``forbidden`` (JSON lists). A required entry is found
        in the answer whatever its case, ``a|b`` is either; digits are a number of the answer, rounded as they are.

    Examples
    --------
    >>> is_right('{"label":"up"}', {"task": "classification", "gold": "up"})
    True
    >>> truth = {"task": "chat", "gold": "", "required": '["7200","quintal"]', "forbidden": '["per kg"]'}
    >>> is_right("INR 7,200.3 per quintal", truth), is_right("7,210 per quintal", truth), is_right("7200 per kg or quintal", truth)
    (True, False, False)
    """
    if not answer_text:
        return False
    if truth_row["task"] == "classification":
        return label_in(answer_text) == truth_row["gold"]
    if truth_row["task"] == "deal_analysis":
        given = verdict_in(answer_text)
        return given is not None and given == verdict_in(str(truth_row["gold"]))
    said = answer_text.casefold()
    numbers = [float(hit.replace(",", "")) for hit in NUMBER.findall(said)]
    required, forbidden = json.loads(truth_row["required"]), json.loads(truth_row["forbidden"])
    return all(_holds(said, numbers, one) for one in required) and not any(
        entry.casefold() in said for entry in forbidden
    )


def label_in(answer: str) -> str:
    """Return the label an answer gives, whether as JSON or alone.

    Examples
    --------
    >>> label_in('{"label": "up"}'), label_in(" up ")
    ('up', 'up')
    """
    try:
        told = json.loads(answer)
    except ValueError:
        return answer.strip()
    return str(told.get("label")) if isinstance(told, dict) else str(told)


def _holds(said: str, numbers: Iterable[float], entry: str) -> bool:
    return any(_found(said, numbers, one) for one in entry.casefold().split("|"))


def _found(said: str, numbers: Iterable[float], one: str) -> bool:
    if not A_NUMBER.fullmatch(one):
        return one in said
    decimals = len(one.partition(".")[2])
    near = HALF * 10.0**-decimals if len(one.partition(".")[0]) > 3 or decimals else 1e-9
    return any(abs(number - float(one)) <= near for number in numbers)
