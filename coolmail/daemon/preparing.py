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
from coolmail.config.secrets import PasswordError, find_dav_password
from coolmail.core.entry import Entry
from coolmail.core.errors import CoolmailError
from coolmail.core.settings import Account, CallRules, Settings
from coolmail.core.states import State
from coolmail.core.talk import Preparation
from coolmail.daemon.apart import Lookup, LookupFailedError, look_up_apart
from coolmail.daemon.desk import Desk, log
from coolmail.daemon.gathering import OCTETS, Gathered, Mail, client_of, gather, read_letter

NOT_LOOKED = "Your calendar was not looked at for these times; they may not be free."

PATIENCE = 20.0
"""Seconds that looking through earlier mail may take, or getting a password."""


async def prepare(desk: Desk, entry: Entry) -> Preparation:
    """Return what was found for a call instead of this message; from the journal where that is still good, else found now and kept there."""
    if (found := await kept(desk, entry)) is not None:
        return found
    preparation = await _find(desk, entry)
    await desk.journal.set_talk(entry.id, found=to_json(preparation))
    return preparation


async def kept(desk: Desk, entry: Entry) -> Preparation | None:
    """Return what was found for a call before, where that is still good; None if it has to be looked for."""
    talk = await desk.journal.talk(entry.id)
    found = from_json(talk.found) if talk is not None else None
    return found if found is not None and _still_good(found, desk.clock()) else None


def _still_good(preparation: Preparation, now: datetime) -> bool:
    return bool(preparation.slots) and preparation.slots[0].start > now


async def _find(desk: Desk, entry: Entry) -> Preparation:
    ours = (desk.account.address, *desk.account.aliases)
    gathered, remarks = await _gather(desk, entry, ours)
    if not gathered.client:
        return Preparation(remarks=("There is nobody to call: the message has no recipient but yourself.",))
    own = _own_mail(await desk.raw(entry), entry) if entry.has_bytes else None
    material = Material(
        client=gathered.client,
        ours=ours,
        letters=(),
        rules=desk.settings.calls,
        hours=desk.settings.hold.working_hours,
        zone=desk.zone,
        now=desk.clock(),
        deadline=entry.hold_until if entry.state is State.HELD else None,
        phone=desk.account.phone,
        language=entry.report.language if entry.report is not None else None,
        booked=tuple(await desk.journal.booked(desk.clock(), other_than=entry.id)),
        remarks=remarks,
    )
    if desk.another_session is None:
        return find(replace(material, letters=() if own is None else (read_letter(own),)))
    passwords, refused = await dav_passwords(desk.settings.calls)
    for said in refused:
        log.warning("%s: %s", desk.account.name, said)
    question = Lookup(
        replace(material, remarks=(*remarks, *refused)), (*gathered.mails, *([own] if own else [])), passwords
    )
    return await _look_up(desk, entry, question)


async def _look_up(desk: Desk, entry: Entry, question: Lookup) -> Preparation:
    """Ask the process apart; what it cannot cope with is left out: the user's address books and calendars first, then the mails."""
    plans = [(True, "Your address books and calendars")] if question.asks_sources else []
    for sources, what in (*plans, (False, "The client's earlier mail")):
        try:
            return await look_up_apart(replace(question, sources=sources))
        except LookupFailedError as error:
            said = f"{what} could not be looked through: {error}"
            log.warning("%s: %s (for %s)", desk.account.name, said, entry.id)
            material = question.material
            question = replace(question, material=replace(material, remarks=(*material.remarks, said)))
    return find(question.material)


async def dav_passwords(rules: CallRules) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the passwords of the DAV accounts by their address, and in words which could not be had."""
    found: dict[str, str] = {}
    refused = []
    for dav, what in ((rules.carddav, "The address book"), (rules.caldav, "The calendar")):
        if dav is None or dav.url in found:
            continue
        try:
            async with asyncio.timeout(PATIENCE):
                found[dav.url] = await find_dav_password(dav)
            continue
        except TimeoutError:
            why = f"its password was not there within {PATIENCE:.0f} s"
        except PasswordError as error:
            why = str(error)
        refused.append(f"{what} was not read: {why}")
    return found, tuple(refused)


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
    if kept is not None and kept.numbers:
        rules = replace(rules, numbers=(*rules.numbers, (client.casefold(), kept.numbers[0].e164)))
    material = Material(
        client=client,
        ours=ours,
        letters=(read_letter(_own_mail(raw, entry)),),
        rules=rules,
        hours=settings.hold.working_hours,
        zone=zone,
        now=now,
        deadline=entry.hold_until if entry.state is State.HELD else None,
        phone=account.phone,
        language=entry.report.language if entry.report is not None else None,
    )
    found = find(material)
    if rules.calendars or rules.caldav is not None:
        found = replace(found, remarks=(*found.remarks, NOT_LOOKED))
    return found if kept is None else replace(kept, slots=found.slots, remarks=found.remarks)


def _own_mail(raw: bytes, entry: Entry) -> Mail:
    """Return the held message as a mail of the user's: what it quotes may be all that is left of the client's mail."""
    return Mail(raw[:OCTETS], entry.sender, None, entry.taken_at, in_thread=True)


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
