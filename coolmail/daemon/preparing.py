"""Preparing a call: what is known of the client is gathered, numbers and times are found, and the whole is kept in the journal.

Nothing here can keep a message from being held, told of or sent: what takes too long or fails is left out, and a remark says so.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from coolmail.calls.finding import Material, find
from coolmail.calls.keeping import from_json, to_json
from coolmail.calls.points import find_points
from coolmail.core.entry import Entry
from coolmail.core.errors import CoolmailError
from coolmail.core.settings import Account, Settings
from coolmail.core.states import State
from coolmail.core.talk import Letter, Preparation
from coolmail.daemon.desk import Desk, log
from coolmail.daemon.gathering import Gathered, client_of, gather, read_letter
from coolmail.mail.message import read_draft

PATIENCE = 20.0
"""Seconds that looking through earlier mail may take."""


async def prepare(desk: Desk, entry: Entry) -> Preparation:
    """Return what was found for a call instead of this message; from the journal where that is still good, else found now and kept there."""
    talk = await desk.journal.talk(entry.id)
    kept = from_json(talk.found) if talk is not None else None
    if kept is not None and _still_good(kept, desk.clock()):
        return kept
    preparation = await _find(desk, entry)
    await desk.journal.set_talk(entry.id, found=to_json(preparation))
    return preparation


def _still_good(preparation: Preparation, now: datetime) -> bool:
    return bool(preparation.slots) and preparation.slots[0].start > now


async def _find(desk: Desk, entry: Entry) -> Preparation:
    ours = (desk.account.address, *desk.account.aliases)
    gathered, remarks = await _gather(desk, entry, ours)
    if not gathered.client:
        return Preparation(remarks=("There is nobody to call: the message has no recipient but yourself.",))
    raw = await desk.raw(entry) if entry.has_bytes else b""

    def work() -> Preparation:
        letters = [
            read_letter(mail, found.draft, found.arrived, in_thread=found.in_thread) for found, mail in gathered.mails
        ]
        material = Material(
            client=gathered.client,
            ours=ours,
            letters=(*letters, _own_letter(raw, entry)),
            rules=desk.settings.calls,
            hours=desk.settings.hold.working_hours,
            zone=desk.zone,
            now=desk.clock(),
            deadline=entry.hold_until if entry.state is State.HELD else None,
            phone=desk.account.phone,
            remarks=remarks,
        )
        points = find_points(
            material.letters,
            client=material.client,
            ours=ours,
            language=entry.report.language if entry.report is not None else None,
            now=material.now,
        )
        return replace(find(material), points=points)

    return await asyncio.to_thread(work)


def from_journal_alone(
    entry: Entry,
    raw: bytes,
    account: Account,
    settings: Settings,
    kept: Preparation | None,
    *,
    now: datetime,
    zone: tzinfo,
) -> Preparation:
    """Return what is known without looking into a mailbox: what was kept, with new times where its own have passed; `raw` are the bytes as taken."""
    if kept is not None and _still_good(kept, now):
        return kept
    ours = (account.address, *account.aliases)
    client = client_of(entry, ours)
    if client is None:
        return kept or Preparation()
    rules = settings.calls
    theirs = kept.slots[0].theirs if kept is not None and kept.slots else None
    if theirs is not None and isinstance(theirs.tzinfo, ZoneInfo):
        rules = replace(rules, timezones=(*rules.timezones, (client.casefold(), theirs.tzinfo.key)))
    material = Material(
        client=client,
        ours=ours,
        letters=(_own_letter(raw, entry),),
        rules=rules,
        hours=settings.hold.working_hours,
        zone=zone,
        now=now,
        deadline=entry.hold_until if entry.state is State.HELD else None,
        phone=account.phone,
    )
    language = entry.report.language if entry.report is not None else None
    found = find(material)
    if kept is not None:
        return replace(kept, slots=found.slots)
    return replace(found, points=find_points(material.letters, client=client, ours=ours, language=language, now=now))


def _own_letter(raw: bytes, entry: Entry) -> Letter:
    """Return the held message as a letter of the user's: what it quotes may be all that is left of the client's mail."""
    letter = read_letter(raw, read_draft(b""), entry.taken_at, in_thread=True)
    return Letter(entry.sender, letter.date, letter.text, letter.quoted, in_thread=True)


async def _gather(desk: Desk, entry: Entry, ours: tuple[str, ...]) -> tuple[Gathered, tuple[str, ...]]:
    """Return earlier mail, or without it why it could not be looked at."""
    nothing = Gathered(client_of(entry, ours) or "")
    most = desk.settings.calls.letters
    if desk.another_session is None or not nothing.client or not most:
        return nothing, ()
    try:
        async with asyncio.timeout(PATIENCE):
            session = await desk.another_session()
            try:
                return await gather(session, desk.boxes, entry, ours, most), ()
            finally:
                session.abort()
    except TimeoutError:
        why = f"it took longer than {PATIENCE:.0f} s"
    except (CoolmailError, OSError) as error:
        why = str(error)
    log.warning("%s: earlier mail was not looked through for %s: %s", desk.account.name, entry.id, why)
    return nothing, (f"The client's earlier mail was not looked through: {why}",)
