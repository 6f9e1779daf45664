"""Scrubs a generated log before it is written, and measures by its planted spans what a scrubber misses and what it spoils."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mandi.feedback.generated.ask.asked import CHECKABLE, as_json
from mandi.feedback.generated.ask.findings import data_block
from mandi.feedback.generated.log import GeneratedCalls
from mandi.feedback.generated.reply.judge import is_right

if TYPE_CHECKING:
    from pandas import DataFrame

TEXTS = {
    "generations": ("question", "answer", "student_answer"), "feedback": ("comment", "correction"),
    "tutor_pairs": ("input_text", "student_output", "teacher_output"),
}  # fmt: skip
VALUES = ("messages", "facts")
"""Columns of JSON; every string in them is scrubbed."""
KEY = 8
"""Signs of an id, letters and digits alone, that are looked for at once."""
HALF = 0.5
FIGURES = re.compile(r"<figures>\n(.*)\n</figures>", re.DOTALL)
"""What the models found, as a turn of a conversation: its strings are scrubbed one by one, as those of facts are."""
PLURAL = {"amount": "amounts", "quantity": "quantities", "percent": "percents", "commodity": "commodities"}
DROPPED = re.compile(r"[^0-9A-Za-z\n]+")


class Found(Protocol):
    """A place a scrubber found."""

    @property
    def start(self) -> int:
        """Where it begins."""
        ...

    @property
    def end(self) -> int:
        """Where it ends."""
        ...


class Cleaned(Protocol):
    """A scrubbed text."""

    @property
    def text(self) -> str:
        """Without personal data."""
        ...

    @property
    def spans(self) -> Sequence[Found]:
        """Where in the text that was read something stood."""
        ...


class Scrubs(Protocol):
    """Whoever takes personal data out of texts."""

    def scrub(self, text: str) -> Cleaned:
        """Return a text scrubbed."""
        ...


def scrubbed(calls: GeneratedCalls, scrubber: Scrubs) -> tuple[GeneratedCalls, dict[str, float]]:
    """Return a log without personal data, and how well that went.

    Parameters
    ----------
    calls : GeneratedCalls
        Raw.
    scrubber : Scrubs

    Returns
    -------
    GeneratedCalls
        Every text scrubbed; ``spans`` is empty.
    dict
        ``leaks``: planted ids that still stand in any text that will be written, ``planted_ids`` how many there are; ``names_found`` and
        ``addresses_found``: share of planted ones of which at least half was taken out; ``amounts_altered`` (and quantities, percents,
        commodities, ``altered`` for all four): share of which anything was; ``near_misses_altered``; ``judged_otherwise``: share of
        answers that the truth judges otherwise than before.
    """
    marks: dict[tuple[str, str], Sequence[Found]] = {}

    once: dict[str, Cleaned] = {}

    def scrub(text: str) -> Cleaned:
        # a text stands in several columns, and a reading of it is dear
        if text not in once:
            once[text] = scrubber.scrub(text)
        return once[text]

    def within(text: str) -> str:
        found = FIGURES.fullmatch(text)
        if found is None:
            return scrub(text).text
        return data_block("figures", _each(json.loads(found[1]), lambda leaf: scrub(leaf).text))

    def clean(row_id: str, column: str, text: str | None) -> str | None:
        if not text:
            return text
        done = scrub(text)
        marks[(row_id, column)] = done.spans
        return done.text

    frames = {}
    for name, columns in TEXTS.items():
        frame: DataFrame = getattr(calls, name)
        ids = frame[frame.columns[0]].tolist()
        changed: dict[str, Any] = {
            c: [clean(i, c, text) for i, text in zip(ids, frame[c].tolist())] for c in columns
        }
        for c in (c for c in VALUES if c in frame.columns):
            changed[c] = [as_json(_each(json.loads(text), within)) for text in frame[c].tolist()]
        frames[name] = _with_columns(frame, changed)
    done = replace(calls, **frames, spans=calls.spans.iloc[:0])
    return done, _measured(calls, done, marks)


def leaks(values: Iterable[str], frames: Iterable[DataFrame]) -> list[str]:
    """Return those of the values that stand in any text of the frames, whatever signs are between their letters and digits.

    Parameters
    ----------
    values : iterable of str
        Ids, of eight letters and digits or more.
    frames : iterable of DataFrame
        All columns of text are read.

    Examples
    --------
    >>> import pandas as pd
    >>> leaks(["98200 12345", "ABCPD1234Z"], [pd.DataFrame({"said": ["call +91-98200-12345"]})])
    ['98200 12345']
    """
    wanted: dict[bytes, list[tuple[str, str]]] = {}
    for value in sorted(set(values)):
        plain = DROPPED.sub("", value).upper()
        if len(plain) >= KEY:
            wanted.setdefault(plain[:KEY].encode(), []).append((plain, value))
    if not wanted:
        return []
    text = "\n".join(
        DROPPED.sub("", one)
        for frame in frames
        for column in frame.columns
        if frame[column].dtype == object
        for one in frame[column]
        if isinstance(one, str)
    ).upper()
    data = np.frombuffer(text.encode("ascii"), dtype=np.uint8)
    keys = np.sort(np.array([np.frombuffer(key, dtype=np.uint64)[0] for key in wanted]))
    found: set[str] = set()
    for shift in range(KEY):
        long = (len(data) - shift) // KEY * KEY
        if long <= 0:
            break
        windows = np.ascontiguousarray(data[shift : shift + long]).view(np.uint64)
        near = np.minimum(np.searchsorted(keys, windows), len(keys) - 1)
        for at in np.flatnonzero(keys[near] == windows):
            begin = shift + int(at) * KEY
            for plain, value in wanted[text[begin : begin + KEY].encode()]:
                if text.startswith(plain, begin):
                    found.add(value)
    return sorted(found)


def _measured(
    raw: GeneratedCalls, done: GeneratedCalls, marks: dict[tuple[str, str], Sequence[Found]]
) -> dict[str, float]:
    ids = raw.spans[raw.spans["kind"].isin(CHECKABLE)]["value"]
    left = leaks(ids, (done.generations, done.feedback, done.tutor_pairs))
    touched, seen = Counter[str](), Counter[str]()
    columns = (raw.spans[name].tolist() for name in ("row_id", "column", "start", "end", "kind"))
    for row_id, column, start, end, kind in zip(*columns):
        covered = sum(max(min(end, m.end) - max(start, m.start), 0) for m in marks.get((row_id, column), ()))
        share = covered / (end - start)
        seen[kind] += 1
        touched[kind] += share >= HALF if kind in ("name", "address") else share > 0
    share_of = {kind: touched[kind] / seen[kind] for kind in seen}
    trade = ("amount", "quantity", "percent", "commodity")
    altered, all_trade = sum(touched[k] for k in trade), sum(seen[k] for k in trade)
    before = raw.generations.merge(raw.truth, on="generation_id")
    after = done.generations.set_index("generation_id")["answer"]
    judged = ("generation_id", "answer", "task", "gold", "required", "forbidden")
    rows = [dict(zip(judged, values)) for values in zip(*(before[name].tolist() for name in judged))]
    otherwise = sum(
        is_right(row["answer"], row) != is_right(after[row["generation_id"]], row) for row in rows
    )
    return {
        "planted_ids": float(len(set(ids))), "leaks": float(len(left)), "ids_found": _mean(share_of, seen, CHECKABLE),
        "names_found": share_of.get("name", 1.0), "addresses_found": share_of.get("address", 1.0),
        "altered": altered / max(all_trade, 1), "near_misses_altered": share_of.get("near_miss", 0.0),
        **{f"{PLURAL[kind]}_altered": share_of.get(kind, 0.0) for kind in trade},
        "judged_otherwise": otherwise / max(len(before), 1),
    }  # fmt: skip


def _mean(shares: dict[str, float], seen: Counter[str], kinds: Iterable[str]) -> float:
    known = [kind for kind in kinds if seen[kind]]
    total = sum(seen[kind] for kind in known)
    return sum(shares[kind] * seen[kind] for kind in sorted(known)) / total if total else 1.0


def _with_columns(frame: DataFrame, changed: dict[str, Any]) -> DataFrame:
    import pandas as pd

    made = {name: pd.Series(values, index=frame.index, dtype="object") for name, values in changed.items()}
    return frame.assign(**made)


def _each(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _each(item, change) for key, item in value.items()}
    return [_each(item, change) for item in value] if isinstance(value, list) else value
