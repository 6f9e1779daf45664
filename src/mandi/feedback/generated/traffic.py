"""Questions of the time after the drift, as clients of a running service send them; some are never sent and only examined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from mandi.core.errors import UnknownValue
from mandi.feedback.generated.ask.asked import Asked
from mandi.feedback.generated.ask.asker import GROUPS, Asker
from mandi.feedback.generated.ask.market import DAY, Market
from mandi.feedback.scrub.invented import Inventor

if TYPE_CHECKING:
    from pandas import DataFrame

ASKED_OVER = 20
"""Days before the end of the market over which questions are spread."""


def traffic(
    n: int,
    seed: int,
    tables: Mapping[str, DataFrame] | Market,
    part: Literal["early", "traffic", "held"] = "traffic",
    groups: Sequence[str] = ("intent", "direction", "severity", "figure", "rule", "smalltalk"),
    personal: float = 0.12,
) -> list[Asked]:
    """Return questions.

    Parameters
    ----------
    n, seed : int
    tables : mapping of str to DataFrame, or Market
        As ``generated_calls`` takes them.
    part : str
        ``traffic``: later wordings that may be asked. ``held``: later wordings that no log holds, for examination alone. ``early``:
        wordings of before.
    groups : sequence of str
        What is asked for; classifications are intent, direction and severity.
    personal : float
        Share with personal data of nobody.

    Raises
    ------
    UnknownValue
        There is no such part or group.
    """
    if part not in ("early", "traffic", "held"):
        raise UnknownValue(f"no part {part!r} of the wordings", allowed="early, traffic, held")
    if odd := sorted(set(groups) - set(GROUPS)):
        raise UnknownValue(f"no group {odd[0]!r} of questions", allowed=", ".join(GROUPS))
    market = tables if isinstance(tables, Market) else Market.of(tables)
    rng = np.random.default_rng([seed, {"early": 0, "traffic": 1, "held": 2}[part]])
    asker = Asker(market, rng, Inventor(seed, "hold"), personal)
    end = market.end.to_datetime64().astype("datetime64[D]")
    found = []
    for _ in range(n):
        day = end - int(rng.integers(0, ASKED_OVER)) * DAY
        language = str(rng.choice(["en", "hi", "ta"], p=[0.88, 0.08, 0.04]))
        phase = "early" if part == "early" else "later"
        found.append(asker.ask(asker.group(phase, groups), part, day, language=language))
    return found
