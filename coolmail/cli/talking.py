"""Commands about the call instead: `suggest`, `call`, `called`. The daemon puts what they make into the mailbox."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from coolmail.cli import acts, talks
from coolmail.cli.decide import tell
from coolmail.cli.opening import ConfigOption, IdArgument, JsonOption, OneIdArgument, one, with_journal
from coolmail.cli.output import SCHEMA, fail, local, out, print_json, safe
from coolmail.core.clean import clean
from coolmail.core.moments import BadMomentError, parse_moment
from coolmail.daemon.zone import zone_of

if TYPE_CHECKING:
    from coolmail.core.settings import Settings
    from coolmail.journal import Journal
    from coolmail.journal.requests import Talk


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


def call(
    identifier: OneIdArgument,
    slot: Annotated[
        int | None,
        typer.Option(
            "--slot", "-s", min=1, help="Make an invitation for this one of the times shown.", show_default=False
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at", help='Make an invitation for a time of your own, like "tomorrow 14:00".', show_default=False
        ),
    ] = None,
    outbox: Annotated[
        bool, typer.Option("--outbox", help="Send the invitation now, instead of leaving it in Drafts.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show whom to call instead of sending a mail, when, and what to say; or invite to a call."""
    if slot is not None and at is not None:
        fail("name a time by --slot or by --at, not both", 2)
    if slot is None and at is None:
        if outbox:
            fail("say for when the invitation is, by --slot or by --at", 2)
        _show(identifier, config, as_json)
        return

    async def work(journal: Journal, settings: Settings) -> list[acts.Act]:
        now, zone = datetime.now(UTC), zone_of(settings)
        about = await talks.talking(journal, settings, await one(journal, identifier), now=now, zone=zone)
        if at is not None:
            try:
                chosen = talks.slot_at(about, parse_moment(at, now, zone, opening=settings.hold.working_hours.start))
            except BadMomentError as error:
                fail(str(error), 2)
        else:
            assert slot is not None  # noqa: S101 - or the call would only have been shown
            if slot > len(about.found.slots):
                many = len(about.found.slots)
                fail(
                    f"there {'is 1 time' if many == 1 else f'are {many} times'}; `coolmail call {about.entry.id}` shows them",
                    2,
                )
            chosen = about.found.slots[slot - 1]
        return [await talks.invite(journal, about, chosen, outbox=outbox)]

    tell(config, as_json, work)


def _show(identifier: str, config: ConfigOption, as_json: bool) -> None:
    async def work(journal: Journal, settings: Settings) -> None:
        from coolmail.calls.keeping import to_json  # noqa: PLC0415

        now, zone = datetime.now(UTC), zone_of(settings)
        entry = await one(journal, identifier)
        about = await talks.talking(journal, settings, entry, now=now, zone=zone)
        talk = await journal.talk(entry.id)
        if as_json:
            kept = {"slot": talk.slot, "called_at": talk.called_at, "note": talk.note} if talk is not None else {}
            print_json({"schema": SCHEMA, "id": entry.id, "call": _moments_plain(to_json(about.found)), **kept})
            return
        _print(about, talk)

    with_journal(config, work)


def _moments_plain(found: dict[str, Any]) -> dict[str, Any]:
    """Return a preparation as it is kept, with its moments as one ISO 8601 string each."""
    slots = [{name: None if value is None else value[0] for name, value in slot.items()} for slot in found["slots"]]
    return {name: slots if name == "slots" else value for name, value in found.items() if name != "version"}


def _print(about: talks.Talking, talk: Talk | None) -> None:
    from coolmail.calls.note import SAYS  # noqa: PLC0415
    from coolmail.calls.wording import slot_for_user  # noqa: PLC0415

    entry, found = about.entry, about.found
    out.print(f"[bold]{safe(entry.subject) or '(no subject)'}[/]  [cyan]{entry.id}[/]")
    out.print(f"to {safe(', '.join(entry.recipients))}\n")
    out.print("[bold]Whom[/]")
    for number in found.numbers:
        link = Text(number.international, style=f"cyan link tel:{number.e164}")
        out.print(Text.assemble("  ", link, f"  ({number.national})  {clean(number.found)}"), soft_wrap=True)
    if not found.numbers:
        out.print("  no number is known")
    out.print("\n[bold]When[/]")
    for place, slot in enumerate(found.slots, 1):
        out.print(f"  {place}  {safe(slot_for_user(slot))}", soft_wrap=True)
    if found.slots:
        out.print(f"     [dim]coolmail call {entry.id} --slot 1 makes an invitation[/]")
    if found.points:
        out.print("\n[bold]What to say[/]")
    for point in found.points:
        out.print(
            f"  {SAYS.get(point.kind, point.kind)}: {safe(point.text)}  [dim]({safe(point.source)})[/]", soft_wrap=True
        )
    if found.remarks:
        out.print()
    for remark in found.remarks:
        out.print(f"[dim]- {safe(remark)}[/]", soft_wrap=True)
    if talk is not None and talk.called_at is not None:
        noted = f": {safe(talk.note)}" if talk.note else ""
        out.print(f"\n[green]You called[/] {local(talk.called_at, about.zone)}{noted}", soft_wrap=True)
    elif talk is not None and talk.slot is not None:
        out.print(
            f"\nAn invitation was made for {local(talk.slot, about.zone)}. After the call: coolmail called {entry.id}"
        )


def called(
    identifier: OneIdArgument,
    note: Annotated[
        str, typer.Option("--note", help="A note for yourself, kept in the journal.", show_default=False)
    ] = "",
    keep: Annotated[bool, typer.Option("--keep", help="Let the mail wait on instead of cancelling it.")] = False,
    no_draft: Annotated[bool, typer.Option("--no-draft", help='Make no "as discussed" draft.')] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record that you called: the mail that waits is cancelled (`restore` brings it back), and an "as discussed" draft lies in Drafts."""

    async def work(journal: Journal, settings: Settings) -> list[acts.Act]:
        now, zone = datetime.now(UTC), zone_of(settings)
        about = await talks.talking(journal, settings, await one(journal, identifier), now=now, zone=zone)
        return await talks.called(journal, about, note=note, keep=keep, draft=not no_draft)

    tell(config, as_json, work)
