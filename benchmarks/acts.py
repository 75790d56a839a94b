"""How soon a decision is carried out: `python -m benchmarks.acts`.

The daemon runs as its user runs it, with its own defaults for how often it looks, on a private Dovecot and a submission server of ours, with the tone
model; heated mails are held. Then, `ROUNDS` times each:

- *release*: `coolmail release ID --yes` as a process; until the submission server has accepted the message.
- *withdraw*: `coolmail withdraw ID` as a process; until another mail client finds the message in Drafts.

Both are told from the start of the command, as a user waits, and from its end, as a script does (negative: the daemon was quicker than Python's end).
"""

from __future__ import annotations

import asyncio
import logging
import statistics
import sys
import tempfile
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime, timedelta
from imaplib import IMAP4
from pathlib import Path

from benchmarks.tables import about, environment, head, ms, row
from tests.faults.household import Household, household
from tests.servers.dovecot import Dovecot, unavailable

ROUNDS = 20
HEATED = (
    "Bob,\r\n\r\nAs I have now explained four times, the delay is entirely your own fault. You never read a single mail I send. "
    "I am sick of your whining. Find another idiot who works for you.\r\n\r\nAnna\r\n"
)
ALLOWED = "2,000 ms"

Waits = tuple[float, float]
"""Seconds from the start of the command, and from its end."""


async def carried_out(home: Household, act: Sequence[str], message_id: str, seen: Awaitable[datetime]) -> Waits:
    """Decide on a message by the command line; return how long it took until `seen` saw it done."""
    (identifier,) = (entry.id for entry in home.rows() if entry.message_id == message_id)
    command = [sys.executable, "-m", "coolmail", *act, identifier, "--config", str(home.config)]
    done = asyncio.ensure_future(seen)
    began = datetime.now(UTC)
    process = await asyncio.create_subprocess_exec(*command, env=environment(), stdout=asyncio.subprocess.DEVNULL)
    assert await process.wait() == 0
    ended = datetime.now(UTC)
    at = await done
    return (at - began).total_seconds(), (at - ended).total_seconds()


async def accepted(home: Household, message_id: str) -> datetime:
    """Wait until the submission server has accepted a message; return when that was."""
    async with home.sink.arrived:
        await home.sink.arrived.wait_for(lambda: home.accepted(message_id))
    return home.accepted(message_id)[0][0]


async def in_drafts(client: IMAP4, message_id: str) -> datetime:
    """Wait until another client, which looks fifty times a second, finds a message in Drafts; return when that was."""

    def found() -> bool:
        client.noop()
        return client.uid("SEARCH", "HEADER", "Message-ID", message_id)[1] not in ([b""], [None])

    while not await asyncio.to_thread(found):
        await asyncio.sleep(0.02)
    return datetime.now(UTC)


async def hold(home: Household, count: int) -> list[str]:
    """Let heated mails be held; return their Message-IDs."""
    ids = [await home.save(HEATED, f"Re: The bill, number {number}") for number in range(count)]
    await home.until(lambda: all(home.told(message_id) == "held" for message_id in ids), 600)
    return ids


def tell(act: str, waits: Sequence[Waits]) -> None:
    """Print a row for each of the two ways to count. The first one is left out: it waits for Python to compile the command."""
    for (since, allowed), values in zip(
        (("its start", ""), ("its end", ALLOWED)), zip(*waits[1:], strict=True), strict=True
    ):
        row(f"`{act} ID`, from {since}", ms(statistics.median(values)), ms(max(values)), allowed)


async def measure(dovecot: Dovecot, folder: Path) -> None:
    """Measure and print the rows."""
    async with household(dovecot.user(), folder, timedelta(hours=30)) as home:
        del home.settings["poll"]  # its default is a minute: what is quick is quick by the bell
        home.start_by_command(**environment())
        ids = await hold(home, 2 * ROUNDS + 2)
        released, withdrawn = ids[: ROUNDS + 1], ids[ROUNDS + 1 :]
        tell("release", [await carried_out(home, ("release", "--yes"), it, accepted(home, it)) for it in released])
        with home.user.other_client("Drafts") as client:
            tell("withdraw", [await carried_out(home, ("withdraw",), it, in_drafts(client, it)) for it in withdrawn])
        await home.ends_in_order()


def main() -> None:
    """Measure and print a table."""
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd warns of a login without TLS at every connection
    about("aioimaplib", "aiosmtplib", "SQLAlchemy", note=f"{ROUNDS} each")
    head("a decision is carried out", "median", "worst", "allowed")
    if reason := unavailable():
        row(f"not measured: {reason}", "", "", ALLOWED)
        return
    dovecot = Dovecot()
    dovecot.start()
    try:
        with tempfile.TemporaryDirectory() as name:
            asyncio.run(measure(dovecot, Path(name)))
    finally:
        dovecot.remove()


if __name__ == "__main__":
    main()
