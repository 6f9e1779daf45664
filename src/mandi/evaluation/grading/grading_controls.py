"""Controls of graders: shuffled grades teach nothing, and a lot made unlike its supplier's past is found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mandi.core.errors import ContractError
from mandi.evaluation.controls import ControlResult

if TYPE_CHECKING:
    from mandi.features.base import Features
    from mandi.models.base import Model

OWN = "_own_z"
PLANTED = 4.0  # standard deviations of the supplier's own past, in one measure
LEAST_AUROC = 0.8


def shuffled_grades(
    make_model: Callable[[], Model],
    features: Features,
    tables: Mapping[str, pd.DataFrame],
    seed: int,
    *,
    max_rows: int = 3000,
    chance: float = 3.0,
) -> ControlResult:
    """Move grades among the lots of a commodity, build all anew, fit: it must be right no more often than the commonest grade.

    Grades are moved in the assays themselves, and it is the moved grades of the test that have to be said: whatever of
    history, questions or features holds the grade of the lot in question then gives it away.

    Parameters
    ----------
    make_model : callable
        Returns a new, unfitted model.
    features : Features
    tables : mapping of name to DataFrame
        With ``lots`` and ``assays``.
    seed : int
    max_rows : int
        Fit on a random sample of so many rows.
    chance : float
        Standard errors by which it may be above.

    Raises
    ------
    ContractError
        No test row has a label.
    """
    moved = dict(tables) | {"assays": moved_grades(tables["lots"], tables["assays"], seed)}
    history = features.history(moved)
    frame = features.assemble(features.questions(moved, history), history)
    graded = frame[frame["label"].notna()]
    test = graded[graded["part"] == "test"]
    if not len(test):
        raise ContractError("no test row has a label", allowed='rows with part "test" and a label')
    learnt = graded[graded["part"].isin(["train", "validation", "calibration"])]
    if len(learnt) > max_rows:
        learnt = learnt.loc[learnt.sample(max_rows, random_state=seed).index.sort_values()]
    said = make_model().fit(learnt).predict(test.drop(columns="label"))["quality_grade"]
    right = float((said == test["label"]).mean())
    common = learnt.groupby("commodity")["label"].agg(lambda grades: grades.mode().iloc[0])
    constant = float((test["commodity"].map(common) == test["label"]).mean())
    allowed = constant + chance * np.sqrt(0.25 / len(test))
    passed = bool(right <= allowed)
    text = (
        f"{len(test)} test lots: right in {right:.3f}, the commonest grade of each commodity in {constant:.3f}; "
        + (
            "nothing is learned from shuffled grades"
            if passed
            else "something else than grades gives the answers away"
        )
    )
    return ControlResult("shuffled labels", passed, text, {"right": right, "constant": constant})


def moved_grades(lots: pd.DataFrame, assays: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return assays with the grades of other lots of the commodity; all assays of a lot have that of one first assay.

    Examples
    --------
    >>> lots = pd.DataFrame({"lot_id": ["L1", "L2", "L3"], "commodity": ["tur", "tur", "wheat"]})
    >>> assays = pd.DataFrame({"lot_id": ["L1", "L1", "L2", "L3"], "grade": ["A", "B", "C", "D"], "known_time": [1, 2, 1, 1]})
    >>> moved_grades(lots, assays, seed=3)["grade"].tolist()
    ['C', 'C', 'A', 'D']
    """
    first = assays.sort_values("known_time", kind="stable").drop_duplicates("lot_id")
    commodity = first["lot_id"].map(lots.drop_duplicates("lot_id").set_index("lot_id")["commodity"])
    rng = np.random.default_rng(seed)
    grade = first["grade"].to_numpy(dtype=object).copy()
    for places in first.groupby(commodity, sort=True).indices.values():
        grade[places] = grade[rng.permutation(places)]
    return assays.assign(grade=assays["lot_id"].map(dict(zip(first["lot_id"], grade, strict=True))))


def planted_anomalies(
    fitted: Model, frame: pd.DataFrame, seed: int, *, max_rows: int = 1000
) -> ControlResult:
    """Move one measure of test lots far from their suppliers' past: the score must tell them from the lots as they were.

    Parameters
    ----------
    fitted : Model
        Answers ``anomaly_score`` and ``is_anomaly``.
    frame : DataFrame
        Assembled questions with ``<measure>_own_z`` and ``part``.
    seed : int
    max_rows : int

    Returns
    -------
    ControlResult
        Figures ``auroc``, ``flagged`` and ``flagged_planted`` (shares), and ``auroc_<detector>`` of each detector alone
        where the model has ``distances``.
    """
    from sklearn.metrics import roc_auc_score

    test = frame[frame["part"] == "test"]
    if len(test) > max_rows:
        test = test.sample(max_rows, random_state=seed).sort_index()
    names = [str(name) for name in test.columns if str(name).endswith(OWN)]
    own = test[names].to_numpy(dtype=np.float64)
    test, own = test[~np.isnan(own).all(axis=1)], own[~np.isnan(own).all(axis=1)]
    rng = np.random.default_rng(seed)
    moved = own.copy()
    for place, row in enumerate(own):
        chosen = rng.choice(np.flatnonzero(~np.isnan(row)))
        moved[place, chosen] += PLANTED * rng.choice([-1.0, 1.0])
    usual = fitted.predict(test)
    changed = {name: moved[:, i] for i, name in enumerate(names)}
    planted = fitted.predict(test.assign(**changed))
    scores = np.concatenate([usual["anomaly_score"], planted["anomaly_score"]])
    auroc = float(roc_auc_score(np.repeat([0, 1], len(test)), scores))
    flagged, found = float(usual["is_anomaly"].mean()), float(planted["is_anomaly"].mean())
    alone = _each_alone(fitted, test, test.assign(**changed))
    passed = bool(auroc >= LEAST_AUROC)
    text = (
        f"{len(test)} test lots, one measure moved by {PLANTED:g} of the supplier's own standard deviations: AUROC {auroc:.3f} "
        f"(at least {LEAST_AUROC}), flagged {found:.2f} of them and {flagged:.3f} of the lots as they were"
    )
    if alone:
        text += f"; alone: {', '.join(f'{name} {value:.3f}' for name, value in alone.items())}"
    figures = {"auroc": auroc, "flagged": flagged, "flagged_planted": found}
    figures |= {f"auroc_{name}": value for name, value in alone.items()}
    return ControlResult("planted anomalies", passed, text, figures)


def _each_alone(fitted: Any, usual: pd.DataFrame, planted: pd.DataFrame) -> dict[str, float]:
    from sklearn.metrics import roc_auc_score

    if not hasattr(fitted, "distances"):
        return {}
    one, other = fitted.distances(usual), fitted.distances(planted)
    which = np.repeat([0, 1], len(usual))
    return {str(name): float(roc_auc_score(which, np.concatenate([one[name], other[name]]))) for name in one}
