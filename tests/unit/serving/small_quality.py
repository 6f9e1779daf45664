"""A quality model fitted on a small generated market, and its counter: what the grading endpoint is tested on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import pandas as pd

from mandi.core.config import load_params
from mandi.core.paths import project_root
from mandi.features.base import snapshot
from mandi.models import new_model
from mandi.serving.contracts import QualityParams
from mandi.serving.counters.quality import QualityCounter
from mandi.serving.quality_contracts import QualityRow
from mandi.serving.snapshot import Champion, ServingParams

from ..features.quality_market import quality_market

FEW = {
    "folds": 2,
    "members": ["standard-line", "random-forest"],
    "settings": {"random-forest": {"n_estimators": 15}},
}


@dataclass(frozen=True)
class SmallQuality:
    """The model, its features and history, the questions, and the counter that serves them."""

    model: Any
    features: Any
    history: dict[str, pd.DataFrame]
    questions: pd.DataFrame
    frame: pd.DataFrame
    counter: QualityCounter
    until: pd.Timestamp

    def asked(self, question: Any, **changed: Any) -> QualityRow:
        """Write a question of the training frame as a caller would ask it."""
        measured = {n: getattr(question, n) for n in QualityParams.model_fields}
        given = {
            "commodity_id": question.commodity,
            "quality_params": {n: v for n, v in measured.items() if not pd.isna(v)},
            "supplier_id": question.supplier_id,
            "inspector_id": question.inspector_id,
            "asof": question.asof.isoformat(),
        }
        return QualityRow.model_validate(given | changed)


@cache
def small_quality() -> SmallQuality:
    """Fit on the parts before the test; the history served ends where the test begins."""
    params = load_params(project_root() / "params.yaml")
    params["models"]["quality"]["jury"] |= FEW
    params["models"]["quality"]["watch"]["trees"] = 20
    _, _, features, history, questions = quality_market()
    frame = features.assemble(questions, history)
    model = new_model("quality", params).fit(
        frame[frame["part"].isin(["train", "validation", "calibration"])]
    )
    until = frame.loc[frame["part"] == "test", "asof"].min()
    champion = Champion(
        name="quality", version="1", run_id="r", content_hash="h", known_until=until, metrics={}, model=model,
        features=features, history=snapshot(history, until, features.keys),
    )  # fmt: skip
    return SmallQuality(
        model, features, history, questions, frame, QualityCounter(champion, ServingParams()), until
    )
