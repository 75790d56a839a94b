"""From a row to the core's `Entry` and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coolmail.core.entry import Entry, Place
from coolmail.core.states import Decision, Stage, State
from coolmail.core.tone import Kind, Level, SentenceHeat, ToneReport


def report_to_json(report: ToneReport) -> dict[str, Any]:
    """Return a tone report as plain values."""
    return {
        "heat": report.heat,
        "level": report.level.value,
        "own_text": report.own_text,
        "language": report.language,
        "judged": report.judged,
        "notice": report.notice,
        "sentences": [
            {"text": s.text, "start": s.start, "end": s.end, "heat": s.heat, "kinds": [kind.value for kind in s.kinds]}
            for s in report.sentences
        ],
    }


def report_from_json(data: Mapping[str, Any]) -> ToneReport:
    """Return the tone report that `report_to_json` wrote."""
    return ToneReport(
        heat=data["heat"],
        level=Level(data["level"]),
        own_text=data["own_text"],
        language=data["language"],
        judged=data["judged"],
        notice=data["notice"],
        sentences=tuple(
            SentenceHeat(s["text"], s["start"], s["end"], s["heat"], tuple(Kind(kind) for kind in s["kinds"]))
            for s in data["sentences"]
        ),
    )


def to_entry(row: Any) -> Entry:
    """Return the entry that a row of the message table holds: every column but `raw`, and `has_bytes` in its place."""
    place = None
    if row.place_mailbox is not None and row.place_uidvalidity is not None and row.place_uid is not None:
        place = Place(row.place_mailbox, row.place_uidvalidity, row.place_uid)
    return Entry(
        id=row.id,
        account=row.account,
        message_id=row.message_id,
        state=State(row.state),
        taken_at=row.taken_at,
        updated_at=row.updated_at,
        subject=row.subject,
        sender=row.sender,
        recipients=tuple(row.recipients),
        in_reply_to=row.in_reply_to,
        references=tuple(row.thread),
        own_text=row.own_text,
        source=Place(row.source_mailbox, row.source_uidvalidity, row.source_uid),
        claimed=row.claimed,
        place=place,
        override=row.override,
        report=report_from_json(row.report) if row.report is not None else None,
        verdict=row.verdict,
        reasons=tuple(row.reasons),
        hold_until=row.hold_until,
        continues=row.continues,
        frozen=row.frozen,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        first_attempt_at=row.first_attempt_at,
        stage=Stage(row.stage) if row.stage is not None else None,
        server_reply=row.server_reply,
        refused=tuple((address, words) for address, words in row.refused),
        accepted=tuple(row.accepted),
        decision=Decision(row.decision) if row.decision is not None else None,
        note_id=row.note_id,
        note_kind=row.note_kind,
        suggestion_id=row.suggestion_id,
        reminded_at=row.reminded_at,
        has_bytes=bool(row.has_bytes),
    )


def to_columns(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return changed fields of an `Entry` as column values."""
    columns: dict[str, Any] = {}
    for name, value in changes.items():
        match name, value:
            case "place", None:
                columns |= {"place_mailbox": None, "place_uidvalidity": None, "place_uid": None}
            case "place", Place():
                columns |= {
                    "place_mailbox": value.mailbox,
                    "place_uidvalidity": value.uidvalidity,
                    "place_uid": value.uid,
                }
            case "source", Place():
                columns |= {
                    "source_mailbox": value.mailbox,
                    "source_uidvalidity": value.uidvalidity,
                    "source_uid": value.uid,
                }
            case "report", ToneReport():
                columns["report"] = report_to_json(value)
            case "references", _:
                columns["thread"] = list(value)
            case (("recipients" | "reasons" | "accepted"), _):
                columns[name] = list(value)
            case "refused", _:
                columns["refused"] = [list(pair) for pair in value]
            case _, Decision() | Stage() | State():
                columns[name] = value.value
            case _:
                columns[name] = value
    return columns
