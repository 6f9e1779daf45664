"""Features of the fraud model: every deal as it stands at its review, against what was known before it was struck.

One :meth:`FraudFeatures.complete` serves training and service. Partners, vehicles and weighbridges are looked up as of the
deal, accounts as of the payment: the deal's own papers and payments are never a part of the past it is held against.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from mandi.core.errors import ContractError, nearest
from mandi.features.detection import fraud_links, fraud_money, fraud_papers, fraud_partners
from mandi.features.detection.fraud_facts import ReviewParams, facts
from mandi.features.detection.fraud_memory import Deals, Memory
from mandi.features.detection.fraud_states import KEYS, states
from mandi.features.splits import PURGED, SplitParams, split

if TYPE_CHECKING:
    from pandas import DataFrame, Timestamp

    from mandi.models.base import Model

SUBJECTS = {
    "trade": fraud_partners.MEANINGS,
    "papers": fraud_papers.MEANINGS,
    "payment": fraud_money.MEANINGS,
    "links": fraud_links.MEANINGS,
}
COLUMNS: tuple[str, ...] = tuple(name for meanings in SUBJECTS.values() for name in meanings)
ASKED = ("supplier_id", "buyer_id", "commodity", "market", "quantity", "price", "traded_at", "asof")
KEPT_DAYS = 15
"""Days beyond the latest review for which the service keeps more than the last row of a key."""


@dataclass(frozen=True)
class FraudFeatureParams:
    """Sections ``features`` and ``splits`` of ``models.fraud``: when a deal is reviewed, and where each part begins."""

    features: ReviewParams = field(default_factory=ReviewParams)
    splits: SplitParams = field(default_factory=SplitParams)


class FraudFeatures:
    """History, questions and frame of the fraud model.

    Parameters
    ----------
    params : FraudFeatureParams
        Anything with its two sections will do.
    """

    name: ClassVar[str] = "fraud"
    requires: ClassVar[frozenset[str]] = frozenset({"trades", "documents", "payments", "fraud_cases"})
    uses: ClassVar[frozenset[str]] = frozenset({"assays", "lots", "partners", "reports"})
    keys: ClassVar[Mapping[str, list[str]]] = KEYS

    def __init__(self, params: FraudFeatureParams) -> None:
        self.params = params

    def history(self, tables: Mapping[str, DataFrame]) -> dict[str, DataFrame]:
        """Build the causal tables of the past; see ``mandi.features.detection.fraud_states``.

        Parameters
        ----------
        tables : mapping
            Those of :attr:`requires`; and what there is of :attr:`uses`.

        Raises
        ------
        ContractError
            A table is not there.
        """
        for name in ("trades", "documents", "payments"):
            if name not in tables:
                raise ContractError(
                    f"the tables hold no {name}", allowed=", ".join(sorted(self.requires | self.uses))
                )
        return states(tables)

    def questions(
        self, tables: Mapping[str, DataFrame], history: Mapping[str, DataFrame] | None = None
    ) -> DataFrame:
        """Ask about every deal at its review, with the case that was made of it, if any.

        Parameters
        ----------
        tables : mapping
        history : mapping, optional
            Not used.

        Returns
        -------
        DataFrame
            ``fraud_facts.FACTS``, label (1 fraud, 0 honest), fraud_kind (empty if honest), label_known_time, honest_from (when
            a deal without a case is taken to be honest), label_then, part. A deal is honest when no case was made of it in ``label_matures_days``; one too young for that, measured by the newest row
            of all tables, has no label. All labels of an age mature together, so that early cases do not make a part look
            worse than it is. A case that came out only after the next part had begun is fraud by ``label``, but honest by
            ``label_then``, which models learn: whoever was fitted then took it to be so.
        """
        wanted = self.params.features
        told = facts(tables, wanted)
        cases = tables["fraud_cases"].sort_values(["known_time", "kind"], kind="stable")
        first = cases.drop_duplicates("trade_id").set_index("trade_id")
        kind = told["trade_id"].map(first["kind"])
        matured = told["traded_at"] + pd.Timedelta(days=wanted.label_matures_days)
        established = told["trade_id"].map(first["known_time"])
        # a label matures after the review, whatever the settings
        matured = matured.where(matured > told["asof"], told["asof"] + pd.Timedelta(seconds=1))
        known = matured.where(~(established > matured), established)
        newest = max(table["known_time"].max() for table in tables.values() if len(table))
        label = kind.notna().astype(float).where(known <= newest)
        times = {"label_known_time": known, "honest_from": matured}
        questions = told.assign(label=label, fraud_kind=kind.fillna(""), **times)
        part = split(questions, self.params.splits)
        unseen = split(questions.assign(label_known_time=matured), self.params.splits)
        came_out_late = (part == PURGED) & (unseen != PURGED)
        then = label.mask(came_out_late, 0.0)
        return questions.assign(label_then=then, part=part.where(~came_out_late, unseen))

    def assemble(self, questions: DataFrame, history: Mapping[str, DataFrame]) -> DataFrame:
        """Complete deals with what was known before them.

        Parameters
        ----------
        questions : DataFrame
            supplier_id, buyer_id, commodity, market, quantity (quintals), price (INR per quintal), traded_at, asof (UTC); as
            far as known the rest of ``fraud_facts.FACTS``. Other columns are passed through.
        history : mapping
            From :meth:`history`, or what :meth:`served` left of it.

        Returns
        -------
        DataFrame
            The questions and `COLUMNS`. What is not known is missing.

        Raises
        ------
        ContractError
            A column is missing.
        """
        return self.complete(questions, Memory(history))

    def complete(self, questions: DataFrame, memory: Memory) -> DataFrame:
        """Do what :meth:`assemble` does, with a past that was made ready once."""
        for column in ASKED:
            if column not in questions:
                raise ContractError(
                    f'questions have no column "{column}"{nearest(column, map(str, questions.columns))}'
                )
        columns = {str(name): questions[name].array for name in questions.columns}
        block = self.measure(Deals(columns), memory).set_index(questions.index)
        return pd.concat([questions[[c for c in questions.columns if c not in block]], block], axis=1)

    def measure(self, deals: Deals, memory: Memory) -> DataFrame:
        """Return `COLUMNS` alone for some deals, on a plain index."""
        found = {
            **fraud_partners.partner_features(deals, memory),
            **fraud_papers.paper_features(deals, memory),
            **fraud_money.money_features(deals, memory),
            **fraud_links.link_features(deals, memory),
        }
        # one block of numbers: a frame of many columns costs a single row dearly
        return pd.DataFrame(np.column_stack([found[name] for name in COLUMNS]), columns=list(COLUMNS))

    def served(self, history: Mapping[str, DataFrame], asof: Timestamp, model: Model) -> dict[str, DataFrame]:
        """Keep of each key the rows that deals still under review are held against, and the one before them.

        Parameters
        ----------
        history : mapping
        asof : Timestamp
            UTC; what was known later is left out.
        model : Model
            Not used.
        """
        since = asof - pd.Timedelta(days=self.params.features.latest_days + KEPT_DAYS)
        return {name: _recent(frame, KEYS[name], since, asof) for name, frame in history.items()}


def _recent(frame: DataFrame, keys: list[str], since: Timestamp, until: Timestamp) -> DataFrame:
    known = frame[frame["known_time"] <= until]
    early = known["known_time"] <= since
    before = known[early].sort_values("known_time", kind="stable").drop_duplicates(keys, keep="last")
    kept: Any = pd.concat([before, known[~early]])
    return kept.sort_values("known_time", kind="stable").reset_index(drop=True)
