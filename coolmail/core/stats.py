"""What became of the mail, in figures: pure counting on plain values.

Every figure says what it counts; nothing is estimated. A mail that was withdrawn and declared ready again counts once. Heat is known only as long as
the content of a message is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from coolmail.core.states import State

WEEKLY_FROM = timedelta(days=42)
"""From this span on, heat over time is shown by week, not by day."""

MOST_CLIENTS = 12


@dataclass(frozen=True, slots=True)
class Seen:
    """One message as far as it is counted. `heat` is 0..1, None where it was not judged or is no longer known; `at` is when it was taken, aware."""

    id: str
    at: datetime
    state: State
    held: bool
    recipients: tuple[str, ...]
    override: bool = False
    continues: str | None = None
    heat: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The user's answer to one judgement: whether it had been held, and whether that was wrong."""

    text_hash: str
    held: bool
    wrong: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Some of the mail: how many, how many of them were held, and their mean heat (None: not known of any)."""

    name: str
    messages: int
    held: int
    heat: float | None


@dataclass(frozen=True, slots=True)
class Stats:
    """The figures.

    Of the held ones: `revised` were edited, `cancelled` never sent, `overridden` sent before their time by the user, `waited` sent when it was over,
    `waiting` still wait. `called` are calls that took place instead. `false_alarms` are held texts that the user called harmless, `missed` sent ones
    that they called hot.
    """

    messages: int
    held: int
    revised: int
    cancelled: int
    overridden: int
    waited: int
    waiting: int
    called: int
    false_alarms: int
    missed: int
    answers: int
    over_time: tuple[Group, ...]
    """By day or week, oldest first, without gaps; the name is its first day, `2026-11-23`."""
    clients: tuple[Group, ...]
    """By address, most held first, then most written to."""
    hours: tuple[Group, ...]
    """By hour of the day in the user's zone, all 24."""


def count(
    seen: Iterable[Seen], answers: Iterable[Answer], *, edited: Iterable[str], called: int, zone: tzinfo
) -> Stats:
    """Count. `edited` are ids of messages whose text was changed where they waited; `answers` come oldest first, the last about a text stands."""
    every = list(seen)
    followed = {one.continues: one for one in every if one.continues is not None}
    known = {one.id: one for one in every}
    mails = [one for one in every if one.id not in followed]
    held = [one for one in mails if one.held or _was_held(one, known)]
    changed = set(edited) | {one.id for one in mails if one.continues is not None}
    standing = {answer.text_hash: answer for answer in answers}
    wrong = [answer for answer in standing.values() if answer.wrong]
    return Stats(
        messages=len(mails),
        held=len(held),
        revised=sum(one.id in changed for one in held),
        cancelled=sum(one.state is State.CANCELLED for one in held),
        overridden=sum(one.override for one in held),
        waited=sum(not one.override and one.state in (State.SUBMITTED, State.FILED) for one in held),
        waiting=sum(one.state in (State.HELD, State.REVIEW) for one in held),
        called=called,
        false_alarms=sum(answer.held for answer in wrong),
        missed=sum(not answer.held for answer in wrong),
        answers=len(standing),
        over_time=_over_time(mails, zone),
        clients=_clients(mails),
        hours=tuple(
            _group(f"{hour:02}", [one for one in mails if one.at.astimezone(zone).hour == hour]) for hour in range(24)
        ),
    )


def _was_held(one: Seen, known: Mapping[str, Seen]) -> bool:
    """Whether an earlier version of a mail was held."""
    passed: set[str] = set()
    earlier = known.get(one.continues or "")
    while earlier is not None and earlier.id not in passed:
        if earlier.held:
            return True
        passed.add(earlier.id)
        earlier = known.get(earlier.continues or "")
    return False


def _group(name: str, some: Sequence[Seen]) -> Group:
    heats = [one.heat for one in some if one.heat is not None]
    return Group(name, len(some), sum(one.held for one in some), sum(heats) / len(heats) if heats else None)


def _over_time(mails: Sequence[Seen], zone: tzinfo) -> tuple[Group, ...]:
    if not mails:
        return ()
    days = [one.at.astimezone(zone).date() for one in mails]
    weekly = max(days) - min(days) >= WEEKLY_FROM
    step = timedelta(days=7 if weekly else 1)

    def begins(day: date) -> date:
        return day - timedelta(days=day.weekday()) if weekly else day

    groups: dict[date, list[Seen]] = {}
    for one, day in zip(mails, days, strict=True):
        groups.setdefault(begins(day), []).append(one)
    found, at = [], begins(min(days))
    while at <= max(days):
        found.append(_group(at.isoformat(), groups.get(at, [])))
        at += step
    return tuple(found)


def _clients(mails: Sequence[Seen]) -> tuple[Group, ...]:
    groups: dict[str, list[Seen]] = {}
    for one in mails:
        for address in {recipient.casefold() for recipient in one.recipients}:
            groups.setdefault(address, []).append(one)
    found = [_group(address, some) for address, some in groups.items()]
    return tuple(sorted(found, key=lambda group: (-group.held, -group.messages, group.name))[:MOST_CLIENTS])
