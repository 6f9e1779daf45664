"""The fraud model: how suspicious a deal is beside honest ones, in [0, 1], with the threshold that goes with it.

Autoencoders and nearest neighbours learn honest deals only (``anomaly_detector``); trees on past cases join them where a
later period says that they help. What is not paid yet, or has no papers yet, is read against honest deals from which the same is hidden.
"""

from __future__ import annotations

import dataclasses
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from mandi.core.config import build
from mandi.core.errors import ContractError, NotFitted, TooLittleData, nearest
from mandi.features.fraud import COLUMNS, FraudFeatureParams
from mandi.models.detection.anomaly_detector import AnomalyDetector, AnomalyParams
from mandi.models.detection.anomaly_fusion import Tail, collapse
from mandi.models.detection.fraud_cases import LEAST_CASES, CaseParams, Cases, told_then
from mandi.models.detection.fraud_fields import MEANINGS, PAPERS, PAYMENT, SPEC, STAGES, Stage
from mandi.models.detection.fraud_threshold import FlagParams, flag_from

if TYPE_CHECKING:
    from pandas import DataFrame, Series

    from mandi.models.base import Progress, Spec

Floats = np.ndarray[Any, np.dtype[np.float64]]
LOG = logging.getLogger("mandi.models.fraud")
FORMAT = 2  # one higher whenever a saved file changes its meaning: an older champion is refused, not misread
ERROR = "error-z"
HIDDEN: dict[Stage, tuple[str, ...]] = {"unpaid": PAYMENT, "unpapered": (*PAPERS, *PAYMENT)}
PAID, MISSING = COLUMNS.index("paid_days"), COLUMNS.index("papers_missing")
LEAST_UNITS = {"log": 0.01, "0 or 1": 0.2}
OTHER_UNIT = 0.1
LEAST_NORMALS = 50


@dataclasses.dataclass(frozen=True)
class FraudParams(FraudFeatureParams):
    """Section ``models.fraud`` of params.yaml.

    Attributes
    ----------
    detector : AnomalyParams
    cases : CaseParams
    flags : FlagParams
    hidden_share : float
        Share of the honest deals that are learnt a second time with their payments hidden.
    seed : int
    """

    detector: AnomalyParams = dataclasses.field(default_factory=AnomalyParams)
    cases: CaseParams = dataclasses.field(default_factory=CaseParams)
    flags: FlagParams = dataclasses.field(default_factory=FlagParams)
    hidden_share: float = 0.25
    seed: int = 20240611


class FraudModel:
    """Scores deals.

    Parameters
    ----------
    params : FraudParams, optional
    """

    name: ClassVar[str] = "fraud"
    spec: ClassVar[Spec] = SPEC

    def __init__(self, params: FraudParams | None = None) -> None:
        self.params = params or FraudParams()
        self.detector: AnomalyDetector | None = None
        self.cases: Cases | None = None
        self.chosen: dict[str, float] = {}
        self._units: Floats = np.ones(len(COLUMNS))
        self._tails: dict[str, Tail] = {}
        self._thresholds: dict[str, float] = {}

    def fit(self, frame: DataFrame, progress: Progress | None = None) -> Self:
        """Learn honest deals of the part train; choose on validation, set the threshold on calibration alone.

        Parameters
        ----------
        frame : DataFrame
            What ``FraudFeatures.assemble`` returned: ``spec.inputs``, label (1 fraud, 0 honest, missing where not known),
            part; label_then, where it is there, is learnt in place of label. Other parts than the three are not looked at.
        progress : callable, optional
            Called with steps done, in all, and a line of text.

        Raises
        ------
        ContractError
            A column is missing, a part has too few honest deals, or the scores have collapsed.
        """
        rows, label, part = _matrix(frame), *_answers(frame)
        parts = {name: (part == name) & ~np.isnan(label) for name in ("train", "validation", "calibration")}
        normals = {name: rows[mask & (label == 0.0)] for name, mask in parts.items()}
        for name, found in normals.items():
            if len(found) < LEAST_NORMALS:
                raise TooLittleData(
                    f"{len(found)} honest deals in the part {name}", allowed=f"{LEAST_NORMALS} or more"
                )
        self._units = _units(normals["train"])
        tell = progress or (lambda done, total, text: None)
        taught = self._with_hidden(normals["train"])
        self.detector = AnomalyDetector(self._detector_params()).fit(taught / self._units, list(COLUMNS))
        tell(1, 3, f"detectors: {len(taught):,} honest deals")
        self.chosen = {}
        self.cases = self._taught_cases(rows, label, parts)
        tell(2, 3, f"trees on known cases {'join' if self.cases is not None else 'do not join'}")
        # what was chosen on validation looks better there than it is: the threshold sees calibration alone
        self._calibrate(normals["calibration"], rows[parts["calibration"]], label[parts["calibration"]])
        tell(3, 3, "threshold set")
        return self

    def predict(self, frame: DataFrame) -> DataFrame:
        """Score every deal; a row never depends on another.

        Parameters
        ----------
        frame : DataFrame
            ``spec.inputs``; what is not known is missing.

        Returns
        -------
        DataFrame
            ``spec.outputs`` on the index of ``frame``.

        Raises
        ------
        NotFitted
            ``fit`` or ``load`` was not called.
        ContractError
            A column is missing or a number is infinite.
        """
        import pandas as pd

        rows = _twice(self._ready(frame))
        assert self.detector is not None
        suspicion = self._suspicion(rows, self.cases)
        out = np.empty((len(rows), 6))
        out[:, 1] = self.detector.raw(rows / self._units, (ERROR,))[ERROR]
        unpaid, unpapered = np.isnan(rows[:, PAID]), np.isnan(rows[:, MISSING])
        for stage, mask in zip(STAGES, (~unpaid, unpaid & ~unpapered, unpaid & unpapered), strict=True):
            tail, limit = self._tails[stage], self._thresholds[stage]
            out[mask, 0] = tail.percentile(suspicion[mask])
            out[mask, 2] = tail.p_values(suspicion[mask])
            out[mask, 3] = limit
        out[:, 4] = out[:, 0] >= out[:, 3]
        out[:, 5] = np.where(out[:, 4] > 0, 2.0, (out[:, 0] >= self.params.flags.medium_from).astype(float))
        return pd.DataFrame(out[: len(frame)], index=frame.index, columns=self.spec.output_names())

    def explain(self, frame: DataFrame) -> DataFrame:
        """Say which columns make a deal suspicious.

        Returns
        -------
        DataFrame
            index, feature, effect; the effects of a row are not below 0 and sum to its ``fraud_score``.
        """
        import pandas as pd

        shares = self.shares(frame)
        score = self.predict(frame)["fraud_score"].to_numpy()
        effects = shares * score[:, None]
        index = np.repeat(frame.index.to_numpy(), len(COLUMNS))
        return pd.DataFrame(
            {
                "index": index,
                "feature": np.tile(np.array(COLUMNS, dtype=object), len(frame)),
                "effect": effects.ravel(),
            }
        )

    def shares(self, frame: DataFrame) -> Floats:
        """Return how much of a deal's suspicion comes from each of ``COLUMNS``, of shape (n, n_columns); a row sums to 1."""
        rows = _twice(self._ready(frame))
        assert self.detector is not None
        parts = self.detector.contributions(rows / self._units) + 1e-12
        surprise = parts.sum(axis=1, keepdims=True)
        parts *= np.log1p(surprise) / surprise
        if self.cases is not None:
            weight = self.params.cases.weight
            parts = (1.0 - weight) * parts + weight * self.cases.contributions(rows)
        return (parts / parts.sum(axis=1, keepdims=True))[: len(frame)]

    @property
    def uses_cases(self) -> bool:
        """Whether trees on known cases were let in."""
        return self.cases is not None

    def save(self, folder: Path) -> None:
        """Write fraud.json, fraud.npz, what the detector writes (JSON, npz, ONNX) and, if they joined, the trees."""
        if self.detector is None:
            raise NotFitted("the fraud model has seen no data", next_command="call fit or load")
        state = {
            "format": FORMAT, "params": dataclasses.asdict(self.params), "columns": list(COLUMNS), "chosen": self.chosen,
            "cases": self.cases is not None, "thresholds": self._thresholds,
        }  # fmt: skip
        (folder / "fraud.json").write_text(json.dumps(state, indent=1, sort_keys=True), encoding="utf-8")
        tails: dict[str, Any] = {stage: self._tails[stage].blind for stage in STAGES}
        np.savez(folder / "fraud.npz", units=self._units, **tails)
        self.detector.save(folder)
        if self.cases is not None:
            self.cases.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote, without torch; another format or other columns are refused (ContractError)."""
        state = json.loads((folder / "fraud.json").read_text(encoding="utf-8"))
        if state.get("format") != FORMAT or state.get("columns") != list(COLUMNS):
            raise ContractError(
                f"this fraud model was saved in format {state.get('format')} with {len(state.get('columns', []))} columns",
                allowed=f"format {FORMAT} with the {len(COLUMNS)} columns of this version of mandi",
                next_command="mandi repro --force",
            )
        model = cls(build(FraudParams, state["params"], "models.fraud"))
        model.detector = AnomalyDetector.load(folder)
        model.cases = Cases.load(folder, model.params.cases) if state["cases"] else None
        model.chosen, model._thresholds = dict(state["chosen"]), dict(state["thresholds"])
        with np.load(folder / "fraud.npz", allow_pickle=False) as file:
            model._units = file["units"]
            model._tails = {stage: Tail(file[stage]) for stage in STAGES}
        return model

    @staticmethod
    def baselines(frame: DataFrame, seed: int) -> dict[str, Series]:
        """Return the scores of simpler detectors fitted on the honest deals of the part train; see ``fraud_baselines``."""
        from mandi.models.detection.fraud_baselines import baseline_scores

        return baseline_scores(frame, seed)

    def _detector_params(self) -> AnomalyParams:
        wanted = self.params.detector
        if ERROR in (*wanted.members, *wanted.beside):
            return wanted
        return dataclasses.replace(wanted, beside=(*wanted.beside, ERROR))

    def _with_hidden(self, normals: Floats) -> Floats:
        draw = np.random.default_rng(self.params.seed)
        count = round(self.params.hidden_share * len(normals))
        return np.vstack(
            [normals, _hidden(normals[np.sort(draw.choice(len(normals), count, replace=False))], "unpaid")]
        )

    def _taught_cases(
        self, rows: Floats, label: Floats, parts: dict[str, np.ndarray[Any, Any]]
    ) -> Cases | None:
        from sklearn.metrics import average_precision_score

        train, later = parts["train"], parts["validation"]
        few = min(label[train].sum(), label[later].sum())
        if self.params.cases.join == "never" or few < LEAST_CASES:
            return None
        cases = Cases(self.params.cases).fit(rows[train], label[train], COLUMNS)
        scores = self._suspicion(rows[later], None), self._suspicion(rows[later], cases)
        areas = [float(average_precision_score(label[later], score)) for score in scores]
        self.chosen = {"validation.detector": areas[0], "validation.with_cases": areas[1]}
        return cases if areas[1] >= areas[0] + self.params.cases.margin else None

    def _calibrate(self, normals: Floats, rows: Floats, label: Floats) -> None:
        paid, known = ~np.isnan(normals[:, PAID]), ~np.isnan(rows[:, PAID])
        of_stage = {"paid": (normals[paid], rows[known], label[known])}
        of_stage |= {stage: (_hidden(normals, stage), _hidden(rows, stage), label) for stage in HIDDEN}
        for stage, (honest, deals, answers) in of_stage.items():
            suspicion = self._suspicion(honest, self.cases)
            found = collapse(honest, suspicion)
            if found.collapsed:
                raise ContractError(
                    f"the scores have collapsed: {found.distinct} different ones on {found.rows} different deals, {stage}",
                    allowed="scores that tell deals apart",
                    next_command="look at the settings of models.fraud.detector",
                )
            count, least = int((answers == 1.0).sum()), self.params.flags.least_cases
            self.chosen[f"calibration.cases.{stage}"] = float(count)
            if count < least:
                LOG.warning(
                    "fraud: the part calibration has %d cases (%s), fewer than %d: the threshold is the whole budget of false "
                    "alarms",
                    count, stage, least,
                )  # fmt: skip
            tail = self._tails[stage] = Tail(suspicion)
            limit = flag_from(self._suspicion(deals, self.cases), answers, tail, self.params.flags)
            self._thresholds[stage] = float(tail.percentile([limit])[0])

    def _suspicion(self, rows: Floats, cases: Cases | None) -> Floats:
        assert self.detector is not None
        # the logarithm, since a surprise grows without bound while log odds do not
        strange = np.log1p(self.detector.surprise(rows / self._units))
        if cases is None:
            return strange
        weight = self.params.cases.weight
        return (1.0 - weight) * strange + weight * cases.margin(rows)

    def _ready(self, frame: DataFrame) -> Floats:
        if self.detector is None:
            raise NotFitted("the fraud model has seen no data", next_command="call fit or load")
        return _matrix(frame)


def _twice(rows: Floats) -> Floats:
    # a network multiplies a single row in another order than several, which moves the last digits
    return np.repeat(rows, 2, axis=0) if len(rows) == 1 else rows


def _hidden(rows: Floats, stage: Stage) -> Floats:
    hidden = rows.copy()
    hidden[:, [COLUMNS.index(name) for name in HIDDEN[stage]]] = np.nan
    return hidden


def _units(normals: Floats) -> Floats:
    """What counts as a step in a column that never varied among honest deals; 1 for all others, which are scaled later."""
    known = ~np.isnan(normals)
    low, high = np.where(known, normals, np.inf).min(axis=0), np.where(known, normals, -np.inf).max(axis=0)
    least = [LEAST_UNITS.get(MEANINGS[name][0], OTHER_UNIT) for name in COLUMNS]
    return np.where(high > low, 1.0, least)


def _matrix(frame: DataFrame) -> Floats:
    if frame.columns.tolist() == list(COLUMNS):  # as the service asks: nothing to look for
        return frame.to_numpy(dtype=np.float64)
    for name in COLUMNS:
        if name not in frame:
            raise ContractError(
                f'the frame lacks "{name}"{nearest(name, map(str, frame.columns))}',
                allowed="the columns of FraudFeatures.assemble",
            )
    return frame[list(COLUMNS)].to_numpy(dtype=np.float64)


def _answers(frame: DataFrame) -> tuple[Floats, np.ndarray[Any, Any]]:
    for name in ("label", "part"):
        if name not in frame:
            raise ContractError(f'the frame lacks "{name}"', allowed="label and part beside the inputs")
    return told_then(frame).to_numpy(dtype=np.float64), frame["part"].to_numpy(dtype=object)
