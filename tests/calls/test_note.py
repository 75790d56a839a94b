"""The note to the user: complete, in the user's own time, and harmless whatever stands in the mail."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coolmail.calls import compose_note
from coolmail.calls.note import Talked, pieces
from coolmail.core.advice import INSTEAD
from coolmail.core.settings import Mailboxes
from coolmail.core.talk import Number, Point, Preparation, Slot
from coolmail.core.tone import Kind, SentenceHeat
from tests.core.making import NOW, OWN_TEXT, hot_report

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
KINDS = ("held", "reminder", "review", "refused", "frozen")
UNTIL = NOW + timedelta(hours=24)
HOSTILE = (
    "<script>alert(1)</script><img src=http://evil.example/x onerror=alert(1)> {{ 7*7 }} {% raw %} & \"' "
    "\x1b[31m\x9b2J\x00\x07\u202egnp\u2066 \u200bzero\u2028line"
)


def compose(kind: str = "held", **changes: Any) -> EmailMessage:
    """Return a note, parsed again from its bytes."""
    values: dict[str, Any] = {
        "kind": kind,
        "identifier": "h7k2",
        "address": "anna@studio.example",
        "message_id": "<n1@studio.example>",
        "subject": "Re: The invoice",
        "recipients": ["bo@shop.example", "eva@shop.example"],
        "now": NOW,
        "zone": COPENHAGEN,
        "report": hot_report(),
        "reasons": ["blames the client once"],
        "hold_until": UNTIL if kind in ("held", "reminder", "frozen") else None,
        "mailboxes": Mailboxes(),
    }
    raw = compose_note(**{**values, **changes})
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    message = message_from_bytes(raw, policy=SMTP)
    assert isinstance(message, EmailMessage)
    return message


def plain(message: EmailMessage) -> str:
    """Return the plain part."""
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def rich(message: EmailMessage) -> str:
    """Return the HTML part."""
    part = message.get_body(("html",))
    assert part is not None
    return str(part.get_content())


class Reading(HTMLParser):
    """What a mail client finds in the HTML."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.marked: list[str] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember it."""
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "br"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Tags close in the order they were opened."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Text that is seen."""
        if "style" not in self._open:
            self.words += data
        if "mark" in self._open:
            self.marked.append(data)


# -- form


@pytest.mark.parametrize("kind", KINDS)
def test_a_note_is_plain_and_html(kind: str) -> None:
    """Alternatives of one another, the richer last, addressed by the user to the user."""
    message = compose(kind)
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    assert (message["From"], message["To"]) == ("coolmail <anna@studio.example>", "anna@studio.example")
    assert message["Message-ID"] == "<n1@studio.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == NOW


@pytest.mark.parametrize("kind", KINDS)
def test_a_note_is_seven_bit(kind: str) -> None:
    """Any server takes it by APPEND, unaltered."""
    message = compose(kind, subject="Re: Søren", recipients=["åse@shop.example"])
    assert message.as_bytes().isascii()


@pytest.mark.parametrize("kind", KINDS)
def test_a_note_loads_nothing_and_runs_nothing(kind: str) -> None:
    """No link, image, script, form or address of anything outside the message."""
    text = rich(compose(kind))
    page = Reading(text)
    assert not {"script", "img", "link", "iframe", "object", "a", "form", "base"} & set(page.tags)
    assert not re.search(r"https?:|//[a-z]|url\(|@import|src=|href=|\bon[a-z]+=", text)


# -- what it says

HEADLINES = {
    "held": "Waiting until Tuesday 25 November at 13:00: Re: The invoice",
    "reminder": "Goes out Tuesday 25 November at 13:00: Re: The invoice",
    "review": "Please decide: Re: The invoice",
    "refused": "Not everybody got it: Re: The invoice",
    "frozen": "Two versions, keep one: Re: The invoice",
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_subject_says_it_all(kind: str) -> None:
    """What it is, when, and about which mail."""
    assert compose(kind)["Subject"] == HEADLINES[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_both_parts_give_the_reasons_and_the_subject(kind: str) -> None:
    """Nobody has to read the other one."""
    message = compose(kind)
    for text in (plain(message), Reading(rich(message)).words):
        assert "Re: The invoice" in text
        assert "blames the client once" in text


@pytest.mark.parametrize("kind", ["held", "reminder"])
def test_hot_sentences_are_marked_in_both_parts(kind: str) -> None:
    """With their kinds, and with what works better."""
    message = compose(kind)
    text, page = plain(message), Reading(rich(message))
    assert page.marked == ["You never read what I send you!"]
    assert OWN_TEXT[:24] in page.words
    assert '"You never read what I send you!"\n      blame, anger' in text.replace("\r\n", "\n")
    for advice in (INSTEAD[Kind.BLAME], INSTEAD[Kind.ANGER]):
        assert advice in text
        assert advice in page.words


@pytest.mark.parametrize("kind", ["held", "reminder"])
def test_a_waiting_mail_comes_with_everything_one_can_do(kind: str) -> None:
    """In any mail client, by the names of the mailboxes, and in a terminal, by the id."""
    message = compose(kind, mailboxes=Mailboxes(parent="Kø", held="Venter", send_anyway="Send alligevel"))
    for text in (plain(message), Reading(rich(message)).words):
        for words in ("Kø/Venter", "Kø/Send alligevel", "Drafts", "coolmail show h7k2", "extend h7k2 6h"):
            assert words in text


def test_mailboxes_without_a_parent_have_no_slash() -> None:
    """The name as the client shows it."""
    assert 'delete it from "Held"' in plain(compose(mailboxes=Mailboxes(parent="")))


def test_review_says_how_to_decide() -> None:
    """And that it was not sent."""
    text = plain(compose("review", reasons=["its waiting time is over; you decide"]))
    assert "was not sent. Please decide" in text
    assert 'move it from "Coolmail/Review" to "Coolmail/Send anyway"' in text


def test_refused_says_who_and_why() -> None:
    """In the server's words."""
    text = plain(compose("refused", report=None, reasons=["no@shop.example was refused; the server said: 550 unknown"]))
    assert "sent, but not to everybody" in text
    assert "no@shop.example was refused; the server said: 550 unknown" in text


def test_frozen_says_how_to_keep_one() -> None:
    """Nothing goes out until then."""
    text = plain(compose("frozen"))
    assert "Nothing is sent until you keep one" in text
    assert "delete the version in Drafts" in text


@pytest.mark.parametrize("kind", ["held", "reminder"])
def test_asking_at_the_deadline_is_not_called_sending(kind: str) -> None:
    """With `on_expiry: ask` nothing goes out by itself, and the note says so."""
    message = compose(kind, sends_at_deadline=False)
    for text in (plain(message), Reading(rich(message)).words):
        assert "nothing goes out by itself" in text
        assert "if you do nothing" not in text
        assert "Goes out" not in text
    assert "Goes out" not in message["Subject"]


@pytest.mark.parametrize("has_suggestion", [True, False])
def test_the_call_suggestion_is_mentioned_only_if_there_is_one(has_suggestion: bool) -> None:
    """In both parts."""
    message = compose(has_suggestion=has_suggestion)
    assert ("A call instead" in plain(message)) is has_suggestion
    assert ("A call instead" in rich(message)) is has_suggestion


@pytest.mark.parametrize(
    ("zone", "when"),
    [
        ("Europe/Copenhagen", "Tuesday 25 November at 13:00 CET"),
        ("America/New_York", "Tuesday 25 November at 07:00 EST"),
        ("Asia/Tokyo", "Tuesday 25 November at 21:00 JST"),
        ("Pacific/Kiritimati", "Wednesday 26 November at 02:00 +14"),
    ],
)
def test_times_are_in_the_users_zone(zone: str, when: str) -> None:
    """And say which one that is."""
    assert f"Goes out:  {when}, if you do nothing" in plain(compose(zone=ZoneInfo(zone)))


@pytest.mark.parametrize(
    ("until", "when"),
    [("2025-10-26T00:30+00:00", "02:30 CEST"), ("2025-10-26T01:30+00:00", "02:30 CET")],
)
def test_the_hour_that_comes_twice_is_told_apart(until: str, when: str) -> None:
    """Half past two in summer time, and an hour later in winter time."""
    assert when in plain(compose(hold_until=datetime.fromisoformat(until)))


def test_a_mail_without_subject_has_a_headline() -> None:
    """Nothing is left blank."""
    assert compose("review", subject="")["Subject"] == "Please decide: (no subject)"


def test_a_mail_without_reading_has_a_note() -> None:
    """An encrypted draft has no sentences to show."""
    text = plain(compose("review", report=None, reasons=["it is encrypted (PGP)"]))
    assert "Heat" not in text


# -- hostile mail


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_mail_is_shown_and_does_nothing(kind: str) -> None:
    """Script, markup, template code, escape sequences and marks that reverse the text, in every field that mail can fill."""
    body = f"Calm. {HOSTILE} You fool!"
    start = body.index("You fool!")
    report = hot_report(
        own_text=body,
        sentences=(
            SentenceHeat(body[6:start], 6, start, 0.9, (Kind.INSULT,)),
            SentenceHeat("You fool!", start, len(body), 0.9, (Kind.INSULT,)),
        ),
    )
    message = compose(kind, subject=HOSTILE, recipients=[HOSTILE + "@x.example"], reasons=[HOSTILE], report=report)
    text, source = plain(message), rich(message)
    page = Reading(source)
    assert not {"script", "img"} & set(page.tags)
    assert {name for name, _ in page.attributes} <= {"lang", "charset", "name", "content", "style", "class"}
    assert html.escape("<script>alert(1)</script>") in source
    assert "{{ 7*7 }}" in page.words
    for shown in (text, source, message["Subject"], message["To"]):
        assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u2028\u202a-\u202e\u2066-\u2069]", shown)


def test_a_long_subject_is_shortened() -> None:
    """The headline stays a line."""
    assert len(compose(subject="x" * 5000)["Subject"]) < 140


any_text = st.text(st.characters() | st.sampled_from("<>&\"'\r\n\t\0\x1b\u202e\ud800:@=?"), max_size=80)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(KINDS), any_text, st.lists(any_text, max_size=3), st.lists(any_text, max_size=3), any_text)
def test_any_text_makes_a_note(
    kind: str, subject: str, recipients: Sequence[str], reasons: Sequence[str], body: str
) -> None:
    """Nothing that mail can hold makes composing fail, adds a header, or breaks the HTML."""
    report = hot_report(own_text=body, sentences=(SentenceHeat(body, 0, len(body), 0.9, (Kind.ANGER,)),))
    message = compose(kind, subject=subject, recipients=recipients, reasons=reasons, report=report)
    assert set(message.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
    }  # fmt: skip
    assert Reading(rich(message)).tags[:2] == ["html", "head"]


# -- pieces


@given(st.text("ab \n", max_size=30), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=4))
def test_pieces_put_together_are_the_own_text(text: str, spans: list[tuple[int, int]]) -> None:
    """Nothing is lost or doubled, even where sentences overlap."""
    sentences = tuple(
        SentenceHeat(text[start:end], start, end, 0.9, (Kind.BLAME,))
        for start, end in sorted((min(span), min(max(span), len(text))) for span in spans)
        if start <= end
    )
    cut = pieces(replace(hot_report(), own_text=text, sentences=sentences))
    assert "".join(piece.text for piece in cut) == text


# -- the call


NUMBER = Number("+4533123456", "+45 33 12 34 56", "33 12 34 56", "in the signature of their mail of 20 November")
START = datetime(2025, 11, 25, 10, tzinfo=COPENHAGEN)
FOUND = Preparation(
    (NUMBER, replace(NUMBER, e164="+4528345678", international="+45 28 34 56 78", national="28 34 56 78")),
    (Slot(START, START + timedelta(minutes=30), START.astimezone(ZoneInfo("Europe/London"))),),
    (Point("complaint", "The form is still broken.", "their mail of 20 November"), Point("opening", "Thank you for your time.", "a way to begin")),
    ("The client's country is not known.",),
)  # fmt: skip


@pytest.mark.parametrize("kind", ["held", "reminder"])
def test_whom_when_and_what_stand_in_the_note(kind: str) -> None:
    """In both forms: numbers with where they were found, times by both clocks, what to say and whose words it is, what is not known."""
    message = compose(kind, found=FOUND, has_suggestion=True)
    for text in (plain(message), " ".join(Reading(rich(message)).words.split())):
        for expected in (
            "+45 33 12 34 56 (33 12 34 56)",
            "in the signature of their mail of 20 November",
            "+45 28 34 56 78",
            "Tuesday 25 November at 10:00 (09:00 their time)",
            "The form is still broken.",
            "their mail of 20 November",
            "Thank you for your time.",
            "The client's country is not known.",
            "coolmail call h7k2 --slot 1",
            "lies in Drafts",
        ):
            assert expected in text


def test_a_number_can_be_rung_by_a_touch() -> None:
    """A `tel:` link (RFC 3966); no other kind of link is in the note."""
    links = [value for name, value in Reading(rich(compose(found=FOUND))).attributes if name == "href"]
    assert links == ["tel:+4533123456", "tel:+4528345678"]


@pytest.mark.parametrize("number", ["javascript:alert(1)", "+45 33", '+45"onclick="x', "", "+" + "1" * 40])
def test_only_a_number_is_a_link(number: str) -> None:
    """Whatever else it is, it is shown as text."""
    found = Preparation(
        (Number(number, number, number, HOSTILE),), (), (Point("complaint", HOSTILE, HOSTILE),), (HOSTILE,)
    )
    reading = Reading(rich(compose(found=found)))
    assert not any(name in ("href", "onclick", "onerror", "src") for name, _ in reading.attributes)
    assert set(reading.tags) <= {
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "div",
        "p",
        "b",
        "br",
        "span",
        "h2",
        "ul",
        "li",
        "mark",
        "i",
        "code",
    }


def test_without_anything_found_there_is_no_empty_section() -> None:
    """Nor in notes that are about something else."""
    assert "A call instead" not in plain(compose(found=Preparation()))
    for kind in ("review", "refused", "frozen"):
        assert "A call instead" not in plain(compose(kind, found=FOUND, has_suggestion=True))


NOTED = [
    (Talked(), "The call that was suggested has not taken place, as far as coolmail knows."),
    (
        Talked(slot=NOW - timedelta(hours=3)),
        "The call you invited to for Monday 24 November at 10:00 is not noted as done.",
    ),
    (Talked(slot=NOW + timedelta(hours=1)), "You invited to a call Monday 24 November at 14:00."),
    (Talked(called_at=NOW - timedelta(hours=3)), "You called Monday 24 November at 10:00. Is this mail still needed?"),
]


@pytest.mark.parametrize(("talk", "said"), NOTED)
def test_a_reminder_says_whether_the_call_took_place(talk: Talked, said: str) -> None:
    """And how to note that it did; the first note says nothing of it."""
    message = compose("reminder", found=FOUND, talk=talk)
    assert said in plain(message)
    assert said in Reading(rich(message)).words
    assert ("coolmail called h7k2` notes it" in plain(message)) == (talk.called_at is None)
    assert said not in plain(compose("held", found=FOUND, talk=talk))
