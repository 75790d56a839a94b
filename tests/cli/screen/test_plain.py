"""The review in plain lines: the same story for ears."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from coolmail.cli.screen.plain import Plain
from coolmail.core.states import State
from tests.cli.screen.conftest import Stage


def review(stage: Stage, *typed: str) -> tuple[str, list[list[str]]]:
    """Type lines, then leave; return everything said, and the commands run."""
    said: list[str] = []
    ran: list[list[str]] = []
    lines = iter(typed)

    def ask(_: str) -> str:
        try:
            return next(lines)
        except StopIteration:
            raise EOFError from None

    def run(arguments: Sequence[str]) -> None:
        ran.append(list(arguments))

    Plain(stage.world(), said.append, ask, run).review()
    return "\n".join(said), ran


def test_the_list_is_sentences(full: Stage) -> None:
    """One numbered line a message; no bars, no colours, no cursor."""
    said, _ = review(full)
    assert "4 held, 2 yours to decide, 1 on the way." in said
    assert (
        "5: to marie@brygge.example. Re: Third draft of the catalogue. Boiling, 0.97. "
        "It goes out Tue 25 Nov 12:40, in 23 h 40 min."
    ) in said
    assert not set(said) & set("█░▌▸\x1b")


def test_a_letter_is_read_with_its_hot_sentences_marked(full: Stage) -> None:
    """In the order in which one hears best: the client, the own words, what works better, the answer instead."""
    said, _ = review(full, "5")
    for words in (
        "marie@brygge.example wrote:\nHi Anna,",
        "[hot: blame, anger] You sent me the wrong price list yourself",
        "What works better:",
        "Instead, a calmer answer, in your Drafts:",
    ):
        assert words in said
        said = said[said.index(words) :]


DONE = [
    (["release 5"], ["release", "k7mw"]),
    (["r 5"], ["release", "k7mw"]),
    (["5", "w"], ["withdraw", "k7mw"]),
    (["cancel 5 --yes"], ["cancel", "k7mw", "--yes"]),
    (["extend 5 tomorrow 9:00"], ["extend", "k7mw", "tomorrow 9:00"]),
    (["x 5", "6h"], ["extend", "k7mw", "6h"]),
    (["f 5", "wrong"], ["feedback", "k7mw", "wrong"]),
    (["feedback 5 right"], ["feedback", "k7mw", "right"]),
    (["suggest 5 explain"], ["suggest", "k7mw", "--kind", "explain"]),
    (["undo"], ["undo"]),
    (["t 5"], ["call", "k7mw"]),
    (["talk 5 --slot 1"], ["call", "k7mw", "--slot", "1"]),
    (["5", "e"], ["edit", "k7mw"]),
    (["find brygge", "c 1"], ["cancel", "k7mw"]),
    (["4", "next", "w"], ["withdraw", "k7mw"]),
]


@pytest.mark.parametrize(("typed", "command"), DONE)
def test_deciding_runs_the_plain_command(full: Stage, typed: list[str], command: list[str]) -> None:
    """By number, by key or word, or on the message that was just read."""
    assert review(full, *typed)[1] == [command]


@pytest.mark.parametrize("typed", ["release", "release 99", "r 0", "release five", "x 5", "99", "frobnicate", "read"])
def test_what_is_not_clear_does_nothing(full: Stage, typed: str) -> None:
    """And is answered in a sentence."""
    said, ran = review(full, typed)
    assert ran == []
    assert len(said.splitlines()) > len(review(full)[0].splitlines())


def test_numbers_keep_their_messages_until_the_next_list(full: Stage) -> None:
    """What comes or goes meanwhile moves none of them."""
    world, moved = full.world(), []

    def ask(_: str) -> str:
        if moved:
            raise EOFError
        full.desk.work(lambda journal: journal.move("p3xa", State.HELD, State.ELSEWHERE, now=full.now, what=""))
        moved.append(True)
        return "w 5"

    ran: list[list[str]] = []
    Plain(world, lambda _: None, ask, lambda arguments: ran.append(list(arguments))).review()
    assert ran == [["withdraw", "k7mw"]]


def test_help_names_every_command(full: Stage) -> None:
    """With what it does."""
    said, _ = review(full, "help")
    assert all(f"{word} 1: " in said for word in ("release", "edit", "withdraw", "cancel", "extend", "undo"))
