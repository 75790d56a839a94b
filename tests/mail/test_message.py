"""Reading a draft: everything that can be read is, and nothing raises."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coolmail.mail.addresses import Mailbox, parse, wire
from coolmail.mail.decoding import header_text, to_text, transfer_decoded
from coolmail.mail.headers import crlf, split
from coolmail.mail.message import read_draft

SAMPLES = [
    Path(__file__).parents[1] / "data" / "mime",
    *map(Path, filter(None, [os.environ.get("COOLMAIL_MIME_SAMPLES")])),
]

DRAFT = b"""\
From: =?utf-8?q?Anna_S=C3=B8rensen?= <anna@studio.example>
To: "Client, Carl" <carl@client.example>, Friends: dora@client.example, Eve <eve@x.example>;
Cc: (a comment) fred@x.example (Fred)
Bcc: boss@studio.example
Subject: =?utf-8?b?UmU6IHNtw7g=?=
 =?utf-8?b?cnJlYnLDuGQ=?=
Message-ID: <d1@studio.example>
In-Reply-To: <2@client.example>
References: <1@client.example>
 <2@client.example>
Date: Wed, 3 Apr 2024 10:15:00 +0200
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Hej Carl, det er sm=F8rrebr=F8d.

> Hvad er det?
"""


def test_a_draft_is_read():
    """Names decoded, groups flattened, identifiers with their brackets, the quote gone."""
    draft = read_draft(DRAFT)
    assert draft.from_ == ("Anna Sørensen", "anna@studio.example")
    assert draft.to == (("Client, Carl", "carl@client.example"), ("", "dora@client.example"), ("Eve", "eve@x.example"))
    assert draft.cc == (("Fred", "fred@x.example"),)
    assert draft.bcc == (("", "boss@studio.example"),)
    assert draft.recipients[-1] == "boss@studio.example"
    assert draft.subject == "Re: smørrebrød"
    assert draft.message_id == "<d1@studio.example>"
    assert draft.in_reply_to == "<2@client.example>"
    assert draft.references == ("<1@client.example>", "<2@client.example>")
    assert draft.date == datetime(2024, 4, 3, 10, 15, tzinfo=timezone(timedelta(hours=2)))
    assert draft.own_text.text == "Hej Carl, det er smørrebrød."
    assert draft.encrypted is None
    assert draft.problems == ()


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r", b"\r\r\n"])
def test_line_endings_do_not_matter(ending):
    """A draft reads the same whatever ends its lines."""
    assert read_draft(DRAFT.replace(b"\n", ending)) == read_draft(DRAFT)


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"From: a@x.example\n\nHi", "It has no recipient."),
        (b"To: a@x.example\n\nHi", "It has no From address."),
        (b"From: a@x.example\nTo: Carl, b@x.example\n\nHi", "“Carl” in To is not a mail address."),
        (b"From: a@x.example\nTo: <b@x\n\nHi", "“<b@x” in To is not a mail address."),
        (b"From: a@x.example\nTo: b@@x\n\nHi", "“b@@x” in To is not a mail address."),
        (b"From: a@x.example\nFrom: b@x.example\nTo: c@x.example\n\nHi", "It has 2 From lines."),
        (b"Subject: a\nSubject: b\nFrom: a@x.example\nTo: c@x.example\n\nHi", "It has 2 Subject lines."),
        (b"Just a text.\n", "It has no headers, so it is not a mail message."),
        (b"", "It has no headers, so it is not a mail message."),
        (
            b"From: a@x.example\nTo: b@x.example\nHi there\n\nBcc: c@x",
            "Its headers are damaged: the line “Hi there” is no header.",
        ),
        (b"From: a@x.example\nTo: b@x.example\nDate: tomorrow\n\nHi", "Its Date can't be read."),
        (
            b"From: a@x.example\nTo: b@x.example\nSubject: a\0b\n\nHi",
            "Its headers hold NUL bytes, which mail servers refuse.",
        ),
        (
            b"From: a@x.example\nTo: b@x.example\nResent-To: c@x.example\n\nHi",
            "It redirects another message (Resent headers).",
        ),
        (
            b"From: a@x.example\nTo: b@x.example\nX-Mutt-PGP: ES<0x1234>\n\nHi",
            "It is marked to be encrypted when it is sent, which only the mail client can do.",
        ),
    ],
)
def test_what_is_wrong_is_said(raw, problem):
    """Every flaw of a draft is named in a sentence."""
    assert problem in read_draft(raw).problems


def test_the_first_of_two_subjects_counts():
    """As in every client."""
    assert read_draft(b"Subject: one\nSubject: two\n\n").subject == "one"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (b"multipart/encrypted; protocol=application/pgp-encrypted; boundary=b", "PGP"),
        (b"application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", "S/MIME"),
        (b"application/x-pkcs7-mime; smime-type=signed-data", "S/MIME"),
    ],
)
def test_protected_mail_is_recognised(kind, name):
    """Its text can't be judged, and nothing is guessed."""
    draft = read_draft(b"From: a@x.example\nTo: b@x.example\nContent-Type: " + kind + b"\n\n--b\n\nwords\n--b--\n")
    assert draft.encrypted == name
    assert draft.own_text.text == ""
    assert name in (draft.own_text.notice or "")


def test_inline_pgp_is_recognised():
    """Armour in the text hides the text."""
    assert (
        read_draft(b"To: b@x.example\n\n-----BEGIN PGP MESSAGE-----\n\nabc\n-----END PGP MESSAGE-----\n").encrypted
        == "PGP"
    )
    assert read_draft(b"To: b@x.example\n\nNo.\n\n> -----BEGIN PGP MESSAGE-----\n> abc\n").encrypted is None


def multipart(kind: bytes, *parts: bytes) -> bytes:
    """A message of these raw parts."""
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts)
    return (
        b"From: a@x.example\r\nTo: b@x.example\r\nContent-Type: multipart/"
        + kind
        + b'; boundary="b"\r\n\r\n'
        + body
        + b"--b--\r\n"
    )


def test_text_parts_are_joined_and_attachments_are_not():
    """Apple Mail puts text before and after a picture."""
    raw = multipart(
        b"mixed",
        b"\r\nBefore.",
        b"Content-Type: image/png\r\n\r\nAAAA",
        b"Content-Type: text/plain\r\n\r\nAfter.",
        b"Content-Type: text/plain; name=log.txt\r\nContent-Disposition: attachment\r\n\r\nYou idiots!",
        b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nYou fools!",
    )
    assert read_draft(raw).own_text.text == "Before.\nAfter."


def test_a_plain_part_beside_an_html_part_is_read_too():
    """Only alternatives say the same."""
    raw = multipart(
        b"mixed", b"Content-Type: text/html\r\n\r\n<p>One &amp; a half</p>", b"Content-Type: text/plain\r\n\r\n2 < 3"
    )
    assert read_draft(raw).own_text.text == "One & a half\n\n2 < 3"


def test_the_html_alternative_is_read():
    """Its quotes are marked."""
    raw = multipart(b"alternative", b"\r\nplain", b"Content-Type: text/html\r\n\r\n<p>rich</p>")
    assert read_draft(raw).own_text.text == "rich"


def test_flowed_text_is_joined():
    """The parameters of the part reach the own text."""
    assert read_draft(b"Content-Type: text/plain; format=flowed\n\nOne \nline.\n").own_text.text == "One line."


def test_nesting_without_end_is_bounded():
    """A thousand multiparts in each other are read as far as makes sense."""
    raw = (
        b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(1000)) + b"\ntext"
    )
    began = time.process_time()
    read_draft(raw)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: " + b"a" * 1_000_000 + b"\n\nHi",
        b"Subject: " + b"=?utf-8?q?a" * 100_000 + b"\n\nHi",
        b"To: " + b"a@x.example, " * 80_000 + b"\n\nHi",
        b"To: " + b"(" * 1_000_000 + b"\n\nHi",
        b"To: " + b'"' * 1_000_000 + b"\n\nHi",
        b"To: " + b"<" * 1_000_000 + b"\n\nHi",
        b"To: " + b":;" * 500_000 + b"\n\nHi",
        b"References: " + b"<a@b> " * 150_000 + b"\n\nHi",
        b"Content-Type: text/plain; " + b"a=b; " * 200_000 + b"\n\nHi",
        b"A: b\n" * 200_000 + b"\nHi",
        b"A:\n" + b" b\n" * 300_000 + b"\nHi",
    ],
    ids=lambda raw: repr(raw[:24]),
)
def test_a_megabyte_of_headers_takes_no_time(raw):
    """Nothing is quadratic."""
    began = time.process_time()
    read_draft(raw)
    assert time.process_time() - began < 3


def test_thirty_megabytes_are_read_at_once():
    """Attachments are searched for boundaries, not parsed."""
    raw = multipart(
        b"mixed",
        b"\r\nHi",
        b"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + b"QUJD" * 19
        + b"\r\n"
        + (b"QUJD" * 19 + b"\r\n") * 380_000,
    )
    began = time.process_time()
    assert read_draft(raw).own_text.text == "Hi"
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "path", [path for folder in SAMPLES for path in sorted(folder.rglob("*.eml"))], ids=lambda path: path.name
)
def test_malformed_messages_are_read(path):
    """Whatever is wrong with them."""
    read_draft(path.read_bytes())


PIECES = b"""\
From: |To: |Bcc: a@b|Subject: |Content-Type: multipart/mixed; boundary=b|--b|--b--|text/html|base64|charset=utf-7|Content-Transfer-Encoding: |
Date: |1 Jan 99999 25:61:61 +9999|From a@b Mon|=?utf-8?q?=C3=A6?=|=?x?b?=?=|<|>|,|:|;|"|(|@|[|\\|x| """.replace(
    b"\n", b""
).split(b"|")
HEADERISH = st.lists(st.sampled_from([*PIECES, b"\n", b"\r\n", b"\r", b"\0", b"\xff"])).map(b"".join)


@given(HEADERISH | st.binary())
def test_any_bytes_are_read(raw):
    """Nothing raises."""
    read_draft(raw)


@given(HEADERISH | st.binary())
def test_splitting_loses_nothing(raw):
    """The parts of a message are the message."""
    assert bytes(split(raw)) == raw


@given(HEADERISH | st.binary())
def test_crlf_form_is_stable(raw):
    """Normalising twice is normalising once, and no bare CR or LF is left."""
    once = crlf(raw)
    assert crlf(once) == once
    assert b"\n" not in once.replace(b"\r\n", b"")
    assert b"\r" not in once.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    ("value", "mailboxes", "broken"),
    [
        (b"", (), ()),
        (b"undisclosed-recipients:;", (), ()),
        (b"a@x.example,,b@x.example,", (("", "a@x.example"), ("", "b@x.example")), ()),
        (b"a@x.example; b@x.example", (("", "a@x.example"), ("", "b@x.example")), ()),
        (b"Doe, John <j@x.example>", (("John", "j@x.example"),), ("Doe",)),
        (b'"Doe, John" <j@x.example>', (("Doe, John", "j@x.example"),), ()),
        (b'"a \\"b\\" c" <j@x.example>', (('a "b" c', "j@x.example"),), ()),
        (b"j@x.example <j@x.example>", (("j@x.example", "j@x.example"),), ()),
        (b"=?utf-8?q?evil=40x=2Eexample=2C?= <j@x.example>", (("evil@x.example,", "j@x.example"),), ()),
        (
            b"A: a@x.example, b@x.example; , B: c@x.example;",
            (("", "a@x.example"), ("", "b@x.example"), ("", "c@x.example")),
            (),
        ),
        (b"a@[192.0.2.1], b@[IPv6:2001:db8::1]", (("", "a@[192.0.2.1]"), ("", "b@[IPv6:2001:db8::1]")), ()),
        (b'"odd local"@x.example', (("", '"odd local"@x.example'),), ()),
        ("jörg@bücher.example".encode(), (("", "jörg@bücher.example"),), ()),
        (b"<@route:j@x.example>", (), ("<@route:j@x.example",)),
        (b"<j@x.example> extra", (), ("<j@x.example",)),
        (b"a b@x.example", (), ("a b@x.example",)),
        (b"a@x..example", (), ("a@x..example",)),
        (b"a@x.example\0", (), ("a@x.example",)),
        (b"Name (with (nested) comment) <j@x.example>", (("Name", "j@x.example"),), ()),
    ],
)
def test_address_lists(value, mailboxes, broken):
    """What is an address and what is not, in the order written."""
    found = parse(value)
    assert found.mailboxes == tuple(Mailbox(*mailbox) for mailbox in mailboxes)
    assert found.broken == broken


@given(st.binary())
def test_any_address_list_is_taken(value):
    """Nothing raises, and what is found can go into an envelope."""
    for mailbox in parse(value).mailboxes:
        assert not set("\r\n <>\0") & set(wire(mailbox.address).split('"')[-1])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"=?utf-8?q?a_b?= =?utf-8?q?c?=", "a bc"),
        (b"x =?utf-8?q?a?= y", "x a y"),
        (b"=?utf-8?b?w6U=?==?utf-8?b?w6Y=?=", "åæ"),
        (b"=?utf-8?q?=C3?= =?utf-8?q?=A6?=", "æ"),
        (b"=?iso-8859-1?q?=E6?=", "æ"),
        (b"=?utf-8*da?q?=C3=A6?=", "æ"),
        (b"=?nonsense?q?=C3=A6?=", "æ"),
        (b"=?utf-8?b?!!!?=", ""),
        (b"=?utf-8?q?a=0D=0ABcc:_b?=", "a Bcc: b"),
        ("rå tekst".encode(), "rå tekst"),
        (b"r\xe5 tekst", "rå tekst"),
        (b"C:\\users", "C:\\users"),
        (b"=?idna?q?abc?=", "abc"),
    ],
)
def test_header_values_are_decoded(value, text):
    """RFC 2047 as it should be, and as it is."""
    assert header_text(value) == text


@given(st.binary(), st.text(max_size=12), st.sampled_from(["base64", "quoted-printable", "8bit", "x-uuencode", ""]))
def test_any_content_is_decoded(data, charset, encoding):
    """No label and no content raises."""
    to_text(transfer_decoded(data, encoding), charset)


def test_a_date_without_a_zone_is_taken_as_utc():
    """`-0000` says that the zone is unknown."""
    assert read_draft(b"Date: Wed, 3 Apr 2024 10:15:00 -0000\n\n").date == datetime(2024, 4, 3, 10, 15, tzinfo=UTC)
