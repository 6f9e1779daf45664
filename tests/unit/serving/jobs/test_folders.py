"""A name leads to a folder of one's own organisation and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from mandi.core.errors import ContractError, DataNotFound
from mandi.serving.jobs.folders import Folders

MINE, OTHERS = "a" * 32, "b" * 32


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for organization, name in ((MINE, "lots"), (MINE, "deals-2"), (OTHERS, "theirs")):
        place = tmp_path / "batches" / organization / name
        place.mkdir(parents=True)
        (place / "one.parquet").write_bytes(b"x")
    (tmp_path / "batches" / MINE / "a file").write_text("no folder")
    (tmp_path / "batches" / MINE / ".hidden").mkdir()
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "x.parquet").write_bytes(b"x")
    return tmp_path / "batches"


def test_ones_own_are_listed(root: Path) -> None:
    found = Folders(root).listed(MINE)
    assert [(folder.name, folder.files) for folder in found] == [("deals-2", 1), ("lots", 1)]
    assert Folders(root).listed("c" * 32) == [] == Folders(root / "nowhere").listed(MINE)


@pytest.mark.parametrize(
    "name",
    ["theirs", f"../{OTHERS}/theirs", "..", ".", "", "lots/..", "/etc", "lots/", "lots\0", "../../secret", ".hidden", "a file", "LOTS"],
)  # fmt: skip
def test_no_name_leads_elsewhere(root: Path, name: str) -> None:
    with pytest.raises(DataNotFound, match="no folder"):
        Folders(root).find(MINE, name)


@pytest.mark.parametrize("organization", ["..", f"{MINE}/../{OTHERS}", "", "/"])
def test_no_id_leads_elsewhere(root: Path, organization: str) -> None:
    assert Folders(root).listed(organization) == []


def test_a_link_is_no_folder(root: Path) -> None:
    (root / MINE / "linked").symlink_to(root.parent / "secret")
    with pytest.raises(DataNotFound):
        Folders(root).find(MINE, "linked")
    assert "linked" not in [folder.name for folder in Folders(root).listed(MINE)]


@pytest.mark.parametrize("where", ["one.parquet", "answered", "answered/price", "answered/price/old.parquet"])
def test_a_link_in_a_folder_is_refused(root: Path, where: str) -> None:
    folders = Folders(root)
    place = folders.find(MINE, "lots")
    folders.check(place, "price")
    link = place / where
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(root / OTHERS / "theirs" / "one.parquet")
    with pytest.raises(ContractError, match="leads out of its folder"):
        folders.check(place, "price")


def test_a_folder_that_stays_within_is_found(root: Path) -> None:
    folders = Folders(root)
    place = folders.find(MINE, "lots")
    assert folders.target(place, "price") == root / MINE / "lots" / "answered" / "price"
