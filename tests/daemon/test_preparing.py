"""What a call needs is found in the mail that lies on the server, and nothing that fails there keeps a message from being held."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import pytest_asyncio

from coolmail.calls.keeping import from_json
from coolmail.core.entry import Entry
from coolmail.core.settings import CallRules
from coolmail.core.states import State
from coolmail.core.talk import Preparation
from coolmail.daemon import preparing
from coolmail.daemon.boxes import prepare as prepare_boxes
from coolmail.daemon.desk import Desk
from coolmail.daemon.preparing import prepare
from coolmail.daemon.service import zone_of
from coolmail.mail.imap.errors import ConnectionLost
from coolmail.mail.imap.session import ImapSession
from tests.daemon.test_holding import held
from tests.daemon.world import ANNA, BOB, HEATED, World, letter

SIGNED = (
    "Hej Anna\r\n\r\nHvor bliver logoet af?\r\n\r\nVenlig hilsen\r\nBob Berg\r\nBerg Byg ApS\r\nTlf. 33 12 34 56\r\nMobil 28 34 56 78\r\n"
    "Fax 33 12 34 57\r\n"
)


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


async def test_times_that_have_passed_are_found_anew(dovecot_world: World) -> None:
    """A reminder comes a day later."""
    entry = await held_entry(dovecot_world)
    desk = await desk_of(dovecot_world)
    before = await prepare(desk, entry)
    dovecot_world.skip(before.slots[0].start - dovecot_world.now() + timedelta(minutes=1))
    after = await prepare(desk, entry)
    assert after.slots[0].start > dovecot_world.now()
