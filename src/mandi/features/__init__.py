"""Point-in-time features: a model is added by one line in FEATURES."""

from __future__ import annotations

FEATURES: dict[str, str] = {
    "price": "mandi.features.price:PriceFeatures",
}
