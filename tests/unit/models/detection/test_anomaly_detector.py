"""The detector as a whole: what it finds, promises about rows and seeds, gaps, trimming, saving."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mandi.core.errors import ContractError, NotFitted, UnknownValue
from mandi.models.detection.anomaly_detector import AnomalyDetector, AnomalyParams
from mandi.models.detection.anomaly_fusion import collapse

SMALL = AnomalyParams(nets=2, full_steps=60, seed=5)
NAMES = ["price", "weight", "days", "parties", "share"]


def _market(count: int, seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    hidden = draw.normal(size=(count, 2))
    rows = hidden @ np.array([[1.0, 0.8, 0.0, 0.5, 0.1], [0.0, 0.3, 1.0, -0.5, 0.2]])
    rows = rows + draw.normal(0, 0.2, size=(count, 5))
    rows[:, 1] = np.exp(rows[:, 1])
    return rows


@pytest.fixture(scope="module")
def detector() -> AnomalyDetector:
    return AnomalyDetector(SMALL).fit(_market(400, 0), NAMES)


def test_what_breaks_the_pattern_is_found(detector: AnomalyDetector) -> None:
    normal, strange = _market(200, 1), _market(200, 2)
    strange[:, 2] = np.random.default_rng(0).permutation(strange[:, 2]) + 2.5
    score = np.concatenate([detector.score(normal), detector.score(strange)])
    higher = (score[200:, None] > score[None, :200]).mean()
    assert higher > 0.9
    assert ((score >= 0) & (score < 1)).all()


def test_false_alarms_keep_their_budget(detector: AnomalyDetector) -> None:
    fresh = _market(3000, 3)
    for budget in (0.05, 0.1):
        flagged = detector.p_values(fresh) <= budget
        assert budget * 0.4 < flagged.mean() < budget * 1.6
        assert (flagged == (detector.score(fresh) >= detector.threshold(budget))).all()


def test_flagged_rows_still_have_an_order(detector: AnomalyDetector) -> None:
    far = np.zeros((6, 5))
    far[:, 0] = [5, 10, 50, 100, 1e3, 1e5]
    assert (np.diff(detector.score(far)) > 0).all()
    assert (np.diff(detector.surprise(far)) > 0).all()
    fresh = _market(500, 4)
    assert not collapse(fresh, detector.score(fresh)).collapsed


def test_contributions_add_up_and_name_the_column(detector: AnomalyDetector) -> None:
    rows = _market(20, 6)
    rows[:, 3] += 6.0
    parts = detector.contributions(rows)
    np.testing.assert_allclose(parts.sum(axis=1), detector.surprise(rows))
    assert (parts >= 0).all()
    assert (parts.argmax(axis=1) == 3).mean() > 0.9


def test_a_row_alone_is_scored_as_in_a_batch(detector: AnomalyDetector) -> None:
    rows = _market(30, 7)
    alone = np.concatenate([detector.score(row[None]) for row in rows])
    np.testing.assert_allclose(alone, detector.score(rows), atol=1e-5)
    assert detector.score(rows[:0]).shape == (0,)
    assert detector.contributions(rows[:0]).shape == (0, 5)


def test_gaps_are_carried_through() -> None:
    rows = _market(300, 8)
    rows[np.random.default_rng(0).random(300) < 0.3, 4] = np.nan
    detector = AnomalyDetector(SMALL).fit(rows, NAMES)
    fresh = _market(50, 9)
    fresh[:10] = np.nan
    fresh[10:20, 4] = np.nan
    assert np.isfinite(detector.score(fresh)).all()
    assert np.isfinite(detector.contributions(fresh)).all()


def test_the_same_seed_gives_the_same_scores(detector: AnomalyDetector) -> None:
    rows = _market(40, 10)
    again = AnomalyDetector(SMALL).fit(_market(400, 0), NAMES)
    other = AnomalyDetector(replace(SMALL, seed=6)).fit(_market(400, 0), NAMES)
    np.testing.assert_array_equal(again.score(rows), detector.score(rows))
    assert (other.score(rows) != detector.score(rows)).any()


def test_trimming_drops_fraud_hidden_among_the_normal_rows() -> None:
    rows = _market(300, 11)
    rows[:15] += 8.0 * np.sign(np.random.default_rng(1).normal(size=(15, 5)))
    plain, trimmed = (
        AnomalyDetector(replace(SMALL, members=("knn-z",), beside=(), trim=trim)).fit(rows, NAMES)
        for trim in (0, 0.05)
    )
    assert trimmed.kept == 285
    assert trimmed.p_values(rows[:15]).max() < 0.01
    assert plain.p_values(rows[:15]).min() > trimmed.p_values(rows[:15]).max() - 1e-9


def test_calibration_on_a_later_period_moves_the_threshold(detector: AnomalyDetector, tmp_path: Path) -> None:
    detector.save(tmp_path)
    moved = AnomalyDetector.load(tmp_path)
    later = _market(999, 12) * 1.6
    moved.calibrate(later)
    assert (moved.p_values(later) <= 0.05).mean() == pytest.approx(0.05, abs=0.002)
    assert (detector.p_values(later) <= 0.05).mean() > 0.1


def test_members_beside_are_shown_and_not_fused(detector: AnomalyDetector) -> None:
    rows = _market(10, 13)
    every = detector.surprises(rows)
    assert set(every) == {*SMALL.members, "error-z"}
    kinds = [[every[name] for name in SMALL.members if name.startswith(kind)] for kind in ("knn", "latent")]
    fused = np.mean([np.mean(kind, axis=0) for kind in kinds], axis=0)
    np.testing.assert_allclose(detector.surprise(rows), fused)


def test_a_fresh_process_scores_the_same_without_torch(detector: AnomalyDetector, tmp_path: Path) -> None:
    detector.save(tmp_path)
    rows = _market(5, 14)
    code = (
        "import json, sys, pathlib, numpy as np\n"
        "from mandi.models.detection.anomaly_detector import AnomalyDetector\n"
        "d = AnomalyDetector.load(pathlib.Path(sys.argv[1]))\n"
        "rows = np.array(json.loads(sys.argv[2]))\n"
        "heavy = sorted({'torch', 'onnx', 'pandas'} & set(sys.modules))\n"
        "print(json.dumps([d.score(rows).tolist(), d.contributions(rows).tolist(), heavy]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), json.dumps(rows.tolist())],
        capture_output=True,
        text=True,
        check=True,
    )
    score, parts, heavy = json.loads(done.stdout)
    np.testing.assert_array_equal(score, detector.score(rows))
    np.testing.assert_allclose(parts, detector.contributions(rows))
    assert heavy == []


def test_changed_and_missing_files_are_refused(detector: AnomalyDetector, tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="no detector can be read"):
        AnomalyDetector.load(tmp_path)
    detector.save(tmp_path)
    for name in ("anomaly.npz", "latent-z.onnx"):
        whole = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[:-1] + b"?")
        with pytest.raises(ContractError, match="not the file that was saved"):
            AnomalyDetector.load(tmp_path)
        (tmp_path / name).write_bytes(whole)
    (tmp_path / "anomaly.json").write_text('{"format": "other"}', encoding="utf-8")
    with pytest.raises(ContractError, match="format 'other'"):
        AnomalyDetector.load(tmp_path)


def test_wrong_settings_and_rows_are_refused(detector: AnomalyDetector) -> None:
    with pytest.raises(UnknownValue, match="knn-z, knn-q"):
        AnomalyParams(members=("forest-z",))
    with pytest.raises(ContractError, match="each once"):
        AnomalyParams(members=("knn-z", "knn-z"))
    with pytest.raises(ContractError, match="trim"):
        AnomalyParams(trim=0.7)
    with pytest.raises(NotFitted):
        AnomalyDetector(SMALL).score(_market(3, 0))
    with pytest.raises(ContractError, match="20 or more"):
        AnomalyDetector(SMALL).fit(_market(9, 0), NAMES)
    with pytest.raises(ContractError, match="2 names"):
        AnomalyDetector(SMALL).fit(_market(30, 0), NAMES[:2])
    with pytest.raises(ContractError, match="4 columns"):
        detector.score(_market(3, 0)[:, :4])
