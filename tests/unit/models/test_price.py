from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from mandi.core.config import build, load_params, section
from mandi.core.errors import ConfigError, ContractError, NotFitted, UnknownValue
from mandi.features.price import PriceFeatureParams
from mandi.features.pricing.level_bank import BankParams
from mandi.features.pricing.levels import market_levels
from mandi.models.price import FORMAT, PriceModel, PriceParams
from mandi.models.pricing.lot_matrix import READ
from mandi.models.pricing.market_pricer import NEEDED
from mandi.models.pricing.price_fields import HORIZONS, SPEC, boosted_names


def test_the_spec_declares_what_both_pricers_read() -> None:
    declared = set(SPEC.input_names())
    assert set(READ) | set(NEEDED) | {"kind"} <= declared
    assert len(SPEC.input_names()) == len(declared), "a column is declared twice"


def test_the_filters_details_are_named_as_the_filter_names_them() -> None:
    day = pd.date_range("2024-01-01 18:30", periods=80, tz="UTC")
    reports = pd.DataFrame(
        {"commodity": "tur", "state": "Bihar", "market": "Patna", "min_price": 90.0, "max_price": 110.0,
         "modal_price": 100.0, "arrivals": 5.0, "event_time": day, "known_time": day}
    )  # fmt: skip
    levels = market_levels(reports, PriceFeatureParams().levels)
    found = {name for name in levels if name.startswith("b_")}
    assert found and found <= set(boosted_names(len(BankParams().market_drifts)))


def test_requests_and_answers_have_the_names_promised() -> None:
    asked = {field.name for field in SPEC.request}
    assert {
        "commodity",
        "market",
        "quantity",
        "supplier_id",
        "variety",
        "grade",
        "horizon_days",
        "staple_length_mm",
    } <= asked
    assert {"predicted_price", "lower_bound_95", "upper_bound_95", "lower_bound_90", "upper_bound_90"} == set(
        SPEC.output_names()
    )
    assert set(SPEC.example) <= asked and SPEC.horizons == HORIZONS
    assert all(field.meaning for field in (*SPEC.inputs, *SPEC.outputs, *SPEC.request))


def test_the_projects_parameters_build(root) -> None:  # type: ignore[no-untyped-def]
    params = build(PriceParams, section(load_params(root / "params.yaml"), "models.price"), "models.price")
    assert isinstance(params, PriceFeatureParams)
    with pytest.raises(ConfigError, match="lots.trees.xgboost.max_dept"):
        build(PriceParams, {"lots": {"trees": {"xgboost": {"max_dept": 3}}}})


def test_what_cannot_be_is_said() -> None:
    with pytest.raises(NotFitted):
        PriceModel().predict(pd.DataFrame({"kind": ["lot"]}))
    with pytest.raises(ContractError, match='lacks "kind"'):
        PriceModel().fit(pd.DataFrame({"label": [1.0]}))
    with pytest.raises(UnknownValue, match="auction"):
        PriceModel().fit(pd.DataFrame({"kind": ["auction"]}))


def test_a_model_saved_in_another_format_is_refused_not_misread(tmp_path: Path) -> None:
    (tmp_path / "price.json").write_text(json.dumps({"format": FORMAT - 1, "params": {}, "lots": False}))
    with pytest.raises(ContractError, match=f"format {FORMAT - 1}"):
        PriceModel.load(tmp_path)
