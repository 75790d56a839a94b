"""Commands about the call instead of a mail: what they ask the daemon to put into a mailbox."""

from __future__ import annotations

from typing import Any

import pytest

from coolmail.calls.suggestion import AT_ANY_TIME
from coolmail.cli.talking import Kind
from coolmail.core.entry import Entry
from coolmail.core.our_ids import is_ours
from coolmail.core.states import State
from coolmail.journal import Errand
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
