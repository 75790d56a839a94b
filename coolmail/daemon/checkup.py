"""A check-up of everything that coolmail needs, one part at a time, changing nothing: what `coolmail doctor` says.

Every part is looked at whatever is wrong with the others, and what is wrong is said with what to do about it.
"""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from coolmail.calls.finding import Material, find
from coolmail.config import PasswordError, find_password
from coolmail.core.errors import CoolmailError
from coolmail.core.settings import Account, Server, Settings
from coolmail.core.steps import Role
from coolmail.daemon.apart import Lookup, LookupFailedError, look_up_apart
from coolmail.daemon.boxes import look
from coolmail.daemon.desk import Judge
from coolmail.daemon.preparing import dav_passwords
from coolmail.daemon.zone import zone_of
from coolmail.journal import Journal, JournalError
from coolmail.mail import submission
from coolmail.mail.imap.session import ImapSession

PATIENCE = 30.0
"""Seconds that a server may take altogether."""

AHEAD = timedelta(minutes=5)
"""How far the journal's last entry may lie in the future before the clock is doubted."""

NOBODY = "nobody@coolmail.invalid"
"""An address that is in no address book (RFC 2606 section 2)."""

SAMPLE = "Thank you for the quick answer. Tuesday at ten suits me well."


class Grade(StrEnum):
    """How well a part is."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one part, in words for the user."""

    about: str
    grade: Grade
    said: str


async def examine(
    settings: Settings, config: Path, journal: Path, judge: Judge, *, clock: Callable[[], datetime]
) -> AsyncIterator[Finding]:
    """Yield what is found about the configuration, every account, the model, the journal, address books and calendars, and the clock."""
    yield _config(settings, config)
    for account in settings.accounts:
        async for finding in _account(account):
            yield finding
    yield await _model(judge)
    async for finding in _journal(journal, clock()):
        yield finding
    async for finding in _sources(settings, clock()):
        yield finding
    moment = clock().astimezone(zone_of(settings))
    yield Finding("clock", Grade.OK, f"it is {moment:%A %H:%M} ({moment.tzname()}); deadlines follow this clock")


def _config(settings: Settings, path: Path) -> Finding:
    servers = [server.secret for account in settings.accounts for server in (account.imap, account.smtp)]
    davs = [dav.secret for dav in (settings.calls.carddav, settings.calls.caldav) if dav is not None]
    holds_password = any(secret.password is not None for secret in (*servers, *davs))
    try:
        open_to_others = stat.S_IMODE(path.stat().st_mode) & 0o077
    except OSError:
        open_to_others = 0
    if holds_password and open_to_others:
        return Finding("config", Grade.WARNING, f"it holds a password and others can read it: chmod 600 {path}")
    return Finding("config", Grade.OK, f"{path} is sound")


async def _account(account: Account) -> AsyncIterator[Finding]:
    for kind, server in (("imap", account.imap), ("smtp", account.smtp)):
        about = f"{account.name}, {kind}"
        try:
            password = await find_password(account.name, server)
        except PasswordError as error:
            yield Finding(about, Grade.FAULT, str(error))
            continue
        try:
            async with asyncio.timeout(PATIENCE):
                if kind == "imap":
                    async for finding in _imap(account, password):
                        yield finding
                else:
                    await submission.try_login(server, password)
                    yield Finding(about, Grade.OK, f"{_name(server)} takes the login of {server.username}")
        except TimeoutError:
            yield Finding(about, Grade.FAULT, f"{_name(server)} does not answer within {PATIENCE:.0f} s")
        except (CoolmailError, OSError) as error:
            yield Finding(about, Grade.FAULT, str(error))


def _name(server: Server) -> str:
    return f"{server.host}:{server.port}"


async def _imap(account: Account, password: str) -> AsyncIterator[Finding]:
    server = account.imap
    session = await ImapSession.open(server, password)
    try:
        waits = (
            ""
            if "IDLE" in session.capabilities
            else "; it tells no news by itself (no IDLE), so it is asked now and then"
        )
        yield Finding(f"{account.name}, imap", Grade.OK, f"{_name(server)} takes the login of {server.username}{waits}")
        boxes, missing = await look(session, account)
        said = f"Drafts is {boxes[Role.DRAFTS]}, Sent is {boxes[Role.SENT]}"
        if missing:
            said += f"; the daemon will make {', '.join(missing)}"
        yield Finding(f"{account.name}, mailboxes", Grade.OK, said)
        await session.logout()
    finally:
        session.abort()


async def _model(judge: Judge) -> Finding:
    try:
        (report,) = await judge.judge([SAMPLE])
        threshold = judge.scale().heated
    except CoolmailError as error:
        return Finding("model", Grade.FAULT, f"{error} Until it is there, nothing is sent unjudged.")
    if report.level.held:
        return Finding(
            "model", Grade.WARNING, f"it reads a harmless sentence as {report.level}; is it the right model?"
        )
    return Finding("model", Grade.OK, f"it judges; mail is held from heat {threshold:.2f}")


async def _journal(path: Path, now: datetime) -> AsyncIterator[Finding]:
    try:
        async with Journal.open(path) as journal:
            newest = await journal.recent(1)
            daemon = await journal.daemon()
    except JournalError as error:
        yield Finding("journal", Grade.FAULT, str(error))
        return
    modes = {each: stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent)}
    if modes[path] & 0o077:
        yield Finding("journal", Grade.FAULT, f"others can read your mail in it: chmod 600 {path}")
    elif modes[path.parent] & 0o022:
        yield Finding("journal", Grade.WARNING, f"others can write into its folder: chmod 700 {path.parent}")
    else:
        yield Finding("journal", Grade.OK, f"{path} is whole and yours alone")
    if newest and newest[0].updated_at > now + AHEAD:
        yield Finding(
            "clock",
            Grade.WARNING,
            "the journal has entries from the future: the clock was set back, and deadlines with it",
        )
    if daemon is not None and daemon.notice:
        yield Finding("daemon", Grade.WARNING, daemon.notice)


async def _sources(settings: Settings, now: datetime) -> AsyncIterator[Finding]:
    """Read the address books and calendars of the config as for a call, here with nobody."""
    material = Material(
        client=NOBODY,
        ours=tuple(account.address for account in settings.accounts),
        letters=(),
        rules=settings.calls,
        hours=settings.hold.working_hours,
        zone=zone_of(settings),
        now=now,
    )
    if not Lookup(material).asks_sources:
        return
    passwords, troubles = await dav_passwords(settings.calls)
    try:
        found = await look_up_apart(Lookup(material, passwords=passwords))
        usual = find(material).remarks
        troubles += tuple(remark for remark in found.remarks if remark not in usual)
    except LookupFailedError as error:
        troubles += (f"They could not be looked through: {error}",)
    for said in troubles:
        yield Finding("calls", Grade.WARNING, said)
    if not troubles:
        yield Finding("calls", Grade.OK, "the address books and calendars of the config can be read")
