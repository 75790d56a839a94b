"""The keys of the review screen: one table, from which the help line, the help page, the plain mode and the bindings are made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text


@dataclass(frozen=True, slots=True)
class Key:
    """A key, the action it starts, its word on the help line, and its sentence on the help page."""

    key: str
    action: str
    word: str
    sentence: str
    shown: str = ""

    @property
    def label(self) -> str:
        """How the key is written for people."""
        return self.shown or self.key


ACTS = (
    Key("r", "release", "release", "Send it now. What is heated asks for a typed word first."),
    Key("e", "edit", "edit", "Edit your words in your editor; they are read anew."),
    Key("w", "withdraw", "withdraw", "Take it back into Drafts."),
    Key("c", "cancel", "cancel", "Never send it. It can be restored."),
    Key("x", "extend", "extend", "Let it wait longer: 6h, 1d, tomorrow 9:00."),
    Key("u", "undo", "undo", "Undo what you did last, here or by a command."),
    Key("t", "call", "talk", "Talk instead: whom to call, when, what to say."),
    Key("s", "suggest", "suggest", "Put another, calmer reply into Drafts."),
    Key("f", "feedback", "feedback", "Say whether coolmail read its tone right."),
)
"""What can be done with a message."""

LIST = (
    Key("enter", "open", "read", "Read the message, with its hot sentences marked.", "Enter"),
    Key("slash", "search", "search", "Find messages by client, subject or words; Esc ends it.", "/"),
    Key("v", "view", "view", "Show all, held, yours to decide, on the way."),
)

READING = (
    Key("escape,left", "back", "back", "Back to the list.", "Esc"),
    Key("n,right", "next", "next", "The next message.", "n"),
    Key("p", "previous", "previous", "The one before."),
    Key("a", "aloud", "aloud", "Hear your words in a flat voice; a again ends it."),
)

SEARCHING = (
    Key("enter", "", "keep", "", "Enter"),
    Key("escape", "", "end", "", "Esc"),
)
"""While the search line is open, letters are letters."""

ALWAYS = (
    Key("question_mark,f1", "help", "help", "This page.", "?"),
    Key("q", "quit", "quit", "Leave. The daemon goes on."),
)

HELP_LINE_LIST = (LIST[0], *ACTS, *LIST[1:])
HELP_LINE_READING = (READING[0], *ACTS, READING[-1], *READING[1:-1])


def help_line(keys: Iterable[Key], width: int) -> Text:
    """Return as many keys with their words as fit into a line; help and quit are always among them, unless letters are typed."""
    text, keys = Text(no_wrap=True), tuple(keys)
    ends = () if keys == SEARCHING else ALWAYS
    room = width - sum(cell_len(f"{key.label} {key.word}  ") for key in ends)
    for key in keys:
        room -= cell_len(f"{key.label} {key.word}  ")
        if room < 0:
            break
        _append(text, key)
    for key in ends:
        _append(text, key)
    return text


def _append(text: Text, key: Key) -> None:
    # The gap is the key's: a picture of the screen may lose spaces that a word begins with.
    text.append(f"{key.label} ", style="bold")
    text.append(f"{key.word}  ")


def help_page() -> Text:
    """Return every key with its sentence."""
    text = Text()
    groups = (
        ("With a message", ACTS),
        ("In the list", LIST),
        ("While you read", READING),
        ("Always", ALWAYS),
    )
    for title, keys in groups:
        text.append(f"{title}\n", style="bold")
        for key in keys:
            text.append(f"  {key.label:<7}", style="bold")
            text.append(f"{key.sentence}\n")
    text.append("Nothing is sent or lost by one key: release and cancel ask first, and u undoes.")
    return text
