"""Gathering earlier mail of a client and of the user: what a call is prepared from.

Read only, bounded in number and size, and on a connection of its own, so that it can be cut short at any moment without harm to what the daemon does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from coolmail.core.authored import authored
from coolmail.core.entry import Entry
from coolmail.core.steps import Role
from coolmail.core.talk import Letter
from coolmail.daemon.survey import FIELDS
from coolmail.mail.bodies import read_bodies
from coolmail.mail.headers import split
from coolmail.mail.imap.session import ImapSession
from coolmail.mail.imap.values import Uid
from coolmail.mail.message import Draft, read_draft

INBOX = "INBOX"
OCTETS = 262_144
"""How much of one message is read: its text stands before its attachments."""
OURS_AT_MOST = 10
"""How many of the user's own mails to the client are read: their signatures tell which numbers are not the client's."""
ARCHIVES = frozenset({"\\archive", "\\all"})
"""Special uses (RFC 6154) of mailboxes where earlier mail may lie besides INBOX."""
ARCHIVES_AT_MOST = 2

_ASCII = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Found:
    """A message whose headers were seen."""

    mailbox: str
    uid: Uid
    draft: Draft
    arrived: datetime
    in_thread: bool


@dataclass(frozen=True, slots=True)
class Mail:
    """The octets of one message, perhaps only its beginning, still to be read. `arrived` is None where it is not known."""

    raw: bytes
    sender: str
    date: datetime | None
    arrived: datetime | None
    in_thread: bool


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was gathered; nothing of it is read yet. `client` is the address that would be rung, empty for nobody."""

    client: str
    mails: tuple[Mail, ...] = ()


def client_of(entry: Entry, ours: Iterable[str], answered: str | None = None) -> str | None:
    """Return whom a message is to: the author of what it answers if they get it, else the first recipient that is not the user; None if nobody."""
    mine = {address.casefold() for address in ours}
    others = [address for address in entry.recipients if address.casefold() not in mine]
    if answered is not None and answered.casefold() in {address.casefold() for address in others}:
        return answered
    return others[0] if others else None


async def gather(
    session: ImapSession, boxes: Mapping[Role, str], entry: Entry, ours: Iterable[str], most: int
) -> Gathered:
    """Return the newest mails of the client, those of the conversation first, at most `most`, and a few of the user's to them."""
    ours = tuple(ours)
    thread = {*entry.references, *((entry.in_reply_to,) if entry.in_reply_to else ())}
    places = [INBOX, *await _archives(session, {INBOX, *boxes.values()})]
    client = client_of(entry, ours, await _author(session, places, entry.in_reply_to)) or ""
    # SEARCH in another charset is refused by many servers: the longest piece is asked for that needs none, and the whole compared here.
    piece = max(_ASCII.findall(client), key=len, default="")
    if not piece:
        return Gathered(client)
    theirs: dict[str, Found] = {}
    for mailbox in places:
        for found in await _look(session, mailbox, "FROM", piece, most, thread):
            if found.draft.from_[1].casefold() == client.casefold():
                theirs.setdefault(found.draft.message_id or f"{mailbox}/{found.uid}", found)
    chosen = sorted(theirs.values(), key=lambda found: (found.in_thread, found.arrived), reverse=True)[:most]
    sent = [
        found
        for found in await _look(session, boxes[Role.SENT], "TO", piece, OURS_AT_MOST, thread)
        if client.casefold() in {address.casefold() for address in found.draft.recipients}
    ]
    return Gathered(client, tuple(await _fetch(session, [*chosen, *sent])))


async def _archives(session: ImapSession, known: set[str]) -> list[str]:
    listed = await session.list_mailboxes()
    names = [
        box.name
        for box in listed
        if box.attributes & ARCHIVES and "\\noselect" not in box.attributes and box.name not in known
    ]
    return names[:ARCHIVES_AT_MOST]


async def _author(session: ImapSession, places: Iterable[str], message_id: str | None) -> str | None:
    """Return who wrote a message, None where it is not found."""
    if message_id is None:
        return None
    for mailbox in places:
        await session.select(mailbox, readonly=True)
        uids = await session.search_message_id(message_id)
        for overview in await session.overview(uids[:1], fields=("From",)) if uids else ():
            return read_draft(overview.header).from_[1] or None
    return None


async def _look(session: ImapSession, mailbox: str, key: str, address: str, most: int, thread: set[str]) -> list[Found]:
    """Return the newest messages whose From or To contains an address, at most `most`."""
    if not (await session.select(mailbox, readonly=True)).exists or most <= 0:
        return []
    uids = (await session.search(key, address))[-most:]
    found = []
    for overview in await session.overview(uids, fields=FIELDS) if uids else ():
        draft = read_draft(overview.header)
        ids = {draft.message_id, draft.in_reply_to, *draft.references}
        found.append(Found(mailbox, overview.uid, draft, overview.internaldate, not thread.isdisjoint(ids)))
    return found


async def _fetch(session: ImapSession, wanted: Iterable[Found]) -> list[Mail]:
    mails = []
    selected = None
    for found in sorted(wanted, key=lambda found: found.mailbox):
        if found.mailbox != selected:
            await session.select(found.mailbox, readonly=True)
            selected = found.mailbox
        if raw := await session.fetch(found.uid, most=OCTETS):
            mails.append(Mail(raw, found.draft.from_[1], found.draft.date, found.arrived, found.in_thread))
    return mails


def read_letter(mail: Mail) -> Letter:
    """Read one mail. Its date is when it arrived, which its sender cannot choose, in the zone of its Date header."""
    bodies = read_bodies(split(mail.raw))
    text, quoted = authored(bodies.plain, bodies.html, flowed=bodies.flowed, delsp=bodies.delsp)
    zone = mail.date.tzinfo if mail.date is not None else None
    date = mail.date if mail.arrived is None else mail.arrived.astimezone(zone) if zone is not None else mail.arrived
    return Letter(mail.sender, date, text, quoted, mail.in_thread)
