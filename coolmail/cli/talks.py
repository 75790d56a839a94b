"""What a person can do about the call instead of a message, free of presentation like `coolmail.cli.acts`, whose `Act` tells what became of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from coolmail.cli import acts
from coolmail.cli.acts import LONGEST_REASON, Act
from coolmail.core.clean import shorten
from coolmail.core.errors import CoolmailError

if TYPE_CHECKING:
    from coolmail.calls.suggestion import LetterKind, Situation
    from coolmail.core.entry import Entry
    from coolmail.core.settings import Account, Settings
    from coolmail.core.talk import Preparation, Slot
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
        return replace(told, talked_at=self.now)


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


def slot_at(about: Talking, moment: datetime) -> Slot:
    """Return a time for a call that the user chose (`moment` is in UTC), as long as the proposed ones, by the client's clock where it is known."""
    from coolmail.core.talk import Slot  # noqa: PLC0415

    start = moment.astimezone(about.zone)
    theirs = about.found.slots[0].theirs if about.found.slots else None
    return Slot(start, start + about.settings.calls.length, None if theirs is None else start.astimezone(theirs.tzinfo))


async def invite(journal: Journal, about: Talking, slot: Slot, *, outbox: bool = False) -> Act:
    """Let the daemon put a letter with an invitation to a call into Drafts, or into Outbox, from where it is sent."""
    from coolmail.calls.wording import slot_for_user  # noqa: PLC0415
    from coolmail.core.steps import Role  # noqa: PLC0415
    from coolmail.daemon.composing import errand_for, invited  # noqa: PLC0415

    entry = about.entry
    earlier = await journal.errands_about(entry.id)
    written = invited(entry, about.situation(), slot, earlier, address=about.account.address)
    await journal.ask(errand_for(written, entry, Role.OUTBOX if outbox else Role.DRAFTS, now=about.now))
    await journal.set_talk(entry.id, slot=slot.start)
    where = "goes into Outbox and out from there" if outbox else "goes into Drafts, sent only if you send it"
    remark = f" ({written.remark})" if written.remark else ""
    return Act(entry.id, True, f"{entry.id}: an invitation for {slot_for_user(slot)} {where}{remark}")


async def called(
    journal: Journal, about: Talking, *, note: str = "", keep: bool = False, draft: bool = True
) -> list[Act]:
    """Record that the call took place; unless told otherwise cancel the mail that waits, and put an "as discussed" draft into Drafts.

    `note` is the user's own, kept in the journal and written to nobody.
    """
    from coolmail.calls.suggestion import LetterKind  # noqa: PLC0415
    from coolmail.core.states import FINISHED, State  # noqa: PLC0415

    entry = about.entry
    kept = shorten(note, LONGEST_REASON)
    await journal.set_talk(entry.id, called_at=about.now, note=kept)
    done = [Act(entry.id, True, f"{entry.id}: the call is recorded")]
    if not keep and entry.state not in (*FINISHED, State.SUBMITTED):
        done.append(
            await acts.cancel(journal, entry, now=about.now, what=f"you called: {kept}" if kept else "you called")
        )
    if draft:
        try:
            done.append(await suggest(journal, about, LetterKind.DISCUSSED))
        except NothingToWriteError as error:
            done.append(Act(entry.id, False, str(error)))
    return done


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
