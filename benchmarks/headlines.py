"""The student on 5,000 headlines about gold: which way the price goes, and how sure it is; part of make bench-routing.

Up, down, neutral or none (HEADLINES of FrugalGPT). Five folds; near-duplicates (Jaccard of letter runs from 0.6, chained)
are in one fold, because headlines are templates. In each fold the penalty is chosen and confidence calibrated on inner
folds of the other four, again with near-duplicates together. What was looked at on these folds: the runs of words and
letters (.882 to .888) and a grid of penalties (C 1 to 20: .884 to .889); the defaults of ``TextStudent`` follow from it.

These are FrugalGPT's training rows, so the published figures beside ours are its ``Train_acc``; a language model that was
not fitted on them has nothing to gain from that.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.rows import Row
from mandi.llm.routing.curve import members
from mandi.text.calibration import bands, calibration_error
from mandi.text.near_duplicates import clusters, folds
from mandi.text.text_student import TextStudent

FOLDS = 5
GOALS = {"accuracy": ">= 0.885", "accuracy_at_075": ">= 0.93", "coverage_at_075": ">= 0.80", "ece": "<= 0.03"}


def headlines(data: Path) -> list[Row]:
    """Measure the student; accuracy has a bootstrap interval over clusters of near-duplicates."""
    folder = data / "headlines_gold"
    frame = pd.read_csv(folder / "train_shared.csv.gz")
    texts, labels = frame["headline"].tolist(), frame["label"].to_numpy()
    near = clusters(texts)
    fold = folds(near, FOLDS)
    answers = pd.DataFrame({"label": "", "confidence": 0.0}, index=frame.index)
    for number in range(FOLDS):
        learnt, held = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        student = TextStudent().fit(
            [texts[k] for k in learnt], labels[learnt].tolist(), near[learnt].tolist()
        )
        answers.iloc[held] = student.predict([texts[k] for k in held]).to_numpy()
        print(
            f"  fold {number}: strength {student.report['strength']}, {student.report['calibration']}",
            flush=True,
        )
    sure = answers["confidence"].to_numpy(dtype=np.float64)
    correct = answers["label"].to_numpy() == labels
    shares = bands(sure, correct)
    found = {
        "accuracy": float(correct.mean()),
        "coverage_at_075": _number(shares["student_share"]),
        "accuracy_at_075": _number(shares["student_accuracy"]),
        "ece": calibration_error(sure, correct),
    }
    majority = float(pd.Series(labels).value_counts(normalize=True).iloc[0])
    published = _published(folder)
    rows = [
        Row("headlines", name, value, majority if name == "accuracy" else None,
            published["gpt-4-turbo"] if name == "accuracy" else None, GOALS[name])
        for name, value in found.items()
    ]  # fmt: skip
    low, high = _interval(correct, near)
    rows += [
        Row("headlines", "accuracy_low", low),
        Row("headlines", "accuracy_high", high),
        Row("headlines", "near_duplicate_clusters", float(near.max() + 1)),
        Row("headlines", "teacher_share", _number(shares["teacher_share"])),
        Row("headlines", "teacher_band_accuracy", _number(shares["teacher_accuracy"])),
        Row("headlines", "human_share", _number(shares["human_share"])),
    ]
    return rows + [Row("headlines/published", f"{name} accuracy", value) for name, value in published.items()]


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _published(folder: Path) -> dict[str, float]:
    """Accuracy of each language model on the training rows, best first."""
    table = pd.read_csv(folder / "published_headlines_e8_perf_seed_9_2024updatedmodel.csv")
    best = table.groupby("Method")["Train_acc"].max().sort_values(ascending=False)
    return {str(name): float(value) for name, value in best.items() if value > 0.82}


def _interval(correct: np.ndarray, near: np.ndarray, draws: int = 1000) -> tuple[float, float]:
    rows = members(near.tolist(), len(near))
    sums, sizes = np.array([correct[r].sum() for r in rows]), np.array([len(r) for r in rows])
    draw = np.random.default_rng(0)
    found = []
    for _ in range(draws):
        chosen = draw.integers(0, len(rows), len(rows))
        found.append(sums[chosen].sum() / sizes[chosen].sum())
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)
