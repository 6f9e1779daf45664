"""The service of Gemini's tuning jobs by its older names: one file, one model, an id back."""

from __future__ import annotations

from pathlib import Path

from mandi.core.errors import ConfigError
from mandi.student.vendors.jobs import JobStatus, TuningFiles, TuningJobs
from mandi.student.vendors.receipts import Receipts


class GeminiFineTuningService:
    """A thin face of the jobs on Vertex AI.

    Parameters
    ----------
    jobs : TuningJobs
        ``mandi.student.vendors.vertex_jobs.vertex_jobs(params)``.
    receipts : Receipts
    bucket : str
        Where the file was copied to, as gs://bucket/folder: its name there is its name here.
    model : str
    agreed_usd : float
        What a job may cost; 0, so that nothing is paid by accident, if not given.
    """

    def __init__(
        self,
        jobs: TuningJobs,
        receipts: Receipts,
        bucket: str,
        model: str = "gemini-2.5-flash",
        agreed_usd: float = 0.0,
    ) -> None:
        if not bucket.startswith("gs://"):
            raise ConfigError(f"{bucket[:60]!r} is no folder of a bucket", allowed="gs://bucket/folder")
        self._jobs, self._receipts, self._bucket = jobs, receipts, bucket.rstrip("/")
        self._model, self._agreed = model, agreed_usd

    def create_fine_tuning_job(self, training_data_path: str | Path) -> str:
        """Ask for a job of a file and return its id; asked twice for the same file it is the same job.

        Raises
        ------
        ConfigError, ContractError, OutboundError
            As of ``VendorJobs.submit``.
        """
        file = Path(training_data_path)
        files = TuningFiles(file, training_uri=f"{self._bucket}/{file.name}")
        return self._jobs.submit(files, self._model, self._receipts, self._agreed).job_id

    def get_tuning_job_status(self, job_id: str) -> JobStatus:
        """Return how a job stands."""
        return self._jobs.status(job_id)
