"""What becomes of time and memory as the log grows: make bench-learning_scale.

Records of an invented log go through the scrubber, exact and near duplicates, and the split, as columns: 10,000, 100,000 and a
million of them, each size in a process of its own. Three in ten questions are of a few dozen wordings, so that large buckets of
nearly equal texts come up; one in ten is there before to the letter, three in twenty before but for a word; one in eight holds
personal data. Making the records is not timed, but its memory counts. The scrubber runs its rules; its recogniser of names is a
matter of minutes more for a million and grows in the same way.

``us/record`` is processor time a record, ``growth`` that of a size over that of the one before (1 is linear); ``found`` is the
share of the planted near-duplicates of at least the similarity asked for that share a cluster with what they repeat; ``leaks``
counts parties, conversations and clusters in two parts.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.rows import Row, table, write
from mandi.datasets.clean import best_of
from mandi.datasets.settings import DatasetParams
from mandi.datasets.split import Columns, Split, split
from mandi.report.progress import Progress
from mandi.text.near_duplicates import SHINGLE, clusters

SIZES = (10_000, 100_000, 1_000_000)
CHUNK = 10_000
MOST_MIB = 4096
LINEAR = 1.25
GOALS = {"peak MiB": f"<= {MOST_MIB}", "growth": f"<= {LINEAR}", "leaks": "<= 0", "found": ">= 0.999"}
SEED = 20240611
TOWNS = [
    "Indore",
    "Ujjain",
    "Rajkot",
    "Akola",
    "Latur",
    "Sirsa",
    "Karnal",
    "Guntur",
    "Adilabad",
    "Khanna",
    "Gondal",
    "Jhansi",
    "Nagpur",
    "Kanpur",
    "Warangal",
]
GOODS = [
    "soybean",
    "cotton",
    "tur",
    "chana",
    "wheat",
    "maize",
    "mustard",
    "rice",
    "jowar",
    "bajra",
    "groundnut",
    "castor",
    "guar",
    "barley",
]
WORDINGS = (
    "What will {g} cost in {t} after {n} days", "Is {n} rupees a fair price for {g} in {t}", "How much {g} reaches {t} in {n} days",
    "The {g} from {t} came with {n} percent moisture, what now", "Who sells {n} tonnes of {g} near {t}",
)  # fmt: skip
PERSONAL = (
    "call +91 98{d:08d}", "mail buyer{d}@example.com", "my PAN is ABCPD{e:04d}Z", "pay to trader{d}@okaxis", "account no {d:012d}"
)  # fmt: skip


def main() -> None:
    """Run every size, print the table and write benchmarks/results/learning_scale.json."""
    root = Path(__file__).resolve().parent.parent
    rows: list[Row] = []
    before: dict[str, float] = {}
    total = 0.0
    for size in SIZES:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.learning_scale", str(size)],
            cwd=root,
            stdout=subprocess.PIPE,
            check=True,
        )
        found: dict[str, float] = json.loads(done.stdout)
        case, steps = f"{size:,}", ("scrub", "dedup", "split")
        found["seconds"] = sum(found[f"{step} s"] for step in steps)
        found["us/record"] = 1e6 * found["seconds"] / size
        if before:
            found["growth"] = found["us/record"] / before["us/record"]
        rows += [
            Row(case, name, value, before.get(name), goal=GOALS.get(name, ""))
            for name, value in found.items()
        ]
        before, total = found, total + found["seconds"]
        print(table(("case", "metric", "value", "size before", "goal", "met"),
                    [(r.case, r.metric, r.value, r.baseline, r.goal, r.met) for r in rows if r.case == case]), flush=True)  # fmt: skip
    print(write(root / "benchmarks" / "results", "learning_scale", rows, total))


def one(size: int) -> dict[str, float]:
    """Take records of one size through every step and return what it took."""
    import scipy.sparse.csgraph  # noqa: F401  what is imported on first use is no part of a step

    params = DatasetParams()
    log = Log(size)
    clusters(log.questions[:10], params.cleaning.near)
    bar = Progress(f"{size:,} records")
    clock = time.process_time()
    log.scrub(bar)
    scrubbed = time.process_time()
    bar = Progress("near-duplicates")
    cluster = clusters(log.questions, params.cleaning.near, bar)
    kept = best_of(_pairs(cluster, log.answers), -log.weight)
    deduplicated = time.process_time()
    found = log.part(kept, cluster, params)
    ended = time.process_time()
    return {
        "scrub s": scrubbed - clock, "dedup s": deduplicated - scrubbed, "split s": ended - deduplicated,
        "peak MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "kept": len(kept) / size,
        "in a part": float((found.part >= 0).mean()), "found": log.repeats_found(cluster, params.cleaning.near),
        "leaks": float(_leaks(found, log, kept, cluster)),
    }  # fmt: skip


class Log:
    """An invented log as columns."""

    def __init__(self, size: int) -> None:
        draw = np.random.default_rng([SEED, size])
        self.questions: list[str] = []
        self.answers: list[str] = []
        self.repeats: list[tuple[int, int]] = []
        words = np.array(["".join(w) for w in draw.choice(list("abcdefghiklmnoprstuvy"), (4000, 6))])
        shares = 1 / np.arange(10, 10 + len(words))
        for start in range(0, size, CHUNK):
            self._more(min(CHUNK, size - start), words, shares / shares.sum(), draw)
        self.party = draw.integers(0, max(size // 30, 1), size)
        days = self.party / max(size // 30, 1) * 300 + draw.integers(0, 60, size)
        self.asked = (days * 86_400e6).astype(np.int64)
        self.conversation = np.where(draw.random(size) < 0.5, self.party * 4 + draw.integers(0, 4, size), -1)
        self.gold = draw.random(size) < 0.3
        self.weight = draw.random(size)

    def _more(
        self, count: int, words: np.ndarray[Any, Any], shares: np.ndarray[Any, Any], draw: np.random.Generator
    ) -> None:
        drawn = words[draw.choice(len(words), (count, 24), p=shares)]
        kinds, lengths, numbers = (
            draw.random(count),
            draw.integers(9, 25, count),
            draw.integers(0, 10**8, (count, 3)),
        )
        for k in range(count):
            number, other, third = (int(n) for n in numbers[k])
            past = other % len(self.questions) if self.questions else None
            answer = f"Hold it until {' '.join(drawn[k, :5])}."
            if kinds[k] < 0.10 and past is not None:
                text, answer = self.questions[past], self.answers[past]
            elif kinds[k] < 0.25 and past is not None:
                said = self.questions[past].split()
                said[third % len(said)] = str(drawn[k, 0])
                text, answer = " ".join(said), self.answers[past]
                self.repeats.append((past, len(self.questions)))
            elif kinds[k] < 0.55:
                text = WORDINGS[number % 5].format(
                    g=GOODS[other % 14], t=TOWNS[third % 15], n=number % 90 + 1
                )
            else:
                text = " ".join(drawn[k, : lengths[k]])
            if number % 8 == 0:
                text += " " + PERSONAL[other % 5].format(d=number, e=number % 10_000)
            self.questions.append(text)
            self.answers.append(answer)

    def scrub(self, tell: Progress) -> None:
        """Put stand-ins in the place of personal data, a chunk at a time."""
        from mandi.feedback.scrub import Scrubber

        scrubber = Scrubber("benchmark", names=False)
        for texts in (self.questions, self.answers):
            for start in range(0, len(texts), CHUNK):
                texts[start : start + CHUNK] = [
                    s.text for s in scrubber.scrub_many(texts[start : start + CHUNK])
                ]
                at = start + min(CHUNK, len(texts) - start) + (len(texts) if texts is self.answers else 0)
                tell(at, 2 * len(texts), "scrubbed")

    def part(self, kept: np.ndarray[Any, Any], cluster: np.ndarray[Any, Any], params: DatasetParams) -> Split:
        """Part the records that are kept."""
        asked = self.asked[kept]
        return split(
            Columns(self.party[kept], self.conversation[kept], cluster[kept], asked, asked + 3_600_000_000, self.gold[kept],
                    np.zeros(len(kept), dtype=bool)), params.splitting,
        )  # fmt: skip

    def repeats_found(self, cluster: np.ndarray[Any, Any], near: float, most: int = 20_000) -> float:
        """Return the share of planted near-duplicates that share a cluster with what they repeat."""
        alike = [
            (a, b) for a, b in self.repeats[:most] if _jaccard(self.questions[a], self.questions[b]) >= near
        ]
        return float(np.mean([cluster[a] == cluster[b] for a, b in alike])) if alike else float("nan")


def _pairs(cluster: np.ndarray[Any, Any], answers: list[str]) -> np.ndarray[Any, Any]:
    import pandas as pd

    said = pd.util.hash_array(np.array(answers, dtype=object), categorize=False)
    both = said ^ (cluster.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    return np.unique(both, return_inverse=True)[1]


def _leaks(found: Split, log: Log, kept: np.ndarray[Any, Any], cluster: np.ndarray[Any, Any]) -> int:
    import pandas as pd

    held = found.part >= 0
    part = pd.Series(found.part[held])
    shared = [log.party[kept][held], cluster[kept][held], log.conversation[kept][held]]
    return sum(int((part[values >= 0].groupby(values[values >= 0]).nunique() > 1).sum()) for values in shared)


def _jaccard(one: str, other: str) -> float:
    runs = []
    for text in (one, other):
        plain = " " + " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split()) + " "
        runs.append({plain[k : k + SHINGLE] for k in range(len(plain) - SHINGLE + 1)})
    return len(runs[0] & runs[1]) / len(runs[0] | runs[1])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(one(int(sys.argv[1]))))
    else:
        main()
