from __future__ import annotations

import subprocess
import sys
import threading

import pytest
import sqlalchemy as sa

from mandi.core.errors import ConfigError
from mandi.serving.accounts.bootstrap import FirstKey, bootstrap
from mandi.serving.accounts.principals import of_key, operator_of
from mandi.serving.accounts.secrets import digest, new_secret
from mandi.serving.operations import ROLE_SCOPES
from mandi.store.database import Database
from mandi.store.records import ApiKey, Organization, User, utc_now
from mandi.store.schema import upgrade


def count(database: Database, table: type) -> int:
    return database.read(lambda session: session.scalar(sa.select(sa.func.count()).select_from(table))) or 0


def test_the_first_key_opens_everything_and_is_kept_nowhere(empty_url: str) -> None:
    database = Database.open(empty_url)
    upgrade(database)
    first = bootstrap(database)
    assert isinstance(first, FirstKey) and not first.given and first.secret not in repr(first)
    found = database.read(lambda session: of_key(session, digest(first.secret), utc_now()))
    assert found is not None
    principal, ends = found
    assert (principal.scopes, ends) == (ROLE_SCOPES["admin"], None)
    assert principal.organization_id == database.read(operator_of)
    assert bootstrap(database) is None and bootstrap(database, new_secret("key")) is None
    assert [count(database, t) for t in (Organization, User, ApiKey)] == [1, 1, 1]
    database.close()


def test_a_key_from_outside_is_the_first_one(empty_url: str) -> None:
    database, given = Database.open(empty_url), "0123456789abcdef" * 4
    upgrade(database)
    first = bootstrap(database, given)
    assert first is not None and first.given and first.secret == given
    assert database.read(lambda session: of_key(session, digest(given), utc_now())) is not None
    database.close()


@pytest.mark.parametrize(
    "given",
    ["", "admin", "mk_" + 43 * "a", 43 * "ab", new_secret("access"), new_secret("key") + " "],
    ids=["empty", "a word", "one letter", "two letters", "a token", "a blank"],
)
def test_a_key_that_could_be_guessed_is_refused_and_not_told(empty_url: str, given: str) -> None:
    database = Database.open(empty_url)
    upgrade(database)
    with pytest.raises(ConfigError) as refused:
        bootstrap(database, given)
    assert len(given) < 6 or given not in str(refused.value)
    assert count(database, Organization) == 0
    database.close()


def test_workers_that_start_together_make_one_of_each(empty_url: str) -> None:
    databases = [Database.open(empty_url) for _ in range(4)]
    upgrade(databases[0])
    start, made = threading.Barrier(4), []

    def work(database: Database) -> None:
        start.wait()
        made.append(bootstrap(database))

    threads = [threading.Thread(target=work, args=(d,)) for d in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4 and sum(first is not None for first in made) == 1
    assert [count(databases[0], t) for t in (Organization, User, ApiKey)] == [1, 1, 1]
    for database in databases:
        database.close()


def test_so_do_processes(empty_url: str) -> None:
    code = (
        "import sys\nfrom mandi.store.database import Database\nfrom mandi.store.schema import upgrade\n"
        "from mandi.serving.accounts.bootstrap import bootstrap\n"
        "database = Database.open(sys.argv[1])\nupgrade(database)\nprint(bootstrap(database) is not None)\n"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, empty_url], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = [process.communicate(timeout=60)[0].strip() for process in started]
    assert sorted(said) == ["False", "False", "True"]
