"""What one who knew the generated market would have erred by (INR per quintal), to stand beside every lot metric.

Three oracles know every parameter and the lot's true attributes. ``public`` has read the public reports with a robust
Kalman filter of the true parameters: a very strong reference, not a proven bound, since noise with fat tails leaves room for
a better filter. ``known`` is told the market's true level up to the last public moment, ``full`` that of the decision
itself: what ``full`` still misses is bargaining. A model's error is shown over both ``public`` and ``known``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from mandi.core.errors import ContractError
from mandi.evaluation import metrics

ORACLES = {"public": "oracle_public", "known": "oracle_known", "full": "oracle_full"}
PREFIXES = {"public": "lot.floor", "known": "lot.floor_known", "full": "lot.floor_full"}


def oracle_prices(frame: pd.DataFrame, truth: Mapping[str, Any]) -> pd.DataFrame:
    """Look up what the oracles would have answered to each question about a lot.

    Parameters
    ----------
    frame : DataFrame
        Questions with ``kind`` and ``trade_id``.
    truth : mapping
        Of the generated market; ``truth["frames"]["trades"]`` holds ``trade_id, oracle_public, oracle_known,
        oracle_full``.

    Returns
    -------
    DataFrame
        ``public``, ``known``, ``full`` (INR per quintal) on the index of ``frame``; NaN for market questions.

    Raises
    ------
    ContractError
        The frame has no ``trade_id``, or the truth names one twice.

    Examples
    --------
    >>> frame = pd.DataFrame({"kind": ["lot", "market"], "trade_id": ["T1", None]})
    >>> told = pd.DataFrame({"trade_id": ["T1"], "oracle_public": [4020.0], "oracle_known": [4010.0], "oracle_full": [4000.0]})
    >>> oracle_prices(frame, {"frames": {"trades": told}}).to_dict(orient="list")
    {'public': [4020.0, nan], 'known': [4010.0, nan], 'full': [4000.0, nan]}
    """
    if "trade_id" not in frame:
        raise ContractError(
            'frame has no column "trade_id"', allowed="questions about the trades of the truth"
        )
    told = truth["frames"]["trades"].set_index("trade_id")
    if not told.index.is_unique:
        raise ContractError("the truth names a trade twice", allowed="one row per trade_id")
    asked = frame["trade_id"].where(frame["kind"] == "lot")
    return pd.DataFrame({name: asked.map(told[column]).astype(float) for name, column in ORACLES.items()})


def floor_metrics(rows: pd.DataFrame, oracles: pd.DataFrame) -> dict[str, float]:
    """Measure the oracles on the very rows a model was measured on.

    Parameters
    ----------
    rows : DataFrame
        Answered questions: ``kind``, ``label``, ``predicted_price``.
    oracles : DataFrame
        From ``oracle_prices``; covers the index of ``rows``.

    Returns
    -------
    dict of str to float
        ``lot.floor_mae`` and ``lot.floor_r2`` (oracle ``public``), the same of ``lot.floor_known`` and
        ``lot.floor_full``, ``lot.floor_rows``, and the model's MAE over an oracle's on the same rows: ``lot.floor_ratio``
        over ``public``, ``lot.floor_known_ratio`` over ``known``. Empty when there is no lot whose truth is known.

    Examples
    --------
    >>> rows = pd.DataFrame({"kind": "lot", "label": [100.0, 200.0], "predicted_price": [106.0, 194.0]})
    >>> oracles = pd.DataFrame({"public": [104.0, 196.0], "known": [102.0, 198.0], "full": [101.0, 199.0]})
    >>> found = floor_metrics(rows, oracles)
    >>> found["lot.floor_mae"], found["lot.floor_ratio"], found["lot.floor_known_ratio"], found["lot.floor_full_mae"]
    (4.0, 1.5, 3.0, 1.0)
    """
    told = oracles.reindex(rows.index)
    lots = rows[(rows["kind"] == "lot") & told.notna().all(axis=1)]
    if len(lots) == 0:
        return {}
    found = {"lot.floor_rows": float(len(lots))}
    for name, prefix in PREFIXES.items():
        guess = told.loc[lots.index, name]
        found[f"{prefix}_mae"] = metrics.mae(lots["label"], guess)
        found[f"{prefix}_r2"] = metrics.r2(lots["label"], guess)
    missed = metrics.mae(lots["label"], lots["predicted_price"])
    for prefix in (PREFIXES["public"], PREFIXES["known"]):
        least = found[f"{prefix}_mae"]
        found[f"{prefix}_ratio"] = missed / least if least > 0 else float("nan")
    return found


def floor_text(found: Mapping[str, float]) -> str:
    """Say both ratios in a line; empty where there is no truth.

    Examples
    --------
    >>> found = {"lot.floor_ratio": 1.12, "lot.floor_mae": 42.6, "lot.floor_known_ratio": 1.28, "lot.floor_known_mae": 37.2}
    >>> floor_text(found)
    'lots: MAE 1.120 x that of the public oracle (42.6), 1.280 x that of the one told the levels up to the day before (37.2)'
    """
    if "lot.floor_ratio" not in found:
        return ""
    return (
        f"lots: MAE {found['lot.floor_ratio']:.3f} x that of the public oracle ({found['lot.floor_mae']:.1f}), "
        f"{found['lot.floor_known_ratio']:.3f} x that of the one told the levels up to the day before "
        f"({found['lot.floor_known_mae']:.1f})"
    )


def floor_by_commodity(rows: pd.DataFrame, oracles: pd.DataFrame) -> pd.DataFrame:
    """Show the model's error over the floor for each commodity.

    Returns
    -------
    DataFrame
        ``commodity, rows, mae, floor_mae, floor_known_mae, floor_full_mae`` (INR per quintal), ``floor_ratio``,
        ``floor_known_ratio``, ``r2``, ``floor_r2``.
    """
    table = []
    for commodity, group in rows[rows["kind"] == "lot"].groupby("commodity", sort=True):
        found = floor_metrics(group, oracles)
        if not found:
            continue
        table.append(
            {
                "commodity": commodity,
                "rows": len(group),
                "mae": metrics.mae(group["label"], group["predicted_price"]),
                **{
                    key: found[f"lot.{key}"]
                    for key in (
                        "floor_mae",
                        "floor_known_mae",
                        "floor_full_mae",
                        "floor_ratio",
                        "floor_known_ratio",
                    )
                },
                "r2": metrics.r2(group["label"], group["predicted_price"]),
                "floor_r2": found["lot.floor_r2"],
            }
        )
    return pd.DataFrame(table)
