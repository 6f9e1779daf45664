"""How much of a usual day's arrivals each day brings: weekdays of each commodity, festivals of all of them together.

A share is a number without unit, 1 on a usual day. A Sunday carries about a sixth of a weekday's arrivals, the days around
Diwali a few percent. Shares are ratios of means, so that a day on which nobody reports counts as the zero it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mandi.core.errors import ContractError
from mandi.features.forecasting.festivals import FestivalParams, festival_places

Days = np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]
Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
AROUND = 14  # days on either side whose mean is the level of a day
WEEKDAY_PRIOR = 20.0  # usual days of the pooled weekday mixed into that of one commodity
FESTIVAL_PRIOR = 2.0  # ordinary days mixed into each festival's
LEAST_SHARE = 0.01  # a forecast of exactly nothing could never be scaled


@dataclass(frozen=True)
class TradingCalendar:
    """Shares by weekday and festival.

    Attributes
    ----------
    weekdays : dict of commodity to 7 shares, Monday first
        Their mean is 1. ``""`` is of all commodities together.
    festivals : dict of str to float
        Share of each place around a festival (see ``festival_places``) of that of its weekday.
    params : FestivalParams
    """

    weekdays: dict[str, tuple[float, ...]]
    festivals: dict[str, float]
    params: FestivalParams

    @classmethod
    def fit(cls, daily: Mapping[str, tuple[Days, Floats]], params: FestivalParams) -> TradingCalendar:
        """Learn the shares.

        Parameters
        ----------
        daily : mapping of commodity to (days, tonnes)
            Days in order, each once; missing tonnes are left out.
        params : FestivalParams

        Raises
        ------
        ContractError
            There is no commodity with four weeks of days.

        Examples
        --------
        >>> days = np.arange(np.datetime64("2023-02-01"), np.datetime64("2023-12-01"))
        >>> sunday = (days.astype(int) + 3) % 7 == 6
        >>> found = TradingCalendar.fit({"tur": (days, np.where(sunday, 10.0, 100.0))}, FestivalParams())
        >>> [round(share, 1) for share in found.weekdays["tur"]]
        [1.1, 1.1, 1.1, 1.1, 1.1, 1.1, 0.1]
        """
        ratios = {name: _ratios(days, tonnes) for name, (days, tonnes) in daily.items() if len(days) >= 28}
        if not ratios:
            raise ContractError("no commodity has four weeks of daily arrivals", allowed="at least one")
        days = np.concatenate([daily[name][0] for name in ratios])
        ratio = np.concatenate(list(ratios.values()))
        places = festival_places(days, params)
        usual = (places == "") & np.isfinite(ratio)
        pooled = _by_weekday(days[usual], ratio[usual], np.ones(7), 1.0)
        weekdays = {"": tuple(map(float, pooled))}
        start = 0
        expected = np.empty(len(days))
        for name, own in ratios.items():
            here = slice(start, start + len(own))
            start += len(own)
            told = usual[here]
            shares = _by_weekday(days[here][told], own[told], pooled, WEEKDAY_PRIOR)
            weekdays[name] = tuple(map(float, shares))
            expected[here] = shares[_weekday(days[here])]
        festivals = {}
        for place in sorted(set(places) - {""}):
            rows = (places == place) & np.isfinite(ratio)
            if rows.any():
                share = (ratio[rows].sum() + FESTIVAL_PRIOR) / (expected[rows].sum() + FESTIVAL_PRIOR)
                festivals[str(place)] = float(max(share, LEAST_SHARE))
        return cls(weekdays, festivals, params)

    def of_weekday(self, commodity: str, days: Days) -> Floats:
        """Return the share of each day's weekday."""
        shares = np.array(self.weekdays.get(commodity, self.weekdays[""]))
        found: Floats = shares[_weekday(days)]
        return found

    def of_festival(self, days: Days) -> Floats:
        """Return the share of each day's place around a festival; 1 where there is none."""
        places, codes = _coded(festival_places(days, self.params))
        shares = np.array([self.festivals.get(place, 1.0) for place in places], dtype=float)
        found: Floats = shares[codes]
        return found

    def shares(self, commodity: str, days: Days) -> Floats:
        """Return what each day brings of a usual day's arrivals."""
        return self.of_weekday(commodity, days) * self.of_festival(days)

    def as_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {"weekdays": {k: list(v) for k, v in self.weekdays.items()}, "festivals": self.festivals}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any], params: FestivalParams) -> TradingCalendar:
        """Read what ``as_dict`` returned."""
        return cls({k: tuple(v) for k, v in plain["weekdays"].items()}, dict(plain["festivals"]), params)


def _ratios(days: Days, tonnes: Floats) -> Floats:
    place = (days - days[0]).astype(int)
    whole = np.full(place[-1] + 1, np.nan)
    whole[place] = tonnes
    known = np.isfinite(whole)
    kernel = np.ones(2 * AROUND + 1)
    total = np.convolve(np.where(known, whole, 0.0), kernel, mode="same")
    count = np.convolve(known.astype(float), kernel, mode="same")
    level = total / np.maximum(count, 1.0)
    found: Floats = np.where(level > 0, whole / np.where(level > 0, level, 1.0), np.nan)[place]
    return found


def _by_weekday(days: Days, ratio: Floats, prior: Floats, weight: float) -> Floats:
    place = _weekday(days)
    total = np.bincount(place, ratio, minlength=7) + weight * prior
    shares = np.maximum(total / (np.bincount(place, minlength=7) + weight), LEAST_SHARE)
    found: Floats = shares / shares.mean()
    return found


def _coded(places: np.ndarray) -> tuple[list[str], np.ndarray]:
    # most days are none: looking those up one by one would cost more than all the rest
    codes = np.zeros(len(places), dtype=np.intp)
    named = [""]
    for row in np.flatnonzero(places != ""):
        if places[row] not in named:
            named.append(places[row])
        codes[row] = named.index(places[row])
    return named, codes


def _weekday(days: Days) -> np.ndarray:
    found: np.ndarray = (days.astype("datetime64[D]").astype(int) + 3) % 7
    return found
