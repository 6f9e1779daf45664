"""Units are converted at the edges and an unknown one is refused by name."""

from __future__ import annotations

import pytest

from mandi.core.errors import UnknownValue
from mandi.core.units import mass_unit, price_factor, to_quintals


@pytest.mark.parametrize(
    ("quantity", "unit", "quintals"),
    [(5, "quintal", 5), (250, "kg", 2.5), (1, "Metric Tonnes", 10), (10, "bales", 17), (1, "candy", 3.556)],
)
def test_quantities(quantity: float, unit: str, quintals: float) -> None:
    assert to_quintals(quantity, unit) == pytest.approx(quintals)


@pytest.mark.parametrize(
    ("unit", "factor"), [("Rs./Quintal", 1), ("INR/kg", 100), ("₹/tonne", 0.1), ("Rs/candy", 100 / 355.6)]
)
def test_prices(unit: str, factor: float) -> None:
    assert price_factor(unit) == pytest.approx(factor)


def test_an_unknown_unit_names_the_nearest() -> None:
    with pytest.raises(UnknownValue, match='did you mean "quintal"'):
        mass_unit("quintel")


@pytest.mark.parametrize("unit", ["USD/kg", "Rs", "Rs./box"])
def test_a_price_unit_must_be_rupees_per_mass(unit: str) -> None:
    with pytest.raises(UnknownValue):
        price_factor(unit)
