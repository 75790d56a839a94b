"""The doors: what is taken, and what is left alone."""

from __future__ import annotations

from datetime import timedelta

from coolmail.core.settings import Settle
from coolmail.core.states import State
from tests.daemon.world import ANNA, BOB, CALM, HEATED, World, letter, question

OUTBOX = "Coolmail/Outbox"


async def test_calm_mail_in_outbox_is_sent_and_filed(world: World) -> None:
    """Calm mail moved into Outbox is sent at once, filed in Sent, its original flagged as answered, the draft gone."""
    await world.save("INBOX", question())
    await world.start()
    await world.save(OUTBOX, letter(), "\\Draft", "\\Seen")
    await world.reaches(State.FILED)
    (sent,) = world.sink.accepted
    assert (sent.sender, sent.recipients) == (ANNA, (BOB,))
    assert await world.subjects("Sent") == ["Re: The new logo"]
    assert await world.flags("INBOX", "logo") >= {"\\Answered"}
    for mailbox in (OUTBOX, "Coolmail/Sending", "Coolmail/Held", "Drafts"):
        assert await world.messages(mailbox) == {}


async def test_flagged_draft_is_sent(world: World) -> None:
    """A draft that the user flags is taken, and its flag does not go along."""
    await world.start()
    await world.save("Drafts", letter(), "\\Draft")
    await world.flag("Drafts")
    await world.reaches(State.FILED)
    assert len(world.sink.accepted) == 1
    assert "\\Flagged" not in await world.flags("Sent", "logo")


async def test_subject_token_sends_and_is_removed(world: World) -> None:
    """A draft whose subject ends in //send is sent without the token."""
    await world.start()
    await world.save("Drafts", letter(subject="Re: The new logo //send"), "\\Draft")
    await world.reaches(State.FILED)
    assert b"Subject: Re: The new logo\r\n" in world.sink.accepted[0].content


async def test_plain_draft_is_never_taken(world: World) -> None:
    """A draft that nobody declared ready stays where it is."""
    await world.start()
    await world.save("Drafts", letter(), "\\Draft")
    await world.save(OUTBOX, letter(subject="other", in_reply_to=None))
    await world.reaches(State.FILED, "other")
    await world.swept()
    assert await world.subjects("Drafts") == ["Re: The new logo"]
    assert len(world.sink.accepted) == 1


async def test_drafts_flagged_before_the_first_meeting_are_left_alone(world: World) -> None:
    """Drafts that were flagged when coolmail first met the mailbox are never taken, not even after a restart."""
    await world.save("Drafts", letter(subject="old one"), "\\Draft", "\\Flagged")
    await world.start()
    await world.swept()
    await world.stop()
    await world.start()
    await world.save("Drafts", letter(subject="new one", in_reply_to=None), "\\Draft", "\\Flagged")
    await world.reaches(State.FILED, "new one")
    assert await world.subjects("Drafts") == ["old one"]
    assert len(world.sink.accepted) == 1


async def test_flagging_anew_declares_an_old_draft_ready(world: World) -> None:
    """A draft that was left alone is taken once its flag is taken off and set again."""
    await world.save("Drafts", letter(), "\\Draft", "\\Flagged")
    await world.start()
    await world.swept(1)
    await world.client.select("Drafts")
    (uid,) = await world.client.search("ALL")
    await world.client.store(uid, remove=("\\Flagged",))
    await world.swept(1)
    await world.flag("Drafts")
    await world.reaches(State.FILED)


async def test_flagged_while_the_daemon_was_down_is_taken(world: World) -> None:
    """A draft flagged while the daemon was not running is taken at its next start."""
    await world.start()
    await world.swept(1)
    await world.stop()
    await world.save("Drafts", letter(), "\\Draft", "\\Flagged")
    await world.start()
    await world.reaches(State.FILED)


async def test_nothing_is_taken_before_it_was_still(world: World) -> None:
    """A message in Outbox is left alone for as long as `settle` says."""
    world.settings = type(world.settings)(
        **{**_fields(world.settings), "settle": Settle(timedelta(seconds=3600), timedelta(seconds=3600))}
    )
    await world.start()
    await world.save(OUTBOX, letter(HEATED))
    await world.swept()
    assert len(await world.messages(OUTBOX)) == 1
    assert await world.journal.recent() == []


async def test_draft_without_message_id_gets_one(world: World) -> None:
    """A draft without Message-ID and Date (mutt's) gets both, is sent once, and the Sent copy has the same."""
    raw = letter(message_id=None).replace(b"Date: Tue, 24 Nov 2026 10:00:00 +0100\r\n", b"")
    await world.start()
    await world.save(OUTBOX, raw, "\\Draft")
    entry = await world.reaches(State.FILED)
    (sent,) = world.sink.accepted
    assert f"Message-ID: {entry.message_id}\r\n".encode() in sent.content
    assert b"\r\nDate: " in sent.content
    (copy,) = (await world.messages("Sent")).values()
    assert copy == sent.content
    assert await world.messages(OUTBOX) == {}


async def test_what_is_not_for_a_client_is_sent_unheld(world: World) -> None:
    """Where clients are listed, heated mail to others goes out at once."""
    world.settings = type(world.settings)(**{**_fields(world.settings), "clients": ("other.example",)})
    await world.start()
    await world.save(OUTBOX, letter(HEATED))
    entry = await world.reaches(State.FILED)
    assert entry.reasons == ("no recipient is on the list of clients",)


async def test_private_headers_and_bcc_stay_here(world: World) -> None:
    """The blind recipient gets the mail, nobody sees the Bcc or the client's private headers, the Sent copy keeps the Bcc."""
    extra = "Bcc: Carl <carl@other.example>\r\nX-Mozilla-Draft-Info: internal/draft; vcard=0\r\nX-Identity-Key: id1\r\nFcc: imap://x/Sent\r\n"
    await world.start()
    await world.save(OUTBOX, letter(CALM, extra=extra))
    await world.reaches(State.FILED)
    (sent,) = world.sink.accepted
    assert sent.recipients == (BOB, "carl@other.example")
    for word in (b"Bcc", b"X-Mozilla", b"X-Identity", b"Fcc"):
        assert word not in sent.content
    (copy,) = (await world.messages("Sent")).values()
    assert b"Bcc: Carl <carl@other.example>\r\n" in copy
    assert b"X-Identity" not in copy


def _fields(settings: object) -> dict[str, object]:
    return {name: getattr(settings, name) for name in settings.__dataclass_fields__}  # type: ignore[attr-defined]
