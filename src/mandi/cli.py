"""The command line: every command imports what it needs when it runs, so that help is instant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from mandi.core.errors import MandiError
from mandi.loop.feedback_app import feedback_app
from mandi.serving.key_store_apps import key_app, store_app
from mandi.student.tune_app import tune_app

app = typer.Typer(
    name="mandi",
    help="Fair prices, forecasts and a gated path to service for commodity trading.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help needs a third of the time
)

Model = Annotated[str, typer.Argument(help="name of a model, for example price")]
Reason = Annotated[str, typer.Option("--reason", help="why; kept in the audit record")]


@contextmanager
def _told_plainly() -> Iterator[None]:
    from mandi.core.storage import told_when_unwritable

    try:
        with told_when_unwritable():
            yield
    except MandiError as error:
        typer.secho(f"{error.headline}", fg=typer.colors.RED, err=True)
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def _root() -> Path:
    from mandi.core.paths import project_root

    return project_root()


@app.command()
def repro(
    stages: Annotated[list[str] | None, typer.Argument(help="only these stages and what they need")] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="run even what has not changed")] = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="models and reports side by side")] = 2,
) -> None:
    """Run the pipelines and show where every model stands."""
    with _told_plainly():
        from mandi.report.repro import run

        raise typer.Exit(run(_root(), stages or [], force=force, jobs=jobs))


@app.command("import")
def import_(
    source: Annotated[str, typer.Argument(help="files | agmarknet | sql | generated")],
    location: Annotated[
        str, typer.Argument(help="folder, glob, database URL, or env:NAME that holds one")
    ] = "",
    check: Annotated[bool, typer.Option("--check", help="read and judge only; change nothing")] = False,
    commodity: Annotated[str, typer.Option(help="for files that do not name their commodity")] = "",
) -> None:
    """Read your tables, show what was accepted and rejected, and make them the project's source."""
    with _told_plainly():
        from mandi.tables.command import import_command

        typer.echo(import_command(_root(), source, location, check=check, commodity=commodity))


@app.command()
def look(model: Model = "price") -> None:
    """Run the report of one model again and say where it is."""
    with _told_plainly():
        from mandi.report.look import look as run

        typer.echo(run(_root(), model))


@app.command()
def predict(
    model: Model,
    source: Annotated[
        Path | None, typer.Argument(help="folder of .parquet files; a row is a question")
    ] = None,
    target: Annotated[Path | None, typer.Argument(help="folder for the answers, a file for a file")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="reasons of each answer as well")] = False,
    columns: Annotated[bool, typer.Option("--columns", help="list the columns a row is read from")] = False,
) -> None:
    """Answer a folder of Parquet files with the champion; what was answered before is not answered again."""
    with _told_plainly():
        from mandi.report.progress import Progress
        from mandi.serving.batch_command import columns_command, predict_command

        if columns or source is None or target is None:
            columns_command(model, typer.echo)
        else:
            predict_command(
                _root(), model, source, target, explain=explain, say=typer.echo, progress=Progress(model)
            )


@app.command()
def search(
    model: Model,
    trials: Annotated[
        int | None, typer.Option(help="of the study in all; search.trials of params.yaml if not given")
    ] = None,
    minutes: Annotated[float | None, typer.Option(help="no trial is begun later")] = None,
    write: Annotated[bool, typer.Option("--write", help="put the best settings into params.yaml")] = False,
) -> None:
    """Search better settings of a model on folds of its training time; stop and go on as you like."""
    with _told_plainly():
        from mandi.tuning.command import search_command

        text, whole = search_command(
            _root(), model, trials=trials, minutes=minutes, write=write, tell=typer.echo
        )
        typer.echo(text)
        raise typer.Exit(0 if whole else 130)  # as of a program that Ctrl-C ended


@app.command()
def promote(
    model: Model,
    version: Annotated[
        int | None, typer.Option(help="version to promote; the challenger if not given")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="promote against the gate's verdict; needs --reason")
    ] = False,
    reason: Reason = "",
) -> None:
    """Make a version the champion, if its gate was passed."""
    _move(lambda root: _promotion().cli_promote(root, model, version=version, force=force, reason=reason))


@app.command()
def rollback(model: Model, reason: Reason = "") -> None:
    """End the trial of a challenger, if one is under way; else make the previous champion the champion again."""
    with _told_plainly():
        if (ended := _trial_ended(_root(), model)) is not None:
            typer.echo(ended)
            return
    _move(lambda root: _promotion().cli_rollback(root, model, reason))


def _trial_ended(root: Path, model: str) -> str | None:
    from importlib.util import find_spec

    if (
        find_spec("pydantic_settings") is None
    ):  # nothing that serves is installed here, so nothing is on trial
        return None
    from mandi.serving.rollouts.command import end_before_rollback

    return end_before_rollback(root, model)


@app.command()
def rollout(
    model: Model,
    do: Annotated[str, typer.Argument(help="start | stop | show")] = "show",
    shadow_share: Annotated[
        float | None,
        typer.Option("--shadow-share", help="share of the questions that both answer; 0.1 if not given"),
    ] = None,
) -> None:
    """Try the challenger of a model in the running service: in its shadow, then for 10, 25, 50 and 80 % of the questions."""
    with _told_plainly():
        from mandi.serving.rollouts.command import rollout_command

        typer.echo(rollout_command(_root(), model, do, shadow_share=shadow_share))


def _promotion() -> Any:
    import mandi.registry.promotion as promotion

    return promotion


def _move(move: Callable[[Path], str]) -> None:
    with _told_plainly():
        from mandi.report.repro import package

        root = _root()
        typer.echo(move(root))
        typer.echo(package(root))


@app.command()
def drift(
    models: Annotated[
        list[str] | None, typer.Argument(help="only these models; all if none is named")
    ] = None,
    retrain: Annotated[
        bool, typer.Option(help="fit a challenger for each that drifted; it waits for mandi promote")
    ] = True,
) -> None:
    """Say what has drifted, and offer challengers; exit status 3 where anything has."""
    with _told_plainly():
        from mandi.loop.drift_command import cli_drift

        if cli_drift(_root(), models or [], retrain=retrain, say=typer.echo):
            raise typer.Exit(3)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="address to listen on; MANDI_HOST if not given")] = None,
    port: Annotated[int | None, typer.Option(help="port to listen on; MANDI_PORT if not given")] = None,
    env_file: Annotated[
        Path | None,
        typer.Option("--env-file", help="settings; .env if not given", exists=True, dir_okay=False),
    ] = None,
) -> None:
    """Serve the champions over HTTP."""
    with _told_plainly():
        from mandi.serving.service_process import cli_serve

        cli_serve(_root(), port=port, host=host, env_file=env_file)


@app.command()
def settings(
    env_file: Annotated[
        Path | None,
        typer.Option("--env-file", help="settings; .env if not given", exists=True, dir_okay=False),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="also ask every configured provider whether it has its model")
    ] = False,
) -> None:
    """Show the settings of the service that are in force here; of secrets only whether they are set."""
    with _told_plainly():
        from mandi.serving.settings import load
        from mandi.serving.settings_page import table

        found = load(env_file or _root() / ".env")
        typer.echo(table(found))
        if check:
            from mandi.serving.gateway_parts import models_checked

            text, good = models_checked(found)
            typer.echo(text)
            raise typer.Exit(0 if good else 1)


@app.command()
def doctor() -> None:
    """Say what is missing here and the command that mends it."""
    with _told_plainly():
        from mandi.report.doctor import examine

        text, healthy = examine()
        typer.echo(text)
        raise typer.Exit(0 if healthy else 1)


route_app = typer.Typer(
    help="Who answers questions in language.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(route_app, name="route")


@route_app.command("replay")
def route_replay(
    log: Annotated[Path | None, typer.Option("--log", help="JSON lines or CSV, one question a row")] = None,
    policy: Annotated[list[str] | None, typer.Option(help="only these routers; may be given again")] = None,
    from_database: Annotated[
        bool, typer.Option("--from-database", help="the calls the service recorded")
    ] = False,
    chart: Annotated[Path | None, typer.Option(help="write the curves here, .png or .html")] = None,
    weak: Annotated[str | None, typer.Option(help="cheap provider of the curves; the student if any")] = None,
    strong: Annotated[
        str | None, typer.Option(help="strong provider of the curves; the best if not given")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option(help="NAME=vendor|local|student|mock, where the name does not say it")
    ] = None,
) -> None:
    """Show what each router would have done with the questions of a log."""
    with _told_plainly():
        from mandi.llm.routing.command import kinds_of, route_replay, the_log

        database = None
        if from_database:
            from mandi.serving.accounts.command import settings_of
            from mandi.serving.accounts.opening import open_database

            database = open_database(settings_of(_root()))
        found = the_log(log, database, kinds_of(kind or []))
        typer.echo(route_replay(found, policy or [], chart=chart, weak=weak, strong=strong))


app.add_typer(key_app(_told_plainly, _root), name="key")
app.add_typer(store_app(_told_plainly, _root), name="store")
app.add_typer(feedback_app(_told_plainly, _root), name="feedback")
app.add_typer(tune_app(_told_plainly, _root), name="tune")


if __name__ == "__main__":
    app()
