"""Converts prices to INR per quintal and quantities to quintals at the edges of the package.

One quintal is 100 kg. A candy of cotton lint is 355.6 kg (784 lb); a bale is 170 kg.
"""

from __future__ import annotations

import re
from functools import lru_cache

from mandi.core.errors import UnknownValue, nearest

KG_PER_QUINTAL = 100.0

KG: dict[str, float] = {
    "kg": 1.0,
    "quintal": 100.0,
    "tonne": 1000.0,
    "bale": 170.0,
    "candy": 355.6,
    "maund": 37.3242,
}
ALIASES: dict[str, str] = {
    "kilogram": "kg", "kilograms": "kg", "kgs": "kg",
    "quintals": "quintal", "qtl": "quintal", "q": "quintal",
    "tonnes": "tonne", "metric tonne": "tonne", "metric tonnes": "tonne", "mt": "tonne", "t": "tonne", "ton": "tonne",
    "tons": "tonne", "metric ton": "tonne", "metric tons": "tonne",
    "bales": "bale", "candies": "candy", "maunds": "maund",
}  # fmt: skip
RUPEE = {"inr", "rs", "rs.", "₹", "rupee", "rupees"}


@lru_cache(maxsize=512)
def mass_unit(unit: str) -> str:
    """Return the canonical name of a mass unit.

    Raises
    ------
    UnknownValue
        The unit is not one of kg, quintal, tonne, bale, candy, maund or an alias.

    Examples
    --------
    >>> mass_unit("Metric Tonnes")
    'tonne'
    """
    text = re.sub(r"\s+", " ", unit.strip().lower())
    name = ALIASES.get(text, text)
    if name not in KG:
        raise UnknownValue(
            f'unit of mass "{unit}" is not known{nearest(text, [*KG, *ALIASES])}', allowed=", ".join(KG)
        )
    return name


def to_quintals(quantity: float, unit: str) -> float:
    """Convert a quantity to quintals.

    Examples
    --------
    >>> to_quintals(2, "tonnes")
    20.0
    """
    return quantity * KG[mass_unit(unit)] / KG_PER_QUINTAL


def price_factor(unit: str) -> float:
    """Return what a price quoted in ``unit`` is multiplied by to become INR per quintal.

    Raises
    ------
    UnknownValue
        The currency is not the rupee or the mass unit is not known.

    Examples
    --------
    >>> price_factor("Rs./Quintal")
    1.0
    >>> price_factor("INR/kg")
    100.0
    """
    currency, slash, mass = unit.strip().partition("/")
    if not slash or currency.strip().lower() not in RUPEE:
        raise UnknownValue(
            f'price unit "{unit}" is not known', allowed="INR/<unit of mass>, e.g. Rs./Quintal, INR/kg"
        )
    return KG_PER_QUINTAL / KG[mass_unit(mass)]
