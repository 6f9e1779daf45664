"""The pair ranker finds the right candidate, scores every pair by itself, explains its score and survives the disk."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mandi.core.errors import ContractError, NotFitted
from mandi.models.ranking.pair_line import PairLine, fit_curve, grouped
from mandi.models.ranking.pair_ranker import LambdarankParams, PairRanker, PairRankerParams

from ....small_disk import SmallDisk, disk

__all__ = ["disk"]

SMALL = PairRankerParams(
    rankers=2, trees=LambdarankParams(n_estimators=60, min_data_in_leaf=5, feature_fraction=0.8)
)


def questions(count: int, seed: int, size: int = 12) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One right candidate a question: near in the first feature, high in the second; a third is noise with gaps."""
    draw = np.random.default_rng(seed)
    features = draw.normal(size=(count * size, 4))
    features[:, 3] = 7.0
    features[draw.random(len(features)) < 0.3, 2] = np.nan
    worth = (-np.abs(features[:, 0] - 0.5) * 2 + features[:, 1] + draw.normal(0, 0.1, len(features))).reshape(
        count, size
    )
    relevant = np.zeros((count, size), dtype=bool)
    relevant[np.arange(count), worth.argmax(axis=1)] = True
    return features, np.repeat(np.arange(count), size), relevant.ravel()


def top1(score: np.ndarray, relevant: np.ndarray, size: int = 12) -> float:
    picked = score.reshape(-1, size).argmax(axis=1)
    return float(relevant.reshape(-1, size)[np.arange(len(picked)), picked].mean())


@pytest.fixture(scope="module")
def ranker() -> PairRanker:
    return PairRanker(SMALL).fit(*questions(150, 1))


def test_finds_the_right_candidate_of_questions_never_seen(ranker: PairRanker) -> None:
    features, _, relevant = questions(200, 2)
    assert top1(ranker.score(features), relevant) > 0.65  # chance is 1 in 12
    line = PairRanker(PairRankerParams(line_weight=1.0)).fit(*questions(150, 1))
    assert line.boosters == []
    assert top1(ranker.score(features), relevant) > top1(line.score(features), relevant) + 0.1


def test_labels_without_order_teach_no_order() -> None:
    features, group, relevant = questions(150, 1)
    draw = np.random.default_rng(3)
    for rows in np.split(np.arange(len(group)), 150):
        relevant[rows] = draw.permutation(relevant[rows])
    later, _, truth = questions(200, 2)
    assert top1(PairRanker(SMALL).fit(features, group, relevant).score(later), truth) < 0.3


def test_a_pair_alone_scores_as_in_any_batch(ranker: PairRanker) -> None:
    features, _, _ = questions(40, 4)
    whole = ranker.score(features)
    assert whole.min() >= 0.0 and whole.max() <= 1.0
    np.testing.assert_allclose(1 / (1 + np.exp(-ranker.log_odds(features))), whole, rtol=1e-12)
    assert [ranker.score(row[None])[0] for row in features] == whole.tolist()
    assert ranker.score(features[::-3]).tolist() == whole[::-3].tolist()
    assert ranker.score(np.empty((0, 4))).shape == (0,)


def test_order_of_pairs_and_numbers_of_questions_do_not_matter() -> None:
    features, group, relevant = questions(60, 5)
    shuffled = np.random.default_rng(0).permutation(60)
    renamed = shuffled[group] * 10
    order = np.argsort(renamed, kind="stable")
    first = PairRanker(PairRankerParams(line_weight=1.0)).fit(features, group, relevant)
    second = PairRanker(PairRankerParams(line_weight=1.0)).fit(
        features[order], renamed[order], relevant[order]
    )
    np.testing.assert_allclose(first.margin(features), second.margin(features), atol=1e-5)


def test_same_seed_same_scores_another_seed_others() -> None:
    data = questions(60, 6)
    first, again = (PairRanker(SMALL).fit(*data).score(data[0]) for _ in range(2))
    assert first.tolist() == again.tolist()
    other = PairRanker(PairRankerParams(rankers=2, trees=SMALL.trees, seed=9)).fit(*data).score(data[0])
    assert first.tolist() != other.tolist()


def test_explanation_sums_to_the_score_and_names_what_matters(ranker: PairRanker) -> None:
    features, _, _ = questions(30, 7)
    effects = ranker.explain(features)
    assert effects.shape == (len(features), 5)
    np.testing.assert_allclose(effects.sum(axis=1), ranker.score(features), atol=1e-9)
    size = np.abs(effects[:, :4]).mean(axis=0)
    assert size[:2].min() > size[2:].max()
    np.testing.assert_allclose(effects[:3], ranker.explain(features[:3]), atol=1e-12)


def test_trees_obey_the_direction_they_are_given() -> None:
    features, group, relevant = questions(100, 8)
    names = ["nearness", "worth", "noise", "flat"]
    params = PairRankerParams(line_weight=0.0, rankers=1, trees=SMALL.trees, negative=("worth",))
    ranker = PairRanker(params).fit(features, group, relevant, names)
    rising = np.column_stack([np.zeros(20), np.linspace(-2, 2, 20), np.zeros(20), np.full(20, 7.0)])
    assert (np.diff(ranker.margin(rising)) <= 0).all()


def test_calibration_keeps_the_order(ranker: PairRanker, tmp_path) -> None:
    ranker.save(tmp_path)
    features, _, relevant = questions(60, 9)
    calibrated = PairRanker.load(tmp_path).calibrate(features, relevant)
    before, after = ranker.score(features), calibrated.score(features)
    assert (np.argsort(before, kind="stable") == np.argsort(after, kind="stable")).all()
    assert after.mean() == pytest.approx(relevant.mean(), abs=0.02)


def test_what_is_saved_scores_the_same_and_damage_is_refused(ranker: PairRanker, tmp_path) -> None:
    features, _, _ = questions(30, 10)
    ranker.save(tmp_path)
    loaded = PairRanker.load(tmp_path)
    assert loaded.score(features).tolist() == ranker.score(features).tolist()
    assert loaded.params == ranker.params
    np.testing.assert_array_equal(loaded.explain(features), ranker.explain(features))
    trees = tmp_path / "lambdarank_1.txt"
    whole = trees.read_bytes()
    trees.write_bytes(whole.replace(b"leaf_value=", b"leaf_value=1", 1))
    with pytest.raises(ContractError, match="lambdarank_1.txt"):
        PairRanker.load(tmp_path)
    trees.unlink()
    with pytest.raises(ContractError, match="lambdarank_1.txt"):
        PairRanker.load(tmp_path)
    trees.write_bytes(whole)
    state = json.loads((tmp_path / "ranker.json").read_text())
    (tmp_path / "ranker.json").write_text(json.dumps(state | {"format": "pair-ranker/0"}))
    with pytest.raises(ContractError, match="pair-ranker/0"):
        PairRanker.load(tmp_path)
    (tmp_path / "ranker.json").write_text("{")
    with pytest.raises(ContractError):
        PairRanker.load(tmp_path)


def test_odd_input_is_refused(ranker: PairRanker) -> None:
    features, group, relevant = questions(5, 11)
    with pytest.raises(ContractError, match="both a right and a wrong"):
        PairRanker(SMALL).fit(features, group, np.zeros_like(relevant))
    with pytest.raises(ContractError, match="group of shape"):
        PairRanker(SMALL).fit(features, group[1:], relevant)
    with pytest.raises(ContractError, match="infinite"):
        ranker.score(np.array([[np.inf, 0, 0, 0]]))
    with pytest.raises(ContractError, match="3 features"):
        ranker.score(np.zeros((1, 3)))
    with pytest.raises(NotFitted):
        PairRanker().score(features)
    with pytest.raises(ContractError, match="names"):
        PairRanker(SMALL).fit(features, group, relevant, ["one"])


def test_the_line_meets_its_first_order_condition() -> None:
    features, group, relevant = questions(80, 12)
    order, sizes = grouped(group, relevant, len(group))
    line = PairLine.fit(features[order], sizes, relevant[order], 2.0)
    design = np.where(np.isnan(features), 0.0, (features - line.centre) / line.spread).clip(-6, 6)
    slope = np.zeros(4)
    for rows in np.split(
        np.arange(len(group)), 80
    ):  # an independent sum over duels, gaps by their own weight
        right, wrong = rows[relevant[rows]], rows[~relevant[rows]]
        for other in wrong:
            margin = line.margin(features[right])[0] - line.margin(features[[other]])[0]
            slope += (design[right[0]] - design[other]) / (1 + np.exp(margin)) / len(wrong)
    np.testing.assert_allclose(slope, 2.0 * line.weights, atol=2e-3)


def test_the_curve_follows_the_share_of_right_pairs() -> None:
    margin = np.repeat([-1.0, 1.0], 1000)
    hit = np.concatenate([np.arange(1000) < 100, np.arange(1000) < 800])
    slope, shift = fit_curve(margin, hit)
    rate = 1 / (1 + np.exp(-(slope * np.array([-1.0, 1.0]) + shift)))
    np.testing.assert_allclose(rate, [0.1, 0.8], atol=0.01)


def test_no_pairs_are_explained_as_none(ranker: PairRanker) -> None:
    nothing = np.empty((0, 4))
    assert ranker.effects(nothing).shape == ranker.explain(nothing).shape == (0, 5)


def test_a_full_disk_is_told(ranker: PairRanker, disk: SmallDisk) -> None:
    with disk.full(), pytest.raises(OSError, match="No space left|too large"):
        ranker.save(disk.folder)
    ranker.save(disk.folder)
    PairRanker.load(disk.folder)
