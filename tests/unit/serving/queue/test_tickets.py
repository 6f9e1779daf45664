"""Tickets are taken by one person at a time, answered while the claim lasts, and over after a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest

from mandi.serving.accounts import organizations, people
from mandi.serving.queue import tickets
from mandi.serving.queue.tickets import TicketTaken
from mandi.store.database import Database
from mandi.store.schema import upgrade

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[tuple[Database, str, str, list[str]]]:
    database = Database.open(f"sqlite:///{tmp_path}/queue.db")
    upgrade(database)

    def plant(session: object) -> tuple[str, str, list[str]]:
        home = organizations.add(session, "home")  # type: ignore[arg-type]
        users = [people.add(session, home.id, f"analyst-{n}", role="analyst") for n in range(4)]  # type: ignore[arg-type]
        ticket = tickets.open_ticket(
            session, organization_id=home.id, user_id=users[0].id, pseudonym=users[0].pseudonym, generation_id="g",  # type: ignore[arg-type]
            question="Sell now?", context={}, student_answer="no", student_confidence=0.3, now=NOW,
        )  # fmt: skip
        return home.id, ticket.id, [u.id for u in users]

    home, ticket, users = database.write(plant)
    yield database, home, ticket, users
    database.close()


def test_claim_answer_and_what_stands_in_between(shop: tuple[Database, str, str, list[str]]) -> None:
    database, home, ticket, (one, other, *_) = shop
    assert [t.id for t in database.read(lambda s: list(tickets.waiting(s, home, NOW)))] == [ticket]
    database.write(lambda s: tickets.claim(s, ticket, home, one, NOW))
    with pytest.raises(TicketTaken, match="is claimed"):
        database.write(lambda s: tickets.claim(s, ticket, home, other, NOW + MINUTE))
    with pytest.raises(TicketTaken):
        database.write(lambda s: tickets.answer(s, ticket, home, other, "mine", NOW + MINUTE))
    assert database.read(lambda s: list(tickets.waiting(s, home, NOW + MINUTE))) == []
    answered = database.write(lambda s: tickets.answer(s, ticket, home, one, "Hold.", NOW + 2 * MINUTE))
    assert answered is not None and tickets.standing(answered, NOW + 2 * MINUTE) == "answered"
    with pytest.raises(TicketTaken, match="is answered"):
        database.write(lambda s: tickets.answer(s, ticket, home, one, "Sell.", NOW + 3 * MINUTE))


def test_a_claim_runs_out_and_another_may_take_over(shop: tuple[Database, str, str, list[str]]) -> None:
    database, home, ticket, (one, other, *_) = shop
    database.write(lambda s: tickets.claim(s, ticket, home, one, NOW))
    late = NOW + tickets.CLAIM_LASTS
    with pytest.raises(TicketTaken):
        database.write(lambda s: tickets.answer(s, ticket, home, one, "too late", late))
    assert database.write(lambda s: tickets.claim(s, ticket, home, other, late)).claimed_by == other  # type: ignore[union-attr]


def test_given_back_it_waits_again(shop: tuple[Database, str, str, list[str]]) -> None:
    database, home, ticket, (one, other, *_) = shop
    database.write(lambda s: tickets.claim(s, ticket, home, one, NOW))
    with pytest.raises(TicketTaken):
        database.write(lambda s: tickets.give_back(s, ticket, home, other, NOW))
    back = database.write(lambda s: tickets.give_back(s, ticket, home, one, NOW))
    assert back is not None and tickets.standing(back, NOW) == "waiting"


def test_over_after_a_day(shop: tuple[Database, str, str, list[str]]) -> None:
    database, home, ticket, (one, *_) = shop
    over = NOW + tickets.OPEN_FOR
    assert database.read(lambda s: list(tickets.waiting(s, home, over))) == []
    with pytest.raises(TicketTaken, match="is expired"):
        database.write(lambda s: tickets.claim(s, ticket, home, one, over))


def test_another_organisation_finds_nothing(shop: tuple[Database, str, str, list[str]]) -> None:
    database, _, ticket, (one, *_) = shop
    assert database.write(lambda s: tickets.claim(s, ticket, "elsewhere", one, NOW)) is None
    assert database.read(lambda s: tickets.find(s, ticket, "elsewhere")) is None


def test_of_many_who_claim_at_once_one_wins(shop: tuple[Database, str, str, list[str]]) -> None:
    database, home, ticket, users = shop
    ready, won = Barrier(len(users)), []

    def takes(user: str) -> None:
        ready.wait()
        try:
            database.write(lambda s: tickets.claim(s, ticket, home, user, NOW))
            won.append(user)
        except TicketTaken:
            pass

    threads = [Thread(target=takes, args=(user,)) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
