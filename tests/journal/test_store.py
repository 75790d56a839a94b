"""What goes into the journal comes out again, and nothing else."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, update

from coolmail.core.entry import Place
from coolmail.core.states import ACTIVE, Decision, IllegalMoveError, Stage, State
from coolmail.journal import Journal, JournalError, engine
from coolmail.journal.engine import quick_check
from coolmail.journal.store import ALPHABET
from coolmail.journal.tables import MessageRow, table_of
from tests.core.making import NOW, hot_report
from tests.journal.adding import RAW, add, bring, try_add

HOUR = timedelta(hours=1)

# -- adding and reading


async def test_a_taken_message_is_read_back_byte_for_byte(journal: Journal) -> None:
    """Bytes that are no text included."""
    entry = await add(journal)
    assert await journal.raw(entry.id) == RAW
    assert await journal.get(entry.id) == entry
    assert (entry.state, entry.has_bytes, entry.references) == (
        State.TAKEN,
        True,
        ("<q0@shop.example>", "<q1@shop.example>"),
    )


async def test_every_field_survives_a_move(journal: Journal) -> None:
    """What a move writes is what the entry says afterwards."""
    written = {
        "claimed": True,
        "place": Place("Coolmail/Held", 9, 4),
        "override": True,
        "report": hot_report(),
        "verdict": "hold",
        "reasons": ("blames the reader (1 sentence)",),
        "hold_until": NOW + 24 * HOUR,
        "continues": "abcd",
        "attempts": 3,
        "next_attempt_at": NOW + HOUR,
        "first_attempt_at": NOW - HOUR,
        "stage": Stage.RECIPIENTS,
        "server_reply": "451 later",
        "refused": (("no@shop.example", "550 unknown"),),
        "accepted": ("bo@shop.example",),
        "decision": Decision.RELEASE,
        "note_id": "<note@studio.example>",
        "note_kind": "held",
        "suggestion_id": "<call@studio.example>",
        "reminded_at": NOW,
        "source": Place("Drafts", 2, 3),
        "recipients": ("a@b.example", "c@d.example"),
    }
    entry = await bring(journal, await add(journal), State.SCORED, **written)
    assert {name: getattr(entry, name) for name in written} == written


async def test_a_place_can_be_forgotten(journal: Journal) -> None:
    """None goes in, None comes out."""
    entry = await bring(journal, await add(journal), State.SCORED, place=Place("Coolmail/Sending", 1, 1))
    assert await journal.change(entry.id, State.SCORED, now=NOW, place=None)
    found = await journal.get(entry.id)
    assert found is not None
    assert found.place is None


async def test_references_can_be_changed(journal: Journal) -> None:
    """The field whose column has another name is no exception."""
    entry = await add(journal)
    assert await journal.change(entry.id, State.TAKEN, now=NOW, references=("<r@x.example>",))
    found = await journal.get(entry.id)
    assert found is not None
    assert found.references == ("<r@x.example>",)


async def test_times_are_utc_whatever_zone_they_came_in(journal: Journal) -> None:
    """Another zone's clock is the same moment."""
    entry = await add(journal, now=NOW.astimezone(timezone(timedelta(hours=5, minutes=45))))
    assert entry.taken_at == NOW
    assert entry.taken_at.tzinfo is UTC


async def test_a_time_without_zone_is_refused(journal: Journal) -> None:
    """It would hide a mistake."""
    with pytest.raises((JournalError, ValueError), match="without zone"):
        await try_add(journal, now=datetime(2025, 11, 24, 12))  # noqa: DTZ001 - the mistake itself


async def test_ids_are_easy_to_read_aloud(journal: Journal) -> None:
    """Four letters, none that looks like another."""
    entry = await add(journal)
    assert len(entry.id) == 4
    assert set(entry.id) <= set(ALPHABET)
    assert not set("01lio") & set(ALPHABET)


async def test_nothing_is_found_by_an_id_that_is_not_there(journal: Journal) -> None:
    """None, no error."""
    assert await journal.get("zzzz") is None
    assert await journal.raw("zzzz") is None
    assert await journal.events("zzzz") == []


async def test_the_database_itself_refuses_a_second_unfinished_entry(journal: Journal, path: Path) -> None:
    """The partial unique index stands behind `add`."""
    await add(journal)
    with closing(sqlite3.connect(path)) as raw, pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        raw.execute("INSERT INTO message SELECT 'xxxx', " + _columns_but_id() + " FROM message")


def _columns_but_id() -> str:
    return ", ".join(column.name for column in table_of(MessageRow).columns if column.name != "id")


async def test_an_event_needs_its_message(journal: Journal, path: Path) -> None:
    """Foreign keys are on in every connection of the journal."""
    for work in (journal.file.read, journal.file.write):
        assert await work(lambda connection: connection.exec_driver_sql("PRAGMA foreign_keys").scalar()) == 1


# -- finding


async def test_find_takes_the_beginning_of_an_id_in_any_case(journal: Journal) -> None:
    """Unfinished ones first."""
    done = await bring(journal, await add(journal, 1), State.CANCELLED)
    waits = await add(journal, 2)
    assert [entry.id for entry in await journal.find(done.id[:3].upper())] == [done.id]
    both = {done.id, waits.id}
    if done.id[0] == waits.id[0]:
        assert {entry.id for entry in await journal.find(done.id[0])} == both


@pytest.mark.parametrize("prefix", ["", "%", "_", "a%", "ab cd", "'; --", "é", "\0", "*"])
async def test_find_knows_no_wildcards_and_no_empty_beginning(journal: Journal, prefix: str) -> None:
    """What is no id names nothing: an empty variable in a script must not mean "the only message there is"."""
    await add(journal)
    assert await journal.find(prefix) == []


async def test_active_are_the_unfinished_of_one_account_oldest_first(journal: Journal) -> None:
    """What the daemon asks about at every sweep."""
    new = await add(journal, 1, now=NOW + HOUR)
    old = await add(journal, 2, now=NOW)
    await add(journal, 3, account="home")
    await add(journal, 4, state=State.FILED)
    assert [entry.id for entry in await journal.active("work")] == [old.id, new.id]


async def test_lists_are_by_deadline_then_by_age(journal: Journal) -> None:
    """What goes out first stands first."""
    late = await add(journal, 1, state=State.HELD, hold_until=NOW + 9 * HOUR)
    soon = await add(journal, 2, state=State.HELD, hold_until=NOW + 2 * HOUR)
    review = await add(journal, 3, state=State.REVIEW)
    found = await journal.in_state(State.HELD, State.REVIEW)
    assert [entry.id for entry in found] == [review.id, soon.id, late.id]


async def test_known_lists_every_version_of_a_message_id_newest_first(journal: Journal) -> None:
    """Finished ones too."""
    old = await add(journal, state=State.CANCELLED, now=NOW)
    new = await add(journal, now=NOW + HOUR)
    assert [entry.id for entry in await journal.known("work", "<m1@studio.example>")] == [new.id, old.id]


async def test_withdrawn_lists_those_since_a_moment(journal: Journal) -> None:
    """A hold goes on for a while, not for ever."""
    await add(journal, 1, state=State.WITHDRAWN, now=NOW - 100 * HOUR)
    recent = await add(journal, 2, state=State.WITHDRAWN, now=NOW - HOUR)
    assert [entry.id for entry in await journal.withdrawn("work", NOW - 72 * HOUR)] == [recent.id]


async def test_recent_is_newest_first_and_limited(journal: Journal) -> None:
    """Whatever the state."""
    entries = [await add(journal, number, now=NOW + number * HOUR) for number in range(3)]
    assert [entry.id for entry in await journal.recent(2)] == [entries[2].id, entries[1].id]


# -- moving


async def test_a_move_from_the_wrong_state_changes_nothing(journal: Journal) -> None:
    """Another program was quicker: False, and the entry and its events are as they were."""
    entry = await add(journal)
    assert not await journal.move(entry.id, State.SCORED, State.HELD, now=NOW, what="held", verdict="hold")
    assert await journal.get(entry.id) == entry
    assert len(await journal.events(entry.id)) == 1


async def test_an_illegal_move_is_a_fault_of_ours(journal: Journal) -> None:
    """It raises before anything is written."""
    entry = await add(journal)
    with pytest.raises(IllegalMoveError):
        await journal.move(entry.id, State.TAKEN, State.FILED, now=NOW, what="")
    assert await journal.get(entry.id) == entry


async def test_every_move_leaves_an_event(journal: Journal) -> None:
    """The history is the way of the message."""
    entry = await bring(journal, await add(journal), State.FILED)
    states = [event.state for event in await journal.events(entry.id)]
    assert states == [
        State.TAKEN, State.SCORED, State.HELD, State.DUE, State.SUBMITTING, State.SUBMITTED, State.FILED,
    ]  # fmt: skip


async def test_a_change_in_another_state_changes_nothing(journal: Journal) -> None:
    """`change` is compare-and-set as well."""
    entry = await add(journal)
    assert not await journal.change(entry.id, State.HELD, now=NOW, what="extended", hold_until=NOW)
    assert await journal.get(entry.id) == entry


# -- retention


async def test_purge_removes_content_and_keeps_history(journal: Journal) -> None:
    """Bytes, own text and report go; that there was a mail, and what happened to it, stays."""
    entry = await bring(journal, await add(journal), State.SCORED, report=hot_report())
    entry = await bring(journal, entry, State.CANCELLED)
    events = await journal.events(entry.id)
    assert await journal.purge(NOW + HOUR) == 1
    found = await journal.get(entry.id)
    assert found is not None
    assert (found.has_bytes, found.own_text, found.report, found.subject) == (False, "", None, "Re: The invoice")
    assert await journal.raw(entry.id) is None
    assert await journal.events(entry.id) == events
    assert await journal.purge(NOW + HOUR) == 0


async def test_purge_overwrites_what_it_removes(journal: Journal, path: Path) -> None:
    """Content is not left lying in free pages of the file, nor in its write-ahead log."""
    secret = b"only-in-this-mail" * 400
    entry = await bring(journal, await add(journal, raw=secret), State.CANCELLED)
    await journal.purge(NOW + HOUR)
    files = await asyncio.to_thread(lambda: [file.read_bytes() for file in path.parent.iterdir()])
    assert not any(b"only-in-this-mail" in content for content in files)
    content = await asyncio.to_thread(path.read_bytes)
    assert entry.id.encode() in content


async def test_purge_while_another_program_reads(journal: Journal, path: Path) -> None:
    """A reader keeps the write-ahead log from being emptied; that is left for the next time, and nobody waits long."""
    await bring(journal, await add(journal, raw=b"only-in-this-mail" * 400), State.CANCELLED)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM message").fetchone()
        async with asyncio.timeout(20):
            assert await journal.purge(NOW + HOUR) == 1
    assert await journal.purge(NOW + HOUR) == 0
    wal = path.with_name(path.name + "-wal")
    assert b"only-in-this-mail" not in await asyncio.to_thread(wal.read_bytes)


@pytest.mark.parametrize("state", sorted(ACTIVE))
async def test_an_unfinished_message_is_never_purged(journal: Journal, state: State) -> None:
    """However old: nothing is lost."""
    entry = await add(journal, state=state)
    assert await journal.purge(NOW + timedelta(days=9999)) == 0
    assert await journal.raw(entry.id) == RAW


async def test_a_recently_finished_message_is_not_purged(journal: Journal) -> None:
    """It stays restorable for its time."""
    await add(journal, state=State.CANCELLED, now=NOW)
    assert await journal.purge(NOW) == 0


# -- signs of life


async def test_the_version_changes_with_any_other_programs_commit(path: Path) -> None:
    """That is how the daemon notices the command line within a moment."""
    async with Journal.open(path) as daemon, Journal.open(path) as command:
        entry = await add(daemon)
        before = daemon.version()
        assert daemon.version() == before
        await command.change(entry.id, State.TAKEN, now=NOW, hold_until=NOW)
        assert daemon.version() != before


async def test_attention_shows_what_the_command_line_changed(journal: Journal) -> None:
    """A decision or another deadline; nothing of what is finished for good."""
    entry = await bring(journal, await add(journal), State.HELD, hold_until=NOW)
    await add(journal, 2, state=State.FILED)
    assert await journal.attention("work") == {(entry.id, None, NOW)}
    await journal.change(entry.id, State.HELD, now=NOW, hold_until=NOW + HOUR)
    assert await journal.attention("work") == {(entry.id, None, NOW + HOUR)}


async def test_the_drafts_met_first_are_remembered_by_uidvalidity(journal: Journal) -> None:
    """Not met is not the same as nothing to leave alone."""
    assert await journal.met("work", "Drafts", 1) is None
    await journal.set_met("work", "Drafts", 1, [])
    assert await journal.met("work", "Drafts", 1) == frozenset()
    await journal.set_met("work", "Drafts", 1, [(7, True), (8, False)])
    assert await journal.met("work", "Drafts", 1) == {(7, True), (8, False)}
    assert await journal.met("work", "Drafts", 2) is None


async def test_an_accounts_state_says_since_when(journal: Journal) -> None:
    """Other words for the same trouble do not restart it."""
    await journal.set_account("work", "retrying", "no route", NOW)
    await journal.set_account("work", "retrying", "refused", NOW + HOUR)
    (status,) = await journal.accounts()
    assert (status.state, status.detail, status.since) == ("retrying", "refused", NOW)
    await journal.set_account("work", "ready", "", NOW + 2 * HOUR)
    (status,) = await journal.accounts()
    assert status.since == NOW + 2 * HOUR


async def test_a_sign_of_life_is_taken_back_only_by_its_own_process(journal: Journal) -> None:
    """A daemon that ends late does not hide the one that runs."""
    await journal.sign_of_life(100, NOW, NOW)
    await journal.sign_of_life(200, NOW, NOW + HOUR, "hello")
    await journal.no_sign_of_life(100)
    status = await journal.daemon()
    assert status is not None
    assert (status.pid, status.notice) == (200, "hello")
    await journal.no_sign_of_life(200)
    assert await journal.daemon() is None


async def test_an_interrupted_transaction_leaves_nothing(journal: Journal) -> None:
    """Either the row and its event, or neither."""
    entry = await add(journal)

    def half(connection: Connection) -> None:
        connection.execute(update(table_of(MessageRow)).values(subject="x"))
        connection.execute(insert(table_of(MessageRow)).values(id=entry.id))

    with pytest.raises(JournalError):
        await journal.file.write(half)
    assert await journal.get(entry.id) == entry


async def test_reading_does_not_wait_for_who_writes(journal: Journal) -> None:
    """A writer may wait ten seconds for another program; what is on the disk can be read meanwhile, and the loop goes on."""
    entry = await add(journal)
    began, go_on = threading.Event(), threading.Event()

    def work(connection: Connection) -> bool:
        connection.execute(update(table_of(MessageRow)).values(subject="new"))
        began.set()
        return go_on.wait(20)

    writing = asyncio.create_task(journal.file.write(work))
    await asyncio.to_thread(began.wait, 20)
    assert await journal.active("work") == [entry]
    assert not writing.done()
    go_on.set()
    assert await writing
    (now,) = await journal.active("work")
    assert now.subject == "new"


async def test_opening_does_not_stop_the_loop(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading the whole of a large file takes seconds: other work goes on, or this would wait for ever."""
    went_on = threading.Event()

    def large(path: Path) -> str | None:
        assert went_on.wait(20)
        return quick_check(path)

    monkeypatch.setattr(engine, "quick_check", large)
    asyncio.get_running_loop().call_soon(went_on.set)
    async with Journal.open(path) as journal:
        assert await journal.active("work") == []
