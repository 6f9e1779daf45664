"""Variables of the process: where it listens, what it serves, where it keeps records, what it logs and when it warns."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, SecretStr

from mandi.serving.settings_field import variable

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


class ServiceVariables(BaseModel):
    """The process."""

    host: str = variable(
        "MANDI_HOST", default="127.0.0.1", says="Address to listen on; `--host` wins.", read_by="mandi serve"
    )
    port: int = variable(
        "MANDI_PORT", default=3000, ge=1, le=65535, says="Port to listen on; `--port` wins.",
        read_by="mandi serve",
    )  # fmt: skip
    workers: int = variable(
        "MANDI_WORKERS", default=1, ge=1, le=64, says="Worker processes; each loads the champions."
    )
    timeout_seconds: float = variable(
        "MANDI_TIMEOUT_SECONDS",
        default=30.0,
        gt=0,
        unit="seconds",
        says="A request is given up after this long.",
    )
    service_folder: Path | None = variable(
        "MANDI_SERVICE_FOLDER", unit="folder", example="artifacts/service",
        says="Folder with manifest.json that is served; a Bento's own, else the project's, if not given.",
    )  # fmt: skip
    student_folder: Path | None = variable(
        "MANDI_STUDENT_FOLDER", unit="folder", example="artifacts/student",
        says="Folder with one fitted text classifier a folder: the student that answers classifications where it is sure.",
    )  # fmt: skip
    bootstrap_key: SecretStr | None = variable(
        "MANDI_BOOTSTRAP_KEY", unit="mk_ and 43 characters",
        says="API key of the first administrator, instead of one that is made and printed at the first start.",
    )  # fmt: skip
    log_level: LogLevel = variable(
        "LOG_LEVEL", default="INFO", says="Least level that is logged, as JSON lines on standard error."
    )
    threads: int = variable(
        "OMP_NUM_THREADS", default=1, ge=1, says="Threads of one prediction: one row is too little work to share.",
        read_by="numerical libraries",
    )  # fmt: skip


class StoreVariables(BaseModel):
    """Records and shared state."""

    database_url: SecretStr | None = variable(
        "POSTGRESQL_URL", "DATABASE_URL", unit="postgresql:// or sqlite:/// URL",
        example="postgresql://mandi@localhost:5432/mandi",
        says="Database of the records; SQLite in MANDI_DATA_FOLDER if not given.",
    )  # fmt: skip
    redis_url: SecretStr | None = variable(
        "REDIS_URL", unit="redis:// or rediss:// URL", example="redis://localhost:6379/0",
        says="Shared state of the workers (breakers, quotas, cache); the database if not given.",
    )  # fmt: skip
    data_folder: Path = variable(
        "MANDI_DATA_FOLDER", default=Path(".mandi"), unit="folder",
        says="Where service.db and the spool lie; below the project, or the working folder of a Bento.",
    )  # fmt: skip
    spool_folder: Path | None = variable(
        "MANDI_SPOOL_FOLDER", unit="folder", example=".mandi/spool",
        says="Records wait here before the database has them, so that a crash loses none; `spool` in MANDI_DATA_FOLDER if not given.",
    )  # fmt: skip


class BatchVariables(BaseModel):
    """Folders that are answered beside the requests."""

    batch_folder: Path | None = variable(
        "MANDI_BATCH_FOLDER", unit="folder", example="batches",
        says="Holds a folder per organisation (by its id), and in it the named ones that may be handed in at /api/v1/batch; none if not given.",
    )  # fmt: skip
    batch_rows: int = variable(
        "MANDI_BATCH_ROWS",
        default=5_000_000,
        ge=1,
        unit="rows",
        says="A folder with more rows than this is refused.",
    )


class WatchVariables(BaseModel):
    """Logging of usage and of predictions, and alerts."""

    enable_usage_logging: bool = variable(
        "ENABLE_USAGE_LOGGING", default=True,
        says="Keep one record of every call of a language model: who, how long, what it cost; never what was said.",
    )  # fmt: skip
    enable_prediction_log: bool = variable(
        "ENABLE_PREDICTION_LOG", default=True,
        says="Keep every prediction of the models with its version and time, for its outcome; of the question only a digest.",
    )  # fmt: skip
    prediction_log_days: float = variable(
        "MANDI_PREDICTION_LOG_DAYS", default=400.0, gt=0, unit="days",
        says="Predictions older than this are deleted, with their outcomes.",
    )  # fmt: skip
    prediction_log_rows: int = variable(
        "MANDI_PREDICTION_LOG_ROWS", default=2_000_000, ge=1, unit="rows",
        says="No more predictions than this are kept; the oldest are deleted first.",
    )  # fmt: skip
    shadow_process: bool = variable(
        "MANDI_SHADOW_PROCESS", default=True,
        says="Ask challengers on trial in a process of their own, so that no answer waits for them; it holds both versions.",
    )  # fmt: skip
    enable_performance_monitoring: bool = variable(
        "ENABLE_PERFORMANCE_MONITORING", default=True, says="Count and time requests and calls at /metrics."
    )
    alert_on_ai_failures: bool = variable(
        "ALERT_ON_AI_FAILURES", default=True, says="Warn when language models fail, answer late or in mock."
    )
    alert_webhook_url: SecretStr | None = variable(
        "MANDI_ALERT_WEBHOOK_URL", unit="https:// URL", example="https://alerts.example.com/mandi",
        says="Alerts are posted here as JSON, beside the log.",
    )  # fmt: skip
    alert_webhook_secret: SecretStr | None = variable(
        "MANDI_ALERT_WEBHOOK_SECRET", says="Signs alerts: x-mandi-signature is their HMAC-SHA256 under it."
    )
    alert_private_addresses: bool = variable(
        "MANDI_ALERT_PRIVATE_ADDRESSES", default=False,
        says="Let the webhook be an address inside this network; otherwise such an address is refused.",
    )  # fmt: skip
    alert_cool_down_seconds: float = variable(
        "MANDI_ALERT_COOL_DOWN_SECONDS", default=900.0, gt=0, unit="seconds",
        says="The same alert is not raised again for this long, by any worker.",
    )  # fmt: skip
    alert_window_seconds: float = variable(
        "MANDI_ALERT_WINDOW_SECONDS",
        default=300.0,
        gt=0,
        unit="seconds",
        says="Shares and times of alerts look back this far.",
    )
    alert_least_calls: int = variable(
        "MANDI_ALERT_LEAST_CALLS",
        default=20,
        ge=1,
        says="Shares and times of fewer calls than this raise no alert.",
    )
    alert_failures_in_a_row: int = variable(
        "MANDI_ALERT_FAILURES_IN_A_ROW",
        default=5,
        ge=1,
        says="Calls that fail one after another until an alert.",
    )
    alert_error_share: float = variable(
        "MANDI_ALERT_ERROR_SHARE",
        default=0.25,
        gt=0,
        le=1,
        unit="share",
        says="Share of failed calls that raises an alert.",
    )
    alert_degraded_share: float = variable(
        "MANDI_ALERT_DEGRADED_SHARE", default=0.5, gt=0, le=1, unit="share",
        says="Share of answers that are not what was asked for that raises an alert.",
    )  # fmt: skip
    alert_p95_seconds: float = variable(
        "MANDI_ALERT_P95_SECONDS",
        default=10.0,
        gt=0,
        unit="seconds",
        says="95th percentile of calls that raises an alert.",
    )
