"""The forest that a lot's price must beat: 100 trees on seven plain attributes, one forest per commodity (INR/quintal)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mandi.core.errors import ContractError

if TYPE_CHECKING:
    from pandas import DataFrame, Series

READS = ("quantity", "staple_length_mm", "micronaire", "supplier_credit_score", "distance_from_port_km", "month",
         "day_of_week")  # fmt: skip
TREES = 100
LEAST_LOTS = 30


def forest_prices(frame: DataFrame, seed: int) -> Series:
    """Price every lot by a random forest fitted on the training lots of its commodity.

    It knows neither the market's level nor its past, which is what a first design without point-in-time features
    amounts to.

    Parameters
    ----------
    frame : DataFrame
        Assembled questions with ``kind``, ``commodity``, ``part``, ``label`` (INR/quintal) and the seven attributes.
    seed : int

    Returns
    -------
    Series
        INR/quintal on the index of ``frame``; NaN for market questions and for commodities with fewer than 30
        training lots.

    Raises
    ------
    ContractError
        A column is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({name: 1.0 for name in READS}, index=range(40))
    >>> rows = rows.assign(kind="lot", commodity="cotton", part="train", label=7000.0)
    >>> float(forest_prices(rows, seed=1).iloc[0])
    7000.0
    """
    import pandas as pd
    from sklearn.ensemble import RandomForestRegressor

    missing = [name for name in ("kind", "commodity", "part", "label", *READS) if name not in frame]
    if missing:
        raise ContractError(f"the frame has no {', '.join(missing)}", allowed=", ".join(READS))
    prices = pd.Series(float("nan"), index=frame.index)
    for _, lots in frame[frame["kind"] == "lot"].groupby("commodity", sort=True):
        learned = lots[(lots["part"] == "train") & lots["label"].notna()]
        if len(learned) < LEAST_LOTS:
            continue
        forest = RandomForestRegressor(n_estimators=TREES, random_state=seed, n_jobs=1)
        forest.fit(learned[list(READS)].to_numpy(float), learned["label"].to_numpy(float))
        prices.loc[lots.index] = forest.predict(lots[list(READS)].to_numpy(float))
    return prices
