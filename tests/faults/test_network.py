"""The line to either server breaks in every way that lines do: sent exactly once, or the user is asked; and the daemon recovers by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from coolmail.core.settings import Tls
from tests.faults.household import CALM_TEXT, HOT_TEXT, household
from tests.faults.lines import FAULTS, Fault, through_lines
from tests.faults.side_by_side import SideBySide
from tests.servers.dovecot import Dovecot

HOLD = timedelta(seconds=3)

pytestmark = [pytest.mark.xdist_group("network"), pytest.mark.timeout(600)]  # told side by side, so all by one worker

Told = SideBySide[Fault, dict[str, str]]


@pytest.fixture(scope="module")
def told(request: pytest.FixtureRequest, dovecot: Dovecot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The stories of all selected faults, told side by side."""
    selected = [
        item.callspec.params["fault"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.originalname == test_the_line_breaks.__name__
    ]

    async def tell(fault: Fault) -> dict[str, str]:
        async with (
            household(dovecot.user(), tmp_path_factory.mktemp("home"), HOLD, tls=Tls(fault.tls)) as home,
            through_lines(home) as lines,
        ):
            calm, hot = await home.save(CALM_TEXT, "The new logo"), await home.save(HOT_TEXT, "The last bill")
            breaking = asyncio.create_task(fault.set_up(lines))  # type: ignore[arg-type,var-annotated]
            await asyncio.sleep(0)  # it sets the trap before the daemon starts
            home.start(patience=fault.patience)
            async with asyncio.timeout(280):
                await breaking
            await home.settles(within=280)
            ended = await home.audit(hold=HOLD)
            return {"calm": ended[calm], "hot": ended[hot]}

    stories: Told = SideBySide(selected, tell)
    yield stories
    stories.close()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_line_breaks(fault: Fault, told: Told) -> None:
    """After the fault each message was sent exactly once, or lies in Review; Sent copies, notes and suggestions are there once."""
    assert told.end(fault) == {"calm": fault.calm, "hot": fault.hot}


async def test_a_lost_connection_is_noticed_at_once(dovecot: Dovecot, tmp_path: Path) -> None:
    """Where the server grants one connection only, so that no other one can ring, its loss is still not found out at the next poll."""
    async with household(dovecot.user(), tmp_path, HOLD) as home, through_lines(home) as lines:
        lines.imap.most = 1
        home.settings["poll"] = "5m"
        home.start()
        await lines.daemon_is("ready")
        await home.until(lambda: lines.imap.commands[-1].endswith(b"FLAGS)") or b"SELECT" in lines.imap.commands[-1])
        calm = await home.save(CALM_TEXT, "The new logo")
        begun = time.monotonic()
        lines.imap.reset()
        await home.until(lambda: "next try in" in home.log)
        noticed = time.monotonic() - begun
        await home.until(lambda: home.state_of(calm) == "filed")
        print(f"noticed after {noticed:.2f} s, sent after {time.monotonic() - begun:.2f} s")  # noqa: T201 - a figure for docs/reliability.md
        assert noticed < 60  # the next poll is five minutes away


async def test_a_server_that_hangs_is_noticed(dovecot: Dovecot, tmp_path: Path) -> None:
    """A server that keeps its connections and says nothing more is noticed after `poll` and `timeout` at the latest, here 1 s and 6 s."""
    async with household(dovecot.user(), tmp_path, HOLD) as home, through_lines(home) as lines:
        home.start()
        await lines.daemon_is("ready")
        begun = time.monotonic()
        lines.imap.black_hole = True
        await lines.daemon_is("retrying")
        noticed = time.monotonic() - begun
        lines.imap.black_hole = False
        await lines.daemon_is("ready")
        calm = await home.save(CALM_TEXT, "The new logo")
        await home.settles()
        assert await home.audit(hold=HOLD) == {calm: "filed"}
        print(f"noticed after {noticed:.2f} s")  # noqa: T201
        assert noticed < 60


async def test_the_server_restarts_while_the_daemon_listens(own_dovecot: Dovecot, tmp_path: Path) -> None:
    """The server goes down while all connections stand in IDLE, and comes back: the daemon, too, by itself, and nothing of a hold is lost."""
    async with household(own_dovecot.user(), tmp_path, timedelta(seconds=6)) as home:
        home.start()
        hot = await home.save(HOT_TEXT, "The last bill")
        await home.until(lambda: home.told(hot) == "held")
        begun = time.monotonic()
        await asyncio.to_thread(own_dovecot.stop)
        await home.until(lambda: home.accounts().get("work") == "retrying")
        noticed = time.monotonic() - begun
        begun = time.monotonic()
        await asyncio.to_thread(own_dovecot.start)
        await home.until(lambda: home.accounts().get("work") == "ready")
        recovered = time.monotonic() - begun
        calm = await home.save(CALM_TEXT, "The new logo")
        await home.settles(60)
        assert await home.audit(hold=timedelta(seconds=6)) == {hot: "filed", calm: "filed"}
        print(f"noticed after {noticed:.2f} s, ready {recovered:.2f} s after the server's start")  # noqa: T201
        assert noticed < 60
        assert recovered < 30
