"""A disk that is soon full: a file system in memory where one may be mounted, else a limit on the size of every file.

Where the tests may mount (as root, in a container too) ``small_disk`` is a tmpfs of a few megabytes, so that the kernel itself says
ENOSPC. Elsewhere ``full`` sets RLIMIT_FSIZE for this process and those it starts, and the kernel says EFBIG.
"""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

BALLAST = "ballast"


@dataclass(frozen=True)
class SmallDisk:
    """A folder, and whether it is a disk of its own."""

    folder: Path
    mounted: bool

    @contextmanager
    def full(self, left: int = 4096) -> Iterator[None]:
        """Leave a few bytes of room, and make room again at the end."""
        if self.mounted:
            ballast = self.folder / BALLAST
            _fill(ballast, left)
            try:
                yield
            finally:
                ballast.unlink()
            return
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (left, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _fill(ballast: Path, left: int) -> None:
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
        file.truncate(max(file.tell() - left, 0))


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Mount a small disk on a folder where that may be done.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    megabytes : int
    """
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    try:
        yield SmallDisk(folder, mounted)
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk of eight megabytes."""
    with small_disk(tmp_path / "disk", 8) as made:
        yield made
