"""What came out of tuning: an adapter, and a manifest that says of what it was made."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mandi.core.errors import ContractError, DataNotFound

MANIFEST = "tuned.json"
ADAPTER = "adapter"
MERGED = "merged"


@dataclass(frozen=True)
class Tuned:
    """A tuned model.

    Attributes
    ----------
    key : str
        Digest of everything it was made of: base, rows, parameters, packages. The same key is the same model.
    base, revision, base_digest : str
        Folder or id, and what was in it.
    dataset_version, data_digest : str
    tasks : tuple of str
        Kinds of work it learned; it is asked no others.
    parts : mapping
        ``sft`` and ``dpo`` or ``kto``: rows, steps, first and last loss, margins of the preferences.
    counts : mapping
        Rows there were, by shape, and those left out because they are too long.
    params, packages : mapping
    template, system : str
        How conversations are written: see ``mandi.student.local.tuning.base_model``.
    files : mapping
        Digest of each file of the adapter.
    notes : tuple of str
        What whoever uses it should know.
    """

    key: str
    base: str
    revision: str | None
    base_digest: str
    dataset_version: str
    data_digest: str
    tasks: tuple[str, ...]
    parts: Mapping[str, Mapping[str, float]]
    counts: Mapping[str, int]
    params: Mapping[str, Any]
    packages: Mapping[str, str]
    template: str
    system: str
    files: Mapping[str, str]
    notes: tuple[str, ...] = ()
    folder: Path = field(default=Path(), compare=False)

    @property
    def version(self) -> str:
        """Return twelve letters that tell this model from every other: of its adapter's files."""
        return hashlib.sha256(json.dumps(dict(self.files), sort_keys=True).encode()).hexdigest()[:12]

    @property
    def adapter(self) -> Path:
        """Return the folder a server or PEFT loads."""
        return self.folder / ADAPTER

    def save(self) -> None:
        """Write the manifest; it comes last, so a folder with one is whole."""
        told = dataclasses.asdict(self) | {"version": self.version}
        del told["folder"]
        text = json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        (self.folder / MANIFEST).write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Tuned:
        """Read a manifest and compare the adapter with it.

        Raises
        ------
        DataNotFound
            No tuned model there.
        ContractError
            The adapter is not the one that was written.
        """
        file = folder / MANIFEST
        if not file.is_file():
            raise DataNotFound(f"no tuned model in {folder}", next_command="mandi tune local")
        told = json.loads(file.read_text(encoding="utf-8"))
        told.pop("version", None)
        for name in ("tasks", "notes"):
            told[name] = tuple(told[name])
        found = cls(**told, folder=folder)
        if (now := digests(found.adapter)) != dict(found.files):
            odd = sorted(k for k in now.keys() | found.files.keys() if now.get(k) != found.files.get(k))
            raise ContractError(
                f"the adapter in {folder} is not the one that was tuned: {odd[0]} differs",
                next_command="mandi tune local",
            )
        return found


def digests(folder: Path, names: Iterable[str] | None = None) -> dict[str, str]:
    """Return the SHA-256 of files of a folder by name; of all of them if none is named."""
    files = [folder / n for n in names] if names is not None else sorted(folder.glob("*"))
    return {file.name: _digest(file) for file in files if file.is_file()}


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
