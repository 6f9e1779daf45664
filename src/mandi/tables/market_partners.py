"""Suppliers, buyers and inspectors of the generated market: latent character that drifts, credit scores that lag it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mandi.tables.market_params import MarketParams

CREDIT_CENTRE, CREDIT_SCALE = 62.0, 13.0
REVIEW_DAYS = 120
MONTH = 30


@dataclass(frozen=True)
class Partners:
    """Latent side of the partners.

    ``supplier_home`` and ``buyer_home`` are market numbers, ``activity`` relative volumes, ``character`` (months x
    suppliers) the quality character in standard deviations, ``credit`` (reviews x suppliers) the public score 0-100,
    ``goodwill`` (months x suppliers) a log price effect nobody publishes, ``inspector_bias`` and ``inspector_slip``
    what each inspector adds to the grading index and how often a grade is simply wrong, ``taste`` and ``style`` latent
    affinities of buyers and suppliers (4 numbers each).
    """

    supplier_ids: np.ndarray
    buyer_ids: np.ndarray
    inspector_ids: np.ndarray
    supplier_home: np.ndarray
    buyer_home: np.ndarray
    supplier_activity: np.ndarray
    buyer_activity: np.ndarray
    character: np.ndarray
    reliability: np.ndarray
    credit: np.ndarray
    goodwill: np.ndarray
    inspector_bias: np.ndarray
    inspector_slip: np.ndarray
    taste: np.ndarray
    style: np.ndarray

    def credit_on(self, day_number: np.ndarray, supplier: np.ndarray) -> np.ndarray:
        """Return the public credit score of each supplier on each day number (days since the start)."""
        return self.credit[day_number // REVIEW_DAYS, supplier]

    def character_on(self, day_number: np.ndarray, supplier: np.ndarray) -> np.ndarray:
        """Return the quality character of each supplier on each day number."""
        return self.character[day_number // MONTH, supplier]

    def goodwill_on(self, day_number: np.ndarray, supplier: np.ndarray) -> np.ndarray:
        """Return the unpublished goodwill (log price) of each supplier on each day number."""
        return self.goodwill[day_number // MONTH, supplier]


def partners(params: MarketParams, towns: pd.DataFrame) -> Partners:
    """Draw the partners.

    Parameters
    ----------
    params : MarketParams
    towns : DataFrame
        From `market_places.places`.

    Returns
    -------
    Partners
    """
    rng = params.rng("partners")
    suppliers, buyers, inspectors = params.suppliers, params.buyers, params.inspectors
    weight = towns["size"].to_numpy() / towns["size"].sum()
    first = np.arange(suppliers) % len(towns)
    spread = rng.choice(len(towns), suppliers, p=weight)
    home = np.where(np.arange(suppliers) < len(towns), first, spread)
    months = params.days // MONTH + 2
    reviews = params.days // REVIEW_DAYS + 2
    quality = 0.8 * rng.standard_normal(suppliers)
    drift = np.cumsum(0.06 * rng.standard_normal((months, suppliers)), axis=0)
    reliability = rng.standard_normal(suppliers)
    slow = np.cumsum(0.15 * rng.standard_normal((reviews, suppliers)), axis=0)
    score = CREDIT_CENTRE + CREDIT_SCALE * (
        0.8 * reliability + 0.4 * slow + 0.3 * rng.standard_normal((reviews, suppliers))
    )
    goodwill = 0.002 * rng.standard_normal(suppliers) + np.cumsum(
        0.0003 * rng.standard_normal((months, suppliers)), axis=0
    )
    slip = np.full(inspectors, 0.004)
    slip[: max(1, inspectors // 6)] = 0.03
    return Partners(
        supplier_ids=np.array([f"S{n:04d}" for n in range(suppliers)], dtype=object),
        buyer_ids=np.array([f"B{n:04d}" for n in range(buyers)], dtype=object),
        inspector_ids=np.array([f"I{n:03d}" for n in range(inspectors)], dtype=object),
        supplier_home=home,
        buyer_home=rng.choice(len(towns), buyers, p=weight),
        supplier_activity=np.exp(0.8 * rng.standard_normal(suppliers)),
        buyer_activity=np.exp(0.8 * rng.standard_normal(buyers)),
        character=quality[None, :] + drift,
        reliability=reliability,
        credit=np.clip(score, 5, 98).round(0),
        goodwill=goodwill,
        inspector_bias=0.035 * rng.standard_normal(inspectors),
        inspector_slip=slip,
        taste=rng.standard_normal((buyers, 4)),
        style=rng.standard_normal((suppliers, 4)),
    )


def partners_table(params: MarketParams, who: Partners, towns: pd.DataFrame) -> pd.DataFrame:
    """Return the table of partners: a row at the start and one per change of the credit score.

    Returns
    -------
    DataFrame
        ``partner_id, role, name, state, market, credit_score, event_time, known_time``.
    """
    rng = params.rng("partners")
    rng = np.random.default_rng(rng.integers(2**32, size=4))
    start = pd.Timestamp(params.start, tz="UTC")
    reviews = range(params.days // REVIEW_DAYS + 1)
    buyer_credit = np.clip(CREDIT_CENTRE + 8 + 10 * rng.standard_normal(len(who.buyer_ids)), 5, 98).round(0)
    rows = []
    for role, ids, homes, kinds in (
        ("supplier", who.supplier_ids, who.supplier_home, ("Traders", "Farmers Producer Company", "Agro")),
        ("buyer", who.buyer_ids, who.buyer_home, ("Mills", "Industries", "Exports")),
    ):
        for number, (partner, home) in enumerate(zip(ids, homes, strict=True)):
            town = towns.iloc[home]
            last = None
            for review in reviews:
                score = (
                    float(who.credit[review, number]) if role == "supplier" else float(buyer_credit[number])
                )
                if score == last:
                    continue
                last = score
                name = f"{town['market']} {kinds[number % 3]} {number + 1}"
                when = start + pd.Timedelta(days=REVIEW_DAYS * review)
                rows.append((partner, role, name, town["state"], town["market"], score, when, when))
    columns = ["partner_id", "role", "name", "state", "market", "credit_score", "event_time", "known_time"]
    frame = pd.DataFrame(rows, columns=columns)
    for column in ("event_time", "known_time"):
        frame[column] = frame[column].astype("datetime64[ns, UTC]")
    return frame.sort_values(["known_time", "partner_id"], kind="stable").reset_index(drop=True)
