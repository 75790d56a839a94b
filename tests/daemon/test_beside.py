"""Calls are prepared beside the sweep: a calendar server that is silent delays the note about a hold, and nothing else."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from coolmail.calls.keeping import from_json
from coolmail.core.entry import Entry
from coolmail.core.settings import CallRules, Secret
from coolmail.core.states import Decision, State
from coolmail.core.talk import Preparation
from coolmail.daemon import beside
from tests.daemon.test_holding import HELD, OUTBOX
from tests.daemon.test_preparing import DAILY, children
from tests.daemon.world import HEATED, World, letter
from tests.servers.radicale import PASSWORD, Radicale


@pytest.fixture
def silent(dovecot_world: World, radicale: Radicale, monkeypatch: pytest.MonkeyPatch) -> Iterator[Radicale]:
    """A calendar server that takes connections and says nothing, for a minute each time it is asked."""
    user = radicale.user()
    user.calendar("Work", DAILY)
    monkeypatch.setenv("COOLMAIL_TEST_DAV", PASSWORD)
    account = replace(user.dav(timeout=60), secret=Secret(environment="COOLMAIL_TEST_DAV"))
    dovecot_world.settings = replace(dovecot_world.settings, calls=CallRules(country="DK", caldav=account))
    radicale.pause()
    yield radicale
    radicale.go_on()


async def hold(world: World, *subjects: str) -> list[Entry]:
    """Declare heated mails ready, one after the other; return them as they are held."""
    entries = []
    for subject in subjects:
        thread = f"<{subject}@client.example>"
        await world.save(OUTBOX, letter(HEATED, subject=f"Re: {subject}", in_reply_to=thread), "\\Draft", "\\Seen")
        entries.append(await world.reaches(State.HELD, subject))
    return entries


async def told(world: World) -> list[str]:
    """Return the kinds of notes that were written about what is held."""
    return [entry.note_kind for entry in await world.journal.in_state(State.HELD) if entry.note_kind]


async def test_what_is_held_sent_or_taken_back_does_not_wait_for_a_calendar(
    dovecot_world: World, silent: Radicale
) -> None:
    """While the note about the first waits, others are held, released, withdrawn, and calm mail goes out."""
    world = dovecot_world
    before = children()
    await world.start()
    await hold(world, "logo")

    async def asks() -> bool:
        return bool(children() - before)

    await world.until(asks)
    _, wanted, _ = await hold(world, "offer", "invoice", "poster")
    await world.save(OUTBOX, letter(subject="Re: calm", in_reply_to="<calm@client.example>"), "\\Draft", "\\Seen")
    await world.reaches(State.FILED, "calm")
    assert await world.decide(wanted, Decision.RELEASE)
    await world.reaches(State.FILED, "invoice")
    await world.drag(HELD, "Drafts", "poster")
    await world.reaches(State.WITHDRAWN, "poster")
    assert await told(world) == []
    assert await world.messages("INBOX") == {}
    assert len(world.sink.accepted) == 2


async def test_the_note_comes_when_the_calendar_was_read(dovecot_world: World, silent: Radicale) -> None:
    """With its times, and the suggestion with it."""
    world = dovecot_world
    await world.start()
    await hold(world, "logo")
    await world.swept()
    assert await told(world) == []
    silent.go_on()
    await world.until(lambda: told(world))
    (entry,) = await world.journal.in_state(State.HELD)
    assert len(await world.messages("INBOX")) == 1
    assert len(await world.messages("Drafts")) == 1
    assert entry.suggestion_id is not None
    talk = await world.journal.talk(entry.id)
    assert talk is not None
    kept = from_json(talk.found)
    assert kept is not None
    assert kept.slots
    assert all(slot.start.hour >= 13 for slot in kept.slots)


async def test_the_deadline_does_not_wait_for_the_note(dovecot_world: World, silent: Radicale) -> None:
    """A message whose time has come goes out, once, told of or not."""
    world = dovecot_world
    await world.start()
    await hold(world, "logo")
    await world.swept()
    assert await told(world) == []
    world.skip(timedelta(hours=49))
    await world.reaches(State.FILED)
    assert len(world.sink.accepted) == 1


async def test_two_at_once_none_outlives_the_daemon_and_nothing_is_made_twice(
    dovecot_world: World, silent: Radicale
) -> None:
    """Three are held, two processes ask; after a stop in the middle each has one note and one suggestion."""
    world = dovecot_world
    before = children()
    await world.start()
    most = 0
    await hold(world, "logo", "offer", "poster")

    async def asked() -> bool:
        nonlocal most
        most = max(most, len(children() - before))
        return most >= 2

    await world.until(asked)
    for _ in range(3):
        await world.swept()
        assert len(children() - before) == 2
    await world.stop()
    assert children() == before
    silent.go_on()
    await world.start()

    async def all_told() -> bool:
        return await told(world) == ["held", "held", "held"]

    await world.until(all_told)
    await world.swept()
    assert len(await world.messages("INBOX")) == 3
    assert len(await world.messages("Drafts")) == 3


async def test_a_fault_of_ours_is_told_once_and_the_note_is_written_without(
    dovecot_world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No restart of the account's service, no second attempt, a remark in the note."""

    async def broken(*_: object) -> Preparation:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(beside, "prepare", broken)
    world = dovecot_world
    with caplog.at_level(logging.WARNING, "coolmail.daemon"):
        await world.start()
        await hold(world, "logo")
        await world.until(lambda: told(world))
        await world.swept()
    (record,) = caplog.records
    assert "a fault of ours" in str(record.exc_info)
    (note,) = (await world.messages("INBOX")).values()
    assert b"not looked for to the end" in note.replace(b"=\r\n", b"").replace(b"\r\n", b" ")


async def test_what_takes_too_long_is_left_out(
    dovecot_world: World, silent: Radicale, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The note comes after `PATIENCE`, and says so."""
    monkeypatch.setattr(beside, "PATIENCE", 2.0)
    world = dovecot_world
    before = children()
    await world.start()
    await hold(world, "logo")
    await world.until(lambda: told(world))
    (note,) = (await world.messages("INBOX")).values()
    assert b"it took longer than 2 s" in note.replace(b"=\r\n", b"").replace(b"\r\n", b" ")
    assert children() == before
