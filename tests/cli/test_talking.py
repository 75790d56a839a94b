"""Commands about the call instead of a mail: what they ask the daemon to put into a mailbox."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTPUTF8
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from coolmail.calls.keeping import to_json
from coolmail.calls.suggestion import AT_ANY_TIME
from coolmail.cli.talking import Kind
from coolmail.core.entry import Entry
from coolmail.core.our_ids import is_ours
from coolmail.core.states import Decision, State
from coolmail.core.talk import Number, Point, Preparation, Slot
from coolmail.journal import Errand
from coolmail.journal.requests import Talk
from coolmail.mail.message import Draft, read_draft
from tests.cli.conftest import Desk
from tests.core.making import hot_report

RAW = (
    b"From: Anna Holm <anna@studio.example>\r\nTo: Bo Berg <bo@shop.example>\r\nCc: eva@shop.example\r\nSubject: Re: The invoice\r\n"
    b"In-Reply-To: <q1@shop.example>\r\nReferences: <q0@shop.example> <q1@shop.example>\r\nMessage-ID: <m1@studio.example>\r\n\r\nYou never read.\r\n"
)


def held(desk: Desk, **more: Any) -> Entry:
    """Put a held mail into the journal."""
    return desk.add(**{"raw": RAW, "report": hot_report(), **more})


def errands(desk: Desk, entry: Entry) -> list[Errand]:
    """Return what was asked for."""
    return desk.work(lambda journal: journal.errands_about(entry.id))


def asked(desk: Desk, entry: Entry) -> tuple[Errand, Draft]:
    """Return the only thing that was asked for, and the draft in it."""
    (errand,) = errands(desk, entry)
    return errand, read_draft(errand.raw)


def test_every_kind_can_be_asked_for() -> None:
    """The command line knows the kinds without loading what writes them."""
    assert [kind.value for kind in Kind] == [kind.value for kind in AT_ANY_TIME]


@pytest.mark.parametrize("kind", [kind.value for kind in Kind])
def test_a_draft_is_asked_for(desk: Desk, kind: str) -> None:
    """In the thread of the held mail, to the one it answers, for Drafts: it waits there for its author."""
    entry = held(desk)
    result = desk.run("suggest", entry.id, "--kind", kind)
    assert result.exit_code == 0, result.output
    assert f"a draft ({kind}) goes into Drafts" in result.stdout
    errand, draft = asked(desk, entry)
    assert (errand.kind, errand.role, errand.account) == (kind, "drafts", "work")
    assert (draft.subject, draft.in_reply_to) == ("Re: The invoice", "<q1@shop.example>")
    assert draft.references == ("<q0@shop.example>", "<q1@shop.example>")
    assert ([address for _, address in draft.to], draft.cc) == (["bo@shop.example"], ())
    assert draft.message_id == errand.message_id
    assert is_ours(errand.message_id)
    assert draft.own_text.text.startswith("Hello Bo,")
    assert ("[…" in draft.own_text.text) == ("fill in what stands in" in result.stdout)


def test_the_mail_itself_stays_as_it_is(desk: Desk) -> None:
    """Suggesting decides nothing."""
    entry = held(desk)
    desk.run("suggest", entry.id)
    assert desk.entry(entry.id) == entry


def test_the_same_draft_is_asked_for_once(desk: Desk) -> None:
    """Other words are another draft."""
    entry = held(desk)
    for kind in ("explain", "explain", "handoff"):
        assert desk.run("suggest", entry.id, "-k", kind).exit_code == 0
    assert [errand.kind for errand in errands(desk, entry)] == ["explain", "handoff"]


def test_it_is_written_in_danish_about_danish_mail(desk: Desk) -> None:
    """As the daemon's own suggestion is."""
    entry = held(desk, report=hot_report(language="da"))
    desk.run("suggest", entry.id, "-k", "apologise")
    assert asked(desk, entry)[1].own_text.text.startswith("Hej Bo\n")


def test_the_users_template_lies_beside_the_configuration(desk: Desk) -> None:
    """And what is wrong with it is said, with the line."""
    folder = desk.config.parent / "templates"
    folder.mkdir()
    (folder / "call.en.txt.j2").write_text("Dear {{ name }}, let us talk.\n")
    (folder / "explain.en.txt.j2").write_text("Dear\n{{ nmae }}\n")
    entry = held(desk)
    assert "built-in" not in desk.run("suggest", entry.id).output
    result = desk.run("suggest", entry.id, "-k", "explain")
    assert result.exit_code == 0
    assert "your template explain.en.txt.j2, line 2: 'nmae' is undefined; the built-in one was used" in result.stdout
    first, second = (read_draft(errand.raw).own_text.text for errand in errands(desk, entry))
    assert first == "Dear Bo, let us talk."
    assert second.startswith("Hello Bo,")


NOT = [
    ({"raw": RAW.replace(b"To: Bo Berg <bo@shop.example>\r\n", b"")}, "has nobody in To"),
    ({"account": "gone"}, "is not in the configuration"),
]


@pytest.mark.parametrize(("more", "said"), NOT)
def test_where_nothing_can_be_written_that_is_said(desk: Desk, more: dict[str, Any], said: str) -> None:
    """With exit code 1, and nothing is asked for."""
    entry = held(desk, **more)
    result = desk.run("suggest", entry.id)
    assert result.exit_code == 1
    assert said in result.stderr
    assert errands(desk, entry) == []


def test_a_finished_mail_may_be_followed_by_a_letter(desk: Desk) -> None:
    """An apology for one that went out, for instance."""
    entry = held(desk, state=State.FILED)
    assert desk.run("suggest", entry.id, "-k", "apologise").exit_code == 0
    assert len(errands(desk, entry)) == 1


def test_as_json(desk: Desk) -> None:
    """As every command that acts."""
    entry = held(desk)
    (act,) = desk.json("suggest", entry.id)["acts"]
    assert (act["id"], act["done"]) == (entry.id, True)


# -- call and called


SLOTS = tuple(Slot(start, start + timedelta(minutes=30), start.astimezone(ZoneInfo("America/New_York"))) for start in (
    datetime(2099, 11, 30, 15, tzinfo=ZoneInfo("Europe/Copenhagen")), datetime(2099, 12, 1, 16, tzinfo=ZoneInfo("Europe/Copenhagen")),
))  # fmt: skip
FOUND = Preparation(
    (Number("+4533123456", "+45 33 12 34 56", "33 12 34 56", "in their mail of 20 November"),),
    SLOTS,
    (Point("complaint", "The form is still [red]broken\x1b[31m.", "their mail of 20 November"),),
    ("Your country is not known.",),
)


def prepared(desk: Desk, found: Preparation = FOUND, **more: Any) -> Entry:
    """Put a held mail into the journal for which a call was prepared."""
    entry = held(desk, **more)
    desk.work(lambda journal: journal.set_talk(entry.id, found=to_json(found)))
    return entry


def talk(desk: Desk, entry: Entry) -> Talk:
    """Return what the journal knows of the call."""
    found = desk.work(lambda journal: journal.talk(entry.id))
    assert found is not None
    return found


def event_in(raw: bytes) -> Any:
    """Return the event in the file of an invitation."""
    message = message_from_bytes(raw, policy=SMTPUTF8)
    assert isinstance(message, EmailMessage)
    file = next(message.iter_attachments()).get_payload(decode=True)
    return Calendar.from_ical(file).events[0]


def test_call_shows_whom_when_and_what(desk: Desk) -> None:
    """From the journal alone; what comes from mail cannot be markup or move the cursor."""
    entry = prepared(desk)
    said = desk.run("call", entry.id).stdout
    for expected in (
        "+45 33 12 34 56  (33 12 34 56)  in their mail of 20 November",
        "1  Monday 30 November at 15:00 (09:00 their time)",
        "2  Tuesday 1 December at 16:00 (10:00 their time)",
        "They complain: The form is still [red]broken[31m.  (their mail of 20 November)",
        "Your country is not known.",
    ):
        assert expected in said
    assert errands(desk, entry) == []


def test_call_as_json(desk: Desk) -> None:
    """Moments are ISO 8601 with their offset."""
    entry = prepared(desk)
    shown = desk.json("call", entry.id)
    assert shown["call"]["numbers"][0]["e164"] == "+4533123456"
    assert shown["call"]["slots"][0] == {
        "start": "2099-11-30T15:00:00+01:00",
        "end": "2099-11-30T15:30:00+01:00",
        "theirs": "2099-11-30T09:00:00-05:00",
    }
    assert (shown["id"], shown["slot"], shown["called_at"]) == (entry.id, None, None)


def test_before_anything_was_found_there_are_times_all_the_same(desk: Desk) -> None:
    """The daemon may not have come to it yet."""
    shown = desk.json("call", held(desk).id)
    assert len(shown["call"]["slots"]) >= 2
    assert "called_at" not in shown


def test_times_that_have_passed_are_found_anew(desk: Desk) -> None:
    """In the client's zone still; the number stays."""
    past = tuple(replace(slot, start=slot.start.replace(year=2020), end=slot.end.replace(year=2020)) for slot in SLOTS)
    shown = desk.json("call", prepared(desk, replace(FOUND, slots=past)).id)["call"]
    assert [number["e164"] for number in shown["numbers"]] == ["+4533123456"]
    assert all(slot["start"] > "2026" and slot["theirs"] for slot in shown["slots"])


def test_an_invitation_is_asked_for(desk: Desk) -> None:
    """For the chosen time, by both clocks, into Drafts; the time is remembered."""
    entry = prepared(desk)
    result = desk.run("call", entry.id, "--slot", "2")
    assert result.exit_code == 0, result.output
    assert "an invitation for Tuesday 1 December at 16:00 (10:00 their time) goes into Drafts" in result.stdout
    errand, draft = asked(desk, entry)
    assert (errand.kind, errand.role) == ("invitation", "drafts")
    assert "Tuesday 1 December at 10:00 your time" in draft.own_text.text
    assert "I will call you on +45 33 12 34 56" in draft.own_text.text
    assert b'method="REQUEST"' in errand.raw
    assert talk(desk, entry).slot == SLOTS[1].start
    assert "An invitation was made for Tue 01 Dec 16:00" in desk.run("call", entry.id).stdout


def test_it_can_go_at_once(desk: Desk) -> None:
    """By the way of every mail: from Outbox."""
    entry = prepared(desk)
    assert "goes into Outbox" in desk.run("call", entry.id, "--slot", "1", "--outbox").stdout
    assert asked(desk, entry)[0].role == "outbox"


def test_another_time_moves_the_same_event(desk: Desk) -> None:
    """The UID stays, the sequence grows with every move, back to the first time, too; the same time again is the same invitation."""
    entry = prepared(desk)
    own = (datetime.now(UTC) + timedelta(days=9)).strftime("%Y-%m-%d 14:00")
    for chosen in (["--slot", "1"], ["--slot", "2"], ["--slot", "2"], ["--at", own], ["--slot", "1"]):
        assert desk.run("call", entry.id, *chosen).exit_code == 0
    events = [event_in(errand.raw) for errand in errands(desk, entry)]
    assert len({event["UID"] for event in events}) == 1
    assert [event["SEQUENCE"] for event in events] == [0, 1, 2, 3]
    assert [event["DTSTART"].dt for event in events[::3]] == [SLOTS[0].start] * 2
    assert f"{events[2]['DTSTART'].dt:%Y-%m-%d %H:%M}" == own


WRONG = [
    (["--slot", "3"], 2, "there are 2 times"),
    (["--slot", "1", "--at", "tomorrow"], 2, "not both"),
    (["--outbox"], 2, "by --slot or by --at"),
    (["--at", "yesterday"], 2, "write it like"),
    (["--at", "2020-01-01 10:00"], 2, "past"),
]


@pytest.mark.parametrize(("chosen", "code", "said"), WRONG)
def test_a_wrong_choice_is_said(desk: Desk, chosen: list[str], code: int, said: str) -> None:
    """And nothing is asked for."""
    entry = prepared(desk)
    result = desk.run("call", entry.id, *chosen)
    assert (result.exit_code, said in result.stderr) == (code, True), result.stderr
    assert errands(desk, entry) == []


def test_called_cancels_and_offers_the_letter_after_it(desk: Desk) -> None:
    """The call and its note are in the journal, the mail is cancelled, the draft waits to be filled in; the note is written to nobody."""
    entry = prepared(desk)
    result = desk.run("called", entry.id, "--note", "She was kind about it.")
    assert result.exit_code == 0, result.output
    found = talk(desk, entry)
    assert found.called_at is not None
    assert found.note == "She was kind about it."
    assert desk.entry(entry.id).decision is Decision.CANCEL
    events = desk.work(lambda journal: journal.events(entry.id))
    assert events[-1].what == "you called: She was kind about it."
    errand, draft = asked(desk, entry)
    assert (errand.kind, errand.role) == ("discussed", "drafts")
    assert "As discussed" in draft.own_text.text
    assert b"kind" not in errand.raw
    assert "You called" in desk.run("call", entry.id).stdout


def test_the_mail_may_wait_on(desk: Desk) -> None:
    """And the letter may be left out."""
    entry = prepared(desk)
    assert desk.run("called", entry.id, "--keep", "--no-draft").exit_code == 0
    assert talk(desk, entry).called_at is not None
    assert desk.entry(entry.id).decision is None
    assert errands(desk, entry) == []


@pytest.mark.parametrize("state", [State.FILED, State.CANCELLED, State.WITHDRAWN])
def test_a_call_about_a_finished_mail_is_recorded(desk: Desk, state: State) -> None:
    """There is nothing to cancel."""
    entry = prepared(desk, state=state)
    assert desk.run("called", entry.id).exit_code == 0
    assert talk(desk, entry).called_at is not None
    assert len(errands(desk, entry)) == 1


def test_a_mail_that_is_being_sent_is_said(desk: Desk) -> None:
    """The call is recorded; the mail could not be stopped."""
    entry = prepared(desk, state=State.SUBMITTING)
    result = desk.run("called", entry.id)
    assert result.exit_code == 1
    assert "it is being sent this moment" in result.stderr
    assert talk(desk, entry).called_at is not None
