"""Examines detectors of what is rare: the precision-recall curve, the threshold that is served, kinds, baselines, the ceiling."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from mandi.evaluation.appraisal import EvaluationParams
from mandi.evaluation.controls import ControlResult, future_perturbation
from mandi.evaluation.detection.detection_backtest import rolled
from mandi.evaluation.detection.detection_controls import shuffled_cases
from mandi.evaluation.detection.detection_scores import (
    bootstrapped,
    interval,
    middle,
    pr_auc,
    precision_for,
    recall_at,
    redrawn,
    share_interval,
)
from mandi.evaluation.examiner import Judged, Standing, fingerprint

if TYPE_CHECKING:
    from mandi.features.base import Features
    from mandi.models.base import Model

Floats = np.ndarray[Any, np.dtype[np.float64]]
PREVALENCE = 0.025
MODEL = "model"


class DetectionExaminer:
    """Examiner of the task "detection"; see ``mandi.evaluation.examiner.Examiner``.

    Parameters
    ----------
    params : mapping
        All of params.yaml; sections ``evaluation`` (bootstrap_draws, seed) and ``models.<model>.flags`` (prevalence).
    model : str
        Name of the model.

    Examples
    --------
    >>> examiner = DetectionExaminer({}, "fraud")
    >>> examiner.standing({"pr_auc": 0.91, "precision": 0.93, "recall": 0.88, "knn_z.pr_auc": 0.85})
    Standing(main='PR-AUC 0.910, precision 0.93, recall 0.88', baseline='knn z 0.850', floor='')
    """

    task: ClassVar[str] = "detection"
    limits: ClassVar[tuple[str, ...]] = (
        "A score says how unlike honest deals a deal is. It is a reason to look, no proof, and no decision about a partner.",
        "Fraud that leaves no trace in papers, payments or links is not found; honest deals that look the same are flagged.",
        "Precision depends on how much fraud there is: it is stated at the prevalence of the test, and at the one in params.yaml.",
        "Labels come late and only for what was found out. What nobody found counts as honest, here as in training.",
        "Features of partners speak of behaviour, not of who they are; a newcomer has little past and is judged by the papers.",
    )

    def __init__(self, params: Mapping[str, Any], model: str) -> None:
        given = params.get("evaluation") or {}
        defaults = EvaluationParams()
        self.draws = int(given.get("bootstrap_draws", defaults.bootstrap_draws))
        self.seed = int(given.get("seed", defaults.seed))
        own = (params.get("models") or {}).get(model) or {}
        self.prevalence = float((own.get("flags") or {}).get("prevalence", PREVALENCE))
        review = own.get("features") or {}
        self._asked = (
            (
                f"A deal is asked about once, at its review: when its payment has been seen, but from {review['earliest_days']} to "
                f"{review['latest_days']} days after it was struck, and never before the deal itself is known.",
            )
            if "earliest_days" in review and "latest_days" in review
            else ()
        )

    def beside(
        self,
        frame: pd.DataFrame,
        tables: Mapping[str, pd.DataFrame],
        fitted: Mapping[str, pd.Series] | None = None,
    ) -> pd.DataFrame:
        """Return one column of scores per baseline; they have no unit and are compared by order."""
        return pd.DataFrame(dict(fitted or {}), index=frame.index)

    def examine(
        self,
        predictions: pd.DataFrame,
        frame: pd.DataFrame,
        beside: pd.DataFrame,
        truth: Mapping[str, Any] | None = None,
    ) -> Judged:
        """Measure scores on the labelled rows; the oracle of the generated market flags every deal that bears a trace."""
        asked = frame.loc[predictions.index].join(
            predictions[["fraud_score", "is_fraud", "threshold", "p_value"]]
        )
        names = [str(name) for name in beside.columns]
        asked = asked.join(beside.loc[asked.index])
        known = asked[asked["label"].notna()]
        rows = known[known["fraud_score"].notna()]
        traced = _traced(rows, truth)
        if traced is not None:
            rows = rows.assign(oracle=traced)
        metrics = {
            "test.rows": float(len(rows)),
            "test.fingerprint": fingerprint(known, ["trade_id", "label"]),
            "test.prevalence": float(rows["label"].mean()),
            "unlabelled": float(asked["label"].isna().sum()),
            "unanswered": float(known["fraud_score"].isna().mean()),
            "distinct_share": float(rows["fraud_score"].nunique() / max(len(rows), 1)),
            "honest_p05": float((rows.loc[rows["label"] == 0.0, "p_value"] <= 0.05).mean()),
        }
        notes = (
            f"{int(rows['label'].sum())} of {len(rows)} deals are fraud: a prevalence of {rows['label'].mean():.2%}; precision at "
            f"{self.prevalence:.1%} is computed from recall and false alarms.",
            "PR-AUC is average precision; a gain is a difference of PR-AUC. Precision, recall and false alarms are at the threshold that "
            "is served. Intervals are of 95 %, by a bootstrap that draws suppliers whole; those of precision and recall are never "
            "narrower than Wilson's, and those by kind of fraud are Wilson's.",
            "honest_p05 is the share of honest deals with a p-value of .05 or less: about .05 while honest deals stay as they were.",
            *self._asked,
            "The oracle flags every deal that bears a trace of fraud: what can be found at all, and what looks like it. It says yes or no, so "
            "it is a ceiling for precision and recall, none for PR-AUC.",
        )  # fmt: skip
        if not 0 < rows["label"].sum() < len(rows):
            return Judged(
                metrics, {}, rows, (*notes, "nothing can be measured without both fraud and honest deals")
            )
        suppliers = rows["supplier_id"] if "supplier_id" in rows else rows["trade_id"]
        weights = redrawn(suppliers, self.draws, self.seed)
        tables = {
            "Beside simpler detectors": self._curves(rows, names, metrics, weights),
            "At the threshold": self._at_threshold(rows, metrics, weights),
            "By kind of fraud": _by_kind(rows, metrics),
            "Slices": _slices(rows),
        }
        return Judged(metrics, tables, rows, (*notes, *_within_noise(names, metrics)))

    def backtest(
        self, frame: pd.DataFrame, make_model: Callable[[], Model], tell: Callable[[int, int, str], None]
    ) -> pd.DataFrame:
        """Answer the last part of time from two origins, with what was labelled by then."""
        return rolled(frame, make_model, tell)

    def controls(
        self,
        features: Features,
        fitted: Model,
        make_model: Callable[[], Model],
        frame: pd.DataFrame,
        tables: Mapping[str, pd.DataFrame],
        seed: int,
    ) -> list[ControlResult]:
        """Return both controls, the first asked in the middle of the test."""
        test = frame[frame["part"] == "test"]
        when = test["asof"].sort_values().iloc[len(test) // 2]
        return [
            future_perturbation(features, fitted, tables, when, seed, questions=frame),
            shuffled_cases(make_model, frame, seed),
        ]

    def standing(self, metrics: Mapping[str, float]) -> Standing:
        """Return the area, precision and recall; the best baseline; the ceiling."""
        main = ", ".join(
            f"{text} {metrics[name]:.{digits}f}"
            for name, text, digits in (
                ("pr_auc", "PR-AUC", 3),
                ("precision", "precision", 2),
                ("recall", "recall", 2),
            )
            if name in metrics
        )
        areas = {
            n.removesuffix(".pr_auc"): v
            for n, v in metrics.items()
            if n.count(".") == 1 and n.endswith(".pr_auc")
        }
        areas = {n: v for n, v in areas.items() if n not in ("ceiling", "backtest")}
        best = max(areas, key=lambda name: areas[name], default="")
        ceiling = [metrics[f"ceiling.{n}"] for n in ("precision", "recall") if f"ceiling.{n}" in metrics]
        return Standing(
            main or "not measured",
            f"{best.replace('_', ' ')} {areas[best]:.3f}" if best else "-",
            f"precision {ceiling[0]:.2f}, recall {ceiling[1]:.2f}" if ceiling else "",
        )

    def _curves(
        self, rows: pd.DataFrame, names: list[str], metrics: dict[str, float], weights: Floats
    ) -> pd.DataFrame:
        scores = {MODEL: rows["fraud_score"].to_numpy()} | {n: rows[n].to_numpy() for n in names}
        drawn = bootstrapped(rows["label"], scores, weights)
        table = []
        for name, score in scores.items():
            area = pr_auc(rows["label"], score)
            low, high = middle(drawn[name])
            figures = {
                "pr_auc": area, "pr_auc_low": low, "pr_auc_high": high,
                "recall_at_1pct": recall_at(rows["label"], score, 0.01),
                "precision_at_recall80": precision_for(rows["label"], score, 0.8),
            }  # fmt: skip
            if name != MODEL:
                figures["gain"] = metrics["pr_auc"] - area
                figures["gain_low"], figures["gain_high"] = middle(drawn[MODEL] - drawn[name])
            metrics |= {key if name == MODEL else f"{name}.{key}": value for key, value in figures.items()}
            table.append({"detector": name.replace("_", " "), **figures})
        return pd.DataFrame(table)

    def _at_threshold(self, rows: pd.DataFrame, metrics: dict[str, float], weights: Floats) -> pd.DataFrame:
        table = []
        for prefix, who, flags in (
            ("", MODEL, rows["is_fraud"] > 0),
            ("ceiling.", "oracle: every trace", rows.get("oracle")),
        ):
            if flags is None:
                continue
            found = at_flags(rows["label"].to_numpy(), flags.to_numpy(dtype=bool), self.prevalence, weights)
            metrics |= {f"{prefix}{name}": value for name, value in found.items()}
            table.append({"detector": who, **found})
        metrics["threshold"] = float(rows["threshold"].median())
        return pd.DataFrame(table)


def at_flags(label: Any, flags: Any, prevalence: float, weights: Floats | None = None) -> dict[str, float]:
    """Return precision, recall and false alarms of flags, with 95 % intervals.

    Parameters
    ----------
    label, flags : arrays of shape (n,)
    prevalence : float
        That ``precision_at_prevalence`` is stated for.
    weights : array of shape (draws, n), optional
        Bootstrap draws from ``detection_scores.redrawn``; without them the intervals are Wilson's.

    Examples
    --------
    >>> found = at_flags(np.array([1.0] * 10 + [0.0] * 390), np.arange(400) < 12, 0.025)
    >>> [round(found[name], 3) for name in ("precision", "recall", "false_alarm_rate", "precision_at_prevalence")]
    [0.833, 1.0, 0.005, 0.833]
    """
    y, flagged = np.asarray(label) == 1.0, np.asarray(flags, dtype=bool)
    hits, count = float((y & flagged).sum()), float(flagged.sum())
    recall, alarms = hits / max(float(y.sum()), 1.0), float((flagged & ~y).sum() / max((~y).sum(), 1))
    precision = hits / count if count else 0.0
    stated = prevalence * recall
    draws = np.empty((0, len(y))) if weights is None else weights
    low_high = {"precision": share_interval(y, flagged, draws), "recall": share_interval(flagged, y, draws)}
    return {
        "precision": precision,
        "precision_low": low_high["precision"][0],
        "precision_high": low_high["precision"][1],
        "recall": recall,
        "recall_low": low_high["recall"][0],
        "recall_high": low_high["recall"][1],
        "false_alarm_rate": alarms,
        "precision_at_prevalence": stated / (stated + (1 - prevalence) * alarms) if stated else 0.0,
        "flagged": count,
    }


def _within_noise(names: list[str], metrics: Mapping[str, float]) -> list[str]:
    notes = []
    for name in names:
        gain, low, high = (metrics[f"{name}.{figure}"] for figure in ("gain", "gain_low", "gain_high"))
        if low <= 0.0 <= high:
            text = name.replace("_", " ")
            notes.append(
                f"The gain over {text} is {gain:+.3f} (interval {low:+.3f} to {high:+.3f}): within noise, so the model is not "
                f"distinguishable from {text} by PR-AUC."
            )
    return notes


def _traced(rows: pd.DataFrame, truth: Mapping[str, Any] | None) -> pd.Series | None:
    frames = (truth or {}).get("frames", {})
    if "fraud" not in frames or "trade_id" not in rows:
        return None
    told = frames["fraud"].set_index("trade_id")["looks_like"]
    return (rows["trade_id"].map(told).fillna("") != "").rename("oracle")


def _by_kind(rows: pd.DataFrame, metrics: dict[str, float]) -> pd.DataFrame:
    table = []
    guilty = rows[rows["label"] == 1.0]
    for kind, group in guilty.groupby("fraud_kind", sort=True):
        found = float((group["is_fraud"] > 0).sum())
        low, high = interval(found, len(group))
        row = {"kind": str(kind), "cases": len(group), "recall": found / len(group), "low": low, "high": high}
        if "oracle" in rows:
            row["leave_a_trace"] = float(group["oracle"].mean())
        metrics[f"kind.{kind}.recall"] = found / len(group)
        table.append(row)
    return pd.DataFrame(table)


def _slices(rows: pd.DataFrame) -> pd.DataFrame:
    paid = rows["paid_days"].notna() if "paid_days" in rows else pd.Series(True, index=rows.index)
    groups = {"payment": paid.map({True: "seen", False: "not seen"})}
    groups |= {name: rows[name] for name in ("commodity",) if name in rows}
    table = []
    for dimension, values in groups.items():
        for value, group in rows.groupby(values, sort=True):
            y, flagged = group["label"] == 1.0, group["is_fraud"] > 0
            hits = int((y & flagged).sum())
            table.append(
                {"dimension": dimension, "value": str(value), "deals": len(group), "fraud": int(y.sum()),
                 "flagged": int(flagged.sum()), "precision": hits / flagged.sum() if flagged.any() else float("nan"),
                 "recall": hits / y.sum() if y.any() else float("nan"),
                 "false_alarm_rate": float((flagged & ~y).sum() / max((~y).sum(), 1))}
            )  # fmt: skip
    return pd.DataFrame(table)
