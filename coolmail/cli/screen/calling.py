"""What is needed to talk instead, in words: whom to call, what to say, and what can be done about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from coolmail.cli.screen.words import one_line

if TYPE_CHECKING:
    from coolmail.core.talk import Preparation

CALLED = "called"


def told(found: Preparation) -> Text:
    """Say whom to call and what to say."""
    from coolmail.calls.note import SAYS  # noqa: PLC0415 - its templates take their time to load

    text = Text.assemble(("Whom\n", "bold"))
    for number in found.numbers:
        text.append(f"  {one_line(number.international)}", style="bold")
        text.append(f"  ({one_line(number.national)})  {one_line(number.found)}\n")
    if not found.numbers:
        text.append("  No number is known.\n")
    if found.points:
        text.append("What to say\n", style="bold")
    for point in found.points:
        text.append(f"  {SAYS.get(point.kind, point.kind)}: {one_line(point.text)}")
        text.append(f"  ({one_line(point.source)})\n", style="dim")
    for remark in found.remarks:
        text.append(f"{one_line(remark)}\n", style="dim")
    text.rstrip()
    return text


def choices(found: Preparation) -> list[tuple[str, str]]:
    """Return what can be done, by name: an invitation for each time, named by its place, or `CALLED`."""
    from coolmail.calls.wording import slot_for_user  # noqa: PLC0415 - Babel takes its time to load

    invitations = [
        (str(place), f"invite for {one_line(slot_for_user(slot))}") for place, slot in enumerate(found.slots)
    ]
    return [*invitations, (CALLED, "we talked: note it, and cancel this mail")]
