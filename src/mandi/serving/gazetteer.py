"""The names a history knows: commodities, markets and states, and the rule that turns a location into a market."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mandi.core.errors import nearest
from mandi.serving.problems import BadRow

if TYPE_CHECKING:
    from pandas import DataFrame

LISTED = 12


class Gazetteer:
    """Looks names up, whatever their case, and refuses unknown ones with the nearest known.

    Parameters
    ----------
    levels : DataFrame
        ``commodity, market, state, known_time`` and ``noise_sd`` (log price), one row per commodity and market.

    Examples
    --------
    >>> import pandas as pd
    >>> levels = pd.DataFrame({"commodity": ["soybean"] * 2, "market": ["Indore", "Dewas"],
    ...     "state": ["Madhya Pradesh"] * 2, "noise_sd": [0.03, 0.02],
    ...     "known_time": pd.to_datetime(["2024-05-31 18:30"] * 2, utc=True)})
    >>> names = Gazetteer(levels)
    >>> names.place("soybean", None, "madhya pradesh")
    ('Dewas', 'location "madhya pradesh" is a state: answered for Dewas, its market with the least reporting noise')
    """

    def __init__(self, levels: DataFrame) -> None:
        ranked = levels.sort_values(["known_time", "noise_sd", "market"], ascending=[False, True, True])
        self._markets: dict[str, dict[str, str]] = {}
        self._states: dict[str, dict[str, str]] = {}  # the first market of a state is its reference
        for commodity, market, state in zip(*(ranked[c] for c in ("commodity", "market", "state"))):
            self._markets.setdefault(commodity, {})[plain(market)] = market
            self._states.setdefault(commodity, {}).setdefault(plain(state), market)
        self._commodities = {plain(c): c for c in self._markets}

    @property
    def commodities(self) -> dict[str, int]:
        """Commodities and how many markets each has."""
        return {c: len(m) for c, m in sorted(self._markets.items())}

    @property
    def everything(self) -> frozenset[str]:
        """Every name: of commodities, markets and states."""
        places = (place for found in (self._markets, self._states) for by in found.values() for place in by)
        return frozenset({*self._commodities, *places})

    def commodity(self, text: str) -> str:
        """Return the commodity meant.

        Raises
        ------
        BadRow
            Not in the history.
        """
        found = self._commodities.get(plain(text))
        if found is None:
            raise BadRow(
                "commodity_id",
                f'no commodity "{text}"{near(text, self._commodities)}',
                allowed=few(self._commodities.values()),
            )
        return found

    def place(self, commodity: str, market: str | None, location: str | None) -> tuple[str, str | None]:
        """Return the market a question is about, and a note when it was chosen by rule.

        A market named in ``market`` or in ``location`` is that market. A state in ``location`` is answered for its
        reference market: among those reporting last, the one with the least reporting noise.

        Parameters
        ----------
        commodity : str
            As ``commodity`` returns it.
        market, location : str or None

        Raises
        ------
        BadRow
            Neither is given, or the name is not known.
        """
        markets, states = self._markets[commodity], self._states[commodity]
        if market is not None:
            if plain(market) not in markets:
                raise self._unknown("market", market, commodity)
            return markets[plain(market)], None
        if location is None:
            raise BadRow(
                "market",
                "neither market nor location is given",
                allowed=f"a market ({few(markets.values())}) or a state",
            )
        if plain(location) in markets:
            return markets[plain(location)], None
        if plain(location) in states:
            chosen = states[plain(location)]
            return chosen, (
                f'location "{location}" is a state: answered for {chosen}, its market with the least reporting noise'
            )
        raise self._unknown("location", location, commodity)

    def _unknown(self, field: str, text: str, commodity: str) -> BadRow:
        known = dict(self._markets[commodity])
        if field == "location":
            known = {**{state: state.title() for state in self._states[commodity]}, **known}
        message = f'no {field} "{text}" of {commodity}{near(text, known)}'
        return BadRow(field, message, allowed=few(self._markets[commodity].values()))


def plain(text: str) -> str:
    """Return a name as it is compared: case and spaces do not count.

    Examples
    --------
    >>> plain("  Madhya   Pradesh ")
    'madhya pradesh'
    """
    return re.sub(r"\s+", " ", str(text)).strip().casefold()


def near(text: str, known: dict[str, str]) -> str:
    """Return a hint with the nearest name, or nothing; ``known`` holds names by their plain form."""
    hint = nearest(plain(text), known)
    for compared, name in known.items():
        hint = hint.replace(f'"{compared}"', f'"{name}"')
    return hint


def few(names: Iterable[str]) -> str:
    """Return the first names in order, and how many more there are."""
    listed = sorted(names)
    more = len(listed) - LISTED
    return ", ".join(listed[:LISTED]) + (f" and {more} more" if more > 0 else "")
