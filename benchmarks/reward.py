"""Which of two answers three people preferred, told from the texts alone: make bench-reward.

PandaLM's test set (a shared part: 595 pairs of answers by 7B models to 162 instructions): first, second or tie, by the majority of
three annotators; of these rows none has three different verdicts, one that had would be a tie. Ten folds over whole instructions,
so that no instruction asked about was learned from. ``published`` is GPT-3.5; a row of its own has PandaLM-7B. Both are counted here
from the verdicts in the file, a verdict that cannot be read as wrong. Interval: bootstrap over whole instructions, 95 %.

What was chosen where: penalty and whether kinds of request are told apart, by five folds inside the training part of each fold,
never on the rows that are reported. The features were written down before any accuracy was seen.

``pairs`` is accuracy on the rows that are no tie, with ties not allowed. Baselines: the commonest verdict of the training folds, and the longer
answer.

``langid`` is ``mandi.feedback.labels.language`` on sentences of Hindi and Marathi, published rows of CLD2, CLD3 and lingua beside it; nothing
was learned from these sentences.
"""

from __future__ import annotations

import gzip
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.rows import Row, table, write
from mandi.core.paths import bench_data
from mandi.feedback.labels.language import language_of
from mandi.feedback.reward.pair_model import VERDICTS, Pair, PairModel, Verdict
from mandi.text.near_duplicates import folds

FOLDS, INNER = 10, 5
TRIED = [(strength, crossed) for crossed in (False, True) for strength in (0.001, 0.003, 0.01, 0.03, 0.1)]
DRAWS = 2000
NAMES: dict[str, Verdict] = {"0": "tie", "Tie": "tie", "1": "first", "2": "second"}
LANGUAGES = {"hi": (0.993, 0.954, 0.928), "mr": (0.987, 0.979, 0.951)}
"""Sentences: CLD2, CLD3, lingua, on that project's own thousand of each."""


def main() -> None:
    """Measure, print the table and write benchmarks/results/reward.json."""
    root = Path(__file__).resolve().parent.parent
    data = bench_data(root)
    rows = [*_pandalm(data), *_languages(data)]
    print(table(("case", "metric", "ours", "baseline", "published", "goal", "met"),
                [(r.case, r.metric, r.value, r.baseline, r.published, r.goal, r.met) for r in rows]))  # fmt: skip
    total = time.process_time()
    print(f"{write(root / 'benchmarks' / 'results', 'reward', rows, total)}: {total:.0f} s of CPU")


def _pandalm(data: Path) -> list[Row]:
    with gzip.open(data / "preference_pandalm" / "testset_shared.jsonl.gz", "rt", encoding="utf-8") as lines:
        held = [json.loads(line) for line in lines]
    pairs = [
        Pair(*(str(row[name]) for name in ("instruction", "input", "response1", "response2"))) for row in held
    ]
    right = [_majority([str(row[f"annotator{k}"]) for k in (1, 2, 3)]) for row in held]
    asked = {text: k for k, text in enumerate(sorted({pair.asked for pair in pairs}))}
    group = np.array([asked[pair.asked] for pair in pairs])
    fold = folds(group, FOLDS)
    chances, common = np.zeros((len(pairs), 3)), np.empty(len(pairs), dtype=object)
    for number in range(FOLDS):
        learnt, asked_now = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        chosen = _chosen([pairs[k] for k in learnt], [right[k] for k in learnt], group[learnt])
        model = PairModel(*chosen).fit([pairs[k] for k in learnt], [right[k] for k in learnt])
        chances[asked_now] = model.probabilities([pairs[k] for k in asked_now])
        common[asked_now] = Counter(right[k] for k in learnt).most_common(1)[0][0]
        print(
            f"fold {number + 1}/{FOLDS}: penalty {chosen[0]}, kinds of request {'told apart' if chosen[1] else 'alike'}",
            flush=True,
        )
    truth = np.array(right, dtype=object)
    ours = np.array(VERDICTS, dtype=object)[chances.argmax(axis=1)]
    longer = np.array([_longer(pair) for pair in pairs], dtype=object)
    correct = ours == truth
    low, high = _interval(correct, group)
    gain_low, _ = _interval(correct.astype(float) - (longer == truth), group)
    named = {
        name: np.array([NAMES.get(str(row[name])) for row in held], dtype=object) == truth
        for name in ("pred_gpt35", "pred_pandalm7b")
    }
    gpt, panda = (float(named[name].mean()) for name in ("pred_gpt35", "pred_pandalm7b"))
    majority, by_length = float((common == truth).mean()), float((longer == truth).mean())
    best = max(majority, by_length)
    told = truth != "tie"
    pair_ours = np.where(chances[:, 1] >= chances[:, 2], "first", "second")
    return [
        Row("pandalm", "accuracy", float(correct.mean()), best, gpt, f">= {best:.4f}"),
        Row("pandalm", "accuracy_low", low), Row("pandalm", "accuracy_high", high),
        Row("pandalm", "gain_low over longer", gain_low), Row("pandalm", "pairs", float((pair_ours == truth)[told].mean()), float((longer == truth)[told].mean())),
        Row("pandalm/majority", "accuracy", majority), Row("pandalm/longer", "accuracy", by_length),
        Row("pandalm/gpt-3.5", "accuracy", gpt), Row("pandalm/pandalm-7b", "accuracy", panda),
    ]  # fmt: skip


def _chosen(pairs: list[Pair], right: list[Verdict], group: np.ndarray[Any, Any]) -> tuple[float, bool]:
    fold = folds(group, INNER, seed=1)
    found = {}
    for tried in TRIED:
        loss = 0.0
        for number in range(INNER):
            learnt, held = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
            model = PairModel(*tried).fit([pairs[k] for k in learnt], [right[k] for k in learnt])
            chances = model.probabilities([pairs[k] for k in held])
            loss -= float(
                np.log(chances[np.arange(len(held)), [VERDICTS.index(right[k]) for k in held]]).sum()
            )
        found[tried] = loss
    return min(found, key=lambda tried: found[tried])


def _languages(data: Path) -> list[Row]:
    frame = pd.read_csv(data / "langid_indic" / "langid_shared.csv.gz")
    rows = []
    for language, published in LANGUAGES.items():
        for kind in ("sentences", "word-pairs", "single-words"):
            texts = frame[(frame["lang"] == language) & (frame["kind"] == kind)]["text"].astype(str)
            right = float(np.mean([language_of(text)[0] == language for text in texts]))
            rows.append(
                Row(f"langid/{language}", kind, right, None, published[0] if kind == "sentences" else None)
            )
    return rows


def _majority(verdicts: list[str]) -> Verdict:
    name, count = Counter(verdicts).most_common(1)[0]
    return NAMES[name] if count > 1 else "tie"


def _longer(pair: Pair) -> Verdict:
    one, other = len(pair.first), len(pair.second)
    return "tie" if one == other else "first" if one > other else "second"


def _interval(values: np.ndarray[Any, Any], group: np.ndarray[Any, Any]) -> tuple[float, float]:
    draw = np.random.default_rng(0)
    sums, counts = np.bincount(group, values), np.bincount(group)
    picks = draw.integers(0, len(sums), (DRAWS, len(sums)))
    means = sums[picks].sum(axis=1) / counts[picks].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


if __name__ == "__main__":
    main()
