"""The learning loop from end to end over HTTP: make bench-loop.

In a project of its own: a student learns from the generated log of before the drift (6,000 answers) and becomes champion; it is served beside a
teacher of known strength; twenty traders ask 200 questions in later wordings, rate some answers and correct some; a person
answers what the student is too unsure of; `dvc repro` makes datasets and a challenger of it. Champion and challenger are examined
on later wordings that neither the log nor the traders hold, by the truth their maker knows. The same is done once more with what the
traders' answers and opinions say dealt out anew among their questions. Intervals draw wordings whole (bootstrap, 95 %).

All of it is done twice from the same champion: as the service stands, where persons answer most of what a first student does not
know ("people"), and with nobody to ask, so that the teacher answers and the traders' ratings and corrections are all there is
("ratings").
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
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
NOBODY = {"CONFIDENCE_THRESHOLD_LOW": "0"}
"""Settings under which no question goes to a person."""


@dataclass(frozen=True)
class Sizes:
    """How large a loop is: answers of the log before, questions over HTTP, questions of the examination, share that is rated, turns, and changes to params.yaml."""

    first: int = 6000
    calls: int = 200
    examined: int = 1500
    rated: float = 0.6
    turns: tuple[str, ...] = ("people", "ratings")
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
    """Turn the loop twice, print what it came to and write benchmarks/results/loop.json."""
    with tempfile.TemporaryDirectory(prefix="mandi-loop-") as folder:
        turns = turned(project_root(), Path(folder), Sizes())
    rows = [row for name, turn in turns.items() for row in rows_of(name, turn)]
    print(
        table(
            ("case", "metric", "value", "baseline", "goal", "met"),
            [[r.case, r.metric, r.value, r.baseline, r.goal, r.met] for r in rows],
        )
    )
    for name, turn in turns.items():
        print(f"\n{name}\n{told(turn)}")
    mine, below = (getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN))
    spent = mine.ru_utime + mine.ru_stime + below.ru_utime + below.ru_stime
    print(write(project_root() / "benchmarks" / "results", "loop", rows, spent))


def turned(root: Path, folder: Path, sizes: Sizes) -> dict[str, Turn]:
    """Turn the loop once for every kind of turn that is asked for, each from the same champion.

    Parameters
    ----------
    root : Path
        The project whose code and parameters are taken.
    folder : Path
        Empty; the loop's own project is made in it.
    sizes : Sizes
    """
    home = _project(root, folder / "project", sizes)
    _repro(home, "the champion learns from the log of before the drift")
    start, found = folder / "start", {}
    shutil.copytree(home, start, symlinks=True)
    for name in sizes.turns:
        _say(f"turn: {name}")
        shutil.rmtree(home)  # and not another folder: a registry knows the place it was made in
        shutil.copytree(start, home, symlinks=True)
        (folder / name).mkdir()
        found[name] = _turn(home, folder / name, sizes, {} if name == "people" else NOBODY)
    return found


def _turn(home: Path, folder: Path, sizes: Sizes, settings: dict[str, str]) -> Turn:
    import pandas as pd

    paths = Paths(home)
    before = folder / "champion"
    shutil.copytree(paths.student, before)
    tables = {path.stem: pd.read_parquet(path) for path in sorted(paths.tables.glob("*.parquet"))}
    asked = traffic(sizes.calls, SEED, tables, part="traffic", groups=GROUPS)
    _say(f"{len(asked)} questions over HTTP")
    with teacher(asked, folder, SEED) as port, service(home, before, port, folder, settings) as (ours, key):
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


def rows_of(name: str, turn: Turn) -> list[Row]:
    """Return the figures of a turn; the baseline is the champion before it."""
    gain, nothing = turn.gain.iloc[0], turn.shuffled.iloc[0]
    later, dealt = f"{name}/later", f"{name}/shuffled"
    return [
        Row(name, "rows_kept", turn.kept / len(turn.given), goal=">= 1"),
        Row(name, "answered_by_people", sum(one.route == "human" for one in turn.given)),
        Row(name, "rated", sum(one.rated for one in turn.given)),
        Row(name, "corrected", sum(one.corrected for one in turn.given)),
        Row(later, "accuracy", gain["after"], gain["before"]),
        Row(later, "gain", gain["gain"]),
        Row(later, "gain_low", gain["gain_low"], goal=">= 0.000001"),
        Row(later, "gain_high", gain["gain_high"]),
        Row(dealt, "gain", nothing["gain"]),
        Row(dealt, "gain_low", nothing["gain_low"], goal="<= 0"),
        Row(later, "share_at_equal_accuracy", gain["coverage_after"], gain["coverage_before"]),
        Row(later, "share_gain_low", gain["coverage_gain_low"], goal=">= 0.000001"),
        Row(later, "confident_share", gain["share_after"], gain["share_before"]),
        Row(later, "confident_accuracy", gain["confident_accuracy_after"], gain["confident_accuracy_before"]),
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
    params["calls"]["generated"] |= {"phases": ["early"], "answers": sizes.first}
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
    here = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"  # the stages call python by its name
    environment = {
        **kept, "PATH": here, "PYTHONPATH": str(home / "src"), "DVC_NO_ANALYTICS": "1", "OMP_NUM_THREADS": "1",
    }  # fmt: skip
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
