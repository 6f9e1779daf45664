"""What is measured of graded lots: probabilities, grade sets, ceilings, and the tables a reader sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mandi.evaluation.grading.grading_metrics import (
    accuracy_at,
    calibration_error,
    confusion,
    f1_by_grade,
    interval,
    macro_f1,
)

GRADES = ("A", "B", "C", "D")
SAID = "quality_grade"
FEW_LOTS = 5


def places(grades: pd.Series) -> np.ndarray[Any, np.dtype[np.intp]]:
    """Return the place of each grade (n,): 0 is the best."""
    return np.searchsorted(np.array(GRADES), grades.to_numpy(dtype="U1")).astype(np.intp)


def probabilities(rows: pd.DataFrame, given: Any, right: Any) -> dict[str, float]:
    """Return how good the probabilities are: ece, brier, log_loss, accuracy of the surest and of those answered."""
    proba = rows[[f"grade_probability_{g}" for g in GRADES]].to_numpy(dtype=np.float64)
    confidence = rows["confidence"].to_numpy(dtype=np.float64)
    certain = np.eye(len(GRADES))[given]
    return {
        "ece": calibration_error(confidence, right),
        "brier": float(((proba - certain) ** 2).sum(axis=1).mean()),
        "log_loss": float(-np.log(np.clip(proba[np.arange(len(given)), given], 1e-6, 1.0)).mean()),
        "accuracy_at_90": accuracy_at(confidence, right, 0.9),
        "answered": float(1.0 - rows["abstained"].mean()),
        "accuracy_answered": _mean(right[(rows["abstained"] == 0).to_numpy()]),
        "accuracy_abstained": _mean(right[(rows["abstained"] > 0).to_numpy()]),
    }


def _mean(values: Any) -> float:
    return float(values.mean()) if len(values) else float("nan")


def sets(rows: pd.DataFrame) -> dict[str, float]:
    """Return coverage and size of the sets of grades, and the share flagged as unusual."""
    inside = rows[[f"in_set_{g}" for g in GRADES]].to_numpy(dtype=np.float64)
    given = places(rows["label"])
    covered = inside[np.arange(len(given)), given]
    by_grade = [covered[given == i].mean() for i in range(len(GRADES)) if (given == i).any()]
    return {
        "set.coverage": float(covered.mean()),
        "set.worst_coverage": float(min(by_grade)),
        "set.size": float(inside.sum(axis=1).mean()),
        "set.one_grade": float((inside.sum(axis=1) == 1).mean()),
        "anomaly.flagged": float(rows["is_anomaly"].mean()),
    }


def familiarity(rows: pd.DataFrame) -> pd.Series:
    """Say how well each lot's supplier was known: new, few lots, known; missing where the frame does not tell."""
    if "supplier_lots" not in rows:
        return pd.Series(np.nan, index=rows.index, dtype=object)
    lots = rows["supplier_lots"].to_numpy(dtype=float)
    words = np.where(
        lots == 0, "new to the commodity", np.where(lots < FEW_LOTS, f"fewer than {FEW_LOTS} lots", "known")
    )
    return pd.Series(words, index=rows.index, dtype=object)


def strangers(rows: pd.DataFrame, given: Any, said: Any) -> dict[str, float]:
    """Return macro-F1 on lots of suppliers new to the commodity or little known; empty where there are none."""
    new = (familiarity(rows) != "known").to_numpy()
    if not new.any():
        return {}
    return {
        "little_known.macro_f1": float(macro_f1(confusion(given[new], said[new], len(GRADES)))),
        "little_known.rows": float(new.sum()),
    }


def ceilings_of(
    rows: pd.DataFrame, given: Any, truth: Mapping[str, Any] | None
) -> dict[str, tuple[float, str]]:
    """Return what one reaches who knows the rule of the generated market, with words; empty without the truth."""
    lots = (truth or {}).get("frames", {}).get("lots")
    if lots is None or "lot_id" not in rows:
        return {}
    known = lots.drop_duplicates("lot_id").set_index("lot_id").reindex(rows["lot_id"])
    if known["true_grade"].isna().any():
        return {}
    said = {name: places(known[name]) for name in ("true_grade", "biased_grade")}
    own = places(rows[SAID])
    grades = len(GRADES)
    return {
        "ceiling.macro_f1": (float(macro_f1(confusion(given, said["true_grade"], grades))), "ceiling: the rule of grading, no inspector"),
        "ceiling.with_inspector": (
            float(macro_f1(confusion(given, said["biased_grade"], grades))), "ceiling: the rule and each inspector's bias",
        ),
        "rule.macro_f1": (
            float(macro_f1(confusion(said["true_grade"], own, grades))), "the model, held against the rule and not the inspector",
        ),
    }  # fmt: skip


def by_grade_table(counts: Any, drawn: Any) -> pd.DataFrame:
    """Return F1 with its interval, precision, recall and confusion by grade given."""
    f1, again = f1_by_grade(counts), f1_by_grade(drawn)
    given, said = counts.sum(axis=1), counts.sum(axis=0)
    hits = np.diagonal(counts)
    found = []
    for place, grade in enumerate(GRADES):
        low, high = (
            interval(again[:, place]) if np.isfinite(again[:, place]).any() else (float("nan"), float("nan"))
        )
        found.append(
            {
                "grade": grade, "lots": int(given[place]), "f1": float(f1[place]), "low": low, "high": high,
                "precision": float(hits[place] / max(said[place], 1.0)), "recall": float(hits[place] / max(given[place], 1.0)),
                **{f"said {g}": int(counts[place, i]) for i, g in enumerate(GRADES)},
            }
        )  # fmt: skip
    return pd.DataFrame(found)


def set_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Return coverage, size and alarms by grade given."""
    found = []
    for name, part in [("all", rows), *[(g, rows[rows["label"] == g]) for g in GRADES]]:
        if len(part):
            told = sets(part)
            found.append(
                {
                    "grade given": name, "lots": len(part), "coverage": told["set.coverage"], "mean size": told["set.size"],
                    "one grade": told["set.one_grade"], "abstained": float(part["abstained"].mean()), "flagged": told["anomaly.flagged"],
                }
            )  # fmt: skip
    return pd.DataFrame(found)


def notes_of(rows: pd.DataFrame) -> tuple[str, ...]:
    """Return what the figures mean."""
    shares = ", ".join(
        f"{g} {share:.2f}" for g, share in rows["label"].value_counts(normalize=True).sort_index().items()
    )
    return (
        f"Test from {rows['asof'].min().date()} to {rows['asof'].max().date()}: {len(rows)} lots of "
        f"{rows['supplier_id'].nunique()} suppliers; grades given: {shares}.",
        "macro_f1 is the plain mean of the F1 of A, B, C and D; its interval, and that of every gain, is a 95 % bootstrap that draws "
        "suppliers whole.",
        "kappa is Cohen's with quadratic weights; ece is over the grade said, in 15 bins of equal width; far_off is the share two or "
        "three grades off.",
        "set.coverage is the share of lots whose grade is in the set; sets are calibrated for each grade apart, so worst_coverage is of one.",
        "random_forest is the forest as first specified; logistic, scaled_svm and boosting are members alone; line_without_inspector does not "
        "read who inspects. All were fitted on the part train.",
        "A ceiling is what one reaches who knows the rule of the generated market; inspectors differ from it, and no model can foresee how.",
    )
