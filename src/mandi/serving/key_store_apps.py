"""``mandi key`` and ``mandi store``: the arguments of their commands; what they do is imported when they run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer

Told = Callable[[], AbstractContextManager[None]]


def key_app(told_plainly: Told, root: Callable[[], Path]) -> typer.Typer:
    """Return the commands below ``mandi key``.

    Parameters
    ----------
    told_plainly : callable
        Context in which an error is told without a traceback.
    root : callable
        Returns the project's folder.
    """
    app = typer.Typer(help="API keys of the service, on its database.", no_args_is_help=True)

    @app.command("create")
    def key_create(
        name: Annotated[str, typer.Argument(help="what the key is for")] = "command line",
        user: Annotated[str, typer.Option(help="whose key it is")] = "admin",
        scope: Annotated[
            list[str] | None, typer.Option(help="what it allows; all its user may if not given")
        ] = None,
        days: Annotated[
            int | None, typer.Option(min=1, max=3650, help="days until it ends; never if not given")
        ] = None,
    ) -> None:
        """Make a key and show it once."""
        with told_plainly():
            from mandi.serving.accounts.command import create

            typer.echo(create(root(), name, user, scope or [], days))

    @app.command("list")
    def key_list() -> None:
        """Show the keys: their beginnings, whose they are, what they allow."""
        with told_plainly():
            from mandi.serving.accounts.command import show

            typer.echo(show(root()))

    @app.command("revoke")
    def key_revoke(
        key: Annotated[str, typer.Argument(help="first 8 characters of the key, or its id")],
    ) -> None:
        """End a key; running services refuse it within seconds."""
        with told_plainly():
            from mandi.serving.accounts.command import revoke

            typer.echo(revoke(root(), key))

    return app


def store_app(told_plainly: Told, root: Callable[[], Path]) -> typer.Typer:
    """Return the commands below ``mandi store``.

    Parameters
    ----------
    told_plainly : callable
        Context in which an error is told without a traceback.
    root : callable
        Returns the project's folder.
    """
    app = typer.Typer(help="The database of the service.", no_args_is_help=True)

    @app.command("upgrade")
    def store_upgrade() -> None:
        """Bring the service's database to the tables of this version; what is in it stays."""
        with told_plainly():
            from mandi.serving.accounts.command import settings_of
            from mandi.serving.accounts.opening import open_database
            from mandi.store.schema import revision_of

            database = open_database(settings_of(root()))
            try:
                typer.echo(f"{database.place} is at revision {revision_of(database)}")
            finally:
                database.close()

    @app.command("copy")
    def store_copy(
        to: Annotated[str, typer.Option("--to", help="URL of an empty database, or env:NAME that holds one")],
    ) -> None:
        """Copy the service's database whole into an empty one and compare the two; stop the service first."""
        with told_plainly():
            import os

            from mandi.serving.accounts.command import settings_of
            from mandi.serving.accounts.opening import open_database
            from mandi.store.copying import copied_to

            url = os.environ.get(to[4:], "") if to.startswith("env:") else to
            database = open_database(settings_of(root()))
            try:
                typer.echo(copied_to(database, url))
            finally:
                database.close()

    return app
