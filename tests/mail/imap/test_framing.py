"""Cutting the stream into responses."""

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coolmail.mail.imap.framing import Framer, FramingError

STREAM = (
    b"* OK hello {3}\r\n"
    b"* 1 FETCH (UID 5 BODY[] {26}\r\n* 99 EXPUNGE\r\nA1 OK fake\r\n FLAGS ())\r\n"
    b'* LIST () "/" {4}\r\na\r\nb\r\n'
    b"* 2 FETCH (BODY[TEXT] {0}\r\n)\r\n"
    b"A1 OK done {12}\r\n"
    b"+ go on {1}\r\n"
)
FRAMES = [
    (b"* OK hello {3}",),
    (b"* 1 FETCH (UID 5 BODY[] {26}", b"* 99 EXPUNGE\r\nA1 OK fake\r\n", b" FLAGS ())"),
    (b'* LIST () "/" {4}', b"a\r\nb", b""),
    (b"* 2 FETCH (BODY[TEXT] {0}", b"", b")"),
    (b"A1 OK done {12}",),
    (b"+ go on {1}",),
]


def test_a_stream_is_cut_into_whole_responses() -> None:
    """Literals stay whole, and what merely looks like one in a status text is text."""
    framer = Framer()
    assert framer.feed(STREAM) == FRAMES
    assert framer.empty


@given(st.lists(st.integers(0, len(STREAM))))
def test_it_does_not_matter_how_the_network_cuts_the_stream(cuts: list[int]) -> None:
    """Any division into pieces gives the same responses."""
    framer = Framer()
    edges = [0, *sorted(cuts), len(STREAM)]
    frames = [frame for start, end in itertools.pairwise(edges) for frame in framer.feed(STREAM[start:end])]
    assert frames == FRAMES


def test_a_burst_of_a_hundred_thousand_responses_needs_no_stack() -> None:
    """Bursts are handled without recursion."""
    assert len(Framer().feed(b"* 1 EXPUNGE\r\n" * 100_000)) == 100_000


def test_half_a_response_is_no_response() -> None:
    """What is incomplete waits, and is known to wait."""
    framer = Framer()
    assert framer.feed(b"* 1 FETCH (BODY[] {5}\r\nab") == []
    assert not framer.empty


def test_an_absurd_literal_is_refused_before_it_is_received() -> None:
    """Memory is not promised to whoever asks."""
    with pytest.raises(FramingError):
        Framer().feed(b"* 1 FETCH (BODY[] {99999999999}\r\n")


@given(st.binary(max_size=300))
def test_no_garbage_breaks_the_framer(data: bytes) -> None:
    """Anything gives responses or a framing error, nothing else."""
    with contextlib.suppress(FramingError):
        Framer().feed(data)
