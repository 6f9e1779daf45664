"""Grades lots from what was measured and the dated history of their suppliers; many lots are one pass over arrays."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mandi.core.errors import ContractError, StaleSnapshot
from mandi.core.strict import Strict
from mandi.features.grading.quality_measures import COLOR, COLOR_CODE, NUMBERS, plain_color
from mandi.features.grading.quality_shelf import QualityShelf
from mandi.models.grading.quality_fields import GRADES, IN_SET, OWN, PROBABILITY
from mandi.serving.gazetteer import few, near, plain
from mandi.serving.problems import BadRow
from mandi.serving.quality_contracts import ParameterProblem, QualityAnswer, QualityRow
from mandi.serving.snapshot import MAKE_IT, Champion, ServingParams

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[Any]]

UNUSUAL = 2.5  # standard deviations of the supplier's own past
MOST_REASONS = 4
LEAST_EFFECT = 0.5  # points of the quality score, below which an effect is no reason
SPOKEN = {**{name: name for name in NUMBERS}, COLOR_CODE: COLOR}
NS_PER_DAY = 86_400_000_000_000


class QualityCounter:
    """Where lots are graded.

    Parameters
    ----------
    champion : Champion
        Its history has ``standards``, ``supplier_lots`` and ``suppliers`` (see ``mandi.features.grading.quality_history``).
    limits : ServingParams
    """

    path: ClassVar[str] = "/api/v1/quality/grade"
    summary: ClassVar[str] = (
        "A lot's grade, how sure that is, its worth, and how unusual it is for its supplier"
    )
    row: ClassVar[type[Strict]] = QualityRow
    told: ClassVar[type[Strict]] = QualityAnswer

    def __init__(self, champion: Champion, limits: ServingParams) -> None:
        model: Any = champion.model
        features: Any = champion.features
        self.champion, self.limits, self.model = champion, limits, model
        self._measures = features.params.features.measures
        self.shelf = QualityShelf(champion.history, features.params.features)
        self._until, self._until_ns = champion.known_until.to_pydatetime(), champion.known_until.value
        self._names = {plain(name): name for name in self.shelf.commodities}
        self._own = self.shelf.measured_by()
        self._spoken = {commodity: {SPOKEN[name] for name in own} for commodity, own in self._own.items()}
        self._inspectors = set(model.known("inspector_id"))

    def answer(self, rows: Sequence[QualityRow], now: datetime, explain: bool) -> list[QualityAnswer]:
        """Grade lots in their order.

        Raises
        ------
        BadRow
            The commodity is not known, nothing valid of it was measured, or ``asof`` lies before the history.
        StaleSnapshot
            The history is too old for the moment asked about.
        """
        if not rows:
            return []
        commodities, moments = [], []
        for i, row in enumerate(rows):
            try:
                commodities.append(self._commodity(row))
                moments.append(self._moment(row, now))
            except (BadRow, StaleSnapshot) as refused:
                raise refused.at(i if len(rows) > 1 else None) from None
        asked: dict[str, Any] = {
            "commodity": commodities,
            "supplier_id": [row.supplier_id for row in rows],
            "inspector_id": [row.inspector_id for row in rows],
            **{name: [getattr(row.quality_params, name) for row in rows] for name in (*NUMBERS, COLOR)},
        }
        columns: dict[str, Any] = self.shelf.complete(asked, np.array(moments, dtype=np.int64))
        columns |= {name: np.array(asked[name], dtype=object) for name in ("commodity", "inspector_id")}
        known = {name: values.tolist() for name, values in columns.items()}
        self._check_measured(known)
        told = self.model.grade(columns)
        moved = self.model.moved_by(columns, told["quality_score"])
        effects = self._effects(columns, len(rows)) if explain else None
        said = {name: values.tolist() for name, values in told.items()}
        strongest = _strongest(moved)
        return [
            self._told(row, i, known, said, strongest[i], now, effects[i] if effects else None)
            for i, row in enumerate(rows)
        ]

    def about(self) -> dict[str, Any]:
        """Return the commodities known with their measures, the grades, and a middling lot that is graded."""
        lots = self.shelf.commodities
        commodity = max(lots, key=lambda name: (lots[name], name))
        means = self.shelf.means(commodity)
        given: dict[str, Any] = {name: round(value, 2) for name, value in means.items() if name in NUMBERS}
        if COLOR_CODE in means:
            given[COLOR] = self._measures.colors[round(means[COLOR_CODE])]
        moment = self.champion.known_until.floor("s") + np.timedelta64(1, "h")
        return {
            "commodities": lots,
            "measures": {name: [SPOKEN[m] for m in own] for name, own in self._own.items()},
            "grades": list(GRADES),
            "inspectors": sorted(self._inspectors),
            "example": {
                "commodity_id": commodity, "quality_params": given, "supplier_id": self.shelf.best_known(commodity),
                "asof": moment.isoformat(),
            },
        }  # fmt: skip

    def check(self, answer: QualityAnswer) -> None:
        """Refuse a champion whose answer to the example does not hold together."""
        total = sum(answer.grade_probabilities.values())
        likely = max(answer.grade_probabilities.values())
        if abs(total - 1.0) > 1e-6 or likely < 1.0 / len(GRADES) or not 0.0 <= answer.quality_score <= 100.0:
            raise ContractError(
                f"the grades of the example have probabilities {answer.grade_probabilities} and a score of {answer.quality_score:g}",
                allowed="probabilities that sum to 1, a score from 0 to 100",
                next_command=MAKE_IT,
            )
        if answer.quality_grade not in answer.grade_set or answer.is_anomaly:
            raise ContractError(
                f"a middling lot is graded {answer.quality_grade}, with the set {answer.grade_set}, and flagged: {answer.is_anomaly}",
                allowed="the grade in its set, and no alarm",
                next_command=MAKE_IT,
            )

    def _commodity(self, row: QualityRow) -> str:
        found = self._names.get(plain(row.commodity_id))
        if found is None:
            raise BadRow(
                "commodity_id",
                f'no commodity "{row.commodity_id}"{near(row.commodity_id, self._names)}',
                allowed=few(self._names.values()),
            )
        own = self._spoken[found]
        if all(getattr(row.quality_params, name) is None for name in own):
            raise BadRow(
                "quality_params",
                f"nothing was measured that {found} is graded by",
                allowed=", ".join(sorted(own)),
            )
        return found

    def _moment(self, row: QualityRow, now: datetime) -> int:
        import pandas as pd

        moment = int(pd.Timestamp(row.asof or now).value)
        if moment < self._until_ns:
            raise BadRow(
                "asof",
                f"asof is {(row.asof or now).isoformat()}, before the history served here",
                allowed=f"from {self.champion.known_until.isoformat()}",
            )
        age, limit = (moment - self._until_ns) / NS_PER_DAY, self.limits.max_history_age_days
        if age > limit:
            known = self.champion.known_until.isoformat()
            raise StaleSnapshot(
                f"the history served here ends at {known}, {age:.1f} days before the inspection",
                allowed=f"asof from {known}, at most {limit:g} days later",
                next_command=f"mandi import, then {MAKE_IT}",
            )
        return moment

    def _check_measured(self, known: Mapping[str, list[Any]]) -> None:
        rows = known["commodity"]
        for i, commodity in enumerate(rows):
            if all(math.isnan(known[name][i]) for name in self._own[commodity]):
                raise BadRow(
                    "quality_params",
                    f"no measure given is valid for {commodity}",
                    allowed=", ".join(
                        f"{n} {self._allowed(commodity, n)}" for n in sorted(self._spoken[commodity])
                    ),
                ).at(i if len(rows) > 1 else None)

    def _effects(self, columns: Arrays, rows: int) -> list[dict[str, float]]:
        import pandas as pd

        told = self.model.explain(pd.DataFrame(dict(columns), index=range(rows)))
        found: list[dict[str, float]] = [{} for _ in range(rows)]
        for place, name, effect in zip(told["index"], told["feature"], told["effect"]):
            found[place][SPOKEN.get(name, name)] = float(effect)
        return found

    def _told(
        self, row: QualityRow, i: int, known: Mapping[str, list[Any]], said: Mapping[str, list[Any]],
        strongest: list[tuple[str, float]], now: datetime, effects: dict[str, float] | None,
    ) -> QualityAnswer:  # fmt: skip
        lots = int(known["supplier_lots"][i])
        commodity = known["commodity"][i]
        problems = self._problems(row, i, commodity, known, lots)
        return QualityAnswer(
            commodity_id=commodity,
            quality_grade=said["quality_grade"][i],
            quality_score=said["quality_score"][i],
            confidence=said["confidence"][i],
            grade_probabilities={g: said[f"{PROBABILITY}{g}"][i] for g in GRADES},
            grade_set=[g for g in GRADES if said[f"{IN_SET}{g}"][i] > 0.0],
            abstained=said["abstained"][i] > 0.0 or any(problem.kind == "not valid" for problem in problems),
            consistency_score=said["consistency_score"][i] if lots else None,
            is_anomaly=said["is_anomaly"][i] > 0.0,
            anomaly_score=said["anomaly_score"][i],
            anomalies=problems,
            reasons=[self._reason(row, i, commodity, known, name, effect) for name, effect in strongest],
            feature_contributions=effects,
            supplier_lots=lots,
            model_version=self.champion.version,
            known_until=self._until,
            asof=row.asof or now,
            notes=self._notes(row, lots),
        )

    def _problems(
        self, row: QualityRow, i: int, commodity: str, known: Mapping[str, list[Any]], lots: int
    ) -> list[ParameterProblem]:
        found = []
        own = self._own[commodity]
        for name in own:
            spoken = SPOKEN[name]
            given = getattr(row.quality_params, spoken)
            if given is None:
                text = f"{spoken} was not measured: taken as middling"
                found.append(ParameterProblem(parameter=spoken, value=None, kind="not measured", text=text))
                continue
            apart = known[f"{name}{OWN}"][i]
            if known[name][i] != known[name][i]:
                text = f"{spoken} is {given}, not valid for {commodity} (allowed: {self._allowed(commodity, spoken)}): not used"
                found.append(ParameterProblem(parameter=spoken, value=given, kind="not valid", text=text))
            elif abs(apart) >= UNUSUAL:
                side = "above" if apart > 0 else "below"
                whose = (
                    f"supplier {row.supplier_id}" if lots else "the market, for the supplier has no history"
                )
                text = (
                    f"{spoken} {given} lies {abs(apart):.1f} standard deviations {side} the mean of {whose}"
                )
                found.append(ParameterProblem(parameter=spoken, value=given, kind="unusual", text=text))
        for spoken in sorted(row.quality_params.model_fields_set - self._spoken[commodity]):
            given = getattr(row.quality_params, spoken)
            if given is not None:
                text = f"{spoken} is no part of the standard of {commodity}: not used"
                found.append(ParameterProblem(parameter=spoken, value=given, kind="not used", text=text))
        return found

    def _allowed(self, commodity: str, name: str) -> str:
        if name == COLOR:
            return ", ".join(self._measures.colors)
        low, high = self._measures.limits.get(commodity, {}).get(name, (float("-inf"), float("inf")))
        return f"{low:g} to {high:g}"

    def _reason(
        self,
        row: QualityRow,
        i: int,
        commodity: str,
        known: Mapping[str, list[Any]],
        name: str,
        effect: float,
    ) -> str:
        if name == "supplier_history":
            return f"past grades of {row.supplier_id or 'an unknown supplier'}: {effect:+.1f} points"
        if name == "inspector":
            return f"inspector {row.inspector_id} against a middling one: {effect:+.1f} points"
        apart = known[f"{name}_z"][i]
        given = getattr(row.quality_params, SPOKEN[name])
        if apart != apart:
            return f"{SPOKEN[name]} not known: {effect:+.1f} points"
        side = "above" if apart > 0 else "below"
        shown = plain_color(given) if name == COLOR_CODE else f"{given:g}"
        return f"{SPOKEN[name]} {shown}, {abs(apart):.1f} standard deviations {side} the mean of {commodity}: {effect:+.1f} points"

    def _notes(self, row: QualityRow, lots: int) -> list[str]:
        notes = []
        if row.supplier_id is None:
            notes.append("no supplier is named: compared with the market")
        elif not lots:
            other = " of this commodity" if self.shelf.knows(row.supplier_id) else ""
            notes.append(f'supplier "{row.supplier_id}" has no history{other}: compared with the market')
        if row.inspector_id is not None and row.inspector_id not in self._inspectors:
            notes.append(f'inspector "{row.inspector_id}" is not known: graded as by a middling one')
        return notes


def _strongest(moved: Arrays) -> list[list[tuple[str, float]]]:
    names, effects = list(moved), np.column_stack(list(moved.values()))
    order = np.argsort(-np.abs(effects), axis=1, kind="stable")[:, :MOST_REASONS]
    sizes = np.take_along_axis(effects, order, axis=1)
    return [
        [(names[place], effect) for place, effect in zip(places, row) if abs(effect) >= LEAST_EFFECT]
        for places, row in zip(order.tolist(), sizes.tolist())
    ]
