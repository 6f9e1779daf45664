"""What is said of jobs over HTTP, field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mandi.core.strict import Moment, Strict
from mandi.serving.api.predictions_contracts import ModelName

FolderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
Status = Literal["queued", "running", "done", "failed", "canceled"]


class JobAsked(Strict):
    """A folder to be answered."""

    model: ModelName
    folder: FolderName = Field(description="a name of GET /api/v1/batch/folders; no path")
    explain: bool = Field(default=False, description="reasons of each answer as well")
    asof: Moment | None = Field(
        default=None, description="moment of the rows without one; the clock's if not given"
    )


class FolderTold(BaseModel):
    """A folder of the caller's organisation."""

    model_config = ConfigDict(extra="forbid")

    name: str
    files: int = Field(ge=0, description="Parquet files in it")


class FoldersTold(BaseModel):
    """Folders of the caller's organisation."""

    model_config = ConfigDict(extra="forbid")

    folders: list[FolderTold]


class JobTold(BaseModel):
    """A job, and how far it is."""

    model_config = ConfigDict(extra="forbid")

    job_id: str
    model: str
    folder: str
    status: Status
    rows_done: int = Field(ge=0)
    rows: int | None = Field(description="in all; null until they are counted")
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    error: str | None = Field(default=None, description="why it failed")
    allowed: str | None = Field(default=None, description="what would have been taken")


class JobsTold(BaseModel):
    """The last jobs of the caller's organisation, newest first."""

    model_config = ConfigDict(extra="forbid")

    jobs: list[JobTold]


class FileTold(BaseModel):
    """One file of answers."""

    model_config = ConfigDict(extra="forbid")

    name: str
    rows: int = Field(ge=0, description="answered")
    refused: int = Field(ge=0, description="left out; their reasons are in refused/<name>.csv")


class JobResult(BaseModel):
    """What became of a folder; the answers lie beside its questions."""

    model_config = ConfigDict(extra="forbid")

    job_id: str
    model: str
    model_version: str
    folder: str
    place: str = Field(description="of the answers, below the folder")
    rows: int = Field(ge=0, description="read by this job")
    refused: int = Field(ge=0, description="of those, left out")
    files_answered: int = Field(ge=0)
    files_unchanged: int = Field(
        ge=0, description="answered by an earlier job, by the same version from the same bytes"
    )
    files: list[FileTold]


def told(job: Any) -> JobTold:
    """Return a job as it is told.

    Parameters
    ----------
    job : BatchJob
    """
    error = job.error or {}
    return JobTold(
        job_id=job.id, model=job.model, folder=job.folder, status=job.status, rows_done=job.rows_done, rows=job.rows_total,
        created_at=job.created_at, started_at=job.started_at, ended_at=job.ended_at, error=error.get("error"),
        allowed=error.get("allowed"),
    )  # fmt: skip
