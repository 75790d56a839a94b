"""Scoring and deciding: the tone of the own text, and what policy makes of it."""

from __future__ import annotations

from coolmail.core.entry import Entry
from coolmail.core.errors import CoolmailError
from coolmail.core.policy import Outcome, decide
from coolmail.core.schedule import deadline
from coolmail.core.states import State
from coolmail.core.tone import Level, ToneReport
from coolmail.core.wordlists import watched
from coolmail.daemon.desk import Desk
from coolmail.daemon.judging import judged
from coolmail.mail.message import Draft, read_draft
from coolmail.mail.outgoing import BadDraft, envelope


async def score(desk: Desk, entry: Entry) -> None:
    """Score a taken message and record the verdict; what cannot be scored or sent goes to a human, never out."""
    raw = await desk.raw(entry)
    draft = read_draft(raw)
    if fault := _fault(draft, raw, desk.account.address):
        await _to_review(desk, entry, fault)
        return
    try:
        report, threshold = await judged(desk, draft.own_text.text)
    except CoolmailError as error:
        await _to_review(desk, entry, f"its tone could not be judged, and nothing goes out unjudged: {error}")
        return
    await _record(desk, entry, draft, report, threshold)


def _fault(draft: Draft, raw: bytes, address: str) -> str | None:
    """Say why a message cannot be scored or sent as it is; None if it can."""
    if draft.encrypted is not None:
        return (
            f"it is encrypted ({draft.encrypted}), so its tone cannot be judged; it was not altered. "
            "Move it to Send anyway if you are sure of it"
        )
    try:
        envelope(raw, address=address)
    except BadDraft as error:
        return str(error)
    return None


async def _record(desk: Desk, entry: Entry, draft: Draft, report: ToneReport, threshold: float) -> None:
    now = desk.clock()
    verdict = decide(
        report,
        draft.recipients,
        desk.settings.clients,
        desk.settings.hold,
        threshold=threshold,
        now=now,
        zone=desk.zone,
        earlier_deadline=entry.hold_until,
        override=entry.override,
        watched=watched(draft.own_text.text, desk.settings.watch_words),
    )
    outcome, until, reasons = verdict.outcome, verdict.hold_until, verdict.reasons
    if entry.verdict == Outcome.HOLD and outcome is Outcome.SEND:
        # Found in Held by a computer whose journal does not know it: whoever held it had a reason.
        outcome, until = Outcome.HOLD, deadline(now, threshold, threshold, desk.settings.hold, desk.zone)
        reasons = ("it lay in Held already",)
    said = f"heat {report.heat:.2f} ({report.level}): {outcome}" if report.judged else f"not judged: {outcome}"
    await desk.journal.move(
        entry.id,
        State.TAKEN,
        State.SCORED,
        now=now,
        what=f"{said}; {'; '.join(reasons)}",
        report=report,
        verdict=str(outcome),
        reasons=reasons,
        hold_until=until,
    )


async def _to_review(desk: Desk, entry: Entry, reason: str) -> None:
    report = entry.report or ToneReport(0.0, Level.CALM, "", judged=False, notice=reason)
    await desk.journal.move(
        entry.id, State.TAKEN, State.REVIEW, now=desk.clock(), what=reason, reasons=(reason,), report=report
    )
