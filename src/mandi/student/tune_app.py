"""``mandi tune``: the arguments of its commands; what they do is in ``mandi.student.command``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer

Folder = Annotated[Path | None, typer.Option(file_okay=False, help="the project's own if not given")]
Vendor = Annotated[str, typer.Option(help="openai | vertex")]
File = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="training file in the vendor's format")
]
Validation = Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="validation file")]
Method = Annotated[str, typer.Option(help="sft | preference")]
Uri = Annotated[str | None, typer.Option(help="where the same file lies in a bucket, for vertex: gs://...")]
Name = Annotated[str, typer.Option(help="model of the vendor to tune")]


def tune_app(
    told_plainly: Callable[[], AbstractContextManager[None]], root: Callable[[], Path]
) -> typer.Typer:
    """Return the commands below ``mandi tune``.

    Parameters
    ----------
    told_plainly : callable
        Context in which an error is told without a traceback.
    root : callable
        Returns the project's folder.
    """
    app = typer.Typer(
        help="A language model of your own: tuned here, or at a vendor.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )

    @app.command("local")
    def local(
        base: Annotated[
            str, typer.Option(help="folder or id of the base model; tuning.local.base if not given")
        ] = "",
        examples: Folder = None,
        out: Folder = None,
    ) -> None:
        """Tune a local model on the datasets: good answers, then preferences."""
        with told_plainly():
            from mandi.student.command import tune_local

            typer.echo(tune_local(root(), base, examples, out, typer.echo))

    @app.command("calibrate")
    def calibrate(folder: Folder = None, examples: Folder = None) -> None:
        """Ask the served model the calibration part, and learn what its sureness is worth."""
        with told_plainly():
            from mandi.student.command import calibrate_local

            typer.echo(calibrate_local(root(), folder, examples))

    @app.command("validate")
    def validate(
        training: File, vendor: Vendor = "openai", validation: Validation = None, method: Method = "sft",
        training_uri: Uri = None, validation_uri: Uri = None,
    ) -> None:  # fmt: skip
        """Say what a vendor would refuse of files; nothing is sent."""
        with told_plainly():
            from mandi.student.command import files_of, validate_files

            files = files_of(training, validation, method, training_uri, validation_uri)
            typer.echo(validate_files(root(), vendor, files))

    @app.command("estimate")
    def estimate(training: File, model: Name, vendor: Vendor = "openai", method: Method = "sft") -> None:
        """Say what a job would about cost; nothing is sent."""
        with told_plainly():
            from mandi.student.command import estimate_cost, files_of

            typer.echo(estimate_cost(root(), vendor, files_of(training, None, method), model))

    @app.command("submit")
    def submit(
        training: File, model: Name, vendor: Vendor = "openai", validation: Validation = None, method: Method = "sft",
        training_uri: Uri = None, validation_uri: Uri = None,
        yes: Annotated[bool, typer.Option("--yes", help="agree to the estimated cost")] = False,
    ) -> None:  # fmt: skip
        """Show the cost and, if it is agreed to, ask a vendor for a job: once, however often this is run."""
        with told_plainly():
            from mandi.student.command import files_of, submit_job

            files = files_of(training, validation, method, training_uri, validation_uri)
            typer.echo(submit_job(root(), vendor, files, model, yes))

    @app.command("status")
    def status(
        job_id: Annotated[str, typer.Argument(help="as submit told it")],
        vendor: Vendor = "openai",
        cancel: Annotated[bool, typer.Option("--cancel", help="stop the job")] = False,
        forget: Annotated[bool, typer.Option("--forget", help="let the same files be sent again")] = False,
    ) -> None:
        """Say how a job at a vendor stands."""
        with told_plainly():
            from mandi.student.command import job_status

            typer.echo(job_status(root(), vendor, job_id, cancel, forget))

    return app
