"""CPU time of completing 10^4, 10^5 and 10^6 price questions, and of one alone: `python -m benchmarks.features_scaling`.

Questions of the default generated market are repeated to the size wanted; each size is assembled from the same history.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks.rows import Row, table, write
from mandi.core.config import build, load_params, section
from mandi.core.paths import project_root
from mandi.features import feature_set
from mandi.features.base import snapshot
from mandi.tables.market_params import MarketParams
from mandi.tables.synthetic import generate

SIZES = (10_000, 100_000, 1_000_000)
LINEAR = "<= 1.5"  # CPU per row at the largest size over that at the smallest
ONE_MS = "<= 5"
COLUMNS = ("case", "metric", "ours", "goal", "met")


def main() -> None:
    """Measure, print a table and write benchmarks/results/features_scaling.json."""
    started = time.process_time()
    root = project_root()
    params = load_params(root / "params.yaml")
    tables, _ = generate(
        build(MarketParams, {**section(params, "market"), "optimal_filter": False}, "market")
    )
    features = feature_set("price", params)
    history = features.history(tables)
    questions = features.questions(tables, history)
    rows, per_row = [], {}
    for size in SIZES:
        asked = questions.sample(size, replace=True, random_state=0).reset_index(drop=True)
        seconds = _least(lambda asked=asked: features.assemble(asked, history), 2)  # type: ignore[misc]
        per_row[size] = seconds / size
        rows.append(Row(f"{size} rows", "cpu_seconds", seconds))
        print(f"{size:>9,} questions: {seconds:.2f} s, {per_row[size] * 1e6:.1f} us each", flush=True)
    rows.append(
        Row("10^6 over 10^4 rows", "cpu_per_row_ratio", per_row[SIZES[-1]] / per_row[SIZES[0]], goal=LINEAR)
    )
    for kind, asked in questions.groupby("kind"):
        one = asked.tail(1)
        known = snapshot(history, one["asof"].iloc[0], features.keys)
        alone = _least(lambda one=one, known=known: features.assemble(one, known), 50)  # type: ignore[misc]
        rows.append(Row(f"one {kind}", "cpu_ms", alone * 1e3, goal=ONE_MS))
    print(table(COLUMNS, [(r.case, r.metric, r.value, r.goal, r.met) for r in rows]))
    write(root / "benchmarks" / "results", "features_scaling", rows, time.process_time() - started)


def _least(work: Callable[[], object], times: int) -> float:
    best = float("inf")
    for _ in range(times):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


if __name__ == "__main__":
    main()
