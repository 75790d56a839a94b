"""Deciding on the command line and acting in the daemon exclude each other in the database itself."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from coolmail.core.states import FINISHED, LEGAL, Decision, State
from coolmail.journal import Journal
from coolmail.journal.store import can_be
from tests.core.making import NOW
from tests.journal.adding import add, bring, try_add


@pytest.mark.parametrize(
    ("decision", "after"),
    [
        (Decision.CANCEL, State.CANCELLED),
        (Decision.WITHDRAW, State.WITHDRAWN),
        (Decision.RESTORE, State.REVIEW),
        (Decision.RELEASE, State.DUE),
        (Decision.RELEASE_AGAIN, State.DUE),
        (Decision.WAS_SENT, State.SUBMITTED),
    ],
)
def test_a_decision_is_offered_only_where_its_move_is_legal(decision: Decision, after: State) -> None:
    """The user is never promised what the daemon may not carry out."""
    assert all(after in LEGAL[state] for state in can_be(decision))


@pytest.mark.parametrize("state", [State.SUBMITTING, State.SUBMITTED, State.FILED, State.ELSEWHERE])
def test_it_is_too_late_to_stop_what_is_with_the_server(state: State) -> None:
    """From submitting on, cancel and withdraw are not offered."""
    assert state not in can_be(Decision.CANCEL) | can_be(Decision.WITHDRAW)


async def test_a_decision_is_recorded_with_an_event(journal: Journal) -> None:
    """Who looks later sees what the user wanted, and the state as it was."""
    entry = await bring(journal, await add(journal), State.HELD)
    assert await journal.decide(entry.id, Decision.RELEASE, can_be(Decision.RELEASE), now=NOW, what="you released it")
    found = await journal.get(entry.id)
    assert found is not None
    assert (found.state, found.decision) == (State.HELD, Decision.RELEASE)
    last = (await journal.events(entry.id))[-1]
    assert (last.state, last.what) == (State.HELD, "you released it")


async def test_a_decision_that_comes_too_late_changes_nothing(journal: Journal) -> None:
    """The state has moved on: False, no decision, no event."""
    entry = await bring(journal, await add(journal), State.SUBMITTING)
    before = await journal.events(entry.id)
    assert not await journal.decide(entry.id, Decision.CANCEL, can_be(Decision.CANCEL), now=NOW, what="cancelled")
    assert await journal.get(entry.id) == entry
    assert await journal.events(entry.id) == before


@pytest.mark.parametrize("decision", [Decision.CANCEL, Decision.WITHDRAW])
async def test_a_stopping_decision_stops_the_move_into_submission(journal: Journal, decision: Decision) -> None:
    """Decided a moment before: the daemon's move fails and it looks again."""
    entry = await bring(journal, await add(journal), State.DUE)
    assert await journal.decide(entry.id, decision, can_be(decision), now=NOW, what="stop")
    assert not await journal.move(entry.id, State.DUE, State.SUBMITTING, now=NOW, what="attempt 1", unless_stopped=True)
    assert await journal.move(entry.id, State.DUE, State.CANCELLED, now=NOW, what="cancelled")


async def test_another_decision_does_not_stop_the_move(journal: Journal) -> None:
    """A release stops nothing."""
    entry = await bring(journal, await add(journal), State.HELD)
    await journal.decide(entry.id, Decision.RELEASE, can_be(Decision.RELEASE), now=NOW, what="release")
    assert await journal.move(entry.id, State.HELD, State.DUE, now=NOW, what="", unless_stopped=True)


async def test_cancelling_and_submitting_exclude_each_other(path: Path) -> None:
    """Two open journals race for fifty messages: each is cancelled or submitted, never both, never neither."""
    async with Journal.open(path) as daemon, Journal.open(path) as command:
        due = [await bring(daemon, await add(daemon, number), State.DUE) for number in range(50)]

        async def submit(entry_id: str) -> bool:
            return await daemon.move(entry_id, State.DUE, State.SUBMITTING, now=NOW, what="", unless_stopped=True)

        async def cancel(entry_id: str) -> bool:
            return await command.decide(entry_id, Decision.CANCEL, can_be(Decision.CANCEL), now=NOW, what="")

        for number, entry in enumerate(due):
            both = [submit(entry.id), cancel(entry.id)]
            first, second = await asyncio.gather(*(both if number % 2 else reversed(both)))
            assert first is not second


async def test_a_restore_is_refused_while_the_same_mail_waits(journal: Journal) -> None:
    """One unfinished entry a Message-ID: the cancelled one comes back only after the other is finished."""
    old = await bring(journal, await add(journal), State.CANCELLED)
    new = await add(journal)
    restore = Decision.RESTORE, can_be(Decision.RESTORE)
    assert not await journal.decide(old.id, *restore, now=NOW, what="restore")
    await bring(journal, new, State.CANCELLED)
    assert await journal.decide(old.id, *restore, now=NOW, what="restore")
    assert [entry.id for entry in await journal.decided("work")] == [old.id]


async def test_a_finished_message_does_not_come_back_beside_its_twin(journal: Journal) -> None:
    """The daemon's own move says False instead of breaking the index."""
    old = await bring(journal, await add(journal), State.WITHDRAWN)
    await add(journal)
    assert not await journal.move(old.id, State.WITHDRAWN, State.REVIEW, now=NOW, what="restored")


@pytest.mark.parametrize("state", sorted(set(State) - FINISHED))
async def test_an_unfinished_message_is_not_taken_twice(journal: Journal, state: State) -> None:
    """Whatever its state, a second entry with its Message-ID is refused; another account has its own."""
    await add(journal, state=state)
    assert await try_add(journal) is None
    assert await try_add(journal, account="home") is not None


@pytest.mark.parametrize("state", sorted(FINISHED))
async def test_a_finished_message_may_be_taken_again(journal: Journal, state: State) -> None:
    """Withdrawn, edited without a new Message-ID, declared ready again."""
    await add(journal, state=state)
    assert await try_add(journal) is not None
