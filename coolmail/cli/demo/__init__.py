"""`coolmail demo`: the whole story on embedded servers, no account needed."""

from __future__ import annotations

import asyncio
import logging
import tempfile
import warnings
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from coolmail.cli.output import errors_in_words, fail, out

MISSING = "the demo brings its own servers, which are not installed here: pip install 'coolmail[demo]'"


def demo(
    svg: Annotated[
        Path | None, typer.Option("--svg", hidden=True, help="Save what the terminal showed as a picture.")
    ] = None,
) -> None:
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

    console = out if svg is None else Console(record=True, width=100, highlight=False)

    async def tell() -> None:
        with tempfile.TemporaryDirectory(prefix="coolmail-demo-") as folder:
            async with embedded() as servers:
                await Story(servers, Path(folder), console).tell()

    with errors_in_words():
        try:
            asyncio.run(tell())
        except NotSeenError as error:
            console.print(f"[bold red]✗ {error}[/]")
            raise typer.Exit(1) from None
    if svg is not None:
        console.save_svg(str(svg), title="coolmail demo")
