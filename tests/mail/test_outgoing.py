"""What goes out is what the client wrote (promise 4)."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coolmail.core.errors import CoolmailError
from coolmail.mail.headers import split
from coolmail.mail.message import read_draft
from coolmail.mail.outgoing import BadDraft, complete, envelope, filed, outgoing, stable_message_id
from tests.mail.test_message import HEADERISH

ID = "<fixed@studio.example>"
NOW = datetime(2024, 4, 3, 8, 15, tzinfo=UTC)

PRIVATE = b"""\
X-Mozilla-Draft-Info: internal/draft; vcard=0; receipt=0; DSN=0; uuencode=0;
 attachmentreminder=0; deliveryformat=4
X-Identity-Key: id1
Fcc: imap://anna@imap.studio.example/Sent
X-Mutt-Fcc: =Sent
X-Evolution-Transport: a1b2
X-KMail-Identity: 1234
X-Draft-Info: type=reply; uid=7; folder=INBOX
X-K9mail-Identity: !l=5&o=0
X-Uniform-Type-Identifier: com.apple.mail-draft
X-Universally-Unique-Identifier: 85B1075D-5841-46A9-8565-FCB287A93AC4
X-FairEmail-ID: 9
X-Claws-Account-Id:1
Status: RO
"""
PUBLIC = b"""\
from: Anna <anna@studio.example>
TO:  carl@client.example,
\tdora@client.example
Subject:Page
X-Priority: 1
References: <1@client.example>
MIME-Version: 1.0
Date: Wed, 3 Apr 2024 10:15:00 +0200
Message-ID: <d1@studio.example>
"""
BODY = "Hej Carl,\n.\n..dots\nBcc: not a header\nsmørrebrød \t \n\n\n".encode()
PGP = b"""\
Content-Type: multipart/signed; micalg=pgp-sha256; protocol="application/pgp-signature";
 boundary="sig"

This is an OpenPGP/MIME signed message (RFC 4880 and 3156)
--sig
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Hej Carl,=20
- dashes

--sig
Content-Type: application/pgp-signature; name="signature.asc"

-----BEGIN PGP SIGNATURE-----
iQEzBAEBCAAdFiEE
-----END PGP SIGNATURE-----

--sig--
"""
SMIME = PGP.replace(b"micalg=pgp-sha256", b"micalg=sha-256").replace(b"pgp-signature", b"pkcs7-signature")


def crlf(raw: bytes) -> bytes:
    """As it lies on an IMAP server."""
    return raw.replace(b"\n", b"\r\n")


def draft(fields: bytes = PUBLIC, body: bytes = BODY) -> bytes:
    """A message in CRLF form."""
    return crlf(fields + b"\n" + body)


@pytest.mark.parametrize("signed", [PGP, SMIME], ids=["PGP", "S/MIME"])
def test_a_signed_message_goes_out_byte_for_byte(signed):
    """Not a byte of what was signed, nor of any other header, is touched."""
    raw = crlf(PUBLIC + signed)
    private = crlf(PRIVATE + PUBLIC + b"Bcc: boss@studio.example\n" + signed)
    assert complete(raw, message_id=ID, date=NOW) == raw
    assert outgoing(complete(private, message_id=ID, date=NOW)) == raw


def test_eight_bit_text_and_dot_lines_go_out_byte_for_byte():
    """Dot-stuffing is the SMTP library's."""
    assert outgoing(complete(draft(), message_id=ID, date=NOW)) == draft()


def test_bare_line_endings_become_crlf():
    """SMTP carries nothing else; the words stay."""
    raw = PUBLIC + b"\n" + b"one\ntwo\rthree\r\nfour"
    assert complete(raw, message_id=ID, date=NOW) == draft(body=b"one\ntwo\nthree\nfour")


def test_only_bcc_and_private_headers_are_removed():
    """Order, spelling, folding and white space of the others stay."""
    mixed = b"".join(a + b"\n" for a in PRIVATE.replace(b"\n ", b"\0").splitlines()).replace(b"\0", b"\n ")
    raw = draft(mixed + PUBLIC + b"Bcc: boss@studio.example,\n eve@x.example\nResent-Bcc: a@x.example\n")
    assert outgoing(raw) == draft()


def test_the_sent_copy_keeps_bcc():
    """The user wants to see who got it."""
    raw = draft(PRIVATE + PUBLIC + b"Bcc: boss@studio.example\n")
    assert filed(raw) == draft(PUBLIC + b"Bcc: boss@studio.example\n")


@pytest.mark.parametrize(
    "spelling",
    [b"bcc: a@x.example\n", b"BCC : a@x.example\n", b"Bcc:\n a@x.example\n", b"Bcc: a@x.example,\n \t\n b@x.example\n"],
)
def test_no_spelling_of_bcc_gets_out(spelling):
    """Blind copies stay blind, folded or with a space before the colon."""
    assert outgoing(draft(PUBLIC + spelling)) == draft()


def test_short_claws_headers_go_only_with_their_end_mark():
    """`S:` and `R:` are Claws' before its end mark and anyone's elsewhere."""
    assert outgoing(draft(b"S:anna@studio.example\nSCF:#mh/sent\nX-Claws-End-Special-Headers: 1\n" + PUBLIC)) == draft()
    assert outgoing(draft(b"S: mine\n" + PUBLIC)) == draft(b"S: mine\n" + PUBLIC)


def test_headers_that_are_not_private_stay():
    """A name that only looks like one of a client's is left alone."""
    fields = (
        PUBLIC
        + b"X-Mozilla: a\nX-Mailer: b\nX-Kmailer: c\nX-Forwarded-Message-Id: <1@x>\nAutocrypt: addr=a@x\nOrganization: d\n"
    )
    assert outgoing(draft(fields)) == draft(fields)


def test_date_and_message_id_are_added_where_missing():
    """At the end of the header section, and only there."""
    fields = PUBLIC.partition(b"Date:")[0]
    expected = fields + b"Date: Wed, 03 Apr 2024 08:15:00 +0000\nMessage-ID: <fixed@studio.example>\n"
    assert complete(draft(fields), message_id=ID, date=NOW) == draft(expected)
    assert complete(draft(fields + b"Message-Id:\nDate: \n"), message_id=ID, date=NOW) == draft(expected)


def test_completing_twice_changes_nothing():
    """What is complete stays as it is."""
    once = complete(PUBLIC + b"\nhi", message_id=ID, date=NOW)
    assert complete(once, message_id="<other@x.example>", date=datetime(2030, 1, 1, tzinfo=UTC)) == once


def test_a_message_of_headers_alone_can_be_completed():
    """A missing line ending does not glue two headers together."""
    assert complete(b"From: a@x.example", message_id=ID, date=NOW).startswith(b"From: a@x.example\r\nDate: ")


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (b"Subject: Page //send\n", b"Subject: Page\n"),
        (b"subject:Page   //SEND  \n", b"subject:Page\n"),
        (b"Subject: Page\n //send\n", b"Subject: Page\n"),
        (b"Subject: //send\n", b"Subject: \n"),
        (b"Subject: =?utf-8?q?sm=C3=B8r_//send?=\n", b"Subject: =?utf-8?q?sm=C3=B8r?=\n"),
        (b"Subject: =?utf-8?b?c23DuHIgLy9zZW5k?=\n", b"Subject: =?utf-8?b?c23DuHI=?=\n"),
        (b"Subject: =?utf-8?q?sm=C3=B8r?= //send\n", b"Subject: =?utf-8?q?sm=C3=B8r?=\n"),
        (b"Subject: =?utf-8?q?sm=C3=B8r_/?=\n =?utf-8?q?/send?=\n", b"Subject: =?utf-8?b?c23DuHI=?=\n"),
        (b"Subject: see http://send\n", b"Subject: see http://send\n"),
        (b"Subject: //send later\n", b"Subject: //send later\n"),
    ],
)
def test_the_token_is_taken_off_the_subject(subject, expected):
    """On the bytes where it can be; else that line alone is written anew."""
    raw = complete(draft(PUBLIC.replace(b"Subject:Page\n", subject)), message_id=ID, date=NOW)
    assert raw == draft(PUBLIC.replace(b"Subject:Page\n", expected))


def test_a_long_encoded_subject_without_its_token_reads_the_same():
    """Written anew, it is folded and says the same words."""
    words = "smørrebrød og rødgrød med fløde " * 5
    quoted = "".join(f"={byte:02X}" for byte in f"{words}//send".encode())
    raw = complete(f"Subject: =?utf-8?q?{quoted}?=\n\n".encode(), message_id=ID, date=NOW)
    assert read_draft(raw).subject == words.strip()
    assert all(len(line) <= 78 for line in raw.split(b"\r\n"))


def test_the_token_can_be_left_alone():
    """Drafts declared ready another way keep their subject."""
    raw = draft(PUBLIC.replace(b"Page", b"Page //send"))
    assert complete(raw, message_id=ID, date=NOW, subject_token=None) == raw


def test_a_stable_message_id_depends_on_the_content_alone():
    """Two computers name the same draft alike, whatever their line endings."""
    raw = PUBLIC + b"\nhi\n"
    assert stable_message_id(raw, "anna@studio.example") == stable_message_id(crlf(raw), "anna@studio.example")
    assert stable_message_id(raw, "anna@studio.example") != stable_message_id(raw + b"!", "anna@studio.example")
    assert stable_message_id(raw, "anna@bücher.example").endswith(".coolmail@xn--bcher-kva.example>")
    assert stable_message_id(raw, "").endswith(".coolmail@coolmail.invalid>")


def test_an_mbox_line_does_not_go_out():
    """`From anna@... Mon ...` is no header."""
    assert (
        complete(
            b"From anna@studio.example Mon Apr  1 10:00:00 2024\n" + PUBLIC + b"\n" + BODY, message_id=ID, date=NOW
        )
        == draft()
    )


def test_a_bare_cr_injects_no_header():
    """What follows it stays part of the field in which it stands."""
    raw = complete(
        b"From: a@x.example\nTo: b@x.example\nSubject: hi\rBcc: evil@x.example\r\rX: y\n\nhi", message_id=ID, date=NOW
    )
    assert b"Subject: hi\r\n Bcc: evil@x.example\r\n X: y\r\n" in raw
    assert envelope(raw, address="a@x.example").recipients == ("b@x.example",)


def test_the_envelope():
    """Sender and recipients once each, blind ones with them, groups flattened."""
    raw = draft(
        PUBLIC + b"Cc: Friends: eve@x.example, CARL@client.example;, carl@CLIENT.example\nBcc: boss@studio.example\n"
    )
    found = envelope(raw, address="other@studio.example")
    assert found.sender == "anna@studio.example"
    expected = (
        "carl@client.example",
        "dora@client.example",
        "eve@x.example",
        "CARL@client.example",
        "boss@studio.example",
    )
    assert found.recipients == expected
    assert found.is_8bit
    assert not found.needs_smtputf8


def test_is_8bit_looks_at_what_goes_out():
    """A name in Bcc does not ask the server for more than is sent."""
    raw = draft(PUBLIC + "Bcc: Bøb <bob@x.example>\n".encode(), b"plain")
    assert not envelope(raw, address="").is_8bit


def test_international_addresses():
    """Domains go in A-labels; letters beyond ASCII before the @ need SMTPUTF8."""
    found = envelope("From: a@bücher.example\nTo: b@straße.example\n\nhi".encode(), address="")
    assert (found.sender, found.recipients, found.needs_smtputf8) == (
        "a@xn--bcher-kva.example",
        ("b@xn--strae-oqa.example",),
        False,
    )
    assert envelope("From: a@x.example\nTo: jörg@x.example\n\nhi".encode(), address="").needs_smtputf8


@pytest.mark.parametrize(
    ("fields", "sender"),
    [
        (b"From: a@x.example, b@x.example\nSender: b@x.example\n", "b@x.example"),
        (b"From: a@x.example, b@x.example\n", "me@x.example"),
        (b"From: a@x.example\nSender: b@x.example\n", "a@x.example"),
    ],
)
def test_several_authors_have_one_sender(fields, sender):
    """RFC 5322 section 3.6.2; without Sender it is the account."""
    assert envelope(fields + b"To: c@x.example\n\nhi", address="me@x.example").sender == sender


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"From: a@x.example\nSubject: x\n\nhi", "no recipient"),
        (b"From: a@x.example\nTo: undisclosed-recipients:;\n\nhi", "no recipient"),
        (b"From: a@x.example\nTo: Carl\n\nhi", "“Carl” in To"),
        (b"From: a@x.example\nTo: c@x.example\nCc: d@\n\nhi", "“d@” in Cc"),
        (b"From: a@x.example\nTo: c@x.example\nBcc: <e@x.example\n\nhi", "in Bcc"),
        (b"From: a@x.example\nTo: c\0@x.example\n\nhi", "in To"),
        (b"To: c@x.example\n\nhi", "no From"),
        (b"From: a@x.example\nFrom: b@x.example\nTo: c@x.example\n\nhi", "two From"),
        (b"From: a@x.example\nTo: c@x.example\nhi there\nBcc: d@x.example\n\nhi", "damaged"),
        (b"hello", "damaged"),
        (b"", "no From"),
        (b"From: a@x.example\nTo: c@x.example\nResent-To: d@x.example\n\nhi", "redirects"),
        (b"From: a@x.example\nTo: c@x.example\nX-Claws-Encrypt:1\n\nhi", "encrypted"),
        (b"From: a@x.example\nTo: c@x.example\nAutocrypt-Draft-State: encrypt=yes\n\nhi", "encrypted"),
    ],
)
def test_a_draft_that_cannot_be_sent_is_refused(raw, says):
    """The error names what is wrong, before and after completing."""
    with pytest.raises(BadDraft, match=says):
        envelope(raw, address="a@x.example")
    with pytest.raises(CoolmailError, match=says):
        envelope(complete(raw, message_id=ID, date=NOW), address="a@x.example")


def test_a_draft_that_is_only_to_be_signed_may_go():
    """`X-Mutt-PGP: S<key with an E>` asks for no encryption."""
    assert (
        envelope(b"From: a@x.example\nTo: c@x.example\nX-Mutt-PGP: S<0xE1E2>\n\nhi", address="").sender == "a@x.example"
    )


@given(HEADERISH | st.binary())
def test_outgoing_never_alters_the_body(raw):
    """Whatever the bytes, what is below the header section leaves as it came, and the headers that leave are some of those that came."""
    before, after = split(raw), split(outgoing(raw))
    assert outgoing(raw).endswith(before.separator + before.body)
    if before.separator:
        assert after.body == before.body
        assert [field for field in before.fields if field in after.fields] == list(after.fields)


@given(HEADERISH | st.binary())
def test_no_bytes_make_a_blind_copy_visible(raw):
    """No field named Bcc is in what goes out, nor after completing."""
    assert not any(split(outgoing(raw)).all("bcc"))
    assert not any(split(outgoing(complete(raw, message_id=ID, date=NOW))).all("bcc"))


@given(HEADERISH | st.binary())
def test_any_bytes_can_be_completed(raw):
    """In CRLF form, with a Message-ID that reads back, and once is enough."""
    done = complete(raw, message_id=ID, date=NOW)
    assert b"\n" not in done.replace(b"\r\n", b"")
    assert split(done).first("message-id") is not None
    assert complete(done, message_id="<b@x.example>", date=NOW) == done


@given(HEADERISH | st.binary())
def test_any_bytes_have_an_envelope_or_a_reason(raw):
    """Nothing but BadDraft is raised."""
    with contextlib.suppress(BadDraft):
        assert envelope(raw, address="a@x.example").recipients
