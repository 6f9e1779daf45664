"""Near-duplicates: the same clusters as comparing every pair, and folds that keep them whole."""

from __future__ import annotations

import itertools

import numpy as np

from mandi.text.near_duplicates import SHINGLE, clusters, folds

STEMS = [
    "Gold futures fall {} percent in Mumbai trade",
    "Silver gains Rs {} on strong demand",
    "Cotton arrivals at {} bales",
]


def _templates(count: int, seed: int = 0) -> list[str]:
    draw = np.random.default_rng(seed)
    words = [
        "rain",
        "monsoon",
        "export",
        "duty",
        "crushers",
        "mills",
        "rupee",
        "stock",
        "sowing",
        "acreage",
        "futures",
    ]
    texts = []
    for k in range(count):
        if k % 2:
            texts.append(STEMS[k % 3].format(int(draw.integers(1, 99))))
        else:
            texts.append(" ".join(draw.choice(words, 7)))
    return texts


def _slowly(texts: list[str], near: float) -> set[frozenset[int]]:
    runs = []
    for text in texts:
        plain = " " + " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split()) + " "
        runs.append({plain[k : k + SHINGLE] for k in range(max(len(plain) - SHINGLE + 1, 1))})
    home = {k: {k} for k in range(len(texts))}
    for a, b in itertools.combinations(range(len(texts)), 2):
        if len(runs[a] & runs[b]) / len(runs[a] | runs[b]) >= near and home[a] is not home[b]:
            home[a] |= home[b]
            for k in home[b]:
                home[k] = home[a]
    return {frozenset(group) for group in home.values()}


def test_the_same_as_comparing_every_pair() -> None:
    texts = _templates(160)
    found = clusters(texts)
    mine = {frozenset(np.flatnonzero(found == number).tolist()) for number in np.unique(found)}
    assert mine == _slowly(texts, 0.6)
    assert 1 < len(mine) < 160


def test_order_of_the_texts_does_not_matter_and_numbers_count_up() -> None:
    texts = _templates(80)
    found = clusters(texts)
    back = clusters(texts[::-1])[::-1]
    assert all(
        (found[a] == found[b]) == (back[a] == back[b]) for a, b in itertools.combinations(range(80), 2)
    )
    assert found[0] == 0 and sorted(set(found.tolist())) == list(range(found.max() + 1))


def test_odd_texts() -> None:
    assert clusters([]).tolist() == []
    assert clusters(["", "", "x", "\ud800"]).tolist()[:2] == [0, 0]
    assert clusters(["सोयाबीन का भाव 4,600", "सोयाबीन का भाव 4,650", "iron ore"]).tolist() == [0, 0, 1]


def test_many_equal_texts_are_quick() -> None:
    assert set(clusters(["Gold falls again"] * 20_000).tolist()) == {0}


def test_folds_keep_clusters_whole_and_are_even() -> None:
    groups = clusters(_templates(300))
    fold = folds(groups, 5, seed=3)
    assert all(len(set(fold[groups == g].tolist())) == 1 for g in np.unique(groups))
    sizes = np.bincount(fold, minlength=5)
    largest = np.bincount(groups).max()
    assert sizes.sum() == 300 and sizes.max() <= max(largest, 61)
    assert np.array_equal(fold, folds(groups, 5, seed=3)) and not np.array_equal(
        fold, folds(groups, 5, seed=4)
    )
