"""Reports of a market whose arrivals follow a rule that is known: seasons, Sundays, Diwali, a little noise."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from mandi.features.demand import DemandFeatures, DemandInputs
from mandi.models.demand import DemandModel, DemandParams
from mandi.models.forecasting.demand_trees import TreeParams
from mandi.models.forecasting.prophet_series import ProphetParams

DIWALI = pd.to_datetime(["2020-11-14", "2021-11-04", "2022-10-24", "2023-11-12"])
SHARES = {"Karnataka": 0.6, "Rajasthan": 0.4}


def share_of(days: pd.DatetimeIndex) -> np.ndarray:
    """What a day brings of a usual one: a tenth on Sundays, a twentieth on the three days from Diwali on."""
    near = np.min([np.abs((days - d).days - 1) for d in DIWALI], axis=0) <= 1
    return np.where(near, 0.05, np.where(days.dayofweek == 6, 0.1, 1.0))


def usual(days: pd.DatetimeIndex, peak: float) -> np.ndarray:
    """Tonnes on a usual day."""
    return 300.0 + peak * np.cos(2 * np.pi * (days.dayofyear - 310) / 365.25)


def demand_reports(
    start: str = "2020-06-01", days: int = 1200, seed: int = 1, noise: float = 0.05
) -> pd.DataFrame:
    """Reports of two commodities in two states, one market each, known at the end of their day in India."""
    rng = np.random.default_rng(seed)
    day = pd.date_range(start, periods=days, freq="D")
    known = (day + pd.Timedelta(hours=18, minutes=30)).tz_localize("UTC").astype("datetime64[ns, UTC]")
    parts = []
    for commodity, peak in (("soybean", 200.0), ("tur", 100.0)):
        for state, part in SHARES.items():
            level = part * usual(day, peak) * share_of(day)
            tonnes = level * np.exp(noise * rng.standard_normal(days))
            parts.append(
                pd.DataFrame(
                    {
                        "commodity": commodity, "state": state, "market": f"{state} town", "arrivals": tonnes,
                        "event_time": known, "known_time": known,
                    }
                )
            )  # fmt: skip
    return pd.concat(parts, ignore_index=True).sort_values(
        ["known_time", "commodity", "state"], ignore_index=True
    )


def small_params(**other: object) -> DemandParams:
    """Parameters that fit in seconds."""
    settings: dict[str, object] = {
        "features": DemandInputs(past_weeks=120, origin_days={"country": 28, "state": 56}),
        "country": ("seasonal_naive", "theta", "prophet_half_year", "same_weeks", "lightgbm"),
        "place": ("drift", "prophet_two_months", "same_weeks"),
        "trees": TreeParams(n_estimators=20, seeds=(0,), least_rows=100),
        "prophet": ProphetParams(least_days=400),
        "refits": 1, "backtest_days": 56, "workers": 1,
    }  # fmt: skip
    return DemandParams(**(settings | other))  # type: ignore[arg-type]


@cache
def taught() -> tuple[DemandParams, dict[str, pd.DataFrame], pd.DataFrame, DemandModel]:
    """Parameters, history, frame and the model fitted on it; made once and not to be changed."""
    params = small_params()
    features = DemandFeatures(params)
    history = features.history({"reports": demand_reports()})
    frame = features.assemble(features.questions({}, history), history)
    model = DemandModel(params).fit(frame[frame["part"].isin(["train", "validation", "calibration"])])
    return params, history, frame, model
