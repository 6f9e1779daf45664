"""The page and the template say what the code says, and the table of what is in force shows no secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from dotenv import dotenv_values
from typer.testing import CliRunner

from mandi.cli import app
from mandi.serving.settings import fields, load
from mandi.serving.settings_page import PAGE, TEMPLATE, WRITE, in_force, page, table, template, write


@pytest.mark.parametrize(("place", "text"), [(PAGE, page), (TEMPLATE, template)])
def test_what_is_written_is_what_the_code_says(root: Path, place: Path, text: object) -> None:
    assert callable(text)
    assert (root / place).read_text(encoding="utf-8") == text(), f"run {WRITE}"


def test_writing(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    write(tmp_path)
    assert (tmp_path / TEMPLATE).read_text() == template()


def test_the_template_uncommented_can_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for _, _, _, said in fields():
        for name in said.names:
            monkeypatch.delenv(name, raising=False)
    lines = [
        line[1:] if line.startswith("#") and line[1:2].isupper() else line for line in template().splitlines()
    ]
    file = tmp_path / ".env"
    file.write_text("\n".join(lines))
    assert {said.names[0] for _, _, _, said in fields()} <= set(dotenv_values(file))
    assert load(file).ai_mode == "hybrid"


def test_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "hunter2")
    monkeypatch.setenv("REDIS_URL", "redis://:hunter2@h")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://me:hunter2@h/v1")
    rows = {name: (value, whence) for name, value, whence in in_force(load())}
    assert rows["OPENAI_API_KEY"] == rows["REDIS_URL"] == ("set", "set")
    assert rows["ANTHROPIC_API_KEY"] == ("not set", "default")
    assert rows["OPENAI_BASE_URL"][0] == "https://***@h/v1"
    assert "hunter2" not in table(load())


def test_the_command(root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(root)
    monkeypatch.setenv("OPENAI_API_KEY", "hunter2")
    file = tmp_path / "mine.env"
    file.write_text("AI_MODE=mock\nNEO4J_URI=bolt://h\n")
    told = CliRunner().invoke(app, ["settings", "--env-file", str(file)])
    assert told.exit_code == 0
    assert "hunter2" not in told.output
    assert "warning: NEO4J_URI" in told.output
    file.write_text("AI_MODDE=mock\n")
    told = CliRunner().invoke(app, ["settings", "--env-file", str(file)])
    assert told.exit_code == 1
