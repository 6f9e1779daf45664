"""The learning loop from end to end over HTTP: make bench-loop.

In a project of its own: a student learns from the generated log of before the drift and becomes champion; it is served beside a
teacher of known strength; twenty traders ask 200 questions in later wordings, rate some answers and correct some; a person
answers what the student is too unsure of; `dvc repro` makes datasets and a challenger of it. Champion and challenger are examined
on later wordings that neither the log nor the traders hold, by the truth their maker knows. The same is done once more with what the
traders' answers and opinions say dealt out anew among their questions. Intervals draw wordings whole (bootstrap, 95 %).
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from benchmarks.loop_service import Given, ask_and_rate, service, teacher
from benchmarks.rows import Row, table, write
from mandi.core.config import load_params
from mandi.core.errors import ContractError
from mandi.core.paths import Paths, project_root
from mandi.feedback.generated.ask.asked import Asked
from mandi.feedback.generated.reply.judge import is_right
from mandi.feedback.generated.traffic import traffic
from mandi.student.base import Question, StudentModel
from mandi.student.examination.cases import Case, part_of
from mandi.student.examination.gain import before_after, plain_gain, shuffled

if TYPE_CHECKING:
    from pandas import DataFrame

GROUPS = ("intent", "direction", "severity", "rule")
COPIED = ("src", "pipelines", "dvc.yaml", "params.yaml", "pyproject.toml")
TARGET = "student_register"
SEED = 20240611


@dataclass(frozen=True)
class Sizes:
    """How large a loop is: questions over HTTP, questions of the examination, share that is rated, and changes to params.yaml."""

    calls: int = 200
    examined: int = 1500
    rated: float = 0.6
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Turn:
    """What one turn of the loop came to."""

    given: list[Given]
    kept: int
    learned: int
    gain: DataFrame
    shuffled: DataFrame


def main() -> None:
    """Turn the loop once, print what it came to and write benchmarks/results/loop.json."""
    started = time.process_time()
    with tempfile.TemporaryDirectory(prefix="mandi-loop-") as folder:
        turn = turned(project_root(), Path(folder), Sizes())
    rows = rows_of(turn)
    print(
        table(
            ("case", "metric", "value", "goal", "met"),
            [[r.case, r.metric, r.value, r.goal, r.met] for r in rows],
        )
    )
    print(told(turn))
    print(write(project_root() / "benchmarks" / "results", "loop", rows, time.process_time() - started))


def turned(root: Path, folder: Path, sizes: Sizes) -> Turn:
    """Turn the loop once.

    Parameters
    ----------
    root : Path
        The project whose code and parameters are taken.
    folder : Path
        Empty; the loop's own project is made in it.
    sizes : Sizes
    """
    import pandas as pd

    home = _project(root, folder / "project", sizes)
    paths = Paths(home)
    _repro(home, "the champion learns from the log of before the drift")
    before = folder / "champion"
    shutil.copytree(paths.student, before)
    tables = {path.stem: pd.read_parquet(path) for path in sorted(paths.tables.glob("*.parquet"))}
    asked = traffic(sizes.calls, SEED, tables, part="traffic", groups=GROUPS)
    _say(f"{len(asked)} questions over HTTP")
    with teacher(asked, folder, SEED) as port, service(home, before, port, folder) as (ours, key):
        given = asyncio.run(ask_and_rate(ours, key, asked, SEED, sizes.rated))
    _repro(home, "the challenger learns from them as well")
    kept = _kept(paths, given)
    champion, challenger = _student(before), _student(paths.student)
    cases, judge = examination(sizes.examined, tables)
    examples = _examples(paths)
    mine = [one for one in examples if one.provenance == "service" and one.part != "test"]
    others = [one for one in examples if one.provenance != "service" or one.part == "test"]
    _say("a third student learns from feedback that says nothing")
    nothing = _fitted(home, [*others, *shuffled(mine, SEED)])
    return Turn(
        given, kept, len(mine), before_after(champion, challenger, cases, judge),
        before_after(champion, nothing, cases, judge),
    )  # fmt: skip


def examination(count: int, tables: dict[str, DataFrame]) -> tuple[list[Case], Any]:
    """Return questions in later wordings nobody learned from, and their judge: what the maker of them knows."""
    held = traffic(count, SEED + 1, tables, part="held", groups=GROUPS)
    names = {
        name: number for number, name in enumerate(sorted({str(one.truth["template_id"]) for one in held}))
    }
    truth: dict[str, Asked] = {}
    cases = []
    for number, one in enumerate(held):
        question = Question(one.task, tuple(one.messages), one.facts)
        truth[f"held-{number}"] = one
        cluster = names[str(one.truth["template_id"])]
        cases.append(Case(f"held-{number}", question, str(one.truth["gold"]), part_of(question), cluster))
    return cases, lambda case, answer: is_right(answer, truth[case.case_id].truth)


def rows_of(turn: Turn) -> list[Row]:
    """Return the figures of a turn."""
    gain, nothing = turn.gain.iloc[0], turn.shuffled.iloc[0]
    return [
        Row("loop", "rows_kept", turn.kept / len(turn.given), goal=">= 1"),
        Row("later", "accuracy", gain["after"], gain["before"]),
        Row("later", "gain", gain["gain"]),
        Row("later", "gain_low", gain["gain_low"], goal=">= 0.000001"),
        Row("later", "gain_high", gain["gain_high"]),
        Row("later/shuffled", "gain", nothing["gain"]),
        Row("later/shuffled", "gain_low", nothing["gain_low"], goal="<= 0"),
        Row("later", "share_at_equal_accuracy", gain["coverage_after"], gain["coverage_before"]),
        Row("later", "share_gain_low", gain["coverage_gain_low"], goal=">= 0.000001"),
        Row("later", "confident_share", gain["share_after"], gain["share_before"]),
        Row("later", "confident_accuracy", gain["confident_accuracy_after"], gain["confident_accuracy_before"]),
    ]  # fmt: skip


def told(turn: Turn) -> str:
    """Return in words what a turn came to."""
    routes = {name: sum(one.route == name for one in turn.given) for name in ("student", "teacher", "human")}
    right = sum(one.right for one in turn.given) / len(turn.given)
    return "\n".join(
        [
            f"{len(turn.given)} answers ({', '.join(f'{n} by the {who}' for who, n in routes.items())}), {right:.0%} right; "
            f"{sum(one.rated for one in turn.given)} rated, {sum(one.corrected for one in turn.given)} corrected",
            f"{turn.kept} of them in the frames under their ids; {turn.learned} examples learned from",
            f"feedback: {plain_gain(turn.gain.iloc[0])}",
            f"shuffled: {plain_gain(turn.shuffled.iloc[0])}",
            turn.gain.round(3).to_string(index=False),
        ]
    )


def _project(root: Path, home: Path, sizes: Sizes) -> Path:
    home.mkdir(parents=True)
    for name in COPIED:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, home / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, home / name)
    params = load_params(home / "params.yaml")
    params["calls"]["generated"]["phases"] = ["early"]
    _merge(params, sizes.params)
    writer = YAML(typ="safe", pure=True)
    with (home / "params.yaml").open("w", encoding="utf-8") as file:
        writer.dump(params, file)
    _dvc(home, "init", "--quiet", "--no-scm")
    return home


def _merge(params: dict[str, Any], changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        if isinstance(value, dict) and isinstance(params.get(name), dict):
            _merge(params[name], value)
        else:
            params[name] = value


def _repro(home: Path, what: str) -> None:
    _say(what)
    _dvc(home, "repro", TARGET)


def _dvc(home: Path, *arguments: str) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "MANDI_"))}
    environment = {**kept, "PYTHONPATH": str(home / "src"), "DVC_NO_ANALYTICS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *arguments], cwd=home, env=environment, text=True, capture_output=True
    )
    if done.returncode:
        raise ContractError(f"dvc {' '.join(arguments)} failed:\n{(done.stdout + done.stderr)[-3000:]}")


def _kept(paths: Paths, given: Sequence[Given]) -> int:
    import pandas as pd

    frame = pd.read_parquet(paths.calls / "generations.parquet", columns=["generation_id", "provenance"])
    here = set(frame.loc[frame["provenance"] == "service", "generation_id"])
    return sum(one.generation_id in here for one in given)


def _student(folder: Path) -> StudentModel:
    from mandi.student.embedded.student import EmbeddedStudent

    return EmbeddedStudent.load(folder)


def _examples(paths: Paths) -> Any:
    import pandas as pd

    from mandi.datasets.rows import examples_of

    return examples_of(pd.read_parquet(paths.datasets / "rows.parquet"))


def _fitted(home: Path, examples: Any) -> StudentModel:
    from mandi.student.embedded.student import EmbeddedStudent
    from mandi.student.params import student_params

    return EmbeddedStudent(student_params(load_params(home / "params.yaml"))).fit(examples)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
