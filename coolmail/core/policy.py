"""Policy: what happens to a message, given its tone, its readers and the user's rules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

from coolmail.core.advice import reasons
from coolmail.core.schedule import deadline
from coolmail.core.settings import HoldRules, UnknownLanguage
from coolmail.core.tone import ToneReport

BLANK = re.compile(r"\[…\s+[^\[\]\s][^\[\]]{0,200}\]")
"""What only the user can know, in a letter that was suggested: `[… the day]`, perhaps broken over two lines. `[…]` alone is an ellipsis."""


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


def blanks(text: str) -> tuple[str, ...]:
    """Return the blanks of a suggested letter that were not filled in, each once, as they stand in a line of text."""
    return tuple(dict.fromkeys(" ".join(found.split()) for found in BLANK.findall(text)))


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
    watched: Sequence[str] = (),
) -> Verdict:
    """Decide on a scored message.

    `threshold` is the heat from which mail is held. `earlier_deadline` is the deadline of a withdrawn version of the same mail: the hold goes on and
    does not restart. `override` is the user's own "send anyway". `watched` are the user's watch words that occur in the own text: they hold it
    whatever its tone. A suggested letter in which a blank was left goes to nobody by itself.
    """
    if override:
        return Verdict(Outcome.SEND, ("you moved it to Send anyway",))
    if not is_client(recipients, clients):
        return Verdict(Outcome.SEND, ("no recipient is on the list of clients",))
    if left := blanks(report.own_text):
        said = f"still has {'a blank' if len(left) == 1 else 'blanks'} to fill in: {', '.join(left[:3])}"
        return Verdict(Outcome.REVIEW, (said, *(reasons(report) if report.heat >= threshold else ())))
    if watched:
        until = earlier_deadline or deadline(now, max(report.heat, threshold), threshold, rules, zone)
        said = (
            "holds your watch word" + ("s " if len(watched) > 1 else " ") + ", ".join(f'"{word}"' for word in watched)
        )
        return Verdict(Outcome.HOLD, (said, *(reasons(report) if report.heat >= threshold else ())), until)
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
    return Verdict(Outcome.HOLD, reasons(report), until)
