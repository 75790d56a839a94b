"""The call instead, from end to end: a heated reply goes in; a note, a draft and an invitation come out, and a real mail client shows them."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from icalendar import Calendar

from coolmail.calls.suggestion import LetterKind
from coolmail.cli import talks
from coolmail.core.entry import Entry
from coolmail.core.settings import WorkingHours
from coolmail.core.states import State
from coolmail.daemon.zone import zone_of
from coolmail.mail.message import read_draft
from tests.daemon.test_holding import OUTBOX
from tests.daemon.world import ANNA, BOB, HEATED, World, letter, with_hold

COMPLAINT = (
    "Hi Anna,\r\n\r\nThe logo is still wrong, and I have been waiting for a week. You promised me a new version by Monday.\r\n"
    "Please send it before Friday.\r\n\r\nKind regards\r\nBob Berg\r\nBerg Ltd, London\r\nTel. +44 20 7946 0123\r\nFax +44 20 7946 0124\r\n"
)
"""What the client wrote. The number is one of those set aside for drama."""


async def held(world: World) -> Entry:
    """Bring a heated answer to the complaint to where it is held and told. The user is in Copenhagen, the client in London."""
    with_hold(world, working_hours=WorkingHours(0, 24 * 60, frozenset(range(1, 8)), "Europe/Copenhagen"))
    wrote = {
        "subject": "The new logo",
        "sender": f"Bob Berg <{BOB}>",
        "to": f"Anna <{ANNA}>",
        "message_id": "<question@client.example>",
    }
    await world.save("INBOX", letter(COMPLAINT, in_reply_to=None, **wrote))
    await world.start()
    await world.save(OUTBOX, letter(HEATED, to=f"Bob Berg <{BOB}>"), "\\Draft", "\\Seen")

    async def told() -> bool:
        return any(entry.note_kind == "held" for entry in await world.journal.in_state(State.HELD))

    await world.until(told, within=120)
    (entry,) = await world.journal.in_state(State.HELD)
    return entry


async def about(world: World, entry: Entry) -> talks.Talking:
    """Return what the command line has before it: the journal alone."""
    return await talks.talking(world.journal, world.settings, entry, now=world.now(), zone=zone_of(world.settings))


async def carried_out(world: World) -> None:
    """Wait until the daemon has done what was asked."""

    async def nothing_left() -> bool:
        return not await world.journal.errands("work")

    await world.until(nothing_left)


def part(message: EmailMessage, kind: str) -> str:
    """Return one part of a message as text."""
    found = message.get_body((kind,))
    assert found is not None
    return str(found.get_content())


async def drafts(world: World) -> dict[str, EmailMessage]:
    """Return the drafts by what our Message-ID says they are."""
    found = [message_from_bytes(raw, policy=SMTP) for raw in (await world.messages("Drafts")).values()]
    return {str(message["Message-ID"]).split(".")[1]: message for message in found}  # type: ignore[misc]


class Terminal:
    """A terminal that is read as a person sees it: tmux under a socket of its own."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    async def tmux(self, *arguments: str) -> str:
        """Give tmux a command."""
        command = ["tmux", "-u", "-S", str(self._socket), "-f", "/dev/null", *arguments]
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, timeout=60, check=False)
        return done.stdout.decode()

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self.tmux("send-keys", *keys)

    async def shows(self, *texts: str) -> str:
        """Wait until all texts are on the screen; return the screen."""
        screen = ""
        try:
            async with asyncio.timeout(60):
                while not all(text in screen for text in texts):
                    await asyncio.sleep(0.1)
                    screen = await self.tmux("capture-pane", "-p")
        except TimeoutError:
            raise AssertionError(f"not all of {texts} are on the screen:\n{screen}") from None
        return screen


@contextlib.asynccontextmanager
async def mutt(world: World, mailbox: str, folder: Path) -> AsyncIterator[Terminal]:
    """Open a mailbox of the world in mutt, on a terminal of its own."""
    (account,) = world.settings.accounts
    (folder / "muttrc").write_text(
        f'set imap_user="{account.imap.username}"\nset imap_pass="{account.imap.secret.password}"\n'
        f"set folder={folder}\nset ssl_starttls=no\nset ssl_force_tls=no\nset imap_authenticators=plain\n"
        "set charset=utf-8\nset sort=mailbox-order\nset wrap=100\n"
    )
    url = f"imap://{account.imap.host}:{account.imap.port}/{mailbox}"
    terminal = Terminal(folder / mailbox)
    await terminal.tmux(
        "new-session", "-d", "-x", "120", "-y", "45", f"LANG=C.UTF-8 mutt -n -R -F {folder}/muttrc -f '{url}'"
    )
    try:
        yield terminal
    finally:
        await terminal.tmux("kill-server")


async def test_note_draft_and_invitation(dovecot_world: World) -> None:
    """The number of the client's own signature is in the note, times are in both, the invitation is for the time that was chosen."""
    world = dovecot_world
    entry = await held(world)
    (note,) = [
        message_from_bytes(raw, policy=SMTP)
        for raw in (await world.messages("INBOX")).values()
        if b"Waiting until" in raw
    ]
    assert isinstance(note, EmailMessage)
    assert 'href="tel:+442079460123"' in part(note, "html")
    for text in (part(note, "html"), part(note, "plain")):
        assert "+44 20 7946 0123" in text
        assert "7946 0124" not in text
        assert "The logo is still wrong, and I have been waiting for a week." in text
        assert "Please send it before Friday." in text
        assert "their time" in text
    alternative = (await drafts(world))["call"]
    assert "your time" in part(alternative, "plain")

    told = await about(world, entry)
    assert [number.e164 for number in told.found.numbers] == ["+442079460123"]
    act = await talks.invite(world.journal, told, told.found.slots[1])
    assert act.done
    await carried_out(world)
    invitation = (await drafts(world))["invitation"]
    (file,) = invitation.iter_attachments()
    (event,) = Calendar.from_ical(file.get_payload(decode=True)).events
    assert event["DTSTART"].dt == told.found.slots[1].start
    assert event["ATTENDEE"] == f"mailto:{BOB}"
    (still,) = await world.journal.in_state(State.HELD)
    assert not still.frozen
    reports = await world.judge.judge(
        [read_draft(draft.as_bytes()).own_text.text for draft in (await drafts(world)).values()]
    )
    assert not any(report.level.held for report in reports)


async def test_an_invitation_from_outbox_goes_out_with_its_calendar(dovecot_world: World) -> None:
    """Judged like every mail, and calm: the server gets the parts as they were written; the heated mail still waits."""
    world = dovecot_world
    told = await about(world, await held(world))
    await talks.invite(world.journal, told, told.found.slots[0], outbox=True)
    (errand,) = await world.journal.errands_about(told.entry.id)

    async def sent() -> bool:
        return len(world.sink.accepted) == 1

    await world.until(sent, within=120)
    (accepted,) = world.sink.accepted
    body = errand.raw.partition(b"\r\n\r\n")[2]
    assert accepted.content.endswith(body)
    assert list(accepted.recipients) == [BOB]
    assert len(await world.journal.in_state(State.HELD)) == 1


async def test_after_the_call_nothing_waits_any_more(dovecot_world: World) -> None:
    """The mail is out of Held and restorable, the note is gone, the letter after the call lies in Drafts."""
    world = dovecot_world
    told = await about(world, await held(world))
    acts = await talks.called(world.journal, told, note="friendly")
    assert all(act.done for act in acts)
    entry = await world.reaches(State.CANCELLED)
    assert entry.has_bytes
    await carried_out(world)
    assert await world.messages("Coolmail/Held") == {}
    assert await world.subjects("INBOX") == ["The new logo"]
    discussed = (await drafts(world))[LetterKind.DISCUSSED.value]
    assert "As discussed" in part(discussed, "plain")
    assert world.sink.accepted == []


@pytest.mark.skipif(not (shutil.which("mutt") and shutil.which("tmux")), reason="mutt and tmux are not installed")
async def test_a_real_mail_client_shows_them(dovecot_world: World, tmp_path: Path) -> None:
    """mutt, on the server: the note with the number, the draft, and the invitation with its calendar parts."""
    world = dovecot_world
    told = await about(world, await held(world))
    await talks.invite(world.journal, told, told.found.slots[0])
    await carried_out(world)
    day = f"{told.found.slots[0].start:%A}"
    async with mutt(world, "INBOX", tmp_path) as terminal:
        await terminal.shows("The new logo", "Waiting until")
        await terminal.press("*", "Enter")
        await terminal.shows("Your mail to", "A call instead", "+44 20 7946 0123")
    async with mutt(world, "Drafts", tmp_path) as terminal:
        await terminal.shows("Re: The new logo")
        await terminal.press("=", "Enter")
        await terminal.shows(
            "Subject: Re: The new logo", f"To: Bob Berg <{BOB}>", "I think it is easier to talk than to write.", day
        )
        await terminal.press("q", "*", "Enter")
        await terminal.shows("Here is an invitation to a call on")
        await terminal.press("v")
        await terminal.shows("text/plain", "text/calendar", "invite.ics", "applica/ics")
