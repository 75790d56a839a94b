"""Adding messages to a journal."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from coolmail.core.entry import Entry, Place
from coolmail.core.states import State
from coolmail.journal import Journal
from tests.core.making import NOW, OWN_TEXT

RAW = b"From: anna@studio.example\r\nSubject: x\r\n\r\nOwn \xff text.\r\n"


async def try_add(
    journal: Journal, number: int = 1, *, account: str = "work", now: datetime = NOW, **more: Any
) -> Entry | None:
    """Add a message whose Message-ID has this number; None if it is there unfinished already."""
    values: dict[str, Any] = {
        "message_id": f"<m{number}@studio.example>",
        "raw": RAW,
        "source": Place("Coolmail/Outbox", 1, number),
        "subject": "Re: The invoice",
        "sender": "anna@studio.example",
        "recipients": ("bo@shop.example",),
        "in_reply_to": "<q1@shop.example>",
        "references": ("<q0@shop.example>", "<q1@shop.example>"),
        "own_text": OWN_TEXT,
        "what": "taken from Outbox",
    }
    return await journal.add(account=account, now=now, **{**values, **more})


async def add(journal: Journal, number: int = 1, **more: Any) -> Entry:
    """Add a message and return its entry."""
    entry = await try_add(journal, number, **more)
    assert entry is not None
    return entry


WAY = [State.TAKEN, State.SCORED, State.HELD, State.DUE, State.SUBMITTING, State.SUBMITTED, State.FILED]


async def bring(journal: Journal, entry: Entry, state: State, *, now: datetime = NOW, **changes: Any) -> Entry:
    """Move an entry along legal moves to a state; the last move carries the changes."""
    way = WAY[WAY.index(entry.state) + 1 : WAY.index(state) + 1] if state in WAY else [state]
    at = entry.state
    for after in way:
        assert await journal.move(entry.id, at, after, now=now, what="", **(changes if after is state else {}))
        at = after
    found = await journal.get(entry.id)
    assert found is not None
    return found
