"""Reading responses."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coolmail.mail.imap import parse
from coolmail.mail.imap.framing import Framer
from coolmail.mail.imap.parse import MalformedResponse


def frame(data: bytes) -> tuple[bytes, ...]:
    """Cut one untagged response and take off its prefix, as the protocol does."""
    (found,) = Framer().feed(b"* " + data + b"\r\n")
    return (found[0][2:], *found[1:])


def test_words_strings_literals_and_lists_are_read() -> None:
    """Quoted strings are unescaped, literals inserted, parentheses nested, NIL is None."""
    found = parse.values(frame(b'X ("a \\"b\\" \\\\" NIL (c (d))) {3}\r\n) ( "NIL"'))
    assert found == [b"X", [b'a "b" \\', None, [b"c", [b"d"]]], b") (", b"NIL"]


def test_a_fetch_is_read_in_any_order_with_literals_anywhere() -> None:
    """Items are found by name, also after a literal that contains parentheses."""
    data = (
        b'3 FETCH (BODY[HEADER.FIELDS (SUBJECT "X-A)")] {5}\r\n) UID'
        b' FLAGS (\\SEEN $x) UID 7 INTERNALDATE " 1-Jul-2025 02:00:00 +0200" RFC822.SIZE 12)'
    )
    found = parse.fetched(frame(data))
    assert found is not None
    assert (found.uid, found.flags, found.size) == (7, frozenset({"\\Seen", "$x"}), 12)
    assert found.internaldate == datetime(2025, 7, 1, tzinfo=UTC)
    assert found.sections == [b") UID"]


def test_a_section_that_is_gone_is_none() -> None:
    """BODY[] NIL means that the message was expunged."""
    found = parse.fetched(frame(b"3 FETCH (UID 7 BODY[] NIL)"))
    assert found is not None
    assert found.sections == [None]


def test_other_responses_are_no_fetch() -> None:
    """EXISTS is not FETCH."""
    assert parse.fetched(frame(b"3 EXISTS")) is None


@pytest.mark.parametrize(
    "text", [b"31-Feb-2025 00:00:00 +0000", b"1-Foo-2025 00:00:00 +0000", b"x", b"01-Jan-0001 00:00:00 +2300"]
)
def test_an_impossible_date_is_malformed(text: bytes) -> None:
    """Dates are checked, not guessed."""
    with pytest.raises(MalformedResponse):
        parse.internaldate(text)


def test_list_knows_quoted_literal_and_odd_names() -> None:
    """Names come as atoms, quoted or as literals; a mailbox may be called NIL."""
    listed = [
        parse.listed(frame(b"LIST (\\Drafts \\HasNoChildren) " + rest))
        for rest in (b'"/" "a* b"', b'NIL {3}\r\na"b', b'"." NIL')
    ]
    assert [(one.wire, one.delimiter) for one in listed if one] == [(b"a* b", "/"), (b'a"b', None), (b"NIL", ".")]
    assert listed[0]
    assert listed[0].attributes == {"\\drafts", "\\hasnochildren"}


def test_namespace_gives_the_first_personal_one() -> None:
    """Prefix and delimiter of the personal namespace; none if there is none."""
    assert parse.namespace(frame(b'NAMESPACE (("INBOX." ".")("#mh/" "/")) NIL (("x" "y"))')) == (b"INBOX.", ".")
    assert parse.namespace(frame(b"NAMESPACE NIL NIL NIL")) is None


def test_search_understands_old_and_new_answers() -> None:
    """SEARCH lists numbers, ESEARCH a set; a MODSEQ at the end is no UID."""
    assert parse.searched(frame(b"SEARCH 5 3 (MODSEQ 917162500)")) == [5, 3]
    assert parse.searched(frame(b'ESEARCH (TAG "A1") UID ALL 2:4,9')) == [2, 3, 4, 9]
    assert parse.searched(frame(b"SEARCH")) == []
    assert parse.searched(frame(b"3 EXISTS")) == []


def test_status_gives_its_numbers() -> None:
    """The mailbox's name may look like anything."""
    assert parse.status(frame(b'STATUS "a (b" (MESSAGES 3 UIDNEXT 8 UIDVALIDITY 99)')) == {
        "MESSAGES": 3,
        "UIDNEXT": 8,
        "UIDVALIDITY": 99,
    }


def test_codes_are_found_in_tagged_and_untagged_answers() -> None:
    """COPYUID comes before the tagged OK of MOVE and inside that of COPY."""
    codes = parse.codes([(b"OK [COPYUID 9 4:5 8,10] moved",), (b"3 FETCH ([FAKE 1])",), (b"OK [MODIFIED 7,9] done",)])
    assert codes == {"COPYUID": b"9 4:5 8,10", "MODIFIED": b"7,9"}
    assert parse.copyuid(codes["COPYUID"]) == (9, {4: 8, 5: 10})
    assert parse.appenduid(b"38505 3955") == (38505, 3955)


@pytest.mark.parametrize("argument", [b"", b"9 4:5 8", b"9 1:99999999999 1:99999999999", b"x 1 1", b"9 1,, 1"])
def test_a_wrong_copyuid_is_malformed(argument: bytes) -> None:
    """Where a message landed is not guessed."""
    with pytest.raises(MalformedResponse):
        parse.copyuid(argument)


def test_the_words_for_the_user_are_one_line_without_the_code() -> None:
    """Status texts are shown plainly."""
    assert parse.text((b"NO [OVERQUOTA] Mailbox is full\tnow",)) == "Mailbox is full now"


@given(st.binary(max_size=200))
def test_no_response_breaks_the_reader(data: bytes) -> None:
    """Anything is read or malformed, nothing else."""
    for found in Framer().feed(b"* 1 FETCH (" + data.replace(b"{", b"") + b")\r\n"):
        for read in (parse.fetched, parse.values, parse.listed, parse.searched, parse.status, parse.namespace):
            with contextlib.suppress(MalformedResponse):
                read((found[0][2:], *found[1:]))
