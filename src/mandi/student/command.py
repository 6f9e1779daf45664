"""``mandi tune ...``: a local model, or a job at a vendor; what each command says, without a line of argument parsing."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mandi.core.config import build, load_params
from mandi.core.errors import ConfigError, UnknownValue
from mandi.core.paths import Paths
from mandi.student.local.tuned import Tuned
from mandi.student.local.tuning.params import TuneParams
from mandi.student.vendors.jobs import Estimate, JobStatus, TuningFiles, VendorJobs
from mandi.student.vendors.params import VendorParams
from mandi.student.vendors.receipts import Receipts

VENDORS = ("openai", "vertex")


def tuned_folder(root: Path) -> Path:
    """Return where a project keeps its tuned local model."""
    return Paths(root).student.with_name("student-local")


def receipts_of(root: Path) -> Receipts:
    """Return where a project keeps what it asked of vendors."""
    return Receipts(root / "artifacts" / "tuning")


def tune_local(
    root: Path, base: str = "", examples: Path | None = None, out: Path | None = None,
    told: Callable[[str], None] = lambda line: None,
) -> str:  # fmt: skip
    """Tune a local model and say what came of it.

    Parameters
    ----------
    root : Path
        Of the project.
    base : str, optional
        Folder or id of the base model; ``tuning.local.base`` if empty.
    examples, out : Path, optional
        The project's datasets and ``artifacts/student-local`` if not given.
    told : callable
        Gets lines of progress.
    """
    from mandi.student.local.tuning.tune import tune

    params = build(TuneParams, _section(root, "local"), "tuning.local")
    params = replace(params, base=base or params.base)
    tuned = tune(params.base, examples or Paths(root).datasets, out or tuned_folder(root), params, told)
    return told_of(tuned)


def calibrate_local(root: Path, folder: Path | None = None, examples: Path | None = None) -> str:
    """Ask the server that serves the tuned model the calibration part, and write the student beside it.

    Raises
    ------
    ConfigError
        No server is named, or it has no such model.
    """
    from mandi.datasets.files import read_rows
    from mandi.student.local.local_student import LocalStudent
    from mandi.student.local.server import server_from_environment

    home = folder or tuned_folder(root)
    tuned, server = Tuned.load(home), server_from_environment()
    if server.model not in (served := server.models()):
        raise ConfigError(
            f'the local server has no model "{server.model}"', allowed=", ".join(served) or "none",
            next_command=f"serve {home / 'adapter'} under this name: docs/guides/local-model.md",
        )  # fmt: skip
    student = LocalStudent.of(tuned, server).fit(read_rows(examples or Paths(root).datasets))
    student.save(home)
    report, bounds = student.report, student.thresholds
    lines = [f"student {student.version} of the tuned model {tuned.version}"]
    lines.append(
        f"{report['asked']} questions of the calibration part, {report['answered']} answered, "
        f"{report['with_probabilities']} with probabilities of tokens"
    )
    if student.calibrated:
        lines.append(f"right: {report['right']:.3f}; thresholds {bounds['high']:.2f} and {bounds['low']:.2f}")
    else:
        lines.append("confidence is unknown: too few answers with probabilities; it will not answer alone")
    return "\n".join(lines)


def told_of(tuned: Tuned) -> str:
    """Return a tuned model as lines: what it is, of what, how the losses went, and what to know."""
    lines = [
        f"tuned model {tuned.version} in {tuned.folder}",
        f"of {tuned.base} and datasets {tuned.dataset_version}",
    ]
    for name, figures in tuned.parts.items():
        line = f"{name}: {figures['rows']:.0f} rows, {figures['steps']:.0f} steps"
        if "first_loss" in figures:
            line += f", loss {figures['first_loss']:.3f} to {figures['last_loss']:.3f}"
        if "last_margin" in figures:
            line += f", margin {figures['first_margin']:.3f} to {figures['last_margin']:.3f}"
        lines.append(line)
    lines += [
        f"left out: {n} {name.replace('_', ' ')}" for name, n in tuned.counts.items() if n and "long" in name
    ]
    return "\n".join([*lines, *tuned.notes])


def files_of(
    training: Path,
    validation: Path | None = None,
    method: str = "sft",
    training_uri: str | None = None,
    validation_uri: str | None = None,
) -> TuningFiles:
    """Return what is sent, as a command line names it.

    Raises
    ------
    UnknownValue
        There is no such method.
    """
    if method == "sft":
        return TuningFiles(training, validation, "sft", training_uri, validation_uri)
    if method == "preference":
        return TuningFiles(training, validation, "preference", training_uri, validation_uri)
    raise UnknownValue(f'no method "{method}"', allowed="sft, preference")


def vendor_jobs(root: Path, vendor: str, environment: Mapping[str, str] | None = None) -> VendorJobs:
    """Return the jobs of a vendor, with the keys of the environment.

    Raises
    ------
    UnknownValue
        There is no such vendor.
    ConfigError
        A key is missing.
    """
    params = build(VendorParams, _section(root, "vendors"), "tuning.vendors")
    if vendor == "openai":
        from mandi.student.vendors.openai_jobs import openai_jobs

        return openai_jobs(params, environment)
    if vendor == "vertex":
        from mandi.student.vendors.vertex_jobs import vertex_jobs

        return vertex_jobs(params, environment)
    raise UnknownValue(f'no vendor "{vendor}"', allowed=", ".join(VENDORS))


def validate_files(root: Path, vendor: str, files: TuningFiles) -> str:
    """Check files for a vendor; nothing is sent and no key is needed.

    Raises
    ------
    ContractError
        The vendor would refuse them.
    """
    from mandi.core.errors import ContractError

    problems = vendor_jobs(root, vendor, _keyless()).validate(files)
    if problems:
        raise ContractError(
            f"{vendor} would refuse this:\n  " + "\n  ".join(problems[:30]),
            allowed=f"rows as {vendor}-{files.method} has them",
        )
    return f"{vendor} should take this"


def estimate_cost(root: Path, vendor: str, files: TuningFiles, model: str) -> str:
    """Say what a job is likely to cost; nothing is sent and no key is needed."""
    return str(_estimate(root, vendor, files, model))


def submit_job(root: Path, vendor: str, files: TuningFiles, model: str, yes: bool = False) -> str:
    """Show what a job is likely to cost, and ask for it if that was agreed to.

    Parameters
    ----------
    yes : bool
        Agreed. Without it nothing is sent.
    """
    cost = _estimate(root, vendor, files, model)
    if not yes:
        return f"{cost}\nnothing was sent: say --yes to pay for it"
    done = vendor_jobs(root, vendor).submit(files, model, receipts_of(root), cost.usd)
    if done.before:
        return f"{done.job_id}\nasked for before: nothing is paid twice"
    return f"{cost}\n{done.job_id}"


def job_status(root: Path, vendor: str, job_id: str, cancel: bool = False, forget: bool = False) -> str:
    """Say how a job stands.

    Parameters
    ----------
    cancel : bool
        Stop it first.
    forget : bool
        Of a job that failed or was cancelled: remove its receipt, so that the same files may be sent again.

    Raises
    ------
    ConfigError
        A job that may still succeed is not forgotten.
    """
    jobs = vendor_jobs(root, vendor)
    status = jobs.cancel(job_id) if cancel else jobs.status(job_id)
    lines = _lines(status)
    if forget:
        if status.state not in ("failed", "cancelled"):
            raise ConfigError(f"the job is {status.state}", allowed="failed or cancelled, to forget it")
        found = receipts_of(root).forget(vendor, job_id)
        lines.append("its receipt is removed" if found else "it has no receipt here")
    return "\n".join(lines)


def _lines(status: JobStatus) -> list[str]:
    lines = [f"{status.job_id}: {status.state} ({status.told})"]
    if status.model_id:
        lines.append(f"model {status.model_id}")
    if status.trained_tokens is not None:
        lines.append(f"{status.trained_tokens:,} tokens trained")
    lines += [f"{name} {value:g}" for name, value in status.metrics.items()]
    return lines + ([status.error] if status.error else [])


def _estimate(root: Path, vendor: str, files: TuningFiles, model: str) -> Estimate:
    jobs = vendor_jobs(root, vendor, _keyless())
    return jobs.estimate(files, model, jobs.params.epochs)


def _keyless() -> dict[str, str]:
    """Return an environment in which a client can be made that is never used to send anything."""
    given = {name: os.environ.get(name, "") for name in ("GCP_PROJECT_ID", "GCP_REGION")}
    return {
        "OPENAI_API_KEY": "none", "GCP_ACCESS_TOKEN": "none", "GCP_PROJECT_ID": given["GCP_PROJECT_ID"] or "no-project",
        "GCP_REGION": given["GCP_REGION"],
    }  # fmt: skip


def _section(root: Path, name: str) -> dict[str, Any]:
    tuning = load_params(Paths(root).params).get("tuning")
    found = tuning.get(name) if isinstance(tuning, dict) else None
    return dict(found) if isinstance(found, dict) else {}
