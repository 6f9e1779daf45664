"""What Alembic runs when it is given this folder: the steps that are missing, on the connection it was handed."""

from __future__ import annotations


def run() -> None:
    """Run the steps of the command in progress on the connection in its configuration."""
    from alembic import context

    from mandi.store.records import Base

    context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
    context.run_migrations()


if __name__ == "env_py":  # the name Alembic gives it; an import from elsewhere runs nothing
    run()
