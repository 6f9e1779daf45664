"""Every figure of one question: errors, intervals and skill of a set of answered rows (INR per quintal)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mandi.evaluation import metrics, skill

LEVELS = {"90": 0.90, "95": 0.95}


def measured(
    rows: pd.DataFrame, names: list[str], baseline: str, draws: int = 500, seed: int = 0
) -> dict[str, float]:
    """Measure one question.

    Parameters
    ----------
    rows : DataFrame
        ``commodity``, ``label``, ``predicted_price``, the bounds of 90 and 95 %, ``asof``, ``horizon_days``, ``mase_scale`` (from
        ``naive_errors``), the naive bounds (from ``with_naive_bounds``) and the columns of ``names``. No label missing.
    names : list of str
        Baselines; each is compared on the rows where it has an answer.
    baseline : str
        The one that ``skill``, its interval and its test are over.
    draws, seed : int
        For the bootstrap interval of the skill.

    Returns
    -------
    dict of str to float
        ``mae``, ``rmse``, ``r2``, ``r2_by_commodity`` (mean over commodities, by rows), ``mape`` (percent), ``mase``, ``pinball05|50|95``, the interval figures,
        ``<baseline>.mae`` and so on, ``skill``, ``skill_low``, ``skill_high``, ``dm_statistic``, ``dm_p``,
        ``interval_score_ratio90|95`` over the naive interval.
    """
    truth, predicted = rows["label"], rows["predicted_price"]
    scaled = rows["mase_scale"] > 0
    found = {
        "rows": float(len(rows)),
        "mae": metrics.mae(truth, predicted),
        "rmse": metrics.rmse(truth, predicted),
        "r2": metrics.r2(truth, predicted),
        "r2_by_commodity": _r2_by_commodity(rows),
        "mape": metrics.mape(truth, predicted),
        "mase": metrics.mase(truth[scaled], predicted[scaled], rows.loc[scaled, "mase_scale"]),
        "pinball05": metrics.pinball(truth, rows["lower_bound_90"], 0.05),
        "pinball50": metrics.pinball(truth, predicted, 0.5),
        "pinball95": metrics.pinball(truth, rows["upper_bound_90"], 0.95),
        **interval_figures(rows),
    }
    for name in names:
        if name not in rows:
            continue
        has = rows[rows[name].notna()]
        found[f"{name}.rows"] = float(len(has))
        for key, measure in (
            ("mae", metrics.mae),
            ("rmse", metrics.rmse),
            ("r2", metrics.r2),
            ("mape", metrics.mape),
        ):
            found[f"{name}.{key}"] = measure(has["label"], has[name])
        found[f"{name}.skill"] = skill.skill(has["label"], has["predicted_price"], has[name])
    return found | _over_baseline(rows, baseline, draws, seed)


def interval_figures(rows: pd.DataFrame) -> dict[str, float]:
    """Return coverage, mean width and interval score of the 90 and 95 % intervals.

    Examples
    --------
    >>> rows = pd.DataFrame({"label": [5.0, 9.0], "lower_bound_90": 4.0, "upper_bound_90": 8.0, "lower_bound_95": 0.0,
    ...     "upper_bound_95": 10.0})
    >>> found = interval_figures(rows)
    >>> found["coverage90"], found["width90"], found["coverage95"]
    (0.5, 4.0, 1.0)
    """
    found = {}
    for level, share in LEVELS.items():
        low, high = rows[f"lower_bound_{level}"], rows[f"upper_bound_{level}"]
        found[f"coverage{level}"] = metrics.coverage(rows["label"], low, high)
        found[f"width{level}"] = metrics.mean_width(low, high)
        found[f"interval_score{level}"] = metrics.interval_score(rows["label"], low, high, share)
    return found


def naive_errors(earlier: pd.DataFrame, rows: pd.DataFrame) -> pd.Series:
    """Return the scale of MASE for each row: the error of the last report one day ahead, before the test.

    Parameters
    ----------
    earlier : DataFrame
        Answered questions of before the test: ``commodity, market, kind, horizon_days, label, last_price``.
    rows : DataFrame
        ``commodity, market``.

    Returns
    -------
    Series
        INR per quintal: of the row's own market, else of its commodity, else NaN.
    """
    daily = earlier[(earlier["kind"] == "market") & (earlier["horizon_days"] == 1)]
    daily = daily if len(daily) else earlier
    error = (daily["label"] - daily["last_price"]).abs()
    by_market = error.groupby([daily["commodity"], daily["market"]]).mean().rename("own")
    by_commodity = error.groupby(daily["commodity"]).mean()
    own = rows[["commodity", "market"]].join(by_market, on=["commodity", "market"])["own"]
    return own.where(own > 0, rows["commodity"].map(by_commodity)).astype(float)


def with_naive_bounds(rows: pd.DataFrame, earlier: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """Add the interval anyone could give: the baseline, widened by a quantile of its own log errors before the test.

    The width is frozen before the test: one per commodity, kind and horizon, not moved by anything in the test. It is a
    yardstick that does not adapt, and a model whose width does adapt has that advantage over it where volatility changes.

    Parameters
    ----------
    rows, earlier : DataFrame
        ``commodity, kind, horizon_days``, the column ``baseline`` (INR per quintal) and, earlier, ``label``.
    baseline : str

    Returns
    -------
    DataFrame
        ``rows`` with ``naive_lower_90``, ``naive_upper_90``, ``naive_lower_95``, ``naive_upper_95``; NaN where nothing
        of the same commodity and question was answered before.
    """
    keys = ["commodity", "kind", "horizon_days"]
    found = rows.assign(
        **{f"naive_{side}_{level}": np.nan for level in LEVELS for side in ("lower", "upper")}
    )
    if baseline not in rows or not len(earlier):
        return found
    missed = (np.log(earlier["label"]) - np.log(earlier[baseline])).abs()
    for level, share in LEVELS.items():
        half = missed.groupby([earlier[key] for key in keys]).quantile(share).rename("half")
        wide = rows[keys].join(half, on=keys)["half"]
        found[f"naive_lower_{level}"] = rows[baseline] * np.exp(-wide)
        found[f"naive_upper_{level}"] = rows[baseline] * np.exp(wide)
    return found


def _r2_by_commodity(rows: pd.DataFrame) -> float:
    # prices of several crops differ so much that R2 over all of them is near 1 for any forecast
    found = [
        (len(group), metrics.r2(group["label"], group["predicted_price"]))
        for _, group in rows.groupby("commodity", sort=True)
    ]
    known = [(size, value) for size, value in found if np.isfinite(value)]
    return float(np.average([v for _, v in known], weights=[n for n, _ in known])) if known else float("nan")


def _over_baseline(rows: pd.DataFrame, baseline: str, draws: int, seed: int) -> dict[str, float]:
    if baseline not in rows:
        return {}
    has = rows[rows[baseline].notna()]
    errors = (has["label"], has["predicted_price"], has[baseline], has["asof"])
    longest = int(has["horizon_days"].max()) if len(has) else 0
    test = skill.diebold_mariano(*errors, horizon_days=longest)
    low, high = skill.skill_interval(*errors, draws=draws, seed=seed)
    value = skill.skill(*errors[:3])
    found = {
        "skill": value,
        "skill_low": low,
        "skill_high": high,
        "dm_statistic": test.statistic,
        "dm_p": test.p_value,
    }
    bounded = rows[rows["naive_lower_95"].notna()]
    for level, share in LEVELS.items():
        both = [
            metrics.interval_score(
                bounded["label"], bounded[f"{lower}_{level}"], bounded[f"{upper}_{level}"], share
            )
            for lower, upper in (("lower_bound", "upper_bound"), ("naive_lower", "naive_upper"))
        ]
        found[f"interval_score_ratio{level}"] = both[0] / both[1] if both[1] > 0 else float("nan")
    return found
