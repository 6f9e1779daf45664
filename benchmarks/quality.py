"""Grading by measurements: make bench-quality.

Dry Bean (13,611 rows, 7 classes), Rice (3,810, 2 classes) and white wine without the rows that repeat another's
measurements, cut to A-D (3,961). Ten stratified folds, three draws of the folds; scales, members, join, calibration,
decision rules and limits are all fitted inside the nine training tenths, whose inner folds also choose how to join and
how to calibrate. The same procedure and the same settings serve every set; sets with ordered grades have trees that know
the order in the jury instead of the support vector machine.

- accuracy, ece (15 bins of equal width, likeliest grade) and accuracy_at_90 (the surest nine tenths of the test rows) are
  of the likeliest grade. In wine macro_f1 and kappa each have their own decision rule on the same probabilities.
- kappa is quadratic where grades are ordered, plain Cohen otherwise.
- random-forest is the specified forest as it comes; random-forest-ruled has the rules too, tuned by inner folds.
- sets: conformal sets per true grade, limits from the inner folds; coverage, mean size and the worst covered grade.
- anomaly: one bean class left out of training at a time, 70/30 of the others; AUROC of the class against the known rest.

What was chosen where: members and their settings were looked at on the first draw of these folds, where differences of
.002 (bean), .004 (rice) and .008 (wine) are sampling error. Nothing was chosen on the other two draws, but they are no
new data: all three part the same rows anew. The margins of bean over its bars, .0004 of accuracy and .0007 of macro-F1,
are within the sampling error of .002.

The published .9353 of Rice was not reached. On two draws support vector machines (on scaled, normal-made and turned
measurements, nine settings), networks, boosted trees, forests, logistic lines and quadratic discriminants stay between
.919 and .933, and .9353 lies one sampling error above what the jury reaches.
"""

from __future__ import annotations

import resource
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.quality_sets import SETS, Set
from benchmarks.rows import Row, table, write
from mandi.core.paths import bench_data
from mandi.models.grading.grade_calibration import calibration_error
from mandi.models.grading.grade_forest import RandomForest
from mandi.models.grading.grade_rules import GradeRule, macro_f1, quadratic_kappa
from mandi.models.grading.grade_sets import Abstention, GradeSets
from mandi.models.grading.grade_vote import GradeVote
from mandi.models.grading.novelty import Novelty, NoveltyParams

FOLDS, DRAWS, WORKERS = 10, (0, 1, 2), 2
METRICS = ("accuracy", "macro_f1", "kappa", "ece", "accuracy_at_90")
UNUSUAL = {
    "anomaly": NoveltyParams(kind="mahalanobis"),
    "anomaly-neighbours": NoveltyParams(kind="neighbours"),
    "anomaly-isolation": NoveltyParams(kind="isolation", power=False, trees=100),
}
Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.intp]]
Found = dict[str, dict[str, float]]


def main() -> None:
    """Run the three sets and the anomalies, print the tables and write benchmarks/results/quality.json."""
    root = Path(__file__).resolve().parent.parent
    data = bench_data(root)
    for chosen in SETS:
        matrix, grade, names, repeats = chosen.read(data)
        removed = f"{repeats} removed" if chosen.ordered else f"{repeats} kept, as in the published figure"
        _say(f"{chosen.name}: {len(matrix):,} rows, {matrix.shape[1]} measurements, "
             f"{', '.join(f'{n} {c}' for n, c in zip(names, np.bincount(grade), strict=True))}; repeated rows: {removed}")  # fmt: skip
    jobs = [(chosen.name, draw) for chosen in SETS for draw in DRAWS]
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        waiting = {job: pool.submit(judge, *job, data) for job in jobs}
        waiting |= {("anomaly", draw): pool.submit(unusual, draw, data) for draw in DRAWS}
        drawn: dict[tuple[str, int], Found] = {}
        for job, answer in waiting.items():
            drawn[job], told = answer.result()
            _say(f"{job[0]} draw {job[1]}: {told}")
    rows = [row for chosen in SETS for row in _rows(chosen, [drawn[chosen.name, draw] for draw in DRAWS])]
    rows += _unusual_rows([drawn["anomaly", draw] for draw in DRAWS])
    _show(rows)
    spent = time.process_time() + resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    _say(f"{write(root / 'benchmarks' / 'results', 'quality', rows, spent)}: {spent:.0f} s of CPU")


def judge(name: str, draw: int, data: Path) -> tuple[Found, str]:
    """Return the metrics of champion, members and forest on one draw of the folds, and a line on how it went."""
    from sklearn.model_selection import StratifiedKFold

    chosen = next(one for one in SETS if one.name == name)
    matrix, grade, names, _ = chosen.read(data)
    grades, clock = len(names), time.process_time()
    shape = (len(grade), grades)
    proba = {who: np.zeros(shape) for who in ("champion", *chosen.jury.members, "random-forest")}
    ruled = {who: {aim: np.zeros(len(grade), dtype=np.intp) for aim in ("macro_f1", "kappa")}
             for who in ("champion", "random-forest")}  # fmt: skip
    inside, answered = np.zeros(shape, dtype=bool), np.zeros(len(grade), dtype=bool)
    ways: Counter[str] = Counter()
    for learnt, held in StratifiedKFold(FOLDS, shuffle=True, random_state=draw).split(matrix, grade):
        jury = GradeVote(replace(chosen.jury, seed=1 + draw)).fit(
            matrix[learnt], grade[learnt], grades=grades
        )
        ways[jury.choice["way"]] += 1
        proba["champion"][held] = jury.proba(matrix[held])
        for who in chosen.jury.members:
            proba[who][held] = jury.member_proba(who, matrix[held])
        proba["random-forest"][held], own = _forest(
            matrix[learnt], grade[learnt], matrix[held], chosen.ordered
        )
        for who, told in (("champion", jury.out_of_fold), ("random-forest", own)):
            for aim, said in ruled[who].items() if chosen.ordered else ():
                rule = GradeRule("kappa" if aim == "kappa" else "macro_f1").fit(told, grade[learnt])
                said[held] = rule.decide(proba[who][held])
        limits = GradeSets(chosen.level).fit(jury.out_of_fold, grade[learnt])
        inside[held] = limits.sets(proba["champion"][held])
        answered[held] = Abstention(0.9).fit(jury.out_of_fold).answers(proba["champion"][held])
    found = {who: _metrics(chosen, told, grade) for who, told in proba.items()}
    if chosen.ordered:
        found["random-forest-ruled"] = dict(found["random-forest"])
        for who, into in (("champion", "champion"), ("random-forest", "random-forest-ruled")):
            found[into]["macro_f1"] = macro_f1(grade, ruled[who]["macro_f1"], grades)
            found[into]["kappa"] = quadratic_kappa(grade, ruled[who]["kappa"], grades)
    right = proba["champion"].argmax(axis=1) == grade
    held_true = inside[np.arange(len(grade)), grade]
    found["sets"] = {
        f"coverage{chosen.level:.0%}".rstrip("%"): float(held_true.mean()),
        "size": float(inside.sum(axis=1).mean()),
        "single": float((inside.sum(axis=1) == 1).mean()),
        "worst_grade": min(float(held_true[grade == k].mean()) for k in range(grades)),
    }
    found["refusing"] = {
        "answered": float(answered.mean()),
        "accuracy_answered": float(right[answered].mean()),
    }
    line = ", ".join(f"{metric} {found['champion'][metric]:.4f}" for metric in METRICS)
    return found, f"{line}; chosen {dict(ways)}; {time.process_time() - clock:.0f} s of CPU"


def unusual(draw: int, data: Path) -> tuple[Found, str]:
    """Return the AUROC of each bean class held out of training, by kind of distance, and a line on how it went."""
    from sklearn.metrics import roc_auc_score

    matrix, grade, names, _ = SETS[0].read(data)
    found: Found = {kind: {} for kind in UNUSUAL}
    clock = time.process_time()
    for held, name in enumerate(names):
        known = np.random.default_rng(draw).permutation(np.flatnonzero(grade != held))
        cut = int(0.7 * len(known))
        asked = np.concatenate([known[cut:], np.flatnonzero(grade == held)])
        for kind, params in UNUSUAL.items():
            seen = Novelty(replace(params, seed=draw)).fit(matrix[known[:cut]], grade[known[:cut]])
            found[kind][name] = float(roc_auc_score(grade[asked] == held, seen.score(matrix[asked])))
    line = ", ".join(f"{kind} {np.mean(list(by.values())):.4f}" for kind, by in found.items())
    return found, f"{line}; {time.process_time() - clock:.0f} s of CPU"


def _forest(matrix: Floats, grade: Ints, asked: Floats, ruled: bool) -> tuple[Floats, Floats]:
    """The specified forest's probabilities of new rows and, for rules, of its own rows when they were left out."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    forest = RandomForestClassifier(n_jobs=1, **RandomForest.defaults)
    inner = StratifiedKFold(3, shuffle=True, random_state=1)
    own = (
        cross_val_predict(forest, matrix, grade, cv=inner, method="predict_proba")
        if ruled
        else np.zeros((0, 0))
    )
    return forest.fit(matrix, grade).predict_proba(asked), own


def _metrics(chosen: Set, proba: Floats, grade: Ints) -> dict[str, float]:
    from sklearn.metrics import cohen_kappa_score

    said, sure = proba.argmax(axis=1), proba.max(axis=1)
    surest = np.argsort(-sure, kind="stable")[: int(round(0.9 * len(grade)))]
    kappa = quadratic_kappa(grade, said, proba.shape[1]) if chosen.ordered else cohen_kappa_score(grade, said)
    return {
        "accuracy": float((said == grade).mean()),
        "macro_f1": macro_f1(grade, said, proba.shape[1]),
        "kappa": float(kappa),
        "ece": calibration_error(proba, grade),
        "accuracy_at_90": float((said == grade)[surest].mean()),
    }


def _rows(chosen: Set, drawn: list[Found]) -> list[Row]:
    def mean(who: str, metric: str) -> float:
        return float(np.mean([found[who][metric] for found in drawn]))

    rows = []
    for who, known in drawn[0].items():
        for metric in known:
            ours = who == "champion"
            base = mean("random-forest", metric) if metric in METRICS else None
            published = chosen.published if ours and metric == "accuracy" else None
            goal = chosen.goals.get(metric, "") if ours else ""
            rows.append(Row(f"{chosen.name}/{who}", metric, mean(who, metric), base, published, goal))
    case = f"{chosen.name}/champion"
    rows += [Row(case, f"{metric} worst draw", float(min(found["champion"][metric] for found in drawn)))
             for metric in ("accuracy", "macro_f1", "kappa")]  # fmt: skip
    if chosen.ordered:
        ruled = {m: mean("champion", m) - mean("random-forest-ruled", m) for m in ("macro_f1", "kappa")}
        plain = {m: mean("champion", m) - mean("random-forest", m) for m in ("macro_f1", "kappa")}
        rows += [Row(case, f"{m} above random-forest", gain, goal=">= 0.0001") for m, gain in plain.items()]
        rows += [Row(case, f"{m} above random-forest-ruled", gain) for m, gain in ruled.items()]
    return rows


def _unusual_rows(drawn: list[Found]) -> list[Row]:
    rows = []
    for kind in UNUSUAL:
        by_class = {name: float(np.mean([found[kind][name] for found in drawn])) for name in drawn[0][kind]}
        goal = ">= 0.92" if kind == "anomaly" else ""
        rows.append(Row(f"bean/{kind}", "auroc", float(np.mean(list(by_class.values()))), goal=goal))
        rows += [Row(f"bean/{kind}", f"auroc {name}", value) for name, value in by_class.items()]
    return rows


def _show(rows: list[Row]) -> None:
    by_case: dict[str, dict[str, float]] = {}
    for row in rows:
        by_case.setdefault(row.case, {})[row.metric] = row.value
    lines = [
        [case, *(f"{known[m]:.4f}" for m in METRICS)] for case, known in by_case.items() if "ece" in known
    ]
    _say("\n" + table(("case", *METRICS), lines) + "\n")
    others = [(r.case, r.metric, f"{r.value:.4f}") for r in rows if r.metric not in METRICS]
    _say(table(("case", "metric", "ours"), others) + "\n")
    _say(table(("case", "metric", "ours", "forest", "published", "goal", "met"),
               [(r.case, r.metric, f"{r.value:.4f}", r.baseline, r.published, r.goal, r.met) for r in rows if r.goal]))  # fmt: skip


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
