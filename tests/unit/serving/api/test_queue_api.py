"""The queue over HTTP: traders see their own, analysts take and answer, and a taken one is a conflict."""

from __future__ import annotations

from pathlib import Path

import pytest

from ...llm.scripted import Says, Scripted
from ..whole_shop import DEAL, whole_shop
from .test_deal_api import VENDORS

QUEUE = "/api/v1/ai/queue"


def test_from_a_question_to_a_persons_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    student = Scripted("student", kind="student", script=[Says(VENDORS, confidence=0.1)])
    with whole_shop(tmp_path, monkeypatch, [student]) as shop:
        trader, analyst, colleague = (
            shop.somebody(role, "home") for role in ("trader", "analyst", "analyst")
        )
        other_trader = shop.somebody("trader", "home")
        path = f"{QUEUE}/{shop.post('/ai/analyze-deal', DEAL, headers=trader).json()['ticket_id']}"
        assert shop.client.get(QUEUE, headers=trader).status_code == 403
        assert shop.client.get(path, headers=other_trader).status_code == 404
        assert len(shop.client.get(QUEUE, headers=analyst).json()["tickets"]) == 1
        assert shop.client.post(f"{path}/claim", headers=analyst).json()["status"] == "claimed"
        taken = shop.client.post(f"{path}/claim", headers=colleague)
        assert (taken.status_code, taken.json()["field"]) == (409, "ticket_id")
        assert shop.post(f"{path}/answer", {"answer": ""}, headers=analyst).status_code == 400
        assert shop.post(f"{path}/answer", {"answer": "Hold."}, headers=colleague).status_code == 409
        assert (
            shop.post(f"{path}/answer", {"answer": "Hold."}, headers=analyst).json()["status"] == "answered"
        )
        told = shop.client.get(path, headers=trader).json()
        assert shop.client.post(f"{path}/release", headers=analyst).status_code == 409
    assert (told["status"], told["answer"]) == ("answered", "Hold.")
