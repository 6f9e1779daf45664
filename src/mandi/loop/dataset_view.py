"""Tables that show how calls become datasets: what was asked, scrubbed, labelled, rewarded, chosen, parted and written."""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from mandi.core.paths import Paths
from mandi.datasets.formats.checking import check_file
from mandi.datasets.formats.export import exported
from mandi.datasets.formats.kinds import format_named
from mandi.datasets.rows import PARTS, PURPOSES, Example
from mandi.feedback.report.answers import period
from mandi.feedback.scrub.pseudonyms import LETTERS, SIZE
from mandi.feedback.vocabulary import UNLABELLED
from mandi.text.reliability import reliability

if TYPE_CHECKING:
    from pandas import DataFrame

SIGN = re.compile(rf"\[([A-Z][A-Z_]{{1,18}})_[{LETTERS}]{{{SIZE}}}\]")
STEPS = {
    "left_out": "never an example",
    "faults": "no good target",
    "personal_data": "holds personal data",
    "conflicts": "asked the same, answered otherwise",
    "duplicates": "the same twice",
    "near_duplicates": "nearly the same",
    "in_no_part": "would leak between parts",
}
LABELS = ("intent", "sentiment", "emotion", "kind", "language_found")
TRUE = {"language_found": "language"}
FEW = 40  # rows of a file that is broken on purpose
SHORT = 90  # letters of a text that a table shows


def asked(labelled: DataFrame, feedback: DataFrame) -> DataFrame:
    """Return by task how many answers there are, from where, and how many were judged and corrected."""
    judged = labelled["rating"].notna() | labelled["correction"].notna()
    frame = labelled.assign(judged=judged, corrected=labelled["correction"].notna())
    changed = feedback.loc[feedback["version"] > 1, "generation_id"]
    frame["opinion_changed"] = frame["generation_id"].isin(changed)
    found = frame.groupby("task_type", as_index=False).agg(
        answers=("generation_id", "size"),
        people=("user_pseudonym", "nunique"),
        judged=("judged", "sum"),
        corrected=("corrected", "sum"),
        opinion_changed=("opinion_changed", "sum"),
        mean_rating=("rating", "mean"),
        first=("asked_at", "min"),
        last=("asked_at", "max"),
    )
    return found.rename(
        columns={"task_type": "task", "opinion_changed": "opinion changed", "mean_rating": "mean rating"}
    )


def judged_answers(labelled: DataFrame, days: int) -> DataFrame:
    """Return judged answers of the last days: question, answer, rating, correction, reward."""
    frame = period(labelled, days, labelled["asked_at"].max().to_pydatetime())
    frame = frame[frame["judged"]].sort_values("asked_at", ascending=False)
    shown = frame[["question", "answer", "rating", "correction", "reward", "right"]].copy()
    for name in ("question", "answer", "correction"):
        shown[name] = [short(text) for text in shown[name]]
    return shown


def signs(labelled: DataFrame) -> DataFrame:
    """Return how many questions and answers hold the sign of each kind of personal data: ``kind``, ``answers``."""
    counts: Counter[str] = Counter()
    for question, answer in zip(labelled["question"], labelled["answer"], strict=True):
        counts.update(set(SIGN.findall(f"{question} {answer}")))
    rows = [
        {"kind": kind.lower().replace("_", " "), "answers": count} for kind, count in counts.most_common(16)
    ]
    return pd.DataFrame(rows, columns=["kind", "answers"])


def label_accuracy(paths: Paths, labelled: DataFrame) -> DataFrame:
    """Return by label how many answers have it, and where the truth is known how many of these are right and what guessing gives."""
    truth = _truth(paths).reindex(labelled["generation_id"])
    rows = []
    for name in LABELS:
        given = labelled[name] != UNLABELLED
        row: dict[str, Any] = {"label": name.removesuffix("_found"), "given": float(given.mean())}
        column = TRUE.get(name, name)
        if column in truth:
            true = truth[column].to_numpy()
            known = given.to_numpy() & pd.notna(true)
            hits = labelled[name].to_numpy()[known] == true[known]
            commonest = pd.Series(true[known]).value_counts(normalize=True)
            row |= {"right": float(hits.mean()) if known.any() else None,
                    "the commonest would be right": float(commonest.iloc[0]) if len(commonest) else None, "compared": int(known.sum())}  # fmt: skip
        rows.append(row)
    return pd.DataFrame(rows)


def rightness(paths: Paths, labelled: DataFrame) -> dict[str, DataFrame]:
    """Return the reliability of the learned reward beside the truth, or beside likes where no truth is known."""
    truth = _truth(paths)
    known = labelled[labelled["generation_id"].isin(truth.index)]
    if not len(known):
        rated = labelled[labelled["rating"].notna()]
        return {"beside ratings of 4 and 5": reliability(rated["right"].to_numpy(), rated["rating"] >= 4)}
    right = truth.loc[known["generation_id"], "right"].to_numpy(dtype=bool)
    judged = (known["rating"].notna() | known["correction"].notna()).to_numpy()
    values = known["right"].to_numpy()
    return {
        name: reliability(values[rows], right[rows])
        for name, rows in (("all answers", judged | True), ("nobody judged it", ~judged))
    }


def by_rating(paths: Paths, labelled: DataFrame) -> DataFrame:
    """Return by stars: answers, mean reward, mean learned probability, and the share that was right where that is known."""
    frame = labelled.assign(
        stars=labelled["rating"].map(lambda stars: "none" if pd.isna(stars) else f"{stars:.0f}")
    )
    frame["true"] = _truth(paths).reindex(labelled["generation_id"])["right"].to_numpy(dtype="float64")
    found = frame.groupby("stars", as_index=False).agg(
        answers=("generation_id", "size"),
        reward=("reward", "mean"),
        learned=("right", "mean"),
        true=("true", "mean"),
    )
    return found.rename(columns={"learned": "learned probability", "true": "share that was right"})


def reward_failures(paths: Paths, labelled: DataFrame) -> DataFrame:
    """Return the answers whose learned probability is farthest from the truth, the worst first."""
    frame = labelled.assign(
        true=_truth(paths).reindex(labelled["generation_id"])["right"].to_numpy(dtype="float64")
    )
    frame = frame[frame["true"].notna()]
    worst = frame.assign(gap=(frame["right"] - frame["true"]).abs()).sort_values(
        ["gap", "generation_id"], ascending=[False, True]
    )
    shown = worst[["question", "answer", "rating", "right", "true"]].head(20).copy()
    for name in ("question", "answer"):
        shown[name] = [short(text) for text in shown[name]]
    return shown.rename(columns={"right": "learned", "true": "was right"})


def left_out(paths: Paths) -> DataFrame:
    """Return what the datasets left out and why, as the manifest counts it."""
    manifest = json.loads((paths.datasets / "manifest.json").read_text(encoding="utf-8"))
    rows = [
        {"step": label, "why": why, "left out": count}
        for name, label in STEPS.items()
        for why, count in _counted(manifest.get(name) or {})
    ]
    return pd.DataFrame(rows, columns=["step", "why", "left out"]).sort_values("left out", ascending=False)


def sizes(rows: DataFrame) -> DataFrame:
    """Return how many examples there are by purpose, task and part."""
    found = rows.pivot_table(
        index=["purpose", "task"], columns="part", values="example_id", aggfunc="count", fill_value=0
    )
    found = found[[part for part in PARTS if part in found]].reset_index()
    found.columns.name = None
    return found


def shared(rows: DataFrame) -> DataFrame:
    """Return how many parties, conversations, clusters of near-duplicates and questions the frozen set shares with the rest."""
    frozen, rest = rows[rows["part"] == "test"], rows[rows["part"] != "test"]
    named = {
        "party": "people",
        "conversation_id": "conversations",
        "cluster": "clusters of near-duplicates",
        "messages": "questions word by word",
    }
    return pd.DataFrame(
        [
            {"of": label, "in the frozen set": frozen[name].nunique(), "in the rest": rest[name].nunique(),
             "in both": len(set(frozen[name].dropna()) & set(rest[name].dropna()))}
            for name, label in named.items()
        ]
    )  # fmt: skip


def one_each(examples: Sequence[Example]) -> DataFrame:
    """Return the first training example of each purpose that is about words: question, what should be said, and what not."""
    rows = []
    for purpose in PURPOSES:
        own = [one for one in examples if one.purpose == purpose]
        if own:
            one = next((e for e in own if e.task == "chat" and e.part == "train"), own[0])
            judged = "" if one.label is None else "good" if one.label else "bad"
            rows.append({"purpose": purpose, "asked": short(one.question), "should be said": short(one.chosen),
                         "and not": short(one.rejected) if one.rejected else judged or "-", "weight": one.weight})  # fmt: skip
    return pd.DataFrame(rows)


def lineage(examples: Sequence[Example], feedback: DataFrame, purpose: str) -> dict[str, object]:
    """Return where one example of a purpose comes from, back to the opinions.

    Parameters
    ----------
    examples : sequence of Example
    feedback : DataFrame
        See `mandi.feedback.frames.FEEDBACK`.
    purpose : str
    """
    own = [one for one in examples if one.purpose == purpose] or list(examples)
    chosen = next((one for one in own if one.feedback_ids), own[0])
    said = feedback[feedback["feedback_id"].isin(chosen.feedback_ids)]
    return {
        "example": f"{chosen.example_id}, part {chosen.part}",
        "asked": short(chosen.question, 200),
        "should be said": short(chosen.chosen, 200),
        "and not": short(chosen.rejected, 200) if chosen.rejected else "-",
        "a person vouched for it": chosen.gold,
        "comes from the answers": ", ".join(chosen.generation_ids),
        "and the opinions": "; ".join(_opinion(row) for row in said.to_dict("records")) or "-",
        "consent and licence": f"{chosen.consent}, {chosen.licence}",
    }


def refusals(examples: Sequence[Example], name: str) -> DataFrame:
    """Write the examples of a format, then rows broken on purpose, and return what its check says of each.

    Parameters
    ----------
    examples : sequence of Example
    name : str
        One of `mandi.datasets.formats.kinds.FORMATS`.
    """
    purpose = format_named(name).purpose
    rows = list(exported([one for one in examples if one.purpose == purpose and one.part == "train"], name))
    good = [json.dumps(row, ensure_ascii=False) for row in rows]
    said = [{"file": "as written", "rows": len(good), "verdict": _verdict(good, name)}]
    good = good[:FEW]
    for label, line in _broken(rows[0]).items():
        said.append(
            {
                "file": f"row 2 {label}",
                "rows": len(good),
                "verdict": _verdict([good[0], line, *good[2:]], name),
            }
        )
    return pd.DataFrame(said)


def card(paths: Paths, task: str, purpose: str) -> str:
    """Return the card of a dataset as Markdown, one level of headings down; a sentence where there is none."""
    file = paths.datasets / "cards" / f"{task}.{purpose}.md"
    if not file.is_file():
        return f"There is no dataset of {task} for {purpose} in this version."
    text = re.sub(r"\A---\n.*?\n---\n", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"^#", "##", text, flags=re.MULTILINE)


def short(text: object, letters: int = SHORT) -> str:
    """Return the beginning of a text on one line; a dash for none.

    Examples
    --------
    >>> short("a  b\\nc"), short(None), short("abcdef", 4)
    ('a b c', '-', 'abc…')
    """
    if not isinstance(text, str):
        return "-"
    line = " ".join(text.split())
    return line if len(line) <= letters else f"{line[: letters - 1]}…"


def _counted(counts: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, int]]:
    for why, count in counts.items():
        name = f"{above}{', ' if above else ''}{str(why).replace('_', ' ')}"
        if isinstance(count, Mapping):
            yield from _counted(count, name)
        elif isinstance(count, (int, float)):
            yield name, int(count)


def _broken(row: Mapping[str, Any]) -> dict[str, str]:
    whole = json.dumps(row, ensure_ascii=False)
    first = next(iter(row))
    return {
        "is not JSON": whole[:-2],
        "is a list": "[]",
        f"lacks {first}": json.dumps({key: value for key, value in row.items() if key != first}),
        f"has {first} as a number": json.dumps({**row, first: 7}),
        "has a key nobody reads": json.dumps({**row, "comment": "good"}, ensure_ascii=False),
        "is empty": "{}",
    }


def _verdict(lines: Sequence[str], name: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        checked = check_file(path, name)
    if not checked.problems:
        return f"accepted, about {checked.tokens:,} tokens"
    problem = checked.problems[0]
    return f"refused: {short(str(problem), 200)}"


def _opinion(row: Mapping[Any, Any]) -> str:
    stars = "" if pd.isna(row["rating"]) else f", {row['rating']:.0f} of 5"
    corrected = ", corrected" if isinstance(row["correction"], str) else ""
    return f"{row['feedback_id']} ({row['author']}{stars}{corrected})"


def _truth(paths: Paths) -> DataFrame:
    file = paths.calls / "truth" / "truth.parquet"
    if not file.is_file():
        return pd.DataFrame({"right": pd.Series(dtype=float)})
    return pd.read_parquet(file).set_index("generation_id")
