"""States what each generated commodity is like: price level (INR/quintal), daily moves (log), seasons, varieties, assays.

Sizes come from the public files named in docs/generated-market.md, measured by `mandi.tables.measure` on the 40 markets with
most reports; "assumed" marks what no public file told.
"""

from __future__ import annotations

from dataclasses import dataclass

from mandi.core.errors import UnknownValue, nearest


@dataclass(frozen=True)
class Attribute:
    """One assay parameter of a commodity.

    ``character`` is how much of one standard deviation follows the supplier's own character (sign = which way is good),
    ``weight`` its weight in the grading index per standard deviation, ``sluggish`` marks what monsoon air makes worse.
    """

    column: str
    mean: float
    sd: float
    low: float
    high: float
    character: float
    weight: float
    sluggish: float = 0.0


@dataclass(frozen=True)
class Crop:
    """One commodity of the generated market; prices in INR/quintal, moves and noises in log price."""

    name: str
    price: float
    national_sd: float
    bargaining_sd: float
    noise_factor: float
    local_factor: float
    harvest_day: int
    harvest_width: float
    lean_share: float
    season_amplitude: float
    shift: float
    share_of_lots: float
    lot_quintals: float
    spread: float
    states: tuple[str, ...]
    varieties: tuple[tuple[str, float], ...]
    drivers: tuple[tuple[str, float], ...]
    attributes: tuple[Attribute, ...]
    msp: float | None = None


MOISTURE = Attribute("moisture_pct", 9.5, 1.3, 6.0, 16.0, -0.25, -0.45, 0.6)
DIRT = Attribute("foreign_matter_pct", 2.0, 0.8, 0.1, 7.0, -0.40, -0.50)

CROPS: dict[str, Crop] = {
    crop.name: crop
    for crop in (
        Crop(
            # National move .0083 a day over calm 20 days (Gujarat 2018-24), .0035-.0094 in the 81 days of 2025-26;
            # noise .018-.026; range of a day .12-.16.
            name="cotton", price=6800.0, national_sd=0.0080, bargaining_sd=0.0100, noise_factor=1.25,
            local_factor=1.0, harvest_day=335, harvest_width=45.0, lean_share=0.15, season_amplitude=0.025,
            shift=-0.05, share_of_lots=0.085, lot_quintals=60.0, spread=0.14, msp=5825.0,
            states=("Gujarat", "Maharashtra", "Telangana", "Andhra Pradesh", "Karnataka", "Madhya Pradesh", "Punjab",
                    "Haryana", "Rajasthan"),
            varieties=(("Shankar-6", 0.0), ("MCU-5", 0.020), ("H-4", -0.014)),
            drivers=(("cotton_index_global", 0.15), ("usd_inr", 0.20)),
            attributes=(
                Attribute("staple_length_mm", 28.4, 1.3, 23.0, 33.5, 0.50, 0.55),
                Attribute("micronaire", 4.0, 0.38, 2.8, 5.6, -0.15, 0.0),
                Attribute("fiber_strength", 28.6, 1.5, 22.0, 35.0, 0.45, 0.35),
                Attribute("moisture_pct", 8.2, 0.9, 5.5, 13.0, -0.25, -0.35, 0.5),
                Attribute("foreign_matter_pct", 2.4, 0.8, 0.3, 7.0, -0.40, -0.45),
            ),
        ),
        Crop(
            # 2014-17: national move .0088 a day over calm 20 days, .0118 with the rallies, .0079 from one day to the next;
            # noise .0138 (quartiles .0118-.0189), range of a day .09.
            name="soybean", price=4300.0, national_sd=0.0088, bargaining_sd=0.0110, noise_factor=1.0,
            local_factor=1.0, harvest_day=308, harvest_width=32.0, lean_share=0.25, season_amplitude=0.030,
            shift=-0.08, share_of_lots=0.19, lot_quintals=45.0, spread=0.10, msp=3880.0,
            states=("Madhya Pradesh", "Maharashtra", "Rajasthan", "Gujarat", "Karnataka", "Telangana"),
            varieties=(("Yellow", 0.0), ("Black", -0.014), ("JS-9305", 0.009)),
            drivers=(("brent_usd_bbl", 0.04), ("usd_inr", 0.20)),
            attributes=(
                MOISTURE, DIRT,
                Attribute("oil_pct", 19.2, 0.9, 15.5, 23.0, 0.35, 0.45),
                Attribute("protein_pct", 39.0, 1.6, 33.0, 44.0, 0.30, 0.25),
            ),
        ),
        Crop(
            # 2014-17: national move .0065 a day over calm 20 days, .0121 with the rallies; noise .0203, range of a day .0745; arrivals peak in January.
            name="tur", price=6600.0, national_sd=0.0065, bargaining_sd=0.0090, noise_factor=1.45,
            local_factor=1.2, harvest_day=22, harvest_width=40.0, lean_share=0.10, season_amplitude=0.030,
            shift=0.07, share_of_lots=0.025, lot_quintals=30.0, spread=0.07, msp=6000.0,
            states=("Maharashtra", "Karnataka", "Madhya Pradesh", "Gujarat", "Uttar Pradesh", "Telangana",
                    "Andhra Pradesh"),
            varieties=(("Red", 0.0), ("White", 0.012), ("Local", -0.012)),
            drivers=(("usd_inr", 0.25),),
            attributes=(MOISTURE, DIRT, Attribute("protein_pct", 21.5, 1.2, 17.0, 26.0, 0.30, 0.35)),
        ),
        Crop(
            # Assumed: supported by procurement at MSP, so moves like tur's; noise and range like soybean's.
            name="wheat", price=2450.0, national_sd=0.0055, bargaining_sd=0.0110, noise_factor=1.0,
            local_factor=1.0, harvest_day=115, harvest_width=28.0, lean_share=0.20, season_amplitude=0.030,
            shift=-0.04, share_of_lots=0.34, lot_quintals=80.0, spread=0.09, msp=1975.0,
            states=("Madhya Pradesh", "Punjab", "Haryana", "Uttar Pradesh", "Rajasthan", "Gujarat", "Bihar",
                    "Maharashtra"),
            varieties=(("Mill quality", 0.0), ("Lokwan", 0.013), ("Sharbati", 0.024)),
            drivers=(("brent_usd_bbl", 0.02),),
            attributes=(
                Attribute("moisture_pct", 10.8, 1.1, 7.5, 16.0, -0.25, -0.45, 0.5),
                Attribute("foreign_matter_pct", 1.4, 0.6, 0.1, 5.0, -0.40, -0.45),
                Attribute("protein_pct", 11.6, 0.9, 8.5, 15.0, 0.35, 0.55),
            ),
        ),
        Crop(
            # Assumed: between wheat and soybean.
            name="maize", price=2150.0, national_sd=0.0065, bargaining_sd=0.0110, noise_factor=1.0,
            local_factor=1.0, harvest_day=300, harvest_width=50.0, lean_share=0.30, season_amplitude=0.025,
            shift=0.05, share_of_lots=0.22, lot_quintals=70.0, spread=0.09, msp=1850.0,
            states=("Karnataka", "Telangana", "Andhra Pradesh", "Bihar", "Madhya Pradesh", "Maharashtra", "Rajasthan",
                    "Uttar Pradesh"),
            varieties=(("Yellow", 0.0), ("Hybrid", 0.008), ("White", 0.018)),
            drivers=(("brent_usd_bbl", 0.04),),
            attributes=(
                Attribute("moisture_pct", 12.6, 1.5, 8.0, 19.0, -0.25, -0.60, 0.6),
                Attribute("foreign_matter_pct", 1.6, 0.6, 0.1, 5.0, -0.40, -0.45),
                Attribute("protein_pct", 9.2, 0.7, 7.0, 12.0, 0.30, 0.30),
            ),
        ),
        Crop(
            # Assumed: fines of about 62 % Fe at INR 5,300 a tonne; moves with the exchange rate and energy.
            name="iron_ore", price=530.0, national_sd=0.0065, bargaining_sd=0.0110, noise_factor=1.0,
            local_factor=1.0, harvest_day=60, harvest_width=110.0, lean_share=0.60, season_amplitude=0.015,
            shift=-0.06, share_of_lots=0.14, lot_quintals=4000.0, spread=0.20,
            states=("Odisha", "Jharkhand", "Chhattisgarh", "Karnataka"),
            varieties=(("Fines", 0.0), ("Lumps", 0.050)),
            drivers=(("usd_inr", 0.30), ("brent_usd_bbl", 0.05)),
            attributes=(
                Attribute("iron_pct", 61.5, 1.6, 55.0, 66.5, 0.50, 0.70),
                Attribute("silica_pct", 4.2, 0.9, 1.5, 9.0, -0.40, -0.40),
                Attribute("moisture_pct", 6.0, 1.2, 2.0, 11.0, -0.20, -0.25, 0.7),
            ),
        ),
    )
}  # fmt: skip

GRADES = ("A", "B", "C", "D")
GRADE_CUTS = (0.67, -0.25, -1.04)
"""Grading index (about standard normal) at which B, C and D begin: 25, 35, 25 and 15 % of the lots."""

COLORS = ("white", "light spotted", "spotted", "tinged", "yellow stained")
"""Colour grades of cotton, best first."""


def crop(name: str) -> Crop:
    """Return the commodity of that name.

    Raises
    ------
    UnknownValue
        No such commodity in the generated market.

    Examples
    --------
    >>> crop("soybean").varieties[0]
    ('Yellow', 0.0)
    """
    if name not in CROPS:
        raise UnknownValue(
            f'the generated market has no commodity "{name}"{nearest(name, CROPS)}', allowed=", ".join(CROPS)
        )
    return CROPS[name]
