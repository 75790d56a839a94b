"""Commands about the call instead: `suggest`. The daemon puts what they make into the mailbox."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from coolmail.cli import acts, talks
from coolmail.cli.decide import tell
from coolmail.cli.opening import ConfigOption, IdArgument, JsonOption, one
from coolmail.daemon.zone import zone_of

if TYPE_CHECKING:
    from coolmail.core.settings import Settings
    from coolmail.journal import Journal


class Kind(StrEnum):
    """What a draft can be for; the values of `coolmail.calls.suggestion.AT_ANY_TIME`, which takes its time to load."""

    CALL = "call"
    ACKNOWLEDGE = "acknowledge"
    EXPLAIN = "explain"
    APOLOGISE = "apologise"
    EXPECTATIONS = "expectations"
    DELEGATE = "delegate"
    HANDOFF = "handoff"


KindOption = Annotated[
    Kind,
    typer.Option(
        "--kind",
        "-k",
        help="call: offer to talk; acknowledge: received, an answer comes; explain: what happened; apologise: own it and make good; "
        "expectations: scope and price; delegate: who does the changes; handoff: end it civilly.",
    ),
]


def suggest(
    ids: IdArgument, config: ConfigOption = None, as_json: JsonOption = False, kind: KindOption = Kind.CALL
) -> None:
    """Put a civil reply into Drafts, in the same thread: yours to edit, never sent by itself."""

    async def work(journal: Journal, settings: Settings) -> list[acts.Act]:
        from coolmail.calls.suggestion import LetterKind  # noqa: PLC0415 - Babel and Jinja2 take their time to load

        now, zone = datetime.now(UTC), zone_of(settings)
        entries = [await one(journal, prefix) for prefix in ids]
        about = [await talks.talking(journal, settings, entry, now=now, zone=zone) for entry in entries]
        return [await talks.suggest(journal, each, LetterKind(kind.value)) for each in about]

    tell(config, as_json, work)
