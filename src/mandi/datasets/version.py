"""Writes a version of the datasets into a folder: rows, a file of every format, cards, and the manifest that names them all."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mandi.core.errors import ContractError, DataNotFound
from mandi.datasets.build import Built, enough, sizes
from mandi.datasets.card import card, card_names
from mandi.datasets.files import read_rows, write_lines, write_rows
from mandi.datasets.formats import FORMATS, check_file, exported
from mandi.datasets.formats.vertex import enough_validation
from mandi.datasets.frozen import FrozenSet, as_plain, from_plain
from mandi.datasets.rows import PARTS, Example
from mandi.datasets.settings import DatasetParams

MANIFEST, FROZEN, CARDS = "manifest.json", "frozen.json", "cards"
TRL = {"sft": "trl-sft", "preference": "trl-preference", "unpaired": "trl-unpaired", "tutor": "trl-tutor"}
VENDORS = ("openai", "vertex")
SENT = ("train", "validation")
"""Parts a vendor is sent; the others judge what comes back."""
BLOCK = 1 << 20


@dataclass(frozen=True)
class Before:
    """What is kept of the version before: its manifest, frozen sets, and the opinions it held."""

    manifest: Mapping[str, Any] | None = None
    frozen: tuple[FrozenSet, ...] = ()
    opinions: frozenset[str] = frozenset()

    @property
    def version(self) -> str | None:
        """Return its digest."""
        return None if self.manifest is None else str(self.manifest["version"])


def before(folder: Path) -> Before:
    """Return what is kept of the version in a folder; nothing when there is none.

    Raises
    ------
    ContractError
        The folder holds something else.

    Examples
    --------
    >>> before(Path("no-such-folder")).version is None
    True
    """
    if not (folder / MANIFEST).is_file():
        return Before()
    manifest = manifest_of(folder)
    sets = (
        from_plain(json.loads((folder / FROZEN).read_text(encoding="utf-8")))
        if (folder / FROZEN).is_file()
        else ()
    )
    opinions = frozenset(i for e in read_rows(folder) for i in e.feedback_ids)
    return Before(manifest, sets, opinions)


def manifest_of(folder: Path) -> dict[str, Any]:
    """Return the manifest of a version.

    Raises
    ------
    DataNotFound, ContractError
        There is none, or it cannot be read.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise DataNotFound(f"no datasets at {folder}", next_command="mandi repro")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        str(found["version"])
    except (ValueError, KeyError, TypeError) as error:
        raise ContractError(f"{path} cannot be read: {error}", next_command="mandi repro --force") from error
    return dict(found)


def write_version(folder: Path, built: Built, params: DatasetParams, past: Before) -> dict[str, Any]:
    """Write a version in the place of the one before, and return its manifest.

    Parameters
    ----------
    folder : Path
        Left as it was when writing fails.
    built : Built
    params : DatasetParams
    past : Before

    Raises
    ------
    ContractError
        A file would be refused by its reader.
    """
    draft = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    write_rows(built.examples, draft)
    _write_json(draft / FROZEN, as_plain(built.frozen))
    refused = _write_formats(draft, built.examples, params)
    parent, new = _since(built, past)
    for purpose, task in card_names(sizes(built.examples)):
        _write(draft / CARDS / f"{task}.{purpose}.md", card(purpose, task, built, parent=parent))
    counts = built.counts()
    worth, why = enough(new, counts["examples"], params, first=parent is None)
    manifest = {
        "version": built.version, "parent": parent, "params": asdict(params), **counts, "leaks": 0,
        "frozen": [_about(s, built.parted.lost.get(s.name, 0)) for s in built.frozen],
        "opinions": len({i for e in built.examples for i in e.feedback_ids}), "new_opinions": new,
        "answers": len({i for e in built.examples for i in e.generation_ids}),
        "enough": worth, "why": why, "not_written": refused, "files": _files(draft),
    }  # fmt: skip
    _write_json(draft / MANIFEST, manifest)
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)
    return manifest


def holds(folder: Path, generation_ids: Iterable[str]) -> list[str]:
    """Return which of some answers the version in a folder holds, sorted.

    Raises
    ------
    DataNotFound
        There is no version.
    """
    asked = set(generation_ids)
    return sorted(asked & {i for e in read_rows(folder) for i in e.generation_ids})


def metrics(manifest: Mapping[str, Any]) -> dict[str, float]:
    """Return the figures of a version that are compared between versions, flat.

    Examples
    --------
    >>> metrics({"examples": {"sft": {"chat": {"train": 3}}}, "kept": 0.8, "leaks": 0, "opinions": 3, "new_opinions": 3, "enough": True})
    {'enough': 1.0, 'kept': 0.8, 'leaks': 0.0, 'new_opinions': 3.0, 'opinions': 3.0, 'sft.chat.train': 3.0}
    """
    flat = {name: float(manifest[name]) for name in ("enough", "kept", "leaks", "new_opinions", "opinions")}
    for purpose, tasks in manifest["examples"].items():
        for task, parts in tasks.items():
            flat |= {f"{purpose}.{task}.{part}": float(number) for part, number in parts.items()}
    return dict(sorted(flat.items()))


def _write_formats(draft: Path, examples: list[Example], params: DatasetParams) -> dict[str, str]:
    refused: dict[str, str] = {}
    for purpose, tasks in sizes(examples).items():
        for task, parts in tasks.items():
            trained = parts.get("train", 0)
            if trained < params.min_examples:
                refused[f"{task}/{purpose}"] = (
                    f"{trained} training examples, and it takes {params.min_examples}"
                )
                continue
            for part in PARTS:
                mine = [e for e in examples if (e.purpose, e.task, e.part) == (purpose, task, part)]
                for name in _formats(purpose, part) if mine else ():
                    vendor = FORMATS[name].vendor
                    place = Path(task) / f"{purpose}.{part}.jsonl"
                    place = place if vendor == "trl" else vendor / place
                    if reason := _write_one(draft / place, mine, name, part, trained):
                        refused[place.as_posix()] = reason
    return dict(sorted(refused.items()))


def _formats(purpose: str, part: str) -> list[str]:
    sent = [f"{vendor}-{purpose}" for vendor in VENDORS if part in SENT]
    return [TRL[purpose], *(name for name in sent if name in FORMATS)]


def _write_one(path: Path, examples: list[Example], name: str, part: str, trained: int) -> str:
    rows = write_lines(path, exported(examples, name))
    checked = check_file(path, name)
    if lines := [p for p in checked.problems if p.line]:
        raise ContractError(
            f"{path.name} would be refused as {name}: {lines[0]}", allowed="rows that pass their check"
        )
    reason = next((p.reason for p in checked.problems), "")
    if not reason and name.startswith("vertex-") and part == "validation":
        reason = enough_validation(rows, trained, name.endswith("preference"))
    if reason:
        path.unlink()
    return reason


def _since(built: Built, past: Before) -> tuple[str | None, int]:
    if past.manifest is not None and past.version == built.version:  # made again of the same
        return past.manifest["parent"], int(past.manifest["new_opinions"])
    return past.version, len({i for e in built.examples for i in e.feedback_ids} - past.opinions)


def _about(frozen: FrozenSet, lost: int) -> dict[str, Any]:
    return {
        "name": frozen.name, "examples": len(frozen.ids), "lost": lost, "start": frozen.start.isoformat(),
        "end": frozen.end.isoformat(),
    }  # fmt: skip


def _files(folder: Path) -> dict[str, dict[str, Any]]:
    return {
        path.relative_to(folder).as_posix(): {"sha256": sha256(path), "bytes": path.stat().st_size}
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def sha256(path: Path) -> str:
    """Return the digest of a file."""
    whole = hashlib.sha256()
    with path.open("rb") as held:
        while block := held.read(BLOCK):
            whole.update(block)
    return whole.hexdigest()


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def _write_json(path: Path, content: Any) -> None:
    _write(path, json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")
