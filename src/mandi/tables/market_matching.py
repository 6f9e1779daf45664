"""Offers and wants of the generated market, and who took what: hard constraints first, then a latent utility.

Prices in INR/quintal, quantities in quintals, distances in km. A buyer sees the offers that can serve him and takes the
one of the highest utility plus a taste of the moment (Gumbel), sometimes a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mandi.tables.market_crops import GRADES, crop
from mandi.tables.market_levels import Levels
from mandi.tables.market_params import MarketParams
from mandi.tables.market_partners import Partners
from mandi.tables.market_places import kilometres

ASK_STEP = np.array([0.015, 0.0, -0.015, -0.040])
SHOWN_AT_MOST = 30
MOMENT = 0.35
"""Scale of the taste of the moment, assumed."""
SECOND_DEAL = 0.3


@dataclass(frozen=True)
class Matching:
    """Tables of the matching task and the latent utility of every pair shown (``truth``)."""

    availabilities: pd.DataFrame
    requirements: pd.DataFrame
    outcomes: pd.DataFrame
    truth: pd.DataFrame


def matching(
    params: MarketParams, cells: pd.DataFrame, towns: pd.DataFrame, drawn: dict[str, Levels], who: Partners
) -> Matching:
    """Post offers and wants, show each want the offers that can serve it, and record what was taken.

    Parameters
    ----------
    params : MarketParams
    cells, towns : DataFrame
        From `market_places`.
    drawn : dict of str to Levels
    who : Partners

    Returns
    -------
    Matching
        ``truth`` has ``requirement_id, availability_id, utility, accepted``.
    """
    rng = params.rng("matching")
    offers = _offers(params, rng, cells, drawn, who)
    wants = _wants(params, rng, towns, drawn, who)
    place = pd.Index(towns["market"])
    latitude, longitude = towns["latitude"].to_numpy(), towns["longitude"].to_numpy()
    apart = kilometres(latitude[:, None], longitude[:, None], latitude, longitude)
    offers["town"] = place.get_indexer(pd.Index(offers["market"]))
    wants["town"] = place.get_indexer(pd.Index(wants["market"]))
    pairs = _pairs(rng, offers, wants, apart, who)
    when = (
        wants.set_index("requirement_id")["event_time"]
        .reindex(pairs["requirement_id"])
        .reset_index(drop=True)
    )
    when = when + pd.Timedelta(hours=2)
    answered = when + pd.to_timedelta(rng.integers(12, 96, len(pairs)), unit="h")
    outcomes = pairs[["availability_id", "requirement_id", "accepted"]].assign(
        event_time=when, known_time=answered
    )
    return Matching(
        availabilities=offers[OFFER_COLUMNS],
        requirements=wants[WANT_COLUMNS],
        outcomes=outcomes,
        truth=pairs,
    )


OFFER_COLUMNS = [
    "availability_id", "seller_id", "commodity", "market", "variety", "grade", "quantity", "ask_price", "ready_from",
    "ready_until", "event_time", "known_time",
]  # fmt: skip
WANT_COLUMNS = [
    "requirement_id", "buyer_id", "commodity", "market", "min_grade", "quantity", "max_price", "max_distance_km",
    "deliver_from", "deliver_until", "event_time", "known_time",
]  # fmt: skip


def _moments(params: MarketParams, rng: np.random.Generator, day: np.ndarray) -> pd.Series:
    start = pd.Timestamp(params.start, tz="UTC")
    stamps = (
        start + pd.to_timedelta(day, unit="D") + pd.to_timedelta(rng.integers(180, 720, len(day)), unit="min")
    )
    return pd.Series(stamps).astype("datetime64[ns, UTC]")


def _window(moment: pd.Series, begin: np.ndarray, length: np.ndarray) -> tuple[pd.Series, pd.Series]:
    first = moment.dt.normalize() + pd.to_timedelta(begin, unit="D")
    return first, first + pd.to_timedelta(length, unit="D")


def _offers(
    params: MarketParams,
    rng: np.random.Generator,
    cells: pd.DataFrame,
    drawn: dict[str, Levels],
    who: Partners,
) -> pd.DataFrame:
    n = rng.poisson(params.availabilities_per_day * params.days)
    share = np.array([crop(c).share_of_lots for c in cells["commodity"]]) * cells["size"].to_numpy()
    share = 0.5 * share / share.sum() + 0.5 / len(cells)
    cell = rng.choice(len(cells), n, p=share)
    day = np.sort(rng.integers(0, params.days, n))
    seller = rng.choice(len(who.supplier_ids), n, p=who.supplier_activity / who.supplier_activity.sum())
    grade = rng.choice(4, n, p=[0.27, 0.34, 0.24, 0.15])
    frame = pd.DataFrame({"day": day, "seller": seller, "grade_number": grade})
    frame["commodity"] = cells["commodity"].to_numpy()[cell]
    frame["market"] = cells["market"].to_numpy()[cell]
    level, median = np.empty(n), np.empty(n)
    variety = np.empty(n, dtype=object)
    for name, rows in frame.groupby("commodity").indices.items():
        kind, own = crop(str(name)), drawn[str(name)]
        column = pd.Index(own.cells["market"]).get_indexer(pd.Index(frame["market"].to_numpy()[rows]))
        level[rows] = own.log_level[day[rows], column]
        median[rows] = kind.lot_quintals
        picked = rng.integers(0, len(kind.varieties), len(rows))
        level[rows] += np.array([p for _, p in kind.varieties])[picked]
        variety[rows] = np.array([v for v, _ in kind.varieties], dtype=object)[picked]
    ask = np.exp(level + ASK_STEP[grade] + 0.010 + 0.020 * rng.standard_normal(n))
    frame["seller_id"] = who.supplier_ids[seller]
    frame["variety"] = variety
    frame["grade"] = np.array(GRADES, dtype=object)[grade]
    frame["quantity"] = np.maximum((median * np.exp(0.7 * rng.standard_normal(n))).round(0), 2.0)
    frame["ask_price"] = np.maximum(ask.round(0), 1.0)
    frame["event_time"] = _moments(params, rng, day)
    frame["known_time"] = frame["event_time"]
    frame = frame.sort_values("event_time", kind="stable").reset_index(drop=True)
    frame["ready_from"], frame["ready_until"] = _window(
        frame["event_time"], rng.integers(0, 4, n), rng.integers(12, 30, n)
    )
    frame.insert(0, "availability_id", [f"O{i:06d}" for i in range(n)])
    return frame


def _wants(
    params: MarketParams,
    rng: np.random.Generator,
    towns: pd.DataFrame,
    drawn: dict[str, Levels],
    who: Partners,
) -> pd.DataFrame:
    n = rng.poisson(params.requirements_per_day * params.days)
    names = list(drawn)
    day = np.sort(rng.integers(0, params.days, n))
    commodity = np.array(names, dtype=object)[rng.integers(0, len(names), n)]
    buyer = rng.choice(len(who.buyer_ids), n, p=who.buyer_activity / who.buyer_activity.sum())
    least = rng.choice(4, n, p=[0.08, 0.27, 0.35, 0.30])
    national = np.array([drawn[c].national[d] for c, d in zip(commodity, day)])
    median = np.array([crop(c).lot_quintals for c in commodity])
    dearest = np.exp(national + 0.055 + 0.025 * rng.standard_normal(n))
    frame = pd.DataFrame(
        {
            "buyer": buyer,
            "least": least,
            "buyer_id": who.buyer_ids[buyer],
            "commodity": commodity,
            "market": towns["market"].to_numpy()[who.buyer_home[buyer]],
            "min_grade": np.array(GRADES, dtype=object)[least],
            "quantity": np.maximum((median * np.exp(0.6 * rng.standard_normal(n))).round(0), 2.0),
            "max_price": np.maximum(dearest.round(0), 1.0),
            "max_distance_km": rng.choice([500.0, 800.0, 1200.0, 2500.0], n, p=[0.15, 0.3, 0.35, 0.2]),
            "event_time": _moments(params, rng, day),
        }
    )
    frame["known_time"] = frame["event_time"]
    frame = frame.sort_values("event_time", kind="stable").reset_index(drop=True)
    frame["deliver_from"], frame["deliver_until"] = _window(
        frame["event_time"], rng.integers(1, 6, n), rng.integers(8, 25, n)
    )
    frame.insert(0, "requirement_id", [f"R{i:06d}" for i in range(n)])
    return frame


def _pairs(
    rng: np.random.Generator, offers: pd.DataFrame, wants: pd.DataFrame, apart: np.ndarray, who: Partners
) -> pd.DataFrame:
    parts: list[pd.DataFrame] = []
    by_commodity = {name: part.reset_index(drop=True) for name, part in offers.groupby("commodity")}
    columns = {
        name: {c: part[c].to_numpy() for c in ("town", "grade_number", "quantity", "ask_price", "seller")}
        | {c: part[c].to_numpy("datetime64[ns]") for c in ("event_time", "ready_from", "ready_until")}
        for name, part in by_commodity.items()
    }
    longest = np.timedelta64(40, "D")
    want: Any
    for want in wants.itertuples(index=False):
        if want.commodity not in columns:
            continue
        own = columns[want.commodity]
        now = np.datetime64(want.event_time.tz_localize(None))
        until, since = (np.datetime64(t.tz_localize(None)) for t in (want.deliver_until, want.deliver_from))
        window = np.array([now - longest, now])
        rows = np.arange(*np.searchsorted(own["event_time"], window))
        distance = apart[want.town, own["town"][rows]]
        able = (
            (own["grade_number"][rows] <= want.least)
            & (own["ask_price"][rows] <= want.max_price)
            & (distance <= want.max_distance_km)
            & (own["ready_from"][rows] <= until)
            & (own["ready_until"][rows] >= since)
        )
        rows, distance = rows[able], distance[able]
        if len(rows) == 0:
            continue
        if len(rows) > SHOWN_AT_MOST:
            kept = np.sort(rng.permutation(len(rows))[:SHOWN_AT_MOST])
            rows, distance = rows[kept], distance[kept]
        worth = _utility(want, own, rows, distance, who)
        mood = worth + MOMENT * rng.gumbel(size=len(rows))
        order = np.argsort(-mood, kind="stable")
        accepted = np.zeros(len(rows), dtype=int)
        accepted[order[: 1 + int(rng.random() < SECOND_DEAL)]] = 1
        parts.append(
            pd.DataFrame(
                {
                    "requirement_id": want.requirement_id,
                    "availability_id": by_commodity[want.commodity]["availability_id"].to_numpy()[rows],
                    "utility": worth,
                    "accepted": accepted,
                }
            )
        )
    if not parts:
        return pd.DataFrame(columns=["requirement_id", "availability_id", "utility", "accepted"])
    return pd.concat(parts, ignore_index=True)


def _utility(
    want: Any, own: dict[str, np.ndarray], rows: np.ndarray, distance: np.ndarray, who: Partners
) -> np.ndarray:  # fmt: skip
    buyer, least = want.buyer, want.least
    saved = (want.max_price - own["ask_price"][rows]) / want.max_price
    ratio = np.log(own["quantity"][rows] / want.quantity)
    better = np.minimum(least - own["grade_number"][rows], 2)
    seller = own["seller"][rows]
    liking = who.style[seller] @ who.taste[buyer] / 2.0
    return (
        25.0 * saved
        - 1.1 * (distance / 500.0) ** 1.3
        + np.where(better >= 1, 0.45, 0.0)
        + np.where(better >= 2, 0.20, 0.0)
        - 1.2 * np.maximum(-ratio, 0)
        - 0.3 * np.maximum(ratio, 0)
        + 0.7 * liking
        + 0.6 * who.reliability[seller]
    )
