"""The champion student in the service folder: put there beside the models, taken from there with every file checked."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mandi.core.errors import DataNotFound
from mandi.serving.snapshot import MAKE_IT, MANIFEST, check_files, file_hashes, read_manifest, swap

STUDENT = "student"
"""Name of its folder, and of its entry in the manifest beside ``models``."""


def put_student(destination: Path, files: Path | None, entry: Mapping[str, Any] | None = None) -> None:
    """Put a student into a service folder, or take out the one that is there; the models stay.

    The folder is written beside its place and moved there whole.

    Parameters
    ----------
    destination : Path
        The service folder, with a model in it.
    files : Path or None
        What ``StudentModel.save`` wrote; None takes the student out.
    entry : mapping, optional
        ``version`` in the registry, ``digest``, ``metrics``: kept in the manifest.

    Raises
    ------
    DataNotFound
        No service folder yet, or no file of a student.
    """
    manifest = read_manifest(destination)
    if files is None and STUDENT not in manifest:
        return
    if files is not None and not any(files.iterdir()):
        raise DataNotFound("no file of a student", next_command="mandi repro student_register")
    staged = Path(tempfile.mkdtemp(prefix=f".{destination.name}-", dir=destination.parent))
    try:
        shutil.copytree(destination, staged, dirs_exist_ok=True, ignore=lambda at, _: _own(at, destination))
        manifest.pop(STUDENT, None)
        if files is not None:
            shutil.copytree(files, staged / STUDENT)
            manifest[STUDENT] = {**(entry or {}), "files": file_hashes(staged / STUDENT)}
        (staged / MANIFEST).write_text(json.dumps(manifest, indent=1, default=str), encoding="utf-8")
        staged.chmod(0o755)
        swap(staged, destination)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def packaged_student(folder: Path) -> Path | None:
    """Return where the student of a service folder is, its files checked; None where there is none.

    Raises
    ------
    DataNotFound, ContractError
        A file is missing, or is not the one that was packaged.
    """
    if not (folder / MANIFEST).is_file():
        return None
    entry = read_manifest(folder).get(STUDENT)
    if entry is None:
        return None
    files = entry.get("files") if isinstance(entry, dict) else None
    check_files(folder / STUDENT, STUDENT, files if isinstance(files, dict) else {}, MAKE_IT)
    return folder / STUDENT


def _own(at: str, destination: Path) -> list[str]:
    return [STUDENT] if Path(at) == destination else []
