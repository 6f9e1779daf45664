"""Does the trial of a challenger end as it should? Planted ones, worse and better by 10 % of MAE: make bench-shadow.

Deals of a generated market, 50 times each: their prices are the truth, the champion errs by a heavy-tailed 3 %, and the
challenger's errors are correlated with the champion's (0.8, as two models of one table are) and scaled so that its expected
absolute error is 10 % larger, 10 % smaller, or the same. Every replay is the service's own trial with its own rules
(``mandi.serving.rollouts.trial``): what both answered is compared deal by deal, judged once a day, and looked at each time. The clock is
the market's, so the shadow and each stage last a day at least.

``wrong`` counts a worse challenger that was not stopped, or ever promoted, and a better one that was not promoted. Of equals
``alarms`` counts those said to be worse or better; each test may do so in 2 % of all trials, their baseline is two ordinary one-sided
tests of the mean at 2 %, looked at every day. ``exposed`` is the share of the deals, until it was stopped, that a worse challenger answered.
``through the records`` are replays with every prediction and outcome in a database, judged there: their verdicts are those of the
trial alone.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.rows import Row, table, write
from mandi.core.config import load_params
from mandi.serving.rollouts.book import judge, start
from mandi.serving.rollouts.trial import Pair, Rules, Trial
from mandi.store.database import Database
from mandi.store.records.predictions import Prediction, PredictionOutcome
from mandi.store.schema import upgrade
from mandi.tables.market_params import MarketParams
from mandi.tables.synthetic import generate

REPLAYS, RECORDED = 50, 2
ERROR, TAILS, TOGETHER = 0.03, 4.0, 0.8
PLANTED = {"10 % worse": 1.1, "10 % better": 0.9, "equal": 1.0}
MARKET = MarketParams(
    days=400,
    markets=6,
    suppliers=20,
    commodities=("cotton", "soybean"),
    lots_per_day=60,
    optimal_filter=False,
)
PEEKED_Z = 2.0537  # one-sided 2 %


@dataclass(frozen=True)
class Replay:
    """Deals day by day: when their prices are known, and what both models said."""

    days: Sequence[datetime]
    first: Sequence[int]  # place of the first deal of each day
    truth: Any
    champion: Any
    challenger: Any

    def by_day(self) -> Iterator[tuple[datetime, slice]]:
        """Yield each day with the places of its deals."""
        ends = [*self.first[1:], len(self.truth)]
        for day, begin, end in zip(self.days, self.first, ends, strict=True):
            yield day, slice(begin, end)


@dataclass(frozen=True)
class Ended:
    """How a replay ended."""

    trial: Trial
    deals: int
    exposed: float
    peeked: bool


def main() -> None:
    """Measure, print the table and write benchmarks/results/shadow.json."""
    root, begun = Path(__file__).resolve().parent.parent, time.process_time()
    seed = int(load_params(root / "params.yaml")["seed"])
    trades = generate(MARKET)[0]["trades"].sort_values("known_time", kind="stable")
    rows = [row for name, factor in PLANTED.items() for row in _planted(trades, name, factor, seed)]
    print(table(("case", "metric", "value", "baseline", "goal", "met"),
                [(r.case, r.metric, r.value, r.baseline, r.goal, r.met) for r in rows]))  # fmt: skip
    total = time.process_time() - begun
    print(f"{write(root / 'benchmarks' / 'results', 'shadow', rows, total)}: {total:.0f} s of CPU")


def _planted(trades: pd.DataFrame, name: str, factor: float, seed: int) -> list[Row]:
    replays = [replay_of(trades, factor, [seed, round(100 * factor), i]) for i in range(REPLAYS)]
    ended = [played(replay) for replay in replays]
    statuses = [end.trial.status for end in ended]
    worse = [end for end in ended if end.trial.reason.startswith("worse")]
    deals = float(np.median([end.deals for end in ended]))
    if factor == 1.0:
        alarms = len(worse) + statuses.count("promoted")
        peeked = float(sum(end.peeked for end in ended))
        return [Row(name, "alarms", alarms, baseline=peeked, goal="<= 4"), Row(name, "deals", deals)]
    right = len(worse) if factor > 1 else statuses.count("promoted")
    case = f"{name}, through the records"
    same = [recorded(replay) for replay in replays[:RECORDED]] == statuses[:RECORDED]
    found = [
        Row(name, "wrong", REPLAYS - right, goal="<= 2"),
        Row(name, "deals", deals),
        Row(name, "deals95", float(np.quantile([end.deals for end in ended], 0.95))),
        Row(case, "same", float(same), goal=">= 1"),
    ]
    if factor > 1:
        found.append(Row(name, "exposed", float(np.mean([end.exposed for end in ended]))))
    return found


def replay_of(trades: pd.DataFrame, factor: float, seed: Sequence[int]) -> Replay:
    """Return the deals with what a champion and a planted challenger said of them."""
    rng = np.random.default_rng(seed)
    own, mixed = _errors(rng, len(trades))
    large_own, large_mixed = _errors(np.random.default_rng(0), 1_000_000)
    # a mixture of heavy tails is less heavy: the expected absolute errors are what has to differ by the factor
    scale = factor * float(np.abs(large_own).mean() / np.abs(large_mixed).mean())
    truth = trades["price"].to_numpy(float)
    days = trades["known_time"].dt.floor("D")
    first = np.flatnonzero(~days.duplicated().to_numpy())
    return Replay(
        [day.to_pydatetime() for day in days.iloc[first]], first.tolist(), truth,
        truth * (1 + ERROR * own), truth * (1 + ERROR * scale * mixed),
    )  # fmt: skip


def _errors(rng: np.random.Generator, n: int) -> tuple[Any, Any]:
    a, b = rng.standard_t(TAILS, n), rng.standard_t(TAILS, n)
    return a, TOGETHER * a + (1 - TOGETHER**2) ** 0.5 * b


def played(replay: Replay) -> Ended:
    """Return how the trial of a replay ends."""
    rules, day = Rules(), replay.days[0]
    trial, deals, answered, peeked = Trial.start(day - timedelta(days=1)), 0, 0.0, False
    total = squares = 0.0
    for day, which in replay.by_day():
        gains = []
        for truth, champion, challenger in zip(
            replay.truth[which], replay.champion[which], replay.challenger[which], strict=True
        ):
            pair = Pair(abs(champion - truth), abs(challenger - truth))
            gains.append(pair.champion - pair.challenger)
            if not trial.over and trial.status != "promoted":
                deals, answered = deals + 1, answered + trial.share
                trial = trial.after([pair], rules, day)
        total, squares = total + sum(gains), squares + sum(g * g for g in gains)
        n = which.stop
        spread = (squares - total * total / n) / n if n > 30 else 0.0
        peeked |= spread > 0 and abs(total) / n / (spread / n) ** 0.5 > PEEKED_Z
        if trial.over and peeked:
            break
    return Ended(trial, deals, answered / max(deals, 1), peeked)


def recorded(replay: Replay) -> str:
    """Return how the trial of a replay ends when every prediction and outcome goes through a database."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database.open(f"sqlite:///{folder}/service.db")
        upgrade(database)
        status = "shadow"
        try:
            begun = replay.days[0] - timedelta(days=1)
            trial = database.write(lambda session: start(session, "price", "1", "2", Rules(), begun))
            for day, which in replay.by_day():
                records = _records(replay, which, day, trial.id)
                database.write(lambda session, records=records: session.add_all(records))  # type: ignore[misc]
                now = database.write(lambda session, day=day: judge(session, "price", day))  # type: ignore[misc]
                status = now.trial.status if now is not None else status
                if status in ("stopped", "promoted"):
                    break
        finally:
            database.close()
    return status


def _records(replay: Replay, which: slice, day: datetime, rollout_id: str) -> list[Any]:
    found: list[Any] = []
    for i in range(which.start, which.stop):
        said = {"champion": float(replay.champion[i]), "challenger": float(replay.challenger[i])}
        for side, price in said.items():
            served = side == "champion"
            found.append(
                Prediction(
                    id=f"d{i}" if served else f"s{i}", pair_id=None if served else f"d{i}", request_id="r", organization_id="o",
                    user_pseudonym="p", model="price", model_version="1" if served else "2", side=side,
                    role="served" if served else "shadow", inputs_digest=str(i), subject=str(i), figure=price, answer=_answer(price),
                    latency_ms=2.0, cpu_ms=2.0, due_at=day, created_at=day, rollout_id=rollout_id,
                )
            )  # fmt: skip
        found.append(
            PredictionOutcome(
                prediction_id=f"d{i}", organization_id="o", author_pseudonym="p", version=1, actual=float(replay.truth[i]),
                known_at=day, told_at=day + timedelta(microseconds=i - which.start),
            )
        )  # fmt: skip
    return found


def _answer(price: float) -> dict[str, float]:
    return {
        "predicted": price, "low95": 0.94 * price, "high95": 1.06 * price, "low90": 0.95 * price, "high90": 1.05 * price,
    }  # fmt: skip


if __name__ == "__main__":
    main()
