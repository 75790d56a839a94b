"""The call suggestion: a civil draft in the same thread, with two times that suit."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTPUTF8
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coolmail.calls.letters import Envelope
from coolmail.calls.suggestion import LetterKind, Situation, compose_suggestion, fitting_kind, write
from coolmail.core.talk import Slot
from coolmail.mail.message import read_draft
from tests.core.making import NOW

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
OUTLOOK = "<AM0PR04MB3393012345678901234567890123456789@AM0PR04MB3393.eurprd04.prod.outlook.example>"
"""89 characters: more than a line holds."""


def slots(*local: str) -> tuple[Slot, ...]:
    """Return half hours that begin at these times in Copenhagen."""
    moments = [datetime.fromisoformat(one).replace(tzinfo=COPENHAGEN) for one in local]
    return tuple(Slot(moment, moment + timedelta(minutes=30)) for moment in moments)


TUESDAY = slots("2025-11-25T10:00", "2025-11-25T14:00")


def situation(**changes: Any) -> Situation:
    """Return what a letter is written from."""
    values: dict[str, Any] = {
        "sender": ("Anna Holm", "anna@studio.example"),
        "to": [("Bo Berg", "bo@shop.example")],
        "subject": "Re: The invoice",
        "in_reply_to": "<q2@shop.example>",
        "references": ["<q1@shop.example>", "<q2@shop.example>"],
        "date": NOW.astimezone(COPENHAGEN),
        "zone": COPENHAGEN,
        "slots": TUESDAY,
        "language": "en",
        **changes,
    }
    names = ("sender", "to", "subject", "in_reply_to", "references", "date")
    return Situation(Envelope(*(values.pop(name) for name in names)), **values)


def raw(kind: LetterKind = LetterKind.CALL, **changes: Any) -> bytes:
    """Return a suggestion as bytes."""
    told = situation(**changes)
    composed = compose_suggestion(write(kind, told).text, told, "<s1@studio.example>")
    assert b"\n" not in composed.replace(b"\r\n", b"")
    return composed


def compose(kind: LetterKind = LetterKind.CALL, **changes: Any) -> EmailMessage:
    """Return a suggestion, parsed again from its bytes."""
    message = message_from_bytes(raw(kind, **changes), policy=SMTPUTF8)
    assert isinstance(message, EmailMessage)
    return message


def text(kind: LetterKind = LetterKind.CALL, **changes: Any) -> str:
    """Return what it says."""
    return str(compose(kind, **changes).get_content()).replace("\r\n", "\n")


# -- the thread


def test_it_lies_in_the_same_thread() -> None:
    """Subject, In-Reply-To and References are those of the held mail."""
    message = compose()
    assert message["Subject"] == "Re: The invoice"
    assert message["In-Reply-To"] == "<q2@shop.example>"
    assert message["References"].split() == ["<q1@shop.example>", "<q2@shop.example>"]
    assert message["Message-ID"] == "<s1@studio.example>"


def test_long_message_ids_stay_message_ids() -> None:
    """Outlook's are longer than a line; as encoded words they would break the thread."""
    composed = raw(in_reply_to=OUTLOOK, references=["<q1@shop.example>", OUTLOOK])
    assert b"=?" not in composed
    draft = read_draft(composed)
    assert (draft.in_reply_to, draft.references) == (OUTLOOK, ("<q1@shop.example>", OUTLOOK))


def test_two_hundred_references_are_kept() -> None:
    """A long thread folds between ids, no line is too long."""
    ids = [f"<{number:04}{'x' * 60}@shop.example>" for number in range(200)]
    composed = raw(references=ids)
    assert read_draft(composed).references == tuple(ids)
    assert max(map(len, composed.split(b"\r\n"))) < 200


def test_without_references_the_replied_to_mail_is_one() -> None:
    """RFC 5322 section 3.6.4."""
    assert compose(references=[])["References"] == "<q2@shop.example>"


def test_the_first_mail_of_a_thread_has_none() -> None:
    """No empty header fields."""
    message = compose(references=[], in_reply_to=None)
    assert "In-Reply-To" not in message
    assert "References" not in message


def test_it_is_from_the_same_sender_to_the_same_people() -> None:
    """To alone: who was in Cc need not hear of the call."""
    message = compose(to=[("Bo Berg", "bo@shop.example"), ("", "eva@shop.example")])
    assert message["From"] == "Anna Holm <anna@studio.example>"
    assert message["To"] == "Bo Berg <bo@shop.example>, eva@shop.example"
    assert message["Cc"] is None


@pytest.mark.parametrize(
    "address",
    [
        "a..b@docomo.example",
        "a.@docomo.example",
        "åse@shop.example",
        "bo@bücher.example",
        "用户@例子.example",
        '"bo berg"@shop.example',
        "bo@[192.0.2.1]",
        "bo+tag=x@shop.example",
        "x" * 64 + "@" + "y" * 60 + "." + "z" * 60 + ".example",
    ],
)
def test_any_address_that_a_draft_may_have_is_kept(address: str) -> None:
    """What the held mail can be sent to, the suggestion is addressed to as well."""
    written = read_draft(f"To: <{address}>\r\n\r\n".encode()).to
    assert [found for _, found in written] == [address]
    composed = raw(to=written)
    assert [found for _, found in read_draft(composed).to] == [address]


# -- the words


def test_it_says_hello_by_the_first_name() -> None:
    """And ends with the sender's."""
    said = text()
    assert said.startswith("Hello Bo,\n")
    assert said.endswith("Kind regards\nAnna Holm\n")


@pytest.mark.parametrize("name", ["", "  ", ",", "\u202e\u200b"])
def test_without_a_name_it_says_hello(name: str) -> None:
    """Without a gap."""
    assert text(to=[(name, "bo@shop.example")]).startswith("Hello,\n")


def test_a_sender_without_a_name_signs_with_the_address() -> None:
    """What stands before the @."""
    assert text(sender=("", "anna@studio.example")).endswith("Kind regards\nanna\n")


def test_a_phone_number_is_named_if_there_is_one() -> None:
    """Otherwise the client is asked for theirs."""
    assert "reach me on +45 12 34 56 78" in text(phone="+45 12 34 56 78")
    assert "Tell me which number is best" in text()


@pytest.mark.parametrize(
    ("language", "hello", "when"),
    [
        (
            "en",
            "Hello Bo,",
            "Would Tuesday 25 November at 10:00 or Tuesday 25 November at 14:00 suit you for a short call?",
        ),
        ("da", "Hej Bo", "tirsdag den 25. november kl. 10.00 eller tirsdag den 25. november kl. 14.00"),
        ("fi", "Hello Bo,", "Tuesday 25 November"),
        (None, "Hello Bo,", "Tuesday 25 November"),
    ],
)
def test_it_is_written_in_the_mails_language(language: str | None, hello: str, when: str) -> None:
    """English and Danish; English for any other."""
    said = text(language=language)
    assert said.startswith(hello)
    assert when in said


def test_it_blames_nobody_and_promises_nothing() -> None:
    """No word of the held mail, none of the dispute."""
    for language in ("en", "da"):
        said = text(language=language).casefold()
        assert not re.search(r"sorry|angry|fault|undskyld|vred|skyld|invoice", said)


def test_it_declares_nothing_ready() -> None:
    """No header of ours and no `//send`: it goes out only if the user says so."""
    message = compose()
    assert "//send" not in message["Subject"]
    assert set(message.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References",
        "Content-Type", "Content-Transfer-Encoding", "MIME-Version",
    }  # fmt: skip


def test_a_mail_that_answers_nothing_thanks_for_nothing() -> None:
    """The first mail of a thread."""
    for language in ("en", "da"):
        said = text(language=language, in_reply_to=None, references=[])
        assert not re.search("Thank you|Tak for", said)


@pytest.mark.parametrize("name", ["Berg, Bo", "Bo Berg", '"Bo"'])
def test_the_first_name_is_found(name: str) -> None:
    """Outlook writes the last name first."""
    assert text(to=[(name, "bo@shop.example")]).splitlines()[0].replace('"', "") == "Hello Bo,"


def test_an_address_is_no_name() -> None:
    """Some clients write the address as the name, too."""
    assert text(to=[("bo@shop.example", "bo@shop.example")]).startswith("Hello,\n")


def test_a_call_is_fitting() -> None:
    """Where one can be soon."""
    assert fitting_kind(situation(by=NOW + timedelta(days=2))) is LetterKind.CALL


def test_without_a_call_soon_the_mail_is_acknowledged() -> None:
    """The client must not meet silence until then."""
    late = slots("2025-12-01T10:00")
    for found in ((), late):
        assert fitting_kind(situation(slots=found, by=NOW + timedelta(days=2))) is LetterKind.ACKNOWLEDGE
        assert fitting_kind(situation(slots=found, by=NOW + timedelta(days=2), in_reply_to=None)) is LetterKind.CALL


def test_it_says_by_when_an_answer_comes() -> None:
    """In the mail's language."""
    by = datetime(2025, 11, 27, 9, tzinfo=UTC)
    assert "by Thursday 27 November." in text(LetterKind.ACKNOWLEDGE, by=by)
    assert "senest torsdag den 27. november." in text(LetterKind.ACKNOWLEDGE, by=by, language="da")


# -- hostile names


@pytest.mark.parametrize(
    "name",
    [
        "\x1b[31mBo",
        "Bo\r\nBcc: evil@x.example",
        "\u202eoB",
        "B\udcffo",
        "=?utf-8?q?Bo?=",
        '"Bo" \\',
        "<script>",
        "a@b.c",
        "Bo, Berg; x:",
    ],
)
def test_a_hostile_name_stays_a_name(name: str) -> None:
    """It adds no header, moves no cursor, and changes no address."""
    composed = raw(to=[(name, "bo@shop.example")], sender=(name, "anna@studio.example"))
    message = message_from_bytes(composed, policy=SMTPUTF8)
    assert "Bcc" not in message
    assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", composed)
    assert "\u202e" not in message.as_string()
    assert [found for _, found in read_draft(composed).to] == ["bo@shop.example"]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60), st.booleans())
def test_any_name_and_subject_make_a_draft(name: str, subject: str, own: str, beyond: bool) -> None:
    """Nothing that mail can hold makes composing fail or changes who it goes to."""
    address = "åse@shop.example" if beyond else "bo@shop.example"
    draft = read_draft(raw(to=[(name, address)], subject=subject, sender=(own, "anna@studio.example")))
    assert [found for _, found in draft.to] == [address]
    assert draft.from_[1] == "anna@studio.example"
    assert (draft.cc, draft.bcc) == ((), ())
