"""Nothing of one part is in another: planted leaks are caught, and the split makes none, as comparing every pair finds."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import timedelta

import pytest
from loop_frames import frames

from mandi.datasets.assemble import assemble
from mandi.datasets.clean import clean
from mandi.datasets.leaks import check_leaks
from mandi.datasets.parting import Parted, parted
from mandi.datasets.rows import PARTS, Example
from mandi.datasets.settings import Choosing, Cleaning, Splitting


@pytest.fixture(scope="module")
def cleaned() -> list[Example]:
    return clean(assemble(*frames(700), Choosing()).examples, Cleaning()).examples


@pytest.fixture(scope="module")
def done(cleaned: list[Example]) -> Parted:
    return parted(cleaned, Splitting())


def _runs(text: str) -> set[str]:
    plain = " " + " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split()) + " "
    return {plain[k : k + 4] for k in range(len(plain) - 3)}


def _slowly(examples: list[Example], near: float = 0.8) -> set[tuple[str, str]]:
    """Every pair of two parts that shares anything, one by one."""
    found = set()
    runs = {e.example_id: _runs(e.question) for e in examples}
    test = [e.asked_at for e in examples if e.part == "test"]
    for one, other in itertools.combinations(examples, 2):
        if one.part == other.part:
            continue
        a, b = runs[one.example_id], runs[other.example_id]
        same = one.party == other.party or (
            one.conversation_id and one.conversation_id == other.conversation_id
        )
        if same or set(one.generation_ids) & set(other.generation_ids) or len(a & b) >= near * len(a | b):
            found.add((one.example_id, other.example_id))
    for e in examples:
        if test and e.part != "test" and e.settled_at >= min(test):
            found.add((e.example_id, ""))
    return found


def test_the_split_leaks_nothing(done: Parted) -> None:
    assert {e.part for e in done.examples} == set(PARTS)
    assert _slowly(done.examples) == set()
    window = [(s.start, s.end) for s in done.frozen]
    assert check_leaks(done.examples, windows=window) == [] == check_leaks(done.examples)


def test_at_least_half_is_left_and_the_test_part_is_gold(done: Parted, cleaned: list[Example]) -> None:
    assert done.kept >= 0.5 and len(done.examples) + sum(done.out.values()) == len(cleaned)
    test = [e for e in done.examples if e.part == "test"]
    assert len(test) >= 30 and all(e.gold for e in test)
    assert max(e.settled_at for e in done.examples if e.part != "test") < min(e.asked_at for e in test)


def _plant(kind: str, inside: Example, outside: Example) -> Example:
    fresh = replace(
        outside,
        example_id="planted",
        party="nobody",
        conversation_id=None,
        generation_ids=("planted",),
        cluster=-1,
    )
    alone = replace(
        fresh, messages=({"role": "user", "content": "An entirely different matter of jute sacks"},)
    )
    return {
        "party": replace(alone, party=inside.party),
        "conversation": replace(alone, conversation_id=inside.conversation_id),
        "answer": replace(alone, generation_ids=inside.generation_ids),
        "near-duplicate": replace(fresh, messages=({"role": "user", "content": inside.question.upper() + " !!"},)),
        "later": replace(alone, asked_at=inside.asked_at, known_at=inside.asked_at),
        "settled later": replace(alone, known_at=inside.asked_at + timedelta(hours=1)),
        "words in a row": replace(
            fresh, messages=({"role": "user", "content": "jute sacks and other goods " * 9 + inside.question + " again" * 30},)
        ),
        "consent": replace(alone, consent="refused"),
        "cluster": replace(alone, cluster=inside.cluster),
        "not gold": replace(alone, part="test", gold=False, asked_at=inside.asked_at, known_at=None),
    }[kind]  # fmt: skip


KINDS = (
    "party",
    "conversation",
    "answer",
    "near-duplicate",
    "later",
    "settled later",
    "words in a row",
    "consent",
    "cluster",
    "not gold",
)


@pytest.mark.parametrize("kind", KINDS)
def test_a_planted_leak_is_caught(kind: str, done: Parted) -> None:
    test = [e for e in done.examples if e.part == "test"]
    inside = next(
        e for e in test if (e.conversation_id or kind != "conversation") and len(e.question.split()) >= 13
    )
    outside = min((e for e in done.examples if e.part == "train"), key=lambda e: e.asked_at)
    planted = _plant(kind, inside, outside)
    found = check_leaks([*done.examples, planted])
    assert {leak.kind for leak in found} >= {kind.replace("settled ", "")}
    assert all("planted" in (leak.example_id, leak.other) for leak in found), found


def test_the_order_of_examples_does_not_matter(cleaned: list[Example], done: Parted) -> None:
    mixed = list(cleaned)
    random.Random(4).shuffle(mixed)
    again = parted(mixed, Splitting())
    assert (again.examples, again.out, again.frozen) == (done.examples, done.out, done.frozen)


def test_a_frozen_set_stays_and_what_is_new_is_learned(done: Parted) -> None:
    later = clean(assemble(*frames(900, days=330), Choosing()).examples, Cleaning()).examples
    close = done.frozen[0].end
    fresh = [
        replace(e, example_id="n" + e.example_id, party="n" + e.party, conversation_id=None, generation_ids=("n" + e.generation_ids[0],),
                asked_at=e.asked_at + timedelta(days=700), known_at=None, cluster=e.cluster + 10**6)
        for e in later
    ]  # fmt: skip
    both = clean([*done.examples, *fresh], Cleaning()).examples
    again = parted(both, Splitting(), done.frozen)
    frozen = set(done.frozen[0].ids)
    assert frozen == {e.example_id for e in again.examples if e.part == "test"}
    assert any(e.part == "train" and e.asked_at > close for e in again.examples)
    assert check_leaks(again.examples, windows=[(s.start, s.end) for s in again.frozen]) == []
    held = parted(both, Splitting(after="hold"), done.frozen)
    assert not any(e.part != "test" and e.asked_at > close for e in held.examples)
    named = parted(both, Splitting(frozen="second"), done.frozen)
    assert [s.name for s in named.frozen] == ["first", "second"]
    assert frozen < {e.example_id for e in named.examples if e.part == "test"}
    assert check_leaks(named.examples, windows=[(s.start, s.end) for s in named.frozen]) == []


def test_what_was_deleted_leaves_the_frozen_set(cleaned: list[Example], done: Parted) -> None:
    gone = done.frozen[0].ids[0]
    again = parted([e for e in cleaned if e.example_id != gone], Splitting(), done.frozen)
    assert again.lost == {"first": 1} and gone not in again.frozen[0].ids


def test_too_little_gold_freezes_nothing(cleaned: list[Example]) -> None:
    plain = parted([replace(e, gold=False) for e in cleaned], Splitting())
    assert plain.frozen == () and "test" not in {e.part for e in plain.examples}
