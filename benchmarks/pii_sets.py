"""The texts on which the search for personal data is measured, and the tokens that are counted."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

CHUNKS = re.compile(r"\S+")
PREFIX = re.compile(r"[\[\](){}<>\"'`“”‘’.,;:!?…#$£€¥₹*&+=_|-]")
SUFFIX = re.compile(r"(?:'s|’s|[\[\](){}<>\"'`“”‘’.,;:!?…*%°&=_|-])$", re.IGNORECASE)
INFIX = re.compile(r"(?<=[A-Za-z])[-–—/](?=[A-Za-z])|(?<=[A-Za-z]),(?=[A-Za-z])|\.{2,}|[—–~]")
WHOLE = re.compile(r"(?:https?://|www\.)\S+|[^\s@]+@[^\s@]+\.[a-z]+|[A-Z](?:\.[A-Z])*\.", re.IGNORECASE)
TITLES = re.compile(r"(?:Mr|Mrs|Ms|Dr|St|Prof|Jr|Sr|Inc|Ltd|Co|vs|etc|e\.g|i\.e|a\.m|p\.m)\.", re.IGNORECASE)


CHOSEN, CHOSEN_SEED = 60, 411
"""How many templates, and which."""


@dataclass(frozen=True)
class Text:
    """A text, its template, and where personal data stands in it: start, end, type."""

    text: str
    template: int
    spans: tuple[tuple[int, int, str], ...]


def presidio(data: Path) -> list[Text]:
    """Read the shared rows of presidio-research's synthetic set (MIT)."""
    rows = []
    with gzip.open(data / "pii_presidio_synth" / "synth_v2_shared.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            spans = sorted((s["start_position"], s["end_position"], s["entity_type"]) for s in row["spans"])
            rows.append(Text(row["full_text"], row["template_id"], tuple(spans)))
    return rows


def folds(rows: list[Text], count: int, seed: int) -> np.ndarray:
    """Return the fold of each row; all rows of a template are in one."""
    templates = sorted({row.template for row in rows})
    order = np.random.default_rng(seed).permutation(len(templates))
    of = {template: int(order[k]) % count for k, template in enumerate(templates)}
    return np.array([of[row.template] for row in rows])


def chosen_on(rows: list[Text]) -> np.ndarray:
    """Return whether a row is of the templates on which lists, labels and marks were chosen."""
    templates = sorted({row.template for row in rows})
    order = np.random.default_rng(CHOSEN_SEED).permutation(len(templates))
    chosen = {templates[k] for k in order[:CHOSEN]}
    return np.array([row.template in chosen for row in rows])


def counted(text: str) -> list[tuple[int, int]]:
    """Return the tokens that are counted: split as spaCy's blank English splits, without white space.

    Examples
    --------
    >>> [("Dr. Ray's son, a@b.com (4-5)."[a:b]) for a, b in counted("Dr. Ray's son, a@b.com (4-5).")]
    ['Dr.', 'Ray', "'s", 'son', ',', 'a@b.com', '(', '4-5', ')', '.']
    """
    found = []
    for chunk in CHUNKS.finditer(text):
        start, end = chunk.span()
        tail: list[tuple[int, int]] = []
        while start < end and not _whole(text[start:end]) and PREFIX.match(text, start, end):
            found.append((start, start + 1))
            start += 1
        while start < end and not _whole(text[start:end]) and (m := SUFFIX.search(text, start, end)):
            tail.insert(0, (m.start(), end))
            end = m.start()
        if start < end and _whole(text[start:end]):
            found.append((start, end))
        elif start < end:
            at = start
            for cut in INFIX.finditer(text, start, end):
                found += [(at, cut.start())] if cut.start() > at else []
                found.append(cut.span())
                at = cut.end()
            found += [(at, end)] if at < end else []
        found += tail
    return found


def _whole(piece: str) -> bool:
    return bool(WHOLE.fullmatch(piece) or TITLES.fullmatch(piece))
