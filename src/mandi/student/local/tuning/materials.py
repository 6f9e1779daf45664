"""What a model is tuned on: the training files of a version of the datasets, read strictly and told apart from all others."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mandi.core.errors import ContractError, DataNotFound, TooLittleData, UnknownValue

Turns = list[dict[str, str]]
Row = dict[str, Any]
ROLES = ("system", "user", "assistant")


@dataclass(frozen=True)
class Materials:
    """Rows in TRL's shapes, every text as turns.

    Attributes
    ----------
    sft : tuple of dict
        ``prompt`` (ends with the user) and ``completion`` (one turn of the assistant).
    pairs : tuple of dict
        ``prompt``, ``chosen``, ``rejected``.
    unpaired : tuple of dict
        ``prompt``, ``completion``, ``label``.
    tasks : tuple of str
    version : str
        Of the datasets, as their manifest says; "unknown" without one.
    digest : str
        Of the rows, in order.
    """

    sft: tuple[Row, ...]
    pairs: tuple[Row, ...]
    unpaired: tuple[Row, ...]
    tasks: tuple[str, ...]
    version: str
    digest: str

    def counts(self) -> dict[str, int]:
        """Return how many rows there are of each shape; of the unpaired ones by label."""
        good = sum(row["label"] for row in self.unpaired)
        return {
            "sft": len(self.sft), "pairs": len(self.pairs),
            "unpaired_good": good, "unpaired_bad": len(self.unpaired) - good,
        }  # fmt: skip


def read_materials(folder: Path, tasks: Sequence[str] = (), least_examples: int = 1) -> Materials:
    """Read ``<task>/sft.train.jsonl``, ``preference.train.jsonl`` and ``unpaired.train.jsonl``; nothing of another part is opened.

    Parameters
    ----------
    folder : Path
        A version of the datasets.
    tasks : sequence of str, optional
        All that are there, if none is named.
    least_examples : int
        Of sft.

    Raises
    ------
    DataNotFound
        No folder, or no file of good answers in it.
    UnknownValue
        A task is not there.
    ContractError
        A row is not of its shape; the file, the line and the reason are named.
    TooLittleData
        Fewer good answers than ``least_examples``.
    """
    known = sorted(p.parent.name for p in folder.glob("*/sft.train.jsonl")) if folder.is_dir() else []
    if not known:
        raise DataNotFound(
            f"no <task>/sft.train.jsonl in {folder}",
            next_command="mandi repro datasets, or name their folder",
        )
    if absent := sorted(set(tasks) - set(known)):
        raise UnknownValue(f'no examples of the task "{absent[0]}" in {folder}', allowed=", ".join(known))
    chosen = tuple(name for name in known if not tasks or name in tasks)
    sft, pairs, unpaired = (
        tuple(row for task in chosen for row in _rows(folder / task / f"{name}.train.jsonl", shape))
        for name, shape in (("sft", _said), ("preference", _preferred), ("unpaired", _judged))
    )
    if len(sft) < least_examples:
        raise TooLittleData(
            f"{len(sft)} good answers to tune on, in {', '.join(chosen)}",
            allowed=f"at least {least_examples} (tuning.local.least_examples)",
            next_command="mandi feedback report, which says where ratings are missing",
        )
    digest = hashlib.sha256()
    for rows in (sft, pairs, unpaired):
        for row in rows:
            digest.update(
                json.dumps(row, sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogatepass")
            )
        digest.update(b"\0")
    return Materials(sft, pairs, unpaired, chosen, _version(folder), digest.hexdigest())


def _version(folder: Path) -> str:
    file = folder / "manifest.json"
    if not file.is_file():
        return "unknown"
    told = json.loads(file.read_text(encoding="utf-8"))
    return str(told.get("version", "unknown")) if isinstance(told, dict) else "unknown"


def _rows(file: Path, shape: Any) -> Iterator[Row]:
    if not file.is_file():
        return
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                told = json.loads(line)
                if not isinstance(told, dict):
                    raise ValueError("it is no JSON object")
                yield shape(told)
            except (ValueError, KeyError) as error:
                why = f"it has no {error}" if isinstance(error, KeyError) else str(error)
                raise ContractError(
                    f"line {number} of {file.parent.name}/{file.name} cannot be learned: {why}",
                    next_command="mandi repro datasets",
                ) from None


def _said(told: Mapping[str, Any]) -> Row:
    if "messages" in told:
        turns = _turns(told["messages"], "messages")
        return {"prompt": _asked(turns[:-1]), "completion": _answer(turns[-1:], "messages")}
    return {"prompt": _asked(told["prompt"]), "completion": _answer(told["completion"], "completion")}


def _preferred(told: Mapping[str, Any]) -> Row:
    row = {"prompt": _asked(told["prompt"])}
    row |= {name: _answer(told[name], name) for name in ("chosen", "rejected")}
    if row["chosen"] == row["rejected"]:
        raise ValueError("chosen and rejected say the same")
    return row


def _judged(told: Mapping[str, Any]) -> Row:
    if not isinstance(told["label"], bool):
        raise ValueError(f"label is {told['label']!r}, neither true nor false")
    return {**_said(told), "label": told["label"]}


def _asked(told: Any) -> Turns:
    turns = [{"role": "user", "content": told}] if isinstance(told, str) else _turns(told, "prompt")
    if not turns or turns[-1]["role"] != "user":
        raise ValueError("the question does not end with the user")
    return turns


def _answer(told: Any, name: str) -> Turns:
    turns = [{"role": "assistant", "content": told}] if isinstance(told, str) else _turns(told, name)
    if len(turns) != 1 or turns[0]["role"] != "assistant" or not turns[0]["content"].strip():
        raise ValueError(f"{name} is not one turn of the assistant that says something")
    return turns


def _turns(told: Any, name: str) -> Turns:
    if not isinstance(told, list) or not told:
        raise ValueError(f"{name} is no list of turns")
    turns = []
    for turn in told:
        role, content = (turn.get("role"), turn.get("content")) if isinstance(turn, dict) else (None, None)
        if role not in ROLES or not isinstance(content, str):
            raise ValueError(f"{name} holds a turn without a known role and a text")
        turns.append({"role": role, "content": content})
    return turns
