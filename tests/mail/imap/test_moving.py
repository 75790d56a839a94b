"""MOVE, and what stands in for it where a server lacks it or does not tell where the copy landed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from coolmail.mail.imap import ImapSession, MailboxMissing, Uid, messages
from tests.mail.imap.conftest import Open
from tests.mail.imap.letters import letter, message_id
from tests.servers.dovecot import User
from tests.servers.proxy import FaultProxy, hide

ProxyTo = Callable[[int], Awaitable[FaultProxy]]
LACKING = [(), ("MOVE",), ("UIDPLUS",), ("MOVE", "UIDPLUS")]


@pytest.fixture(params=LACKING, ids=lambda lacking: "without " + "+".join(lacking) if lacking else "complete")
async def lacking(request: pytest.FixtureRequest, user: User, open_session: Open, proxy_to: ProxyTo) -> ImapSession:
    """A session with a Dovecot that seems to lack these extensions."""
    proxy = await proxy_to(user.dovecot.port)
    if request.param:
        proxy.rewrite = hide(*request.param)
    return await open_session(user.server(port=proxy.port))


async def test_a_moved_message_is_in_the_target_and_told_where(lacking: ImapSession, user: User) -> None:
    """The copy's UID and its mailbox's UIDVALIDITY come back, with or without the extensions; bytes and flags are kept."""
    user.fill("Sent", [letter("other")])
    user.fill("Drafts", [letter(1), letter(2)], flags="\\Flagged $mine")
    await lacking.select("Drafts")
    moved = await lacking.move(Uid(1), "Sent")
    assert moved is not None
    assert lacking.selected
    assert lacking.selected.name == "Drafts"
    target = await lacking.select("Sent")
    assert (moved.uidvalidity, moved.uid) == (target.uidvalidity, 2)
    assert await lacking.fetch(moved.uid) == letter(1)
    assert (await lacking.flags())[moved.uid] >= {"\\Flagged", "$mine"}


async def test_the_original_is_gone_or_marked(lacking: ImapSession, user: User) -> None:
    r"""With UIDPLUS it is expunged; without, it can only be marked `\Deleted`."""
    user.fill("Drafts", [letter(1), letter(2)])
    await lacking.select("Drafts")
    await lacking.move(Uid(1), "Sent")
    flags = await lacking.flags()
    if "UIDPLUS" in lacking.capabilities:
        assert list(flags) == [2]
    else:
        assert "\\Deleted" in flags[Uid(1)]


async def test_mail_that_somebody_else_marked_deleted_stays(lacking: ImapSession, user: User) -> None:
    r"""A move never expunges what another client marked `\Deleted`."""
    user.fill("Drafts", [letter(1), letter(2)], flags="\\Deleted")
    user.fill("Drafts", [letter(3)])
    await lacking.select("Drafts")
    assert await lacking.move(Uid(3), "Sent")
    await lacking.expunge(Uid(3))
    assert {1, 2} <= (await lacking.flags()).keys()


async def test_moving_what_is_not_there_is_none(lacking: ImapSession, user: User) -> None:
    """None, and the target is as it was; a decoy with the same Message-ID there is not taken for the copy."""
    user.fill("Sent", [letter(1)])
    user.fill("Drafts", [letter(1)])
    with user.other_client("Drafts") as other:
        other.store("1", "+FLAGS", "\\Deleted")
        other.expunge()
    await lacking.select("Drafts")
    assert await lacking.move(Uid(1), "Sent") is None
    assert len(user.contents("Sent")) == 1


async def test_a_rivals_copy_is_not_taken_for_ours(
    user: User, open_session: Open, proxy_to: ProxyTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without UIDPLUS: another client moves the message away right before our COPY; what lies in the target is its copy, not ours."""
    user.fill("Drafts", [letter(1)])
    proxy = await proxy_to(user.dovecot.port)
    proxy.rewrite = hide("UIDPLUS")
    session = await open_session(user.server(port=proxy.port))
    await session.select("Drafts")
    read = messages.section

    async def read_then_rival(session: ImapSession, uid: Uid, item: str) -> bytes | None:
        header = await read(session, uid, item)
        with user.other_client("Drafts") as other:
            other.uid("MOVE", str(uid), "Sent")
        return header

    monkeypatch.setattr(messages, "section", read_then_rival)
    assert await session.move(Uid(1), "Sent") is None
    assert len(user.contents("Sent")) == 1


async def test_a_message_without_message_id_is_found_in_the_target(lacking: ImapSession, user: User) -> None:
    """Then the whole header is what tells it from others."""
    user.fill("Drafts", [b"Subject: one\r\n\r\nx\r\n", b"Subject: two\r\n\r\nx\r\n"])
    await lacking.select("Drafts")
    moved = await lacking.move(Uid(2), "Sent")
    assert moved is not None
    assert user.contents("Sent")[moved.uid] == b"Subject: two\r\n\r\nx\r\n"


async def test_a_target_that_is_missing_is_named(lacking: ImapSession, user: User) -> None:
    """MailboxMissing, and the message stays where it is."""
    user.fill("Drafts", [letter(1)])
    await lacking.select("Drafts")
    with pytest.raises(MailboxMissing, match="nowhere"):
        await lacking.move(Uid(1), "nowhere")
    assert len(user.contents("Drafts")) == 1


async def test_append_without_uidplus_does_not_know_the_uid(user: User, open_session: Open, proxy_to: ProxyTo) -> None:
    """What the server does not say is None, not a guess."""
    proxy = await proxy_to(user.dovecot.port)
    proxy.rewrite = hide("UIDPLUS")
    session = await open_session(user.server(port=proxy.port))
    appended = await session.append("Sent", letter())
    assert (appended.uidvalidity, appended.uid) == (None, None)
    await session.select("Sent")
    assert await session.search_message_id(message_id()) == [1]
