"""Why a mail waits, in a few words, and what works better: read off the marked sentences of a tone report.

The two tables are English and reviewed by hand; nothing here is generated.
"""

from __future__ import annotations

from collections import Counter

from coolmail.core.signoff import is_closing
from coolmail.core.tone import Kind, ToneReport

DOES: dict[Kind, str] = {
    Kind.ANGER: "shows open anger",
    Kind.INSULT: "attacks the client as a person",
    Kind.BLAME: "blames the client",
    Kind.THREAT: "reads as a threat",
    Kind.SARCASM: "turns sarcastic",
    Kind.PASSIVE_AGGRESSION: "scores a point without saying so",
    Kind.PROFANITY: "swears",
    Kind.SHOUTING: "shouts",
    Kind.DISMISSAL: "waves the client's concern away",
    Kind.GUILT_TRIP: "lays guilt on the client",
    Kind.CONDESCENSION: "talks down to the client",
}
"""What a sentence of each kind does; "the mail ..." stands before it in thought, how often or where behind it."""

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

MOST_REASONS = 3
"""Kinds that are told; a longer list is not read."""

AS_A_WHOLE = "reads hot as a whole, though no single sentence stands out"

TIMES = ("", "once", "twice", "three times", "four times", "five times", "six times", "seven times", "eight times")

SHORT = 5
"""Words; a line of no more than this is a greeting above the first sentence, or a name below the last."""


def reasons(report: ToneReport) -> tuple[str, ...]:
    """Say why a message is hot, most frequent kind first: "blames the client twice", "reads as a threat in the last line".

    Empty for a calm message; one reason at least for one that is held.
    """
    counts = _kinds(report)
    told = tuple(f"{DOES[kind]}{_often_or_where(report, kind, count)}" for kind, count in counts[:MOST_REASONS])
    if not told:
        return (AS_A_WHOLE,) if report.level.held else ()
    more = len(counts) - len(told)
    return (*told, f"and {more} more kind{'s' if more > 1 else ''} of heat") if more else told


def advice(report: ToneReport) -> tuple[str, ...]:
    """Say what works better: one line for each kind among the marked sentences, in the order of `reasons`."""
    return tuple(INSTEAD[kind] for kind, _ in _kinds(report))


def _kinds(report: ToneReport) -> list[tuple[Kind, int]]:
    """Return the kinds with the number of their sentences, most frequent first, then as they appear in the text."""
    return Counter(kind for sentence in report.hot for kind in sentence.kinds).most_common()


def _often_or_where(report: ToneReport, kind: Kind, count: int) -> str:
    of_kind = [sentence for sentence in report.hot if kind in sentence.kinds]
    first = _is_greeting(report.own_text[: of_kind[0].start])
    last = _is_ending(report.own_text[of_kind[-1].end :])
    if count > 1:
        often = TIMES[count] if count < len(TIMES) else f"{count} times"
        return f" {often}, once in the last line" if last and not first else f" {often}"
    if first and last:  # there is only one
        return ""
    return " in the first line" if first else " in the last line" if last else " once"


def _is_greeting(above: str) -> bool:
    lines = _lines(above)
    return len(lines) <= 1 and all(len(line.split()) <= SHORT and line[-1] not in ".?" for line in lines)


def _is_ending(below: str) -> bool:
    return all(is_closing(line) or (len(line.split()) <= SHORT and line[-1] not in ".!?") for line in _lines(below))


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
