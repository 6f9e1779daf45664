"""The matching model: scores offers for a buyer's want, hard constraints first, by the scorer that earlier wants chose.

Every scorer of ``match_scorers`` is fitted on the part train and asked about the offers shown in the part validation;
the one, or the mean of some, that puts taken offers highest is fitted again on both parts and answers. One logistic
curve, fitted on the part calibration, turns its margin into the chance that the buyer takes the offer.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from mandi.core.config import build
from mandi.core.errors import ContractError, NotFitted, nearest
from mandi.core.memo import remembered
from mandi.features.matching import MatchingFeatureParams
from mandi.models.base import Progress, Spec
from mandi.models.ranking.match_fields import INPUTS, SPEC
from mandi.models.ranking.match_rule import PARTS, rule_points
from mandi.models.ranking.match_scorers import Scorer, ScorerParams, Shown, require_fitted, scorer
from mandi.models.ranking.pair_line import expit, fit_curve, stretched

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame, Series

FORMAT = 1  # one higher whenever a saved file changes its meaning
Floats = np.ndarray[Any, np.dtype[np.float64]]
Columns = Mapping[str, "NDArray[Any]"]


@dataclasses.dataclass(frozen=True)
class MatchingParams(MatchingFeatureParams):
    """Section ``models.matching`` of params.yaml: the features' own, and those of the scorers.

    Attributes
    ----------
    candidates : tuple of str
        Scorers, or several joined by "+" whose mean it is, among which validation chooses; the first wins a tie.
    shown : tuple of str
        Scorers that are fitted and measured whether they are a candidate or not.
    """

    candidates: tuple[str, ...] = (
        "choice",
        "ranker",
        "siamese",
        "kernels",
        "choice+ranker",
        "choice+siamese",
    )
    shown: tuple[str, ...] = ("rule", "kernels", "siamese", "ranker", "choice")
    scorers: ScorerParams = dataclasses.field(default_factory=ScorerParams)


class MatchingModel:
    """Scores pairs of a want and an offer.

    Parameters
    ----------
    params : MatchingParams, optional
    """

    name: ClassVar[str] = "matching"
    spec: Spec = SPEC

    def __init__(self, params: MatchingParams | None = None) -> None:
        self.params = params or MatchingParams()
        self.scorers: dict[str, Scorer] = {}
        self.chosen: tuple[str, ...] = ()
        self.spreads: dict[str, float] = {}
        self.tried: dict[str, float] = {}
        self.curve = (1.0, 0.0)

    def fit(self, frame: DataFrame, progress: Progress | None = None) -> Self:
        """Fit every scorer on train, choose on validation, fit it and all that are shown anew on both, set the curve on calibration.

        Parameters
        ----------
        frame : DataFrame
            Assembled pairs with label (1 taken, 0 refused; pairs that were not shown are left out), part,
            requirement_id, availability_id.
        progress : callable, optional
            Called with steps done, in all, and a line of text.

        Raises
        ------
        ContractError
            A column is missing, or train or validation holds no want with an offer taken and another refused.
        """
        say = progress or (lambda *_: None)
        shown = frame[frame["label"].notna()]
        train, validation, calibration = (
            shown[shown["part"] == part] for part in ("train", "validation", "calibration")
        )
        learnt = _shown(train)
        wanted = dict.fromkeys(
            [*self.params.shown, *(n for c in self.params.candidates for n in c.split("+"))]
        )
        self.scorers = {}
        for name in wanted:
            self.scorers[name] = self._taught(name, learnt)
            say(len(self.scorers), len(wanted) + 1, f"{name} fitted on {len(train):,} offers shown")
        asked = _shown(validation)
        margins = {name: made.margin(asked.pairs) for name, made in self.scorers.items()}
        spread = {name: _spread(margin, asked.want) for name, margin in margins.items()}
        self.tried = {
            names: _reciprocal(sum(margins[n] / spread[n] for n in names.split("+")), asked)
            for names in self.params.candidates
        }
        best = max(self.params.candidates, key=lambda names: self.tried[names])
        self.chosen = tuple(best.split("+"))
        both = _shown(shown[shown["part"].isin(["train", "validation"])])
        for name in dict.fromkeys([*self.chosen, *self.params.shown]):
            self.scorers[name] = self._taught(name, both)
        self.spreads = {n: _spread(self.scorers[n].margin(both.pairs), both.want) for n in self.chosen}
        last = _shown(calibration if calibration["label"].nunique() == 2 else validation)
        open_to = last.pairs["feasible"] > 0
        self.curve = fit_curve(self._margin(last.pairs)[open_to], last.taken[open_to])
        text = f"{best} puts taken offers highest: mean reciprocal rank {self.tried[best]:.3f}"
        say(len(wanted) + 1, len(wanted) + 1, text)
        return self

    def predict(self, frame: DataFrame) -> DataFrame:
        """Score every pair; a row never depends on another.

        Parameters
        ----------
        frame : DataFrame
            ``spec.inputs``.

        Returns
        -------
        DataFrame
            ``spec.outputs`` on the index of ``frame``.

        Raises
        ------
        NotFitted
            ``fit`` or ``load`` was not called.
        ContractError
            A column is missing.
        """
        import pandas as pd

        require_fitted(self.scorers)
        found = self.match(columns_of(frame))
        values = np.column_stack([found[name] for name in self.spec.output_names()])
        return pd.DataFrame(values, index=frame.index, columns=self.spec.output_names())

    def match(self, pairs: Columns) -> dict[str, Floats]:
        """Score pairs given as arrays of shape (n_pairs,); returns ``spec.outputs`` by name."""
        require_fitted(self.scorers)
        feasible = np.min([pairs[f.name] for f in INPUTS if f.name.startswith("meets_")], axis=0) >= 1.0
        score = expit(self.curve[0] * self._margin(pairs) + self.curve[1])
        points = rule_points(pairs, self.params.scorers.rule)
        total = sum((points[part] for part in PARTS), np.zeros(len(score)))
        return {
            "match_score": np.where(feasible, score, 0.0),
            "feasible": feasible.astype(np.float64),
            "rule_score": np.clip(total, 0.0, 100.0),
            **{f"{part}_points": points[part] for part in PARTS},
        }

    def explain(self, frame: DataFrame) -> DataFrame:
        """Say how each score comes about.

        Returns
        -------
        DataFrame
            index, feature, effect (0-1, base included); a row's effects sum to its ``match_score``. Where a hard
            constraint is violated, one effect takes everything back.
        """
        import pandas as pd

        require_fitted(self.scorers)
        pairs = columns_of(frame)
        names, effects = self.effects(pairs)
        rows = len(frame)
        return pd.DataFrame(
            {
                "index": frame.index.repeat(len(names)),
                "feature": np.tile(np.array(names, dtype=object), rows),
                "effect": effects.ravel(),
            }
        )

    def effects(self, pairs: Columns) -> tuple[list[str], Floats]:
        """Return names and what each adds to ``match_score``, of shape (n_pairs, n_names)."""
        names: dict[str, int] = {}
        blocks = []
        base = np.zeros(len(pairs["commodity"]))
        for name in self.chosen:
            own, parts = self.scorers[name].effects(pairs)
            share = 1.0 / self.spreads[name] / len(self.chosen)
            blocks += [(label, share * column) for label, column in zip(own, parts.T[:-1], strict=True)]
            base = base + share * parts[:, -1]
        for label, _ in blocks:
            names.setdefault(label, len(names))
        summed = np.zeros((len(base), len(names) + 1))
        for label, column in blocks:
            summed[:, names[label]] += column
        summed[:, -1] = base
        found = self.match(pairs)
        score = expit(self.curve[0] * self._margin(pairs) + self.curve[1])
        told = stretched(summed, self.curve, score)
        taken_back = found["match_score"] - score
        return [*names, "base", "hard constraints"], np.column_stack([told, taken_back])

    def baselines(self, frame: DataFrame, seed: int) -> dict[str, Series]:
        """Return the margins of every scorer that was fitted, by name, on the index of ``frame``.

        Parameters
        ----------
        frame : DataFrame
        seed : int
            Not used: the scorers were fitted with the model, on train and validation as the chosen ones are.
        """
        import pandas as pd

        require_fitted(self.scorers)
        pairs = columns_of(frame)
        return {
            name: pd.Series(self.scorers[name].margin(pairs), index=frame.index) for name in self.params.shown
        }

    def save(self, folder: Path) -> None:
        """Write matching.json and what the scorers write: JSON, npz, LightGBM text, ONNX."""
        if not self.scorers:
            raise NotFitted("the matching model has seen no data", next_command="call fit or load")
        state = {
            "format": FORMAT, "params": dataclasses.asdict(self.params), "chosen": self.chosen, "tried": self.tried,
            "spreads": self.spreads, "curve": self.curve, "scorers": list(self.scorers),
        }  # fmt: skip
        (folder / "matching.json").write_text(json.dumps(state, indent=1, sort_keys=True), encoding="utf-8")
        for made in self.scorers.values():
            made.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote."""
        state = json.loads((folder / "matching.json").read_text(encoding="utf-8"))
        if state.get("format") != FORMAT:
            raise ContractError(
                f"this matching model was saved in format {state.get('format')}",
                allowed=f"format {FORMAT}, what this version of mandi writes and reads",
                next_command="mandi repro --force",
            )
        model = cls(build(MatchingParams, state["params"], "models.matching"))
        model.chosen, model.curve = tuple(state["chosen"]), tuple(state["curve"])
        model.tried, model.spreads = state["tried"], state["spreads"]
        model.scorers = {name: scorer(name, model.params.scorers).load(folder) for name in state["scorers"]}
        return model

    def _taught(self, name: str, shown: Shown) -> Scorer:
        own = getattr(self.params.scorers, name)
        return remembered("scorer", lambda: scorer(name, self.params.scorers).fit(shown), name, own, shown)

    def _margin(self, pairs: Columns) -> Floats:
        total = np.zeros(len(pairs["commodity"]))
        for name in self.chosen:
            total = total + self.scorers[name].margin(pairs) / self.spreads[name] / len(self.chosen)
        return total


def columns_of(frame: DataFrame) -> dict[str, NDArray[Any]]:
    """Return the inputs of a frame as arrays; optional ones that are missing are unknown.

    Raises
    ------
    ContractError
        A column that is needed is not there.
    """
    known = set(map(str, frame.columns))
    for field in INPUTS:
        if field.required and field.name not in known:
            raise ContractError(f'the frame has no column "{field.name}"{nearest(field.name, known)}')
    numbers = [f.name for f in INPUTS if f.kind == "number"]
    block = frame[numbers].to_numpy(dtype=np.float64)
    found: dict[str, NDArray[Any]] = {name: block[:, i] for i, name in enumerate(numbers)}
    for field in INPUTS:
        if field.kind == "category":
            there = field.name in known
            found[field.name] = (
                frame[field.name].to_numpy(dtype=object) if there else np.full(len(frame), None, dtype=object)
            )
    found["feasible"] = np.min([found[f.name] for f in INPUTS if f.name.startswith("meets_")], axis=0)
    return found


def _shown(rows: DataFrame) -> Shown:
    import pandas as pd

    want = pd.factorize(rows["requirement_id"])[0].astype(np.intp)
    offer = pd.factorize(rows["availability_id"])[0].astype(np.intp)
    return Shown(columns_of(rows), want, offer, rows["label"].to_numpy(dtype=float) > 0.5)


def _spread(margin: Floats, want: NDArray[np.intp]) -> float:
    count = np.bincount(want)
    centre = np.bincount(want, margin) / np.maximum(count, 1)
    return float(max(np.sqrt(np.mean((margin - centre[want]) ** 2)), 1e-9)) if len(margin) else 1.0


def _reciprocal(margin: Any, shown: Shown) -> float:
    """Mean over wants of 1 / place of the best taken offer; ties count half."""
    best = np.full(int(shown.want.max()) + 1 if len(shown.want) else 0, -np.inf)
    np.maximum.at(best, shown.want[shown.taken], margin[shown.taken])
    own = best[shown.want]
    above = np.bincount(shown.want, margin > own, len(best))
    beside = np.bincount(shown.want, margin == own, len(best))
    answered = np.isfinite(best)
    return float((1.0 / (1.0 + above + np.maximum(beside - 1.0, 0.0) / 2.0))[answered].mean())
