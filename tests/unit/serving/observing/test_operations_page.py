"""The page of operations names every figure there is, and none that is not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from prometheus_client import CollectorRegistry

from mandi.serving.observing.alert_rules import Kind
from mandi.serving.observing.metrics import Metrics


def test_figures(root: Path) -> None:
    page = (root / "docs" / "operations.md").read_text(encoding="utf-8")
    registry = CollectorRegistry()
    Metrics(registry)
    named = {family.name + ("_total" if family.type == "counter" else "") for family in registry.collect()}
    assert set(re.findall(r"\bmandi_[a-z_]+", page)) == named


def test_alerts(root: Path) -> None:
    page = (root / "docs" / "operations.md").read_text(encoding="utf-8")
    assert all(f"| `{kind}` |" in page for kind in get_args(Kind))
