"""Whole folders over HTTP: handed in, followed, cancelled, and what became of them. A request names a folder, never a path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from anyio import to_thread
from sqlalchemy.orm import Session

from mandi.core.errors import DataNotFound
from mandi.serving.accounts.audit import audit
from mandi.serving.api.batch_contracts import (
    FoldersTold,
    FolderTold,
    JobAsked,
    JobResult,
    JobsTold,
    JobTold,
    told,
)
from mandi.serving.api.rooms import JOBS, database_of
from mandi.serving.dispatch import not_found
from mandi.serving.jobs import book
from mandi.serving.jobs.folders import ANSWERED
from mandi.serving.jobs.runner import runner_of
from mandi.serving.operations import Asked, Operation
from mandi.serving.problems import BAD_REQUEST, CONFLICT, NOT_FOUND, TOO_MANY, Problem, Refused
from mandi.store.records.batch_jobs import BatchJob

FOLDERS, MANY, ONE = "/api/v1/batch/folders", "/api/v1/batch/jobs", "/api/v1/batch/jobs/{job_id}"
OWNED = {"job_id": "job"}
TAKEN_IN = 202


def batch_operations() -> list[Operation]:
    """Return the operations on jobs."""
    return [
        Operation("GET", FOLDERS, "Folders of your organisation that can be answered", _folders, "predict", answers=(FoldersTold,)),
        Operation(
            "POST", MANY, "Have every row of a folder's Parquet files answered by a model", _submit, "predict", bodies=(JobAsked,),
            answers=(JobTold,), status=TAKEN_IN, problems=(NOT_FOUND, CONFLICT, TOO_MANY), most_kib=8,
            examples={"a folder of lots": {"model": "price", "folder": "lots-of-may", "explain": False}},
        ),
        Operation("GET", MANY, "The last jobs of your organisation, newest first", _jobs, "predict", answers=(JobsTold,)),
        Operation("GET", ONE, "One job, and how far it is", _one, "predict", answers=(JobTold,), owned=OWNED),
        Operation(
            "POST", f"{ONE}/cancel", "Cancel a job; files that are answered stay", _cancel, "predict", answers=(JobTold,),
            owned=OWNED, problems=(CONFLICT,),
        ),
        Operation(
            "GET", f"{ONE}/result", "What became of the folder of a job that is done", _result, "predict", answers=(JobResult,),
            owned=OWNED, problems=(CONFLICT,),
        ),
    ]  # fmt: skip


async def _folders(asked: Asked) -> FoldersTold:
    runner = runner_of(asked.house.rooms.get(JOBS))
    found = await to_thread.run_sync(runner.folders.listed, asked.who.organization_id)
    return FoldersTold(folders=[FolderTold(name=folder.name, files=folder.files) for folder in found])


async def _submit(asked: Asked) -> JobTold:
    runner, body, who = runner_of(asked.house.rooms.get(JOBS)), asked.body, asked.who
    served = sorted(asked.house.desk.counters) if asked.house.desk else []
    if body.model not in served:
        raise Refused(
            Problem(
                BAD_REQUEST, f'no model "{body.model}" is served here', "model", ", ".join(served) or "none"
            )
        )
    try:
        place = await to_thread.run_sync(runner.folders.find, who.organization_id, body.folder)
    except DataNotFound as error:
        raise Refused(Problem(NOT_FOUND, error.message, "folder", error.allowed)) from None

    def take(session: Session) -> BatchJob:
        now = asked.house.now()
        job = book.submit(session, who, body.model, place.name, explain=body.explain, asof=body.asof, now=now)
        details = {"model": job.model, "folder": job.folder}
        audit(session, who, "job.submitted", f"job:{job.id}", details, asked.request_id, at=now)
        return job

    try:
        job = await database_of(asked.house).awrite(take)
    except book.JobRefused as refused:
        status = TOO_MANY if isinstance(refused, book.TooManyJobs) else CONFLICT
        raise Refused(Problem(status, refused.message, "folder", refused.allowed)) from None
    runner.wake()
    return told(job)


async def _jobs(asked: Asked) -> JobsTold:
    found = await database_of(asked.house).aread(
        lambda session: book.jobs_of(session, asked.who.organization_id)
    )
    return JobsTold(jobs=[told(job) for job in found])


async def _one(asked: Asked) -> JobTold:
    return told(await _found(asked))


async def _cancel(asked: Asked) -> JobTold:
    job_id, who = asked.path["job_id"], asked.who

    def end(session: Session) -> BatchJob | None:
        now = asked.house.now()
        job = book.cancel(session, who.organization_id, job_id, now)
        if job is not None:
            audit(
                session,
                who,
                "job.canceled",
                f"job:{job.id}",
                {"status": job.status},
                asked.request_id,
                at=now,
            )
        return job

    try:
        job = await database_of(asked.house).awrite(end)
    except book.JobRefused as refused:
        raise Refused(Problem(CONFLICT, refused.message, "job_id", refused.allowed)) from None
    if job is None:
        raise not_found("job", job_id)
    return told(job)


async def _result(asked: Asked) -> JobResult:
    job = await _found(asked)
    if job.report is None:
        raise Refused(Problem(CONFLICT, f"the job is {job.status}", "job_id", "a job that is done"))
    known: dict[str, Any] = {name: value for name, value in job.report.items() if name != "rows_in_all"}
    return JobResult(
        job_id=job.id, model=job.model, folder=job.folder, place=f"{ANSWERED}/{job.model}", **known
    )


async def _found(asked: Asked) -> BatchJob:
    job_id = asked.path["job_id"]
    look: Callable[[Session], BatchJob | None] = lambda session: book.found(  # noqa: E731
        session, asked.who.organization_id, job_id
    )
    job = await database_of(asked.house).aread(look)
    if job is None:
        raise not_found("job", job_id)
    return job
