"""Writes a dataset card (Markdown, YAML head) from what was counted; it names nobody and quotes nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mandi.datasets.rows import PARTS, Example

if TYPE_CHECKING:
    from mandi.datasets.build import Built

CATEGORIES = {"classification": "text-classification"}
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
PURPOSES = {
    "sft": "Questions, and what should be said to them: a correction by a person of the house, else by whoever asked, else an answer "
    "that was rated high and that the reward takes to be right.",
    "preference": "Two answers to the same question, the better one first: a correction and the answer it corrects, a person and a "
    "student, an answer that was preferred over another, a teacher and a student of whom a person judged.",
    "unpaired": "Single answers and whether they are good: rated high and taken to be right, or corrected, or rated low and taken to "
    "be wrong.",
    "tutor": "A student's answer beside its teacher's to the same question, and who was right where a person judged.",
}
LIMITS = (
    "What people rate is not drawn at random: some rate more than others, and bad answers more than good ones.",
    "A correction is taken at its word; nobody checks it.",
    "The frozen evaluation set holds gold examples only, of parties that are in no other part. It says nothing of parties that were "
    "there before, nor of answers nobody vouches for.",
    "Texts are scrubbed of personal data by rules and a recogniser; a name that neither knows may be left.",
    "Near-duplicates are found by their letters; the same question in other words is not.",
)
GENERATED = (
    "Rows of provenance generated come from an invented market; people of a real one ask and judge otherwise."
)


def card(purpose: str, task: str, built: Built, *, parent: str | None = None) -> str:
    """Write the card of one dataset.

    Parameters
    ----------
    purpose, task : str
    built : Built
    parent : str, optional
        The version before.

    Returns
    -------
    str
        Markdown, the same for the same version.
    """
    mine = [e for e in built.examples if (e.purpose, e.task) == (purpose, task)]
    parts = [
        _head(purpose, task, mine),
        f"# Dataset card: {task}, {purpose}",
        PURPOSES[purpose],
        "## What is in it\n\n" + _table(["part", "examples", "gold", "parties", "from", "to"], _parts(mine)),
        _labels(mine),
        "## Languages, licences, provenance, consent\n\n"
        + _table(["what", "value", "examples"], _about(mine)),
        f"## How it was made\n\n{_made(purpose, built)}",
        "## What was taken out\n\n" + _table(["step", "reason", "number", "of"], _taken_out(purpose, built)),
        f"## Frozen evaluation sets\n\n{_frozen(mine, built)}",
        f"## Personal data\n\n{_scrubbed(built)}",
        "## Known limits\n\n"
        + _list([*LIMITS, *([GENERATED] if any(e.provenance == "generated" for e in mine) else [])]),
        f"## Lineage\n\n{_lineage(mine, built, parent)}",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(purpose: str, task: str, examples: Sequence[Example]) -> str:
    languages = sorted(
        {e.language for e in examples if e.language and e.language.isalpha() and len(e.language) in (2, 3)}
    )
    size = next((name for most, name in SIZES if len(examples) < most), "n>1M")
    paths = {
        part: f"../{task}/{purpose}.{part}.jsonl" for part in PARTS if any(e.part == part for e in examples)
    }
    lines = [
        "---",
        f"pretty_name: {json.dumps(f'{task}, {purpose}')}",
        "license: other",
        f"language: [{', '.join(json.dumps(name) for name in languages)}]",
        f"task_categories: [{CATEGORIES.get(task, 'text-generation')}]",
        f"size_categories: [{json.dumps(size)}]",
        f"tags: [commodities, feedback, {purpose}]",
        "configs:",
        "  - config_name: default",
        "    data_files:",
        *(f"      - {{split: {part}, path: {json.dumps(path)}}}" for part, path in paths.items()),
        "---",
    ]
    return "\n".join(lines)


def _parts(examples: Sequence[Example]) -> list[list[str]]:
    rows = []
    for part in PARTS:
        mine = [e for e in examples if e.part == part]
        if mine:
            days = sorted(e.asked_at.date().isoformat() for e in mine)
            parties = len({e.party for e in mine})
            rows.append([part, _n(len(mine)), _n(sum(e.gold for e in mine)), _n(parties), days[0], days[-1]])
    return rows


def _labels(examples: Sequence[Example]) -> str:
    counted: Counter[tuple[str, str]] = Counter()
    for example in examples:
        if example.label is not None:
            counted["good answer" if example.label else "bad answer", example.part] += 1
        elif example.purpose == "tutor":
            counted[f"right: {example.verdict or 'nobody judged'}", example.part] += 1
        elif example.facts.get("labels"):
            counted[_label(example), example.part] += 1
    if not counted:
        return ""
    names = sorted({name for name, _ in counted})
    rows = [[name, *(_n(counted[name, part]) for part in PARTS)] for name in names]
    return "## Balance of labels\n\n" + _table(["label", *PARTS], rows)


def _label(example: Example) -> str:
    try:
        return str(json.loads(example.chosen)["label"])
    except (ValueError, KeyError, TypeError):
        return "other"


def _about(examples: Sequence[Example]) -> list[list[str]]:
    rows: list[list[str]] = []
    for title, values in (
        ("language", (e.language or "unknown" for e in examples)), ("intent", (e.intent or "unknown" for e in examples)),
        ("licence", (e.licence for e in examples)), ("provenance", (e.provenance for e in examples)),
        ("consent", (e.consent for e in examples)),
    ):  # fmt: skip
        rows += [[title, name, _n(number)] for name, number in sorted(Counter(values).items())]
    return rows


def _made(purpose: str, built: Built) -> str:
    return _list(
        [
            "Answers of those who did not agree are not read. Words of a fallback, a mock, a degraded, incomplete or refused answer, "
            "and of one out of the cache, are in no example; nor are those of a licence that is not allowed.",
            "A withdrawn opinion does not count; of a changed one the last version does.",
            "Of the same question with different targets the one with more than half of the weight stays, else none.",
            "Parts share no party, no conversation, no near-duplicate question and no answer; nothing learned from was asked or settled "
            "in the time of the frozen evaluation set. This is checked anew for every version.",
            f"Of the clean examples of all purposes {100 * built.parted.kept:.0f} % are in a part.",
        ]
    )


def _taken_out(purpose: str, built: Built) -> list[list[str]]:
    cleaned = built.cleaned
    rows = [
        ["assembled", "answers nothing is learned from: " + why, _n(n), "all purposes"]
        for why, n in built.left_out.items()
    ]
    rows += [["quality", why, _n(n), purpose] for why, n in cleaned.faults.get(purpose, {}).items()]
    for title, found in (
        ("conflicting", cleaned.conflicts), ("duplicates", cleaned.duplicates), ("near-duplicates", cleaned.near_duplicates)
    ):  # fmt: skip
        rows.append([title, "-", _n(found.get(purpose, 0)), purpose])
    rows += [["split", why, _n(n), "all purposes"] for why, n in built.parted.out.items()]
    return rows


def _frozen(examples: Sequence[Example], built: Built) -> str:
    if not built.frozen:
        return "There is none: too few gold examples."
    here = {e.example_id for e in examples}
    rows = [
        [s.name, _n(len(here & set(s.ids))), _n(len(s.ids)), _n(built.parted.lost.get(s.name, 0)), s.start.date().isoformat(),
         s.end.date().isoformat()]
        for s in built.frozen
    ]  # fmt: skip
    later = sum(e.part == "train" and e.asked_at > max(s.end for s in built.frozen) for e in examples)
    after = f"\n\n{_n(later)} training examples were asked after the newest set was closed." if later else ""
    head = ["name", "examples here", "of all purposes", "gone since the version before", "from", "to"]
    return _table(head, rows) + after


def _scrubbed(built: Built) -> str:
    looked = built.looked
    found = ", ".join(f"{n} {kind}" for kind, n in looked.found.items()) or "nothing"
    return (
        f"Texts were scrubbed when they were recorded and when they were exported. A last look at {_n(looked.texts)} texts found "
        f"{found}; examples with anything found are taken out. Parties are pseudonyms."
    )


def _lineage(examples: Sequence[Example], built: Built, parent: str | None) -> str:
    return _table(
        ["what", "value"],
        [
            ["version", f"`{built.version}`"],
            ["version before", f"`{parent}`" if parent else "-"],
            ["answers", _n(len({i for e in examples for i in e.generation_ids}))],
            ["opinions", _n(len({i for e in examples for i in e.feedback_ids}))],
            ["ids of each example", "`rows.parquet`, columns `generation_ids` and `feedback_ids`"],
        ],
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    made = [" | ".join(head), " | ".join("---" for _ in head)]
    made += [" | ".join(_cell(cell) for cell in row) for row in rows]
    return "\n".join(f"| {line} |" for line in made)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "/").replace("<", "&lt;").replace("[", "\\[")


def _list(texts: Iterable[str]) -> str:
    return "\n".join(f"- {text}" for text in texts)


def _n(number: int) -> str:
    return f"{number:,}"


def card_names(sizes: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return purpose and task of each dataset that has a card.

    Examples
    --------
    >>> card_names({"sft": {"chat": {}, "classification": {}}})
    [('sft', 'chat'), ('sft', 'classification')]
    """
    return [(purpose, task) for purpose, tasks in sorted(sizes.items()) for task in sorted(tasks)]
