"""``mandi feedback``: the arguments of its commands; what they do is in ``mandi.loop``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer


def feedback_app(
    told_plainly: Callable[[], AbstractContextManager[None]], root: Callable[[], Path]
) -> typer.Typer:
    """Return the commands below ``mandi feedback``.

    Parameters
    ----------
    told_plainly : callable
        Context in which an error is told without a traceback.
    root : callable
        Returns the project's folder.
    """
    app = typer.Typer(
        help="What people thought of answers, and what is learned from it.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )

    @app.command("report")
    def report(
        days: Annotated[int, typer.Option(min=1, max=3650, help="before the last question")] = 30,
        as_json: Annotated[bool, typer.Option("--json", help="plain values; rates are fractions")] = False,
        html: Annotated[Path | None, typer.Option("--html", help="write a page with charts here")] = None,
        colab: Annotated[
            bool, typer.Option("--colab", help="also write training files with a notebook to data/export")
        ] = False,
        from_service: Annotated[
            bool, typer.Option("--from-service", help="the service's records, not the pipelines' frames")
        ] = False,
    ) -> None:
        """Say how answers did, where they are disliked, whether feedback helped, and what to improve next."""
        with told_plainly():
            from mandi.loop.command import feedback_report as run

            typer.echo(run(root(), days, as_json=as_json, html=html, colab=colab, from_service=from_service))

    @app.command("export")
    def export(
        to: Annotated[Path, typer.Option("--to", help="folder for the file")],
        vendor: Annotated[str, typer.Option("--format", help="trl | openai | vertex")] = "trl",
        task: Annotated[str, typer.Option(help="kind of work, such as chat; or all")] = "all",
        purpose: Annotated[str, typer.Option(help="sft | preference | unpaired | tutor")] = "sft",
        days: Annotated[
            int | None, typer.Option(min=1, help="only examples of so many days; all if not given")
        ] = None,
        colab: Annotated[
            bool, typer.Option("--colab", help="add a notebook that tunes with the file")
        ] = False,
    ) -> None:
        """Write training examples of the current datasets into one file that its reader accepts."""
        with told_plainly():
            from mandi.loop.command import feedback_export as run

            typer.echo(run(root(), to, vendor=vendor, task=task, purpose=purpose, days=days, colab=colab))

    @app.command("retrain")
    def retrain(
        if_due: Annotated[
            bool, typer.Option("--if-due", help="only when it is time and enough is new; for a scheduler")
        ] = False,
    ) -> None:
        """Fit the student again from the records, and promote it if its gate is passed."""
        with told_plainly():
            from datetime import UTC, datetime

            from mandi.loop.retraining import retrain as again
            from mandi.report.repro import run

            text, status = again(
                root(), lambda home, stages: run(home, stages), if_due=if_due, now=datetime.now(UTC)
            )
            typer.echo(text)
            raise typer.Exit(status)

    return app
