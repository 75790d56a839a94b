"""What a call needs is found in the mail that lies on the server, and nothing that fails there keeps a message from being held."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from coolmail.calls.finding import Material
from coolmail.calls.keeping import from_json
from coolmail.core.entry import Entry
from coolmail.core.settings import Account, CallRules, Dav, Secret, Server, Settings, Tls, WorkingHours
from coolmail.core.states import State
from coolmail.core.talk import Letter, Number, Preparation
from coolmail.daemon import apart, preparing
from coolmail.daemon.apart import Lookup, LookupFailedError, look_up, look_up_apart
from coolmail.daemon.beside import AT_ONCE, Beside
from coolmail.daemon.boxes import prepare as prepare_boxes
from coolmail.daemon.desk import Desk
from coolmail.daemon.preparing import NOT_LOOKED, from_journal_alone, prepare
from coolmail.daemon.service import zone_of
from coolmail.mail.imap.errors import ConnectionLost
from coolmail.mail.imap.session import ImapSession
from tests.core.making import make_entry
from tests.daemon.test_holding import held
from tests.daemon.world import ANNA, BOB, HEATED, World, letter
from tests.servers.radicale import PASSWORD, Radicale
from tests.servers.waiting import until

SIGNED = (
    "Hej Anna\r\n\r\nHvor bliver logoet af?\r\n\r\nVenlig hilsen\r\nBob Berg\r\nBerg Byg ApS\r\nTlf. 33 12 34 56\r\nMobil 28 34 56 78\r\n"
    "Fax 33 12 34 57\r\n"
)

CARD = (
    "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:bob\r\nFN:Bob Berg\r\nN:Berg;Bob;;;\r\nEMAIL:bob@client.example\r\nTEL;TYPE=CELL:28 44 56 78\r\n"
    "END:VCARD\r\n"
)
DAILY = "BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260101T000000Z\r\nDURATION:PT13H\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT"
"""Busy until 13 o'clock UTC, every day."""
ENDLESS = "".join(
    [
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n",
        *(
            f"BEGIN:VEVENT\r\nUID:{number}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:19000101T000000Z\r\n"
            "RRULE:FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30\r\nEND:VEVENT\r\n"
            for number in range(100)
        ),
        "END:VCALENDAR\r\n",
    ]
)
"""Series without an occurrence: reckoning out that there is none takes seconds for each."""


def from_bob(body: str = SIGNED, *, number: int = 1, sender: str = f"Bob <{BOB}>", **changes: str) -> bytes:
    """Return an earlier mail of the client's."""
    values: dict[str, str | None] = {"in_reply_to": None, "message_id": f"<earlier{number}@client.example>", **changes}
    return letter(body, subject=f"The logo {number}", sender=sender, to=f"Anna <{ANNA}>", **values)  # type: ignore[arg-type]


async def desk_of(world: World) -> Desk:
    """Return a desk on the world's server, as the daemon has one."""
    (account,) = world.settings.accounts

    async def another() -> ImapSession:
        return await ImapSession.open(account.imap, account.imap.secret.password or "")

    session = await another()
    return Desk(
        account=account,
        settings=world.settings,
        journal=world.journal,
        session=session,
        boxes=await prepare_boxes(session, account),
        judge=world.judge,
        calls=Beside(asyncio.Semaphore(AT_ONCE), lambda: None),
        submit=None,  # type: ignore[arg-type] - nothing is sent here
        clock=world.now,
        zone=zone_of(world.settings),
        another_session=another,
    )


async def held_entry(world: World) -> Entry:
    """Bring a heated reply to where it is held, and stop the daemon's hands."""
    await held(world)
    (entry,) = await world.journal.in_state(State.HELD)
    return entry


async def found_for(world: World) -> Preparation:
    """Hold a heated reply and prepare the call instead of it."""
    entry = await held_entry(world)
    return await prepare(await desk_of(world), entry)


@pytest_asyncio.fixture
async def rules(world: World) -> AsyncIterator[World]:
    """A world in which user and client are known to be in Denmark."""
    world.settings = replace(world.settings, calls=CallRules(country="DK", countries=(("client.example", "DK"),)))
    yield world


async def test_the_numbers_in_the_clients_earlier_mail_are_found(rules: World) -> None:
    """In INBOX, by sender, whatever the thread; kept in the journal, read from there the second time."""
    await rules.save("INBOX", from_bob())
    entry = await held_entry(rules)
    desk = await desk_of(rules)
    found = await prepare(desk, entry)
    assert [number.e164 for number in found.numbers] == ["+4528345678", "+4533123456"]
    assert "signature of their mail of" in found.numbers[0].found
    assert len(found.slots) >= 2
    talk = await rules.journal.talk(entry.id)
    assert talk is not None
    assert from_json(talk.found) == found
    await rules.client.select("INBOX")
    for uid in await rules.client.search("FROM", BOB):
        await rules.client.expunge(uid)
    assert await prepare(desk, entry) == found


async def test_another_senders_number_is_not_taken(rules: World) -> None:
    """SEARCH finds substrings; the whole address counts."""
    await rules.save("INBOX", from_bob(sender=f"Rob <x{BOB}>"))
    found = await found_for(rules)
    assert found.numbers == ()
    assert any("No phone number" in remark for remark in found.remarks)


async def test_the_users_own_number_is_known_from_sent(rules: World) -> None:
    """The client wrote it into their text; the user's signature in Sent tells whose it is."""
    own = "Hi Bob\r\n\r\nHere it is.\r\n\r\nKind regards\r\nAnna\r\nTlf. 20 30 40 50\r\nanna@studio.example\r\n"
    await rules.save("Sent", letter(own, subject="Here", message_id="<sent@studio.example>"))
    await rules.save("INBOX", from_bob("I rang +45 20 30 40 50 and nobody answers.\r\n\r\nBob\r\nTlf. 33 12 34 56\r\n"))
    found = await found_for(rules)
    assert [number.e164 for number in found.numbers] == ["+4533123456"]


async def test_a_large_mail_is_read_from_its_beginning(rules: World) -> None:
    """Its text stands before its attachments; megabytes are not fetched."""
    attachment = "\r\n".join(["A" * 76] * 14_000)
    body = (
        "--=b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        + SIGNED
        + "\r\n--=b\r\nContent-Type: application/pdf\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n" + attachment + "\r\n--=b--\r\n"
    )
    raw = from_bob(body).replace(
        b"Content-Type: text/plain; charset=utf-8", b'Content-Type: multipart/mixed; boundary="=b"', 1
    )
    await rules.save("INBOX", raw)
    await rules.client.select("INBOX")
    (uid,) = await rules.client.search("FROM", BOB)
    assert await rules.client.fetch(uid, most=1000) == raw[:1000]
    found = await found_for(rules)
    assert [number.e164 for number in found.numbers] == ["+4528345678", "+4533123456"]


async def test_what_the_held_mail_quotes_is_read_where_the_clients_mail_is_gone(rules: World) -> None:
    """The last resort."""
    quoted = "".join(f"> {line}\r\n" for line in SIGNED.split("\r\n"))
    await rules.start()
    await rules.save(
        "Coolmail/Outbox", letter(f"{HEATED}\r\nDen 24.11.2026 skrev Bob:\r\n{quoted}"), "\\Draft", "\\Seen"
    )
    entry = await rules.reaches(State.HELD)
    found = await prepare(await desk_of(rules), entry)
    assert [number.e164 for number in found.numbers] == ["+4528345678", "+4533123456"]
    assert "that you quote" in found.numbers[0].found


async def test_an_archive_is_looked_through(dovecot_world: World) -> None:
    r"""A mailbox with the special use \\Archive."""
    await dovecot_world.client.create("Archive")
    await dovecot_world.save("Archive", from_bob(SIGNED.replace("28 34", "+45 28 34")))
    found = await found_for(dovecot_world)
    assert [number.e164 for number in found.numbers][:1] == ["+4528345678"]


# -- trouble


async def trouble(world: World, another: Callable[[], Awaitable[ImapSession]], **changes: object) -> Preparation:
    """Prepare a call while more connections are not to be had."""
    entry = await held_entry(world)
    await world.journal.set_talk(entry.id, found=None)  # what the daemon found when it told of the hold
    desk = replace(await desk_of(world), another_session=another)
    return await prepare(desk, entry)


async def test_a_server_that_allows_no_more_connections_costs_the_numbers_only(dovecot_world: World) -> None:
    """Slots all the same, and a remark with the server's words."""

    async def refused() -> ImapSession:
        raise ConnectionLost("Too many connections.")

    found = await trouble(dovecot_world, refused)
    assert found.slots
    assert "The client's earlier mail was not looked through: Too many connections." in found.remarks


async def test_a_server_that_does_not_answer_is_given_up(dovecot_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """After `PATIENCE`; the working connection is not harmed."""
    monkeypatch.setattr(preparing, "PATIENCE", 0.2)

    async def silent() -> ImapSession:
        await asyncio.sleep(60)
        raise AssertionError("it was waited for")

    found = await trouble(dovecot_world, silent)
    assert found.slots
    assert any("it took longer than" in remark for remark in found.remarks)


async def test_who_wants_no_mail_to_be_read_has_none_read(dovecot_world: World) -> None:
    """`letters: 0` asks for no connection."""
    dovecot_world.settings = replace(dovecot_world.settings, calls=CallRules(country="DK", letters=0))

    async def never() -> ImapSession:
        raise AssertionError("a connection was asked for")

    await dovecot_world.save("INBOX", from_bob())
    found = await trouble(dovecot_world, never)
    assert found.numbers == ()
    assert found.slots


async def test_times_that_have_passed_are_found_anew(dovecot_world: World) -> None:
    """A reminder comes a day later."""
    entry = await held_entry(dovecot_world)
    desk = await desk_of(dovecot_world)
    before = await prepare(desk, entry)
    dovecot_world.skip(before.slots[0].start - dovecot_world.now() + timedelta(minutes=1))
    after = await prepare(desk, entry)
    assert after.slots[0].start > dovecot_world.now()


# -- address books and calendars


async def test_calendars_and_address_books_are_read_in_the_process_apart(
    dovecot_world: World, radicale: Radicale, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CardDAV and CalDAV on a real server, passwords as for mail; kept in the journal with everything else."""
    user = radicale.user()
    user.address_book("People", CARD)
    user.calendar("Work", DAILY)
    monkeypatch.setenv("COOLMAIL_TEST_DAV", PASSWORD)
    account = replace(user.dav(), secret=Secret(environment="COOLMAIL_TEST_DAV"))
    known = CallRules(country="DK", countries=((BOB, "DK"),), carddav=account, caldav=account)
    dovecot_world.settings = replace(dovecot_world.settings, calls=known)
    await dovecot_world.save("INBOX", from_bob())
    found = await found_for(dovecot_world)
    assert [number.e164 for number in found.numbers] == ["+4528445678", "+4528345678", "+4533123456"]
    assert found.numbers[0].found == "mobile, in your address book (Bob Berg)"
    assert found.slots
    assert all(slot.start.hour >= 13 for slot in found.slots)


async def test_a_password_that_cannot_be_had_is_said(dovecot_world: World, radicale: Radicale) -> None:
    """And costs the calendar only."""
    account = replace(radicale.user().dav(), secret=Secret(environment="COOLMAIL_NO_SUCH_VARIABLE"))
    dovecot_world.settings = replace(dovecot_world.settings, calls=CallRules(country="DK", caldav=account))
    await dovecot_world.save("INBOX", from_bob(SIGNED.replace("28 34", "+45 28 34")))
    found = await found_for(dovecot_world)
    assert any("COOLMAIL_NO_SUCH_VARIABLE is not set" in remark for remark in found.remarks)
    assert found.numbers
    assert found.slots


async def test_a_password_that_is_long_in_coming_is_not_waited_for(
    dovecot_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user may be away from the prompt."""
    monkeypatch.setattr(preparing, "PATIENCE", 5.0)
    account = Dav("http://localhost:1/", "anna", Secret(command="sleep 600"))
    dovecot_world.settings = replace(dovecot_world.settings, calls=CallRules(country="DK", carddav=account))
    found = await found_for(dovecot_world)
    assert "The address book was not read: its password was not there within 5 s" in found.remarks
    assert found.slots


async def test_an_address_beyond_ascii_is_looked_for(dovecot_world: World) -> None:
    """By the piece of it that every server can look for."""
    world, jorgen = dovecot_world, "jørgen@client.example"
    await world.save("INBOX", from_bob(SIGNED.replace("28 34", "+45 28 34"), sender=f"Jørgen <{jorgen}>"))
    await world.start()
    await world.save("Coolmail/Outbox", letter(HEATED, to=f"Jørgen <{jorgen}>"), "\\Draft", "\\Seen")
    entry = await world.reaches(State.HELD)
    found = await prepare(await desk_of(world), entry)
    assert [number.e164 for number in found.numbers][:1] == ["+4528345678"]


async def test_a_source_that_never_ends_costs_a_remark(
    dovecot_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process is killed after its time, and asked again without address books and calendars."""
    monkeypatch.setattr(apart, "LIMIT", 15.0)
    (tmp_path / "endless.ics").write_text(ENDLESS, "utf-8")
    dovecot_world.settings = replace(
        dovecot_world.settings, calls=CallRules(country="DK", calendars=(str(tmp_path / "endless.ics"),))
    )
    await dovecot_world.save("INBOX", from_bob(SIGNED.replace("28 34", "+45 28 34")))
    found = await found_for(dovecot_world)
    assert any(
        "address books and calendars could not be looked through: it took longer than" in said for said in found.remarks
    )
    assert found.numbers
    assert found.slots


# -- from the journal alone

AT = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def alone(kept: Preparation | None, now: datetime = AT, **rules: object) -> Preparation:
    """Return what the command line shows of a held reply to Bob in New York, which quotes his signature."""
    settings = Settings(
        (Account("work", ANNA, Server("x", 1, Tls.NONE, "a"), Server("x", 1, Tls.NONE, "a")),),
        calls=CallRules(country="DK", timezones=((BOB, "America/New_York"),), **rules),  # type: ignore[arg-type]
    )
    entry = make_entry(recipients=(BOB,), sender=ANNA)
    raw = letter("You fool.\r\n\r\nBob wrote:\r\n> Where is it?\r\n> Bob\r\n> Tel. +1 212 456 1414\r\n")
    zone = ZoneInfo("Europe/Copenhagen")
    return from_journal_alone(entry, raw, settings.accounts[0], settings, kept, now=now, zone=zone)


def test_what_was_kept_is_shown_as_it_is() -> None:
    """As long as its times lie ahead."""
    kept = alone(None)
    assert [number.e164 for number in kept.numbers] == ["+12124561414"]
    assert alone(kept) is kept


def test_times_that_have_passed_are_found_anew_without_a_look_at_the_calendar() -> None:
    """The numbers stay, and the user is told."""
    before = replace(alone(None), remarks=("said before",))
    before = replace(before, numbers=(Number("+19174561414", "+1 917-456-1414", "(917) 456-1414", "in their mail"),))
    after = alone(before, AT + timedelta(days=7), calendars=("/home/anna/work.ics",))
    assert after.numbers == before.numbers
    assert all(slot.start > AT + timedelta(days=7) for slot in after.slots)
    assert next(f"{slot.theirs:%H:%M}" for slot in after.slots if slot.theirs) == "09:00"
    assert NOT_LOOKED in after.remarks
    assert not any("No phone number" in remark or "said before" in remark for remark in after.remarks)


# -- the process apart


def question(letters: tuple[Letter, ...] = (), **rules: object) -> Lookup:
    """Return a question about Bob."""
    material = Material(
        client=BOB,
        ours=(ANNA,),
        letters=letters,
        rules=CallRules(country="DK", **rules),  # type: ignore[arg-type]
        hours=WorkingHours(),
        zone=ZoneInfo("Europe/Copenhagen"),
        now=datetime(2026, 11, 26, 12, 0, tzinfo=UTC),
    )
    return Lookup(material)


async def test_the_process_apart_answers_as_it_would_be_answered_here() -> None:
    """Zones, letters and rules arrive whole."""
    asked = question((Letter(BOB, datetime(2026, 11, 24, 12, 0, tzinfo=UTC), "Ring +45 28 34 56 78"),))
    assert await look_up_apart(asked) == look_up(asked)
    assert look_up(asked).numbers


async def test_a_stopped_daemon_leaves_no_process_behind(tmp_path: Path) -> None:
    """Cancelled, it kills the process at once."""
    (tmp_path / "endless.ics").write_text(ENDLESS, "utf-8")
    asking = asyncio.create_task(look_up_apart(question(calendars=(str(tmp_path / "endless.ics"),))))
    before = children()
    await until(lambda: children() - before)
    (child,) = children() - before
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert child not in children()


def children() -> set[str]:
    """Return the processes that this one started and that are still there."""
    return set(Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text("utf-8").split())


def test_a_process_whose_daemon_was_killed_ends_by_itself(tmp_path: Path) -> None:
    """Nobody is left to end it."""
    (tmp_path / "endless.ics").write_text(ENDLESS, "utf-8")
    asked = pickle.dumps(question(calendars=(str(tmp_path / "endless.ics"),)))
    command = [sys.executable, "-m", "coolmail.daemon.apart", "3"]
    done = subprocess.run(command, input=asked, capture_output=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGALRM
    assert done.stdout == b""


async def test_a_process_that_fails_is_said() -> None:
    """With the last line of what it said; here its question is none."""
    broken = replace(question(), material=None)  # type: ignore[arg-type]
    with pytest.raises(LookupFailedError, match=r"it failed \(AttributeError"):
        await look_up_apart(broken)
