"""Policy: what happens to a message, given its tone, its readers and the user's rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

from coolmail.core.schedule import deadline
from coolmail.core.settings import HoldRules, UnknownLanguage
from coolmail.core.tone import Kind, ToneReport


class Outcome(StrEnum):
    """The three things that can happen to a scored message."""

    SEND = "send"
    HOLD = "hold"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of policy: `hold_until` (UTC) is set exactly when the outcome is `hold`; `reasons` are sentences for the user."""

    outcome: Outcome
    reasons: tuple[str, ...]
    hold_until: datetime | None = None


DOES: dict[Kind, str] = {
    Kind.ANGER: "shows open anger",
    Kind.INSULT: "attacks the person",
    Kind.BLAME: "blames the reader",
    Kind.THREAT: "reads as a threat",
    Kind.SARCASM: "is sarcastic",
    Kind.PASSIVE_AGGRESSION: "scores a point without saying so",
    Kind.PROFANITY: "uses a swear word",
    Kind.SHOUTING: "shouts",
    Kind.DISMISSAL: "waves the reader's concern away",
    Kind.GUILT_TRIP: "lays guilt on the reader",
    Kind.CONDESCENSION: "talks down to the reader",
}
"""What a sentence of each kind does, as the end of "one sentence ..."."""

INSTEAD: dict[Kind, str] = {
    Kind.ANGER: "say what happened and what you need, once, without the heat",
    Kind.INSULT: "describe the work or the event, not the person",
    Kind.BLAME: "say what happened and what should happen next; leave out whose fault it was",
    Kind.THREAT: "name the next step as a plain fact with its date, or leave it for a call",
    Kind.SARCASM: "say the plain thing you mean",
    Kind.PASSIVE_AGGRESSION: "leave the past count out and answer as if asked for the first time",
    Kind.PROFANITY: "drop the word; the sentence says it without",
    Kind.SHOUTING: "write it in ordinary letters",
    Kind.DISMISSAL: "say that you heard it, then what you can and cannot do",
    Kind.GUILT_TRIP: "ask for what you need; leave what you gave before out of it",
    Kind.CONDESCENSION: "explain it as you would to a colleague you respect",
}
"""One line a kind of what works better."""


def is_client(recipients: Iterable[str], clients: Sequence[str]) -> bool:
    """Whether one of the recipients is a client: listed by address or by domain (subdomains included), or nobody is listed."""
    if not clients:
        return True
    listed = {client.casefold().lstrip("@") for client in clients}
    for recipient in recipients:
        address = recipient.casefold()
        domain = address.rpartition("@")[2]
        parents = {domain} | {domain.split(".", cut)[-1] for cut in range(1, domain.count(".") + 1)}
        if address in listed or parents & listed:
            return True
    return False


def reasons_in_words(report: ToneReport) -> tuple[str, ...]:
    """Say why a message is hot, most frequent kind first: "blames the reader (2 sentences)"."""
    counts: dict[Kind, int] = {}
    for sentence in report.hot:
        for kind in sentence.kinds:
            counts[kind] = counts.get(kind, 0) + 1
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    lines = [f"{DOES[kind]} ({count} sentence{'s' if count > 1 else ''})" for kind, count in ranked]
    if report.hot and report.own_text.rstrip().endswith(report.hot[-1].text.rstrip()):
        lines.append("ends on a hot note")
    return tuple(lines) or (
        ("reads hot as a whole, though no single sentence stands out",) if report.level.held else ()
    )


def decide(
    report: ToneReport,
    recipients: Iterable[str],
    clients: Sequence[str],
    rules: HoldRules,
    *,
    threshold: float,
    now: datetime,
    zone: tzinfo,
    earlier_deadline: datetime | None = None,
    override: bool = False,
) -> Verdict:
    """Decide on a scored message.

    `threshold` is the heat from which mail is held. `earlier_deadline` is the deadline of a withdrawn version of the same mail: the hold goes on and
    does not restart. `override` is the user's own "send anyway".
    """
    if override:
        return Verdict(Outcome.SEND, ("you moved it to Send anyway",))
    if not is_client(recipients, clients):
        return Verdict(Outcome.SEND, ("no recipient is on the list of clients",))
    if not report.judged:
        why = report.notice or "its tone could not be judged"
        match rules.unknown_language if report.own_text.strip() else UnknownLanguage.SEND:
            case UnknownLanguage.HOLD:
                until = earlier_deadline or deadline(now, threshold, threshold, rules, zone)
                return Verdict(Outcome.HOLD, (why,), until)
            case UnknownLanguage.ASK:
                return Verdict(Outcome.REVIEW, (why,))
            case UnknownLanguage.SEND:
                return Verdict(Outcome.SEND, (why,))
    if report.heat < threshold:
        return Verdict(Outcome.SEND, ("calm enough to go at once",))
    until = earlier_deadline or deadline(now, report.heat, threshold, rules, zone)
    return Verdict(Outcome.HOLD, reasons_in_words(report), until)
