"""The win model: finds where the stronger provider helps, by words or by the look, and stays in range."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mandi.core.errors import ContractError, DataNotFound, NotFitted, TooLittleData
from mandi.student.win_model import WinModel


def _world(count: int, seed: int = 0):  # type: ignore[no-untyped-def]
    draw = np.random.default_rng(seed)
    texts, look, weak, strong = [], [], [], []
    for k in range(count):
        hard, length = draw.random() < 0.5, draw.random()
        texts.append(f"{'hedge plan' if hard else 'spot price'} number {k}")
        look.append([length, 1.0])
        weak.append(float(draw.random() < (0.2 if hard else 0.9) - 0.1 * length))
        strong.append(float(draw.random() < 0.95))
    return texts, np.array(look), weak, strong


def test_it_finds_the_hard_ones() -> None:
    model = WinModel().fit(*_world(600))
    gain = model.gain(["hedge plan", "spot price"], [[0.9, 1.0], [0.1, 1.0]])
    assert gain[0] > 0.4 and gain[0] > gain[1] + 0.2
    assert np.all(np.abs(gain) <= 1.0)
    assert np.allclose(model.hardness(["hedge plan"], [[0.9, 1.0]]), (gain[0] + 1) / 2)


def test_the_look_speaks_for_words_it_never_saw() -> None:
    draw = np.random.default_rng(3)
    look = draw.random((600, 1))
    weak = (draw.random(600) > look[:, 0]).astype(float)
    model = WinModel().fit([f"word{k % 7} thing" for k in range(600)], look, weak, np.ones(600))
    low, high = model.gain(["new", "new"], [[0.05], [0.95]])
    assert high > low + 0.2


def test_a_provider_that_is_always_right_or_always_wrong() -> None:
    texts, look, _, _ = _world(100)
    assert np.allclose(WinModel().fit(texts, look, np.zeros(100), np.ones(100)).gain(texts, look), 1.0)


def test_the_same_after_save_and_load(tmp_path: Path) -> None:
    texts, look, weak, strong = _world(200)
    model = WinModel().fit(texts, look, weak, strong)
    model.save(tmp_path)
    again = WinModel.load(tmp_path)
    assert np.array_equal(again.gain(texts, look), model.gain(texts, look)) and again.params == model.params


def test_refusals(tmp_path: Path) -> None:
    texts, look, weak, strong = _world(60)
    with pytest.raises(NotFitted):
        WinModel().gain(texts, look)
    with pytest.raises(TooLittleData):
        WinModel().fit(texts[:10], look[:10], weak[:10], strong[:10])
    with pytest.raises(ContractError):
        WinModel().fit(texts, look, weak[:-1], strong)
    with pytest.raises(ContractError, match="look"):
        WinModel().fit(texts, look, weak, strong).gain(["q"], [[1.0]])
    with pytest.raises(DataNotFound):
        WinModel.load(tmp_path)
