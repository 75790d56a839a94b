"""`undo`, `diff`, `feedback` and the whole log: what was done can be seen, judged and, for ten minutes, undone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from coolmail.cli import acts
from coolmail.core.entry import Entry
from coolmail.core.states import Decision, State
from coolmail.journal import Errand, Journal, deeds
from coolmail.journal.edits import EDIT, pending, replace
from coolmail.mail.edited import renamed
from tests.cli.conftest import Desk
from tests.cli.test_deciding import at_a_terminal
from tests.cli.test_editing import ANGRY, KIND, RAW, held
from tests.core.making import NOW, calm_report, hot_report


def edit(desk: Desk, entry: Entry, words: str = KIND, **more: Any) -> Errand:
    """Edit a message as the command does."""

    async def work(journal: Journal) -> Errand:
        old = await acts.base(journal, entry)
        name = acts.edited_message_id("anna@studio.example")
        new = renamed(old.replace(ANGRY.encode(), words.encode()), name)
        now = datetime.now(UTC)
        act = await acts.edit(journal, entry, new, name, begun_with=old, now=now, heat=(0.9, 0.2), **more)
        assert act.done, act.said
        found = await pending(journal, entry.id)
        assert found is not None
        return found

    return desk.work(work)


def in_its_place(desk: Desk, entry: Entry, errand: Errand) -> None:
    """Do what the daemon does with an edit, as far as the journal is concerned."""

    async def work(journal: Journal) -> None:
        now = await journal.get(entry.id)
        assert now is not None
        place = now.source
        report = calm_report()
        done = await replace(
            journal,
            errand,
            now,
            now=NOW,
            what="you edited it",
            place=place,
            report=report,
            reasons=(),
            own_text=f"{KIND}\n\nAnna",
        )
        assert done

    desk.work(work)


# -- undo

PENDING = [
    (["release", "--yes"], State.HELD),
    (["cancel", "--yes"], State.HELD),
    (["cancel", "--yes"], State.DUE),
    (["withdraw"], State.HELD),
    (["restore"], State.CANCELLED),
    (["resolve", "--was-sent"], State.REVIEW),
    (["release", "--yes", "--again"], State.REVIEW),
]


@pytest.mark.parametrize(("command", "state"), PENDING)
def test_what_the_daemon_has_not_carried_out_is_forgotten(desk: Desk, command: list[str], state: State) -> None:
    """The message is as before; the log keeps both."""
    entry = desk.add(state=state)
    assert desk.run(*command, entry.id).exit_code == 0
    result = desk.run("undo", entry.id)
    assert result.exit_code == 0, result.output
    assert f"{entry.id}: {command[0]} undone, it is as before: Re: The invoice" in result.stdout
    after = desk.entry(entry.id)
    assert (after.state, after.decision) == (state, None)
    assert f"you took back: {command[0]}" in desk.run("log", entry.id).stdout


CARRIED_OUT = [
    (["cancel", "--yes"], State.HELD, State.CANCELLED, Decision.RESTORE, "it is put into Review"),
    (["withdraw"], State.HELD, State.WITHDRAWN, Decision.RESTORE, "it is put into Review"),
    (["release", "--yes"], State.HELD, State.DUE, Decision.WITHDRAW, "it goes back to Drafts"),
    (["restore"], State.CANCELLED, State.REVIEW, Decision.CANCEL, "it is cancelled again"),
    (["restore"], State.WITHDRAWN, State.REVIEW, Decision.WITHDRAW, "it goes back to Drafts"),
]


def carried_out(desk: Desk, entry: Entry, after: State) -> None:
    """Do what the daemon does with a decision, as far as the journal is concerned."""
    moved = desk.work(lambda journal: journal.move(entry.id, entry.state, after, now=NOW, what="done", decision=None))
    assert moved


@pytest.mark.parametrize(("command", "state", "after", "decision", "said"), CARRIED_OUT)
def test_what_was_carried_out_is_put_right(
    desk: Desk, command: list[str], state: State, after: State, decision: Decision, said: str
) -> None:
    """By the opposite act, which is not itself undone by another undo."""
    entry = desk.add(state=state)
    assert desk.run(*command, entry.id).exit_code == 0
    carried_out(desk, entry, after)
    result = desk.run("undo", entry.id)
    assert result.exit_code == 0, result.output
    assert said in result.stdout
    assert desk.entry(entry.id).decision is decision
    again = desk.run("undo", entry.id)
    assert again.exit_code == 1
    assert f"nothing was done with {entry.id} in the last 10 min" in again.stderr


def test_what_was_sent_was_sent(desk: Desk) -> None:
    """Exit code 1, and it can't be tried for ever."""
    entry = desk.add()
    assert desk.run("release", "--yes", entry.id).exit_code == 0
    for before, after in ((State.HELD, State.DUE), (State.DUE, State.SUBMITTING), (State.SUBMITTING, State.SUBMITTED)):
        move = {"before": before, "after": after}
        assert desk.work(lambda journal, m=move: journal.move(entry.id, **m, now=NOW, what="", decision=None))  # type: ignore[misc]
    result = desk.run("undo", entry.id)
    assert result.exit_code == 1
    assert f"release of {entry.id} cannot be undone: it is too late, the server has it" in result.stderr


def test_ten_minutes_and_no_more(desk: Desk) -> None:
    """What was done before is history."""
    entry = desk.add()
    old = datetime.now(UTC) - timedelta(minutes=10, seconds=1)
    assert desk.work(lambda journal: acts.cancel(journal, entry, now=old)).done
    assert desk.run("undo", entry.id).exit_code == 1
    result = desk.run("undo")
    assert result.exit_code == 1
    assert "nothing was done in the last 10 min that can be undone" in result.stderr
    assert desk.entry(entry.id).decision is Decision.CANCEL


def test_without_an_id_the_last_command_is_undone(desk: Desk) -> None:
    """All of it, and nothing that was done before it."""
    first, second, third = (desk.add(number) for number in range(3))
    assert desk.run("withdraw", first.id).exit_code == 0
    assert desk.run("cancel", "--yes", second.id, third.id).exit_code == 0
    assert desk.run("undo").exit_code == 0
    decisions = [desk.entry(entry.id).decision for entry in (first, second, third)]
    assert decisions == [Decision.WITHDRAW, None, None]


@pytest.mark.parametrize(("answer", "decision"), [("y\n", None), ("\n", Decision.CANCEL)])
def test_at_a_terminal_it_says_what_it_would_undo(desk: Desk, answer: str, decision: Decision | None) -> None:
    """Where no message was named."""
    entry = desk.add()
    assert desk.run("cancel", "--yes", entry.id).exit_code == 0
    done = at_a_terminal(desk, answer, "undo")
    assert f"Undo cancel of {entry.id}, 'Re: The invoice'".encode() in done.stderr
    assert desk.entry(entry.id).decision is decision


def test_undoing_an_extension(desk: Desk) -> None:
    """The old deadline stands, unless it has passed: then it would go out at once."""
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=5)
    entry, late = desk.add(1, hold_until=until), desk.add(2, hold_until=NOW)
    assert desk.run("extend", entry.id, late.id, "6h").exit_code == 0
    assert desk.run("undo", entry.id).exit_code == 0
    assert desk.entry(entry.id).hold_until == until
    moved = desk.entry(late.id)
    result = desk.run("undo", late.id)
    assert result.exit_code == 1
    assert "its old deadline has passed" in result.stderr
    assert desk.entry(late.id) == moved


@pytest.mark.parametrize("placed", [False, True])
@pytest.mark.parametrize("send", [False, True])
def test_undoing_an_edit_brings_back_the_version_of_before(desk: Desk, placed: bool, send: bool) -> None:
    """Whether the daemon has put the edited one in its place already or not; and it no longer goes out with it."""
    entry = held(desk)
    first = edit(desk, entry, send=send)
    if placed:
        in_its_place(desk, entry, first)
    result = desk.run("undo", entry.id)
    assert result.exit_code == 0, result.output
    assert "edit undone, the version of before waits" in result.stdout
    newest = desk.work(lambda journal: pending(journal, entry.id))
    assert newest is not None
    assert newest.kind == EDIT
    assert newest.raw.replace(newest.message_id.encode(), b"<m1@studio.example>") == RAW
    assert desk.entry(entry.id).decision is None
    kinds = [errand.kind for errand in desk.work(lambda journal: journal.errands("work")) if errand.outcome == ""]
    assert set(kinds) == {EDIT}


def test_undoing_the_second_of_two_edits(desk: Desk) -> None:
    """Brings back the first."""
    entry = held(desk)
    first = edit(desk, entry)
    edit(desk, entry, "unused")  # the words are those of the first by now
    assert desk.run("undo", entry.id).exit_code == 0
    newest = desk.work(lambda journal: pending(journal, entry.id))
    assert newest is not None
    assert newest.raw.replace(newest.message_id.encode(), first.message_id.encode()) == first.raw


def test_undoing_feedback(desk: Desk) -> None:
    """The answer is gone, and so is the deed."""
    entry = held(desk)
    assert desk.run("feedback", entry.id, "wrong").exit_code == 0
    assert desk.run("undo", entry.id).exit_code == 0
    assert desk.work(lambda journal: journal.feedback()) == []
    assert desk.run("undo", entry.id).exit_code == 1


def test_a_crash_before_the_deed_is_noted_leaves_it_done(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never the other way round: what was not done can't be undone."""
    entry = desk.add()

    async def crash(*_: object, **__: object) -> None:
        raise OSError("power cut")

    monkeypatch.setattr(deeds, "note", crash)
    with pytest.raises(OSError, match="power cut"):
        desk.work(lambda journal: acts.cancel(journal, entry, now=NOW))
    assert desk.entry(entry.id).decision is Decision.CANCEL
    assert desk.work(lambda journal: deeds.done_since(journal, NOW - timedelta(days=1))) == []


# -- diff


def test_then_and_now(desk: Desk) -> None:
    """The first version and the newest, with the heat of both, the edit in its place already or not."""
    entry = held(desk, own_text=f"{ANGRY}\n\nAnna")
    shown = desk.run("diff", entry.id).stdout
    assert "Nothing in your text was changed." in shown
    first = edit(desk, entry)
    waiting = desk.json("diff", entry.id)["diffs"][0]
    in_its_place(desk, entry, first)
    placed = desk.json("diff", entry.id)["diffs"][0]
    for found in (waiting, placed):
        assert found["then"]["own_text"].startswith(ANGRY)
        assert found["now"]["own_text"].startswith(KIND)
        assert found["then"]["heat"] == 0.9
        assert {"mark": "-", "text": ANGRY} in found["lines"]
        assert {"mark": "+", "text": KIND} in found["lines"]
    shown = desk.run("diff", entry.id).stdout
    assert f"- {ANGRY}\n+ {KIND}\n" in shown
    assert "heat 0.90 -> 0.10" in shown


def test_a_mail_that_was_withdrawn_and_declared_ready_again(desk: Desk) -> None:
    """Its first version is the one that was withdrawn."""
    old = desk.add(1, state=State.WITHDRAWN, report=hot_report(), own_text="You fool.\nAnna", subject="Re: You")
    new = desk.add(2, report=calm_report(), own_text="Dear Bo.\nAnna", continues=old.id)
    (found,) = desk.json("diff", new.id)["diffs"]
    assert (found["then"]["own_text"], found["now"]["own_text"]) == ("You fool.\nAnna", "Dear Bo.\nAnna")
    assert (found["then"]["heat"], found["now"]["heat"]) == (0.9, 0.1)
    shown = desk.run("diff", new.id).stdout
    assert "subject Re: You -> Re: The invoice" in shown
    assert "- You fool.\n+ Dear Bo.\n  Anna\n" in shown


# -- feedback and the log


def test_feedback_is_kept_by_the_text_it_is_about(desk: Desk) -> None:
    """Several at once; the log tells it."""
    entries = [held(desk, message_id=f"<f{number}@x.example>") for number in range(2)]
    result = desk.run("feedback", *[entry.id for entry in entries], "WRONG")
    assert result.exit_code == 0, result.output
    assert f"{entries[0].id}: noted that 0.90 heated was wrong: Re: The invoice" in result.stdout
    given = desk.work(lambda journal: journal.feedback("work"))
    assert [(one.message, one.answer, one.heat) for one in given] == [(entry.id, "wrong", 0.9) for entry in entries]
    assert len({one.text_hash for one in given}) == 1
    assert "you said that 0.90 heated was wrong" in desk.run("log", entries[0].id).stdout


@pytest.mark.parametrize(("answer", "code"), [("maybe", 2), ("right", 1)])
def test_feedback_that_says_nothing(desk: Desk, answer: str, code: int) -> None:
    """No answer at all is a usage error; what was not judged cannot be judged wrongly."""
    entry = desk.add()
    assert desk.run("feedback", entry.id, answer).exit_code == code
    assert desk.work(lambda journal: journal.feedback()) == []


def test_the_log_tells_what_was_asked_of_the_daemon(desk: Desk) -> None:
    """And what became of it, in the order in which it happened."""
    entry = held(desk, now=NOW)
    asked = edit(desk, entry)
    assert asked.id is not None
    desk.work(lambda journal: journal.finish(asked.id or 0, "put into Drafts", now=datetime.now(UTC)))
    told = [row["what"] for row in desk.json("log", entry.id)["events"]]
    assert told == ["taken from Outbox", "asked for: edit", "edit: put into Drafts"]
