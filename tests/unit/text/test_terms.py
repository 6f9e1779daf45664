"""Terms weigh the same as scikit-learn's, letter by letter."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from mandi.core.errors import ContractError, NotFitted
from mandi.text.terms import WORD, Terms

TEXTS = [
    "Gold falls $12.50, or 1.1%, to trade at $1,159.90",
    "gold  rises;   gold GOLD rises",
    "सोयाबीन का भाव ₹4,650 क्विंटल",
    "a b c d e",
    "",
    "Silver   holds\tgains\nafter Fed",
    "x",
    "கபாஸ் விலை",
]


@pytest.mark.parametrize("words", [(1, 1), (1, 2), (2, 3)])
def test_words_as_in_scikit_learn(words: tuple[int, int]) -> None:
    theirs = TfidfVectorizer(ngram_range=words, sublinear_tf=True, token_pattern=WORD)
    ours = Terms(words).fit(TEXTS)
    _same(ours, theirs)


@pytest.mark.parametrize(("letters", "least"), [((2, 5), 1), ((3, 3), 2), ((1, 4), 1), ((4, 6), 1)])
def test_letters_as_in_scikit_learn(letters: tuple[int, int], least: int) -> None:
    theirs = TfidfVectorizer(analyzer="char_wb", ngram_range=letters, sublinear_tf=True, min_df=least)
    ours = Terms(None, letters, least_letters=least).fit(TEXTS)
    _same(ours, theirs)


def _same(ours: Terms, theirs: Any) -> None:
    theirs.fit(TEXTS)
    assert ours.vocabulary()[0] == sorted(theirs.vocabulary_)
    asked = [*TEXTS, "never seen zzz", "gold soya भाव"]
    assert np.allclose(ours.transform(asked).toarray(), theirs.transform(asked).toarray(), atol=1e-12)


def test_both_blocks_stand_side_by_side() -> None:
    both = Terms((1, 1), (2, 3), least_letters=1).fit(TEXTS)
    words, letters = Terms((1, 1)).fit(TEXTS), Terms(None, (2, 3), least_letters=1).fit(TEXTS)
    assert both.width == words.width + letters.width
    joined = np.hstack([words.transform(TEXTS).toarray(), letters.transform(TEXTS).toarray()])
    assert np.array_equal(both.transform(TEXTS).toarray(), joined)


def test_restored_from_plain_data() -> None:
    terms = Terms((1, 2), (2, 4)).fit(TEXTS)
    kept = json.loads(json.dumps(terms.vocabulary()))
    again = Terms((1, 2), (2, 4)).restored(kept, terms.weights())
    assert np.array_equal(again.transform(TEXTS).toarray(), terms.transform(TEXTS).toarray())
    with pytest.raises(ContractError):
        Terms((1, 2)).restored(kept, terms.weights())
    with pytest.raises(ContractError):
        Terms((1, 2), (2, 4)).restored(kept, terms.weights()[:-1])


def test_refusals() -> None:
    with pytest.raises(NotFitted):
        Terms().transform(["gold"])
    with pytest.raises(ContractError, match="no term"):
        Terms(least_words=3).fit(["one", "two"])
    with pytest.raises(ContractError):
        Terms(None, None)
