"""Finding the right counterpart of a record in another catalogue: make bench-matching.

Walmart-Amazon (2,554 records against 22,074, 853 pairs) and Amazon-Google (1,354 against 3,039, 1,103 pairs). Five folds
over all questions, three draws of the folds; every figure is of pairs whose question was in no fit, among the whole
catalogue. Terms and their weights come from the catalogue alone, settings are the same for both sets, and each question is
answered without any other (champion). Only ``assigned`` knows the whole batch, questions without a counterpart included.

What was chosen where: the views, the features and the trees' settings were looked at on these folds (small differences
are noise: one pair is .001); how hard the collective step pulls and how much the network weighs in ``siamese-fused``
is chosen for each fold on the other four. Recall counts ties as a fair draw would.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.matching_sets import GOALS, SETS, Set
from benchmarks.rows import Row, table, write
from mandi.core.paths import bench_data
from mandi.models.ranking.assignment import assign, soft_one_to_one
from mandi.models.ranking.pair_features import Described, PairFeatures
from mandi.models.ranking.pair_ranker import LambdarankParams, PairRanker, PairRankerParams
from mandi.models.ranking.text_views import TextViews, View
from mandi.models.ranking.two_tower import TwoTower, TwoTowerParams

TOP, FOLDS, DRAWS = 40, 5, (0, 1, 2)
RANKER = PairRankerParams(rankers=1, trees=LambdarankParams(n_estimators=120, learning_rate=0.07))
TOWERS = TwoTowerParams(shared=True, standardise=False, embedding_dim=256, learning_rate=3e-4, epochs=12)
HASHED = 1024  # inputs of a tower made of the search's TF-IDF vector
PULLS = [{"temperature": t, "strength": s} for t in (1.0, 2.0) for s in (2.0, 4.0)]
SHARES = (0.0, 0.1, 0.25, 0.5, 1.0)
Floats = np.ndarray[Any, np.dtype[np.float64]]


def main() -> None:
    """Run both sets, print the tables and write benchmarks/results/matching.json."""
    root = Path(__file__).resolve().parent.parent
    data = bench_data(root)
    rows: list[Row] = []
    spent = {}
    for chosen in SETS:
        _say(f"{chosen.name}")
        found, spent[chosen.name] = _judge(chosen, data)
        rows += found
        rows += [Row(f"{chosen.name}/published", f"{method} recall at {per:.1f} candidates", recall)
                 for method, recall, per in chosen.published(data)]  # fmt: skip
    rows.append(Row("both/champion", "cpu_seconds", sum(spent.values()), goal="<= 60"))
    _show(rows)
    total = time.process_time()
    _say(f"{write(root / 'benchmarks' / 'results', 'matching', rows, total)}: {total:.0f} s of CPU")


def _judge(chosen: Set, data: Path) -> tuple[list[Row], float]:
    left, right, pairs = chosen.read(data)
    truth = np.full(len(left), -1)
    truth[pairs["D1"]] = pairs["D2"]
    clock = time.process_time()
    features = PairFeatures(chosen.roles).fit(right)
    asked = features.describe(left)
    rows, search = features.candidates(asked, TOP)
    frame = features.frame(asked, rows, search)
    building = time.process_time() - clock
    matrix = frame.to_numpy().reshape(len(left), TOP, -1)
    relevant = rows == truth[:, None]
    known = truth >= 0
    _say(f"  features of {len(frame):,} pairs, {frame.shape[1]} columns: {building:.1f} s; the right one is among "
         f"{TOP} candidates in {relevant.any(axis=1)[known].mean():.3f}")  # fmt: skip

    cases: dict[str, list[Floats]] = {
        "untrained": [_places(search, relevant, known)] * len(DRAWS),
        "tf-idf": [_floor(features, left, right, chosen, truth)] * len(DRAWS),
    }
    better, fitting, hard, towering = 0, [], [], 0.0
    inputs = _hashed(features, asked)
    for draw in DRAWS:
        fold = np.random.default_rng(draw).permutation(len(left)) % FOLDS
        clock = time.process_time()
        odds = np.zeros(relevant.shape)
        for number in range(FOLDS):
            learnt, held = np.flatnonzero((fold != number) & known), np.flatnonzero(fold == number)
            ranker = PairRanker(RANKER).fit(
                matrix[learnt].reshape(-1, matrix.shape[2]), np.repeat(learnt, TOP), relevant[learnt].ravel()
            )
            odds[held] = ranker.log_odds(matrix[held].reshape(-1, matrix.shape[2])).reshape(-1, TOP)
        fitting.append(time.process_time() - clock)
        lists = {"champion": _places(odds, relevant, known)}
        batch = (np.repeat(np.arange(len(left)), TOP), rows.ravel())
        pulled = [soft_one_to_one(odds.ravel(), *batch, **pull).reshape(odds.shape) for pull in PULLS]
        lists["assigned"] = _places(_nested(pulled, relevant, known, fold), relevant, known)
        made = assign(odds.ravel(), *batch)
        hard.append(float(np.isin(np.flatnonzero(relevant.ravel()), made).sum() / known.sum()))
        clock = time.process_time()
        cosine, lists["siamese"] = _towers(inputs, pairs.to_numpy(), truth, rows, fold)
        towering += time.process_time() - clock
        fused = [search + share * cosine for share in SHARES]
        lists["siamese-fused"] = _places(_nested(fused, relevant, known, fold), relevant, known)
        for name, places in lists.items():
            cases.setdefault(name, []).append(places)
        for number in range(FOLDS):
            held = (fold == number)[known]
            ours, plain = (_recall(cases[n][-1][held], 1) for n in ("champion", "untrained"))
            better += ours > plain
            cases.setdefault("folds", []).append(np.array([ours, plain]))
        _say(f"  draw {draw}: " + ", ".join(f"{n} {_recall(p, 1):.3f}" for n, p in lists.items()))
    ranges = np.array(cases.pop("folds"))
    spent = building + float(np.mean(fitting))
    found = [row for name, drawn in cases.items() for row in _rows(f"{chosen.name}/{name}", drawn, cases)]
    case = f"{chosen.name}/champion"
    found += [
        Row(case, "recall@1 worst fold", float(ranges[:, 0].min()), float(ranges[:, 1].min())),
        Row(case, "folds above untrained", float(better), goal=f">= {FOLDS * len(DRAWS)}"),
        Row(case, "cpu_seconds", spent),
        Row(f"{chosen.name}/assigned", "recall@1 when each is given once", float(np.mean(hard))),
        Row(f"{chosen.name}/siamese", "cpu_seconds", towering / len(DRAWS)),
    ]
    return found, spent


def _places(scores: Floats, relevant: np.ndarray[Any, Any], known: np.ndarray[Any, Any]) -> Floats:
    """Per known question: how many candidates stand above the right one and how many beside it, itself included."""
    own = np.where(relevant, scores, -np.inf).max(axis=1, keepdims=True)
    above, beside = (scores > own).sum(axis=1), (scores == own).sum(axis=1)
    places = np.column_stack([above, beside]).astype(float)
    places[~relevant.any(axis=1)] = [1e9, 1.0]
    return places[known]


def _recall(places: Floats, k: int) -> float:
    return float(np.clip((k - places[:, 0]) / places[:, 1], 0.0, 1.0).mean())


def _reciprocal(places: Floats) -> float:
    return float((1.0 / (1.0 + places[:, 0] + (places[:, 1] - 1.0) / 2.0)).mean())


METRICS: dict[str, Callable[[Floats], float]] = {
    "recall@1": lambda p: _recall(p, 1),
    "recall@5": lambda p: _recall(p, 5),
    "recall@10": lambda p: _recall(p, 10),
    "mrr": _reciprocal,
}


def _rows(case: str, drawn: list[Floats], cases: dict[str, list[Floats]]) -> list[Row]:
    rows = []
    for name, metric in METRICS.items():
        value, base = (float(np.mean([metric(p) for p in some])) for some in (drawn, cases["untrained"]))
        rows.append(Row(case, name, value, base, None, GOALS.get(case, {}).get(name, "")))
    return rows


def _nested(
    variants: list[Floats],
    relevant: np.ndarray[Any, Any],
    known: np.ndarray[Any, Any],
    fold: np.ndarray[Any, Any],
) -> Floats:
    """Per fold, the variant that was best by MRR on the questions of the other folds."""
    out = np.zeros(relevant.shape)
    reach = [
        1.0 / (1.0 + p[:, 0] + (p[:, 1] - 1.0) / 2.0) for p in (_places(v, relevant, known) for v in variants)
    ]
    for number in range(FOLDS):
        others = (fold != number)[known]
        best = int(np.argmax([r[others].mean() for r in reach]))
        out[fold == number] = variants[best][fold == number]
    return out


def _floor(features: PairFeatures, left: Any, right: Any, chosen: Set, truth: np.ndarray[Any, Any]) -> Floats:
    """Character trigrams of the whole record alone: the plain floor."""
    view = TextViews([View("whole", "chars", 3, 3, 1.0)])
    held = view.fit_vectors(features.texts(right, question=False))
    rows, scores = view.search(view.vectors(features.texts(left, question=True)), held, 200)
    return _places(scores, rows == truth[:, None], truth >= 0)


def _hashed(features: PairFeatures, asked: Described) -> tuple[Floats, Floats]:
    """Inputs of the towers: the search's vector hashed to fewer columns with random signs, and scaled log amounts."""
    from scipy.sparse import csr_matrix

    held = features.held
    joined = [features.views.joined(side.pictures) for side in (asked, held)]
    draw = np.random.default_rng(0)
    terms = joined[1].shape[1]
    place = (np.arange(terms), draw.integers(0, HASHED, terms))
    fold = csr_matrix((draw.choice([-1.0, 1.0], terms), place), shape=(terms, HASHED))
    centre, spread = np.nanmean(held.amounts, axis=0), np.nanstd(held.amounts, axis=0)
    sides = []
    for side, vectors in zip((asked, held), joined, strict=True):
        dense = (vectors @ fold).toarray() * np.sqrt(HASHED)
        sides.append(np.hstack([dense, (side.amounts - centre) / spread]))
    return sides[0], sides[1]


def _towers(
    inputs: tuple[Floats, Floats], pairs: np.ndarray[Any, Any], truth: np.ndarray[Any, Any],
    rows: np.ndarray[Any, Any], fold: np.ndarray[Any, Any],
) -> tuple[Floats, Floats]:  # fmt: skip
    """Cosines of the candidates, and places of the right record among the whole catalogue, by towers that never saw it."""
    left, right = inputs
    known = truth >= 0
    cosine, places = np.zeros(rows.shape), np.zeros((len(left), 2))
    for number in range(FOLDS):
        towers = TwoTower(TOWERS).fit(left, right, pairs[fold[pairs[:, 0]] != number])
        held = np.flatnonzero(fold == number)
        near = (towers.embed_left(left[held]) @ towers.embed_right(right).T).astype(np.float64)
        cosine[held] = np.take_along_axis(near, rows[held], axis=1)
        asked = known[held]
        own = near[asked, truth[held][asked]][:, None]
        places[held[asked]] = np.column_stack(
            [(near[asked] > own).sum(axis=1), (near[asked] == own).sum(axis=1)]
        )
    return cosine, places[known]


def _show(rows: list[Row]) -> None:
    by_case: dict[str, dict[str, float]] = {}
    for row in rows:
        by_case.setdefault(row.case, {})[row.metric] = row.value
    lines = [[case, *(known[m] for m in METRICS)] for case, known in by_case.items() if "mrr" in known]
    _say("\n" + table(("case", *METRICS), lines) + "\n")
    _say(
        table(
            ("published", "row", "recall"),
            [(r.case, r.metric, r.value) for r in rows if "published" in r.case],
        )
    )
    _say("\n" + table(("case", "metric", "ours", "goal", "met"),
                      [(r.case, r.metric, r.value, r.goal, r.met) for r in rows if r.goal]))  # fmt: skip


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
