"""What stands around a message: the client's mail that it quotes, and the calmer answer that lies in Drafts. Found off the event loop."""

from __future__ import annotations

import asyncio
from datetime import tzinfo

from coolmail.cli.screen.quoted import quoted_mail
from coolmail.cli.screen.reading import Around
from coolmail.core.entry import Entry
from coolmail.core.settings import Settings
from coolmail.journal import Journal
from coolmail.mail.message import read_draft


async def look_around(journal: Journal, settings: Settings, entry: Entry, zone: tzinfo) -> Around:
    """Return what stands around a message; raises a `JournalError` if the journal cannot be read."""
    raw = await journal.raw(entry.id)
    if raw is None:
        return Around("", "")
    quoted = await asyncio.to_thread(quoted_mail, raw)
    return Around(
        quoted,
        None if entry.suggestion_id is None else await asyncio.to_thread(_instead, raw, settings, entry, zone),
    )


def _instead(raw: bytes, settings: Settings, entry: Entry, zone: tzinfo) -> str:
    """Compose the call suggestion as the daemon did."""
    from coolmail.calls import compose_suggestion  # noqa: PLC0415 - Babel takes its time to load

    draft = read_draft(raw)
    account = next((account for account in settings.accounts if account.name == entry.account), None)
    if account is None or not draft.to:
        return ""
    composed = compose_suggestion(
        sender=(draft.from_[0], draft.from_[1] or account.address),
        to=draft.to,
        subject=entry.subject,
        in_reply_to=draft.in_reply_to,
        references=draft.references,
        message_id=entry.suggestion_id or "",
        phone=account.phone,
        hours=settings.hold.working_hours,
        now=entry.taken_at,
        zone=zone,
        language=entry.report.language if entry.report is not None else None,
    )
    return read_draft(composed).own_text.text
