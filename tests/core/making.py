"""Plain values for tests of the core, the journal and the command line."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from coolmail.core.entry import Entry, Place
from coolmail.core.states import State
from coolmail.core.tone import Kind, Level, SentenceHeat, ToneReport

NOW = datetime(2025, 11, 24, 12, 0, tzinfo=UTC)
"""A Monday, 13:00 in Copenhagen."""

OWN_TEXT = "Thank you for your mail. You never read what I send you! Please call me."


def hot_report(heat: float = 0.9, **changes: Any) -> ToneReport:
    """Return a reading with one hot sentence in the middle."""
    hot = "You never read what I send you!"
    start = OWN_TEXT.index(hot)
    sentences = (
        SentenceHeat(OWN_TEXT[:24], 0, 24, 0.02),
        SentenceHeat(hot, start, start + len(hot), heat, (Kind.BLAME, Kind.ANGER)),
        SentenceHeat(OWN_TEXT[start + len(hot) + 1 :], start + len(hot) + 1, len(OWN_TEXT), 0.05),
    )
    return replace(ToneReport(heat, Level.HEATED, OWN_TEXT, sentences, "en"), **changes)


def calm_report(heat: float = 0.1) -> ToneReport:
    """Return a reading of a calm mail."""
    text = "Thanks, that works for me."
    return ToneReport(heat, Level.CALM, text, (SentenceHeat(text, 0, len(text), heat),), "en")


def make_entry(**changes: Any) -> Entry:
    """Return an entry as it is right after it was taken from Outbox, changed as told."""
    entry = Entry(
        id="h7k2",
        account="work",
        message_id="<m1@studio.example>",
        state=State.TAKEN,
        taken_at=NOW,
        updated_at=NOW,
        subject="Re: The invoice",
        sender="anna@studio.example",
        recipients=("bo@shop.example",),
        in_reply_to="<q1@shop.example>",
        references=("<q1@shop.example>",),
        own_text=OWN_TEXT,
        source=Place("Coolmail/Outbox", 1, 7),
    )
    return replace(entry, **changes)
