"""A word on the desktop when the user's mail waits: where the daemon runs in a session, seldom, and without a word of the mail unless asked for.

The note in INBOX is what tells; this only points to it. So nothing here can fail the daemon or keep it waiting: a notification is sent in a task of
its own, cut short after `PATIENCE`, and what goes wrong is logged for those who look for it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Mapping

from desktop_notifier import DesktopNotifier, Urgency

from coolmail.core.clean import shorten
from coolmail.core.entry import Entry
from coolmail.core.settings import Notifications

log = logging.getLogger("coolmail.daemon")
logging.getLogger("desktop_notifier").setLevel(
    logging.CRITICAL
)  # it warns with a traceback where nobody shows notifications

EVERY = 60.0
"""Seconds between two notifications; what falls between is counted in the next."""
PATIENCE = 5.0

SAYS = {
    "held": "A mail waits. The note in your inbox says why.",
    "reminder": "A mail that waits has its time soon.",
    "review": "A mail needs your decision.",
    "refused": "A mail was sent, but not to everybody.",
    "frozen": "There are two versions of a mail that waits: keep one.",
}
"""What is said of each kind of note."""

_MARKUP = str.maketrans({"<": "‹", ">": "›", "&": "+"})
"""Servers may read the text as markup (Desktop Notifications 1.2, `body-markup`)."""


def in_session(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether there is a desktop session whose notifications this process can reach."""
    return sys.platform != "linux" or "DBUS_SESSION_BUS_ADDRESS" in environ


class Notifier:
    """Shows notifications, at most one in `EVERY` seconds on a monotonic clock."""

    def __init__(self, how: Notifications, monotonic: Callable[[], float]) -> None:
        self._how = how
        self._monotonic = monotonic
        self._last: float | None = None
        self._passed_over = 0
        self._desktop: DesktopNotifier | None = None
        self._tasks: set[asyncio.Task[str]] = set()

    def notify(self, kind: str, entry: Entry) -> None:
        """Show that a note of this kind was written, in a moment; returns at once."""
        if self._how is Notifications.OFF or not in_session():
            return
        now = self._monotonic()
        if self._last is not None and now - self._last < EVERY:
            self._passed_over += 1
            return
        self._last = now
        text = words(kind, entry, self._how, self._passed_over)
        self._passed_over = 0
        task = asyncio.create_task(asyncio.wait_for(self._send(text), PATIENCE))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def _send(self, text: str) -> str:
        if self._desktop is None:
            self._desktop = DesktopNotifier(app_name="coolmail")
        desktop = self._desktop
        identifier = await desktop.send(title="coolmail", message=text, urgency=Urgency.Normal)
        if identifier not in await desktop.get_current_notifications():
            # The library keeps failures to itself. The session may have ended and another begun: connect anew next time.
            self._desktop = None
            log.debug("no notification was shown: the desktop did not take it")
        return identifier

    def _ended(self, task: asyncio.Task[str]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._desktop = None
            log.debug("no notification was shown: %s", error or type(error).__name__)


def words(kind: str, entry: Entry, how: Notifications, passed_over: int = 0) -> str:
    """Return what a notification says; of the mail itself only with `full`."""
    said = SAYS.get(kind, SAYS["held"])
    if how is Notifications.FULL:
        subject, readers = shorten(entry.subject, 80) or "(no subject)", shorten(", ".join(entry.recipients), 80)
        said += f"\n{subject}, to {readers}".translate(_MARKUP)
    return f"{said}\nAnd {passed_over} more." if passed_over else said
