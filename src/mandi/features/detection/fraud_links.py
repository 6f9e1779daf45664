"""Who deals with whom, from links known before the deal: close pairs, deals that come back, groups that share accounts and vehicles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mandi.features.detection.fraud_memory import absent, share
from mandi.features.detection.fraud_partners import pace
from mandi.features.detection.fraud_running import DAY_NS, FAST, SLOW, faded, zero

if TYPE_CHECKING:
    from mandi.features.detection.fraud_memory import Deals, Floats, Memory

MEANINGS: dict[str, tuple[str, str]] = {
    "pair_new": ("0 or 1", "the two never dealt before"),
    "pair_recent": ("log deals", "deals of the two of late"),
    "pair_pace": ("log", "deals of the two of late over their usual number"),
    "pair_share_seller": ("0-1", "share of the supplier's deals that are with this buyer"),
    "pair_share_buyer": ("0-1", "share of the buyer's deals that are with this supplier"),
    "seller_buyers": ("log buyers", "different buyers of the supplier so far"),
    "round_trips": (
        "log deals",
        "deals of late in which the buyer sold to the supplier: goods that come back",
    ),
    "ring_members": ("log suppliers", "others that hang together with the supplier through shared accounts"),
    "vehicle_shippers": ("log suppliers", "different suppliers the vehicle carried for so far"),
}


def link_features(deals: Deals, memory: Memory) -> dict[str, Floats]:
    """Return the features of `MEANINGS` for each deal, links as known when it was struck.

    Parameters
    ----------
    deals : Deals
    memory : Memory
    """
    struck, day = deals.struck, deals.struck / DAY_NS
    supplier, buyer, vehicle = (deals.text(n) for n in ("supplier_id", "buyer_id", "eway_vehicle"))
    pair = memory.find("deals", [supplier, buyer], struck)
    back = memory.find("deals", [buyer, supplier], struck)
    seller = memory.find("sellers", [supplier], struck)
    taker = memory.find("buyers", [buyer], struck)
    ring = memory.find("rings", [supplier], struck)
    carried = memory.find("vehicles", [vehicle], struck)
    together, sold, taken = (faded(s["slow"], s["last"], day, SLOW) for s in (pair, seller, taker))
    shippers = np.log1p(zero(carried["supplier_id_kinds"]))
    return {
        "pair_new": (zero(pair["count"]) == 0).astype(np.float64),
        "pair_recent": np.log1p(faded(pair["fast"], pair["last"], day, FAST)),
        "pair_pace": pace(pair, day),
        "pair_share_seller": share(together, sold, 0.05, 3.0),
        "pair_share_buyer": share(together, taken, 0.02, 3.0),
        "seller_buyers": np.log1p(zero(seller["buyer_id_kinds"])),
        "round_trips": np.log1p(faded(back["fast"], back["last"], day, FAST)),
        "ring_members": np.log(np.maximum(zero(ring["members"]), 1.0)),
        "vehicle_shippers": np.where([absent(v) for v in vehicle], np.nan, shippers),
    }
