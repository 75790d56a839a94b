"""The session's face, on real servers."""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest

from coolmail.mail.imap import CommandRefused, ConnectionLost, ImapError, ImapSession, MailboxInfo, MailboxMissing, Uid
from tests.mail.imap.conftest import Open
from tests.mail.imap.letters import letter, message_id
from tests.servers.dovecot import Dovecot, User
from tests.servers.proxy import FaultProxy, hide
from tests.servers.scripted import ScriptedServer

ProxyTo = Callable[[int], Awaitable[FaultProxy]]


async def test_special_use_is_told(session: ImapSession) -> None:
    """Drafts and Sent are found by what they are for, not by name."""
    uses = {
        attribute: box.name
        for box in await session.list_mailboxes()
        for attribute in box.attributes
        if attribute in {"\\drafts", "\\sent"}
    }
    assert uses == {"\\drafts": "Drafts", "\\sent": "Sent"}


async def test_mailboxes_are_listed_without_list_extended(user: User, open_session: Open, proxy_to: ProxyTo) -> None:
    """Where LIST has no RETURN, LSUB tells what is subscribed."""
    proxy = await proxy_to(user.dovecot.port)
    proxy.rewrite = hide("LIST-EXTENDED", "SPECIAL-USE")
    session = await open_session(user.server(port=proxy.port))
    await session.create("Quiet")
    boxes = {box.name: box.attributes for box in await session.list_mailboxes()}
    assert "\\subscribed" in boxes["Drafts"]
    assert "\\subscribed" not in boxes["Quiet"]


async def test_namespace_and_separator_are_the_servers(dotted_dovecot: Dovecot, open_session: Open) -> None:
    """Where everything lies below `INBOX.` with dots, that is what is told and used."""
    session = await open_session(dotted_dovecot.user().server())
    assert await session.namespace_prefix() == ("INBOX.", ".")
    await session.create("INBOX.Coolmail.Held")
    boxes = {box.name: box for box in await session.list_mailboxes()}
    assert boxes["INBOX.Coolmail.Held"].delimiter == "."
    assert (await session.select("INBOX.Coolmail.Held")).exists == 0


async def test_a_server_without_namespaces_still_tells_its_separator(any_session: ImapSession) -> None:
    """LIST "" "" tells the separator where NAMESPACE is not offered (pymap)."""
    assert await any_session.namespace_prefix() == ("", "/")


async def test_a_name_that_is_not_modified_utf_7_can_be_used_as_the_server_has_it(open_session: Open) -> None:
    """What LIST said is what SELECT sends, even if our own coding would differ."""
    script = {"LIST": ('* LIST () "/" "R&D"', "{tag} OK")}
    async with ScriptedServer(script) as server:
        session = await open_session(server.server())
        assert await session.list_mailboxes() == [MailboxInfo("R&D", frozenset(), "/")]
        await session.select("R&D")
        assert server.received[-1] == b'SELECT "R&D"'


async def test_a_mailbox_may_be_made_twice(any_session: ImapSession) -> None:
    """Making what is there is fine."""
    await any_session.create("Coolmail/Held")
    await any_session.create("Coolmail/Held")
    assert "Coolmail/Held" in [box.name for box in await any_session.list_mailboxes()]


async def test_a_mailbox_that_cannot_be_made_is_an_error(open_session: Open) -> None:
    """A refusal that does not mean "exists" is told with its code."""
    async with ScriptedServer({"CREATE": ("{tag} NO [OVERQUOTA] full",)}) as server:
        session = await open_session(server.server())
        with pytest.raises(CommandRefused, match="full") as refused:
            await session.create("Held")
        assert refused.value.code == "OVERQUOTA"


async def test_selecting_tells_the_state_of_the_mailbox(user: User, session: ImapSession) -> None:
    """UIDVALIDITY, UIDNEXT, count, HIGHESTMODSEQ, and whether keywords may be made."""
    user.fill("INBOX", [letter(1), letter(2)])
    selected = await session.select("INBOX")
    assert (selected.name, selected.uidnext, selected.exists, selected.keywords) == ("INBOX", 3, 2, True)
    assert selected.highestmodseq
    assert not (await session.select("INBOX", readonly=True)).keywords


async def test_a_mailbox_made_anew_has_another_uidvalidity(user: User, session: ImapSession) -> None:
    """Selecting again notices that the mailbox is not the one it was."""
    await session.create("Held")
    before = await session.select("Held")
    with user.other_client() as other:
        other.delete("Held")
    with pytest.raises(MailboxMissing):
        await session.select("Held")
    await session.create("Held")
    assert (await session.select("Held")).uidvalidity != before.uidvalidity
    assert await session.idle(5)


async def test_after_a_failed_select_nothing_is_selected(session: ImapSession) -> None:
    """A command on messages is then refused here instead of hitting the wrong mailbox."""
    await session.select("INBOX")
    with pytest.raises(MailboxMissing):
        await session.select("nowhere")
    with pytest.raises(ImapError, match="makes no sense"):
        await session.flags()


async def test_status_counts_without_selecting(any_session: ImapSession) -> None:
    """Messages, UIDNEXT, UIDVALIDITY."""
    await any_session.create("Held")
    appended = await any_session.append("Held", letter())
    assert appended.uid is not None
    status = await any_session.status("Held")
    assert (status.messages, status.uidvalidity) == (1, appended.uidvalidity)
    assert status.uidnext == appended.uid + 1


async def test_a_message_comes_back_byte_for_byte(any_session: ImapSession) -> None:
    """All octets but NUL, dot lines, lines that look like IMAP, no line end at the end."""
    octets = bytes(octet for octet in range(1, 256) if octet not in b"\r\n")
    raw = letter(body=octets + b"\r\n.\r\n* 99 EXPUNGE\r\nA1 OK fake {10}\r\n* BYE\r\n))\r\nno end")
    await any_session.create("Held")
    appended = await any_session.append("Held", raw)
    await any_session.select("Held")
    assert appended.uid is not None
    assert await any_session.fetch(appended.uid) == raw
    assert await any_session.flags() == {appended.uid: frozenset({"\\Recent"})}
    assert any_session.alive


async def test_ten_megabytes_come_back_byte_for_byte(session: ImapSession) -> None:
    """A big attachment, random, there and back."""
    raw = letter(body=b"".join(os.urandom(37).hex().encode() + b"\r\n" for _ in range(138_000)))
    assert len(raw) > 10_000_000
    appended = await session.append("Drafts", raw)
    await session.select("Drafts")
    assert appended.uid is not None
    assert await session.fetch(appended.uid) == raw


async def test_reading_does_not_mark_as_read(session: ImapSession) -> None:
    r"""Neither fetch nor overview sets `\Seen`."""
    appended = await session.append("Drafts", letter())
    assert appended.uid is not None
    await session.select("Drafts")
    await session.fetch(appended.uid)
    await session.overview()
    assert "\\Seen" not in (await session.flags())[appended.uid]


async def test_a_message_that_is_gone_is_none(any_session: ImapSession) -> None:
    """Fetching what was expunged gives None."""
    await any_session.select("INBOX")
    assert await any_session.fetch(Uid(4711)) is None


async def test_append_keeps_flags_and_date(session: ImapSession) -> None:
    """Flags, keywords and the internal date arrive; the date comes back in UTC."""
    date = datetime(2025, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2)))
    appended = await session.append("Drafts", letter(), flags=("\\Draft", "\\Seen", "$mine"), internaldate=date)
    await session.select("Drafts")
    (item,) = await session.overview()
    assert item.uid == appended.uid
    assert item.flags >= {"\\Draft", "\\Seen", "$mine"}
    assert item.internaldate == datetime(2025, 1, 2, 1, 4, 5, tzinfo=UTC)


async def test_append_over_quota_is_told_with_its_code(open_session: Open) -> None:
    """The server refuses before the message is sent: the code arrives, nothing was stored, the session lives."""
    async with ScriptedServer({"literal": (), "APPEND": ("{tag} NO [OVERQUOTA] Quota exceeded",)}) as server:
        session = await open_session(server.server())
        with pytest.raises(CommandRefused, match="Quota exceeded") as refused:
            await session.append("Sent", letter())
        assert refused.value.code == "OVERQUOTA"
        await session.noop()


async def test_overview_tells_what_was_asked(any_session: ImapSession) -> None:
    """Size, header fields in CRLF lines, for the UIDs asked for that exist."""
    await any_session.create("Held")
    raws = [letter(number, In_Reply_To="<x@y>") for number in range(3)]
    uids = [(await any_session.append("Held", raw)).uid for raw in raws]
    assert uids[0] is not None
    await any_session.select("Held")
    overview = await any_session.overview([uids[0], Uid(9999)], fields=("Message-ID", "In-Reply-To"))
    assert [(item.uid, item.size) for item in overview] == [(uids[0], len(raws[0]))]
    lines = overview[0].header.split(b"\r\n")
    assert sorted(lines[:2]) == [b"In-Reply-To: <x@y>", b"Message-ID: <0@letters.test>"]
    assert lines[2:] == [b"", b""]


async def test_overview_since_a_uid_leaves_out_older_ones(any_session: ImapSession) -> None:
    """`n:*` always contains the last message; it is left out when it is older than asked for."""
    await any_session.create("Held")
    uids = [(await any_session.append("Held", letter(number))).uid for number in range(3)]
    assert uids[2] is not None
    await any_session.select("Held")
    assert [item.uid for item in await any_session.overview(since=uids[1])] == uids[1:]
    assert await any_session.overview(since=Uid(uids[2] + 1)) == []


async def test_overview_of_many_is_asked_in_batches_of_a_hundred(
    user: User, open_session: Open, proxy_to: ProxyTo
) -> None:
    """250 messages are three questions."""
    user.fill("INBOX", (letter(number) for number in range(250)))
    proxy = await proxy_to(user.dovecot.port)
    session = await open_session(user.server(port=proxy.port))
    await session.select("INBOX")
    assert len(await session.overview()) == 250
    assert len([command for command in proxy.commands if b"UID FETCH" in command]) == 3


async def test_a_header_field_that_is_none_is_refused(session: ImapSession) -> None:
    """Field names can't smuggle commands."""
    await session.select("INBOX")
    with pytest.raises(ValueError, match="header field"):
        await session.overview([Uid(1)], fields=("X)] NOOP",))


async def test_search_finds_by_words_quoted_or_literal(session: ImapSession) -> None:
    """Criteria with blanks are quoted, bytes beyond ASCII go as a literal; `UID 2:*` works as a set."""
    for number, subject in enumerate(("plain words", 'say "hi"', "Grüße")):
        await session.append("Drafts", letter(number, Keywords=subject))
    await session.select("Drafts")
    assert await session.search("HEADER", "Keywords", "plain words") == [1]
    assert await session.search("HEADER", "Keywords", 'say "hi"') == [2]
    assert await session.search("UID", "2:*") == [2, 3]
    assert await session.search("ALL") == [1, 2, 3]
    assert await session.search("HEADER", "Keywords", "Grüße".encode()) in ([3], [])  # the charset is the server's


@pytest.mark.parametrize(
    "wanted",
    ["<1@letters.test>", '<"quoted\\"id"@letters.test>', "no-brackets", "<æ@letters.test>"],
)
async def test_search_message_id_finds_exactly_this(any_session: ImapSession, wanted: str) -> None:
    """Servers match substrings and ignore case; what is returned carries exactly this Message-ID."""
    await any_session.create("Held")
    inner = wanted.strip("<>")
    decoys = ["<11@letters.test>", f"<{inner.upper()}>", f"<x{inner}>", f"<{inner}x>"]
    for identity in [wanted, *decoys, wanted]:
        raw = f"Subject: x\r\nMessage-ID:\r\n {identity}\r\n\r\nx\r\n".encode()
        await any_session.append("Held", raw)
    await any_session.select("Held")
    found = await any_session.search_message_id(wanted)
    everything = await any_session.search("ALL")
    assert found == [everything[0], everything[-1]]


@pytest.mark.parametrize("field", ["<1@letters.test> (a comment)", "1@letters.test", "\r\n\t<1@letters.test>"])
async def test_search_message_id_knows_careless_spellings(session: ImapSession, field: str) -> None:
    """Comments, missing brackets and folding do not make it another Message-ID."""
    await session.append("Drafts", f"Message-ID: {field}\r\n\r\nx\r\n".encode())
    await session.select("Drafts")
    assert await session.search_message_id("<1@letters.test>") == [1]


async def test_search_message_id_sees_what_another_client_just_stored(user: User, session: ImapSession) -> None:
    """The view is refreshed before the search."""
    await session.select("Sent")
    with user.other_client() as other:
        other.append("Sent", "", "", letter())
    assert await session.search_message_id(message_id()) == [1]


async def test_flags_are_added_and_removed(any_session: ImapSession) -> None:
    """Both in one call; repeating it is fine and still tells that the message is there."""
    appended = await any_session.append("INBOX", letter(), flags=("\\Draft",))
    assert appended.uid is not None
    await any_session.select("INBOX")
    for _ in range(2):
        assert await any_session.store(appended.uid, add=("\\Flagged", "\\Answered"), remove=("\\Draft",))
    flags = (await any_session.flags())[appended.uid]
    assert flags & {"\\Flagged", "\\Answered", "\\Draft"} == {"\\Flagged", "\\Answered"}


async def test_expunge_deletes_one_message_and_no_other(any_session: ImapSession) -> None:
    r"""A message that somebody else marked `\Deleted` stays; expunging again is fine."""
    first, second = [(await any_session.append("INBOX", letter(number))).uid for number in (1, 2)]
    assert first is not None
    assert second is not None
    await any_session.select("INBOX")
    await any_session.store(second, add=("\\Deleted",))
    await any_session.expunge(first)
    await any_session.expunge(first)
    assert list(await any_session.flags()) == [second]


async def test_logout_closes_the_connection(any_session: ImapSession) -> None:
    """BYE is expected then; afterwards the session is dead, and saying goodbye twice is fine."""
    await any_session.logout()
    await any_session.logout()
    assert not any_session.alive
    with pytest.raises(ConnectionLost):
        await any_session.noop()


async def test_logout_does_not_wait_for_a_dead_server(user: User, open_session: Open, proxy_to: ProxyTo) -> None:
    """A server that does not answer LOGOUT is left."""
    proxy = await proxy_to(user.dovecot.port)
    session = await open_session(user.server(port=proxy.port))
    session.protocol.server = user.server(port=proxy.port, timeout=0.2)  # only now: logging in may take longer
    proxy.black_hole = True
    await session.logout()
    assert not session.alive


async def test_an_answer_cut_inside_a_literal_is_a_lost_connection(
    user: User, open_session: Open, proxy_to: ProxyTo
) -> None:
    """Half a message is never returned."""
    user.fill("INBOX", [letter(body=b"x" * 5000)])
    proxy = await proxy_to(user.dovecot.port)
    session = await open_session(user.server(port=proxy.port))
    await session.select("INBOX")
    proxy.cut_server_after = 2000
    with pytest.raises(ConnectionLost):
        await session.fetch(Uid(1))


async def test_a_slow_answer_is_not_a_dead_one(user: User, open_session: Open, proxy_to: ProxyTo) -> None:
    """The time-out counts silence: a message that trickles in for longer than it is read all the same."""
    user.fill("INBOX", [letter(body=b"x" * 300)])
    proxy = await proxy_to(user.dovecot.port)
    session = await open_session(user.server(port=proxy.port))
    await session.select("INBOX")
    session.protocol.server = user.server(port=proxy.port, timeout=1.0)  # only now: logging in may take longer
    proxy.trickle = 0.005
    assert await session.fetch(Uid(1)) == letter(body=b"x" * 300)


async def test_a_stream_that_is_not_imap_ends_the_session(open_session: Open) -> None:
    """An answer to a question nobody asked makes the whole stream untrustworthy."""
    async with ScriptedServer({"NOOP": ("A999 OK surprise",)}) as server:
        session = await open_session(server.server())
        with pytest.raises(ConnectionLost, match="not asked"):
            await session.noop()


async def test_what_cannot_be_read_is_an_error_of_ours(open_session: Open) -> None:
    """A malformed answer is an ImapError with a sentence, and the session goes on."""
    async with ScriptedServer({"UID FETCH": ("* 1 FETCH (UID 1 FLAGS (", "{tag} OK")}) as server:
        session = await open_session(server.server())
        await session.select("INBOX")
        with pytest.raises(ImapError, match="could not be read"):
            await session.flags()
        await session.noop()


async def test_a_server_that_insists_on_an_identification_gets_one(open_session: Open) -> None:
    """Some providers refuse SELECT before ID; nothing but the program's name is told."""
    async with ScriptedServer(capabilities="IMAP4rev1 AUTH=PLAIN SASL-IR ID") as server:
        await open_session(server.server())
        assert re.fullmatch(rb'ID \( "name" "coolmail" \)', server.received[-1])
