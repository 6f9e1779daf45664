"""Which questions need the strong model, replayed on answers others published: make bench-routing.

RouteLLM's stored answers of Mixtral-8x7B (weak) and gpt-4-1106 (strong): MMLU (a shared half: 6,999 rows after the
contaminated one is dropped) and GSM8K (645 rows). Protocol of its ``evals/evaluate.py``: thresholds at ten quantiles of the
score, APGR = (area - weak) / (strong - weak); CPT50 and CPT80 are the share of strong calls that recovers 50 % and 80 % of
the gap. ``mmlu/in-domain`` and ``gsm8k`` are five folds over rows, ``mmlu/unseen`` five folds over whole subjects, so that
no subject asked about was learnt from. Intervals: bootstrap over rows, 95 %, of the out-of-fold scores; for unseen subjects
over whole subjects too. The published MMLU row learnt from MMLU's validation labels; ours learn from the other folds of the
test rows, hence in-domain.

What was chosen where: one configuration for all three cases, the defaults of ``WinModel`` on the routing's own ``surface``.
That words and look are two views of equal weight was looked at on these rows (words alone .678, .589 and .581; look alone
.671, .636 and .673; trees on the look .683, .600 and .655); penalties were not searched.

``length`` routes the longer question to the strong model, ``random`` draws, ``oracle`` knows the answers.

``headlines`` is the student that routing asks first: 5,000 headlines about gold, five folds with near-duplicates in one; see
``benchmarks/headlines.py``. On the same rows gpt-4-turbo is right in 86.2 %; FrugalGPT's .891 is a cascade that was fitted on
these rows.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.headlines import headlines
from benchmarks.rows import Row, table, write
from mandi.core.paths import bench_data
from mandi.llm.routing.curve import Curve, curve
from mandi.llm.routing.features import surface
from mandi.student.win_model import WinModel
from mandi.text.near_duplicates import folds

FOLDS = 5
RANDOM_DRAWS = 50
PUBLISHED = {  # APGR, CPT50, CPT80
    "mmlu/in-domain": ("SW ranking, labels of MMLU", 0.603, 0.354, 0.703),
    "mmlu/unseen": None,
    "gsm8k": ("causal LLM, run again by RAGRouter's authors", 0.631, 0.328, 0.624),
}
GOALS = {"mmlu/in-domain": ">= 0.62", "mmlu/unseen": ">= 0.54", "gsm8k": ">= 0.55"}  # of the lower bound


def main() -> None:
    """Run every case, print the tables and write benchmarks/results/routing.json."""
    root = Path(__file__).resolve().parent.parent
    data = bench_data(root)
    rows: list[Row] = []
    mmlu, gsm8k = (_read(data, name) for name in ("mmlu", "gsm8k"))
    subjects = mmlu["domain"].astype("category").cat.codes.tolist()
    cases = {
        "mmlu/in-domain": (mmlu, folds(range(len(mmlu)), FOLDS)),
        "mmlu/unseen": (mmlu, folds(subjects, FOLDS)),
        "gsm8k": (gsm8k, folds(range(len(gsm8k)), FOLDS)),
    }
    for case, (frame, fold) in cases.items():
        rows += _judge(case, frame, fold)
    print("headlines", flush=True)
    rows += headlines(data)
    _show(rows)
    total = time.process_time()
    path = write(root / "benchmarks" / "results", "routing", rows, total)
    print(f"{path}: {total:.0f} s of CPU")


def _read(data: Path, name: str) -> pd.DataFrame:
    frame = pd.read_csv(data / "router_routellm" / f"{name}_shared.csv.gz")
    return frame[frame["contaminated"] == 0].reset_index(drop=True)


def _judge(case: str, frame: pd.DataFrame, fold: np.ndarray[Any, Any]) -> list[Row]:
    clock = time.process_time()
    texts = frame["prompt"].tolist()
    look = np.array([surface(text) for text in texts])
    weak, strong = (frame[f"{side}_correct"].to_numpy(dtype=np.float64) for side in ("weak", "strong"))
    score = np.zeros(len(texts))
    for number in range(FOLDS):
        learnt, held = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        model = WinModel().fit([texts[k] for k in learnt], look[learnt], weak[learnt], strong[learnt])
        score[held] = model.hardness([texts[k] for k in held], look[held])
    spent = time.process_time() - clock
    ours = curve(score, weak, strong)
    length = curve(look[:, 0], weak, strong)
    by_subject = []
    if case == "mmlu/unseen":
        subjects = frame["domain"].tolist()
        low, plain = (curve(s, weak, strong, clusters=subjects).apgr_low for s in (score, look[:, 0]))
        by_subject = [Row(case, "apgr_low by subject", low, plain, goal=GOALS[case])]
    draw = np.random.default_rng(0)
    drawn = [curve(draw.random(len(texts)), weak, strong, draws=0).apgr for _ in range(RANDOM_DRAWS)]
    oracle = curve(strong - weak + 1e-3 * draw.random(len(texts)), weak, strong, draws=0)
    print(
        f"{case}: {len(texts):,} rows, weak {ours.weak:.3f}, strong {ours.strong:.3f}, {spent:.0f} s of CPU",
        flush=True,
    )
    shown = PUBLISHED[case]
    published = dict(zip(("apgr", "cpt50", "cpt80"), shown[1:], strict=True)) if shown else {}
    return [
        *(Row(case, name, value, _figures(length)[name], published.get(name), GOALS[case] if name == "apgr_low" else "")
          for name, value in _figures(ours).items()),
        *by_subject,
        Row(case, "cpu_seconds", spent),
        Row(f"{case}/length", "apgr", length.apgr),
        Row(f"{case}/random", "apgr", float(np.mean(drawn))),
        Row(f"{case}/random", "apgr sd", float(np.std(drawn))),
        Row(f"{case}/oracle", "apgr", oracle.apgr),
    ]  # fmt: skip


def _figures(found: Curve) -> dict[str, float]:
    nothing = float("nan")
    return {
        "apgr": found.apgr, "apgr_low": found.apgr_low, "apgr_high": found.apgr_high,
        "cpt50": nothing if found.cpt50 is None else found.cpt50,
        "cpt80": nothing if found.cpt80 is None else found.cpt80,
    }  # fmt: skip


def _show(rows: list[Row]) -> None:
    routed = [row for row in rows if not row.case.startswith("headlines")]
    header = ("case", "metric", "ours", "length", "published", "goal", "met")
    for chosen, title in ((routed, "routing"), ([r for r in rows if r not in routed], "headlines")):
        print(f"\n{title}")
        names = (
            header
            if title == "routing"
            else ("case", "metric", "ours", "majority", "gpt-4-turbo", "goal", "met")
        )
        print(
            table(
                names, [(r.case, r.metric, r.value, r.baseline, r.published, r.goal, r.met) for r in chosen]
            )
        )
    for case, shown in PUBLISHED.items():
        if shown:
            print(f"published, {case}: {shown[0]}")


if __name__ == "__main__":
    main()
