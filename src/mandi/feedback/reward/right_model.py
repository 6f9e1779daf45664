"""Probability that an answer was right, learned from what people said of it without knowing who of them is right."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from mandi.core.errors import ContractError, DataNotFound, NotFitted, TooLittleData
from mandi.feedback.reward.columns import Floats, columns, known_sources, logistic
from mandi.feedback.reward.opinions import standing
from mandi.feedback.reward.raters import Habits, Voices, habits, voices

if TYPE_CHECKING:
    from pandas import DataFrame, Series

FILE = "right.json"
LEAST = 50


@dataclass(frozen=True)
class RightParams:
    """Settings of the learned reward.

    Attributes
    ----------
    penalty : float
        Of the weights of the columns.
    rounds : int
        Of expectation and maximisation, at most.
    strength : float
        Ratings before a rater's own habit weighs as much as everybody's.
    trust : float
        Chance that a human's verdict or correction is true.
    ratings_before, likes_wrong, likes_right : float
        What is taken for granted of raters before anything is counted, and how many ratings that is worth: without it whatever is disliked
        comes to be wrong and whatever is liked right, since nothing else contradicts it.
    agrees_at : float
        Agreement from which a correction says what the answer says.
    """

    penalty: float = 2.0
    rounds: int = 60
    strength: float = 12.0
    trust: float = 0.97
    ratings_before: float = 200.0
    likes_wrong: float = 0.3
    likes_right: float = 0.85
    agrees_at: float = 0.55

    @property
    def before(self) -> tuple[float, float, float]:
        """Return the prior of raters as ``habits`` takes it."""
        return self.ratings_before, self.likes_wrong, self.likes_right


@dataclass
class RightModel:
    """Learns from crowds (Raykar et al., Learning from Crowds, JMLR 2010).

    Whether an answer is right is not observed. A logistic regression says how likely it is from what can be seen of it; given
    that, each rater likes it with a chance of their own, corrects it or does not, and a person's verdict is true with a stated
    chance. Both are fitted in turns by expectation and maximisation, begun at the formula's reward. A lenient rater's praise
    and a harsh one's blame come to weigh little, and a rater who likes right and wrong alike weighs nothing.

    Examples
    --------
    >>> RightModel().params.trust
    0.97
    """

    params: RightParams = field(default_factory=RightParams)
    _names: tuple[str, ...] = ()
    _sources: tuple[str, ...] = ()
    _weights: Floats | None = None
    _habits: Habits | None = None
    _choice: tuple[float, float] = (0.5, 0.5)

    def fit(
        self, generations: DataFrame, feedback: DataFrame, evidence: DataFrame, reward: Series[float]
    ) -> Self:
        """Learn.

        Parameters
        ----------
        generations, feedback : DataFrame
            As ``GENERATIONS`` and ``FEEDBACK``.
        evidence : DataFrame
            As ``signals`` returns it.
        reward : Series
            As ``rewards`` returns it: where to begin.

        Raises
        ------
        TooLittleData
            Fewer than 50 answers of which anybody said anything.
        """
        self._sources = tuple(known_sources(generations))
        names, seen = columns(generations, evidence, self._sources)
        self._names = tuple(names)
        said = voices(generations, standing(feedback), self.params.agrees_at)
        judged = evidence[["verdict", "preferred"]].notna().any(axis=1).to_numpy()
        judged[said.row] = True
        if judged.sum() < LEAST:
            raise TooLittleData(f"opinions of {int(judged.sum())} answers", allowed=f"at least {LEAST}")
        self._weights = None
        right: Floats = np.clip(reward.to_numpy(dtype=np.float64), 0.02, 0.98)
        for _ in range(self.params.rounds):
            self._habits = habits(said, right, self.params.strength, self.params.before)
            self._choice = _choice(evidence, right)
            self._weights = logistic(
                seen, right, judged.astype(np.float64), self.params.penalty, begin=self._weights
            )
            found = self._posterior(seen, said, evidence)
            moved = float(np.abs(found - right).max())
            right = found
            if moved < 1e-4:
                break
        return self

    def predict(self, generations: DataFrame, feedback: DataFrame, evidence: DataFrame) -> Series[float]:
        """Return the probability that each answer is right, in [0, 1].

        Raises
        ------
        NotFitted
        """
        import pandas as pd

        _, seen = columns(generations, evidence, self._sources)
        said = voices(generations, standing(feedback), self.params.agrees_at)
        index = pd.Index(generations["generation_id"], name="generation_id")
        return pd.Series(self._posterior(seen, said, evidence), index=index, name="right")

    def raters(self) -> DataFrame:
        """Return of each rater the chance that they like a right and a wrong answer, and what a like of theirs adds in log-odds."""
        import pandas as pd

        _, known = self._parts()
        rows = [
            (name, right, wrong, float(np.log(right / wrong))) for name, (wrong, right) in known.liked.items()
        ]
        return pd.DataFrame(rows, columns=["rater", "likes_right", "likes_wrong", "worth"])

    def save(self, folder: Path) -> None:
        """Write right.json into an existing folder."""
        weights, known = self._parts()
        state = {
            "params": asdict(self.params), "sources": self._sources, "weights": dict(zip(self._names, weights.tolist(), strict=True)),
            "levels": known.levels.tolist(), "liked": known.liked, "everybody": known.everybody, "states": known.states.tolist(),
            "choice": self._choice,
        }  # fmt: skip
        (folder / FILE).write_text(
            json.dumps(state, sort_keys=True, indent=1, ensure_ascii=False), encoding="utf-8"
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote.

        Raises
        ------
        DataNotFound
            There is no such file.
        """
        if not (folder / FILE).is_file():
            raise DataNotFound(f"no {FILE} in {folder}", next_command="mandi repro")
        return cls._restored(json.loads((folder / FILE).read_text(encoding="utf-8")))

    @classmethod
    def _restored(cls, state: Mapping[str, Any]) -> Self:
        from mandi.feedback.frames import GENERATIONS
        from mandi.feedback.reward.signals import SIGNALS

        model = cls(RightParams(**state["params"]))
        model._sources = tuple(state["sources"])
        nothing = GENERATIONS.empty()
        names, _ = columns(nothing, nothing.reindex(columns=list(SIGNALS)), model._sources)
        if sorted(names) != sorted(state["weights"]):
            raise ContractError("the weights are of other columns", allowed=", ".join(names))
        model._names = tuple(names)
        model._weights = np.array([state["weights"][name] for name in names])
        liked = {name: (pair[0], pair[1]) for name, pair in state["liked"].items()}
        everybody = (state["everybody"][0], state["everybody"][1])
        model._habits = Habits(np.array(state["levels"]), liked, everybody, np.array(state["states"]))
        model._choice = (state["choice"][0], state["choice"][1])
        return model

    def _parts(self) -> tuple[Floats, Habits]:
        if self._weights is None or self._habits is None:
            raise NotFitted("the reward has not been learned", next_command="fit(...), or load(folder)")
        return self._weights, self._habits

    def _posterior(self, seen: Floats, said: Voices, evidence: DataFrame) -> Floats:
        weights, known = self._parts()
        odds = seen @ weights + known.log_odds(said, len(seen), self.params.trust)
        verdict, share = evidence["verdict"].to_numpy(), evidence["preferred"].to_numpy()
        odds += np.where(np.isnan(verdict), 0.0, np.where(verdict > 0.5, 1.0, -1.0)) * np.log(
            self.params.trust / (1.0 - self.params.trust)
        )
        wrong, right = self._choice
        won = share * np.log(right / wrong) + (1.0 - share) * np.log((1.0 - right) / (1.0 - wrong))
        odds += np.where(np.isnan(share), 0.0, won)
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(odds, -12.0, 12.0))))


def _choice(evidence: DataFrame, right: Floats) -> tuple[float, float]:
    """Chance that a wrong, and a right, answer wins a choice."""
    share = evidence["preferred"].to_numpy(dtype=np.float64)
    known = ~np.isnan(share)
    z, won = right[known], share[known]
    return (
        float(((1.0 - z) @ won + 2.0) / ((1.0 - z).sum() + 4.0)),
        float((z @ won + 2.0) / (z.sum() + 4.0)),
    )
