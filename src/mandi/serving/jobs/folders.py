"""Folders that may be answered: named ones of an organisation below one configured root. A name asked for is compared, never joined.

``<root>/<organisation id>/<name>/*.parquet`` are the questions, ``<root>/<organisation id>/<name>/answered/<model>/`` the answers. Whoever
runs the service makes the organisation's folder and lets its people write there.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from mandi.core.errors import ContractError, DataNotFound

PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
ANSWERED = "answered"
MOST_LISTED = 1000


@dataclass(frozen=True)
class NamedFolder:
    """A folder somebody may ask about.

    Attributes
    ----------
    name : str
    files : int
        Parquet files in it.
    """

    name: str
    files: int


class Folders:
    """The folders below a root.

    Parameters
    ----------
    root : Path
        Of the settings; need not be there yet.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def listed(self, organization_id: str) -> list[NamedFolder]:
        """Return the folders of an organisation, by name; links are none.

        Parameters
        ----------
        organization_id : str
            Of whoever asks, as their key says.
        """
        return [NamedFolder(place.name, len(_files(place))) for place in self._of(organization_id)]

    def find(self, organization_id: str, name: str) -> Path:
        """Return the folder of a name that an organisation has.

        Parameters
        ----------
        organization_id : str
        name : str
            As it was asked for; it is compared with the names that are there.

        Raises
        ------
        DataNotFound
            The organisation has no such folder.
        """
        for place in self._of(organization_id):
            if place.name == name:
                return place
        raise DataNotFound(
            f'no folder "{name[:64]}" of your organisation', allowed="GET /api/v1/batch/folders"
        )

    def target(self, place: Path, model: str) -> Path:
        """Return where the answers of a model to a folder go.

        Parameters
        ----------
        place : Path
            Of ``find``.
        model : str
            One that is served.
        """
        return place / ANSWERED / model

    def check(self, place: Path, model: str) -> None:
        """Refuse a folder that leads elsewhere: a link in it may name what belongs to another organisation.

        Raises
        ------
        ContractError
            A file, the folder or the place of its answers is a link.
        """
        home, target = self._root.resolve(), self.target(place, model)
        links = [p.name for p in (place, place / ANSWERED, target) if p.is_symlink()]
        links += [entry.name for entry in _files(place) if entry.is_symlink()]
        if target.is_dir():
            links += [entry.name for entry in os.scandir(target) if entry.is_symlink()]
        if links or not place.resolve().is_relative_to(home):
            raise ContractError(
                f"{', '.join(links[:3]) or place.name} leads out of its folder",
                allowed="files and folders, no links",
            )

    def _of(self, organization_id: str) -> list[Path]:
        home = next((Path(e.path) for e in _entries(self._root) if e.name == organization_id), None)
        if home is None:
            return []
        names = [entry.name for entry in _entries(home) if PLAIN.fullmatch(entry.name)]
        return [home / name for name in sorted(names)[:MOST_LISTED]]


def _entries(place: Path) -> list[os.DirEntry[str]]:
    if not place.is_dir():
        return []
    with os.scandir(place) as found:
        return [entry for entry in found if entry.is_dir(follow_symlinks=False)]


def _files(place: Path) -> list[os.DirEntry[str]]:
    with os.scandir(place) as found:
        return [
            entry for entry in found if entry.name.endswith(".parquet") and not entry.name.startswith(".")
        ]
