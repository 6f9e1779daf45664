"""Jobs at a vendor over HTTP: checked before anything is sent, told what they cost, paid once, whatever goes wrong on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mandi.core.errors import ConfigError, ContractError, MandiError
from mandi.core.outbound import Outbound, OutboundError, Patience
from mandi.student.vendors.gemini_service import GeminiFineTuningService
from mandi.student.vendors.jobs import TuningFiles, VendorJobs
from mandi.student.vendors.openai_jobs import OpenAIJobs, openai_jobs
from mandi.student.vendors.params import VendorParams, require_switched_on
from mandi.student.vendors.receipts import Receipts
from mandi.student.vendors.vertex_jobs import VertexJobs, vertex_jobs
from tests.fakes.tuning import FakeTuning, Trouble

PARAMS = VendorParams(
    enabled=True, most_usd=5.0, prices={"openai": {"gpt-4.1-nano": 1.5}, "vertex": {"gemini-2.5-flash": 5.0}}
)
ON = {"ENABLE_VENDOR_TUNING": "true"}
OPENAI, VERTEX = "gpt-4.1-nano", "gemini-2.5-flash"
PROJECT = "projects/my-project/locations/us-central1"


def openai_rows(count: int) -> list[dict[str, Any]]:
    return [
        {
            "messages": [
                {"role": "user", "content": f"Price of lot {n}?"},
                {"role": "assistant", "content": f"INR {n}"},
            ]
        }
        for n in range(count)
    ]


def vertex_rows(count: int) -> list[dict[str, Any]]:
    return [
        {"contents": [{"role": "user", "parts": [{"text": f"Price of lot {n}?"}]},
                      {"role": "model", "parts": [{"text": f"INR {n}"}]}]}
        for n in range(count)
    ]  # fmt: skip


def written(file: Path, rows: list[dict[str, Any]]) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


@pytest.fixture
def vendor() -> Iterator[FakeTuning]:
    with FakeTuning() as server:
        yield server


@pytest.fixture
def waits() -> list[float]:
    return []


def outbound(vendor: FakeTuning, waits: list[float], key: str = "sk-right") -> Outbound:
    quick = Patience(timeout_s=5.0, attempts=3, pause_s=0.01)
    return Outbound("vendor", vendor.url, lambda: key, quick, sleep=waits.append)


@pytest.fixture
def jobs(vendor: FakeTuning, waits: list[float]) -> OpenAIJobs:
    return OpenAIJobs(outbound(vendor, waits), PARAMS, ON)


@pytest.fixture
def files(tmp_path: Path) -> TuningFiles:
    return TuningFiles(
        written(tmp_path / "chat.train.jsonl", openai_rows(12)),
        written(tmp_path / "chat.validation.jsonl", openai_rows(10)),
    )


@pytest.fixture
def receipts(tmp_path: Path) -> Receipts:
    return Receipts(tmp_path / "tuning", wait_s=0.1)


def test_a_job_from_files_to_a_model(
    vendor: FakeTuning, jobs: OpenAIJobs, files: TuningFiles, receipts: Receipts
) -> None:
    submitted = jobs.submit(files, OPENAI, receipts, agreed_usd=1.0)
    assert not submitted.before and jobs.status(submitted.job_id).state == "queued"
    made = vendor.jobs[submitted.job_id]
    assert made["method"] == {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3}}}
    assert [b"Price of lot 11?" in body and b"fine-tune" in body for body in vendor.files.values()] == [
        True,
        False,
    ]
    assert made["training_file"] == "file-1" and made["validation_file"] == "file-2"
    vendor.finish(submitted.job_id, status="running")
    assert jobs.status(submitted.job_id).state == "running"
    vendor.finish(
        submitted.job_id, status="succeeded", fine_tuned_model="ft:nano:mandi", trained_tokens=900, error=None
    )
    status = jobs.status(submitted.job_id)
    assert (status.state, status.model_id, status.trained_tokens) == ("succeeded", "ft:nano:mandi", 900)
    assert status.metrics == {"step": 9.0, "train_loss": 0.4}


def test_a_second_submit_pays_nothing(
    vendor: FakeTuning, jobs: OpenAIJobs, files: TuningFiles, receipts: Receipts
) -> None:
    first = jobs.submit(files, OPENAI, receipts, 1.0)
    again = jobs.submit(files, OPENAI, receipts, 1.0)
    assert again.job_id == first.job_id and again.before
    assert vendor.asked("POST /v1/fine_tuning/jobs") == 1 and vendor.asked("POST /v1/files") == 2
    written(files.training, openai_rows(13))  # other rows are another job
    assert jobs.submit(files, OPENAI, receipts, 1.0).job_id != first.job_id


def test_a_job_that_ended_badly_may_be_asked_for_again_when_its_receipt_is_forgotten(
    vendor: FakeTuning, jobs: OpenAIJobs, files: TuningFiles, receipts: Receipts
) -> None:
    first = jobs.submit(files, OPENAI, receipts, 1.0).job_id
    vendor.finish(first, status="failed", error={"message": "the file has odd rows"})
    status = jobs.status(first)
    assert (status.state, status.error) == ("failed", "the file has odd rows")
    assert jobs.submit(files, OPENAI, receipts, 1.0).job_id == first
    assert receipts.forget("openai", first) and not receipts.forget("openai", first)
    assert jobs.submit(files, OPENAI, receipts, 1.0).job_id != first


def test_cancelled(vendor: FakeTuning, jobs: OpenAIJobs, files: TuningFiles, receipts: Receipts) -> None:
    job_id = jobs.submit(files, OPENAI, receipts, 1.0).job_id
    assert jobs.cancel(job_id).state == "cancelled"
    before = vendor.asked("POST")
    assert jobs.cancel(job_id).state == "cancelled" and vendor.asked("POST") == before


def test_broken_rows_are_refused_before_anything_is_sent(
    vendor: FakeTuning, jobs: OpenAIJobs, files: TuningFiles, receipts: Receipts
) -> None:
    rows = openai_rows(12)
    rows[3]["messages"][1]["role"] = "robot"
    written(files.training, rows)
    assert any("line 4" in problem for problem in jobs.validate(files))
    with pytest.raises(ContractError, match="line 4"):
        jobs.submit(files, OPENAI, receipts, 1.0)
    written(files.training, openai_rows(5))
    with pytest.raises(ContractError, match="5 rows"):
        jobs.submit(files, OPENAI, receipts, 1.0)
    assert vendor.seen == []


def test_money_is_told_and_held_to(
    vendor: FakeTuning, jobs: OpenAIJobs, files: TuningFiles, receipts: Receipts
) -> None:
    cost = jobs.estimate(files, OPENAI, 3)
    assert cost.rows == 12 and cost.tokens > 12 * 5
    assert cost.usd == pytest.approx(cost.tokens * 3 * 1.5 / 1e6) and "estimated" in str(cost)
    with pytest.raises(ConfigError, match="estimated at USD"):
        jobs.submit(files, OPENAI, receipts, agreed_usd=cost.usd / 2)
    with pytest.raises(ConfigError, match="no price"):
        jobs.submit(files, "gpt-5-unheard-of", receipts, 1.0)
    assert vendor.seen == []


@pytest.mark.parametrize(
    ("params", "environment"),
    [(replace(PARAMS, enabled=False), ON), (PARAMS, {}), (PARAMS, {"ENABLE_VENDOR_TUNING": "no"})],
)
def test_off_by_default(
    vendor: FakeTuning,
    files: TuningFiles,
    receipts: Receipts,
    params: VendorParams,
    environment: dict[str, str],
) -> None:
    with pytest.raises(ConfigError, match="is off"):
        OpenAIJobs(outbound(vendor, []), params, environment).submit(files, OPENAI, receipts, 1.0)
    assert vendor.seen == []
    with pytest.raises(ConfigError, match="is off"):
        require_switched_on(VendorParams(), ON)


def test_a_refused_key_is_told_and_never_shown(
    vendor: FakeTuning, waits: list[float], files: TuningFiles, receipts: Receipts
) -> None:
    jobs = OpenAIJobs(outbound(vendor, waits, key="sk-wrong-and-secret"), PARAMS, ON)
    with pytest.raises(OutboundError, match="401") as told:
        jobs.submit(files, OPENAI, receipts, 1.0)
    assert told.value.fault == "refused_key" and waits == []
    kept = "".join(f.read_text(encoding="utf-8") for f in receipts.folder.glob("*.json"))
    assert "sk-wrong" not in str(told.value) + kept


def test_limits_are_waited_for_as_asked(
    vendor: FakeTuning, waits: list[float], jobs: OpenAIJobs, files: TuningFiles, receipts: Receipts
) -> None:
    vendor.trouble("POST /v1/files", Trouble(429, retry_after="7"), Trouble(503))
    vendor.trouble("POST /v1/fine_tuning/jobs", Trouble(429, retry_after="3"))
    assert jobs.submit(files, OPENAI, receipts, 1.0).job_id == "ftjob-1"
    assert waits == [7.0, 0.02, 3.0]
    vendor.trouble("GET", Trouble(429, retry_after="9999"))
    with pytest.raises(OutboundError, match="429"):
        jobs.status("ftjob-1")


def test_a_cut_upload_is_sent_again_and_a_finished_one_is_not(
    vendor: FakeTuning, jobs: OpenAIJobs, files: TuningFiles, receipts: Receipts
) -> None:
    vendor.trouble("POST /v1/files", Trouble(cut="before"))
    vendor.trouble("POST /v1/fine_tuning/jobs", *[Trouble(429)] * 3)
    with pytest.raises(OutboundError, match="429"):
        jobs.submit(files, OPENAI, receipts, 1.0)
    assert len(vendor.files) == 2 and not vendor.jobs
    assert not jobs.submit(files, OPENAI, receipts, 1.0).before
    assert len(vendor.files) == 2 and len(vendor.jobs) == 1


@pytest.mark.parametrize("trouble", [Trouble(cut="after"), Trouble(500), Trouble(502)])
def test_a_job_that_may_have_been_made_is_looked_for_before_another_is_asked_for(
    vendor: FakeTuning, jobs: OpenAIJobs, files: TuningFiles, receipts: Receipts, trouble: Trouble
) -> None:
    vendor.trouble("POST /v1/fine_tuning/jobs", trouble)
    with pytest.raises(OutboundError) as told:
        jobs.submit(files, OPENAI, receipts, 1.0)
    assert "looks for the job" in str(told.value)
    assert vendor.asked("POST /v1/fine_tuning/jobs") == 1, "asked again without looking"
    made = len(vendor.jobs)
    found = jobs.submit(files, OPENAI, receipts, 1.0)
    assert found.job_id == "ftjob-1" and found.before == bool(made) and len(vendor.jobs) == 1


def test_a_vendor_that_refuses_gets_the_files_anew(
    vendor: FakeTuning, jobs: OpenAIJobs, files: TuningFiles, receipts: Receipts
) -> None:
    vendor.trouble("POST /v1/fine_tuning/jobs", Trouble(400, message="the file is too old"))
    with pytest.raises(OutboundError, match="too old"):
        jobs.submit(files, OPENAI, receipts, 1.0)
    assert jobs.submit(files, OPENAI, receipts, 1.0).job_id == "ftjob-1" and len(vendor.files) == 4


def test_two_processes_and_a_broken_receipt(jobs: OpenAIJobs, files: TuningFiles, receipts: Receipts) -> None:
    key = jobs._key(files, OPENAI)
    with receipts.held("openai", key), pytest.raises(MandiError, match="another process"):
        jobs.submit(files, OPENAI, receipts, 1.0)
    jobs.submit(files, OPENAI, receipts, 1.0)
    next(receipts.folder.glob("*.json")).write_text("{", encoding="utf-8")
    with pytest.raises(ContractError, match="unknown what was paid"):
        jobs.submit(files, OPENAI, receipts, 1.0)


def test_preferences_are_the_method_dpo(
    vendor: FakeTuning, jobs: OpenAIJobs, receipts: Receipts, tmp_path: Path
) -> None:
    asked, good, bad = {"messages": [{"role": "user", "content": "Price?"}]}, "INR 4,650", "no idea"
    rows = [
        {"input": asked, "preferred_output": [{"role": "assistant", "content": good}],
         "non_preferred_output": [{"role": "assistant", "content": bad}]}
        for _ in range(10)
    ]  # fmt: skip
    files = TuningFiles(written(tmp_path / "pairs.jsonl", rows), method="preference")
    made = vendor.jobs[jobs.submit(files, OPENAI, receipts, 1.0).job_id]
    assert made["method"] == {"type": "dpo", "dpo": {"hyperparameters": {"n_epochs": 3, "beta": 0.1}}}


@pytest.fixture
def on_vertex(vendor: FakeTuning, waits: list[float]) -> VertexJobs:
    return VertexJobs(outbound(vendor, waits), PARAMS, "my-project", "us-central1", ON)


def test_gemini_is_tuned_from_a_bucket(
    vendor: FakeTuning, on_vertex: VertexJobs, receipts: Receipts, tmp_path: Path
) -> None:
    file = written(tmp_path / "train.jsonl", vertex_rows(20))
    with pytest.raises(ContractError, match="gs://"):
        on_vertex.submit(TuningFiles(file), VERTEX, receipts, 1.0)
    files = TuningFiles(file, training_uri="gs://my-bucket/train.jsonl")
    job_id = on_vertex.submit(files, VERTEX, receipts, 1.0).job_id
    assert job_id == f"{PROJECT}/tuningJobs/1000" and on_vertex.submit(files, VERTEX, receipts, 1.0).before
    spec = vendor.jobs[job_id]["supervisedTuningSpec"]
    assert spec == {"trainingDatasetUri": "gs://my-bucket/train.jsonl",
                    "hyperParameters": {"epochCount": "3", "adapterSize": "ADAPTER_SIZE_FOUR"}}  # fmt: skip
    assert on_vertex.status(job_id).state == "queued"
    stats = {"supervisedTuningDataStats": {"totalBillableTokenCount": "640", "tuningStepCount": "12"}}
    vendor.finish(job_id, state="JOB_STATE_SUCCEEDED", tunedModel={"endpoint": "e/1"}, tuningDataStats=stats)
    status = on_vertex.status(job_id)
    assert (status.state, status.model_id, status.trained_tokens) == ("succeeded", "e/1", 640)
    assert status.metrics["tuningStepCount"] == 12.0


def test_a_job_on_vertex_that_may_have_been_made_is_found(
    vendor: FakeTuning, on_vertex: VertexJobs, receipts: Receipts, tmp_path: Path
) -> None:
    files = TuningFiles(written(tmp_path / "t.jsonl", vertex_rows(20)), training_uri="gs://my-bucket/t.jsonl")
    vendor.trouble("POST", Trouble(cut="after"))
    with pytest.raises(OutboundError):
        on_vertex.submit(files, VERTEX, receipts, 1.0)
    assert on_vertex.submit(files, VERTEX, receipts, 1.0).before and len(vendor.jobs) == 1
    job_id = next(iter(vendor.jobs))
    vendor.finish(job_id, state="JOB_STATE_FAILED", error={"message": "no quota"})
    assert (on_vertex.status(job_id).state, on_vertex.status(job_id).error) == ("failed", "no quota")


def test_the_older_names(
    vendor: FakeTuning, on_vertex: VertexJobs, receipts: Receipts, tmp_path: Path
) -> None:
    file = written(tmp_path / "train.jsonl", vertex_rows(20))
    with pytest.raises(ConfigError, match="estimated at"):  # nothing is agreed to unless it is said
        GeminiFineTuningService(on_vertex, receipts, "gs://my-bucket/v1").create_fine_tuning_job(file)
    service = GeminiFineTuningService(on_vertex, receipts, "gs://my-bucket/v1/", agreed_usd=1.0)
    job_id = service.create_fine_tuning_job(file)
    assert service.create_fine_tuning_job(str(file)) == job_id
    assert service.get_tuning_job_status(job_id).state == "queued"
    assert (
        vendor.jobs[job_id]["supervisedTuningSpec"]["trainingDatasetUri"] == "gs://my-bucket/v1/train.jsonl"
    )


@pytest.mark.parametrize("job_id", ["../files/file-1", "ftjob-1/cancel", "a?b=c", "", "x" * 200])
def test_an_id_is_never_a_path(
    vendor: FakeTuning, jobs: OpenAIJobs, on_vertex: VertexJobs, job_id: str
) -> None:
    vendors: tuple[VendorJobs, ...] = (jobs, on_vertex)
    for one in vendors:
        with pytest.raises(ConfigError):
            one.status(job_id)
    with pytest.raises(ConfigError, match="this project"):
        on_vertex.status("projects/another/locations/us-central1/tuningJobs/1")
    assert vendor.seen == []


def test_keys_come_from_the_environment_alone() -> None:
    with pytest.raises(ConfigError, match="OPENAI_API_KEY"):
        openai_jobs(PARAMS, {})
    with pytest.raises(ConfigError, match="GCP_PROJECT_ID"):
        vertex_jobs(PARAMS, {})
    with pytest.raises(ConfigError, match="gcloud auth"):
        vertex_jobs(PARAMS, {"GCP_PROJECT_ID": "my-project"})
    with pytest.raises(ConfigError, match="no region"):
        vertex_jobs(
            PARAMS, {"GCP_PROJECT_ID": "my-project", "GCP_REGION": "evil.example/x"}, bearer=lambda: "t"
        )
    ours = vertex_jobs(
        PARAMS, {"GCP_PROJECT_ID": "my-project", "GCP_REGION": "asia-south1"}, bearer=lambda: "t"
    )
    assert ours.out.url == "https://asia-south1-aiplatform.googleapis.com/v1"
    assert openai_jobs(PARAMS, {"OPENAI_API_KEY": "k"}).out.url == "https://api.openai.com/v1"
    with pytest.raises(ConfigError, match="plain http"):
        openai_jobs(PARAMS, {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://elsewhere.example.com/v1"})
