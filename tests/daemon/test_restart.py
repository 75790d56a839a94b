"""Restarts, lost journals, lost mailboxes, servers that are down, two computers: nothing is lost, nothing is sent twice."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

from coolmail.core.settings import Secret
from coolmail.core.states import State
from coolmail.daemon import service
from coolmail.journal import Journal
from tests.daemon.test_holding import held
from tests.daemon.world import HEATED, World, letter, question
from tests.servers.dovecot import free_port

OUTBOX, HELD, REVIEW, SENDING = "Coolmail/Outbox", "Coolmail/Held", "Coolmail/Review", "Coolmail/Sending"


async def test_a_hold_goes_on_after_a_restart(world: World) -> None:
    """A held message keeps its deadline over a restart, and is sent once after it."""
    await held(world)
    (before,) = await world.journal.in_state(State.HELD)
    await world.stop()
    await world.start()
    (after,) = await world.journal.in_state(State.HELD)
    assert after.hold_until == before.hold_until
    world.skip(timedelta(hours=49))
    await world.reaches(State.FILED)
    assert len(world.sink.accepted) == 1


async def test_the_deadline_passed_while_the_daemon_was_down(world: World) -> None:
    """A deadline that passed while the computer was off is late, once."""
    await held(world)
    await world.stop()
    world.skip(timedelta(hours=60))
    await world.start()
    await world.reaches(State.FILED)
    await world.swept(1)
    assert len(world.sink.accepted) == 1


async def test_a_clock_set_back_never_sends_early(world: World) -> None:
    """After the clock was set back, the message waits until the deadline on the clock."""
    await held(world)
    world.skip(-timedelta(days=2))
    await world.swept()
    assert world.sink.accepted == []
    world.skip(timedelta(days=2) + timedelta(hours=49))
    await world.reaches(State.FILED)
    assert len(world.sink.accepted) == 1


async def test_a_lost_journal_is_rebuilt_from_the_mailboxes(world: World) -> None:
    """With a new journal, a message in Held is adopted and held anew from now; it is not sent early and not lost."""
    await held(world)
    await world.stop()
    world.journal_file = world.journal_file.with_name("new.sqlite3")
    world.skip(timedelta(hours=10))
    await world.start()
    entry = await world.reaches(State.HELD)
    assert entry.hold_until is not None
    assert entry.hold_until - world.now() > timedelta(hours=23)
    assert world.sink.accepted == []
    world.skip(timedelta(hours=49))
    await world.reaches(State.FILED)
    assert len(world.sink.accepted) == 1


async def test_cancelled_while_the_daemon_was_down(world: World) -> None:
    """A held message deleted while the daemon was down is cancelled at its start, even past its deadline."""
    await held(world)
    await world.stop()
    await world.delete(HELD)
    world.skip(timedelta(hours=49))
    await world.start()
    await world.reaches(State.CANCELLED)
    assert world.sink.accepted == []


async def test_a_deleted_mailbox_is_restored_from_the_journal(dovecot_world: World) -> None:
    """If the mailbox Held itself is deleted, nobody cancelled anything: its mail comes back in Review."""
    world = dovecot_world
    await held(world)
    (entry,) = await world.journal.in_state(State.HELD)
    await world.client.protocol.simple_command("DELETE", world.client.mailbox(HELD))
    await world.reaches(State.REVIEW)

    async def back() -> bool:
        return list((await world.messages(REVIEW)).values()) == [await world.journal.raw(entry.id)]

    await world.until(back)
    assert world.sink.accepted == []


async def test_an_unknown_message_in_sending_goes_to_review(world: World) -> None:
    """A message in Sending that nobody here claimed is left alone at first, then a human decides; it is never sent."""
    world.settings = replace(world.settings, queue=replace(world.settings.queue, stuck_after=timedelta(seconds=2)))
    await world.start()
    await world.save(SENDING, letter())
    await world.swept(1)
    assert len(await world.messages(SENDING)) == 1
    await world.reaches(State.REVIEW)

    async def moved() -> bool:
        return len(await world.messages(REVIEW)) == 1 and not await world.messages(SENDING)

    await world.until(moved)
    assert world.sink.accepted == []


async def test_a_server_that_is_down_at_the_start(world: World) -> None:
    """The daemon keeps trying, says so in the status, and goes on when the server is there."""
    right = world.settings.accounts[0]
    down = replace(right, imap=replace(right.imap, port=free_port()))
    world.settings = replace(world.settings, accounts=(down,))
    await world.start()
    (account,) = await world.journal.accounts()
    assert account.state == "retrying"
    assert str(down.imap.port) in account.detail or "refused" in account.detail.lower()


async def test_a_wrong_password_is_not_hammered(dovecot_world: World) -> None:
    """A refused login is said in the status and not tried again at once; the other account works on."""
    world = dovecot_world
    right = world.settings.accounts[0]
    locked = replace(
        right, name="locked", imap=replace(right.imap, username="quote@maildir", secret=Secret(password="wrong"))
    )
    world.settings = replace(world.settings, accounts=(right, locked))
    await world.start()

    async def refused() -> bool:
        return {a.name: a.state for a in await world.journal.accounts()} == {"work": "ready", "locked": "refused"}

    await world.until(refused)
    await world.save(OUTBOX, letter())
    await world.reaches(State.FILED)
    (locked_status,) = [account for account in await world.journal.accounts() if account.name == "locked"]
    assert locked_status.state == "refused"


async def test_two_computers_send_once_and_tell_once(world: World) -> None:
    """Two daemons with a journal each on one mailbox: one mail, one note, one suggestion, one Sent copy."""
    async with AsyncExitStack() as stack:
        other = await stack.enter_async_context(Journal.open(world.journal_file.with_name("other.sqlite3")))
        await world.save("INBOX", question())
        await world.start()
        second = asyncio.create_task(service.run(world.settings, other, world.judge, clock=world.now))
        try:
            await world.save(OUTBOX, letter(subject="calm", in_reply_to=None))
            await world.sink.wait_for(1)
            await world.save(OUTBOX, letter(HEATED))

            async def everybody_knows() -> bool:
                ours, theirs = await world.journal.in_state(State.HELD), await other.in_state(State.HELD)
                return len(ours) == len(theirs) == 1 and all(e.note_kind == "held" for e in (*ours, *theirs))

            await world.until(everybody_knows)
            assert len([s for s in await world.subjects("INBOX") if s.startswith("Waiting")]) == 1
            assert len(await world.messages("Drafts")) == 1
            world.skip(timedelta(hours=50))
            async with asyncio.timeout(60):
                await world.sink.wait_for(2)
            await world.swept(3)
            assert len(world.sink.accepted) == 2
            assert sorted(await world.subjects("Sent")) == ["Re: The new logo", "calm"]
            assert await world.messages(HELD) == {}
            logos = [e for journal in (world.journal, other) for e in await journal.recent() if "logo" in e.subject]
            states = [str(entry.state) for entry in logos]
            assert states.count("filed") == 1
            assert set(states) <= {"filed", "elsewhere"}
        finally:
            second.cancel()
            await asyncio.gather(second, return_exceptions=True)
