"""Fraud in the generated market: which trades, by whom (rings included), what it leaves on the papers, when it is found.

Five kinds. Some cases leave no trace (stealth) and some honest trades carry the same trace (look-alikes), so that the
best possible precision and recall are known and below one. Shares and sizes are assumed: no public file has them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mandi.tables.market_crops import GRADES, crop
from mandi.tables.market_lots import ASSAY_COLUMNS
from mandi.tables.market_papers import documents_table, papers, payments_table
from mandi.tables.market_params import MarketParams
from mandi.tables.market_partners import Partners

SHARES = {
    "over_invoicing": 0.30,
    "wash_trade": 0.20,
    "forged_documents": 0.20,
    "quality_substitution": 0.15,
    "payment_diversion": 0.15,
}
SUPPLIERS_PER_RING = 50
FOUND_AFTER_DAYS = (20, 120)


@dataclass(frozen=True)
class Mischief:
    """Trades after fraud, their papers and payments, extra assays, labels, and the truth by trade."""

    trades: pd.DataFrame
    documents: pd.DataFrame
    payments: pd.DataFrame
    assays: pd.DataFrame
    fraud_cases: pd.DataFrame
    truth: pd.DataFrame


def mischief(
    params: MarketParams, struck: pd.DataFrame, latent: pd.DataFrame, assayed: pd.DataFrame, who: Partners
) -> Mischief:
    """Commit the frauds and write the papers of every trade.

    Parameters
    ----------
    params : MarketParams
    struck, latent : DataFrame
        From `market_trades.trades`.
    assayed : DataFrame
        The assays table, one row per lot.
    who : Partners

    Returns
    -------
    Mischief
        ``truth`` has ``trade_id, kind`` (empty for honest), ``stealth`` (no trace), ``lookalike`` (honest, with the
        trace of the kind in ``looks_like``), ``ring``.
    """
    rng = params.rng("fraud")
    by_lot = assayed.set_index("lot_id")
    certifier = by_lot["inspector_id"].reindex(struck["lot_id"]).to_numpy()
    rings = _rings(rng, who)
    plan = _plan(params, rng, latent, who, rings)
    traced = plan["looks_like"].to_numpy()
    trades = _washed(rng, struck, plan, rings, who)
    sheet = papers(rng, trades, latent.assign(buyer=_buyer_numbers(trades, who)), certifier, who)
    sheet = _marked(rng, sheet, trades, plan, rings, who)
    again = _assayed_again(rng, by_lot, trades, traced == "quality_substitution", len(assayed), who)
    guilty = plan["kind"].to_numpy() != ""
    found = pd.to_timedelta(rng.integers(*FOUND_AFTER_DAYS, int(guilty.sum())), unit="D")
    cases = pd.DataFrame(
        {
            "trade_id": trades.loc[guilty, "trade_id"],
            "kind": plan.loc[guilty, "kind"],
            "event_time": trades.loc[guilty, "event_time"],
            "known_time": trades.loc[guilty, "event_time"] + found,
        }
    )
    return Mischief(
        trades=trades,
        documents=documents_table(rng, trades, sheet),
        payments=payments_table(trades, sheet),
        assays=again,
        fraud_cases=cases.sort_values(["known_time", "trade_id"], kind="stable").reset_index(drop=True),
        truth=pd.concat([trades[["trade_id"]], plan], axis=1),
    )


def _rings(rng: np.random.Generator, who: Partners) -> list[tuple[np.ndarray, np.ndarray]]:
    count = max(1, len(who.supplier_ids) // SUPPLIERS_PER_RING)
    busy = np.argsort(-who.supplier_activity, kind="stable")[: max(4 * count, 2)]
    sellers = rng.permutation(busy)[: 2 * count].reshape(-1, 2) if len(busy) >= 2 * count else busy[None, :2]
    buyers = rng.permutation(len(who.buyer_ids))
    return [(pair, np.resize(buyers[2 * k : 2 * k + 2], 2)) for k, pair in enumerate(sellers)]


def _plan(
    params: MarketParams,
    rng: np.random.Generator,
    latent: pd.DataFrame,
    who: Partners,
    rings: list[tuple[np.ndarray, np.ndarray]],
) -> pd.DataFrame:
    n = len(latent)
    supplier = latent["supplier"].to_numpy()
    ring_of = np.full(len(who.supplier_ids), -1)
    for number, (sellers, _) in enumerate(rings):
        ring_of[sellers] = number
    ring = ring_of[supplier]
    kind = np.full(n, "", dtype=object)
    wanted = params.fraud_prevalence * n
    tempted = np.exp(-0.8 * who.reliability[supplier]) * np.where(ring >= 0, 3.0, 1.0)
    for name, share in SHARES.items():
        free = kind == ""
        weight = _bursts(rng, latent, ring) if name == "wash_trade" else tempted
        weight = np.where(free, weight, 0.0)
        count = min(round(share * wanted), int((weight > 0).sum()))
        if count:
            kind[rng.choice(n, count, replace=False, p=weight / weight.sum())] = name
    stealth = (kind != "") & (rng.random(n) < params.fraud_stealth)
    looks_like = np.where(stealth, "", kind)
    count = round(params.fraud_lookalike * (kind != "").sum())
    honest = np.flatnonzero(kind == "")
    alike = rng.choice(honest, min(count, len(honest)), replace=False)
    looks_like[alike] = rng.choice([k for k in SHARES if k != "wash_trade"], len(alike))
    lookalike = np.zeros(n, dtype=bool)
    lookalike[alike] = True
    return pd.DataFrame(
        {"kind": kind, "stealth": stealth, "lookalike": lookalike, "looks_like": looks_like, "ring": ring},
        index=latent.index,
    )


def _bursts(rng: np.random.Generator, latent: pd.DataFrame, ring: np.ndarray) -> np.ndarray:
    week = latent["day_number"].to_numpy() // 14
    active = rng.random((ring.max() + 2, week.max() + 1)) < 0.35
    return np.where((ring >= 0) & active[ring, week], 1.0, np.where(ring >= 0, 1e-4, 0.0))


def _washed(
    rng: np.random.Generator,
    struck: pd.DataFrame,
    plan: pd.DataFrame,
    rings: list[tuple[np.ndarray, np.ndarray]],
    who: Partners,
) -> pd.DataFrame:
    trades = struck.copy()
    rows = np.flatnonzero(plan["looks_like"] == "wash_trade")
    ring = plan["ring"].to_numpy()[rows]
    buyers = np.array([pair for _, pair in rings])[ring, rng.integers(0, 2, len(rows))]
    trades.loc[trades.index[rows], "buyer_id"] = who.buyer_ids[buyers]
    ramp = trades["price"].to_numpy()[rows] * rng.uniform(1.015, 1.045, len(rows))
    trades.loc[trades.index[rows], "price"] = ramp.round(0)
    return trades


def _marked(
    rng: np.random.Generator,
    sheet: pd.DataFrame,
    trades: pd.DataFrame,
    plan: pd.DataFrame,
    rings: list[tuple[np.ndarray, np.ndarray]],
    who: Partners,
) -> pd.DataFrame:
    marked = sheet.copy()
    looks = plan["looks_like"].to_numpy()
    ring = np.maximum(plan["ring"].to_numpy(), 0)
    own = {name: np.flatnonzero(looks == name) for name in SHARES}

    rows = own["over_invoicing"]
    inflated = marked["invoice_amount"].to_numpy()[rows] * rng.uniform(1.06, 1.30, len(rows))
    marked.loc[marked.index[rows], "invoice_amount"] = inflated.round(2)
    marked.loc[marked.index[rows], "paid_amount"] = inflated.round(2)

    rows = own["wash_trade"]
    marked.loc[marked.index[rows], "account"] = [f"AR{r:03d}" for r in ring[rows]]
    marked.loc[marked.index[rows], "vehicle"] = [f"VR{r:03d}" for r in ring[rows]]
    marked.loc[marked.index[rows], "paid_after_hours"] = rng.uniform(3, 30, len(rows))

    rows = own["forged_documents"]
    markets = sorted(set(sheet["weigher"]))
    marked.loc[marked.index[rows], "weighed_quantity"] = trades["quantity"].to_numpy()[rows]
    marked.loc[marked.index[rows], "vehicle"] = [f"VX{v:02d}" for v in rng.integers(0, 6, len(rows))]
    marked.loc[marked.index[rows], "weigher"] = rng.choice(markets, len(rows))
    for place in (0, 1, 2):
        marked.loc[marked.index[rows], f"readable_{place}"] = rng.beta(6, 6, len(rows)).round(3)

    rows = own["quality_substitution"]
    friends = who.inspector_ids[: max(1, len(who.inspector_ids) // 6)]
    marked.loc[marked.index[rows], "certifier"] = rng.choice(friends, len(rows))

    rows = own["payment_diversion"]
    marked.loc[marked.index[rows], "account"] = [f"AX{a:05d}" for a in rng.permutation(100_000)[: len(rows)]]
    return marked


def _assayed_again(
    rng: np.random.Generator,
    by_lot: pd.DataFrame,
    trades: pd.DataFrame,
    substituted: np.ndarray,
    first_number: int,
    who: Partners,
) -> pd.DataFrame:
    checked = substituted | (rng.random(len(trades)) < 0.03)
    chosen = trades[checked]
    bad = substituted[checked]
    again = by_lot.loc[chosen["lot_id"]].reset_index()
    again["assay_id"] = [f"Q{first_number + n:06d}" for n in range(len(again))]
    again["inspector_id"] = who.inspector_ids[rng.integers(0, len(who.inspector_ids), len(again))]
    worse = np.where(bad, rng.uniform(1.0, 2.2, len(again)), 0.0) + 0.15 * rng.standard_normal(len(again))
    for name, rows in chosen.reset_index(drop=True).groupby("commodity").indices.items():
        for attribute in crop(str(name)).attributes:
            good = 1.0 if attribute.weight >= 0 else -1.0
            moved = again[attribute.column].to_numpy()[rows] - good * worse[rows] * attribute.sd * 0.8
            again.loc[again.index[rows], attribute.column] = np.clip(
                moved, attribute.low, attribute.high
            ).round(2)
    step = np.clip(
        np.searchsorted(GRADES, again["grade"].to_numpy().astype("U1")) + np.round(worse * 0.8), 0, 3
    )
    again["grade"] = np.array(GRADES, dtype=object)[step.astype(int)]
    arrived = chosen["event_time"].reset_index(drop=True) + pd.to_timedelta(
        rng.integers(24, 96, len(chosen)), unit="h"
    )
    again["event_time"] = arrived
    again["known_time"] = arrived + pd.Timedelta(hours=6)
    return again[["assay_id", "lot_id", "inspector_id", "grade", *ASSAY_COLUMNS, "event_time", "known_time"]]


def _buyer_numbers(trades: pd.DataFrame, who: Partners) -> np.ndarray:
    return pd.Index(who.buyer_ids).get_indexer(pd.Index(trades["buyer_id"]))
