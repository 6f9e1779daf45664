"""What the best possible model of each task would reach on the last months of the generated market.

Price floors in INR/quintal, demand errors in percent, grades as macro-F1, fraud as precision and recall, matches as
the share of wants served among the first five.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from mandi.tables.market_crops import GRADES
from mandi.tables.market_reports import DEMAND_KEEP, Reporting, festival_rush

LAST_DAYS = 182


def price_floors(struck: pd.DataFrame, latent: pd.DataFrame, last_days: int = LAST_DAYS) -> dict[str, Any]:
    """Measure the oracles of the lot price on the last days.

    Three oracles know every parameter and every attribute of the lot: ``full`` also the level of the moment (only
    bargaining is left), ``known`` the latent levels up to the day before, ``public`` only the public reports up to the
    day before (`market_oracle`). The floor no model of public data can beat is ``public``; ``known`` is lower.

    Parameters
    ----------
    struck, latent : DataFrame
        Trades and their latent frame with ``oracle_full, oracle_known`` and, if computed, ``oracle_public``; also
        ``last_report`` and ``last_lots`` (the naive prices: the market's last reported modal price, its last lots').
    last_days : int

    Returns
    -------
    dict
        ``pooled`` and one entry per commodity: ``n``, ``mean_price``, and for each oracle and each naive price
        ``mae``, ``rmse`` (INR/quintal), ``r2`` (plain) and ``r2_within`` (about the mean of each commodity).
    """
    recent = latent["day_number"] > latent["day_number"].max() - last_days
    trades, known = struck[recent], latent[recent]
    floors: dict[str, Any] = {"last_days": last_days, "pooled": _price_row(trades, known), "by_commodity": {}}
    for name, part in trades.groupby("commodity"):
        floors["by_commodity"][str(name)] = _price_row(part, known.loc[part.index])
    best = "public" if "oracle_public" in latent else "known"
    floors["floor"] = floors["pooled"][best]["mae"]
    floors["floor_known"] = floors["pooled"]["known"]["mae"]
    floors["floor_full"] = floors["pooled"]["full"]["mae"]
    return floors


def demand_floors(
    told: dict[str, Reporting], calendar: pd.DataFrame, last_days: int = LAST_DAYS, horizon: int = 30
) -> dict[str, Any]:
    """Measure the oracle of arrivals up to 30 days ahead: it knows every parameter and today's demand factor.

    Returns
    -------
    dict
        By commodity ``mape_daily`` (working days) and ``mape_weekly`` (sums of 7 days), percent, over origins one week
        apart in the last days.
    """
    days = len(calendar)
    rush = festival_rush(calendar)
    working = calendar["openness"].to_numpy() > 0.5
    origins = np.arange(max(0, days - last_days), days - horizon, 7)
    floors: dict[str, Any] = {}
    for name, own in told.items():
        base = (own.expected_arrivals * own.usual_chance).sum(axis=1) * np.exp(-own.demand)
        actual = own.arrivals.sum(axis=1)
        daily, weekly = [], []
        for origin in origins:
            ahead = np.arange(1, horizon + 1)
            kept = DEMAND_KEEP**ahead * (own.demand[origin] - rush[origin])
            guess = base[origin + ahead] * np.exp(kept + rush[origin + ahead])
            came = actual[origin + ahead]
            fair = working[origin + ahead] & (came > 0)
            daily.append(np.abs(guess - came)[fair] / came[fair])
            whole = 7 * (horizon // 7)
            sums = came[:whole].reshape(-1, 7).sum(axis=1)
            ok = sums > 0
            weekly.append(np.abs(guess[:whole].reshape(-1, 7).sum(axis=1) - sums)[ok] / sums[ok])
        if len(origins):
            floors[name] = {
                "mape_daily": float(100 * np.concatenate(daily).mean()),
                "mape_weekly": float(100 * np.concatenate(weekly).mean()),
            }
    return floors


def quality_ceiling(
    sheet: pd.DataFrame, day_number: np.ndarray, last_days: int = LAST_DAYS
) -> dict[str, float]:
    """Measure the macro-F1 of two graders who know the grading index: one also knows each inspector's bias.

    Returns
    -------
    dict
        ``f1_rule`` (no inspector), ``f1_with_bias``, ``agreement`` (share of grades equal to the rule's).
    """
    recent = np.asarray(day_number) > np.max(day_number) - last_days
    given = sheet["grade"].to_numpy()[recent]
    rule, biased = sheet["true_grade"].to_numpy()[recent], sheet["biased_grade"].to_numpy()[recent]
    return {
        "f1_rule": macro_f1(given, rule),
        "f1_with_bias": macro_f1(given, biased),
        "agreement": float((given == rule).mean()),
    }


def fraud_ceiling(
    truth: pd.DataFrame, day_number: np.ndarray, last_days: int = LAST_DAYS
) -> dict[str, float]:
    """Measure precision and recall of who flags every trade that carries a trace.

    Returns
    -------
    dict
        ``precision``, ``recall``, ``prevalence``, ``cases``.
    """
    recent = truth[np.asarray(day_number) > np.max(day_number) - last_days]
    traced, guilty = recent["looks_like"] != "", recent["kind"] != ""
    both = int((traced & guilty).sum())
    return {
        "precision": both / max(int(traced.sum()), 1),
        "recall": both / max(int(guilty.sum()), 1),
        "prevalence": float(guilty.mean()),
        "cases": int(guilty.sum()),
    }


def matching_ceiling(
    pairs: pd.DataFrame, wants: pd.DataFrame, last_days: int = LAST_DAYS
) -> dict[str, float]:
    """Measure how often the first five by true utility hold an offer that was taken, over wants with ten offers or more.

    Returns
    -------
    dict
        ``top5`` of the true utility, ``chance`` of five drawn blindly, ``wants``, ``offers_per_want``.
    """
    newest = wants["event_time"].max()
    recent = set(wants.loc[wants["event_time"] > newest - pd.Timedelta(days=last_days), "requirement_id"])
    part = pairs[pairs["requirement_id"].isin(recent)]
    size = part.groupby("requirement_id")["accepted"].transform("size")
    part = part[size >= 10]
    if part.empty:
        return {"top5": float("nan"), "chance": float("nan"), "wants": 0, "offers_per_want": 0.0}
    place = part.groupby("requirement_id")["utility"].rank(ascending=False, method="first")
    hit = (part["accepted"] * (place <= 5)).groupby(part["requirement_id"]).max()
    groups = part.groupby("requirement_id")["accepted"]
    count, taken = groups.size().to_numpy(), groups.sum().to_numpy()
    missed = np.ones(len(count))
    for k in range(5):
        missed *= np.maximum(count - taken - k, 0) / (count - k)
    return {
        "top5": float(hit.mean()),
        "chance": float((1 - missed).mean()),
        "wants": len(hit),
        "offers_per_want": float(count.mean()),
    }


def macro_f1(given: np.ndarray, said: np.ndarray) -> float:
    """Return the mean over grades A to D of the F1 score; a grade that never occurs is left out.

    Examples
    --------
    >>> macro_f1(np.array(["A", "A", "B"]), np.array(["A", "B", "B"]))
    0.6666666666666666
    """
    scores = []
    for grade in GRADES:
        hits = int(((given == grade) & (said == grade)).sum())
        either = int((given == grade).sum()) + int((said == grade).sum())
        if either:
            scores.append(2 * hits / either)
    return float(np.mean(scores))


def last_reports(told: Reporting) -> np.ndarray:
    """Return the last reported modal price (INR/quintal) of each market before each day, days x markets."""
    seen = pd.DataFrame(np.exp(told.observed)).ffill().shift(1)
    return seen.bfill().to_numpy()


def last_lots(struck: pd.DataFrame, count: int = 5) -> np.ndarray:
    """Return the mean price (INR/quintal) of the last settled lots of the same commodity and market before each trade.

    Where none has settled yet, the commodity's last settled lots anywhere stand in; NaN with none at all.

    Parameters
    ----------
    struck : DataFrame
        The trades table.
    count : int
        How many lots.

    Examples
    --------
    >>> when = pd.to_datetime(["2024-01-01", "2024-01-05", "2024-01-20"], utc=True).astype("datetime64[ns, UTC]")
    >>> lots = pd.DataFrame({"commodity": "tur", "market": "Latur", "price": [100.0, 110.0, 120.0],
    ...                      "event_time": when, "known_time": when + pd.Timedelta(days=7)})
    >>> last_lots(lots).tolist()
    [nan, nan, 105.0]
    """
    asked = struck[["commodity", "market", "event_time"]].reset_index(names="row").sort_values("event_time")
    found = []
    for keys in (["commodity", "market"], ["commodity"]):
        seen = struck.sort_values("known_time", kind="stable")
        mean = seen.groupby(keys)["price"].rolling(count, min_periods=1).mean()
        seen = seen.assign(mean=mean.droplevel(list(range(len(keys)))))
        joined = pd.merge_asof(
            asked, seen[[*keys, "known_time", "mean"]], left_on="event_time", right_on="known_time", by=keys,
            allow_exact_matches=False,
        )  # fmt: skip
        found.append(joined.set_index("row")["mean"].reindex(struck.index))
    return found[0].fillna(found[1]).to_numpy()


def _price_row(trades: pd.DataFrame, known: pd.DataFrame) -> dict[str, Any]:
    price = trades["price"].to_numpy()
    own_mean = trades.groupby("commodity")["price"].transform("mean").to_numpy()
    row: dict[str, Any] = {"n": len(trades), "mean_price": float(price.mean())}
    for name, column in (
        ("full", "oracle_full"), ("known", "oracle_known"), ("public", "oracle_public"), ("last_report", "last_report"),
        ("last_lots", "last_lots"),
    ):  # fmt: skip
        if column not in known or known[column].isna().any():
            continue
        error = price - known[column].to_numpy()
        row[name] = {
            "mae": float(np.abs(error).mean()),
            "rmse": float(np.sqrt((error**2).mean())),
            "r2": float(1 - (error**2).sum() / ((price - price.mean()) ** 2).sum()),
            "r2_within": float(1 - (error**2).sum() / ((price - own_mean) ** 2).sum()),
        }
    return row
