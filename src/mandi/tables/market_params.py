"""Settings of the generated market: size, seed, and the sizes of moves, noise and mischief (log price, shares, days)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mandi.core.errors import ConfigError

PARTS = (
    "places", "drivers", "levels", "reports", "partners", "lots", "assays", "trades", "fraud", "matching", "truth",
)  # fmt: skip


@dataclass(frozen=True)
class MarketParams:
    """Size and character of the generated market.

    Sizes of moves and noise are measured ones (docs/generated-market.md); the commodity's own factors multiply them.

    Parameters
    ----------
    seed : int
        Same seed and size, same tables.
    start : str
        First trading day, ISO date.
    days, markets, suppliers, buyers, inspectors : int
        Size of the market.
    lots_per_day : float
        Mean number of lots offered per calendar day.
    commodities : tuple of str
        Names from ``market_crops.CROPS``.
    report_lag_hours : float
        A report is known this many hours after the end of its day.
    state_move_sd, market_move_sd : float
        Daily log moves of a state and of a market relative to the country; both return with ``reversion_days``.
    report_noise_sd, report_noise_spread : float
        Median robust noise of a reported modal price (log) and its log spread between markets. Rounding and second
        varieties add to it: .0115 is measured as .0142 in generated soybean, .0138 in real soybean.
    shift_date : str
        Day of the regime shift; each commodity's level moves by its ``shift`` within 20 days from it and national
        moves are ``shift_volatility`` times as large from then on (the measured size is that of the later regime).
    fraud_prevalence, fraud_stealth, fraud_lookalike : float
        Share of trades that are fraud, share of these that leave no trace, and honest trades that look like fraud
        as a share of the fraud cases.
    availabilities_per_day, requirements_per_day : float
        Offers and wants posted per calendar day.
    dirt : float
        Multiplies the rates of typing errors, duplicates and impossible prices among reports; 0 gives clean reports.
    optimal_filter : bool
        Also compute the floor of the best filter of public reports (a few seconds).

    Examples
    --------
    >>> MarketParams(days=30).rng("lots").integers(10) == MarketParams(days=30).rng("lots").integers(10)
    np.True_
    """

    seed: int = 20240611
    start: str = "2021-01-01"
    days: int = 1461
    markets: int = 40
    lots_per_day: float = 13.7
    suppliers: int = 160
    buyers: int = 60
    inspectors: int = 12
    commodities: tuple[str, ...] = ("cotton", "soybean", "tur", "wheat", "maize", "iron_ore")
    report_lag_hours: float = 0.0
    state_move_sd: float = 0.0024
    market_move_sd: float = 0.0030
    reversion_days: float = 90.0
    report_noise_sd: float = 0.0115
    report_noise_spread: float = 0.30
    shift_date: str = "2023-06-12"
    shift_volatility: float = 1.15
    fraud_prevalence: float = 0.025
    fraud_stealth: float = 0.08
    fraud_lookalike: float = 0.08
    availabilities_per_day: float = 12.0
    requirements_per_day: float = 2.0
    dirt: float = 1.0
    optimal_filter: bool = True

    def __post_init__(self) -> None:
        if self.days < 30:
            raise ConfigError(f"market.days is {self.days}", allowed="30 or more")
        if self.markets < 2:
            raise ConfigError(f"market.markets is {self.markets}", allowed="2 or more")
        for name in ("fraud_prevalence", "fraud_stealth", "fraud_lookalike"):
            if not 0 <= getattr(self, name) <= 0.5:
                raise ConfigError(f"market.{name} is {getattr(self, name)}", allowed="0 to 0.5")
        if not self.commodities:
            raise ConfigError("market.commodities is empty", allowed="one commodity or more")

    def rng(self, part: str) -> np.random.Generator:
        """Return the random stream of one part of the market, independent of the other parts."""
        return np.random.default_rng([self.seed, PARTS.index(part)])
