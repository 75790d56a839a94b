"""A whole review as a person does it: in a real terminal, beside the running daemon, with the mail on a real Dovecot and a real submission server."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.screen.terminal import coolmail, terminal, unavailable
from tests.daemon.world import HEATED
from tests.faults.household import HELD, Household, household
from tests.servers.dovecot import Dovecot

HOLD = timedelta(hours=30)

pytestmark = pytest.mark.skipif(unavailable() is not None, reason=str(unavailable()))


async def held(home: Household, subject: str) -> str:
    """Let a heated mail be held; return its Message-ID."""
    message_id = await home.save(HEATED, subject)
    await home.until(lambda: home.state_of(message_id) == "held" and home.told(message_id) == "held")
    return message_id


@pytest.mark.alone
async def test_a_whole_review(dovecot: Dovecot, tmp_path: Path) -> None:
    """Read, edit, extend, withdraw, cancel, send all the same; each is on the screen, and true on the servers."""
    home_of_python = str(Path(__file__).parents[3])
    async with household(dovecot.user(), tmp_path, HOLD) as home:
        home.start_by_command()
        bill = await held(home, "Re: The last bill")
        with terminal(tmp_path) as screen:
            screen.start(
                coolmail("--config", str(home.config)),
                PYTHONPATH=home_of_python, EDITOR="vi", VISUAL="vi", TERM="screen-256color", LANG="C.UTF-8",
            )  # fmt: skip
            await screen.shows("1 held", "bob@client.example", "Re: The last bill", "in 30 h", without=["not running"])

            # It follows the daemon: what is held meanwhile comes by itself.
            scope = await held(home, "Re: Scope")
            logo = await held(home, "Re: The new logo")
            await screen.shows("3 held", "Re: Scope", "Re: The new logo")

            # Read: the hot sentences, their kinds in the margin, the calmer answer.
            screen.press("Enter")
            await screen.shows("Re: The last bill", "You wrote", "▌")
            screen.resize(130, 40)
            await screen.shows("Instead: a calmer answer, in your Drafts")
            screen.resize(80, 24)

            # Edit in a full-screen editor, which has the terminal for itself and gives it back.
            screen.press("e")
            await screen.shows("Find another idiot", "\n~\n")
            screen.type("ggdGiHi Bob, thank you for your mail. Could we talk tomorrow at ten? I think that is easier.")
            screen.press("Escape")
            screen.type(":wq")
            screen.press("Enter")
            await screen.shows("send now? [y/N]")
            screen.press("n", "Enter")
            await screen.shows("was edited", "Enter goes back to the review")
            screen.press("Enter")
            await screen.shows("thank you for your mail. Could we talk", "calm", without=["▌"])
            assert [raw for raw in await home.contents(HELD) if b"thank you for your mail" in raw]
            screen.press("Escape")
            await screen.shows("3 held", "calm")

            # Extend.
            screen.press("x")
            await screen.shows("Let it wait how much longer?")
            screen.press("Enter")
            await screen.shows("waits 6 h longer")

            # Withdraw.
            screen.press("/")
            screen.type("scope")
            await screen.shows("search: scope", without=["The new logo"])
            screen.press("Enter")
            await screen.shows("Enter read")
            screen.press("w")
            await screen.shows("goes back to Drafts")
            await home.until(lambda: home.state_of(scope) == "withdrawn")
            assert await home.lies_in(scope) == ["Drafts"]
            screen.press("Escape")
            await screen.shows("2 held", "The last bill", "The new logo")

            # Release: a yes is not enough for what is heated; the word is.
            screen.press("/")
            screen.type("logo")
            screen.press("Enter")
            await screen.shows("Enter read")
            screen.press("r")
            await screen.shows("will read:", "Are you really too stupid", "type send")
            screen.type("yes")
            screen.press("Enter")
            await screen.shows("That was not the word. Nothing was sent.")
            assert not home.accepted(logo)
            screen.type("send")
            screen.press("Enter")
            await screen.shows("is released")
            await home.until(lambda: home.state_of(logo) == "filed")
            assert len(home.accepted(logo)) == 1
            screen.press("Escape")
            await screen.shows("1 held", "The last bill")

            # Cancel.
            screen.press("c")
            await screen.shows("Cancel this mail?")
            screen.press("Enter")
            await screen.shows("stays as it is")
            screen.press("c")
            await screen.shows("Cancel this mail?")
            screen.press("y")
            await screen.shows("Nothing waits.")
            assert await home.contents(HELD) == []
            assert not home.accepted(bill)

            # A daemon that ends is told; leaving leaves nothing behind.
            await home.ends_in_order()
            await screen.shows("The daemon is not running")
            screen.press("q")
            assert await screen.ends() == 0
            assert "Traceback" not in screen.text
    assert "Traceback" not in home.log
