"""Examines rankings: how often an offer that was taken stands among the first, among which candidates, beside what.

Two sets of candidates, both named with every figure. ``open``: all offers known and open at the moment of the want that
satisfy its hard constraints, shown or not; what was not shown counts as not taken, so this is a lower bound. ``shown``:
the offers the buyer was shown, of wants that were shown at least so many.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from mandi.core.config import build
from mandi.evaluation.backtest import BacktestParams, asked_origins, first_origin, rolling_origin
from mandi.evaluation.controls import ControlResult, future_perturbation
from mandi.evaluation.examiner import Judged, Standing, fingerprint
from mandi.evaluation.ranking.ranking_controls import shuffled_choices
from mandi.evaluation.ranking.ranking_metrics import chance, interval, places, summary

if TYPE_CHECKING:
    from mandi.features.base import Features
    from mandi.models.base import Model

SCORE, LABEL, WANT = "match_score", "label", "requirement_id"
CHEAPEST, POPULAR = "cheapest", "popular seller"
SETS = {
    "open": "offers open at the moment that satisfy every hard constraint",
    "shown": "offers the buyer was shown",
}
ASKED = [WANT, "availability_id", "asof", "commodity", "feasible", LABEL]


@dataclass(frozen=True)
class RankingParams:
    """Section ``evaluation.ranking``: what is measured.

    Attributes
    ----------
    least_shown : int
        Wants that were shown fewer offers are not among the set ``shown``: five of six are found by chance.
    """

    least_shown: int = 10


class RankingExaminer:
    """Examiner of the task "ranking"; see ``mandi.evaluation.examiner.Examiner``.

    Parameters
    ----------
    params : mapping
        All of params.yaml; section ``evaluation`` says what is measured.
    model : str
        Name of the model.

    Examples
    --------
    >>> examiner = RankingExaminer({}, "matching")
    >>> examiner.standing({"open.top5": 0.93, "open.rule.top5": 0.64, "shown.ceiling.top5": 0.97}).baseline
    'rule 0.640'
    """

    task: ClassVar[str] = "ranking"
    limits: ClassVar[tuple[str, ...]] = (
        "What a buyer was never shown he could not take: among all open offers an answer that is no deal may still be a good one.",
        "Tastes of a buyer for a seller are learnt from deals; a new buyer or a new seller is nobody in particular.",
        "The score is the chance of a deal when the offer is shown among offers like those of the past, not a measure of "
        "quality; it says nothing of offers that violate a hard constraint: those are never returned.",
        "Each want is answered alone: two wants may be given the same offer. Who gives an offer only once assigns a whole batch.",
    )

    def __init__(self, params: Mapping[str, Any], model: str) -> None:
        given = params.get("evaluation") or {}
        self.params = build(RankingParams, given.get("ranking", {}), "evaluation.ranking")
        self.layout = build(BacktestParams, given.get("backtest", {}), "evaluation.backtest")
        self.draws, self.seed = int(given.get("bootstrap_draws", 500)), int(given.get("seed", 0))

    def beside(
        self,
        frame: pd.DataFrame,
        tables: Mapping[str, pd.DataFrame],
        fitted: Mapping[str, pd.Series] | None = None,
    ) -> pd.DataFrame:
        """Return one column of scores per baseline: the cheapest, the seller most taken, and what was fitted."""
        found = {CHEAPEST: -frame["ask_price"], POPULAR: frame["seller_rate"].fillna(0.0)}
        return pd.DataFrame(
            {**found, **{name: s.reindex(frame.index) for name, s in (fitted or {}).items()}},
            index=frame.index,
        )

    def examine(
        self,
        predictions: pd.DataFrame,
        frame: pd.DataFrame,
        beside: pd.DataFrame,
        truth: Mapping[str, Any] | None = None,
    ) -> Judged:
        """Measure scores for some rows of a frame, by index.

        Parameters
        ----------
        predictions : DataFrame
            ``match_score`` and what else the model returned.
        frame : DataFrame
            Assembled pairs with label (missing where the offer was not shown).
        beside : DataFrame
            From :meth:`beside`.
        truth : mapping, optional
            ``frames["matching"]``: the utility nobody publishes, of the pairs shown.
        """
        asked = frame.loc[predictions.index]
        columns = [*ASKED, *(c for c in ("part", "buyer_id", "seller_id") if c in asked)]
        own = [c for c in predictions.columns if c not in columns]
        rows = asked[columns].join(predictions[own]).join(beside.reindex(predictions.index))
        rows = rows.join(_utility(asked, truth))
        scores = {"model": SCORE, **{str(name): str(name) for name in beside.columns}}
        if "ceiling" in rows:
            scores["ceiling"] = "ceiling"
        metrics: dict[str, float] = {"test.rows": float(len(rows)), "test.fingerprint": fingerprint(
            rows[rows[LABEL].notna()], [WANT, "availability_id", LABEL])}  # fmt: skip
        tables, notes = {}, [f"a want with several deals is served by any of them; {RELEVANT}"]
        for name, meaning in SETS.items():
            by = rankings(rows, name, scores, self.params.least_shown)
            metrics |= self._metrics(name, by)
            tables[f"Among {meaning}"] = _table(by)
            notes.append(self._note(name, meaning, by["model"]))
            if name == "open":
                tables["By commodity, among all open offers"] = _by_commodity(rows, by)
        metrics |= _feasibility(rows)
        tables["What the rule of thumb gives the first five"] = _breakdown(rows)
        return Judged(metrics, tables, rows, tuple(notes))

    def backtest(
        self, frame: pd.DataFrame, make_model: Callable[[], Model], tell: Callable[[int, int, str], None]
    ) -> pd.DataFrame:
        """Answer the last quarter of time by rolling origin, fitted once at its beginning.

        Pairs that were not shown have no label and are answered all the same.
        """
        origins = asked_origins(frame, first_origin(frame, self.layout), self.layout.origins)
        once = BacktestParams(
            self.layout.origins, len(origins), self.layout.validation_days, self.layout.calibration_days
        )
        return rolling_origin(frame, make_model, origins, once, tell)

    def controls(
        self,
        features: Features,
        fitted: Model,
        make_model: Callable[[], Model],
        frame: pd.DataFrame,
        tables: Mapping[str, pd.DataFrame],
        seed: int,
    ) -> list[ControlResult]:
        """Return "future perturbation", asked in the middle of the test, and "shuffled labels"."""
        test = frame[frame["part"] == "test"]
        when = test["asof"].sort_values().iloc[len(test) // 2]
        return [
            future_perturbation(features, fitted, tables, when, seed, questions=frame),
            shuffled_choices(make_model, frame, seed),
        ]

    def standing(self, metrics: Mapping[str, float]) -> Standing:
        """Return the share of wants served among the first five of all open offers."""
        rule, ceiling = metrics.get("open.rule.top5"), metrics.get("shown.ceiling.top5")
        shown = metrics.get("shown.top5")
        return Standing(
            f"open.top5 {metrics['open.top5']:.3f}",
            f"rule {rule:.3f}" if rule is not None else "-",
            f"{ceiling:.3f} (of shown, where the model has {shown:.3f})"
            if ceiling is not None and shown is not None
            else "",
        )

    def _metrics(self, name: str, by: Mapping[str, pd.DataFrame]) -> dict[str, float]:
        found = by["model"]
        told = {f"{name}.{key}": value for key, value in summary(found).items()}
        low, high = interval(found, 5, self.draws, self.seed)
        told |= {
            f"{name}.top5_low": low, f"{name}.top5_high": high, f"{name}.wants": float(len(found)),
            f"{name}.candidates": float(found["candidates"].mean()), f"{name}.chance.top5": chance(found),
            **({"shown.least": float(self.params.least_shown)} if name == "shown" else {}),
        }  # fmt: skip
        for label, other in by.items():
            if label != "model":
                key = label.replace(" ", "_")
                told |= {f"{name}.{key}.{metric}": value for metric, value in summary(other).items()}
                told[f"{name}.{key}.gain"] = told[f"{name}.top5"] - told[f"{name}.{key}.top5"]
        return told

    def _note(self, name: str, meaning: str, found: pd.DataFrame) -> str:
        least = f", wants shown {self.params.least_shown} or more" if name == "shown" else ""
        missed = int((found["candidates"] == 0).sum())
        return (
            f"{name}: {meaning}{least}; {len(found):,} wants, {found['candidates'].mean():.1f} candidates each on average, "
            f"five drawn blindly serve {chance(found):.3f}"
            + (f"; {missed} wants without any candidate count as not served" if missed else "")
        )


RELEVANT = "top k: the share of wants with a deal among the first k; mrr: mean of 1 / place of the first deal"


def rankings(
    rows: pd.DataFrame, name: str, scores: Mapping[str, str], least_shown: int = 0
) -> dict[str, pd.DataFrame]:
    """Return ``ranking_metrics.places`` of every way to score, among one set of candidates, of wants that had a deal.

    Parameters
    ----------
    rows : DataFrame
        requirement_id, label, feasible and the columns named by ``scores``.
    name : str
        open or shown, as in ``SETS``.
    scores : mapping of str to str
        What is shown to the column it is in; "ceiling" is left out where it is not known of every candidate.
    least_shown : int
        Of the set shown, wants with fewer candidates are left out.

    Returns
    -------
    dict of str to DataFrame
        A want whose every candidate violates a constraint has none and is not served.
    """
    answered = rows[rows.groupby(WANT)[LABEL].transform("max") > 0]
    part = answered[answered["feasible"] > 0] if name == "open" else answered[answered[LABEL].notna()]
    missed = pd.Index(answered[WANT].unique()).difference(pd.Index(part[WANT].unique()))
    nothing = pd.DataFrame({"candidates": 0.0, "taken": 0.0, "place": np.inf, "gain": 0.0}, index=missed)
    found = {}
    for label, column in scores.items():
        if label == "ceiling" and part[column].isna().any():
            continue
        by = places(part[WANT], part[column], part[LABEL] > 0)
        by = pd.concat([by, nothing]) if len(missed) else by
        found[label] = by[by["candidates"] >= least_shown] if name == "shown" else by
    return found


def _utility(asked: pd.DataFrame, truth: Mapping[str, Any] | None) -> pd.DataFrame:
    latent = (truth or {}).get("frames", {}).get("matching")
    if latent is None:
        return pd.DataFrame(index=asked.index)
    keys = [WANT, "availability_id"]
    joined = asked[keys].merge(latent[[*keys, "utility"]], how="left", on=keys)
    return pd.DataFrame({"ceiling": joined["utility"].to_numpy()}, index=asked.index)


def _table(by: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    lines = [{"scored by": name.replace("_", " "), **summary(found)} for name, found in by.items()]
    blind = {"scored by": "chance", "top1": chance(by["model"], 1), "top5": chance(by["model"])}
    return pd.DataFrame([*lines, blind])


def _by_commodity(rows: pd.DataFrame, by: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    commodity = rows.groupby(WANT)["commodity"].first().loc[by["model"].index]
    lines = []
    for name, wants in commodity.groupby(commodity):
        found = by["model"].loc[wants.index]
        line = {"commodity": name, "wants": len(found), "candidates": found["candidates"].mean()}
        told = summary(found)
        line |= {"top5": told["top5"], "mrr": told["mrr"], "chance": chance(found)}
        if "rule" in by:
            line["rule top5"] = summary(by["rule"].loc[wants.index])["top5"]
        lines.append(line)
    return pd.DataFrame(lines)


def _feasibility(rows: pd.DataFrame) -> dict[str, float]:
    ranked = rows[rows[SCORE] > 0].sort_values(SCORE, ascending=False, kind="stable")
    found = {}
    for k in (1, 5, 10):
        first = ranked.groupby(WANT).head(k)
        found[f"feasible_at_{k}"] = float((first["feasible"] > 0).mean()) if len(first) else float("nan")
    return found


def _breakdown(rows: pd.DataFrame) -> pd.DataFrame:
    points = [c for c in rows.columns if str(c).endswith("_points")]
    ranked = rows[rows["feasible"] > 0].sort_values(SCORE, ascending=False, kind="stable")
    first, taken = ranked.groupby(WANT).head(5), rows[rows[LABEL] > 0]
    lines = {"first five": first, "deals": taken, "all candidates": ranked}
    return pd.DataFrame([{"offers": name, **part[points].mean().to_dict()} for name, part in lines.items()])
