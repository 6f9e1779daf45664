"""What a caller says of a deal to have it scored: trade, papers, payments, inspections; and what is answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from mandi.core.strict import MassUnit, Moment, Name, Strict
from mandi.models.detection.fraud_fields import Stage
from mandi.serving.contracts import QualityParams

Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/\-]*$")]
Grade = Literal["A", "B", "C", "D"]
Paper = Literal["invoice", "weighbridge", "eway_bill", "assay_certificate"]
MOST_PAPERS, MOST_PAYMENTS, MOST_INSPECTIONS = 20, 50, 10


class DocumentRow(Strict):
    """One paper of the deal, the only one of its kind: of several copies send the latest."""

    kind: Paper = Field(description="invoice, weighbridge, eway_bill or assay_certificate")
    issuer_id: Id | None = Field(default=None, description="who issued it: weighbridge, inspector, firm")
    stated_quantity: float | None = Field(
        default=None, ge=0.01, le=1e9, description="quantity on the paper, quintals"
    )
    stated_amount: float | None = Field(
        default=None, ge=0.01, le=1e13, description="amount on the paper, INR"
    )
    vehicle_id: Id | None = Field(default=None, description="vehicle on the paper")
    readable: float | None = Field(
        default=None, ge=0, le=1, description="confidence of the text recognition, 0 to 1"
    )


class PaymentRow(Strict):
    """One payment for the deal; of several the largest says whose account it is and when it was due."""

    account_id: Id = Field(description="account the money went to")
    amount: float = Field(ge=0.01, le=1e13, description="INR")
    paid_at: Moment = Field(description="when it was paid, with time zone")
    due_at: Moment | None = Field(default=None, description="when it was due, with time zone")
    payer_id: Id | None = Field(default=None, description="who paid; the buyer if not given")
    payee_id: Id | None = Field(default=None, description="who was to be paid; the supplier if not given")


class InspectionRow(Strict):
    """One inspection of the lot; the first is held against the worst-graded of the later ones."""

    inspector_id: Id | None = Field(default=None, description="who inspected")
    grade: Grade | None = Field(default=None, description="grade given, A best")
    quality_params: QualityParams | None = Field(default=None, description="what was measured")


class FraudRow(Strict):
    """One deal to be scored: its facts, and what papers, payments and inspections say of it. Its past comes from the history.

    Examples
    --------
    >>> deal = {"supplier_id": "S0001", "buyer_id": "B0001", "commodity_id": "soybean", "market": "Indore", "quantity": 40.0,
    ...     "price": 4350.0, "traded_at": "2024-06-03T06:30:00Z"}
    >>> FraudRow.model_validate(deal).payments
    []
    """

    trade_id: Id | None = Field(default=None, description="name of the deal, repeated in the answer")
    supplier_id: Id = Field(description="who sold; one without a past is judged by the papers")
    buyer_id: Id = Field(description="who bought")
    commodity_id: Name = Field(description="commodity, for example soybean")
    market: Name = Field(description="the mandi where the deal was struck")
    grade: Grade | None = Field(default=None, description="grade agreed, A best")
    quantity: float = Field(ge=0.001, le=1e7, description="quantity agreed, in quantity_unit")
    quantity_unit: MassUnit = Field(default="quintal", description="kg, quintal, tonne, bale, candy or maund")
    price: float = Field(ge=0.01, le=1e7, description="price agreed, INR per quintal")
    traded_at: Moment = Field(description="when the deal was struck, with time zone")
    documents: list[DocumentRow] = Field(default=[], max_length=MOST_PAPERS, description="papers seen so far")
    papers_due: bool = Field(
        default=True, description="false before papers can exist: that none was seen then says nothing"
    )
    payments: list[PaymentRow] = Field(
        default=[], max_length=MOST_PAYMENTS, description="payments seen so far"
    )
    inspections: list[InspectionRow] = Field(
        default=[], max_length=MOST_INSPECTIONS, description="inspections of the lot, in their order"
    )
    asof: Moment | None = Field(
        default=None, description="moment of the review, with time zone; now if not given"
    )

    @property
    def unpapered(self) -> bool:
        """Whether nothing but the trade can be known yet."""
        return not (self.papers_due or self.documents or self.payments or self.inspections)


class Reason(Strict):
    """A feature that makes the deal suspicious, and how much of the score comes from it."""

    feature: str
    effect: float = Field(description="part of the fraud_score")
    value: float | None = Field(description="what was measured; missing where it was not known")
    says: str


class FraudAnswer(Strict):
    """How suspicious a deal is beside honest ones, and why; a reason to look, no proof."""

    trade_id: str | None = None
    is_fraud: bool = Field(description="flagged: the score reaches the threshold")
    fraud_score: float = Field(
        description="share of honest deals that look less suspicious; rises beyond them all"
    )
    reconstruction_error: float = Field(
        description="mean squared error of the narrow autoencoders, sd squared"
    )
    risk_level: Literal["LOW", "MEDIUM", "HIGH"]
    p_value: float = Field(description="share of honest deals that look as suspicious")
    threshold: float = Field(description="of this model version, at this stage")
    stage: Stage = Field(
        description="paid; unpaid, no payment was seen; unpapered, no paper was due or seen: each is held against its like"
    )
    measured_precision: float | None = Field(default=None, description="of flags, on the test part")
    measured_recall: float | None = Field(
        default=None, description="share of fraud flagged, on the test part"
    )
    measured_prevalence: float | None = Field(
        default=None, description="share of fraud among the deals of the test"
    )
    top_features: list[Reason] = Field(
        default=[], description="of risks above LOW, and of all when explained"
    )
    feature_contributions: dict[str, float] | None = Field(
        default=None, description="parts of the score by feature; they sum to it"
    )
    model_version: str
    known_until: datetime = Field(description="moment up to which the history behind the answer is known")
    asof: datetime
    notes: list[str] = Field(default=[])


def quality_of(inspection: InspectionRow | None) -> dict[str, Any]:
    """Return what an inspection measured, by attribute; nothing of one that was not made."""
    if inspection is None or inspection.quality_params is None:
        return {}
    return inspection.quality_params.model_dump()
