"""The fourteen one-class sets: where they lie, how they are cut, and what others published on them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from mandi.core.errors import DataNotFound

Floats = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]
# cheap ones first, so that something is seen soon
SETS = {
    "Hepatitis": "adbench_Hepatitis", "Parkinson": "adbench_Parkinson", "lympho": "odds_lympho",
    "glass": "odds_glass", "ionosphere": "odds_ionosphere", "WDBC": "adbench_WDBC", "wbc": "odds_wbc",
    "breastw": "adbench_breastw", "pima": "odds_pima", "thyroid": "adbench_thyroid",
    "SpamBase": "adbench_SpamBase", "satimage-2": "odds_satimage-2", "shuttle": "odds_shuttle",
    "campaign": "adbench_campaign",
}  # fmt: skip
BEST = "CoVA-TAD"  # of the published methods, by mean AUPRC over these sets


def read(data: Path, name: str) -> tuple[Floats, Flags]:
    """Return rows of shape (n, n_columns) and which of them are anomalies."""
    path = data / "anomaly" / f"{SETS[name]}.npz"
    if not path.is_file():
        raise DataNotFound(f"{path} is absent", next_command="export MANDI_BENCH_DATA=/path/to/the/files")
    with np.load(path, allow_pickle=False) as file:
        return np.asarray(file["X"], dtype=np.float64), file["y"].ravel() == 1


def split(rows: Floats, anomaly: Flags, seed: int) -> tuple[Floats, Floats, Flags]:
    """Return half of the normal rows (rounded down) to learn from, and the other half with all anomalies to judge.

    Examples
    --------
    >>> import numpy as np
    >>> learn, judge, truth = split(np.arange(9.0)[:, None], np.arange(9) < 2, seed=0)
    >>> len(learn), len(judge), int(truth.sum())
    (3, 6, 2)
    """
    normal = np.random.default_rng(seed).permutation(np.flatnonzero(~anomaly))
    half = len(normal) // 2
    judged = np.concatenate([normal[half:], np.flatnonzero(anomaly)])
    return rows[normal[:half]], rows[judged], anomaly[judged]


def published(data: Path, metric: str) -> dict[str, float]:
    """Return the best published method's figure by set, and its mean over the sets as ``macro``.

    The source also states a mean AUROC of its own (.885 over fifteen sets) that its figures by set do not give (.908 over
    these fourteen); the higher of the two is what stands here.
    """
    with (data / "published" / f"anomaly_oneclass_{metric}.csv").open(encoding="utf-8") as file:
        found = {row["dataset"]: float(row[BEST]) for row in csv.DictReader(file) if row["dataset"] in SETS}
    return found | {"macro": float(np.mean(list(found.values())))}
