"""Sending: what goes out is what the client wrote, and every answer of the submission server has its consequence."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from coolmail.core.states import Decision, State
from tests.daemon.world import ANNA, BOB, CALM, HEATED, World, letter
from tests.servers.smtp_sink import Fault

OUTBOX, REVIEW, SENDING = "Coolmail/Outbox", "Coolmail/Review", "Coolmail/Sending"

SIGNED = (
    f"From: Anna <{ANNA}>\r\nTo: Bob <{BOB}>\r\nSubject: The signed logo\r\nMessage-ID: <signed@studio.example>\r\n"
    "Date: Tue, 24 Nov 2026 10:00:00 +0100\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/signed; micalg=pgp-sha256;\r\n protocol="application/pgp-signature"; boundary="b1"\r\n\r\n'
    'This is signed.\r\n--b1\r\nContent-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    "Dear Bob,=20\r\n\r\nthe logo is attached.  \r\n.a line with a dot\r\n..two dots\r\n.\r\n\r\n--b1\r\n"
    'Content-Type: application/pgp-signature; name="signature.asc"\r\n\r\n-----BEGIN PGP SIGNATURE-----\r\n\r\niQEzBAEBCAAdFiEE\r\n'
    "-----END PGP SIGNATURE-----\r\n\r\n--b1--\r\n"
).encode()


def attachment(size: int) -> bytes:
    """Return a calm mail with an attachment of about so many octets."""
    lines = b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0NTY3ODkrLw==\r\n" * (
        size // 90
    )
    head = letter("", subject="The big logo").replace(b"text/plain; charset=utf-8", b'multipart/mixed; boundary="b2"')
    head = head.replace(b"Content-Transfer-Encoding: 8bit\r\n", b"")
    text = b"--b2\r\nContent-Type: text/plain\r\n\r\nThe logo in print size is attached.\r\n--b2\r\n"
    part = b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head + text + part + lines + b"--b2--\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(SIGNED, id="signed multipart with dot lines"),
        pytest.param(letter("Kære Bob,\r\n\r\nlogoet er vedhæftet. Åh, og tak! ☂\r\n"), id="8-bit text"),
        pytest.param(attachment(10_000_000), id="10 MB attachment"),
        pytest.param(letter("Hi Bob,\r\n\r\n" + "the logo is attached, " * 44 + "\r\n"), id="line of 968 octets"),
    ],
)
async def test_what_goes_out_is_what_the_client_wrote(world: World, raw: bytes) -> None:
    """The submitted bytes, and the Sent copy, are the saved ones."""
    await world.start()
    await world.save(OUTBOX, raw, "\\Draft")
    await world.reaches(State.FILED, within=40.0)
    assert world.sink.accepted[0].content == raw
    assert list((await world.messages("Sent")).values()) == [raw]


async def test_eight_bit_text_asks_for_8bitmime(world: World) -> None:
    """8-bit text is announced as such (RFC 6152)."""
    await world.start()
    await world.save(OUTBOX, letter("Kære Bob, logoet er vedhæftet.\r\n"))
    await world.reaches(State.FILED)
    assert "BODY=8BITMIME" in world.sink.accepted[0].mail_options


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        pytest.param(letter(to="").replace(b"To: \r\n", b""), "no recipient", id="no recipient"),
        pytest.param(letter(to="bob at client.example"), "not a mail address", id="broken address"),
        pytest.param(b"\r\n\r\njust a logo\r\n", "From", id="no headers"),
        pytest.param(b"\x00\xff\xfe logo \x80\r\n\r\n\x00", "", id="not parseable"),
        pytest.param(
            letter("x\r\n").replace(
                b"text/plain; charset=utf-8", b'multipart/encrypted; protocol="application/pgp-encrypted"; boundary="e"'
            ),
            "encrypted (PGP)",
            id="PGP encrypted",
        ),
        pytest.param(
            letter("x\r\n").replace(
                b"text/plain; charset=utf-8", b"application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m"
            ),
            "encrypted (S/MIME)",
            id="S/MIME encrypted",
        ),
    ],
)
async def test_what_cannot_be_judged_or_sent_goes_to_review(dovecot_world: World, raw: bytes, reason: str) -> None:
    """A draft that cannot be scored or sent lies in Review with the reason, its content unaltered; the user is told."""
    world = dovecot_world
    await world.start()
    await world.save(OUTBOX, raw)
    (stored,) = (await world.messages(OUTBOX)).values()
    entry = await world.reaches(State.REVIEW, "")

    async def lies_there() -> bool:
        return len(await world.messages(REVIEW)) == 1

    await world.until(lies_there)
    assert reason in " ".join(entry.reasons)
    (kept,) = (await world.messages(REVIEW)).values()
    assert kept.endswith(stored), "only Date and Message-ID may stand before what was saved"
    assert world.sink.accepted == []

    async def told() -> bool:
        return any(subject.startswith("Please decide") for subject in await world.subjects("INBOX"))

    await world.until(told)


async def test_an_encrypted_message_can_be_sent_anyway(dovecot_world: World) -> None:
    """What the user moves from Review to Send anyway goes out, unaltered."""
    world = dovecot_world
    raw = letter("x\r\n").replace(
        b"text/plain; charset=utf-8", b'multipart/encrypted; protocol="application/pgp-encrypted"; boundary="e"'
    )
    await world.start()
    await world.save(OUTBOX, raw)
    await world.reaches(State.REVIEW)

    async def lies_there() -> bool:
        return len(await world.messages(REVIEW)) == 1

    await world.until(lies_there)
    await world.drag(REVIEW, "Coolmail/Send anyway")
    await world.reaches(State.FILED)
    assert world.sink.accepted[0].content == raw


async def test_an_empty_message_has_nothing_to_judge_and_is_sent(world: World) -> None:
    """A mail without text of one's own is sent, and the journal says that there was nothing to judge."""
    await world.start()
    await world.save(OUTBOX, letter(""))
    entry = await world.reaches(State.FILED)
    assert entry.report is not None
    assert not entry.report.judged


async def test_one_of_three_recipients_is_refused(world: World) -> None:
    """The others get the mail, and the user is told who was refused and why."""
    world.sink.recipients["gone@client.example"] = "550 5.1.1 no such user"
    await world.start()
    await world.save(OUTBOX, letter(to=f"Bob <{BOB}>, gone@client.example, eve@client.example"))
    entry = await world.reaches(State.FILED)
    assert world.sink.accepted[0].recipients == (BOB, "eve@client.example")
    assert entry.refused == (("gone@client.example", "550 5.1.1 no such user"),)
    assert await world.subjects("INBOX") == ["Not everybody got it: Re: The new logo"]


async def test_all_recipients_refused_goes_to_review(world: World) -> None:
    """If nobody gets it, it lies in Review with the server's words."""
    world.sink.recipients[BOB] = "550 5.1.1 no such user"
    await world.start()
    await world.save(OUTBOX, letter())
    entry = await world.reaches(State.REVIEW)
    assert "550 5.1.1 no such user" in entry.reasons[0]


async def test_a_deferred_message_is_tried_again(world: World) -> None:
    """A server that says later is asked again, and then the mail is sent once."""
    world.settings = replace(world.settings, queue=replace(world.settings.queue, first_retry=timedelta(seconds=0.5)))
    world.sink.data.append("451 4.3.0 try again later")
    await world.start()
    await world.save(OUTBOX, letter())
    entry = await world.reaches(State.FILED)
    assert (entry.attempts, len(world.sink.accepted)) == (2, 1)


async def test_only_the_deferred_recipient_is_tried_again(world: World) -> None:
    """Who got the mail at the first attempt does not get it again."""
    world.settings = replace(world.settings, queue=replace(world.settings.queue, first_retry=timedelta(seconds=1.5)))
    world.sink.recipients["eve@client.example"] = "450 4.2.1 mailbox busy"
    await world.start()
    await world.save(OUTBOX, letter(to=f"{BOB}, eve@client.example"))
    await world.sink.wait_for(1)
    del world.sink.recipients["eve@client.example"]
    await world.reaches(State.FILED)
    assert [sent.recipients for sent in world.sink.accepted] == [(BOB,), ("eve@client.example",)]


async def test_a_queue_that_never_empties_ends_in_review(world: World) -> None:
    """After the queue's lifetime a deferred mail goes to Review with the server's last words."""
    world.settings = replace(world.settings, queue=replace(world.settings.queue, first_retry=timedelta(seconds=0.5)))
    world.sink.sender_reply = "451 4.7.0 not now"
    await world.start()
    await world.save(OUTBOX, letter())

    async def tried() -> bool:
        return any(entry.state is State.DUE and entry.attempts for entry in await world.journal.recent())

    await world.until(tried)
    world.skip(timedelta(days=3))
    entry = await world.reaches(State.REVIEW)
    assert "451 4.7.0 not now" in entry.reasons[0]
    assert world.sink.accepted == []


async def test_a_lost_reply_is_never_followed_by_a_blind_resend(world: World) -> None:
    """If the connection is lost after the content, the mail goes to Review; the user may send it again."""
    world.sink.data.append(Fault.DROP_AFTER_STORE)
    await world.start()
    await world.save(OUTBOX, letter())
    entry = await world.reaches(State.REVIEW)
    assert "--was-sent" in entry.reasons[0]
    await world.swept()
    assert len(world.sink.accepted) == 1
    assert await world.decide(entry, Decision.WAS_SENT)
    await world.reaches(State.FILED)
    assert len(world.sink.accepted) == 1
    assert await world.subjects("Sent") == ["Re: The new logo"]


async def test_send_again_after_an_ambiguous_attempt(world: World) -> None:
    """A mail of which the user knows that it did not arrive is sent again at their word."""
    world.sink.data.append(Fault.DROP_BEFORE_STORE)
    await world.start()
    await world.save(OUTBOX, letter())
    entry = await world.reaches(State.REVIEW)
    await world.swept(1)
    assert await world.decide(entry, Decision.RELEASE_AGAIN)
    await world.reaches(State.FILED)
    assert len(world.sink.accepted) == 1


async def test_a_server_that_files_sent_mail_itself_settles_the_doubt(world: World) -> None:
    """If the reply is lost but the message lies in Sent, it was sent: no second copy, no question."""
    raw = letter(message_id="<known@studio.example>")
    world.sink.data.append(Fault.SLOW)
    await world.start()
    await world.save(OUTBOX, raw)
    await world.sink.wait_for(1)
    await world.save("Sent", raw, "\\Seen")
    await world.stop()
    world.sink.go_on.set()
    await world.start()
    await world.reaches(State.FILED)
    assert len(world.sink.accepted) == 1
    assert len(await world.messages("Sent")) == 1


async def test_a_message_in_sent_already_is_not_sent_again_unasked(world: World) -> None:
    """A mail with a Message-ID that lies in Sent needs the user's word."""
    raw = letter(message_id="<again@studio.example>")
    await world.save("Sent", raw, "\\Seen")
    await world.start()
    await world.save(OUTBOX, raw)
    entry = await world.reaches(State.REVIEW)
    assert "Sent already" in entry.reasons[0]
    assert world.sink.accepted == []


async def test_heated_and_calm_at_once(world: World) -> None:
    """Many messages in Outbox at once: each is judged and treated for itself."""
    await world.start()
    for number in range(4):
        await world.save(
            OUTBOX, letter(CALM, subject=f"calm {number} logo", to=f"c{number}@client.example", in_reply_to=None)
        )
        await world.save(
            OUTBOX, letter(HEATED, subject=f"hot {number} logo", to=f"h{number}@client.example", in_reply_to=None)
        )

    async def all_done() -> bool:
        entries = await world.journal.recent()
        return sum(e.state is State.FILED for e in entries) == 4 and sum(e.state is State.HELD for e in entries) == 4

    await world.until(all_done, within=40.0)
    assert sorted(sent.recipients[0] for sent in world.sink.accepted) == [
        f"c{number}@client.example" for number in range(4)
    ]


async def test_bare_line_feeds_go_out_as_crlf(dovecot_world: World) -> None:
    """A draft stored with bare LF lines goes out with CRLF, and nothing else differs."""
    world = dovecot_world
    await world.start()
    raw = letter()
    await world.save(OUTBOX, raw.replace(b"\r\n", b"\n"))
    await world.reaches(State.FILED)
    assert world.sink.accepted[0].content == raw
