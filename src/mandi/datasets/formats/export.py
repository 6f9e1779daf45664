"""Writes the examples of one task into a file of any format, and checks it before anybody else does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mandi.core.errors import ContractError, TooLittleData, UnknownValue
from mandi.datasets.files import read_rows, write_lines
from mandi.datasets.formats.checking import Checked, refuse_broken
from mandi.datasets.formats.kinds import format_named
from mandi.datasets.rows import PARTS, Example

TOLD = ("user", "assistant", "system")


def export(folder: Path, name: str, task: str, to: Path, *, part: str = "train") -> Checked:
    """Write the examples of a version for a trainer or a vendor.

    Parameters
    ----------
    folder : Path
        Of a version of the datasets.
    name : str
        One of ``FORMATS``, as ``openai-sft``.
    task : str
        Kind of work, as ``chat``.
    to : Path
        The file to write; its name ends with .jsonl. Left as it was when the rows are refused.
    part : str

    Returns
    -------
    Checked
        Rows and an estimate of their tokens.

    Raises
    ------
    UnknownValue
        There is no such format, part or task.
    TooLittleData
        There is no such example.
    ContractError
        The file would be refused; lines and reasons are named.
    """
    known = format_named(name)
    if part not in PARTS:
        raise UnknownValue(f"no part {part!r}", allowed=", ".join(PARTS))
    examples = read_rows(folder)
    if task not in (tasks := sorted({e.task for e in examples})):
        raise UnknownValue(f"no task {task!r}", allowed=", ".join(tasks))
    chosen = [e for e in examples if (e.task, e.purpose, e.part) == (task, known.purpose, part)]
    if not chosen:
        raise TooLittleData(
            f"no example of {task} for {known.purpose} in the part {part}", allowed="one or more"
        )
    if to.suffix != ".jsonl":
        raise ContractError(f"the file is called {to.name}", allowed="a name that ends with .jsonl")
    to.parent.mkdir(parents=True, exist_ok=True)
    draft = to.with_name(f".{to.stem}.part.jsonl")
    try:
        write_lines(draft, exported(chosen, name))
        checked = refuse_broken(draft, name)
        draft.replace(to)
    finally:
        draft.unlink(missing_ok=True)
    return Checked(to, name, checked.rows, checked.tokens, ())


def exported(examples: Sequence[Example], name: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a format in the order of time; an example with a tool's turn is left out, since its call is not recorded.

    Parameters
    ----------
    examples : sequence of Example
        Of the format's purpose.
    name : str
        One of ``FORMATS``.
    """
    known = format_named(name)
    for example in sorted(examples, key=lambda e: (e.asked_at, e.example_id)):
        if all(turn["role"] in TOLD for turn in example.messages):
            yield known.write(example)
