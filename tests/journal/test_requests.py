"""Errands, feedback and talks: what the command line leaves in the journal for others to read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from coolmail.core.states import State
from coolmail.journal import Errand, Journal, JournalError, Talk, engine, migrate
from coolmail.journal.tables import MessageRow, MetRow, table_of
from tests.core.making import NOW
from tests.journal.adding import RAW, add, bring

HOUR = timedelta(hours=1)
LETTER = b"Message-ID: <e1@studio.example>\r\n\r\nLet us talk. \xff\r\n"


def errand(message: str, **changes: object) -> Errand:
    """Return an errand that puts a draft into Drafts."""
    made = Errand(message, "work", "call", "drafts", LETTER, "<e1@studio.example>", NOW)
    return replace(made, **changes)  # type: ignore[arg-type]


# -- errands


async def test_an_errand_is_read_back_byte_for_byte(journal: Journal) -> None:
    """With an id, unfinished."""
    entry = await add(journal)
    asked = await journal.ask(errand(entry.id))
    assert asked.id is not None
    assert await journal.errands("work") == [asked]
    assert asked == errand(entry.id, id=asked.id)


async def test_errands_are_by_account_and_in_order(journal: Journal) -> None:
    """The first asked is the first done."""
    entry = await add(journal)
    first = await journal.ask(errand(entry.id))
    second = await journal.ask(errand(entry.id, message_id="<e2@studio.example>"))
    other = await journal.ask(errand(entry.id, account="home"))
    assert await journal.errands("work") == [first, second]
    assert await journal.errands("home") == [other]
    assert await journal.errands_about(entry.id) == [first, second, other]


async def test_a_finished_errand_is_no_longer_to_do(journal: Journal) -> None:
    """What became of it stays; it is finished once."""
    entry = await add(journal)
    asked = await journal.ask(errand(entry.id))
    assert asked.id is not None
    assert await journal.postpone(asked.id, "over quota")
    assert [waiting.outcome for waiting in await journal.errands("work")] == ["over quota"]
    assert await journal.finish(asked.id, "put into Drafts", now=NOW + HOUR)
    assert await journal.errands("work") == []
    assert not await journal.finish(asked.id, "put into Drafts", now=NOW + 2 * HOUR)
    assert not await journal.postpone(asked.id, "over quota")
    assert await journal.errands_about(entry.id) == [replace(asked, done_at=NOW + HOUR, outcome="put into Drafts")]


async def test_the_same_errand_asked_again_replaces_the_unfinished_one(journal: Journal) -> None:
    """The newer bytes are meant; a finished one is history and stays."""
    entry = await add(journal)
    old = await journal.ask(errand(entry.id))
    new = await journal.ask(errand(entry.id, raw=b"newer"))
    assert await journal.errands("work") == [new]
    assert old.id is not None
    assert new.id is not None
    assert not await journal.finish(old.id, "put into Drafts", now=NOW)
    assert await journal.finish(new.id, "put into Drafts", now=NOW)
    again = await journal.ask(errand(entry.id, raw=b"newest"))
    assert await journal.errands("work") == [again]
    assert len(await journal.errands_about(entry.id)) == 2


async def test_an_errand_needs_its_message(journal: Journal) -> None:
    """One about nothing is refused, in words."""
    with pytest.raises(JournalError):
        await journal.ask(errand("zzzz"))


async def test_an_errand_calls_for_attention_until_it_is_finished(journal: Journal) -> None:
    """That is how the daemon notices it within a moment."""
    entry = await bring(journal, await add(journal), State.HELD, hold_until=NOW)
    before = await journal.attention("work")
    asked = await journal.ask(errand(entry.id))
    assert asked.id is not None
    during = await journal.attention("work")
    assert during > before
    assert await journal.attention("home") == frozenset()
    await journal.finish(asked.id, "put into Drafts", now=NOW)
    assert await journal.attention("work") == before


async def test_old_errands_are_purged_but_never_unfinished_ones(journal: Journal) -> None:
    """However old: what was asked for is not lost."""
    entry = await add(journal)
    done = await journal.ask(errand(entry.id))
    waits = await journal.ask(errand(entry.id, message_id="<e2@studio.example>"))
    assert done.id is not None
    await journal.finish(done.id, "put into Drafts", now=NOW)
    await journal.purge(NOW)
    assert len(await journal.errands_about(entry.id)) == 2
    await journal.purge(NOW + timedelta(days=9999))
    assert await journal.errands_about(entry.id) == [waits]


# -- feedback


async def test_feedback_is_kept_in_order_and_by_account(journal: Journal) -> None:
    """A text that was only checked belongs to no message and no account."""
    entry = await add(journal)
    said = {"heat": 0.91, "level": "heated", "text_hash": "ab" * 32}
    first = await journal.give_feedback(message=entry.id, account="work", answer="wrong", now=NOW, **said)  # type: ignore[arg-type]
    second = await journal.give_feedback(message=None, account=None, answer="right", now=NOW + HOUR, **said)  # type: ignore[arg-type]
    assert await journal.feedback() == [first, second]
    assert await journal.feedback("work") == [first]
    assert await journal.feedback("home") == []
    assert (first.message, first.at, first.answer, first.heat) == (entry.id, NOW, "wrong", 0.91)


# -- talks


async def test_a_talk_is_kept_field_by_field(journal: Journal) -> None:
    """What is not named stays."""
    entry = await add(journal)
    assert await journal.talk(entry.id) is None
    await journal.set_talk(entry.id, found={"numbers": ["+4512345678"]})
    await journal.set_talk(entry.id, slot=NOW + HOUR)
    await journal.set_talk(entry.id, called_at=NOW + 2 * HOUR, note="went well")
    assert await journal.talk(entry.id) == Talk(
        entry.id, {"numbers": ["+4512345678"]}, NOW + HOUR, NOW + 2 * HOUR, "went well"
    )


async def test_what_others_are_invited_to_is_booked(journal: Journal) -> None:
    """What lies ahead, in order; not the message's own call, nor one that took place."""
    own, late, soon, done, gone = [await add(journal, message_id=f"<{name}@x>") for name in ("o", "l", "s", "d", "g")]
    for entry, hours in ((own, 1), (late, 3), (soon, 2), (done, 4), (gone, -1)):
        await journal.set_talk(entry.id, slot=NOW + hours * HOUR)
    await journal.set_talk(done.id, called_at=NOW)
    assert await journal.booked(NOW, other_than=own.id) == [NOW + 2 * HOUR, NOW + 3 * HOUR]


async def test_what_was_found_for_a_call_goes_with_the_messages_content(journal: Journal) -> None:
    """It quotes the client's mail."""
    entry = await bring(journal, await add(journal), State.CANCELLED)
    await journal.set_talk(entry.id, found={"points": ["private"]}, called_at=NOW, note="private")
    await journal.purge(NOW)
    assert await journal.talk(entry.id) == Talk(entry.id, {"points": ["private"]}, None, NOW, "private")
    await journal.purge(NOW + timedelta(days=9999))
    assert await journal.talk(entry.id) == Talk(entry.id, None, None, NOW, "")


# -- from the first schema


async def test_a_journal_of_the_first_schema_is_migrated_with_its_rows(path: Path) -> None:
    """Messages, events and what was met are as before, and the new tables are there."""
    engine.make_private(path)
    old = engine.make_engine(path)
    with old.begin() as connection:
        migrate.upgrade(connection, "0001")
        values = {column.name: None for column in table_of(MessageRow).columns} | {
            "id": "h7k2", "account": "work", "message_id": "<m1@studio.example>", "state": "held", "taken_at": NOW, "updated_at": NOW,
            "subject": "Re: x", "sender": "anna@studio.example", "recipients": ["bo@shop.example"], "thread": [], "own_text": "x", "raw": RAW,
            "source_mailbox": "Drafts", "source_uidvalidity": 1, "source_uid": 2, "claimed": True, "override": False, "reasons": [],
            "frozen": False, "attempts": 0, "refused": [], "accepted": [], "hold_until": NOW + HOUR,
        }  # fmt: skip
        connection.execute(insert(table_of(MessageRow)).values(**values))
        connection.execute(insert(MetRow).values(account="work", mailbox="Drafts", uidvalidity=1, ignored=[[7, 1]]))
        connection.execute(
            text("INSERT INTO event (message, at, state, what) VALUES ('h7k2', '2026-01-01 00:00:00', 'held', 'held')")
        )
    old.dispose()
    async with Journal.open(path) as journal:
        (entry,) = await journal.active("work")
        assert (entry.id, entry.state, entry.hold_until) == ("h7k2", State.HELD, NOW + HOUR)
        assert await journal.raw("h7k2") == RAW
        assert await journal.met("work", "Drafts", 1) == {(7, True)}
        assert [event.what for event in await journal.events("h7k2")] == ["held"]
        asked = await journal.ask(errand("h7k2"))
        assert await journal.errands("work") == [asked]
        assert await journal.file.read(migrate.current) == migrate.newest()
        assert await journal.file.rows(select(table_of(MessageRow).c.id)) == [("h7k2",)]
