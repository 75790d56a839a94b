"""One sweep over an account: look at the mailboxes, compare with the journal, do what follows, say when to come back.

Every sweep reconciles; nothing that it needs from the one before matters. In this order:

1. What the command line asked for: edits take the place of what waits, errands are put into their mailboxes.
2. A look at all mailboxes. A message is known by its Message-ID, so a mailbox that was made anew (another UIDVALIDITY) changes nothing.
3. Versions: while another version of what waits lies in Drafts or Outbox, both are frozen.
4. Each unfinished entry goes as many steps as it can (`coolmail.core.steps.next_step`): what left `Held` is withdrawn or cancelled by where it is
   now; what vanished with its mailbox is restored from the journal into `Review`.
5. Messages in our mailboxes that the journal does not know are adopted, those in `Sending` only after `stuck_after`: another computer may be at
   work on them.
6. One draft that is ready and has been still is taken.

A failure that concerns one message is recorded and leaves the others alone; a lost connection or a journal that cannot be written ends the sweep.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from coolmail.core.entry import Entry, Place
from coolmail.core.errors import CoolmailError
from coolmail.core.our_ids import is_ours
from coolmail.core.siblings import siblings
from coolmail.core.states import Decision, State
from coolmail.core.steps import OURS, Do, Role, Sight, next_step
from coolmail.daemon.carrying import carry_out, restore
from coolmail.daemon.desk import Desk, log
from coolmail.daemon.doors import Doors, looks_ready
from coolmail.daemon.editing import held_back, run_edits
from coolmail.daemon.errands import run_errands
from coolmail.daemon.survey import Seen, Survey, View
from coolmail.daemon.taking import NotClaimedError, adopt, letter, letter_of, take
from coolmail.journal import JournalError
from coolmail.journal.edits import EDITS
from coolmail.mail.imap.errors import AppendUncertain, CommandRefused, ConnectionLost, MailboxMissing
from coolmail.mail.imap.values import Uid
from coolmail.mail.message import read_draft

MOST_STEPS = 12
"""Steps one message can go in one sweep; more would mean that a step leaves no trace."""

QUIET = timedelta(minutes=1)
"""How long a message whose step failed is left alone."""

CONFLICTING = frozenset({State.TAKEN, State.SCORED, State.HELD})
"""States in which another version of a message in Drafts or Outbox is a conflict."""


@dataclass
class Sweeper:
    """What one account's sweeps remember between them, for the life of one connection."""

    desk: Desk
    survey: Survey
    doors: Doors
    monotonic: Callable[[], float]
    sending_since: dict[Place, float] = field(default_factory=dict)
    """Since when each message in `Sending` was seen to lie there, on the monotonic clock: another computer may be at work on it."""
    versions: dict[tuple[str, Place], bool] = field(default_factory=dict)
    """Whether a draft is a version of an entry, remembered so that it is fetched once."""

    async def meet(self) -> None:
        """Note which drafts look ready already: who says so once we are ready means it, whoever said so before did not mean us."""
        await self._ignored(await self.survey.look())

    async def sweep(self) -> datetime:
        """Do everything that can be done now; return when to look again at the latest (UTC)."""
        desk = self.desk
        errands = await desk.journal.errands(desk.account.name)
        editing = await run_edits(desk, errands)
        if any(errand.kind not in EDITS for errand in errands):
            await run_errands(desk)
        # Before the look: one that was withdrawn lies in Drafts, too, and must be seen in Review as well.
        await self._restores()
        view = await self.survey.look()
        now = self.monotonic()
        self.sending_since = {
            seen.place: self.sending_since.get(seen.place, now) for seen in view.messages(Role.SENDING)
        }
        ignored = await self._ignored(view)
        entries = await desk.journal.active(desk.account.name)
        desk.calls.only({entry.id for entry in entries if entry.state is State.HELD})
        conflicts, changed = await self._freeze(entries, view)
        wake = desk.clock() + desk.settings.poll
        for entry in await desk.journal.active(desk.account.name) if changed else entries:
            if held_back(entry, editing):
                continue
            wake = min(wake, await self._advance(entry, view))
        wake = min(wake, await self._adoptions(view))
        ready, wait = self.doors.still(view, ignored)
        ready = [seen for seen in ready if seen.place not in conflicts]
        for number, seen in enumerate(ready, 1):
            # One at a time: the next look tells whether another is a version of this one. What could not be taken does not keep back the others.
            if await self._take(seen, view):
                wait = timedelta(0) if number < len(ready) else wait
                break
        return wake if wait is None else min(wake, desk.clock() + wait)

    async def _ignored(self, view: View) -> frozenset[tuple[int, bool]]:
        """Return the drafts to leave alone: those that looked ready at the first meeting, as long as nothing about them changes."""
        desk, name = self.desk, self.desk.boxes[Role.DRAFTS]
        drafts = view.boxes.get(Role.DRAFTS, {})
        validity = view.validity[name]
        known = await desk.journal.met(desk.account.name, name, validity)
        if known is None:
            now = frozenset((seen.place.uid, seen.flagged) for seen in drafts.values() if looks_ready(seen))
            if now:
                log.info(
                    "%s: %d drafts were flagged before coolmail came and are left alone", desk.account.name, len(now)
                )
        else:
            now = frozenset((uid, flag) for uid, flag in known if uid in drafts and drafts[uid].flagged == flag)
        if now != known:
            await desk.journal.set_met(desk.account.name, name, validity, now)
        return now

    async def _freeze(self, entries: list[Entry], view: View) -> tuple[frozenset[Place], bool]:
        """Freeze messages in `Held`, or on the way there, of which another version lies in Drafts or Outbox; thaw the others.

        Returns where such versions lie, and whether anything changed.
        """
        conflicts: set[Place] = set()
        changed = False
        for entry in entries:
            if entry.state not in CONFLICTING:
                continue
            found = [
                seen for seen in view.messages(Role.DRAFTS, Role.OUTBOX) if await self._is_version(entry, seen, view)
            ]
            conflicts |= {seen.place for seen in found}
            if bool(found) != entry.frozen:
                changed = True
                if found:
                    what = f"another version of it lies in {found[0].place.mailbox}: frozen until you keep one"
                else:
                    what = "only this version is left: it waits on"
                await self.desk.journal.change(
                    entry.id, entry.state, now=self.desk.clock(), what=what, frozen=bool(found)
                )
        return frozenset(conflicts), changed

    async def _is_version(self, entry: Entry, seen: Seen, view: View) -> bool:
        draft = seen.draft
        if seen.place == entry.source or seen.deleted:
            return False
        if is_ours(draft.message_id):
            return False
        if draft.message_id == entry.message_id:
            # Some clients keep the Message-ID when they save again. Where ours does not lie beside it, it is ours, moved by the user.
            return any(role in OURS for role in view.sight(entry).places)
        if draft.in_reply_to != entry.in_reply_to or draft.from_[1].casefold() != entry.sender.casefold():
            return False
        key = (entry.id, seen.place)
        if key not in self.versions:
            desk, place = self.desk, seen.place
            raw = await desk.session.fetch(Uid(place.uid)) if await desk.select(place) else None
            self.versions[key] = raw is not None and siblings(letter_of(entry), letter(read_draft(raw)))
        return self.versions[key]

    async def _restores(self) -> None:
        """Put back what the user wants back."""
        for entry in await self.desk.journal.decided(self.desk.account.name):
            if entry.decision is Decision.RESTORE and entry.has_bytes:
                await self._guarded(entry.id, restore(self.desk, entry, "you restored it"))

    async def _advance(self, entry: Entry, view: View, *, just_taken: bool = False) -> datetime:
        """Take one message as many steps as it can go now; return when to look at it again.

        `just_taken`: it was claimed after the look, so the view does not show where it lies.
        """
        desk = self.desk
        later = desk.clock() + desk.settings.poll
        quiet = desk.quiet_until.get(entry.id)
        if quiet is not None and quiet - QUIET <= desk.clock() < quiet:  # before that, the clock was set back
            return min(later, quiet)
        begun_at = None if just_taken else entry.place
        for _ in range(MOST_STEPS):
            sight = _as_moved(self._sight(entry, view), entry, begun_at, desk)
            step = next_step(entry, sight, desk.clock(), desk.rules)
            if step.do is Do.WAIT:
                return min(later, step.at) if step.at is not None else later
            if not await self._guarded(entry.id, carry_out(desk, entry, step, view)):
                return desk.clock() + QUIET
            after = await desk.journal.get(entry.id)
            if after is None or after == entry:
                return later if step.at is None else min(later, step.at)
            entry = after
        return desk.clock() + timedelta(seconds=1)

    def _sight(self, entry: Entry, view: View) -> Sight:
        sight = view.sight(entry)
        since = self.sending_since.get(sight.places[Role.SENDING]) if Role.SENDING in sight.places else None
        return sight if since is None else replace(sight, stood=timedelta(seconds=self.monotonic() - since))

    async def _take(self, seen: Seen, view: View) -> bool:
        """Take a ready draft and bring it as far as it can go at once; False if it was not to be had."""
        await self.desk.judge.ready()
        try:
            entry = await take(self.desk, seen)
        except (NotClaimedError, CommandRefused) as error:
            if isinstance(error, MailboxMissing):
                raise
            log.warning("%s: %s", self.desk.account.name, error)
            return False
        if entry is not None:
            await self._remove_twins(entry, seen, view)
            await self._advance(entry, _without(view, seen), just_taken=True)
        return entry is not None

    async def _remove_twins(self, entry: Entry, taken: Seen, view: View) -> None:
        """Remove further copies in Outbox of what was taken, byte for byte the same: saved twice or moved twice, it is one letter and goes out once.

        A copy in Drafts stays, and keeps the letter back: nothing tells it from one that was taken back.
        """
        twins = (seen for seen in view.messages(Role.OUTBOX) if seen.draft.message_id == entry.message_id)
        if any(seen.place != taken.place for seen in twins):
            await self.desk.remove(Role.OUTBOX, entry)

    async def _adoptions(self, view: View) -> datetime:
        """Adopt messages in our mailboxes that the journal does not know; return when the next one may be due."""
        desk, now = self.desk, self.monotonic()
        wake = desk.clock() + desk.settings.poll
        for seen in await self._unknown([seen for seen in view.messages(*OURS) if not seen.deleted]):
            if seen.role is Role.SENDING:
                stood = timedelta(seconds=now - self.sending_since.get(seen.place, now))
                left = desk.settings.queue.stuck_after - stood
                if left > timedelta(0):
                    wake = min(wake, desk.clock() + left)
                    continue
            if await self._still_unknown(seen):
                await desk.judge.ready()
                if (entry := await adopt(desk, seen)) is not None:
                    await self._advance(entry, view)
        return wake

    async def _unknown(self, there: list[Seen]) -> list[Seen]:
        """Return those that the journal does not know. What an edit is just putting there, or taking away, is no message that nobody knows."""
        desk = self.desk
        if there:
            known = {entry.message_id for entry in await desk.journal.active(desk.account.name)}
            there = [seen for seen in there if seen.draft.message_id not in known]
        if there:
            known = {errand.message_id for errand in await desk.journal.errands(desk.account.name)}
            there = [seen for seen in there if seen.draft.message_id not in known]
        return there

    async def _still_unknown(self, seen: Seen) -> bool:
        """Whether a message is still there: the look may be older than a step that moved it."""
        if await self.desk.select(seen.place) is None:
            return False
        there = await self.desk.session.overview([Uid(seen.place.uid)])
        return bool(there) and "\\Deleted" not in there[0].flags

    async def _guarded(self, identifier: str, work: Coroutine[Any, Any, None]) -> bool:
        """Do one piece of work; a failure that concerns this message alone is recorded and does not stop the others."""
        desk = self.desk
        try:
            await work
        except (ConnectionLost, AppendUncertain, JournalError, MailboxMissing):
            raise
        except (CoolmailError, LookupError) as error:
            desk.quiet_until[identifier] = desk.clock() + QUIET
            log.error("%s: %s: %s", desk.account.name, identifier, error)
            return False
        desk.quiet_until.pop(identifier, None)
        return True


def _as_moved(sight: Sight, entry: Entry, begun_at: Place | None, desk: Desk) -> Sight:
    """Return what was seen, corrected by where this sweep itself has put the message since."""
    if entry.place is None or entry.place == begun_at:
        return sight
    role = next(role for role, name in desk.boxes.items() if name == entry.place.mailbox)
    places = {seen: place for seen, place in sight.places.items() if seen not in OURS and place != entry.source}
    validity = {**sight.validity, entry.place.mailbox: entry.place.uidvalidity}
    return replace(sight, places={**places, role: entry.place}, validity=validity)


def _without(view: View, taken: Seen) -> View:
    """Return what was seen without the draft that was taken."""
    boxes = {
        role: {uid: seen for uid, seen in box.items() if seen.place != taken.place} for role, box in view.boxes.items()
    }
    return View(boxes, view.validity)
