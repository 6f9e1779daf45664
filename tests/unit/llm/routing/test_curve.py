"""The cost-quality curve: known shapes, the protocol's figures, clustered intervals, the picture."""

from __future__ import annotations

import numpy as np
import pytest

from mandi.core.errors import ContractError
from mandi.llm.routing.curve import curve, replay_chart

DRAW = np.random.default_rng(7)
WEAK = (DRAW.random(4000) < 0.6).astype(float)
STRONG = np.where(WEAK > 0, DRAW.random(4000) < 0.95, DRAW.random(4000) < 0.5).astype(float)


def test_a_random_score_recovers_half_on_the_diagonal() -> None:
    found = curve(DRAW.random(4000), WEAK, STRONG, draws=100)
    assert found.apgr == pytest.approx(0.5, abs=0.04)
    assert found.cpt50 == pytest.approx(0.5, abs=0.07) and found.cpt80 == pytest.approx(0.8, abs=0.07)
    assert found.apgr_low < 0.5 < found.apgr_high


def test_the_band_holds_the_curve_and_narrows_with_the_rows() -> None:
    score = DRAW.random(4000)
    wide = curve(score[:400], WEAK[:400], STRONG[:400], draws=300)
    narrow = curve(score, WEAK, STRONG, draws=300)
    for found in (wide, narrow):
        assert (found.quality_low < found.quality).all() and (found.quality < found.quality_high).all()
    width = [(found.quality_high - found.quality_low).mean() for found in (wide, narrow)]
    assert 2.0 < width[0] / width[1] < 5.0
    assert np.isnan(curve(score, WEAK, STRONG, draws=0).quality_low).all()
    assert list(narrow.frame().columns) == ["share", "quality", "low", "high", "cost_usd"]


def test_an_oracle_is_better_than_the_strong_one_alone_and_its_opposite_is_worse() -> None:
    gain = STRONG - WEAK + 1e-3 * DRAW.random(4000)
    assert curve(gain, WEAK, STRONG, draws=20).apgr > 1.0
    assert curve(-gain, WEAK, STRONG, draws=20).apgr < 0.0


def test_an_exact_small_case() -> None:
    # the strong one is needed in the upper half of the scores only
    score = np.arange(100) / 100
    found = curve(score, (score < 0.5).astype(float), np.ones(100), draws=10)
    assert found.weak == 0.5 and found.strong == 1.0
    assert found.cpt50 == pytest.approx(0.25, abs=0.01) and found.cpt80 == pytest.approx(0.40, abs=0.01)
    assert found.apgr == pytest.approx(0.75, abs=0.01)
    assert found.share[-1] == 1.0 and found.quality[-1] == 1.0


def test_cost_grows_with_the_share() -> None:
    found = curve(DRAW.random(4000), WEAK, STRONG, costs=(0.001, 0.01), draws=0)
    assert np.allclose(found.cost_usd, 0.001 + 0.009 * found.share)
    assert np.isnan(found.apgr_low)


def test_rows_of_one_conversation_are_resampled_together() -> None:
    score, weak, strong = (np.repeat(a[:200], 20) for a in (DRAW.random(200), WEAK, STRONG))
    score = score + 1e-6 * DRAW.random(4000)
    alone = curve(score, weak, strong, draws=200)
    together = curve(score, weak, strong, clusters=np.repeat(np.arange(200), 20).tolist(), draws=200)
    assert together.apgr == alone.apgr
    assert together.apgr_high - together.apgr_low > 3 * (alone.apgr_high - alone.apgr_low)


def test_one_score_for_all_is_no_router() -> None:
    assert curve(np.zeros(50), WEAK[:50], STRONG[:50], draws=10).apgr == 0.5


def test_nothing_to_gain_and_lengths_that_differ() -> None:
    with pytest.raises(ContractError, match="same quality"):
        curve(DRAW.random(50), np.ones(50), np.ones(50), draws=10)
    with pytest.raises(ContractError, match="2 weak"):
        curve([0.1, 0.2, 0.3], [1, 0], [1, 1, 1])


def test_the_chart_shows_every_router() -> None:
    found = curve(DRAW.random(200), WEAK[:200], STRONG[:200], draws=10)
    axes = replay_chart({"confidence": found, "complexity": found}).axes[0]
    legend = axes.get_legend()
    assert legend is not None
    names = [text.get_text() for text in legend.get_texts()]
    assert [name.split(" ")[0] for name in names] == ["confidence", "complexity", "random"]
    with pytest.raises(ContractError):
        replay_chart({})
