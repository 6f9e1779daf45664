"""A frame of made-up deals: honest ones that hang together, and fraud that is odd in a few columns."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mandi.features.fraud import COLUMNS
from mandi.models.detection.fraud_fields import PAYMENT

FLAT = ("vehicle_differs", "payee_differs", "eway_over_invoice")
ODD = ("invoice_over_value", "vehicle_places", "account_switched")
SMALL = {
    "members": ("knn-z", "latent-z", "error-z"), "beside": (), "nets": 2, "nets_large": 2, "steps": 60, "full_steps": 60,
    "reference": 300, "latent_reference": 200, "calibration": 400,
}  # fmt: skip


def deals(count: int = 1500, share: float = 0.14, seed: int = 0) -> pd.DataFrame:
    """Return ``count`` deals in order of time with parts, labels and every input of the model."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(count, 4))
    rows = hidden @ rng.normal(size=(4, len(COLUMNS))) + 0.3 * rng.normal(size=(count, len(COLUMNS)))
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame[list(FLAT)] = 0.0
    label = (rng.random(count) < share).astype(float)
    for name in ODD:
        frame.loc[label == 1.0, name] += rng.uniform(6.0, 12.0, int(label.sum()))
    unpaid = rng.random(count) < 0.02
    frame.loc[unpaid, list(PAYMENT)] = np.nan
    when = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(np.arange(count), unit="h")
    part = np.select(
        [np.arange(count) < count * share_ for share_ in (0.5, 0.65, 0.85)],
        ["train", "validation", "calibration"],
        "test",
    )
    return frame.assign(
        label=label, part=part, asof=when, label_known_time=when + pd.Timedelta(hours=20), fraud_kind=np.where(label == 1.0, "odd", ""),
        trade_id=[f"T{i}" for i in range(count)], commodity="wheat",
    )  # fmt: skip
