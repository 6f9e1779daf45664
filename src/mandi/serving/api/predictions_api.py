"""What came of predictions, told by whoever was answered; and how the models did since they are served."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from mandi.serving.accounts.audit import audit
from mandi.serving.api.analytics_api import whose_figures
from mandi.serving.api.late_records import found_in_time
from mandi.serving.api.predictions_contracts import (
    MetricsQuery,
    Outcome,
    OutcomeTold,
    PredictionMetrics,
    VersionMetrics,
)
from mandi.serving.api.rooms import database_of
from mandi.serving.dispatch import not_found
from mandi.serving.operations import Asked, Operation
from mandi.serving.predictions.outcomes import OutcomeRefused, Said, say
from mandi.serving.predictions.performance import performance
from mandi.serving.problems import CONFLICT, Problem, Refused

OUTCOME = "/api/v1/predictions/{prediction_id}/outcome"
METRICS = "/api/v1/predictions/metrics"


def prediction_operations() -> list[Operation]:
    """Return the operations on predictions that were served."""
    return [
        Operation(
            "POST", OUTCOME, "Say what came of a prediction you were given, or correct it; the last word counts", _outcome,
            "predict", bodies=(Outcome,), answers=(OutcomeTold,), owned={"prediction_id": "prediction"}, problems=(CONFLICT,),
            most_kib=8,
            examples={
                "price": {"actual": 4350.0, "at": "2025-01-08T06:00:00Z"},
                "fraud": {"actual": False, "at": "2025-01-08T06:00:00Z"},
            },
        ),
        Operation(
            "GET", METRICS, "How the models did since they are served: errors and coverage with intervals, times, what is missing",
            _metrics, "usage", query=MetricsQuery, answers=(PredictionMetrics,), problems=(404,), tag="analytics",
        ),
    ]  # fmt: skip


async def _outcome(asked: Asked) -> OutcomeTold:
    prediction_id, body, who, now = asked.path["prediction_id"], asked.body, asked.who, asked.house.now()

    def keep(session: Session) -> Said | None:
        said = say(session, who.organization_id, who.pseudonym, prediction_id, body.actual, body.at, now)
        if said is not None and said.changed and said.row.version > 1:  # what was measured is measured anew
            details = {"version": said.row.version, "model": said.prediction.model}
            target = f"prediction:{prediction_id}"
            audit(session, who, "prediction.outcome_corrected", target, details, asked.request_id, at=now)
        return said

    try:
        said = await found_in_time(asked, lambda: database_of(asked.house).awrite(keep))
    except OutcomeRefused as refused:
        raise Refused(Problem(CONFLICT, refused.message, refused.field, refused.allowed)) from None
    if said is None:
        raise not_found("prediction", prediction_id)
    return OutcomeTold(
        prediction_id=prediction_id, model=said.prediction.model, model_version=said.prediction.model_version,
        actual=said.row.actual, at=said.row.known_at, version=said.row.version, changed=said.changed, loss=said.loss,
    )  # fmt: skip


async def _metrics(asked: Asked) -> PredictionMetrics:
    query, now = asked.query, asked.house.now()
    of = whose_figures(asked, query.organization)

    def look(session: Session) -> list[Any]:
        organization_id = of(session)
        return list(performance(session, now - timedelta(days=query.days), now, organization_id, query.model))

    found = await database_of(asked.house).aread(look)
    return PredictionMetrics(
        days=query.days, versions=[VersionMetrics.model_validate(version) for version in found]
    )
