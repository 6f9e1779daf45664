"""What was asked of a vendor and paid for, a file a job: kept so that nothing is paid twice."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mandi.core.errors import ContractError, MandiError


@dataclass
class Receipt:
    """One job.

    Attributes
    ----------
    file : Path
    key : str
        Digest of vendor, files, model and settings.
    uploaded : dict
        Where the vendor keeps the files.
    asked : bool
        The job was asked for; without ``job_id`` it is unknown whether it was made.
    job_id : str
    about : dict
        Model, method and digest of the files.
    """

    file: Path
    key: str
    uploaded: dict[str, str] = field(default_factory=dict)
    asked: bool = False
    job_id: str = ""
    about: dict[str, str] = field(default_factory=dict)

    def write(self) -> None:
        """Write the file, whole or not at all, and onto the disk before the next request."""
        told = {
            "key": self.key, "uploaded": self.uploaded, "asked": self.asked, "job_id": self.job_id, "about": self.about
        }  # fmt: skip
        draft = self.file.with_suffix(".part")
        with draft.open("w", encoding="utf-8") as opened:
            opened.write(json.dumps(told, indent=1, sort_keys=True) + "\n")
            opened.flush()
            os.fsync(opened.fileno())
        draft.replace(self.file)


@dataclass(frozen=True)
class Receipts:
    """A folder of receipts.

    Attributes
    ----------
    folder : Path
    wait_s : float
        Seconds to wait for another process that asks for the same.
    """

    folder: Path
    wait_s: float = 30.0

    @contextmanager
    def held(self, vendor: str, key: str) -> Iterator[Receipt]:
        """Give the receipt of a job, to this process alone.

        Raises
        ------
        MandiError
            Another process holds it.
        ContractError
            The file cannot be read: what was paid is then unknown.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"{vendor}-{key[:16]}"
        # an SQLite transaction is a lock that every platform has and that a dying process gives back
        with closing(
            sqlite3.connect(self.folder / f"{name}.lock", timeout=self.wait_s, isolation_level=None)
        ) as db:
            try:
                db.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError:
                raise MandiError(
                    f"another process is asking {vendor} for the same job",
                    next_command="try again when it has ended",
                ) from None
            yield self._read(self.folder / f"{name}.json", key)

    def forget(self, vendor: str, job_id: str) -> bool:
        """Remove the receipt of a job that failed or was cancelled, so that it may be asked for again."""
        for file in sorted(self.folder.glob(f"{vendor}-*.json")):
            if json.loads(file.read_text(encoding="utf-8")).get("job_id") == job_id:
                file.unlink()
                return True
        return False

    def _read(self, file: Path, key: str) -> Receipt:
        if not file.is_file():
            return Receipt(file, key)
        try:
            told = json.loads(file.read_text(encoding="utf-8"))
            receipt = Receipt(
                file,
                told["key"],
                dict(told["uploaded"]),
                bool(told["asked"]),
                told["job_id"],
                dict(told["about"]),
            )
        except (ValueError, KeyError, TypeError):
            receipt = Receipt(file, "")
        if receipt.key != key:
            raise ContractError(
                f"the receipt {file.name} cannot be read, so it is unknown what was paid for",
                next_command="look for the job at the vendor, then remove the file",
            )
        return receipt
