"""Autoencoders: blindness, learning, gaps, seeds, and their door to ONNX."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mandi.core.errors import ContractError
from mandi.models.detection.anomaly_nets import Layer, Schedule, Shape, narrow, train, wide
from mandi.models.detection.anomaly_onnx import Ensemble, _in_torch
from mandi.models.detection.anomaly_scales import Scales
from mandi.models.ranking.two_tower_door import PARITY

QUICK = Schedule(full_steps=60, steps=60, batch=64)


@pytest.fixture
def rows() -> np.ndarray:
    draw = np.random.default_rng(0)
    hidden = draw.normal(size=(240, 2))
    rows = hidden @ draw.normal(size=(2, 6)) + draw.normal(0, 0.05, size=(240, 6))
    return (rows - rows.mean(axis=0)) / rows.std(axis=0)


def _fit(
    rows: np.ndarray, shape: Shape, schedule: Schedule = QUICK, nets: int = 3, seed: int = 1
) -> list[Layer]:
    return train(
        rows, np.ones((len(rows), 6), dtype=bool), shape, np.arange(len(rows)) % nets, schedule, seed
    )


def test_the_bottleneck_has_the_classic_layers(rows: np.ndarray) -> None:
    layers = _fit(rows, narrow())
    widths = [layer.weight.shape[1] for layer in layers] + [layers[-1].weight.shape[2]]
    assert widths == [6, 32, 16, 8, 16, 32, 6]


@pytest.mark.parametrize("shape", [wide(6), narrow()])
def test_learning_lowers_the_error_of_rows_never_seen(rows: np.ndarray, shape: Shape) -> None:
    def error(steps: int) -> float:
        layers = _fit(rows[40:], shape, Schedule(full_steps=steps))
        return float(
            ((Ensemble.of(layers, shape, rows[40:]).run(rows[:40])[1].mean(axis=1) - rows[:40]) ** 2).mean()
        )

    assert error(300) < 0.6 * error(1)


def test_a_network_is_blind_to_its_fold(rows: np.ndarray) -> None:
    fold = np.arange(len(rows)) % 3
    other = rows.copy()
    other[fold == 1] += 5.0
    for schedule in (QUICK, replace(QUICK, full_rows=10)):
        one, two = (
            train(r, np.ones((240, 6), dtype=bool), wide(6), fold, schedule, 1) for r in (rows, other)
        )
        same = [np.abs(a.weight - b.weight).max(axis=(1, 2)) for a, b in zip(one, two, strict=True)]
        assert max(s[1] for s in same) < 1e-6
        assert min(s[0] for s in same) > 1e-4


def test_a_gap_counts_in_no_loss(rows: np.ndarray) -> None:
    known = np.ones((240, 6), dtype=bool)
    known[::2, 3] = False
    other = rows.copy()
    fold = np.arange(240) % 2
    still = replace(wide(6), noise=0.0)
    free = train(rows, known, still, fold, Schedule(full_steps=1), 1)
    bound = train(rows, np.ones((240, 6), dtype=bool), still, fold, Schedule(full_steps=1), 1)
    assert np.abs(free[-1].bias - bound[-1].bias).max() >= 0
    known[:, 3] = False
    column = train(other, known, replace(still, rate=1e-2), fold, Schedule(full_steps=50), 1)[-1].weight[
        :, :, 3
    ]
    start = train(other, known, replace(still, rate=0.0), fold, Schedule(full_steps=1), 1)[-1].weight[:, :, 3]
    # only weight decay moves what no loss looks at
    assert np.abs(column / start - 1).max() < 0.02


def test_the_same_seed_gives_the_same_networks(rows: np.ndarray) -> None:
    one, two, three = _fit(rows, wide(6)), _fit(rows, wide(6)), _fit(rows, wide(6), seed=2)
    assert all((a.weight == b.weight).all() for a, b in zip(one, two, strict=True))
    assert any((a.weight != b.weight).any() for a, b in zip(one, three, strict=True))


@pytest.mark.parametrize("shape", [wide(6), narrow()])
def test_onnx_answers_like_torch_alone_and_in_a_batch(rows: np.ndarray, shape: Shape, tmp_path: Path) -> None:
    ensemble = Ensemble.of(_fit(rows, shape), shape, rows)
    latent, rebuilt = ensemble.run(rows)
    assert latent.shape == (240, 3, shape.latent)
    assert rebuilt.shape == (240, 3, 6)
    alone = ensemble.run(rows[7:8])
    np.testing.assert_allclose(alone[0], latent[7:8], atol=1e-5)
    np.testing.assert_allclose(alone[1], rebuilt[7:8], atol=1e-5)
    state = ensemble.save(tmp_path / "nets.onnx")
    again = Ensemble.load(tmp_path, state)
    np.testing.assert_array_equal(again.run(rows)[1], rebuilt)
    assert again.run(rows[:0])[0].shape == (0, 3, shape.latent)
    (tmp_path / "nets.onnx").write_bytes(ensemble.net.content + b"\0")
    with pytest.raises(ContractError, match="not the file that was saved"):
        Ensemble.load(tmp_path, state)


@pytest.mark.parametrize("kind", ["z", "s"])
@pytest.mark.parametrize(
    "edge", ["all missing", "zeros", "far above", "far below", "a single row", "duplicated rows"]
)
def test_onnx_answers_like_torch_at_the_edges(rows: np.ndarray, kind: str, edge: str) -> None:
    raw = rows.copy()
    raw[::9, 3] = np.nan
    scales = Scales().fit(raw)
    inputs = scales.apply(raw, kind)
    shape = wide(inputs.shape[1])
    folds = np.arange(len(inputs)) % 2
    layers = train(inputs, ~np.isnan(raw), shape, folds, Schedule(full_steps=20, steps=20), 1)
    ensemble = Ensemble.of(layers, shape, inputs)
    asked = {
        "all missing": np.full((3, 6), np.nan), "zeros": np.zeros((3, 6)), "far above": np.full((3, 6), 1e12),
        "far below": np.full((3, 6), -1e12), "a single row": raw[:1], "duplicated rows": np.repeat(raw[:3], 4, axis=0),
    }[edge]  # fmt: skip
    given = np.ascontiguousarray(scales.apply(asked, kind), dtype=np.float32)
    for ours, theirs in zip(_in_torch(given, layers, shape), ensemble.run(given), strict=True):
        size = np.maximum(1.0, np.abs(ours).max(axis=(1, 2), keepdims=True))
        assert np.isfinite(theirs).all()
        np.testing.assert_allclose(theirs / size, ours / size, rtol=0, atol=PARITY)


def test_networks_that_differ_from_torch_are_refused(
    rows: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mandi.models.detection import anomaly_onnx

    real = anomaly_onnx._in_torch
    monkeypatch.setattr(anomaly_onnx, "_in_torch", lambda *a: tuple(part * (1 + 1e-4) for part in real(*a)))
    with pytest.raises(ContractError, match="differ from torch"):
        Ensemble.of(_fit(rows, wide(6)), wide(6), rows)
