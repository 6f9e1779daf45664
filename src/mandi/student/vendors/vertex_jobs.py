"""Fine-tuning of Gemini on Vertex AI: the only place where Gemini is tuned. Files lie in a bucket of the user's own."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from mandi.core.errors import ConfigError
from mandi.core.outbound import CONNECTING, Outbound, OutboundError
from mandi.student.vendors.jobs import ENDED, JobStatus, Method, State, TuningFiles, VendorJobs, number
from mandi.student.vendors.params import VendorParams

STATES: Mapping[str, State] = {
    "JOB_STATE_QUEUED": "queued", "JOB_STATE_PENDING": "queued", "JOB_STATE_PAUSED": "queued",
    "JOB_STATE_RUNNING": "running", "JOB_STATE_UPDATING": "running", "JOB_STATE_CANCELLING": "running",
    "JOB_STATE_SUCCEEDED": "succeeded", "JOB_STATE_PARTIALLY_SUCCEEDED": "succeeded",
    "JOB_STATE_FAILED": "failed", "JOB_STATE_EXPIRED": "failed", "JOB_STATE_CANCELLED": "cancelled",
}  # fmt: skip
SIZES = {1: "ONE", 2: "TWO", 4: "FOUR", 8: "EIGHT", 16: "SIXTEEN"}
_NAME = re.compile(r"[a-z][a-z0-9-]{1,62}")
_URI = re.compile(r"gs://[a-z0-9][a-z0-9._-]{1,220}/\S{1,1000}\.jsonl")
_PAGES = 20


class VertexJobs(VendorJobs):
    """Jobs on Vertex AI.

    Parameters
    ----------
    out, params, environment
        As of ``VendorJobs``; the server is ``https://<region>-aiplatform.googleapis.com/v1``.
    project, region : str

    Raises
    ------
    ConfigError
        Project or region is no name of one.
    """

    vendor: ClassVar[str] = "vertex"

    def __init__(
        self,
        out: Outbound,
        params: VendorParams,
        project: str,
        region: str,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(out, params, environment)
        self._at = _place(project, region)
        self._id = re.compile(re.escape(self._at.removeprefix("/")) + r"/tuningJobs/[A-Za-z0-9_-]{1,80}")

    def validate(self, files: TuningFiles) -> list[str]:
        """Return what Vertex would refuse; the addresses in the bucket too."""
        from mandi.datasets.formats.checking import check_file
        from mandi.datasets.formats.vertex import enough_validation

        found = super().validate(files)
        pairs = (
            ("training", files.training, files.training_uri),
            ("validation", files.validation, files.validation_uri),
        )
        for name, file, uri in pairs:
            if file is not None and not uri:
                found.append(f"{file.name} has no address in a bucket: {name} needs gs://bucket/name.jsonl")
            elif uri and not _URI.fullmatch(uri):
                found.append(f"the address of {name} is none of a file in a bucket: gs://bucket/name.jsonl")
        if files.validation is not None:
            kind = f"vertex-{files.method}"
            rows = check_file(files.validation, kind).rows, check_file(files.training, kind).rows
            if said := enough_validation(*rows, files.method == "preference"):
                found.append(f"{files.validation.name} {said}")
        return found

    def status(self, job_id: str) -> JobStatus:
        """Return how a job stands."""
        return self._status(self.out.ask("GET", f"/{self._checked(job_id)}"))

    def cancel(self, job_id: str) -> JobStatus:
        """Stop a job; one that has ended stays as it is."""
        status = self.status(job_id)
        if status.state in ENDED:
            return status
        self.out.ask("POST", f"/{self._checked(job_id)}:cancel", {})
        return self.status(job_id)

    def _upload(self, files: TuningFiles) -> dict[str, str]:
        given = {"training_uri": files.training_uri, "validation_uri": files.validation_uri}
        return {name: uri for name, uri in given.items() if uri}

    def _create(self, key: str, uploaded: Mapping[str, str], method: Method, model: str) -> str:
        settings: dict[str, Any] = {
            "epochCount": str(self.params.epochs), "adapterSize": f"ADAPTER_SIZE_{SIZES[self.params.adapter_size]}"
        }  # fmt: skip
        if method == "preference":
            settings["beta"] = self.params.beta
        if self.params.learning_rate_multiplier is not None:
            settings["learningRateMultiplier"] = self.params.learning_rate_multiplier
        spec: dict[str, Any] = {"trainingDatasetUri": uploaded["training_uri"], "hyperParameters": settings}
        if "validation_uri" in uploaded:
            spec["validationDatasetUri"] = uploaded["validation_uri"]
        body = {
            "baseModel": model, "tunedModelDisplayName": _display(key),
            "supervisedTuningSpec" if method == "sft" else "preferenceOptimizationSpec": spec,
        }  # fmt: skip
        return self._told_id(self.out.ask("POST", f"{self._at}/tuningJobs", body, again_after=CONNECTING))

    def _find(self, key: str, uploaded: Mapping[str, str]) -> str:
        token = ""
        for _ in range(_PAGES):
            query = {"pageSize": "100"} | ({"pageToken": token} if token else {})
            told = self.out.ask("GET", f"{self._at}/tuningJobs", query=query)
            for job in told.get("tuningJobs") or []:
                if isinstance(job, dict) and job.get("tunedModelDisplayName") == _display(key):
                    return self._told_id(job)
            token = str(told.get("nextPageToken") or "")
            if not token:
                return ""
        return ""

    def _checked(self, job_id: str) -> str:
        if not self._id.fullmatch(job_id):
            raise ConfigError(
                f"{job_id[:80]!r} is no job of this project and region",
                allowed=f"{self._at.removeprefix('/')}/tuningJobs/...",
            )
        return job_id

    def _told_id(self, told: Mapping[str, Any]) -> str:
        found = str(told.get("name", ""))
        tail = found.rpartition("/tuningJobs/")[2]
        if not tail or not re.fullmatch(r"[A-Za-z0-9_-]{1,80}", tail):
            raise OutboundError("vertex did not tell the name of a job", fault="malformed")
        return f"{self._at.removeprefix('/')}/tuningJobs/{tail}"  # it may answer with the project's number

    def _status(self, told: Mapping[str, Any]) -> JobStatus:
        said = str(told.get("state", ""))
        model, error, stats = (told.get(k) for k in ("tunedModel", "error", "tuningDataStats"))
        endpoint = (model.get("endpoint") or model.get("model")) if isinstance(model, dict) else None
        figures = (
            next((v for v in stats.values() if isinstance(v, dict)), {}) if isinstance(stats, dict) else {}
        )
        found = {k: number(v) for k, v in figures.items() if not isinstance(v, (dict, list))}
        tokens = found.get("totalBillableTokenCount")
        return JobStatus(
            self._told_id(told), STATES.get(said, "unknown"), said, endpoint if isinstance(endpoint, str) else None,
            None if tokens is None else int(tokens), {k: v for k, v in sorted(found.items()) if v is not None},
            str(error.get("message") or "")[:300] if isinstance(error, dict) else "",
        )  # fmt: skip


def vertex_jobs(
    params: VendorParams,
    environment: Mapping[str, str] | None = None,
    bearer: Callable[[], str] | None = None,
    url: str | None = None,
) -> VertexJobs:
    """Return the jobs of the project and region of the environment (``GCP_PROJECT_ID``, ``GCP_REGION``).

    Parameters
    ----------
    params : VendorParams
    environment : mapping, optional
    bearer : callable, optional
        Returns an access token before every request; ``GCP_ACCESS_TOKEN`` of the environment if not given, which
        ``gcloud auth print-access-token`` prints and which lives an hour.
    url : str, optional
        Another address than the region's.

    Raises
    ------
    ConfigError
        No project, or no token.
    """
    given = os.environ if environment is None else environment
    if not given.get("GCP_PROJECT_ID"):
        raise ConfigError("no project on Google Cloud in the environment", allowed="GCP_PROJECT_ID")
    if bearer is None and not given.get("GCP_ACCESS_TOKEN"):
        raise ConfigError(
            "no access token of Google Cloud in the environment", allowed="GCP_ACCESS_TOKEN",
            next_command="export GCP_ACCESS_TOKEN=$(gcloud auth print-access-token)",
        )  # fmt: skip
    region = given.get("GCP_REGION") or "us-central1"
    _place(given["GCP_PROJECT_ID"], region)
    out = Outbound(
        "vertex",
        url or f"https://{region}-aiplatform.googleapis.com/v1",
        bearer or (lambda: given["GCP_ACCESS_TOKEN"]),
    )
    return VertexJobs(out, params, given["GCP_PROJECT_ID"], region, environment)


def _place(project: str, region: str) -> str:
    for what, name in (("project", project), ("region", region)):
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f"{name[:60]!r} is no {what} of Google Cloud", allowed="lower-case letters, digits and -"
            )
    return f"/projects/{project}/locations/{region}"


def _display(key: str) -> str:
    return f"mandi-{key[:24]}"
