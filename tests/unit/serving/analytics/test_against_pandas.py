"""A second opinion on what SQL adds up: the same by pandas, over calls of every kind."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from call_logs import MINE, NOW, by_chance, call, put

from mandi.serving.analytics.performance import AiPerformance, ai_performance
from mandi.serving.analytics.period import Period
from mandi.serving.analytics.usage import AiUsage, ai_usage
from mandi.store.database import Database

DAYS = 5
FAILED = ["error", "timeout", "partial"]


@pytest.fixture(params=[MINE, None], ids=["one", "all"])
def both(database: Database, request: pytest.FixtureRequest) -> tuple[AiPerformance, AiUsage, pd.DataFrame]:
    rows = by_chance(500)
    put(database, [call(**row) for row in rows])
    period = Period.last(DAYS, NOW, request.param)
    frame = pd.DataFrame(rows)
    frame = frame[frame["created_at"] >= NOW - timedelta(days=DAYS)]
    if request.param is not None:
        frame = frame[frame["organization_id"] == request.param]
    frame["cost_usd"] = frame["cost_usd"].astype(float)
    told = database.read(lambda s: (ai_performance(s, period, DAYS), ai_usage(s, period)))
    return *told, frame


def nearest_rank(values: pd.Series[Any]) -> dict[str, int]:
    ordered = np.sort(values.dropna().to_numpy())
    return {
        name: int(ordered[int(np.ceil(q * len(ordered) / 100)) - 1]) for name, q in (("p50", 50), ("p95", 95))
    }


def test_performance(both: tuple[AiPerformance, AiUsage, pd.DataFrame]) -> None:
    told, _, frame = both
    answered = frame[frame["status"] == "success"]
    decided = frame[frame["status"].isin(["success", *FAILED])]
    assert len(frame) > 100
    assert told.total_requests == len(frame)
    assert told.success_rate == pytest.approx(len(answered) / len(decided))
    assert told.avg_response_time == pytest.approx(decided["latency_ms"].mean(), abs=1e-5)
    first = answered[~answered["fallback"]]
    assert told.mode_distribution.model_dump() == {
        "real_ai": (first["effective_mode"] != "mock").sum(),
        "mock_ai": (first["effective_mode"] == "mock").sum(),
        "fallback": answered["fallback"].sum(),
    }
    costs = frame[frame["provider"] != ""].groupby("provider")["cost_usd"].sum()
    assert told.cost_tracking.by_provider == pytest.approx(costs.to_dict(), abs=1e-6)
    assert told.cost_tracking.openai_cost == pytest.approx(costs["openai"], abs=1e-6)
    assert told.cost_tracking.total_api_cost == pytest.approx(costs.sum(), abs=1e-6)
    assert told.response_time_ms.model_dump() == nearest_rank(decided["latency_ms"])
    assert told.first_token_ms.model_dump() == nearest_rank(decided["first_token_ms"])
    hits, asked = frame["cache"].isin(["exact", "semantic"]).sum(), (frame["cache"] != "off").sum()
    assert (told.cache.hit_rate, told.cache.asked) == (pytest.approx(hits / asked), asked)
    assert told.routes == pytest.approx(answered["route"].value_counts(normalize=True).to_dict())
    assert told.degraded_rate == pytest.approx(answered["degraded"].mean())
    tenths = np.minimum(np.floor(frame["confidence"].dropna() * 10 + 1e-12), 9).astype(int)
    assert told.confidence_histogram == np.bincount(tenths, minlength=10).tolist()


def test_tries(both: tuple[AiPerformance, AiUsage, pd.DataFrame]) -> None:
    told, _, frame = both
    tries = pd.DataFrame([one for row in frame["attempts"] for one in row])
    tries = tries[tries["fault"] != "not_able"]
    for provider, of in tries.groupby("provider"):
        figures = told.providers[str(provider)]
        assert (figures.asked, figures.answered) == (len(of), of["fault"].isna().sum())
        assert figures.faults == of["fault"].value_counts().to_dict()
    assert set(told.providers) == set(tries["provider"])
    for (provider, model), of in tries.groupby(["provider", "model"]):
        rate = 100 * of["fault"].isna().mean()
        assert told.models[f"{provider}/{model}"].success_rate == pytest.approx(rate)
    assert told.error_analysis.faults == tries["fault"].value_counts().to_dict()


def test_errors(both: tuple[AiPerformance, AiUsage, pd.DataFrame]) -> None:
    told, _, frame = both
    failed = frame[frame["status"].isin(FAILED)].fillna({"error_message": ""})
    kinds = failed.groupby(["provider", "status", "error_message"]).size()
    found = {(e.provider, e.status, e.message or ""): e.calls for e in told.error_analysis.most_frequent}
    assert len(found) == min(20, len(kinds))
    assert all(kinds[key] == n for key, n in found.items())
    assert sorted(found.values(), reverse=True) == sorted(kinds, reverse=True)[: len(found)]


def test_usage(both: tuple[AiPerformance, AiUsage, pd.DataFrame]) -> None:
    _, told, frame = both
    decided = frame[frame["status"].isin(["success", *FAILED])]
    assert told.total_calls == len(frame)
    assert told.total_cost_usd == pytest.approx(frame["cost_usd"].sum(), abs=1e-6)
    assert told.error_rate == pytest.approx(decided["status"].isin(FAILED).mean())
    assistants = frame["assistant"].fillna("unknown")
    assert {n: u.calls for n, u in told.by_assistant.items()} == assistants.value_counts().to_dict()
    spent = frame.groupby(assistants)["cost_usd"].sum().to_dict()
    assert {n: u.cost for n, u in told.by_assistant.items()} == pytest.approx(spent, abs=1e-6)
    languages = frame["language"].fillna("unknown").value_counts(normalize=True)
    assert told.by_language == pytest.approx(languages.to_dict())
