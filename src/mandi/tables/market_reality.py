"""Real market reports to lay beside the generated ones: files of the portal outside the repository, where there are any."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from mandi.core.errors import DataNotFound
from mandi.core.paths import bench_data
from mandi.tables.ingest import examine
from mandi.tables.measure import MeasureParams, measure

REAL_FILES: dict[str, str] = {
    "soybean 2014-17": "mandi_agmarknet/soyabean_2008_2017_no2016.csv.gz",
    "tur 2014-17": "mandi_agmarknet/arhar_tur_2008_2017.csv.gz",
    "cotton Gujarat 2018-24": "cotton_agmarknet/cotton_gujarat_2018_2024.csv.gz",
    "cotton 2025-26": "cotton_agmarknet/cotton_allindia_2025_2026.csv.gz",
    "soybean 2025-26": "cotton_agmarknet/soyabean_allindia_2025_2026.csv.gz",
}
SINCE = pd.Timestamp("2014-01-01", tz="UTC")
"""Earlier years of the long files are left out: the measures are of reporting as it is now."""


def real_reports(
    root: Path, now: pd.Timestamp, files: Mapping[str, str] | None = None
) -> tuple[dict[str, pd.DataFrame], str]:
    """Read the real files that are there, judged row by row like any import.

    Parameters
    ----------
    root : Path
        Folder of the project; the files are looked for where `mandi.core.paths.bench_data` says.
    now : Timestamp
        Moment of the import (UTC).
    files : mapping of label to path, optional
        Paths below that folder; `REAL_FILES` if not given.

    Returns
    -------
    dict of label to DataFrame, str
        Accepted reports since 2014, and a line that says what was read and what is absent.

    Examples
    --------
    >>> found, said = real_reports(Path("."), pd.Timestamp("2026-01-01", tz="UTC"), {"nothing": "no/such/file.csv"})
    >>> found
    {}
    """
    wanted = dict(REAL_FILES if files is None else files)
    try:
        folder = bench_data(root)
    except DataNotFound as absent:
        return {}, f"No real files: {absent.message}. The generated market is shown alone."
    found = {}
    for label, name in wanted.items():
        path = folder / name
        if path.is_file():
            settings = {"tables": {"source": "agmarknet", "location": str(path)}}
            reports = examine(settings, root=root, now=now)[0]["reports"]
            found[label] = reports[reports["event_time"] >= SINCE].reset_index(drop=True)
    missing = [label for label in wanted if label not in found]
    said = f"Real files read: {', '.join(found) or 'none'}."
    return found, said + (f" Absent: {', '.join(missing)}." if missing else "")


def side_by_side(
    generated: pd.DataFrame,
    real: Mapping[str, pd.DataFrame],
    params: MeasureParams | None = None,
    source: str = "generated",
) -> pd.DataFrame:
    """Measure generated and real reports alike.

    Parameters
    ----------
    generated : DataFrame
        The reports table.
    real : mapping of label to DataFrame
        From `real_reports`; may be empty.
    params : MeasureParams, optional
    source : str
        What the first are called, when they are not the generated ones.

    Returns
    -------
    DataFrame
        One row per commodity and source, with ``source`` (as given, or ``real``), ``label`` and the columns of
        `mandi.tables.measure.measure`.
    """
    params = params or MeasureParams()
    own = measure(generated, params).reset_index(names="label").assign(source=source)
    parts = [own]
    for label, reports in real.items():
        row = measure(reports, params).head(1).reset_index(drop=True)
        parts.append(row.assign(source="real", label=label))
    table = pd.concat(parts, ignore_index=True)
    return table[["source", "label", *[c for c in table.columns if c not in ("source", "label")]]]
