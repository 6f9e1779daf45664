"""Simpler detectors that stand beside the fraud model: red flags counted, nearest rows, isolation forest, one autoencoder.

All learn the honest deals of the part train; higher is more suspicious. The scores have no unit and are compared by order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mandi.core.errors import ContractError
from mandi.features.fraud import COLUMNS
from mandi.models.detection.fraud_cases import told_then

if TYPE_CHECKING:
    from pandas import DataFrame, Series

Floats = np.ndarray[Any, np.dtype[np.float64]]
TREES = 200
REFERENCE = 3000
RED_FLAGS: dict[str, tuple[str, float]] = {
    "invoice_over_value": ("above", 0.04),
    "paid_over_invoice": ("above", 0.02),
    "weight_gap": ("below", -0.03),
    "weight_exact": ("above", 0.5),
    "least_readable": ("below", 0.6),
    "vehicle_differs": ("above", 0.5),
    "vehicle_here": ("below", 0.3),
    "weigher_here": ("below", 0.3),
    "certifier_differs": ("above", 0.5),
    "recheck_steps": ("above", 0.5),
    "account_switched": ("above", 0.5),
    "account_others": ("above", 0.5),
    "payee_differs": ("above", 0.5),
    "paid_days": ("below", float(np.log1p(1.5))),
    "days_late": ("above", 15.0),
    "pair_share_seller": ("above", 0.5),
}
"""What an auditor would tick: a column and the side of a limit on which it is odd."""


def red_flags(frame: DataFrame) -> Floats:
    """Count the red flags of each deal.

    Parameters
    ----------
    frame : DataFrame
        The columns of `RED_FLAGS`; a missing value raises no flag.

    Examples
    --------
    >>> import pandas as pd
    >>> deals = pd.DataFrame(0.0, index=range(2), columns=list(RED_FLAGS)).assign(
    ...     paid_days=2.0, least_readable=0.9, vehicle_here=0.9, weigher_here=0.9)
    >>> red_flags(deals.assign(account_switched=[0.0, 1.0])).tolist()
    [0.0, 1.0]
    """
    count = np.zeros(len(frame))
    for name, (side, limit) in RED_FLAGS.items():
        values = frame[name].to_numpy(dtype=np.float64)
        count += values > limit if side == "above" else values < limit
    return count


def baseline_scores(frame: DataFrame, seed: int) -> dict[str, Series]:
    """Fit the baselines and score every deal.

    Parameters
    ----------
    frame : DataFrame
        ``features.fraud.COLUMNS``, part, label or label_then.
    seed : int

    Returns
    -------
    dict of name to Series
        ``rules``, ``knn_z`` (Euclidean, mean of the five nearest), ``isolation_forest``, ``narrow_autoencoder``
        (reconstruction error) on the index of ``frame``.

    Raises
    ------
    ContractError
        The part train has no honest deal.
    """
    import pandas as pd
    from sklearn.ensemble import IsolationForest
    from sklearn.neighbors import NearestNeighbors

    from mandi.models.detection.anomaly_detector import AnomalyDetector, AnomalyParams

    rows = frame[list(COLUMNS)].to_numpy(dtype=np.float64)
    learnt = ((frame["part"] == "train") & (told_then(frame) == 0.0)).to_numpy()
    if not learnt.any():
        raise ContractError("the part train has no honest deal", allowed="at least one")
    standard = _standard(rows, rows[learnt])
    draw = np.random.default_rng(seed)
    normals = standard[learnt][np.sort(draw.permutation(int(learnt.sum()))[:REFERENCE])]
    near = NearestNeighbors(n_neighbors=min(5, len(normals)), algorithm="brute").fit(normals)
    forest = IsolationForest(n_estimators=TREES, random_state=seed, n_jobs=1).fit(standard[learnt])
    narrow = AnomalyParams(members=("error-z",), beside=(), nets=2, nets_large=2, steps=500, seed=seed)
    autoencoder = AnomalyDetector(narrow).fit(rows[learnt], list(COLUMNS))
    found = {
        "rules": red_flags(frame),
        "knn_z": near.kneighbors(standard)[0].mean(axis=1),
        "isolation_forest": -forest.score_samples(standard),
        "narrow_autoencoder": autoencoder.raw(rows)["error-z"],
    }
    return {name: pd.Series(scores, index=frame.index) for name, scores in found.items()}


def _standard(rows: Floats, normals: Floats) -> Floats:
    known = ~np.isnan(normals)
    count = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, normals, 0.0)
    centre = filled.sum(axis=0) / count
    spread = np.sqrt(np.where(known, (normals - centre) ** 2, 0.0).sum(axis=0) / count)
    scaled = (rows - centre) / np.where(spread > 1e-9, spread, 1.0)
    return np.where(np.isnan(scaled), 0.0, scaled)
