"""Fine-tuning at OpenAI: files are sent, jobs are made of them.

OpenAI closed self-serve fine-tuning to organisations that did not use it on 2026-07-02, and closes it to all on 2027-01-06.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from mandi.core.errors import ConfigError
from mandi.core.outbound import CONNECTING, Outbound, OutboundError
from mandi.student.vendors.jobs import ENDED, JobStatus, Method, State, TuningFiles, VendorJobs, number
from mandi.student.vendors.params import VendorParams

URL = "https://api.openai.com/v1"
STATES: Mapping[str, State] = {
    "validating_files": "queued", "queued": "queued", "paused": "queued", "running": "running",
    "succeeded": "succeeded", "failed": "failed", "cancelled": "cancelled",
}  # fmt: skip
_ID = re.compile(r"[A-Za-z0-9_-]{1,120}")
_PAGES = 20


class OpenAIJobs(VendorJobs):
    """Jobs at OpenAI; ``preference`` is its method dpo."""

    vendor: ClassVar[str] = "openai"

    def status(self, job_id: str) -> JobStatus:
        """Return how a job stands, with the metrics of its last checkpoint."""
        status = _status(self.out.ask("GET", f"/fine_tuning/jobs/{_checked(job_id)}"))
        if status.state != "succeeded":
            return status
        return JobStatus(**{**_fields(status), "metrics": self._metrics(job_id)})

    def cancel(self, job_id: str) -> JobStatus:
        """Stop a job; one that has ended stays as it is."""
        status = self.status(job_id)
        if status.state in ENDED:
            return status
        return _status(self.out.ask("POST", f"/fine_tuning/jobs/{_checked(job_id)}/cancel"))

    def _metrics(self, job_id: str) -> dict[str, float]:
        try:
            told = self.out.ask("GET", f"/fine_tuning/jobs/{job_id}/checkpoints", query={"limit": "1"}).get(
                "data"
            )
        except OutboundError:  # some jobs have none; how they stand is known without
            return {}
        last = told[0].get("metrics") if isinstance(told, list) and told else None
        found = {k: number(v) for k, v in last.items()} if isinstance(last, dict) else {}
        return {k: v for k, v in sorted(found.items()) if v is not None}

    def _upload(self, files: TuningFiles) -> dict[str, str]:
        found = {}
        for name, file in (("training_file", files.training), ("validation_file", files.validation)):
            if file is not None:  # sent again it is a second copy, which costs nothing
                told = self.out.ask("POST", "/files", file=file, form={"purpose": "fine-tune"})
                found[name] = _told_id(told, "file")
        return found

    def _create(self, key: str, uploaded: Mapping[str, str], method: Method, model: str) -> str:
        name = "supervised" if method == "sft" else "dpo"
        settings: dict[str, Any] = {"n_epochs": self.params.epochs}
        if method == "preference":
            settings["beta"] = self.params.beta
        if self.params.learning_rate_multiplier is not None:
            settings["learning_rate_multiplier"] = self.params.learning_rate_multiplier
        body = {
            **uploaded, "model": model, "suffix": f"mandi-{key[:8]}", "metadata": {"mandi": key[:32]},
            "method": {"type": name, name: {"hyperparameters": settings}},
        }  # fmt: skip
        told = self.out.ask(
            "POST",
            "/fine_tuning/jobs",
            body,
            again_after=CONNECTING,
            headers={"Idempotency-Key": f"mandi-{key[:32]}"},
        )
        return _told_id(told, "job")

    def _find(self, key: str, uploaded: Mapping[str, str]) -> str:
        after = ""
        for _ in range(_PAGES):
            query = {"limit": "100"} | ({"after": after} if after else {})
            told = self.out.ask("GET", "/fine_tuning/jobs", query=query)
            jobs = [job for job in told.get("data") or [] if isinstance(job, dict)]
            for job in jobs:
                if job.get("training_file") == uploaded.get("training_file"):
                    return _told_id(job, "job")
            if not told.get("has_more") or not jobs:
                return ""
            after = str(jobs[-1].get("id", ""))
        return ""


def openai_jobs(params: VendorParams, environment: Mapping[str, str] | None = None) -> OpenAIJobs:
    """Return the jobs at OpenAI with the key of the environment (``OPENAI_API_KEY``, ``OPENAI_BASE_URL``).

    Raises
    ------
    ConfigError
        There is no key.
    """
    given = os.environ if environment is None else environment
    if not given.get("OPENAI_API_KEY"):
        raise ConfigError("no key of OpenAI in the environment", allowed="OPENAI_API_KEY")
    out = Outbound("openai", given.get("OPENAI_BASE_URL") or URL, lambda: given["OPENAI_API_KEY"])
    return OpenAIJobs(out, params, environment)


def _checked(job_id: str) -> str:
    if not _ID.fullmatch(job_id):
        raise ConfigError(f"{job_id[:60]!r} is no id of a job of OpenAI", allowed="ftjob-...")
    return job_id


def _told_id(told: Mapping[str, Any], what: str) -> str:
    found = told.get("id")
    if not isinstance(found, str) or not _ID.fullmatch(found):
        raise OutboundError(f"openai did not tell the id of a {what}", fault="malformed")
    return found


def _status(told: Mapping[str, Any]) -> JobStatus:
    said = str(told.get("status", ""))
    error = told.get("error")
    tokens = number(told.get("trained_tokens"))
    model = told.get("fine_tuned_model")
    return JobStatus(
        _told_id(told, "job"), STATES.get(said, "unknown"), said, model if isinstance(model, str) else None,
        None if tokens is None else int(tokens), {}, str(error.get("message") or "")[:300] if isinstance(error, dict) else "",
    )  # fmt: skip


def _fields(status: JobStatus) -> dict[str, Any]:
    return {name: getattr(status, name) for name in JobStatus.__dataclass_fields__}
