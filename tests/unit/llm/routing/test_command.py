"""mandi route replay, as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mandi.cli import app
from mandi.core.errors import UnknownValue
from mandi.llm.routing.command import kinds_of


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.jsonl"
    rows = [
        {"prompt": f"price of tur on day {k}", "student_confidence": (k % 10) / 10,
         "outcomes": {"student": {"quality": float(k % 10 > 4)}, "gemini": {"quality": 1.0, "cost_usd": 0.001}}}
        for k in range(60)
    ]  # fmt: skip
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def test_every_router_and_every_provider_has_a_line(log: Path) -> None:
    done = CliRunner().invoke(app, ["route", "replay", "--log", str(log)])
    assert done.exit_code == 0, done.output
    for name in ("simple", "complexity", "confidence", "performance", "always student", "always gemini"):
        assert name in done.output
    assert "60 questions; every outcome" in done.output and "APGR" in done.output


def test_one_policy_and_a_picture(log: Path, tmp_path: Path) -> None:
    for name, start in (("c.png", b"\x89PNG"), ("c.html", b"<!doctype html>")):
        chart = tmp_path / name
        done = CliRunner().invoke(
            app, ["route", "replay", "--log", str(log), "--policy", "confidence", "--chart", str(chart)]
        )
        assert done.exit_code == 0, done.output
        assert "confidence" in done.output and "performance" not in done.output
        assert chart.read_bytes().startswith(start)
    page = (tmp_path / "c.html").read_text(encoding="utf-8")
    assert "http" not in page.replace("http-equiv", "") and "data:image/png;base64," in page


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--log", "LOG", "--policy", "clever"], "clever"),
        (["--log", "LOG", "--chart", "x.gif"], ".png or .html"),
        (["--log", "LOG", "--kind", "gemini=robot"], "gemini=robot"),
        (["--log", "missing.jsonl"], "missing.jsonl"),
        ([], "--from-database"),
        (["--log", "LOG", "--weak", "nobody"], "nobody"),
    ],
)
def test_what_is_refused_is_said(log: Path, words: list[str], said: str) -> None:
    done = CliRunner().invoke(app, ["route", "replay", *(str(log) if w == "LOG" else w for w in words)])
    assert done.exit_code == 1 and said in done.output and "Traceback" not in done.output


def test_kinds() -> None:
    assert kinds_of(["a=local", "b=student"]) == {"a": "local", "b": "student"}
    with pytest.raises(UnknownValue):
        kinds_of(["=local"])
