"""Exchanging two answers exchanges the verdict."""

from __future__ import annotations

import numpy as np
import pytest

from mandi.core.errors import NotFitted
from mandi.feedback.reward.pair_model import VERDICTS, Pair, PairModel, Verdict, features

GOOD = [
    "Sow wheat in November.",
    "Store it dry and cool.",
    "Ask the mill for a test.",
    "Weigh the truck twice.",
    "Pay after the goods came.",
]
BAD = [
    "wheat wheat wheat wheat wheat",
    "store store store store",
    "mill mill mill mill mill",
    "",
    "pay pay pay pay pay pay",
]


def _pairs() -> tuple[list[Pair], list[Verdict]]:
    pairs = [
        Pair(f"Give advice {k}", "", good, bad) for k, (good, bad) in enumerate(zip(GOOD, BAD, strict=True))
    ] * 4
    same = [Pair(f"Give advice {k}", "", good, good) for k, good in enumerate(GOOD)] * 2
    return [*pairs, *same], ["first"] * len(pairs) + ["tie"] * len(same)  # type: ignore[return-value]


@pytest.mark.parametrize("crossed", [False, True])
def test_swapping_the_answers_swaps_the_verdict(crossed: bool) -> None:
    pairs, verdicts = _pairs()
    model = PairModel(crossed=crossed).fit(pairs, verdicts)
    one, other = model.probabilities(pairs), model.probabilities([pair.swapped() for pair in pairs])
    np.testing.assert_allclose(one, other[:, [0, 2, 1]], atol=1e-12)
    np.testing.assert_allclose(one.sum(axis=1), 1.0)
    assert model.predict([Pair("Give advice", "", "rain rain rain rain rain", "Cover the heap.")]) == [
        "second"
    ]


def test_the_same_text_twice_is_a_tie() -> None:
    pairs, verdicts = _pairs()
    found = PairModel().fit(pairs, verdicts).probabilities([Pair("Give advice", "", "Wait.", "Wait.")])[0]
    assert VERDICTS[int(found.argmax())] == "tie"


def test_features_have_one_length_and_are_finite() -> None:
    rows = [
        features("List crops", "some text " * 50, text)
        for text in ("", "a", "the same " * 3000, "### Input:\n1. wheat\n2. rice")
    ]
    assert len({len(row) for row in rows}) == 1 and np.isfinite(np.array(rows)).all()


def test_nothing_learned_is_said() -> None:
    with pytest.raises(NotFitted):
        PairModel().predict([Pair("", "", "a", "b")])
