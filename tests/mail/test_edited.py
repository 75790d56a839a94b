"""An edited raw message: what the edit broke is refused, what was broken before is not held against it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coolmail.mail.edited import renamed, sound
from coolmail.mail.headers import crlf
from coolmail.mail.message import read_draft
from coolmail.mail.rewriting import CannotEditError

ANNA = "anna@studio.example"
HEAD = b"From: anna@studio.example\r\nTo: bo@shop.example\r\nSubject: Re: x\r\nMessage-ID:\r\n <old@studio.example>\r\n"
PLAIN = HEAD + b"\r\nYou never read.\r\n"
MIXED = (
    HEAD
    + b'Content-Type: multipart/mixed; boundary="b1"\r\n\r\n--b1\r\nContent-Type: text/plain\r\n\r\nYou never read.\r\n'
    + b"--b1\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--b1--\r\n"
)
SIGNED = MIXED.replace(b"multipart/mixed", b"multipart/signed")


def test_a_new_message_id_and_every_other_byte_as_it_was() -> None:
    """In the place of the old one, folded or not; a second one goes."""
    new = renamed(PLAIN, "<new@studio.example>")
    assert new == PLAIN.replace(b"Message-ID:\r\n <old@studio.example>", b"Message-ID: <new@studio.example>")
    assert renamed(PLAIN.replace(b"\r\n\r\n", b"\r\nMessage-ID: <x@y>\r\n\r\n", 1), "<new@studio.example>") == new


def test_a_message_without_one_gets_it() -> None:
    """Below its other fields."""
    raw = b"From: a@b.example\n\nHi\n"
    assert renamed(raw, "<n@b.example>") == b"From: a@b.example\r\nMessage-ID: <n@b.example>\r\n\r\nHi\r\n"


@pytest.mark.parametrize("raw", [PLAIN, MIXED, SIGNED])
def test_what_is_whole_is_taken(raw: bytes) -> None:
    """As it is, with the line ends of mail."""
    assert sound(raw, raw, address=ANNA) == raw
    assert sound(raw.replace(b"\r\n", b"\n"), raw, address=ANNA) == raw


BROKEN = [
    (PLAIN, b"To: bo@shop.example\r\n", b"", "no recipient"),
    (PLAIN, b"From: anna@studio.example\r\n", b"", "no From address"),
    (PLAIN, b"To: bo", b"To bo", "damaged"),
    (PLAIN, b"bo@shop.example", b"bo at shop", "not a mail address"),
    (MIXED, b"\r\n--b1--\r\n", b"\r\n", "closes its parts"),
    (MIXED, b'boundary="b1"', b'boundary="b2"', "none of its parts"),
    (MIXED, b"iVBORw0KGgo=", b"iVBOR!w0KGgo=", "is not"),
    (SIGNED, b"never read", b"often read", "signed or encrypted"),
]


@pytest.mark.parametrize(("raw", "old", "new", "said"), BROKEN)
def test_what_the_edit_broke_is_refused(raw: bytes, old: bytes, new: bytes, said: str) -> None:
    """Saying what it is; the same fault in the message before is not the edit's."""
    broken = raw.replace(old, new)
    assert broken != raw
    with pytest.raises(CannotEditError, match=said):
        sound(broken, raw, address=ANNA)
    assert sound(broken, broken, address=ANNA) == broken


def test_the_header_of_a_signed_message_may_change() -> None:
    """A signature covers the body."""
    new = SIGNED.replace(b"Subject: Re: x", b"Subject: Re: y")
    assert sound(new, SIGNED, address=ANNA) == new


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_anything_at_all_is_either_taken_or_refused(raw: bytes, before: bytes) -> None:
    """And what is taken has the Message-ID that it is given."""
    try:
        new = sound(raw, before, address=ANNA)
    except CannotEditError:
        return
    if read_draft(new).problems == ():
        assert read_draft(renamed(new, "<n@x.example>")).message_id == "<n@x.example>"
        assert crlf(new) == new
