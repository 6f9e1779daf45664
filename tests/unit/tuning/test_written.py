"""Settings are written into params.yaml in place, and what is written is what training reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mandi.core.config import load_params
from mandi.core.errors import ConfigError
from mandi.models import MODELS, new_model
from mandi.tuning.spaces import set_to, space_of
from mandi.tuning.written import edited, write_settings

SHIPPED = Path(__file__).parents[3] / "params.yaml"


def test_nothing_but_the_numbers_changes() -> None:
    text = "a:  # one\n  b: {c: 8,   d: 0.5}   # two\n  e:\n    f: 1.0e-4   # three\nz: [1, 2]\n"
    assert edited(text, {"a.b.c": 6, "a.e.f": 0.25}) == (
        "a:  # one\n  b: {c: 6,   d: 0.5}   # two\n  e:\n    f: 0.25   # three\nz: [1, 2]\n"
    )


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("a: {}\n", "a: {b: {c: 2}}\n"),
        ("a: {d: 1}\n", "a: {d: 1, b: {c: 2}}\n"),
        ("a:\n  d: 1   # kept\n", "a:\n  b: {c: 2}\n  d: 1   # kept\n"),
        ("a:\n  b:\n    d: 1\n", "a:\n  b:\n    c: 2\n    d: 1\n"),
        ("x: é\na: {d: 1}\n", "x: é\na: {d: 1, b: {c: 2}}\n"),
    ],
)
def test_what_is_not_there_is_added(text: str, after: str) -> None:
    assert edited(text, {"a.b.c": 2}) == after


@pytest.mark.parametrize(
    "text", ["a: 5\n", "a: {b: [1]}\n", "a: {b: {c: {d: 1}}}\n", "a: &x {b: {c: 1}}\ne: *x\n"]
)
def test_what_cannot_be_set_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        edited(text, {"a.b.c": 2})


@pytest.mark.parametrize("value", [1e-05, 0.1, 3, 123456.0])
def test_a_number_comes_back_as_it_was(value: float) -> None:
    from ruamel.yaml import YAML

    found = YAML(typ="safe", pure=True).load(edited("a: {b: 1}\n", {"a.b": value}))["a"]["b"]
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize("model", list(MODELS))
def test_the_shipped_file_takes_the_settings_of_every_model(model: str, tmp_path: Path) -> None:
    before: dict[str, Any] = load_params(SHIPPED)
    text = SHIPPED.read_text(encoding="utf-8")
    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
    wanted = {s.path: s.low if s.default != s.low else s.high for s in space_of(model, before)}
    assert write_settings(tmp_path, model, wanted, {"study": "s"}) == ["params.yaml", "tuned.yaml"]
    after = load_params(tmp_path / "params.yaml")
    assert after == set_to(before, model, wanted)
    trained = new_model(model, after)
    assert {s.path: s.default for s in space_of(model, after)} == wanted
    assert trained.params == new_model(model, set_to(before, model, wanted)).params  # type: ignore[attr-defined]
    lines = (tmp_path / "params.yaml").read_text(encoding="utf-8").splitlines()
    changed = [line for line in text.splitlines() if line not in lines]
    assert 0 < len(changed) <= len(wanted), "other lines were touched"


def test_the_record_of_other_models_stays_and_holds_no_date(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("models: {a: {x: 1}, b: {x: 1}}\n", encoding="utf-8")
    write_settings(tmp_path, "b", {"x": 2}, {"study": "b-1", "settings": {"x": {"before": 1, "after": 2}}})
    once = (tmp_path / "tuned.yaml").read_text(encoding="utf-8")
    write_settings(tmp_path, "a", {"x": 3}, {"study": "a-1"})
    both = load_params(tmp_path / "tuned.yaml")
    assert both["a"] == {"study": "a-1"} and both["b"]["settings"]["x"] == {"before": 1, "after": 2}
    write_settings(tmp_path, "a", {"x": 3}, {"study": "a-1"})
    assert load_params(tmp_path / "tuned.yaml") == both and "study: b-1" in once
