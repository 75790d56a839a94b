"""What to say: sentences of the conversation, chosen and never changed."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from coolmail.calls.points import LABEL, MOST, OPENINGS, find_points
from coolmail.core.talk import Letter, Point
from coolmail.tone.model import ToneModel
from coolmail.tone.places import default_folder

NOW = datetime(2026, 11, 27, 13, tzinfo=UTC)
BO, ANNA = "bo@client.example", "anna@studio.example"

ENGLISH = """\
Hi Anna,

I am very disappointed. The website was supposed to go live on Monday, and the contact form is
still broken. You promised me on the phone that everything would be ready by 20 November, and now
I get an invoice for hours I never agreed to.

We had a nice summer, by the way.

Please send me a corrected invoice before Friday. When will the form work?

Regards
Bo Berg
Berg ApS, tlf. 33 12 34 56
"""
DANISH = """\
Hej Anna

Jeg er meget skuffet. Siden skulle være klar i mandags, og formularen virker stadig ikke. Du lovede mig i
telefonen, at alt ville være færdigt d. 20. november, og nu får jeg en faktura på timer, vi aldrig har
aftalt.

Send mig venligst en ny faktura inden fredag. Hvornår virker formularen?

Mvh
Bo
"""
MINE = "Hi Bo,\n\nThanks for the texts. I will put them in, and you will have the new page by Monday 16 November.\n\nAnna\n"


def theirs(text: str, days: int = 1, *, in_thread: bool = True) -> Letter:
    """Return a mail of the client's."""
    return Letter(BO, NOW - timedelta(days=days), text, "", in_thread)


def mine(text: str, days: int = 0, quoted: str = "") -> Letter:
    """Return a mail of the user's; today's is the one that waits."""
    return Letter(ANNA, NOW - timedelta(days=days), text, quoted, in_thread=True)


def found(*letters: Letter, language: str = "en") -> tuple[Point, ...]:
    """Return the points."""
    return find_points(letters, client=BO, ours=[ANNA], language=language, now=NOW)


def of(points: tuple[Point, ...], kind: str) -> list[str]:
    """Return the texts of one kind."""
    return [point.text for point in points if point.kind == kind]


def test_an_english_thread() -> None:
    """What they complain of and ask for, what was promised by whom and by when, each with its source."""
    points = found(theirs(ENGLISH), mine(MINE, 14), mine("You never read what I send.", quoted=ENGLISH))
    assert of(points, "complaint") == [
        "I am very disappointed.",
        "The website was supposed to go live on Monday, and the contact form is still broken.",
    ]
    assert of(points, "asked") == ["Please send me a corrected invoice before Friday.", "When will the form work?"]
    assert of(points, "promised") == [
        "You promised me on the phone that everything would be ready by 20 November, and now I get an invoice for hours I never agreed to.",
        "I will put them in, and you will have the new page by Monday 16 November.",
    ]
    sources = {point.source for point in points}
    assert sources == {LABEL, "their mail of 26 November", "your mail of 13 November"}
    assert points[0] == Point("opening", OPENINGS["en"]["work"], LABEL)


def test_a_danish_thread() -> None:
    """In Danish, the opening too; the day stays whole."""
    points = found(theirs(DANISH), language="da")
    assert of(points, "complaint") == [
        "Jeg er meget skuffet.",
        "Siden skulle være klar i mandags, og formularen virker stadig ikke.",
    ]
    assert of(points, "asked") == ["Send mig venligst en ny faktura inden fredag.", "Hvornår virker formularen?"]
    assert of(points, "promised") == [
        "Du lovede mig i telefonen, at alt ville være færdigt d. 20. november, og nu får jeg en faktura på timer, vi aldrig har aftalt."
    ]
    assert points[0].text in OPENINGS["da"].values()


def test_where_their_mail_is_gone_its_quote_is_read() -> None:
    """In the mail that waits; its own hot words are no point."""
    points = found(mine("You promised to pay on Friday. Please never write again!", quoted=ENGLISH))
    assert "Please send me a corrected invoice before Friday." in of(points, "asked")
    assert {point.source for point in points} == {LABEL, "the mail you answer"}
    assert not any("never write again" in point.text for point in points)


def test_promises_of_the_mail_that_waits_are_not_made_yet() -> None:
    """It was not sent."""
    points = found(theirs("Where is it? I am still waiting."), mine("I will send it on Monday."))
    assert of(points, "promised") == []


def test_the_newest_mail_counts() -> None:
    """What was settled since is no complaint any more."""
    points = found(
        theirs("The logo is still wrong.", 9), theirs("The logo is fine now. But the invoice is still wrong!")
    )
    assert of(points, "complaint") == ["But the invoice is still wrong!"]
    assert points[0].text == OPENINGS["en"]["money"]


def test_mail_of_other_conversations_is_left_out() -> None:
    """However angry it was."""
    assert found(theirs("Everything is broken again, I am furious.", in_thread=False)) == ()


def test_a_friendly_mail_has_no_complaint() -> None:
    """But what it asks for, and an opening that listens."""
    points = found(theirs("Hi Anna,\n\nThanks for the nice meeting. Could you send me the slides by tomorrow?\n\nBo"))
    assert [point.kind for point in points] == ["opening", "asked"]
    assert points[0].text == OPENINGS["en"]["any"]


def test_nothing_is_said_about_nothing() -> None:
    """No conversation, no opening."""
    assert found() == ()
    assert found(theirs("")) == ()
    assert found(mine("You never listen.")) == ()


def test_control_characters_stay_out() -> None:
    """The points are shown."""
    (point,) = [
        point
        for point in found(theirs("The page is \x1b[31mstill\u202e broken and wrong."))
        if point.kind == "complaint"
    ]
    assert point.text == "The page is [31mstill broken and wrong."


WORDS = st.sampled_from(
    [*ENGLISH.split(" "), *DANISH.split(" "), "\n\n", ".", "?", "> ", "d.", "20.", "-- \n", "\u2028", "x" * 500]
)


@given(st.lists(WORDS, max_size=80).map(" ".join), st.lists(WORDS, max_size=40).map(" ".join))
@example("Why? " * 300, "I will. " * 300)
def test_nothing_is_invented(text: str, quoted: str) -> None:
    """Every point but the opening stands in the mail, word for word; there are few, and none twice."""
    points = found(theirs(text), theirs(quoted, 3), mine(text, 7), mine(quoted, quoted=text))
    everything = " ".join(f"{text} {quoted}".replace("\u2028", "").split())
    bare = "".join(everything.split())
    for point in points:
        if point.kind == "opening":
            assert any(point.text in table.values() for table in OPENINGS.values())
            continue
        words = "".join(point.text.removesuffix("…").split())
        # A quote mark or a bullet at the start of a line is no word of theirs.
        assert words.translate({ord(mark): None for mark in ">-*•"}) in bare.translate(
            {ord(mark): None for mark in ">-*•"}
        )
    assert len({point.text for point in points}) == len(points)
    assert all(sum(point.kind == kind for point in points) <= MOST for kind in ("complaint", "asked", "promised"))


@pytest.mark.parametrize(
    "hostile",
    ["a" * 1_000_000, "I will " * 200_000, "\n" * 1_000_000, "d. " * 300_000, "you've " * 100_000, "1." * 500_000],
)
def test_any_mail_is_read_in_time(hostile: str) -> None:
    """A second at most, on a busy machine; a hundredth of that on an idle one."""
    begun = time.process_time()
    found(theirs(hostile), mine(hostile, quoted=hostile))
    assert time.process_time() - begun < 1


def test_no_opening_is_hot() -> None:
    """Said or written, it must not read so that it would be held itself."""
    lines = [line for table in OPENINGS.values() for line in table.values()]
    reports = ToneModel.load(default_folder()).judge(lines)
    assert {line: report.heat for line, report in zip(lines, reports, strict=True) if report.level.held} == {}
