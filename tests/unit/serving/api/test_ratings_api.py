"""A thumb is kept with its call; a thumb down takes the answer out of the cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from mandi.store.records import AiMetric

from ...llm.scripted import Says, Scripted
from ..whole_shop import DEAL, whole_shop
from .test_deal_api import VENDORS


def test_a_thumb_down_evicts_and_the_last_word_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = Scripted("openai", script=[Says(VENDORS)])
    with whole_shop(tmp_path, monkeypatch, [vendor]) as shop:
        first = shop.post("/ai/analyze-deal", DEAL).json()
        path = f"/api/v1/ai/generations/{first['generation_id']}/feedback"
        up, down = shop.post(path, {"thumbs": "up"}), shop.post(path, {"thumbs": "down"})
        again = shop.post("/ai/analyze-deal", DEAL).json()
        rating = shop.database.read(
            lambda s: s.query(AiMetric).filter_by(generation_id=first["generation_id"]).one().rating
        )
    assert (up.json()["evicted"], down.json()["evicted"]) == (False, True)
    assert again["cache"] == "miss" and rating == -1


def test_nobody_rates_what_another_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with whole_shop(tmp_path, monkeypatch) as shop:
        mine = shop.post("/ai/analyze-deal", DEAL).json()["generation_id"]
        path = f"/api/v1/ai/generations/{mine}/feedback"
        assert shop.post(path, {"thumbs": "down"}, headers=shop.somebody()).status_code == 404
        assert shop.post("/api/v1/ai/generations/none/feedback", {"thumbs": "up"}).status_code == 404
        assert shop.post(path, {"thumbs": "sideways"}).json()["field"] == "thumbs"
