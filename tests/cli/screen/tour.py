"""Draw the pictures of the review screen that README shows: `python -m tests.cli.screen.tour docs`."""

from __future__ import annotations

import asyncio
import html
import re
import sys
import tempfile
from pathlib import Path

from rich.cells import cell_len

from coolmail.core.states import State
from coolmail.journal import Journal
from tests.cli.conftest import CONFIG, Desk
from tests.cli.screen import shelf
from tests.cli.screen.conftest import Stage, settled
from tests.core.making import NOW

PICTURES = {
    "review-list": ((100, 13), ("down",) * 4),
    "review-letter": ((120, 36), (*("down",) * 4, "enter")),
}
REMOTE_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""A picture asks nobody for a font."""

TEXT = re.compile(
    r'<text class="(?P<style>[^"]+)" x="(?P<x>[0-9.]+)" (?P<y>y="[^"]+") textLength="(?P<length>[0-9.]+)" (?P<clip>[^>]+)>(?P<text>[^<]+)</text>'
)
WORDS = re.compile(r"\S+(?: \S+)*")


def anchored(picture: str) -> str:
    """Give every column of a picture a place of its own: not every program that shows one keeps leading spaces and the widths of our font."""

    def apart(found: re.Match[str]) -> str:
        text = html.unescape(found["text"]).replace("\xa0", " ")
        cell = float(found["length"]) / max(1, cell_len(text))
        return "".join(
            f'<text class="{found["style"]}" x="{float(found["x"]) + cell * cell_len(text[: words.start()]):g}" {found["y"]} '
            f'textLength="{cell * cell_len(words[0]):g}" {found["clip"]}>{html.escape(words[0]).replace(" ", "&#160;")}</text>'
            for words in WORDS.finditer(text)
        )

    return TEXT.sub(apart, picture)


async def draw(folder: Path) -> None:
    """Draw each picture on a journal of its own."""
    with tempfile.TemporaryDirectory() as place:
        config, journal = Path(place, "config.yaml"), Path(place, "journal.sqlite3")
        config.write_text(CONFIG.format(journal=journal))  # noqa: ASYNC240 - nothing else runs
        stage = Stage(Desk(config, journal))
        await shelf.fill(journal)
        await stage.sign_of_life()
        async with Journal.open(journal) as opened:
            # Terminals align wide characters; the fonts of a browser do not.
            await opened.move("d9fe", State.HELD, State.ELSEWHERE, now=NOW, what="")
        for name, (size, keys) in PICTURES.items():
            app = stage.app()
            async with app.run_test(size=size) as pilot:
                await settled(pilot)
                await pilot.press(*keys)
                await settled(pilot)
                (folder / f"{name}.svg").write_text(anchored(REMOTE_FONT.sub("", app.export_screenshot())))


if __name__ == "__main__":
    asyncio.run(draw(Path(sys.argv[1])))
