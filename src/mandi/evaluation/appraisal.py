"""Measures predictions against what came (INR per quintal): flat metrics, by horizon, by volatility, by slice."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from mandi.core.errors import ContractError, nearest
from mandi.evaluation import metrics
from mandi.evaluation.examiner import plain
from mandi.evaluation.floor import floor_metrics
from mandi.evaluation.scoring import LEVELS, interval_figures, measured, naive_errors, with_naive_bounds
from mandi.evaluation.slices import slices

BY_QUESTION, BY_VOLATILITY, WORST_SLICES = "By question", "By volatility of the nation", "Worst slices"
TERCILES = ("calm", "middle", "restless")
NEEDED = ["commodity", "market", "asof", "kind", "horizon_days", "target_day", "label", "label_known_time"]


@dataclass(frozen=True)
class EvaluationParams:
    """What is measured.

    Attributes
    ----------
    baseline : str
        Column of the baselines that skill is measured over.
    min_slice_rows : int
        A slice with fewer rows is not called the worst.
    bootstrap_draws, seed : int
        For the interval of the skill.
    volatility : str
        Column of the frame whose terciles, within each commodity, are shown apart.
    """

    baseline: str = "last_price"
    min_slice_rows: int = 100
    bootstrap_draws: int = 500
    seed: int = 20240611
    volatility: str = "national_vol_30"


@dataclass(frozen=True)
class Evaluation:
    """Everything measured on one test.

    Attributes
    ----------
    metrics : dict of str to float
        Flat: ``lot.mae``, ``lot.last_price.mae``, ``market.7.coverage90``, ``market.7.calm.width95``, ...
    by_horizon, terciles, slices : DataFrame
    rows : DataFrame
        One row per answered question: question, label, predictions, baselines.
    notes : tuple of str
        What the figures mean where a name does not say it, and what was left out.
    """

    metrics: dict[str, float]
    by_horizon: pd.DataFrame
    terciles: pd.DataFrame
    slices: pd.DataFrame
    rows: pd.DataFrame = field(repr=False)
    notes: tuple[str, ...] = ()

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """What a reader sees, by title."""
        shown = {BY_QUESTION: self.by_horizon, BY_VOLATILITY: self.terciles, WORST_SLICES: self.worst()}
        return {title: table for title, table in shown.items() if len(table)}

    def worst(self) -> pd.DataFrame:
        """Return the worst slice of each question."""
        return self.slices[self.slices["worst"]].reset_index(drop=True)

    def coverage(self) -> pd.DataFrame:
        """Return measured against nominal coverage: ``question, nominal, coverage, volatility`` (all, calm, ...)."""
        whole = self.by_horizon.assign(tercile="all")
        table = pd.concat([whole, self.terciles] if len(self.terciles) else [whole], ignore_index=True)
        long = [
            table[["question", "tercile"]].assign(nominal=share, coverage=table[f"coverage{level}"])
            for level, share in LEVELS.items()
        ]
        return pd.concat(long, ignore_index=True).rename(columns={"tercile": "volatility"})

    def as_dict(self) -> dict[str, Any]:
        """Return plain data without the rows; what is not finite becomes None, so that it is valid JSON."""
        tables = {title: plain(table.to_dict(orient="records")) for title, table in self.tables.items()}
        return {"metrics": plain(self.metrics), "tables": tables, "notes": list(self.notes)}

    def _repr_html_(self) -> str:
        parts = [
            f"<h4>{title}</h4>{table.to_html(index=False, float_format=lambda x: f'{x:.4g}', na_rep='-')}"
            for title, table in self.tables.items()
        ]
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
        return "".join(parts) + (f"<ul>{notes}</ul>" if notes else "")


def evaluate(
    predictions: pd.DataFrame,
    frame: pd.DataFrame,
    params: EvaluationParams | None = None,
    *,
    baselines: pd.DataFrame | None = None,
    oracles: pd.DataFrame | None = None,
) -> Evaluation:
    """Measure predictions of market and lot prices.

    Parameters
    ----------
    predictions : DataFrame
        ``predicted_price``, ``lower_bound_90``, ``upper_bound_90``, ``lower_bound_95``, ``upper_bound_95`` (INR per
        quintal) for some rows of ``frame``, by index; from ``predict`` or ``rolling_origin``.
    frame : DataFrame
        Assembled questions with ``label``: the rows predicted and, before them, those that scale MASE and the naive
        interval (only labels known before the first question predicted are used).
    params : EvaluationParams, optional
    baselines : DataFrame, optional
        One column per baseline on the index of ``frame``, NaN where it has no answer; from
        ``mandi.evaluation.baselines.baselines``. Without it only the last report, from ``last_log``, is beside.
    oracles : DataFrame, optional
        Of the generated market, from ``mandi.evaluation.floor.oracle_prices``: puts the oracles beside the lots.

    Returns
    -------
    Evaluation
        Rows without a label are counted in ``<question>.unlabelled`` and measured nowhere; so are rows the model gives no
        price for (a market without any history), whose share is ``<question>.unanswered`` for the gate to bound. Baselines are compared on
        the rows where they have an answer, whose count is ``<question>.<baseline>.rows``. ``market.pooled`` holds all
        horizons from one day on, ``market.<h>`` one horizon (0 is today), ``lot`` the lots.

    Raises
    ------
    ContractError
        A column is missing, a row predicted is not in ``frame``, or a price is given with a bound that is not finite.
    """
    chosen = params or EvaluationParams()
    rows, earlier = _answered(predictions, frame, baselines, chosen.volatility)
    fingerprinted = fingerprint(rows[rows["label"].notna()])
    labelled = rows[rows["label"].notna() & rows["predicted_price"].notna()]
    labelled = labelled.assign(
        mase_scale=naive_errors(earlier, labelled), tercile=_terciles(labelled, chosen.volatility)
    )
    labelled = with_naive_bounds(labelled, earlier, chosen.baseline)
    names = [] if baselines is None else [str(name) for name in baselines.columns]
    names = list(dict.fromkeys([chosen.baseline, *names]))
    flat: dict[str, float] = {"test.rows": float(len(labelled)), "test.fingerprint": fingerprinted}
    by_horizon, terciles = [], []
    for name, group in _questions(rows):
        known = labelled.loc[group.index.intersection(labelled.index)]
        found = measured(known, names, chosen.baseline, chosen.bootstrap_draws, chosen.seed)
        told = group["label"].notna()
        found["unlabelled"] = float((~told).sum())
        found["unanswered"] = float(group.loc[told, "predicted_price"].isna().mean())
        flat |= {f"{name}.{key}": value for key, value in found.items()}
        head = {"question": name, "kind": name.split(".")[0], "horizon_days": _horizon(name)}
        by_horizon.append({**head, **{key: value for key, value in found.items() if "." not in key}})
        for tercile in TERCILES:
            part = known[known["tercile"] == tercile]
            if len(part) == 0:
                continue
            inner = interval_figures(part) | {"mae": metrics.mae(part["label"], part["predicted_price"])}
            terciles.append({**head, "tercile": tercile, "rows": float(len(part)), **inner})
            flat |= {f"{name}.{tercile}.{key}": value for key, value in inner.items()}
    table = slices(labelled.assign(baseline=labelled[chosen.baseline]), chosen.min_slice_rows)
    for row in table[table["worst"]].to_dict(orient="records"):
        name = "lot" if row["kind"] == "lot" else f"market.{row['horizon_days']}"
        flat |= {
            f"{name}.worst_slice.skill": float(row["skill"]),
            f"{name}.worst_slice.mape": float(row["mape"]),
        }
    if oracles is not None:
        flat |= floor_metrics(labelled, oracles)
    notes = _notes(rows, labelled, chosen)
    return Evaluation(flat, pd.DataFrame(by_horizon), pd.DataFrame(terciles), table, labelled, notes)


def fingerprint(rows: pd.DataFrame) -> float:
    """Return a number that two tests share only when they hold the same questions with the same answers.

    Order and index do not matter. 48 bits, so that a float holds it exactly.

    Examples
    --------
    >>> rows = pd.DataFrame({"commodity": ["tur", "tur"], "market": ["Latur", "Kadi"], "kind": "market", "horizon_days": 1,
    ...     "asof": pd.Timestamp("2024-01-01", tz="UTC"), "label": [7000.0, 7100.0]})
    >>> fingerprint(rows) == fingerprint(rows.iloc[::-1]), fingerprint(rows) == fingerprint(rows.assign(label=1.0))
    (True, False)
    """
    keys = rows[["commodity", "market", "kind", "horizon_days", "asof", "label"]]
    plain = keys.assign(
        **{name: keys[name].astype(str) for name in ("commodity", "market", "kind")},
        horizon_days=keys["horizon_days"].astype("int64"),
        asof=pd.to_datetime(keys["asof"], utc=True).astype("datetime64[ns, UTC]").astype("int64"),
        label=keys["label"].astype(float),
    )
    return float(int(pd.util.hash_pandas_object(plain, index=False).sum()) % 2**48)


def _answered(
    predictions: pd.DataFrame, frame: pd.DataFrame, baselines: pd.DataFrame | None, volatility: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    for column in NEEDED:
        if column not in frame:
            known = [str(name) for name in frame.columns]
            raise ContractError(
                f'frame has no column "{column}"{nearest(column, known)}', allowed=", ".join(NEEDED)
            )
    bounds = [f"{side}_bound_{level}" for level in LEVELS for side in ("lower", "upper")]
    for column in ("predicted_price", *bounds):
        if column not in predictions:
            raise ContractError(
                f'predictions have no column "{column}"', allowed=", ".join(map(str, predictions.columns))
            )
    if not frame.index.is_unique or not predictions.index.is_unique:
        raise ContractError("an index value occurs twice", allowed="one row per index value")
    strangers = len(predictions.index.difference(frame.index))
    if strangers or len(predictions) == 0:
        raise ContractError(
            f"{strangers} of {len(predictions)} predictions have no row in frame", allowed="its index"
        )
    kept = [*NEEDED, *(name for name in (volatility, f"b_{volatility}") if name in frame)]
    last = frame["last_log"].astype(float) if "last_log" in frame else pd.Series(np.nan, index=frame.index)
    beside = {} if baselines is None else {str(name): baselines[name].astype(float) for name in baselines}
    if "last_log" in frame or "last_price" not in beside:
        beside["last_price"] = pd.Series(np.exp(last.to_numpy()), index=frame.index)
    whole = frame[kept].assign(**{name: values.reindex(frame.index) for name, values in beside.items()})
    rows = whole.loc[predictions.index].assign(
        **{c: predictions[c].astype(float) for c in ("predicted_price", *bounds)}
    )
    earlier = whole[whole["label"].notna() & (whole["label_known_time"] <= rows["asof"].min())]
    return rows, earlier


def _questions(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    found: list[tuple[str, pd.DataFrame]] = []
    lots = rows[rows["kind"] == "lot"]
    if len(lots):
        found.append(("lot", lots))
    market = rows[rows["kind"] == "market"]
    for horizon, group in market.groupby("horizon_days", sort=True):
        found.append((f"market.{int(str(horizon))}", group))
    ahead = market[market["horizon_days"] >= 1]
    if len(ahead):
        found.append(("market.pooled", ahead))
    return found


def _horizon(name: str) -> float:
    last = name.rsplit(".", 1)[-1]
    return float(last) if last.isdigit() else (0.0 if name == "lot" else float("nan"))


def _terciles(rows: pd.DataFrame, column: str) -> pd.Series:
    name = next((c for c in (column, f"b_{column}") if c in rows), None)
    if name is None or rows[name].isna().all():
        return pd.Series(np.nan, index=rows.index, dtype=object)
    place = rows.groupby("commodity")[name].rank(pct=True)
    return pd.cut(place, [0, 1 / 3, 2 / 3, 1], labels=list(TERCILES)).astype(object)


def _notes(rows: pd.DataFrame, labelled: pd.DataFrame, params: EvaluationParams) -> tuple[str, ...]:
    notes = [
        f"Test from {rows['asof'].min().date()} to {rows['asof'].max().date()}: {len(labelled)} questions measured, "
        f"{int(rows['label'].isna().sum())} without a label, {int(rows['predicted_price'].isna().sum())} without a price.",
        "MASE scale: mean absolute one-day change of the same market's reports before the test (of the commodity where "
        "the market has none).",
        f"Skill is 1 - MAE / MAE of {params.baseline}, rupees pooled over rows; dm_p is two-sided, errors averaged by "
        "origin day; skill_low and skill_high are a 95 % bootstrap interval over origin weeks.",
        "interval_score_ratio compares with the last report widened by the quantile of its own errors before the test.",
    ]
    if labelled["tercile"].isna().all():
        notes.append(f"No terciles of volatility: the frame has no {params.volatility}.")
    return tuple(notes)
