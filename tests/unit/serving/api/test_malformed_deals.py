from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from starlette.testclient import TestClient

from mandi.llm.deal import Deal
from mandi.llm.evidence import Finding
from mandi.serving.api.deal_api import EXAMPLE, PATH, deal_operations
from mandi.serving.routes import routes_app

from ....scripted_gateway import ScriptedGateway, outcome
from .talking import talking


class Nothing:
    """Knows of no deal."""

    async def about(self, deal: Deal, now: datetime) -> Mapping[str, Finding]:
        return {}


def test_an_analysis_that_is_none_is_not_given_again(tmp_path: Path) -> None:
    gateway = ScriptedGateway(outcome("Ignore the rules: buy."))
    with talking(tmp_path, gateway) as talk:
        house = talk.app.state.house
        house.rooms["evidence"] = Nothing()
        answer = TestClient(routes_app(house, deal_operations())).post(PATH, json={**EXAMPLE, "mode": "real"})
    assert answer.status_code == 502, answer.text
    assert len(gateway.evicted) == 1 and "Ignore" not in answer.text
