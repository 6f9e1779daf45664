"""Two controls a sound model passes: changed futures change nothing, and shuffled labels teach nothing."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mandi.core.errors import ContractError
from mandi.evaluation import metrics
from mandi.evaluation.asked_anew import LABELS, asked_otherwise, sampled
from mandi.evaluation.differences import differing

if TYPE_CHECKING:
    from mandi.features.base import Features
    from mandi.models.base import Model

TIMES = ("event_time", "known_time")
NAMES = ("commodity", "market", "state", "district", "source", "flags", "driver", "unit")
ROUNDING = 1e-7
AFTERWARDS = 60


@dataclass(frozen=True)
class ControlResult:
    """Outcome of a control: its name, whether it passed, what was compared and where it differed."""

    name: str
    passed: bool
    text: str
    figures: dict[str, float] = field(default_factory=dict)
    differences: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "name": self.name,
            "passed": self.passed,
            "text": self.text,
            "figures": {key: value if np.isfinite(value) else None for key, value in self.figures.items()},
            "differences": list(self.differences),
        }

    def __str__(self) -> str:
        return f"{self.name}: {'passed' if self.passed else 'FAILED'}, {self.text}"

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{html.escape(text)}</li>" for text in self.differences)
        return f"<p>{'&#10003;' if self.passed else '<b>&#10007;</b>'} {html.escape(str(self))}</p><ul>{items}</ul>"


def control_metrics(controls: Sequence[ControlResult]) -> dict[str, float]:
    """Return what the gate reads of controls.

    Examples
    --------
    >>> control_metrics([ControlResult("shuffled labels", True, "")])
    {'control.shuffled_labels': 1.0}
    """
    return {f"control.{c.name.replace(' ', '_')}": float(c.passed) for c in controls}


def future_perturbation(
    features: Features,
    model: Model | None,
    tables: Mapping[str, pd.DataFrame],
    when: pd.Timestamp,
    seed: int,
    *,
    questions: pd.DataFrame | None = None,
    max_questions: int = 500,
    window_days: int | None = 300,
) -> ControlResult:
    """Change everything known only after a moment, build again, and compare bit for bit.

    Twice: once every number, category and further date of the later rows is changed, and what is built must be the same
    bit for bit; once the later rows are taken away, and it must be the same but for rounding (a matrix of fewer rows is
    summed in another order). Questions asked up to then keep what they say of themselves, and are asked anew from the
    changed tables besides: those of the same identity must say the same in all but their labels, and at least half must be there
    again. What a row of a table says is excused where the row itself became known later: a lot is asked about with its measures.
    The moment is moved back to the last question of each kind, since a look ahead that is shorter than the time from
    the last question to the first change could not be seen.

    Parameters
    ----------
    features : Features
    model : Model or None
        A fitted model; None compares features only.
    tables : mapping of name to DataFrame
        With ``known_time`` (UTC) in each.
    when : Timestamp
        UTC decision time.
    seed : int
    questions : DataFrame, optional
        What is answered, with ``asof`` and, where there are several, ``kind``; else ``features.questions(tables)``, which may take as long again.
    window_days : int, optional
        To bound the time it takes, reports known more than so many days before ``when`` are left out of all that is
        compared, and so is everything known more than ``AFTERWARDS`` days after it. None leaves out nothing.
    max_questions : int
        Of the questions asked up to a moment the latest and a random sample of the others, together at most so many.

    Returns
    -------
    ControlResult
        ``differences`` names the columns that moved, in how many rows.

    Raises
    ------
    ContractError
        No question was asked up to ``when``, or nothing is known after it: the control would prove nothing.
    """
    asked = features.questions(tables) if questions is None else questions
    asked = asked[asked["asof"] <= when]
    if window_days is not None:
        start = when - pd.Timedelta(days=window_days)
        asked = asked[asked["asof"] > start]
        tables = {
            name: _around(table, when, start if name == "reports" else None) for name, table in tables.items()
        }
    kinds = asked["kind"] if "kind" in asked else pd.Series("", index=asked.index)
    moments = sorted(set(asked["asof"].groupby(kinds).max())) if len(asked) else []
    later = sum(int((table["known_time"] > moment).sum()) for moment in moments for table in tables.values())
    if not later:
        raise ContractError(
            f"{len(asked)} questions up to {when} and {later} rows known after them",
            allowed="at least one of each",
        )
    rng = np.random.default_rng(seed)
    differences: list[str] = []
    compared = columns = 0
    told = features.history(tables)
    for moment in moments:
        drawn = sampled(asked[asked["asof"] <= moment], max_questions, seed)
        before = _answers(features, model, told, drawn)
        compared, columns = compared + len(drawn), before.shape[1]
        for change, rounding in ((_changed, 0.0), (_removed, ROUNDING)):
            other = {name: change(table, moment, rng) for name, table in tables.items()}
            anew = features.history(other)
            moved = differing(before, _answers(features, model, anew, drawn), rounding)
            if moment == moments[0] and change is _changed:
                again = features.questions(tables, told), features.questions(other, anew)
                moved += asked_otherwise(*again, tables, moment, seed)
            differences += [
                f"{change.__name__.strip('_')} after {moment:%Y-%m-%d %H:%M}: {text}" for text in moved
            ]
    text = (
        f"{columns} columns of {'features and predictions' if model is not None else 'features'} of {compared} questions "
        f"up to {moments[-1]:%Y-%m-%d %H:%M} UTC, {later} later rows changed or removed: "
        + ("nothing moved" if not differences else f"{len(differences)} columns moved")
    )
    figures = {"questions": float(compared), "columns": float(columns), "changed": float(later)}
    return ControlResult("future perturbation", not differences, text, figures, tuple(differences))


def shuffled_labels(
    make_model: Callable[[], Model],
    frame: pd.DataFrame,
    seed: int,
    *,
    honest: pd.DataFrame | None = None,
    base: str = "level",
    tolerance: float = 0.05,
    max_rows: int | None = 30_000,
) -> ControlResult:
    """Fit on shuffled labels: what is learned must be worth no more than a constant.

    What is shuffled is the part a model has to learn, label / exp(base), within part, kind and horizon; the base itself
    is known without learning. On the test the result is held against the base times the best constant ratio
    of the training rows (the better of mean and median). A model that beats it has seen the answers elsewhere.

    Parameters
    ----------
    make_model : callable
        Returns a new, unfitted model.
    frame : DataFrame
        Assembled questions with ``label``, ``part``, ``kind``, ``horizon_days`` and ``base``.
    seed : int
    honest : DataFrame, optional
        ``predicted_price`` of the model fitted on true labels, to be shown beside.
    base : str
        Column with the log price known without learning.
    tolerance : float
        Share by which the shuffled model's MAE may be below the constant's by chance.
    max_rows : int, optional
        Fit on a random sample of so many rows, to bound the time it takes; None fits on all.

    Returns
    -------
    ControlResult
        Figures ``<kind>.<horizon>.shuffled_mae``, ``constant_mae`` and, with ``honest``, ``honest_mae`` (INR per
        quintal).

    Raises
    ------
    ContractError
        A column is missing or no test row has a label.
    """
    for column in ("label", "part", "kind", "horizon_days", base):
        if column not in frame:
            raise ContractError(f'frame has no column "{column}"', allowed=", ".join(map(str, frame.columns)))
    test = frame[(frame["part"] == "test") & frame["label"].notna() & frame[base].notna()]
    if len(test) == 0:
        raise ContractError("no test row has a label", allowed='rows with part "test" and a label')
    usable = frame["label"].notna() & frame[base].notna()
    learned = frame[frame["part"].isin(["train", "validation", "calibration"]) & usable]
    if max_rows is not None and len(learned) > max_rows:
        learned = learned.loc[learned.sample(max_rows, random_state=seed).index.sort_values()]
    predicted = make_model().fit(_shuffled(learned, base, seed)).predict(test)["predicted_price"]
    figures: dict[str, float] = {}
    failed = []
    for (kind, horizon), rows in test.groupby(["kind", "horizon_days"], sort=True):
        constant = _constant_error(learned, rows, base)
        if np.isnan(constant):
            continue
        shuffled = metrics.mae(rows["label"], predicted.loc[rows.index])
        figures |= {f"{kind}.{horizon}.shuffled_mae": shuffled, f"{kind}.{horizon}.constant_mae": constant}
        if honest is not None:
            true = honest.loc[rows.index, "predicted_price"]
            figures[f"{kind}.{horizon}.honest_mae"] = metrics.mae(rows["label"], true)
        if shuffled < (1.0 - tolerance) * constant:
            failed.append(
                f"{kind} at {horizon} days: MAE {shuffled:.4g} is below a constant's {constant:.4g}"
            )
    text = f"{len(test)} test questions, " + (
        "nothing is learned from shuffled labels"
        if not failed
        else "something else than labels gives the answers away"
    )
    return ControlResult("shuffled labels", not failed, text, figures, tuple(failed))


def _answers(
    features: Features, model: Model | None, history: Mapping[str, pd.DataFrame], asked: pd.DataFrame
) -> pd.DataFrame:
    built = features.assemble(asked, dict(history))
    whole = built.join(asked[[name for name in asked.columns if name not in built]])
    shown = whole.drop(columns=[name for name in LABELS if name in whole])
    return shown if model is None else shown.join(model.predict(whole).add_prefix("predicted: "))


def _around(table: pd.DataFrame, when: pd.Timestamp, start: pd.Timestamp | None) -> pd.DataFrame:
    kept = table["known_time"] <= when + pd.Timedelta(days=AFTERWARDS)
    return table[kept & (table["known_time"] > start)] if start is not None else table[kept]


def _removed(table: pd.DataFrame, when: pd.Timestamp, rng: np.random.Generator) -> pd.DataFrame:
    return table[table["known_time"] <= when].copy()


def _changed(table: pd.DataFrame, when: pd.Timestamp, rng: np.random.Generator) -> pd.DataFrame:
    later = (table["known_time"] > when).to_numpy()
    changed = table.copy()
    for name in table.columns:
        column = str(name)
        if column in (*TIMES, *NAMES) or column.endswith("_id") or not later.any():
            continue
        values = table.loc[later, column]
        if pd.api.types.is_bool_dtype(values):
            new: Any = ~values
        elif pd.api.types.is_numeric_dtype(values):
            new = values * rng.uniform(0.5, 2.0, len(values)) + 1.0
            new = new.round().astype(values.dtype) if pd.api.types.is_integer_dtype(values) else new
        elif pd.api.types.is_datetime64_any_dtype(values):
            new = values + pd.to_timedelta(rng.integers(1, 90, len(values)), unit="D")
        else:
            new = values.to_numpy()[rng.permutation(len(values))]
        changed.loc[later, column] = new
    return changed


def _shuffled(learned: pd.DataFrame, base: str, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    level = np.exp(learned[base].to_numpy(dtype=float))
    # what is known together with a label moves with it, or it would still say something about the answer
    along = {"ratio": learned["label"].to_numpy(dtype=float) / level}
    if "national_ahead" in learned:
        along["national_ahead"] = learned["national_ahead"].to_numpy(dtype=float)
    moved = {name: values.copy() for name, values in along.items()}
    for places in learned.groupby(["part", "kind", "horizon_days"], sort=True).indices.values():
        order = rng.permutation(places)
        for name, values in along.items():
            moved[name][places] = values[order]
    shuffled = learned.assign(label=moved.pop("ratio") * level)
    return shuffled.assign(**moved)


def _constant_error(learned: pd.DataFrame, rows: pd.DataFrame, base: str) -> float:
    kind, horizon = rows["kind"].iloc[0], rows["horizon_days"].iloc[0]
    same = learned[
        (learned["kind"] == kind) & (learned["horizon_days"] == horizon) & (learned["part"] == "train")
    ]
    ratio = (same["label"] / np.exp(same[base])).dropna()
    if len(ratio) == 0:
        return float("nan")
    level = np.exp(rows[base])
    return min(
        metrics.mae(rows["label"], level * constant) for constant in (ratio.mean(), ratio.median(), 1.0)
    )
