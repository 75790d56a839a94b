"""What stands around a message: the client's mail that it quotes, and the calmer answer that lies in Drafts. Found off the event loop."""

from __future__ import annotations

import asyncio
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from coolmail.cli.screen.quoted import quoted_mail
from coolmail.cli.screen.reading import Around
from coolmail.core.entry import Entry
from coolmail.core.settings import Settings

if TYPE_CHECKING:
    from coolmail.journal import Journal


async def look_around(journal: Journal, settings: Settings, entry: Entry, zone: tzinfo) -> Around:
    """Return what stands around a message; raises a `JournalError` if the journal cannot be read."""
    raw = await journal.raw(entry.id)
    if raw is None:
        return Around("", "")
    quoted = await asyncio.to_thread(quoted_mail, raw)
    if entry.suggestion_id is None:
        return Around(quoted, None)
    talk = await journal.talk(entry.id)
    found = None if talk is None else talk.found
    return Around(quoted, await asyncio.to_thread(_instead, raw, settings, entry, found, zone))


def _instead(raw: bytes, settings: Settings, entry: Entry, found: dict[str, Any] | None, zone: tzinfo) -> str:
    """Compose the call suggestion as the daemon did, from what it found."""
    from coolmail.calls.keeping import from_json  # noqa: PLC0415 - Babel takes its time to load
    from coolmail.daemon.composing import automatic  # noqa: PLC0415
    from coolmail.daemon.preparing import from_journal_alone  # noqa: PLC0415

    account = next((account for account in settings.accounts if account.name == entry.account), None)
    if account is None:
        return ""
    now = entry.taken_at
    kept = from_journal_alone(entry, raw, account, settings, from_json(found), now=now, zone=zone)
    written = automatic(entry, raw, account, settings, kept, now=now, zone=zone)
    return "" if written is None else written.text
