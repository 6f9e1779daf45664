"""The graders that stand beside the quality model: the forest as first specified, plain members alone, and no inspector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mandi.features.grading.quality_measures import MEASURES
from mandi.models.grading.grade_members import member
from mandi.models.grading.quality_fields import GRADES
from mandi.models.grading.quality_matrix import QualityMatrix, coded

if TYPE_CHECKING:
    from pandas import DataFrame, Series

Floats = np.ndarray[Any, np.dtype[np.float64]]
SPECIFIED = (*MEASURES, "supplier_worth", "supplier_worth_sd", "market_worth")
FOREST = {
    "n_estimators": 200, "max_depth": 15, "min_samples_split": 10, "class_weight": "balanced", "random_state": 42,
}  # fmt: skip
ALONE: dict[str, tuple[str, dict[str, Any]]] = {
    "logistic": ("logistic", {}),
    "scaled_svm": ("standard-svm", {}),
    "boosting": ("lightgbm", {}),
    "line_without_inspector": ("standard-line", {"inspectors": False}),
}
LEAST_ROWS = 100
LEARNT = ("train", "validation")


def rivals(frame: DataFrame, seed: int) -> dict[str, Series]:
    """Return the grades said by simpler graders, fitted on train and validation, as the model is in the end.

    Parameters
    ----------
    frame : DataFrame
        Assembled questions with ``label`` and ``part``.
    seed : int

    Returns
    -------
    dict of name to Series
        ``random_forest`` is the forest as specified: measures as they are, the supplier's mean and spread of grades, the
        market's mean. The others read the matrix of the quality model. Empty where there are too few lots.
    """
    import pandas as pd

    train = frame[frame["part"].isin(LEARNT) & frame["label"].isin(GRADES)]
    if len(train) < LEAST_ROWS:
        return {}
    truth = np.array([GRADES.index(label) for label in train["label"]], dtype=np.intp)
    matrix = QualityMatrix.learn(train)
    found: dict[str, Any] = {"random_forest": _forest(train, truth, frame, matrix)}
    learnt, asked = matrix.build(train), matrix.build(frame)
    for name, (which, settings) in ALONE.items():
        one = member(which, **settings).fit(learnt, truth, len(GRADES), seed)
        found[name] = one.proba(asked).argmax(axis=1)
    grades = np.array(GRADES, dtype=object)
    return {name: pd.Series(grades[said], index=frame.index) for name, said in found.items()}


def _forest(train: DataFrame, truth: Any, frame: DataFrame, matrix: QualityMatrix) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    def read(rows: DataFrame) -> Floats:
        commodity = coded(rows["commodity"], matrix.codes["commodity"])
        return np.nan_to_num(
            np.column_stack([commodity, rows[list(SPECIFIED)].to_numpy(dtype=np.float64)]), nan=-1.0
        )

    forest = RandomForestClassifier(n_jobs=1, **FOREST).fit(read(train), truth)
    return forest.predict(read(frame))
