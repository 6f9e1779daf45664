"""Challengers in the service folder: a service folder of its own within it, with their own history and manifest."""

from __future__ import annotations

import shutil
from pathlib import Path

from mandi.core.errors import DataNotFound
from mandi.serving.snapshot import MANIFEST, read_manifest

CHALLENGERS = "challengers"


def challengers_folder(folder: Path) -> Path:
    """Return where the challengers of a service folder lie."""
    return folder / CHALLENGERS


def packaged_versions(folder: Path) -> dict[str, str]:
    """Return the versions in a service folder, or in that of its challengers, by model; none where there is no such folder.

    Parameters
    ----------
    folder : Path
    """
    if not (folder / MANIFEST).is_file():
        return {}
    try:
        return {name: str(entry["version"]) for name, entry in read_manifest(folder)["models"].items()}
    except DataNotFound:
        return {}


def clear_challengers(folder: Path) -> None:
    """Take the challengers out of a service folder; whoever serves has read them by then.

    Parameters
    ----------
    folder : Path
        The service folder.
    """
    shutil.rmtree(challengers_folder(folder), ignore_errors=True)
