"""params.yaml is read as DVC reads it, and a wrong setting is an error that names the nearest one."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from mandi.core.config import build, load_params, section
from mandi.core.errors import ConfigError


@dataclass(frozen=True)
class Inner:
    alpha: float = 0.5


@dataclass(frozen=True)
class Outer:
    seed: int
    kind: Literal["split", "adaptive"] = "split"
    gains: tuple[float, ...] = (1e-6, 1e-3)
    limit: int | None = None
    inner: Inner = field(default_factory=Inner)
    caps: dict[str, float] = field(default_factory=dict)


def test_yaml_is_read_as_dvc_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text('rate: 1e-4\nanswer: yes\nday: "2025-01-01"\n')
    assert load_params(path) == {"rate": 0.0001, "answer": "yes", "day": "2025-01-01"}


def test_a_missing_file_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no parameter file at .*params\.yaml"):
        load_params(tmp_path / "params.yaml")


def test_nested_values_are_built_and_typed() -> None:
    made = build(Outer, {"seed": 1, "gains": [1, 0.5], "inner": {"alpha": 1}, "caps": {"7": 1}})
    assert made == Outer(1, gains=(1.0, 0.5), inner=Inner(1.0), caps={"7": 1.0})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"seeed": 1}, r'unknown setting "models\.price\.seeed" \(did you mean "seed"\?\)'),
        ({}, r'missing setting "models\.price\.seed"'),
        ({"seed": "1"}, r"'1' \(str\)"),
        ({"seed": True}, r'"models\.price\.seed" is True'),
        ({"seed": 1, "kind": "adaptve"}, r"allowed: split, adaptive"),
        ({"seed": 1, "gains": 3}, r"allowed: a list"),
        ({"seed": 1, "gains": [1, "x"]}, r"gains\[1\]"),
        ({"seed": 1, "inner": {"alfa": 1}}, r'did you mean "alpha"'),
        ({"seed": 1, "limit": "many"}, r"limit"),
    ],
)
def test_a_wrong_setting_is_named(values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build(Outer, values, "models.price")
    import re

    assert re.search(message, str(caught.value)), str(caught.value)


def test_a_missing_section_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match='did you mean "price"'):
        section({"models": {"price": {}}}, "models.prize")
