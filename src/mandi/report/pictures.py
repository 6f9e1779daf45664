"""Charts as PNG files: what `dvc plots` and the registry show is the picture of the report, byte for byte."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from mandi.core.errors import ContractError
from mandi.core.whole import replaced

if TYPE_CHECKING:
    from mandi.report.canvas import Chart

LONGEST_NAME = 60


def file_name(title: str) -> str:
    """Return the name of a chart's file: the same title gives the same name, so that runs can be laid side by side.

    Examples
    --------
    >>> file_name("Mean absolute error, by days ahead")
    'mean_absolute_error_by_days_ahead.png'
    """
    return re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")[:LONGEST_NAME].rstrip("_") + ".png"


def write_pictures(charts: Iterable[Chart], folder: Path) -> list[Path]:
    """Write every chart into a folder, which then holds nothing else.

    Parameters
    ----------
    charts : iterable of Chart
        From ``mandi.report.task_charts.charts_for``.
    folder : Path
        Made if it is not there; left empty if there are no charts.

    Returns
    -------
    list of Path
        The files, in the order of the charts.

    Raises
    ------
    ContractError
        Two charts have the same name.
    DiskFull
        There is no room.
    """
    names: list[str] = []
    with replaced(folder) as fresh:
        for chart in charts:
            name = file_name(chart.alt)
            if name in names:
                raise ContractError(
                    f'two charts would be written as {name}; the second is "{chart.alt}"',
                    allowed="titles that differ",
                )
            (fresh / name).write_bytes(chart.png())
            names.append(name)
    return [folder / name for name in names]
