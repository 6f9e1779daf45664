"""Labels and rewards of every answer: what was asked for, how it sounds, what came of it, and how likely it was right."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from mandi.core.config import build, section
from mandi.core.errors import DataNotFound, TooLittleData
from mandi.core.paths import Paths
from mandi.feedback.frames import FEEDBACK, GENERATIONS, LABELLED, TUTOR_PAIRS
from mandi.feedback.labels.label_model import LabelParams
from mandi.feedback.labels.labeller import LABELS, MODELS, Labeller
from mandi.feedback.labels.truth import label_truth
from mandi.feedback.reward.formula import RewardParams, rewards
from mandi.feedback.reward.measured import by_confidence, figures_of, flat, mean_rating, verdicts, worst
from mandi.feedback.reward.opinions import given, opinions
from mandi.feedback.reward.right_model import RightModel, RightParams
from mandi.feedback.reward.signals import signals
from pipelines import project, stage, write_json


@dataclass(frozen=True)
class FeedbackParams:
    """Section ``feedback`` of the parameters."""

    labels: LabelParams = field(default_factory=LabelParams)
    reward: RewardParams = field(default_factory=RewardParams)
    right: RightParams = field(default_factory=RightParams)


@dataclass(frozen=True)
class Scored:
    """What the stage found: ``LABELLED``, the evidence behind it, the models, and figures."""

    labelled: pd.DataFrame
    evidence: pd.DataFrame
    labels: pd.DataFrame
    labeller: Labeller
    right: RightModel | None
    metrics: dict[str, float]


def main() -> None:
    """Write data/feedback, reports/evaluation/feedback, reports/metrics/feedback.json, and labels into the service where it wants them."""
    paths, params = project()
    generations, feedback, pairs = (
        _read(paths, frame.name) for frame in (GENERATIONS, FEEDBACK, TUTOR_PAIRS)
    )
    found = scored(
        generations, feedback, pairs, build(FeedbackParams, section(params, "feedback"), "feedback")
    )
    folder, out = paths.feedback, paths.evaluation("feedback")
    for place in (folder, out):
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
    (folder / "models").mkdir()
    found.labeller.save(folder / "models")
    if found.right is not None:
        found.right.save(folder / "models")
    found.labelled.to_parquet(folder / "labelled.parquet")
    metrics = found.metrics | examined(found, paths.calls / "truth" / "truth.parquet", out)
    write_json(paths.metrics("feedback"), metrics)
    told = " ".join(f"{name} {metrics[f'{name}.coverage']:.0%}" for name in MODELS)
    print(f"{len(found.labelled):,} answers; labels given: {told}; {written_back(paths, found.labelled)}")


def scored(
    generations: pd.DataFrame,
    feedback: pd.DataFrame,
    tutor_pairs: pd.DataFrame,
    params: FeedbackParams | None = None,
) -> Scored:
    """Return answers with labels, the opinion that counts, and both rewards; the truth of a generated log has no part in it.

    Parameters
    ----------
    generations, feedback, tutor_pairs : DataFrame
        As ``GENERATIONS``, ``FEEDBACK`` and ``TUTOR_PAIRS``.
    params : FeedbackParams, optional

    Returns
    -------
    Scored
        Where too few opinions are there to learn from, ``right`` is the formula's reward.
    """
    settings = params or FeedbackParams()
    labeller = Labeller.fit(generations, feedback, settings.labels)
    labels = labeller.label(generations, feedback)
    said = opinions(generations, feedback)
    answers = given(generations, said)
    evidence = signals(answers, said, tutor_pairs)
    reward = rewards(evidence, settings.reward)
    model: RightModel | None = RightModel(settings.right)
    try:
        assert model is not None
        right = model.fit(answers, feedback, evidence, reward).predict(answers, feedback, evidence)
    except TooLittleData:
        model, right = None, reward.rename("right")
    columns: dict[str, Any] = {name: labels[name].to_numpy() for name in LABELS}
    columns |= {
        name: said[name].to_numpy() for name in ("rating", "correction", "correction_by", "feedback_ids")
    }
    columns |= {"reward": reward.to_numpy(), "right": right.to_numpy()}
    rows = generations.assign(**columns).to_dict("records")
    labelled = LABELLED.shaped([{str(k): v for k, v in row.items()} for row in rows])
    labels = labels.set_axis(generations["generation_id"], axis=0)
    metrics = _metrics(labelled, evidence, labels, labeller) | _unheard(answers, feedback, evidence, settings)
    return Scored(labelled, evidence, labels, labeller, model, metrics)


def examined(found: Scored, truth_file: Path, out: Path) -> dict[str, float]:
    """Write reliability and failure cases, and return what the truth of a generated log says of labels and rewards; it may be absent."""
    right = found.labelled.set_index("generation_id")["right"]
    reward = found.labelled.set_index("generation_id")["reward"]
    sure = verdicts(found.evidence)
    truth = pd.read_parquet(truth_file) if truth_file.is_file() else pd.DataFrame()
    metrics: dict[str, float] = {}
    if len(truth):
        truth = truth.set_index("generation_id")
        was = truth["right"].astype("bool")
        sure = was
        rated = found.evidence["rating"].notna()
        for name, score in (
            ("right", right),
            ("reward", reward),
            ("mean_rating", mean_rating(found.evidence)),
        ):
            metrics |= flat(f"truth.{name}", figures_of(score, was))
            metrics |= flat(f"truth.rated.{name}", figures_of(score[rated], was))
        metrics |= label_truth(found.labels, truth)
    by_confidence(right, sure).to_csv(out / "reliability.csv", index=False)
    worst(found.labelled, sure).to_csv(out / "worst.csv", index=False)
    if found.right is not None:
        found.right.raters().sort_values(["worth", "rater"]).to_csv(out / "raters.csv", index=False)
    return metrics


def written_back(paths: Paths, labelled: pd.DataFrame) -> str:
    """Write labels and rewards into the records of the service where its settings ask for it; returns what was done, in words."""
    from mandi.feedback.kept import store_labels
    from mandi.serving.learning.source import records_of

    with records_of(paths.root) as records:
        if records.database is None:
            return records.why
        settings = records.settings
        labels = settings.enable_auto_labeling
        kept = settings.enable_rlhf_lite and settings.track_reward_scores
        count = store_labels(records.database, labelled, labels=labels, rewards=kept)
    return (
        f"{count:,} answers of the service labelled"
        if labels or kept
        else "the service does not ask for labels"
    )


def _metrics(
    labelled: pd.DataFrame, evidence: pd.DataFrame, labels: pd.DataFrame, labeller: Labeller
) -> dict[str, float]:
    metrics = {"answers": float(len(labelled)), "rated": float(evidence["rating"].notna().sum())}
    metrics |= {
        "corrected": float(labelled["correction"].notna().sum()),
        "reward.mean": _mean(labelled["reward"]),
    }
    metrics |= {"right.mean": _mean(labelled["right"])}
    for name in MODELS:
        head = labeller.models.heads[name]
        metrics |= {f"{name}.unseen.{key}": float(value) for key, value in _known(head.report).items()}
        metrics |= {
            f"{name}.threshold": head.threshold,
            f"{name}.coverage": _mean(labels[name] != "unlabelled"),
        }
    metrics |= {"language_found.coverage": _mean(labels["language_found"] != "unlabelled")}
    metrics |= {
        f"outcome.{name}": float((labels["outcome_label"] == name).sum())
        for name in ("held", "missed", "open")
    }
    return metrics


def _unheard(
    answers: pd.DataFrame, feedback: pd.DataFrame, evidence: pd.DataFrame, params: FeedbackParams
) -> dict[str, float]:
    """Hold both rewards against verdicts of people, which they are not told; a person's own answer is left out."""
    hidden = evidence.assign(verdict=float("nan"), human_correction=float("nan"), human=float("nan"))
    users = feedback[feedback["author"] == "user"]
    persons = answers.loc[answers["route"] == "human", "generation_id"]
    sure = verdicts(evidence)
    sure = sure[~sure.index.isin(persons)]
    reward = rewards(hidden, params.reward)
    found = flat("verdicts.reward", figures_of(reward, sure))
    try:
        right = RightModel(params.right).fit(answers, users, hidden, reward).predict(answers, users, hidden)
    except TooLittleData:
        return found
    return found | flat("verdicts.right", figures_of(right, sure))


def _known(report: Mapping[str, Any]) -> dict[str, float]:
    return {key: float(value) for key, value in report.items() if value is not None}


def _mean(values: pd.Series[Any]) -> float:
    return float(values.mean()) if len(values) else 0.0


def _read(paths: Paths, name: str) -> pd.DataFrame:
    file = paths.calls / f"{name}.parquet"
    if not file.is_file():
        raise DataNotFound(f"no {file.name} in {file.parent}", next_command="mandi repro calls")
    return pd.read_parquet(file)


if __name__ == "__main__":
    stage(main)
