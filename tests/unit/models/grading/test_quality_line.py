"""Graders that know of commodities: slopes of their own, neutral inspectors, strangers, and the same answers from arrays."""

from __future__ import annotations

import numpy as np
import pytest

from mandi.core.errors import NotFitted
from mandi.models.grading.grade_members import Member, member
from mandi.models.grading.quality_line import StandardLine, StandardSvm, place_of

MEMBERS = [StandardLine(measures=2), StandardSvm(measures=2)]


def lots(count: int = 1500, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two commodities graded by opposite slopes; inspector 1 is stricter. Columns: codes, two measures, one of the supplier."""
    rng = np.random.default_rng(seed)
    commodity, inspector = rng.integers(0, 2, count), rng.integers(0, 2, count)
    measures = rng.standard_normal((count, 2))
    index = np.where(commodity == 0, 1.0, -1.0) * measures[:, 0] - 0.5 * inspector
    grade = np.searchsorted([-0.5, 0.5], -index)
    matrix = np.column_stack([commodity, inspector, measures, rng.standard_normal(count)])
    return matrix.astype(float), grade


@pytest.mark.parametrize("fresh", MEMBERS, ids=lambda m: m.name)
def test_each_commodity_has_slopes_of_its_own(fresh: Member) -> None:
    matrix, grade = lots()
    asked, truth = lots(seed=1)
    proba = type(fresh)(measures=2).fit(matrix, grade, 3, 1).proba(asked)
    assert isinstance(fresh, Member)
    np.testing.assert_allclose(proba.sum(axis=1), 1.0)
    # a single slope for both commodities would be right in a third
    assert (proba.argmax(axis=1) == truth).mean() > (0.9 if fresh.name == "standard-line" else 0.75)


def test_an_inspector_has_a_weight_and_an_unknown_one_is_middling() -> None:
    matrix, grade = lots()
    line = StandardLine(measures=2).fit(matrix, grade, 3, 1)
    asked = np.array([[0.0, who, 0.25, 0.0, 0.0] for who in (0.0, np.nan, 7.0, 1.0)])
    best = line.proba(asked)[:, 0]
    assert best[0] > best[1] > best[3] and best[1] == best[2]
    blind = StandardLine(measures=2, inspectors=False).fit(matrix, grade, 3, 1).proba(asked)
    np.testing.assert_array_equal(blind, np.repeat(blind[:1], 4, axis=0))


def test_a_commodity_not_seen_is_answered_the_same_whatever_was_measured() -> None:
    matrix, grade = lots()
    line = StandardLine(measures=2).fit(matrix, grade, 3, 1)
    told = line.proba(np.array([[code, np.nan, z, z, 0.0] for code in (np.nan, 5.0) for z in (-2.0, 2.0)]))
    np.testing.assert_array_equal(told, np.repeat(told[:1], 4, axis=0))
    assert told.max() < 0.6


def test_missing_counts_as_average_unless_being_missing_was_learnt() -> None:
    matrix, grade = lots()
    line = StandardLine(measures=2).fit(matrix, grade, 3, 1)
    gap, average = (np.array([[0.0, np.nan, z, 0.0, 0.0]]) for z in (np.nan, 0.0))
    np.testing.assert_array_equal(line.proba(gap), line.proba(average))


@pytest.mark.parametrize("fresh", MEMBERS, ids=lambda m: m.name)
def test_arrays_say_all_and_a_row_is_the_same_alone(fresh: Member) -> None:
    matrix, grade = lots(400)
    one = type(fresh)(measures=2).fit(matrix, grade, 3, 1)
    arrays = one.arrays()
    assert all(values.dtype.kind in "fiub" for values in arrays.values())
    again = type(fresh).of(arrays)
    whole = one.proba(matrix)
    np.testing.assert_array_equal(again.proba(matrix), whole)
    for place in (0, 17, 399):
        np.testing.assert_array_equal(one.proba(matrix[[place]]), whole[[place]])
    assert one.proba(matrix[:0]).shape == (0, 3)
    with pytest.raises(NotFitted):
        type(fresh)(measures=2).proba(matrix)


def test_they_are_members_by_name() -> None:
    assert isinstance(member("standard-line", C=1.0), StandardLine) and isinstance(
        member("standard-svm"), StandardSvm
    )


def test_places_of_codes() -> None:
    assert place_of(np.array([0.0, np.nan]), np.zeros(0)).tolist() == [0, 0]
    assert place_of(np.array([2.0, 9.0, np.nan, 0.0]), np.array([0.0, 2.0])).tolist() == [1, 2, 2, 0]
