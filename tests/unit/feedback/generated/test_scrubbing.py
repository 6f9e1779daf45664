"""What is planted is gone before anything is written, and a scrubber that misses or spoils is caught."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from mandi.feedback.frames import GENERATIONS
from mandi.feedback.generated import GeneratedCalls, GeneratedParams, generated_calls
from mandi.feedback.generated.ask.asked import CHECKABLE
from mandi.feedback.generated.scrubbing import leaks, scrubbed
from mandi.feedback.scrub import Scrubber
from mandi.feedback.scrub.naming.gazetteer import CROPS
from mandi.feedback.scrub.naming.sentences import GROUPS
from mandi.feedback.words import trade_names


@dataclass(frozen=True)
class Place:
    start: int
    end: int


@dataclass(frozen=True)
class Text:
    text: str
    spans: tuple[Place, ...] = ()


class Blind:
    """Finds nothing."""

    def scrub(self, text: str) -> Text:
        return Text(text)


class Blunt:
    """Takes everything."""

    def scrub(self, text: str) -> Text:
        return Text("[GONE]", (Place(0, len(text)),))


def test_a_blind_scrubber_leaks_everything(calls: GeneratedCalls) -> None:
    _, measured = scrubbed(calls, Blind())
    assert measured["leaks"] == measured["planted_ids"] > 100
    assert (
        measured["names_found"]
        == measured["addresses_found"]
        == measured["altered"]
        == measured["judged_otherwise"]
        == 0.0
    )


def test_a_blunt_scrubber_spoils_everything(calls: GeneratedCalls) -> None:
    done, measured = scrubbed(calls, Blunt())
    assert measured["leaks"] == 0
    assert measured["names_found"] == measured["altered"] == measured["near_misses_altered"] == 1.0
    assert measured["judged_otherwise"] > 0.5
    assert len(done.spans) == 0


def test_the_scrubber_of_the_project_leaves_no_id(tables: dict[str, pd.DataFrame]) -> None:
    raw = generated_calls(
        tables, GeneratedParams(seed=5, answers=400, organizations=5, users=30, personal=0.3)
    )
    names = sorted(set(tables["reports"]["market"]) | set(tables["reports"]["state"]))
    done, measured = scrubbed(raw, Scrubber("test", keep=names))
    GENERATIONS.check(done.generations)
    assert measured["planted_ids"] > 80
    assert measured["leaks"] == 0
    assert measured["names_found"] >= 0.88
    assert measured["addresses_found"] >= 0.97
    assert measured["altered"] <= 0.01
    assert measured["judged_otherwise"] <= 0.005
    assert len(raw.spans[raw.spans["kind"].isin(CHECKABLE)]) > 0


def test_the_tagger_learns_from_no_sentence_of_the_log(
    calls: GeneratedCalls, tables: dict[str, pd.DataFrame]
) -> None:
    said = calls.spans.loc[calls.spans["kind"] == "commodity", "value"]
    names = sorted({*CROPS, *said, *trade_names((tables["reports"], tables["trades"]))}, key=len)
    known = re.compile("|".join(re.escape(word) for word in reversed(names)), re.IGNORECASE)

    def shape(text: str) -> str:
        bare = known.sub("@", re.sub(r"\{\w+\}", "@", text))
        return re.sub(r"[\W\d@]+", " ", bare).strip().casefold()

    learnt = {shape(one) for group in GROUPS for one in re.split(r"[|\n]", group)}
    learnt = {one for one in learnt if one.count(" ") > 1}  # a word or two may well be said by anybody
    texts = (
        *calls.generations["question"],
        *calls.generations["answer"],
        *calls.feedback["comment"].dropna(),
    )
    assert len(learnt) > 200
    assert shape("Namaste, Soybean ka rate chahiye") in learnt
    assert learnt.isdisjoint(shape(text) for text in texts)


def test_leaks_are_found_however_they_are_written() -> None:
    said = pd.DataFrame({"a": ["pay 1234-5678-9012 now", None], "b": [1.0, 2.0]})
    assert leaks(["1234 5678 9012", "9999 8888 7777"], [said]) == ["1234 5678 9012"]
    assert leaks([], [said]) == []
    split = pd.DataFrame({"a": ["1234 5678", "9012"]})
    assert leaks(["123456789012"], [split]) == []
