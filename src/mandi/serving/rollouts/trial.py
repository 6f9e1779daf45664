"""The trial of a challenger as a pure state: what was seen, what follows of it, and why.

Pairs of losses, champion's and challenger's of one question, go in; a status and a share come out. Three tests look on at all
times, each of which keeps its level however often it is looked at (``mandi.evaluation.sequential``): that the challenger is
worse, that it is slower than is tolerated, that it is better.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from mandi.core.errors import ConfigError
from mandi.evaluation.sequential import MeanSequence, Wealth, clipped

Status = Literal["shadow", "staged", "promoted", "stopped"]
STAGES = (0.10, 0.25, 0.50, 0.80)
WIDEST_RATIO = math.log(4.0)  # of times: four times as slow is as bad as it gets


@dataclass(frozen=True, slots=True)
class Rules:
    """What is agreed before a trial begins.

    Attributes
    ----------
    shadow_share : float
        Share of the questions that are answered by both; the answer of one is compared and never returned.
    stages : tuple of float
        Shares of the questions that the challenger answers, one after another.
    level : float
        Chance that a test ever raises a false alarm, each of the three over the whole trial.
    hours, least_pairs : float, int
        Least length of the shadow and of each stage, and outcomes known of pairs in each.
    most_pairs : int
        Outcomes after which a challenger that was not found better is stopped.
    tolerated : float
        Time of the challenger's model over that of the champion's that is still good.
    cut : float
        Differences of losses count up to this many mean losses; one bad deal decides nothing.
    burn_in : int
        First pairs, of which only the size of losses is learnt.
    """

    shadow_share: float = 0.10
    stages: tuple[float, ...] = STAGES
    level: float = 0.02
    hours: float = 24.0
    least_pairs: int = 100
    most_pairs: int = 20_000
    tolerated: float = 1.25
    cut: float = 4.0
    burn_in: int = 20

    def __post_init__(self) -> None:
        shares = (0.0, *self.stages, 1.0)
        if not self.stages or any(a >= b for a, b in zip(shares, shares[1:])):
            raise ConfigError(
                f"the stages are {self.stages}", allowed="shares that grow, above 0 and below 1"
            )
        if not (0 < self.shadow_share <= 1 and 0 < self.level < 1 and self.tolerated >= 1 and self.cut > 0):
            raise ConfigError(
                "the rules of a rollout cannot be used", allowed="shares in (0, 1], level in (0, 1)"
            )

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Rules:
        """Return rules that were kept."""
        return cls(**{**kept, "stages": tuple(kept["stages"])})


@dataclass(frozen=True, slots=True)
class Pair:
    """One question answered by both, and how wrong each was; ``failed`` where the challenger had no answer."""

    champion: float = 0.0
    challenger: float = 0.0
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Trial:
    """Where a trial stands.

    Attributes
    ----------
    stage : int
        Place in the stages of the rules, from 0; -1 in the shadow.
    share : float
        Share of the questions that the challenger answers now.
    worse, better, slower : Wealth
        Evidence of each.
    difference : MeanSequence
        Champion's loss less challenger's, in ``cut`` mean losses: above 0 the challenger is better.
    lost_champion, lost_challenger : float
        Sums of losses.
    since : datetime
        Beginning of the stage.
    reason : str
        Why it was stopped or promoted; empty until then.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> trial = Trial.start(datetime(2026, 3, 4, tzinfo=UTC))
    >>> trial.status, trial.share, trial.after([Pair(10.0, 30.0)] * 80, Rules(), trial.since).status
    ('shadow', 0.0, 'stopped')
    """

    status: Status
    stage: int
    share: float
    since: datetime
    worse: Wealth
    better: Wealth
    slower: Wealth
    difference: MeanSequence
    pairs: int = 0
    pairs_here: int = 0
    failures: int = 0
    lost_champion: float = 0.0
    lost_challenger: float = 0.0
    reason: str = ""

    @classmethod
    def start(cls, now: datetime, level: float = 0.05) -> Trial:
        """Return a trial before anything was seen; ``level`` is that of the interval that is shown."""
        none = Wealth.start()
        return cls("shadow", -1, 0.0, now, none, none, none, MeanSequence(level))

    @property
    def over(self) -> bool:
        """Whether it was stopped."""
        return self.status == "stopped"

    def after(self, pairs: Iterable[Pair], rules: Rules, now: datetime) -> Trial:
        """Return the trial after more pairs, in the order in which their outcomes were told.

        Parameters
        ----------
        pairs : iterable of Pair
        rules : Rules
        now : datetime
        """
        trial = self
        for pair in pairs:
            if trial.over:
                return trial
            trial = trial._after(pair, rules)._moved(rules, now)
        return trial._moved(rules, now)

    def after_times(self, times: Iterable[tuple[float, float]], rules: Rules, now: datetime) -> Trial:
        """Return the trial after more times of champion and challenger for one request, milliseconds of work."""
        ratios = [
            clipped(math.log(challenger / champion / rules.tolerated), WIDEST_RATIO)
            for champion, challenger in times
            if champion > 0 and challenger > 0
        ]
        return replace(self, slower=self.slower.after(ratios))._moved(rules, now)

    def stopped(self, reason: str, now: datetime) -> Trial:
        """Return the trial ended: the champion answers everything again."""
        return replace(self, status="stopped", share=0.0, since=now, pairs_here=0, reason=reason)

    def as_dict(self) -> dict[str, Any]:
        """Return what ``of`` reads, as JSON holds it."""
        kept = asdict(self)
        kept["since"] = self.since.isoformat()
        return kept

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Trial:
        """Return a trial that was kept."""
        read = dict(kept)
        read["since"] = datetime.fromisoformat(read["since"])
        for name in ("worse", "better", "slower"):
            read[name] = Wealth.of(read[name])
        read["difference"] = MeanSequence.of(read["difference"])
        return cls(**read)

    def _after(self, pair: Pair, rules: Rules) -> Trial:
        if pair.failed:
            return replace(
                self,
                worse=self.worse.after([1.0]),
                better=self.better.after([-1.0]),
                failures=self.failures + 1,
            )
        counted = replace(
            self,
            pairs=self.pairs + 1,
            pairs_here=self.pairs_here + 1,
            lost_champion=self.lost_champion + pair.champion,
            lost_challenger=self.lost_challenger + pair.challenger,
        )
        if self.pairs < rules.burn_in:
            return counted
        # of what was seen before this pair: a bet may not know what it is about
        scale = rules.cut * (self.lost_champion + self.lost_challenger) / (2 * self.pairs)
        gain = clipped(pair.champion - pair.challenger, scale)
        return replace(
            counted,
            worse=self.worse.after([-gain]),
            better=self.better.after([gain]),
            difference=self.difference.after([gain]),
        )

    def _moved(self, rules: Rules, now: datetime) -> Trial:
        if self.over:
            return self
        if self.worse.reached(rules.level):
            return self.stopped(_told("worse", self), now)
        if self.slower.reached(rules.level):
            return self.stopped(f"slower than {rules.tolerated:g} times the champion", now)
        if self.status == "promoted":
            return self
        last = self.stage == len(rules.stages) - 1
        long_enough = (
            now - self.since >= timedelta(hours=rules.hours) and self.pairs_here >= rules.least_pairs
        )
        if long_enough and not last:
            stage = self.stage + 1
            share = rules.stages[stage]
            return replace(self, status="staged", stage=stage, share=share, since=now, pairs_here=0)
        if long_enough and self.better.reached(rules.level):
            return replace(
                self, status="promoted", share=1.0, since=now, pairs_here=0, reason=_told("better", self)
            )
        if self.pairs >= rules.most_pairs:
            return self.stopped(f"not found better in {self.pairs} outcomes", now)
        return self


def _told(verdict: str, trial: Trial) -> str:
    if not trial.pairs:
        return f"{verdict}: {trial.failures} questions the challenger could not answer"
    champion, challenger = trial.lost_champion / trial.pairs, trial.lost_challenger / trial.pairs
    text = f"{verdict}: mean loss {challenger:.4g} against {champion:.4g} over {trial.pairs} outcomes"
    return f"{text}, {trial.failures} failures" if trial.failures else text
