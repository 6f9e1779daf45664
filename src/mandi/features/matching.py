"""Features of the matching model: a want and an offer, with what was known of both at the moment of the want.

A question is one pair. Candidates of a want are all offers known and still open at its moment that satisfy its hard
constraints; what was shown to the buyer then and what became of it is the label. One :meth:`MatchingFeatures.assemble`
serves training (whole history) and service (the offers that are open).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from mandi.core.errors import ContractError
from mandi.features.ranking.hard_constraints import ConstraintParams
from mandi.features.ranking.match_questions import WANTED, match_questions
from mandi.features.ranking.pair_book import OFFERED, TEXTS, TIMES, PairBook
from mandi.features.ranking.partner_states import (
    DEALING,
    SELLER,
    PartnerParams,
    answered,
    dealing_states,
    seller_states,
)
from mandi.features.splits import SplitParams, split
from mandi.tables import asof

if TYPE_CHECKING:
    from pandas import DataFrame, Timestamp

    from mandi.models.base import Model

RENAMED = {"commodity": "offer_commodity", "market": "offer_market", "quantity": "offer_quantity"}


@dataclass(frozen=True)
class MatchingFeatureParams:
    """Sections ``constraints``, ``partners`` and ``splits`` of ``models.matching``, and the trade's usual level.

    Attributes
    ----------
    level_days : int
        Days of offers whose median ask and quantity are called usual for the commodity.
    """

    constraints: ConstraintParams = field(default_factory=ConstraintParams)
    partners: PartnerParams = field(default_factory=PartnerParams)
    level_days: int = 30
    splits: SplitParams = field(default_factory=SplitParams)


class MatchingFeatures:
    """History, questions and frame of the matching model.

    Parameters
    ----------
    params : MatchingFeatureParams
        Anything with its fields will do.
    """

    name: ClassVar[str] = "matching"
    requires: ClassVar[frozenset[str]] = frozenset({"availabilities", "requirements", "outcomes"})
    uses: ClassVar[frozenset[str]] = frozenset({"markets", "partners"})
    keys: ClassVar[Mapping[str, list[str]]] = {
        "offers": ["availability_id"], "wants": ["requirement_id"], "places": ["market"], "levels": ["commodity"],
        "sellers": SELLER, "dealings": DEALING,
    }  # fmt: skip

    def __init__(self, params: MatchingFeatureParams) -> None:
        self.params = params

    def history(self, tables: Mapping[str, DataFrame]) -> dict[str, DataFrame]:
        """Build the causal state tables.

        Parameters
        ----------
        tables : mapping
            ``availabilities``, ``requirements``, ``outcomes``; and what there is of :attr:`uses`.

        Returns
        -------
        dict of name to frame
            ``offers`` and ``wants`` as posted, the former with the coordinates of their markets; ``places``;
            ``levels``: median ask (INR/quintal) and quantity (quintals) of the commodity over the last days;
            ``sellers`` and ``dealings`` (see ``partner_states``). Their keys are in :attr:`keys`.

        Raises
        ------
        ContractError
            A table is not there.
        """
        for name in sorted(self.requires):
            if name not in tables:
                raise ContractError(f"the tables hold no {name}", allowed=", ".join(sorted(self.requires)))
        places = _places(tables)
        offers = _in_order(tables["availabilities"].rename(columns=RENAMED), TIMES)
        there = places.rename(columns={"market": "offer_market"})
        there = there.rename(columns={name: f"offer_{name}" for name in ("latitude", "longitude")})
        offers = asof.join(
            offers, there.rename(columns={"known_time": "place_known"}), by="offer_market", left_time="known_time",
            right_time="place_known",
        )  # fmt: skip
        answers = answered(tables)
        return {
            "offers": offers[["availability_id", "known_time", *TEXTS, *OFFERED, *TIMES]],
            "wants": _in_order(tables["requirements"], ("deliver_from", "deliver_until"))[
                ["known_time", *(n for n in WANTED if n != "asof")]
            ],
            "places": places,
            "levels": _levels(offers, self.params.level_days),
            "sellers": seller_states(tables, answers, self.params.partners),
            "dealings": dealing_states(answers, self.params.partners),
        }

    def questions(
        self, tables: Mapping[str, DataFrame], history: Mapping[str, DataFrame] | None = None
    ) -> DataFrame:
        """Ask about every candidate of every want that was answered.

        Parameters
        ----------
        tables : mapping
        history : mapping, optional
            What :meth:`history` returned for the same tables.

        Returns
        -------
        DataFrame
            requirement_id, availability_id, what the want says, asof (when it was known), label (1 taken, 0 refused,
            missing where the offer was not shown), label_known_time (when the last answer about the want was known),
            part (of the whole want: train, validation, calibration, test, purged).
        """
        held = history or self.history(tables)
        asked = match_questions(
            held["wants"], held["offers"], held["places"], tables["outcomes"], self.params.constraints
        )
        return asked.assign(part=split(asked, self.params.splits))

    def assemble(self, questions: DataFrame, history: Mapping[str, DataFrame]) -> DataFrame:
        """Complete pairs with what was known at their ``asof``.

        Parameters
        ----------
        questions : DataFrame
            availability_id, buyer_id, commodity, market, min_grade, quantity (quintals), max_price (INR/quintal),
            max_distance_km, deliver_from, deliver_until, asof (UTC). Other columns are passed through.
        history : mapping
            From :meth:`history`, or what :meth:`served` left of it.

        Returns
        -------
        DataFrame
            The questions with the offer (``TEXTS``, offer_quantity, ask_price, times) and the columns of
            ``pair_columns``; where the offer was not known by then they are missing and nothing is satisfied.

        Raises
        ------
        ContractError
            A column is missing.
        """
        return PairBook(history, self.params.constraints).assemble(questions)

    def served(self, history: Mapping[str, DataFrame], asof: Timestamp, model: Model) -> dict[str, DataFrame]:
        """Return what the service answers from: offers and wants that are open at ``asof``, all others as last known."""
        from mandi.features.base import snapshot

        cut = snapshot(history, asof, self.keys)
        day = asof.normalize()
        for name, until in (("offers", "ready_until"), ("wants", "deliver_until")):
            cut[name] = cut[name][cut[name][until] >= day].reset_index(drop=True)
        return cut


def _in_order(table: DataFrame, times: tuple[str, ...]) -> DataFrame:
    stamps = {name: pd.to_datetime(table[name], utc=True).astype("datetime64[ns, UTC]") for name in times}
    return table.assign(**stamps).sort_values("known_time", kind="stable", ignore_index=True)


def _places(tables: Mapping[str, DataFrame]) -> DataFrame:
    columns = ["market", "latitude", "longitude", "known_time"]
    if "markets" in tables:
        return tables["markets"][columns].sort_values("known_time", kind="stable", ignore_index=True)
    empty = tables["availabilities"].iloc[:0]
    return pd.DataFrame(
        {
            "market": empty["market"],
            "latitude": np.zeros(0),
            "longitude": np.zeros(0),
            "known_time": empty["known_time"],
        }
    )


def _levels(offers: DataFrame, days: int) -> DataFrame:
    parts = []
    for name, own in offers.groupby("offer_commodity", sort=True):
        rolled = own.set_index("known_time")[["ask_price", "offer_quantity"]].rolling(f"{days}D").median()
        rolled.columns = ["level", "size"]
        parts.append(rolled.reset_index().assign(commodity=name))
    if not parts:
        return pd.DataFrame({"known_time": offers["known_time"], "level": [], "size": [], "commodity": []})
    levels = pd.concat(parts, ignore_index=True).drop_duplicates(["commodity", "known_time"], keep="last")
    return levels.sort_values("known_time", kind="stable", ignore_index=True)
