"""What the screen needs of the world around it, as one value: clock, journal, terminal, what a first glance found. Tests bring their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coolmail.core.entry import Entry
    from coolmail.core.settings import Settings
    from coolmail.journal import Journal


@dataclass(frozen=True, slots=True)
class World:
    """The outside of the screen.

    `clock` is UTC. `open_journal` opens the journal. `first` are the messages that a glance found, shown until the journal is open; None: it found
    nothing out. `in_terminal` runs a plain command that needs the terminal for itself, and returns its exit code.
    """

    settings: Settings
    clock: Callable[[], datetime]
    zone: tzinfo
    open_journal: Callable[[], AbstractAsyncContextManager[Journal]]
    in_terminal: Callable[[Sequence[str]], int]
    first: tuple[Entry, ...] | None = None
    no_colour: bool = False

    @property
    def opening(self) -> int:
        """When the user's working day begins, in minutes since midnight."""
        return self.settings.hold.working_hours.start
