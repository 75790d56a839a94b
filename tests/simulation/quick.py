"""What makes a run quick: pure reading is remembered, and notes are short.

Reading a message, comparing two versions and making what goes out are pure functions; the same few letters are read in every run. The words of notes
and suggestions are no part of the protocol; only their Message-ID and their thread are.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from unittest import mock

from coolmail.calls.suggestion import LetterKind
from coolmail.core.entry import Entry
from coolmail.core.our_ids import our_id
from coolmail.core.settings import Account
from coolmail.daemon import (
    carrying,
    conversation,
    desk,
    editing,
    filing,
    scoring,
    submitting,
    survey,
    sweep,
    taking,
    telling,
)
from coolmail.daemon.composing import Written
from tests.simulation.journal import MemoryJournal

REMEMBERED = {
    "read_draft": (survey, taking, scoring, carrying, conversation, editing, telling, sweep),
    "siblings": (carrying, conversation, sweep, taking),
    "complete": (desk, taking, carrying, editing, submitting, filing),
    "outgoing": (submitting,),
    "filed": (filing,),
    "envelope": (scoring, submitting),
    "stable_message_id": (taking, carrying),
}


@lru_cache(maxsize=10_000)
def _note(message_id: str, kind: str) -> bytes:
    return (
        f"From: coolmail <anna@studio.example>\r\nTo: anna@studio.example\r\nSubject: {kind}\r\nMessage-ID: {message_id}\r\n\r\n"
        f"A note: {kind}.\r\n"
    ).encode()


def compose_note(*, message_id: str, kind: str, **_: Any) -> bytes:
    """Return a short note."""
    return _note(message_id, kind)


@lru_cache(maxsize=10_000)
def _suggestion(message_id: str, in_reply_to: str | None, subject: str, to: tuple[str, ...]) -> bytes:
    return (
        f"From: Anna <anna@studio.example>\r\nTo: {', '.join(to)}\r\nSubject: {subject}\r\n"
        f"Message-ID: {message_id}\r\nIn-Reply-To: {in_reply_to}\r\n\r\nShall we rather speak? Ring whenever it suits.\r\n"
    ).encode()


def automatic(entry: Entry, raw: bytes, account: Account, *_: Any, **__: Any) -> Written:
    """Return a short suggestion."""
    message_id = our_id("call", account.address, entry.message_id)
    raw = _suggestion(message_id, entry.in_reply_to, entry.subject, entry.recipients)
    return Written(LetterKind.CALL, "", raw, message_id, None)


async def replace_version(journal: MemoryJournal, *arguments: Any, **keywords: Any) -> bool:
    """Put an edited version in the place of another, in a journal in memory."""
    return await journal.replace_version(*arguments, **keywords)


_memory: dict[str, Any] = {}


@contextlib.contextmanager
def quick() -> Iterator[None]:
    """Make everything quick while this lasts."""
    with contextlib.ExitStack() as stack:
        for name, modules in REMEMBERED.items():
            for module in modules:
                if hasattr(module, name):
                    plain = getattr(module, name)
                    remembered = _memory.setdefault(name, lru_cache(maxsize=50_000)(plain))
                    stack.enter_context(mock.patch.object(module, name, remembered))
        stack.enter_context(mock.patch.object(editing, "replace", replace_version))
        stack.enter_context(mock.patch.object(telling, "compose_note", compose_note))
        stack.enter_context(mock.patch.object(telling, "automatic", automatic))
        logger = logging.getLogger("coolmail")
        level = logger.level
        logger.setLevel(logging.CRITICAL + 1)
        stack.callback(logger.setLevel, level)
        yield
