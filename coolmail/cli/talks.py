"""What a person can do about the call instead of a message, free of presentation like `coolmail.cli.acts`, whose `Act` tells what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from coolmail.cli.acts import Act
from coolmail.core.clean import shorten
from coolmail.core.errors import CoolmailError

if TYPE_CHECKING:
    from coolmail.calls.suggestion import LetterKind, Situation
    from coolmail.core.entry import Entry
    from coolmail.core.settings import Account, Settings
    from coolmail.core.talk import Preparation
    from coolmail.journal import Journal


class NothingToWriteError(CoolmailError):
    """No letter can be written about a message."""


@dataclass(frozen=True, slots=True)
class Talking:
    """What letters and calls about one message are made from. `raw` are its bytes as taken, `now` is in UTC, `zone` the user's."""

    entry: Entry
    raw: bytes
    account: Account
    settings: Settings
    found: Preparation
    now: datetime
    zone: tzinfo

    def situation(self) -> Situation:
        """Return what letters are written from; raises `NothingToWriteError` where there is nobody to write to."""
        from coolmail.daemon.composing import situation_of  # noqa: PLC0415 - Babel and Jinja2 take their time to load

        told = situation_of(self.entry, self.raw, self.account, self.settings, self.found, now=self.now, zone=self.zone)
        if told is None:
            raise NothingToWriteError(f"{self.entry.id} has nobody in To; there is nobody to write to")
        return told


async def talking(journal: Journal, settings: Settings, entry: Entry, *, now: datetime, zone: tzinfo) -> Talking:
    """Return what letters and calls about a message are made from; raises `NothingToWriteError` where something needed is gone."""
    from coolmail.calls.keeping import from_json  # noqa: PLC0415
    from coolmail.daemon.preparing import from_journal_alone  # noqa: PLC0415

    raw = await journal.raw(entry.id)
    if raw is None:
        raise NothingToWriteError(
            f"the content of {entry.id} was removed after its time; no letter can be written from it"
        )
    account = next((account for account in settings.accounts if account.name == entry.account), None)
    if account is None:
        raise NothingToWriteError(
            f"{entry.id} belongs to the account {entry.account!r}, which is not in the configuration"
        )
    kept = await journal.talk(entry.id)
    found = from_journal_alone(
        entry, raw, account, settings, None if kept is None else from_json(kept.found), now=now, zone=zone
    )
    return Talking(entry, raw, account, settings, found, now, zone)


async def suggest(journal: Journal, about: Talking, kind: LetterKind) -> Act:
    """Let the daemon put a letter of this kind into Drafts."""
    from coolmail.core.steps import Role  # noqa: PLC0415
    from coolmail.daemon.composing import asked_for, errand_for  # noqa: PLC0415

    entry = about.entry
    written = asked_for(entry, kind, about.situation(), address=about.account.address)
    await journal.ask(errand_for(written, entry, Role.DRAFTS, now=about.now))
    subject = shorten(entry.subject, 120) or "(no subject)"
    blanks = "; fill in what stands in [… ]" if "[…" in written.text else ""
    remark = f" ({written.remark})" if written.remark else ""
    return Act(
        entry.id,
        True,
        f"{entry.id}: a draft ({kind.value}) goes into Drafts, sent only if you send it{blanks}: {subject}{remark}",
    )
