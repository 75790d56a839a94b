"""Quoting and modified UTF-7."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coolmail.mail.imap import names


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("Drafts", b"Drafts"),
        ("Kladder æøå & Co", b"Kladder &AOYA+ADl- &- Co"),
        ("台北", b"&U,BTFw-"),
        ("日本語", b"&ZeVnLIqe-"),
        ("💌", b"&2D3cjA-"),
        ("~peter/mail/台北/日本語", b"~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
        ("&-", b"&--"),
    ],
)
def test_a_name_travels_as_modified_utf_7(name: str, wire: bytes) -> None:
    """Names are coded as in RFC 3501 section 5.1.3, both ways."""
    assert names.encode(name).encode() == wire
    assert names.decode(wire) == name


@given(st.text(st.characters(exclude_categories=["Cs"])).filter(lambda name: name.upper() != "INBOX"))
def test_every_name_survives_the_way_there_and_back(name: str) -> None:
    """Decoding undoes encoding, whatever the name."""
    wire = names.encode(name)
    assert wire.isascii()
    assert names.decode(wire.encode()) == name


@given(st.binary())
def test_no_name_from_a_server_breaks_the_decoder(wire: bytes) -> None:
    """Names that are not modified UTF-7 are read as well as can be."""
    assert isinstance(names.decode(wire), str)


@pytest.mark.parametrize("wire", [b"Entw\xc3\xbcrfe", b"R&D", b"&AOY", b"&AGE-"])
def test_a_name_that_would_not_come_back_the_same_is_known_as_such(wire: bytes) -> None:
    """Raw UTF-8, a lone ampersand and needless base64 are told apart from canonical names."""
    assert not names.is_canonical(wire)


def test_inbox_has_one_name() -> None:
    """INBOX is the same in any case."""
    assert names.decode(b"Inbox") == "INBOX"
    assert names.is_canonical(b"inbox")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("UNSEEN", "UNSEEN"),
        ("1:*", "1:*"),
        ("$Ready", "$Ready"),
        ("two words", '"two words"'),
        ('say "hi" \\', '"say \\"hi\\" \\\\"'),
        ("", '""'),
        ("x) NOOP", '"x) NOOP"'),
        ("line\r\nA1 DELETE INBOX", b"line\r\nA1 DELETE INBOX"),
        ("æ", "æ".encode()),
        (b"plain", "plain"),
        (b"\xff", b"\xff"),
    ],
)
def test_an_argument_is_an_atom_or_quoted_or_a_literal(text: str | bytes, word: str | bytes) -> None:
    """No argument can end the command it stands in and begin another."""
    assert names.word(text) == word


@pytest.mark.parametrize("flag", ["two words", "a)", "\\", "{5}", "æ", "x\r\n", ""])
def test_what_is_no_flag_is_refused(flag: str) -> None:
    """A flag can't smuggle anything into a command."""
    with pytest.raises(ValueError, match="flag"):
        names.flag_list([flag])
