"""The table of states: which moves are legal, and the three properties that the whole program rests on."""

from __future__ import annotations

import itertools

import pytest

from coolmail.core.states import ACTIVE, FINISHED, LEGAL, IllegalMoveError, Stage, State, check_move

WAY = [State.TAKEN, State.SCORED, State.HELD, State.DUE, State.SUBMITTING, State.SUBMITTED, State.FILED]
STEPS = list(itertools.pairwise(WAY))
MOVES = list(itertools.product(State, State))
ILLEGAL = [(before, after) for before, after in MOVES if after not in LEGAL[before]]


def reachable(start: State, *, without: frozenset[State] = frozenset()) -> set[State]:
    """Return every state that can follow `start` in any number of moves, passing through none of `without`."""
    found: set[State] = set()
    edge = {start}
    while edge:
        edge = {after for before in edge for after in LEGAL[before]} - found - without
        found |= edge
    return found


def ids(moves: list[tuple[State, State]]) -> list[str]:
    """Name the parameters."""
    return [f"{before}-{after}" for before, after in moves]


@pytest.mark.parametrize(("before", "after"), STEPS, ids=ids(STEPS))
def test_the_way_of_a_message_is_legal(before: State, after: State) -> None:
    """Every move of the main way is allowed."""
    check_move(before, after)


def test_every_move_of_the_table_is_allowed() -> None:
    """`check_move` asks the table and nothing else."""
    for before, after in MOVES:
        if after in LEGAL[before]:
            check_move(before, after)


@pytest.mark.parametrize(("before", "after"), ILLEGAL, ids=ids(ILLEGAL))
def test_every_other_move_is_refused(before: State, after: State) -> None:
    """A move that the table does not name raises, and says which it was."""
    with pytest.raises(IllegalMoveError, match=f"from {before} to {after}"):
        check_move(before, after)


def test_no_state_leads_to_itself() -> None:
    """A move always changes the state, so compare-and-set has exactly one winner."""
    assert all(state not in after for state, after in LEGAL.items())


def test_a_final_state_has_no_way_out_but_the_restorable_ones_into_review() -> None:
    """Filed and elsewhere are the end; withdrawn and cancelled lead to review alone."""
    assert {state: LEGAL[state] for state in FINISHED} == {
        State.FILED: frozenset(),
        State.ELSEWHERE: frozenset(),
        State.WITHDRAWN: frozenset({State.REVIEW}),
        State.CANCELLED: frozenset({State.REVIEW}),
    }


def test_submitted_is_reached_only_by_the_servers_or_the_users_word() -> None:
    """Nothing else than submitting (250) and review (the user said so) leads to submitted."""
    assert {before for before, after in LEGAL.items() if State.SUBMITTED in after} == {State.SUBMITTING, State.REVIEW}


@pytest.mark.parametrize("stopped", [State.CANCELLED, State.WITHDRAWN])
def test_nothing_leads_from_a_stopped_message_out_without_review(stopped: State) -> None:
    """Cancelled and withdrawn never become due, submitting or submitted but through review."""
    assert not reachable(stopped, without=frozenset({State.REVIEW}))
    assert reachable(stopped) > {State.REVIEW, State.DUE}


def test_submitting_is_left_only_by_knowing_or_asking() -> None:
    """An attempt ends accepted, provably not accepted, or in review: it cannot be cancelled from under the server."""
    assert LEGAL[State.SUBMITTING] == {State.SUBMITTED, State.DUE, State.REVIEW}


def test_submitting_is_reached_from_due_alone() -> None:
    """There is one door to the submission server."""
    assert [before for before, after in LEGAL.items() if State.SUBMITTING in after] == [State.DUE]


def test_what_was_submitted_can_only_be_filed() -> None:
    """After 250 there is no second attempt, whatever happens."""
    assert reachable(State.SUBMITTED) == {State.FILED}


def test_every_active_state_can_end() -> None:
    """No message can be caught for ever."""
    assert all(reachable(state) & FINISHED for state in ACTIVE)


def test_every_state_is_reached_from_taken() -> None:
    """There are no states that nothing leads to."""
    assert reachable(State.TAKEN) | {State.TAKEN} == set(State)


@pytest.mark.parametrize(("stage", "safe"), [(stage, stage is not Stage.DATA) for stage in Stage])
def test_only_the_content_makes_a_retry_unsafe(stage: Stage, safe: bool) -> None:
    """Before the content nothing can have been accepted."""
    assert stage.retry_is_safe is safe
