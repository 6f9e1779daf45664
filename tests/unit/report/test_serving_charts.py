"""Charts of the service: what is drawn is what the frames say."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.report import serving_charts as charts

CALLS = pd.DataFrame(
    {
        "phase": ["it fails", "it fails", "later"],
        "by": ["mock", "mock", "scripted"],
        "fallback": [True, True, False],
        "breaker": ["closed", "open", "half_open"],
    }
)


def points(figure: Any) -> dict[str, list[tuple[float, float]]]:
    (axes,) = figure.axes
    return {
        line.get_label(): list(zip(line.get_xdata(), line.get_ydata(), strict=True)) for line in axes.lines
    }


def test_a_price_beside_its_bounds() -> None:
    view = {"deal_price": 8900.0, "fair_price": 8500.0, "lower_bound_95": 8200.0, "upper_bound_95": 8800.0}
    figure = charts.price_beside(view, "cotton")
    assert points(figure)["this deal"] == [(8900.0, 0)] and points(figure)["fair price"] == [(8500.0, 0)]
    assert figure.alt == "cotton" and figure.png()


def test_who_answered_call_by_call() -> None:
    figure = charts.who_answered(CALLS, "three calls")
    drawn = points(figure)
    assert drawn[charts.STOOD_IN] == [(1, 1), (2, 1)] and drawn[charts.OWN] == [(3, 0)]
    assert drawn["breaker half open"] == [(3, -1)] and drawn["breaker open"] == [(2, -1)]
    assert [text.get_text() for text in figure.axes[0].texts] == ["it fails", "later"]
    with pytest.raises(ContractError, match="breaker"):
        charts.who_answered(CALLS.drop(columns="breaker"), "three calls")


def test_letters_add_up_to_the_answer() -> None:
    events = pd.DataFrame(
        {"ms": [5.0, 7.0, 9.0], "type": ["token", "token", "done"], "content": ["Ho", "ld.", None]}
    )
    (line,) = [
        x
        for x in charts.arrivals(events, "an answer").axes[0].lines
        if len(x.get_xdata()) == 2 and x.get_ydata()[1] == 5
    ]
    assert list(line.get_xdata()) == [5.0, 7.0] and list(line.get_ydata()) == [2, 5]


def test_quality_against_cost_with_a_band_but_for_the_best() -> None:
    frame = pd.DataFrame(
        {"cost_usd": [0.0, 0.001], "quality": [0.6, 0.9], "low": [0.5, 0.8], "high": [0.7, 1.0]}
    )
    figure = charts.cost_quality({"one": frame, "best": frame}, 0.6, 0.9, "two routers", best="best")
    assert points(figure)["one"] == [(0.0, 0.6), (1.0, 0.9)]
    assert len(figure.axes[0].collections) == 1
