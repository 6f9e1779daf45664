"""Every model has a space that holds its default and only settings it has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mandi.core.config import load_params
from mandi.core.errors import ConfigError, UnknownValue
from mandi.models import MODELS, new_model
from mandi.tuning.search import search_params
from mandi.tuning.spaces import SPACES, UNTOUCHED, defaults, set_to, space_of


@pytest.fixture(scope="module")
def params() -> dict[str, Any]:
    return load_params(Path(__file__).parents[3] / "params.yaml")


def test_every_model_can_be_searched() -> None:
    assert set(SPACES) == set(MODELS), "a model needs its settings in SPACES"
    assert set(UNTOUCHED) <= set(MODELS)


@pytest.mark.parametrize("model", list(MODELS))
def test_the_ends_of_every_range_are_settings_of_the_model(model: str, params: dict[str, Any]) -> None:
    space = space_of(model, params)
    for end in ("low", "high", "default"):
        built = new_model(model, set_to(params, model, {s.path: getattr(s, end) for s in space}, brief=True))
        assert built is not None


@pytest.mark.parametrize("model", list(MODELS))
def test_the_shipped_default_lies_in_the_ranges_as_they_are_written(
    model: str, params: dict[str, Any]
) -> None:
    written = {setting.path: setting for setting in SPACES[model]}
    for path, value in defaults(space_of(model, params)).items():
        assert written[path].low <= value <= written[path].high, path


def test_settings_named_here_are_what_the_members_take(params: dict[str, Any]) -> None:
    from mandi.models.grading.grade_members import member, member_class

    for path, value in defaults(space_of("quality", params)).items():
        if path.startswith("jury.settings."):
            name, setting = path.removeprefix("jury.settings.").split(".")
            shipped = getattr(member_class(name), "defaults", None)
            assert (shipped[setting] if shipped else getattr(member(name), setting)) == value, path


def test_the_price_space_is_that_of_the_requirement() -> None:
    asked = {
        "max_depth": (3, 12), "learning_rate": (0.01, 0.3), "n_estimators": (100, 1000), "min_child_weight": (1, 10),
        "subsample": (0.6, 1.0), "colsample_bytree": (0.6, 1.0), "gamma": (0, 1), "reg_alpha": (0, 1), "reg_lambda": (0, 2),
    }  # fmt: skip
    assert {s.path.rsplit(".", 1)[1]: (s.low, s.high) for s in SPACES["price"]} == asked
    assert [s.path.rsplit(".", 1)[1] for s in SPACES["price"] if s.log] == ["learning_rate"]
    assert search_params(load_params(Path(__file__).parents[3] / "params.yaml")).trials == 50


def test_a_default_outside_widens_its_range(params: dict[str, Any]) -> None:
    far = set_to(params, "price", {"lots.trees.xgboost.max_depth": 20})
    depth = space_of("price", far)[0]
    assert (depth.low, depth.high, depth.default) == (3, 20, 20)


def test_a_default_the_scale_cannot_hold_is_refused(params: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="learning_rate"):
        space_of("price", set_to(params, "price", {"lots.trees.xgboost.learning_rate": 0.0}))


def test_an_unknown_model_is_told_the_known_ones(params: dict[str, Any]) -> None:
    with pytest.raises(UnknownValue, match='did you mean "quality"') as raised:
        space_of("qualty", params)
    assert raised.value.allowed == "price, demand, quality, fraud, matching"
