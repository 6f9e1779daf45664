from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from mandi.cli import app
from mandi.core.errors import ConfigError, StoreUnavailable
from mandi.serving.accounts import command
from mandi.serving.accounts.gate import CHANGES
from mandi.serving.accounts.opening import open_database
from mandi.serving.accounts.principals import of_key
from mandi.serving.accounts.secrets import digest, new_secret
from mandi.serving.operations import ROLE_SCOPES
from mandi.store.database import Database
from mandi.store.records import ApiKey, AuditEvent, utc_now
from mandi.store.sql_state import SqlState

from ....held_database import held

SECRET = re.compile(r"mk_[A-Za-z0-9_-]{43}")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("MANDI_BOOTSTRAP_KEY", "MANDI_DATA_FOLDER", "DATABASE_URL", "POSTGRESQL_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MANDI_ROOT", str(tmp_path))
    for name in ("params.yaml", "dvc.yaml"):
        (tmp_path / name).write_text("{}")
    return tmp_path


@pytest.fixture
def database(project: Path) -> Iterator[Database]:
    opened = open_database(command.settings_of(project))
    yield opened
    opened.close()


def run(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["key", *words])
    assert result.exit_code == code, result.output
    return result.output


def shown(text: str) -> str:
    (secret,) = SECRET.findall(text)
    return secret


def who(database: Database, secret: str) -> Any:
    return database.read(lambda session: of_key(session, digest(secret), utc_now()))


def test_a_key_is_made_without_a_running_service_and_shown_once(project: Path, database: Database) -> None:
    secret = shown(run("create", "price board"))
    principal, ends = who(database, secret)
    assert (principal.scopes, ends) == (ROLE_SCOPES["admin"], None)
    listed = run("list")
    assert f"{secret[:8]}...  local/admin  price board" in listed and "never used" in listed
    assert secret not in listed and digest(secret) not in listed
    actions = database.read(lambda session: set(session.scalars(sa.select(AuditEvent.action))))
    assert actions == {"bootstrap", "key.create"}
    assert database.read(lambda session: session.scalar(sa.select(sa.func.count()).select_from(ApiKey))) == 1


def test_a_key_may_be_narrow_and_end(project: Path, database: Database) -> None:
    principal, ends = who(database, shown(run("create", "board", "--scope", "predict", "--days", "3")))
    assert principal.scopes == {"predict"} and 2.9 < (ends - utc_now()).total_seconds() / 86400 < 3.1
    assert "[predict]  until" in run("list")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("create", "k", "--scope", "predicts"), 'did you mean "predict"?'),
        (("create", "k", "--scope", "open"), "allowed: predict"),
        (("create", "k", "--user", "nobody"), 'no active user "nobody"'),
        (("create", "\x07"), "cannot be seen"),
        (("revoke", "mk_"), "0 keys begin so"),
        (("revoke", "mk_nobody"), "0 keys begin so"),
    ],
)
def test_what_cannot_be_done_is_told_plainly(project: Path, words: tuple[str, ...], said: str) -> None:
    assert said in run(*words, code=1)


def test_nothing_to_list_says_how_to_begin(project: Path) -> None:
    assert "mandi key create" in run("list")


@pytest.mark.parametrize("by_id", [False, True])
def test_a_revoked_key_is_over_and_all_workers_are_told(
    project: Path, database: Database, by_id: bool
) -> None:
    secret, other = shown(run("create", "one")), shown(run("create", "other"))
    key_id = database.read(
        lambda session: session.scalar(sa.select(ApiKey.id).filter_by(hash=digest(secret)))
    )
    before = SqlState(database).read(CHANGES)
    assert "is revoked" in run("revoke", str(key_id) if by_id else secret[:8])
    assert who(database, secret) is None and who(database, other) is not None
    assert SqlState(database).read(CHANGES) != before
    assert "revoked 20" in run("list")
    run("revoke", secret[:8], code=1)


def test_a_whole_key_revokes_itself_and_no_other(project: Path, database: Database) -> None:
    secret = shown(run("create", "one"))
    run("revoke", secret)
    assert who(database, secret) is None


def test_the_greeting_shows_the_first_key_once(project: Path, database: Database) -> None:
    settings = command.settings_of(project)
    secret = shown(command.how_to_ask(settings))
    assert who(database, secret) is not None
    again = command.how_to_ask(settings)
    assert not SECRET.search(again) and "mandi key create" in again


def test_a_key_from_outside_is_not_shown(
    project: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = new_secret("key")
    monkeypatch.setenv("MANDI_BOOTSTRAP_KEY", given)
    told = command.how_to_ask(command.settings_of(project))
    assert given not in told and "$MANDI_BOOTSTRAP_KEY" in told
    assert who(database, given) is not None


def test_a_key_from_outside_is_good_also_when_another_was_asked_for_first(
    project: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = new_secret("key")
    monkeypatch.setenv("MANDI_BOOTSTRAP_KEY", given)
    made = shown(run("create", "mine"))
    assert who(database, given) is not None and who(database, made) is not None


def test_the_database_is_its_owners_alone(project: Path, database: Database) -> None:
    file = project / ".mandi" / "service.db"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_database_that_is_gone_with_the_process_is_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///:memory:")
    with pytest.raises(ConfigError, match="memory is not shared"):
        open_database(command.settings_of(project))


def test_a_folder_that_cannot_be_made_says_what_to_set(project: Path) -> None:
    (project / ".mandi").write_text("a file")
    with pytest.raises(StoreUnavailable) as refused:
        open_database(command.settings_of(project))
    assert refused.value.next_command == "set MANDI_DATA_FOLDER"


def test_a_store_that_another_process_holds_is_named_and_nothing_is_made(
    project: Path, database: Database
) -> None:
    place = project / ".mandi" / "service.db"
    first = shown(run("create", "first"))
    with held(place):
        said = run("create", "second", code=1)
        assert "database is locked" in said and f"fuser {place}" in said and "Traceback" not in said
        assert SECRET.search(said) is None
    assert who(database, first) is not None
    assert database.read(lambda session: session.query(ApiKey).count()) == 1
    shown(run("create", "second"))
