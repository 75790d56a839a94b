"""The doors: which drafts the user declared ready, and for how long they have been still.

Ready is always an explicit act: a message in `Outbox`, a flagged draft, or a draft whose subject ends in `//send`. A message is taken only after
nothing about it changed for `settle`. Drafts that looked ready when coolmail first met the mailbox, and a withdrawn message that lies unchanged where
it was put, are left alone; the latter carries a keyword, so that another computer leaves it alone, too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import timedelta

from coolmail.core.settings import Settle
from coolmail.core.steps import Role
from coolmail.core.subject import has_token
from coolmail.daemon.survey import TAKEN_KEYWORD, Seen, View


def looks_ready(seen: Seen) -> bool:
    """Whether the user declared it ready, by the door it stands at."""
    if seen.deleted:
        return False
    return seen.role is Role.OUTBOX or (seen.role is Role.DRAFTS and says_ready(seen.draft.subject, seen.flags))


def says_ready(subject: str, flags: Iterable[str]) -> bool:
    """Whether a draft in Drafts with this subject and these flags was declared ready."""
    low = {flag.lower() for flag in flags}
    return "\\flagged" in low or (has_token(subject) and TAKEN_KEYWORD.lower() not in low)


class Doors:
    """Remembers since when each ready message has been still, on a monotonic clock in seconds: a wrong wall clock must not hurry anybody."""

    def __init__(self, settle: Settle, monotonic: Callable[[], float]) -> None:
        self._settle = settle
        self._monotonic = monotonic
        self._since: dict[Seen, float] = {}

    def still(self, view: View, ignored: Collection[tuple[int, bool]]) -> tuple[list[Seen], timedelta | None]:
        """Return the messages to take now, and how long until the next may be taken.

        `ignored` are UIDs in Drafts to leave alone while their flag stays so.
        """
        now = self._monotonic()
        ready = [
            seen
            for seen in view.messages(Role.OUTBOX, Role.DRAFTS)
            if looks_ready(seen) and not (seen.role is Role.DRAFTS and (seen.place.uid, seen.flagged) in ignored)
        ]
        self._since = {seen: self._since.get(seen, now) for seen in ready}
        take, wait = [], None
        for seen, since in self._since.items():
            settle = self._settle.outbox if seen.role is Role.OUTBOX else self._settle.drafts
            left = settle.total_seconds() - (now - since)
            if left <= 0:
                take.append(seen)
            else:
                wait = left if wait is None else min(wait, left)
        return take, None if wait is None else timedelta(seconds=wait)
