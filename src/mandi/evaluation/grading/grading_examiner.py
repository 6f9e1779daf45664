"""Examines graders: F1 and kappa beside simpler graders and the noise ceiling, calibration, grade sets, alarms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from mandi.core.errors import ContractError
from mandi.evaluation.backtest import asked_origins, first_origin, rolling_origin
from mandi.evaluation.controls import ControlResult, future_perturbation
from mandi.evaluation.examination import examination_params
from mandi.evaluation.examiner import Judged, Standing, fingerprint
from mandi.evaluation.grading.grading_controls import planted_anomalies, shuffled_grades
from mandi.evaluation.grading.grading_figures import (
    GRADES,
    SAID,
    by_grade_table,
    ceilings_of,
    familiarity,
    notes_of,
    places,
    probabilities,
    set_table,
    sets,
    strangers,
)
from mandi.evaluation.grading.grading_metrics import (
    confusion,
    grouped_counts,
    interval,
    macro_f1,
    quadratic_kappa,
    redrawn,
)

if TYPE_CHECKING:
    from mandi.features.base import Features
    from mandi.models.base import Model

ASKED = ["lot_id", "commodity", "market", "supplier_id", "inspector_id", "asof", "label", "supplier_lots"]
ONE_FIT = 10**6  # origins to a fit: one fit answers the whole back-test
BESIDE, BY_GRADE, BY_SLICE, SETS = "Beside simpler graders", "By grade", "By slice", "Grade sets and alarms"


class GradingExaminer:
    """Examiner of the task "grading"; see ``mandi.evaluation.examiner.Examiner``.

    Parameters
    ----------
    params : mapping
        All of params.yaml; section ``evaluation`` gives bootstrap draws, seed, the smallest slice and the back-test.
    model : str
        Name of the model.

    Examples
    --------
    >>> examiner = GradingExaminer({"evaluation": {}}, "quality")
    >>> examiner.standing({"macro_f1": 0.95, "random_forest.macro_f1": 0.8, "ceiling.macro_f1": 0.96})
    Standing(main='macro-F1 0.950', baseline='random forest 0.800', floor='0.960')
    """

    task: ClassVar[str] = "grading"
    limits: ClassVar[tuple[str, ...]] = (
        "The truth here is the grade that an inspector gave. Inspectors differ and err, and the model learns what they say; "
        "what is said without naming the inspector is what a middling one would say.",
        "A supplier that was never seen is compared with its market: its consistency says nothing of its own past.",
        "An alarm says that a lot is unlike its supplier's past, not that anything is wrong with it.",
        "Not for settlement of quality disputes: a lot that the model abstains from goes to a person.",
    )

    def __init__(self, params: Mapping[str, Any], model: str) -> None:
        self.params = examination_params(params)
        own = (params.get("models") or {}).get(model) or {}
        self.set_level: float | None = (own.get("decision") or {}).get("set_level")

    def beside(
        self,
        frame: pd.DataFrame,
        tables: Mapping[str, pd.DataFrame],
        fitted: Mapping[str, pd.Series] | None = None,
    ) -> pd.DataFrame:
        """Return one column of grades per simpler grader: the commonest of the commodity, the supplier's usual, those fitted."""
        train = frame[(frame["part"] == "train") & frame["label"].isin(GRADES)]
        common = train.groupby("commodity")["label"].agg(lambda grades: grades.mode().iloc[0])
        found = pd.DataFrame(index=frame.index)
        found["most_common"] = frame["commodity"].map(common)
        if "supplier_worth" in frame and len(train):
            worth = train.groupby("label")["supplier_worth"].mean().reindex(GRADES)
            apart = np.abs(frame["supplier_worth"].to_numpy(dtype=float)[:, None] - worth.to_numpy()[None, :])
            nearest = np.nanargmin(np.where(np.isnan(apart), np.inf, apart), axis=1)
            found["supplier_usual"] = np.array(GRADES, dtype=object)[nearest]
        return found.assign(**{name: series.reindex(frame.index) for name, series in (fitted or {}).items()})

    def examine(
        self,
        predictions: pd.DataFrame,
        frame: pd.DataFrame,
        beside: pd.DataFrame,
        truth: Mapping[str, Any] | None = None,
    ) -> Judged:
        """Measure grades.

        Parameters
        ----------
        predictions : DataFrame
            ``Model.predict`` for some rows of the frame, by index.
        frame : DataFrame
            Assembled questions with ``label``.
        beside : DataFrame
            From ``beside``; a row that a grader says nothing of is left out of its figures.
        truth : mapping, optional
            Of the generated market: puts the ceiling beside.

        Raises
        ------
        ContractError
            No prediction has a label.
        """
        rows = frame.loc[predictions.index, [name for name in ASKED if name in frame]].join(predictions)
        rows = rows[rows["label"].isin(GRADES)].join(beside)
        if not len(rows):
            raise ContractError("no prediction has a label", allowed="grades A to D")
        given, said = places(rows["label"]), places(rows[SAID])
        right = (given == said).astype(np.float64)
        counts = confusion(given, said, len(GRADES))
        drawn = self._drawn(rows, said)
        low, high = interval(macro_f1(drawn))
        metrics: dict[str, float] = {
            "test.rows": float(len(rows)),
            "test.fingerprint": fingerprint(rows, ["lot_id", "label"]),
            "macro_f1": float(macro_f1(counts)),
            "macro_f1_low": low,
            "macro_f1_high": high,
            "accuracy": float(right.mean()),
            "kappa": quadratic_kappa(counts),
            "far_off": float((np.abs(given - said) > 1).mean()),
        }
        if self.set_level is not None:
            metrics["set.nominal"] = float(self.set_level)
        metrics |= probabilities(rows, given, right) | sets(rows) | strangers(rows, given, said)
        ceilings = ceilings_of(rows, given, truth)
        metrics |= {name: value for name, (value, _) in ceilings.items()}
        others = self._others(rows, given, said, drawn, list(beside.columns))
        metrics |= {
            f"{row['grader']}.{key}": row[key]
            for row in others
            for key in ("macro_f1", "gain", "gain_low", "gain_high")
        }
        # the gate excuses a comparison that was not asked for, and tells by the rows whether it was
        metrics |= {f"{name}.rows": float(rows[name].isin(GRADES).sum()) for name in beside.columns}
        by_grade = by_grade_table(counts, drawn)
        metrics |= {f"f1.{row['grade']}": row["f1"] for row in by_grade.to_dict("records")}
        own = {"grader": "model", "macro_f1": metrics["macro_f1"], "low": low, "high": high, "accuracy": metrics["accuracy"],
               "kappa": metrics["kappa"]}  # fmt: skip
        best = [{"grader": text, "macro_f1": value} for value, text in ceilings.values()]
        tables = {
            BESIDE: pd.DataFrame([*best, own, *others]),
            BY_GRADE: by_grade,
            BY_SLICE: self._slices(rows, given, said),
            SETS: set_table(rows),
        }
        return Judged(metrics, tables, rows, notes_of(rows))

    def backtest(
        self, frame: pd.DataFrame, make_model: Callable[[], Model], tell: Callable[[int, int, str], None]
    ) -> pd.DataFrame:
        """Answer the time since calibration began by one fit on what was known before; see ``mandi.evaluation.backtest``."""
        import dataclasses

        layout = dataclasses.replace(self.params.backtest, refit_every=ONE_FIT)
        origins = asked_origins(frame, first_origin(frame, layout), layout.origins)
        return rolling_origin(frame, make_model, origins, layout, tell)

    def controls(
        self,
        features: Features,
        fitted: Model,
        make_model: Callable[[], Model],
        frame: pd.DataFrame,
        tables: Mapping[str, pd.DataFrame],
        seed: int,
    ) -> list[ControlResult]:
        """Return future perturbation, asked in the middle of the test, shuffled labels, and planted anomalies."""
        test = frame[frame["part"] == "test"]
        when = test["asof"].sort_values().iloc[len(test) // 2]
        needed = {name: tables[name] for name in sorted(features.requires | features.uses) if name in tables}
        return [
            future_perturbation(features, fitted, needed, when, seed, questions=frame),
            shuffled_grades(make_model, features, needed, seed),
            planted_anomalies(fitted, frame, seed),
        ]

    def standing(self, metrics: Mapping[str, float]) -> Standing:
        """Return macro-F1, that of the forest as specified, and the ceiling; the model is told who inspects, as that is."""
        forest = metrics.get("random_forest.macro_f1")
        ceiling = metrics.get("ceiling.with_inspector", metrics.get("ceiling.macro_f1"))
        return Standing(
            f"macro-F1 {metrics['macro_f1']:.3f}",
            f"random forest {forest:.3f}" if forest is not None else "-",
            f"{ceiling:.3f}" if ceiling is not None else "",
        )

    def _drawn(self, rows: pd.DataFrame, said: np.ndarray[Any, Any]) -> Any:
        measures = self.params.measures
        counts = grouped_counts(places(rows["label"]), said, rows["supplier_id"], len(GRADES))
        return redrawn(counts, measures.bootstrap_draws, measures.seed)

    def _others(
        self, rows: pd.DataFrame, given: Any, said: Any, drawn: Any, names: list[str]
    ) -> list[dict[str, Any]]:
        found = []
        for name in names:
            there = rows[name].isin(GRADES).to_numpy()
            if not there.any():
                continue
            other = places(rows.loc[there, name])
            counts = confusion(given[there], other, len(GRADES))
            own = macro_f1(confusion(given[there], said[there], len(GRADES)))
            again = self._drawn(rows[there], other)
            mine = drawn if there.all() else self._drawn(rows[there], said[there])
            low, high = interval(macro_f1(again))
            gain_low, gain_high = interval(macro_f1(mine) - macro_f1(again))
            found.append(
                {
                    "grader": name, "macro_f1": float(macro_f1(counts)), "low": low, "high": high,
                    "accuracy": float((given[there] == other).mean()), "kappa": quadratic_kappa(counts),
                    "gain": float(own - macro_f1(counts)), "gain_low": gain_low, "gain_high": gain_high,
                }
            )  # fmt: skip
        return found

    def _slices(self, rows: pd.DataFrame, given: Any, said: Any) -> pd.DataFrame:
        parts = {
            "commodity": rows["commodity"],
            "inspector": rows.get("inspector_id", pd.Series(None, index=rows.index)),
            "supplier": familiarity(rows),
        }
        found = []
        for dimension, values in parts.items():
            for value in sorted(values.dropna().unique()):
                mask = (values == value).to_numpy()
                counts = confusion(given[mask], said[mask], len(GRADES))
                found.append(
                    {
                        "slice": dimension, "value": value, "lots": int(mask.sum()), "macro_f1": float(macro_f1(counts)),
                        "accuracy": float((given[mask] == said[mask]).mean()), "kappa": quadratic_kappa(counts),
                        "flagged": float(rows.loc[mask, "is_anomaly"].mean()),
                    }
                )  # fmt: skip
        table = pd.DataFrame(found)
        large = table[table["lots"] >= self.params.measures.min_slice_rows]
        worst = large.groupby("slice")["macro_f1"].idxmin().tolist() if len(large) else []
        return table.assign(worst=table.index.isin(worst))
