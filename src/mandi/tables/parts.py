"""A frame too large for memory, as a folder of Parquet files: written, read and gone through part by part.

A part is put in place whole: one whose writer died is written again, and nobody reads half of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mandi.core.errors import ContractError, DataNotFound

if TYPE_CHECKING:
    import pyarrow as pa
    from pandas import DataFrame


@dataclass(frozen=True)
class Parts:
    """Numbered Parquet files in a folder.

    Attributes
    ----------
    folder : Path
        Seen under this name by everybody who works on it.
    """

    folder: Path

    def __len__(self) -> int:
        return len(list(self.folder.glob("part-*.parquet")))

    def __iter__(self) -> Iterator[DataFrame]:
        for number in range(len(self)):
            yield self.read(number)

    def path(self, number: int) -> Path:
        """Return where a part is."""
        return self.folder / f"part-{number:05d}.parquet"

    def stamp(self, number: int) -> tuple[int, int]:
        """Return time (ns) and bytes of a part: another stamp, another content."""
        found = self.path(number).stat()
        return found.st_mtime_ns, found.st_size

    def write(self, number: int, frame: DataFrame) -> None:
        """Put a part in place, index included.

        Examples
        --------
        >>> import pandas as pd, tempfile
        >>> parts = Parts(Path(tempfile.mkdtemp()))
        >>> parts.write(0, pd.DataFrame({"price": [7000.0]}))
        >>> len(parts), float(parts.read(0)["price"].iloc[0])
        (1, 7000.0)
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        begun = self.folder / f".begun-{number:05d}-{os.getpid()}"
        frame.to_parquet(begun)
        begun.replace(self.path(number))

    def read(self, number: int, columns: Sequence[str] | None = None) -> DataFrame:
        """Read a part, or some of its columns.

        Raises
        ------
        DataNotFound
            There is no such part.
        ContractError
            A column is not there.
        """
        import pandas as pd
        import pyarrow.parquet as pq

        path = self.path(number)
        if not path.is_file():
            raise DataNotFound(f"no part {number} in {self.folder}", allowed=f"0 to {len(self) - 1}")
        if columns is not None and (missing := sorted({*columns} - {*pq.read_schema(path).names})):
            raise ContractError(
                f"part {number} lacks {', '.join(missing)}", allowed="the columns it was written with"
            )
        return pd.read_parquet(path, columns=None if columns is None else list(columns))

    def rows(self) -> list[int]:
        """Return the rows of each part, without reading them."""
        import pyarrow.parquet as pq

        return [pq.read_metadata(self.path(number)).num_rows for number in range(len(self))]

    def columns(self) -> list[str]:
        """Return the names of the columns of the first part."""
        import pyarrow.parquet as pq

        return [name for name in pq.read_schema(self.path(0)).names if not name.startswith("__index")]


def split_into(frame: DataFrame, folder: Path, rows: int) -> Parts:
    """Write a frame as parts of so many rows, in its order; a frame without rows is one part."""
    parts = Parts(folder)
    for number, start in enumerate(range(0, max(len(frame), 1), rows)):
        parts.write(number, frame.iloc[start : start + rows])
    return parts


def join_into(parts: Parts, path: Path) -> int:
    """Write all parts into one Parquet file, a row group each, holding one part at a time in memory.

    A column that is empty in one part and text or a number in another has the type of the other.

    Returns
    -------
    int
        Rows written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schemas = [pq.read_schema(parts.path(number)) for number in range(len(parts))]
    joined = pa.unify_schemas([s.remove_metadata() for s in schemas], promote_options="permissive")
    rows = sum(parts.rows())
    told = _whole_index(schemas, rows)
    written = 0
    with pq.ParquetWriter(path, joined.with_metadata(told)) as writer:
        for number in range(len(parts)):
            table: pa.Table = pq.read_table(parts.path(number))
            writer.write_table(table.cast(joined).replace_schema_metadata(told))
            written += table.num_rows
    return written


def _whole_index(schemas: list[pa.Schema], rows: int) -> dict[bytes, bytes]:
    # what pandas notes of a frame: the first part's words, with the range of all rows
    import json

    told = json.loads(next(iter(schemas)).metadata[b"pandas"])
    for index in told["index_columns"]:
        if isinstance(index, dict) and index.get("kind") == "range":
            index |= {"start": 0, "stop": rows, "step": 1}
    return {b"pandas": json.dumps(told).encode()}
