"""``mandi feedback report`` and ``mandi feedback export``: what a period says, and its examples as files to tune with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mandi.core.errors import DataNotFound, TooLittleData, UnknownValue
from mandi.core.paths import Paths

if TYPE_CHECKING:
    from mandi.datasets.rows import Example
    from mandi.feedback.report.improvement import ImprovementReport

VENDORS = ("trl", "openai", "vertex")
EVERY_TASK = "all"
WHOLE = "feedback_dataset.jsonl"
"""Name of the file that holds every task's examples to imitate, for TRL."""
PURPOSES_OF = {
    "trl": ("sft", "preference", "unpaired", "tutor"),
    "openai": ("sft", "preference"),
    "vertex": ("sft", "preference"),
}


def feedback_report(
    root: Path,
    days: int = 30,
    *,
    as_json: bool = False,
    html: Path | None = None,
    colab: bool = False,
    from_service: bool = False,
    width: int = 110,
) -> str:
    """Return the report as text or JSON, and write its page where one is asked for.

    Parameters
    ----------
    root : Path
        The project.
    days : int
        Before the last question.
    as_json : bool
        Plain values in place of text; rates are fractions.
    html : Path, optional
        Where the page is written.
    colab : bool
        Also export the period's examples with a notebook to tune with, to data/export.
    from_service : bool
        The service's records even where the pipelines have run.
    width : int
        Columns of the terminal.

    Raises
    ------
    DataNotFound
        There is no feedback, neither of the pipelines nor of the service.
    """
    from mandi.feedback.report.improvement import improvement_report
    from mandi.feedback.report.text import written
    from mandi.loop.evidence import evidence

    found = evidence(root, from_service=from_service)
    report = improvement_report(
        found.labelled, found.feedback, found.tutor_pairs,
        days=days, student=found.student, why_no_student=found.why_no_student, thresholds=found.thresholds,
    )  # fmt: skip
    told = [f"from {found.source}", written(report, width).rstrip()]
    if html is not None:
        told.append(f"page: {_page(root, html, report, found.source)}")
    if colab:
        told.append(feedback_export(root, root / "data" / "export", days=days, colab=True))
    if as_json:
        return json.dumps(
            {**report.to_dict(), "source": found.source}, indent=2, sort_keys=True, ensure_ascii=False
        )
    return "\n".join(told)


def feedback_export(
    root: Path,
    to: Path,
    *,
    vendor: str = "trl",
    task: str = EVERY_TASK,
    purpose: str = "sft",
    days: int | None = None,
    colab: bool = False,
) -> str:
    """Write the training examples of the current datasets into one checked file, and say what to do with it.

    Parameters
    ----------
    root : Path
        The project.
    to : Path
        Folder; made where it is missing.
    vendor : str
        trl, openai or vertex.
    task : str
        Kind of work, or ``all``.
    purpose : str
        sft, preference, unpaired or tutor.
    days : int, optional
        Only examples asked in so many days before the last one to learn from.
    colab : bool
        Add a notebook that tunes with the file; only for trl.

    Raises
    ------
    UnknownValue
        Vendor, purpose or task is not known.
    TooLittleData
        There is no such example.
    ContractError
        The file would be refused by its reader; lines and reasons are named. Nothing is left behind.
    """
    from mandi.datasets.files import read_rows, write_lines
    from mandi.datasets.formats.checking import refuse_broken
    from mandi.datasets.formats.export import exported
    from mandi.loop.colab import write_colab

    _known(vendor, purpose, colab)
    folder = Paths(root).datasets
    chosen = list(_chosen(read_rows(folder), task, purpose, days))
    name = f"{vendor}-{purpose}"
    version = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["version"]
    whole = (vendor, task, purpose) == ("trl", EVERY_TASK, "sft")
    file = to / (WHOLE if whole else f"{task}.{purpose}.{vendor}.jsonl")
    to.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.part.jsonl")
    try:
        write_lines(draft, exported(chosen, name))
        checked = refuse_broken(draft, name)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    lines = [
        f"{file}: {checked.rows:,} examples of datasets version {version}, about {checked.tokens:,} tokens, accepted as {name}"
    ]
    if colab:
        notebook = write_colab(to, purpose, file.name, checked.rows, str(version))
        lines.append(f"{notebook}: upload it with the file to a machine with a GPU and run all cells")
    return "\n".join(lines)


def _chosen(examples: Sequence[Example], task: str, purpose: str, days: int | None) -> Iterator[Example]:
    if days is not None and days < 1:
        raise UnknownValue(f"days is {days}", allowed="1 and more")
    tasks = sorted({one.task for one in examples})
    if task != EVERY_TASK and task not in tasks:
        raise UnknownValue(f"no task {task!r}", allowed=", ".join([EVERY_TASK, *tasks]))
    found = [
        one
        for one in examples
        if one.part == "train" and one.purpose == purpose and task in (EVERY_TASK, one.task)
    ]
    if found and days is not None:
        since = max(one.asked_at for one in found) - timedelta(
            days=days
        )  # what is frozen is later than all of them
        found = [one for one in found if one.asked_at > since]
    if not found:
        when = f" of the last {days} days" if days else ""
        raise TooLittleData(
            f"no training example of {task} for {purpose}{when}",
            allowed="one or more",
            next_command="mandi feedback report",
        )
    yield from found


def _known(vendor: str, purpose: str, colab: bool) -> None:
    from mandi.loop.colab import TRAINERS

    if vendor not in VENDORS:
        raise UnknownValue(f"no format {vendor!r}", allowed=", ".join(VENDORS))
    if purpose not in PURPOSES_OF[vendor]:
        raise UnknownValue(f"{vendor} reads no {purpose!r}", allowed=", ".join(PURPOSES_OF[vendor]))
    if colab and (vendor != "trl" or purpose not in TRAINERS):
        raise UnknownValue(
            f"there is no notebook for {vendor} and {purpose}", allowed=f"trl with {', '.join(TRAINERS)}"
        )


def _page(root: Path, html: Path, report: ImprovementReport, source: str) -> Path:
    from mandi.loop.report_page import report_page
    from mandi.loop.study import read_study

    paths = Paths(root)
    try:
        found = read_study(paths)
    except DataNotFound:
        found = None
    html.parent.mkdir(parents=True, exist_ok=True)
    html.write_text(report_page(report, source, found), encoding="utf-8")
    return html
