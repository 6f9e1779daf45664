"""The quality model: a lot's grade with calibrated probabilities, its worth, the set of grades it may be, and how unusual it is.

A jury of graders answers; lots of the calibration part bend its probabilities to frequencies and set the limits of grade sets,
of abstention and of alarms.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from mandi.core.config import build
from mandi.core.errors import ConfigError, ContractError, NotFitted, TooLittleData
from mandi.features.grading.quality_measures import MEASURES
from mandi.features.quality import QualityFeatureParams
from mandi.models.base import Progress, Spec
from mandi.models.grading.quality_decision import LEAST_ROWS, Decision, DecisionParams
from mandi.models.grading.quality_effects import alone, shapley
from mandi.models.grading.quality_fields import GRADES, IN_SET, OWN, PROBABILITY, SPEC
from mandi.models.grading.quality_jury import Jury, JuryParams
from mandi.models.grading.quality_matrix import CAUSES, QualityMatrix
from mandi.models.grading.quality_watch import Watch, WatchParams

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame, Series

    Columns = Mapping[str, Any] | DataFrame

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.intp]]
FORMAT = 2
BASE = "base"


@dataclasses.dataclass(frozen=True)
class QualityParams(QualityFeatureParams):
    """Section ``models.quality`` of params.yaml: the features' own, who grades, how it is decided and watched."""

    jury: JuryParams = dataclasses.field(default_factory=JuryParams)
    decision: DecisionParams = dataclasses.field(default_factory=DecisionParams)
    watch: WatchParams = dataclasses.field(default_factory=WatchParams)


class QualityModel:
    """Grades lots.

    Parameters
    ----------
    params : QualityParams, optional
    """

    name: ClassVar[str] = "quality"
    spec: ClassVar[Spec] = SPEC

    def __init__(self, params: QualityParams | None = None) -> None:
        self.params = params or QualityParams()
        self.matrix = QualityMatrix()
        self.jury = Jury(self.params.jury)
        self.decision = Decision(self.params.decision)
        self.watch = Watch(self.params.watch)
        values = self.params.features.history.values
        if tuple(values) != GRADES:
            raise ConfigError(f"features.history.values name {', '.join(values)}", allowed=", ".join(GRADES))
        self._values = np.array(list(values.values()))

    def fit(self, frame: DataFrame, progress: Progress | None = None) -> Self:
        """Fit on the parts train and validation, calibrate on the part calibration; other parts are not looked at.

        Parameters
        ----------
        frame : DataFrame
            What ``QualityFeatures.assemble`` returned for training questions: ``spec.inputs``, label (A to D), part, supplier_id.
        progress : callable, optional
            Called with fits done, in all, and a line of text.

        Raises
        ------
        ContractError
            A column is missing, or a part has no lots.
        """
        for name in ("label", "part", "supplier_id"):
            if name not in frame:
                raise ContractError(
                    f'the frame has no column "{name}"', allowed="label, part, supplier_id and the inputs"
                )
        graded = frame[frame["label"].isin(GRADES)]
        past = graded[graded["part"].isin(["train", "validation"])]
        later = graded[graded["part"] == "calibration"]
        if not len(past) or len(later) < LEAST_ROWS:
            raise TooLittleData(
                f"{len(past)} lots to learn from and {len(later)} to calibrate on",
                allowed=f"at least one, and {LEAST_ROWS}",
            )
        self.matrix = QualityMatrix.learn(
            past[past["part"] == "train"] if (past["part"] == "train").any() else past
        )
        rows, truth = self.matrix.build(past), _places(past["label"])
        total = (self.params.jury.folds + 1) * len(self.params.jury.members)
        done = iter(range(1, 10 * total))
        self.jury = Jury(self.params.jury).fit(
            rows, truth, len(GRADES), (past["part"] == "validation").to_numpy(), past["supplier_id"].to_numpy(dtype=object),
            (lambda text: progress(next(done), total, text)) if progress else None,
        )  # fmt: skip
        self.decision = Decision(self.params.decision).fit(
            self.jury.proba(self.matrix.build(later)), _places(later["label"])
        )
        usual = past[past["supplier_lots"] >= self.params.watch.least_lots]
        usual = usual if len(usual) else past
        self.watch = Watch(self.params.watch).fit(_deviations(usual), self._codes(usual))
        self.watch.calibrate(_deviations(later), self._codes(later))
        return self

    def grade(self, asked: Columns) -> dict[str, NDArray[Any]]:
        """Answer columns with columns: what ``predict`` does, without a frame.

        Parameters
        ----------
        asked : DataFrame or mapping of name to column
            ``spec.inputs``.

        Returns
        -------
        dict of name to array
            ``spec.outputs``.

        Raises
        ------
        NotFitted
            ``fit`` or ``load`` was not called.
        ContractError
            A column is missing.
        """
        proba = self._proba(self._rows(asked))
        said = self.decision.said(proba)
        inside = self.decision.inside(proba, said)
        deviations = _deviations(asked)
        unusual = self.watch.scores(deviations, self._codes(asked))
        return {
            "quality_score": self._score(proba),
            "quality_grade": np.array(GRADES, dtype=object)[said],
            "confidence": proba[np.arange(len(said)), said],
            **{f"{PROBABILITY}{g}": proba[:, i] for i, g in enumerate(GRADES)},
            **{f"{IN_SET}{g}": inside[:, i].astype(np.float64) for i, g in enumerate(GRADES)},
            "abstained": (~self.decision.answers(proba)).astype(np.float64),
            "consistency_score": consistency(deviations),
            "anomaly_score": unusual,
            "is_anomaly": self.watch.alarms(unusual).astype(np.float64),
        }

    def predict(self, frame: DataFrame) -> DataFrame:
        """Return ``spec.outputs`` on the index of ``frame``; a row never depends on another.

        Raises
        ------
        NotFitted, ContractError
            As ``grade``.
        """
        import pandas as pd

        return pd.DataFrame(self.grade(frame), index=frame.index, columns=self.spec.output_names())

    def explain(self, frame: DataFrame) -> DataFrame:
        """Say how each quality score comes about, against a middling lot of the commodity.

        Returns
        -------
        DataFrame
            index, feature, effect (points of 0-100): ``base`` is the middling lot's score; a row's effects sum to its score.
        """
        import pandas as pd

        rows, usual = self._against(frame)
        base, effects = shapley(rows, usual, CAUSES, lambda x: self._score(self._proba(x)))
        told = [
            (place, name, effect)
            for place in range(len(rows))
            for name, effect in {BASE: float(base[place]), **effects[place]}.items()
        ]
        index = frame.index.to_numpy()[np.array([place for place, _, _ in told], dtype=np.intp)]
        return pd.DataFrame(
            {
                "index": index,
                "feature": [n for _, n, _ in told],
                "effect": np.array([e for *_, e in told], dtype=float),
            }
        )

    def moved_by(self, asked: Columns, score: Floats) -> dict[str, Floats]:
        """Return by how many points each cause alone moves the score from what a middling lot would have (n,).

        Parameters
        ----------
        asked : DataFrame or mapping of name to column
        score : array of shape (n,)
            ``quality_score`` of the same rows.
        """
        rows, usual = self._against(asked)
        return alone(rows, usual, CAUSES, lambda x: self._score(self._proba(x)), score)

    def distances(self, frame: DataFrame) -> DataFrame:
        """Return how far lots are from their suppliers' past by each detector alone, higher = more unusual.

        Returns
        -------
        DataFrame
            ``isolation, neighbours, spread`` (see ``mandi.models.grading.quality_watch``) on the index of ``frame``.
        """
        import pandas as pd

        return pd.DataFrame(self.watch.distances(_deviations(frame), self._codes(frame)), index=frame.index)

    def known(self, name: str) -> tuple[str, ...]:
        """Return the values that ``commodity`` or ``inspector_id`` had in training."""
        return tuple(self.matrix.codes.get(name, ()))

    def save(self, folder: Path) -> None:
        """Write quality.json, jury.json, jury.npz and watch.npz."""
        state = {
            "format": FORMAT,
            "params": dataclasses.asdict(self.params),
            "matrix": dataclasses.asdict(self.matrix),
            "decision": self.decision.state(),
        }
        (folder / "quality.json").write_text(json.dumps(state, indent=1), encoding="utf-8")
        self.jury.save(folder)
        np.savez(folder / "watch.npz", **self.watch.kept)  # type: ignore[arg-type]

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote."""
        state = json.loads((folder / "quality.json").read_text(encoding="utf-8"))
        if state.get("format") != FORMAT:
            raise ContractError(
                f"this quality model was saved in format {state.get('format')}",
                allowed=f"format {FORMAT}, what this version of mandi writes and reads",
                next_command="mandi repro --force",
            )
        model = cls(build(QualityParams, state["params"], "models.quality"))
        model.matrix = QualityMatrix(**state["matrix"])
        model.decision = Decision.of(state["decision"], model.params.decision)
        model.jury = Jury.load(folder, model.params.jury)
        with np.load(folder / "watch.npz", allow_pickle=False) as stored:
            model.watch.kept = {name: stored[name] for name in stored.files}
        return model

    @staticmethod
    def baselines(frame: DataFrame, seed: int) -> dict[str, Series]:
        """Return the grades of simpler graders, fitted on the part train; see ``mandi.models.grading.quality_rivals``."""
        from mandi.models.grading.quality_rivals import rivals

        return rivals(frame, seed)

    def _proba(self, rows: Floats) -> Floats:
        return self.decision.proba(self.jury.proba(rows))

    def _score(self, proba: Floats) -> Floats:
        return np.ascontiguousarray(proba * self._values).sum(axis=1)

    def _rows(self, asked: Columns) -> Floats:
        if self.decision.rule is None:
            raise NotFitted("the quality model has seen no data", next_command="call fit or load")
        return self.matrix.build(asked)

    def _against(self, asked: Columns) -> tuple[Floats, Floats]:
        rows = self._rows(asked)
        return rows, self.matrix.middling(rows)

    def _codes(self, asked: Columns) -> Ints:
        codes = self.matrix.codes["commodity"]
        return np.array(
            [codes.get(name, -1) for name in np.asarray(asked["commodity"], dtype=object)], dtype=np.intp
        )


def consistency(deviations: Floats) -> Floats:
    """Return 0-100 of how near lots are to their suppliers' own past.

    100 where the root mean square deviation is one standard deviation or less, 61 at two, 14 at three; 100 where nothing
    was measured.

    Parameters
    ----------
    deviations : array of shape (n, n_measures)
        Standard deviations from the supplier's own mean, NaN where not measured.

    Examples
    --------
    >>> consistency(np.array([[0.5, np.nan], [3.0, 3.0]])).round(1).tolist()
    [100.0, 13.5]
    """
    given = np.maximum((~np.isnan(deviations)).sum(axis=1), 1)
    root = np.sqrt((np.nan_to_num(np.ascontiguousarray(deviations)) ** 2).sum(axis=1) / given)
    return 100.0 * np.exp(-0.5 * np.maximum(root - 1.0, 0.0) ** 2)


def _places(labels: Series) -> Ints:
    return np.array([GRADES.index(label) for label in labels], dtype=np.intp)


def _deviations(asked: Columns) -> Floats:
    if missing := [name for name in MEASURES if f"{name}{OWN}" not in asked]:
        raise ContractError(f"the frame lacks {', '.join(f'{name}{OWN}' for name in missing)}")
    return np.ascontiguousarray(
        np.column_stack([np.asarray(asked[f"{name}{OWN}"], dtype=np.float64) for name in MEASURES])
    )
