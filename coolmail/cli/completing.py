"""Completing ids in the shell: read with the standard library, and silent whatever is wrong."""

from __future__ import annotations

from typing import Any

import typer

MOST = 50
"""Ids that are offered."""


def complete_ids(ctx: typer.Context, incomplete: str) -> list[Any]:
    """Return the ids that begin so, each with its subject: those that wait first, then the latest others.

    With nothing typed yet only those that wait are offered, if any do.
    """
    from pathlib import Path  # noqa: PLC0415 - loaded at start-up with the options of every command

    from coolmail.config import config_path, journal_path, load  # noqa: PLC0415
    from coolmail.core.clean import shorten  # noqa: PLC0415
    from coolmail.core.errors import CoolmailError  # noqa: PLC0415
    from coolmail.journal.glance import ids_like  # noqa: PLC0415

    named = ctx.params.get("config") or (ctx.parent.params.get("config") if ctx.parent is not None else None)
    try:
        path = journal_path(load(Path(named) if named else config_path()))
    except CoolmailError:
        return []
    given = ctx.params.get("ids") or []
    found = ids_like(path, incomplete.lower(), MOST)
    return [(identifier, shorten(_harmless(subject), 60)) for identifier, subject in found if identifier not in given]


def _harmless(subject: str) -> str:
    """Return a subject without what means something to a shell: zsh evaluates what completion prints, and subjects are anybody's to write."""
    return "".join(letter if letter.isalnum() or letter in " .,-_@" else " " for letter in subject)
