"""What is valid of a lot's measures, by the commodity's standard."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ConfigError
from mandi.features.grading.quality_measures import MEASURES, MeasureParams, measured

PARAMS = MeasureParams(limits={"wheat": {"moisture_pct": (3.0, 30.0)}})


def test_limits_hold_for_their_commodity_alone_and_both_ends_are_valid() -> None:
    lots = pd.DataFrame(
        {"commodity": ["wheat", "wheat", "wheat", "maize"], "moisture_pct": [3.0, 30.0, 30.1, 99.0]}
    )
    values, refused = measured(lots, PARAMS)
    np.testing.assert_array_equal(values["moisture_pct"], [3.0, 30.0, np.nan, 99.0])
    assert refused["moisture_pct"].tolist() == [False, False, True, False]


def test_what_was_not_measured_is_missing_and_not_refused() -> None:
    values, refused = measured({"commodity": ["wheat", None]}, PARAMS)
    assert set(values) == set(refused) == set(MEASURES)
    assert all(np.isnan(column).all() for column in values.values())
    assert not any(flags.any() for flags in refused.values())


def test_an_infinite_value_and_an_unknown_colour_are_refused() -> None:
    values, refused = measured(
        {"commodity": ["cotton"] * 3, "oil_pct": [np.inf, 1.0, np.nan], "color_grade": ["Mauve", "Yellow-stained", None]},
        PARAMS,
    )  # fmt: skip
    assert refused["oil_pct"].tolist() == [True, False, False] and np.isnan(values["oil_pct"][0])
    assert refused["color_code"].tolist() == [True, False, False]
    np.testing.assert_array_equal(values["color_code"], [np.nan, 4.0, np.nan])


@pytest.mark.parametrize(
    ("limits", "named"),
    [({"moistur_pct": (1.0, 2.0)}, "moistur_pct"), ({"moisture_pct": (2.0, 1.0)}, "moisture_pct")],
)
def test_senseless_limits_are_refused_by_name(limits: dict[str, tuple[float, ...]], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        MeasureParams(limits={"wheat": limits})
