"""What came of an answer that named a price: whether the price that came lay in what was said, known when it was reported."""

from __future__ import annotations

from typing import Any

import numpy as np

from mandi.feedback.generated.ask.asked import Asked
from mandi.feedback.generated.ask.findings import SD, WIDE
from mandi.feedback.generated.ask.market import Market
from mandi.feedback.generated.reply.judge import NUMBER

NEAR = 3.0
"""A number is taken for a price if it is within this factor of the expected one."""


def outcome_of(
    asked: Asked, answer: str, right: bool, market: Market
) -> tuple[dict[str, Any], np.datetime64] | None:
    """Return what came of it and the day it was known; None where no price was said or none came.

    Parameters
    ----------
    asked : Asked
    answer : str
    right : bool
        Whether the answer says what the finding says; another one is held to the first price it names, with the same width.
    market : Market
    """
    finding = (asked.facts.get("findings") or {}).get("price")
    if finding is None or not (
        asked.truth["group"] == "deal" or str(asked.truth["topic"]).startswith("price")
    ):
        return None
    told = finding["answer"]
    came = market.places[(told["commodity_id"], told["market"])].came(np.datetime64(told["target_day"]))
    if came is None:
        return None
    bounds = (told["lower_bound_95"], told["upper_bound_95"])
    if not right:
        expected = told["predicted_price"]
        said = [float(hit.replace(",", "")) for hit in NUMBER.findall(answer)]
        prices = [value for value in said if expected / NEAR < value < expected * NEAR]
        if not prices:
            return None
        bounds = (prices[0] * float(np.exp(-WIDE * SD)), prices[0] * float(np.exp(WIDE * SD)))
    price, day = came
    return {"held": bool(bounds[0] <= price <= bounds[1]), "price": price}, day
