"""What the scrubber misses and spoils in the generated log of calls, and how many texts a second it reads."""

from __future__ import annotations

import time
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.rows import Row
from mandi.core.config import build, load_params, section
from mandi.feedback.generated import GeneratedCalls, GeneratedParams, generated_calls
from mandi.feedback.generated.scrubbing import TEXTS, scrubbed
from mandi.feedback.scrub import Scrubber
from mandi.feedback.words import trade_names
from mandi.tables.market_params import MarketParams
from mandi.tables.synthetic import generate

if TYPE_CHECKING:
    from pandas import DataFrame

DRAWS = 3
REPEATS = 3
GOALS = {
    "leaks": "<= 0", "names_found": ">= 0.88", "addresses_found": ">= 0.97", "altered": "<= 0.01", "amounts_altered": "", "commodities_altered": "",
    "judged_otherwise": "",
}  # fmt: skip


def calls_rows(root: Path) -> list[Row]:
    """Return how three draws of the log fare, their mean, and the worst of them; then the speed on the texts of the first.

    The first draw is that of the project's seed. ``baseline`` is the scrubber without the names of the tables.

    Parameters
    ----------
    root : Path
        Of the project: its parameters say how large market and log are.
    """
    params = load_params(root / "params.yaml")
    market = build(MarketParams, {**section(params, "market"), "optimal_filter": False}, "market")
    tables, _ = generate(market)
    given = section(params, "calls").get("generated", {})
    keep = trade_names((tables["reports"], tables["trades"]))
    logs = [
        generated_calls(
            tables, build(GeneratedParams, {**given, "seed": params["seed"] + k}, "calls.generated")
        )
        for k in range(DRAWS)
    ]
    ours, bare = (
        [scrubbed(log, Scrubber("bench", keep=names))[1] for log in logs]
        for names in (keep, frozenset[str]())
    )
    rows = [
        Row("calls", name, sum(m[name] for m in ours) / DRAWS, sum(m[name] for m in bare) / DRAWS, goal=goal)
        for name, goal in GOALS.items()
    ]
    worst = {
        name: (min if name.endswith("found") else max)(m[name] for m in ours)
        for name in ("names_found", "addresses_found", "altered")
    }
    rows += [Row("calls", f"{name} of the worst draw", value) for name, value in worst.items()]
    return [*rows, *_speed(_texts(logs[0]), keep)]


def _texts(log: GeneratedCalls) -> list[str]:
    """Return every text of a log once."""
    frames: dict[str, DataFrame] = {name: getattr(log, name) for name in TEXTS}
    found = (
        text
        for name, columns in TEXTS.items()
        for column in columns
        for text in frames[name][column].tolist()
    )
    return list(dict.fromkeys(text for text in found if text))


def _speed(texts: list[str], keep: Collection[str]) -> list[Row]:
    rows = []
    for case, names, goal in (("names", True, ">= 3000"), ("rules", False, ">= 15000")):
        took = []
        for _ in range(REPEATS):
            scrubber = Scrubber("bench", names=names, keep=keep)  # remembers nothing of the time before
            scrubber.scrub("Ramesh Patel, 98200 12345")
            began = time.process_time()
            scrubber.scrub_many(texts)
            took.append(time.process_time() - began)
        rows.append(Row(f"speed/{case}", "texts a second of CPU", round(len(texts) / min(took)), goal=goal))
    return rows
