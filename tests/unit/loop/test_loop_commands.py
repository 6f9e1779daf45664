"""``mandi feedback report`` and ``export`` on a small project: what they write, and what they refuse."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "feedback" / "report"))
from made_log import SECRET, log, no_feedback, no_pairs

from mandi.cli import app
from mandi.core.errors import ContractError, DataNotFound, TooLittleData, UnknownValue
from mandi.core.paths import Paths
from mandi.datasets.files import write_rows
from mandi.datasets.rows import Example
from mandi.loop.colab import colab_notebook
from mandi.loop.command import WHOLE, feedback_export, feedback_report
from mandi.loop.evidence import comparison, evidence
from mandi.loop.training_pipeline import EnhancedTrainingPipeline

START = datetime(2026, 1, 1, tzinfo=UTC)
METRICS = {
    "frozen.accuracy": 0.8, "frozen.low": 0.76, "frozen.high": 0.84, "frozen.rows": 400.0, "frozen.coverage_at_target": 0.7,
    "frozen.ece": 0.03, "champion.accuracy": 0.7, "champion.low": 0.65, "champion.high": 0.75, "champion.gain": 0.1,
    "champion.gain_low": 0.06, "champion.gain_high": 0.14, "champion.coverage_at_target": 0.5, "champion.ece": 0.05,
    "shuffled.gain": -0.02, "shuffled.gain_low": -0.05, "shuffled.gain_high": 0.01,
}  # fmt: skip


def example(
    number: int, purpose: str = "sft", task: str = "chat", part: str = "train", **more: object
) -> Example:
    return Example(
        example_id=f"{purpose}-{task}-{number:03d}", purpose=purpose, task=task,  # type: ignore[arg-type]
        messages=({"role": "user", "content": f"What is lot {number} worth?"},), chosen=f"About {4000 + number} per quintal.",
        asked_at=START + timedelta(days=number), generation_ids=(f"g{number}",), party=f"u{number}", consent="granted",
        licence="own", provenance="generated", part=part, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("params.yaml", "dvc.yaml"):
        (tmp_path / name).write_text("", encoding="utf-8")
    for variable in ("POSTGRESQL_URL", "DATABASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("MANDI_ROOT", str(tmp_path))
    return tmp_path


@pytest.fixture
def labelled(root: Path) -> Path:
    paths = Paths(root)
    for folder in (paths.calls, paths.feedback):
        folder.mkdir(parents=True)
    log(400, days=30).to_parquet(paths.feedback / "labelled.parquet")
    no_feedback().to_parquet(paths.calls / "feedback.parquet")
    no_pairs().to_parquet(paths.calls / "tutor_pairs.parquet")
    return root


@pytest.fixture
def datasets(root: Path) -> Path:
    folder = Paths(root).datasets
    folder.mkdir(parents=True)
    rows = [example(n) for n in range(40)] + [example(n, task="classification") for n in range(5)]
    rows += [example(n, "unpaired", label=n % 2 == 0) for n in range(12)]
    rows += [example(90, part="test", gold=True), example(41, "preference", rejected="No idea.")]
    write_rows(rows, folder)
    write(folder / "manifest.json", {"version": "1a2b3c"})
    return root


def test_without_feedback_it_says_what_to_do(root: Path) -> None:
    with pytest.raises(DataNotFound, match="no service has kept records here") as refused:
        feedback_report(root)
    assert "mandi repro feedback" in str(refused.value)
    result = CliRunner().invoke(app, ["feedback", "report"])
    assert result.exit_code == 1


def test_an_empty_database_of_a_service_is_said_too(root: Path) -> None:
    assert CliRunner().invoke(app, ["store", "upgrade"]).exit_code == 0
    with pytest.raises(DataNotFound, match="no answer that may be learned from"):
        feedback_report(root)


def test_the_command_writes_text_values_and_a_page(labelled: Path) -> None:
    page = labelled / "reports" / "feedback.html"
    result = CliRunner().invoke(app, ["feedback", "report", "--days", "30", "--html", str(page)])
    assert result.exit_code == 0, result.output
    assert "Feedback of 30 days" in result.output and "What to improve next" in result.output
    html = page.read_text(encoding="utf-8")
    assert "intent price, commodity cotton" in html and "data:image/png;base64," in html
    assert "http://" not in html.replace("http://127.0.0.1", "") and SECRET not in html
    told = json.loads(CliRunner().invoke(app, ["feedback", "report", "--json"]).output)
    assert told["source"] == "the pipelines"
    assert 0 < told["overall_metrics"]["success_rate"] < 1 < told["overall_metrics"]["user_satisfaction"] <= 5


def test_the_class_gives_the_same_figures(labelled: Path) -> None:
    report = EnhancedTrainingPipeline().generate_improvement_report(days=30)
    assert report == EnhancedTrainingPipeline(labelled).generate_improvement_report()
    assert report["overall_metrics"]["success_rate"] == pytest.approx(0.98, abs=0.01)


def test_the_students_examination_is_read(labelled: Path) -> None:
    paths = Paths(labelled)
    assert comparison(paths) == (None, "no student has been examined")
    write(paths.metrics("student"), METRICS)
    write(paths.receipt("student"), {"verdict": {"passed": True, "checks": []}})
    write(paths.champions / "student" / "student.json", {"bounds": {"high": 0.8, "low": 0.3}})
    found = evidence(labelled)
    assert (
        found.student is not None
        and found.student.passed
        and dict(found.thresholds) == {"high": 0.8, "low": 0.3}
    )
    told = feedback_report(labelled)
    assert "Feedback helped: on 400 frozen examples the new student gains 10.0 points" in told
    assert "mandi promote student" in told
    without = {name: value for name, value in METRICS.items() if not name.startswith("champion")}
    write(paths.metrics("student"), without)
    write(
        paths.evaluation("student") / "before_after.json",
        {"champion": {"not_compared": "this is the champion itself, v1"}},
    )
    assert "not known: this is the champion itself, v1" in feedback_report(labelled)


def test_the_whole_set_has_its_name_and_a_notebook_without_examples(datasets: Path, tmp_path: Path) -> None:
    to = tmp_path / "out"
    told = feedback_export(datasets, to, colab=True)
    lines = (to / WHOLE).read_text(encoding="utf-8").splitlines()
    assert len(lines) == 45 and "datasets version 1a2b3c" in told
    notebook = json.loads((to / "tune_sft.ipynb").read_text(encoding="utf-8"))
    source = "".join("".join(cell["source"]) for cell in notebook["cells"])
    assert "SFTTrainer" in source and WHOLE in source and "per quintal" not in source
    assert sorted(p.name for p in to.iterdir()) == [WHOLE, "tune_sft.ipynb"]
    again = tmp_path / "again"
    feedback_export(datasets, again, colab=True)
    assert all((to / name).read_bytes() == (again / name).read_bytes() for name in (WHOLE, "tune_sft.ipynb"))


def test_only_what_was_asked_for_and_never_the_frozen_set(datasets: Path, tmp_path: Path) -> None:
    feedback_export(datasets, tmp_path / "one", task="chat", days=10)
    rows = (tmp_path / "one" / "chat.sft.trl.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 10 and not any("lot 90" in row for row in rows)
    feedback_export(datasets, tmp_path / "two", vendor="openai", task="chat")
    first = json.loads(
        (tmp_path / "two" / "chat.sft.openai.jsonl").read_text(encoding="utf-8").splitlines()[0]
    )
    assert first["messages"][-1]["role"] == "assistant"


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"vendor": "word"}, UnknownValue),
        ({"vendor": "openai", "purpose": "tutor"}, UnknownValue),
        ({"vendor": "vertex", "colab": True}, UnknownValue),
        ({"task": "poetry"}, UnknownValue),
        ({"days": 0}, UnknownValue),
        ({"purpose": "tutor"}, TooLittleData),
        ({"vendor": "openai", "task": "classification"}, ContractError),
    ],
)
def test_what_cannot_be_exported_is_refused_and_leaves_nothing(
    given: dict[str, object], error: type[Exception], datasets: Path, tmp_path: Path
) -> None:
    with pytest.raises(error):
        feedback_export(datasets, tmp_path / "out", **given)  # type: ignore[arg-type]
    assert not list((tmp_path / "out").glob("*")) if (tmp_path / "out").exists() else True


@pytest.mark.parametrize("purpose", ["sft", "preference", "unpaired"])
def test_the_notebook_is_code_that_parses(purpose: str) -> None:
    import ast

    cells = json.loads(colab_notebook(purpose, "rows.jsonl", 10, "v"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert code[0].startswith("%pip")
    for source in code[1:]:
        ast.parse(source)
    with pytest.raises(UnknownValue):
        colab_notebook("tutor", "rows.jsonl", 10, "v")
