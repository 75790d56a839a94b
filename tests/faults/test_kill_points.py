"""Killed with SIGKILL at every journal transition and every network command, and started again: the books are right."""

from __future__ import annotations

import re
import signal
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.faults.household import CALM_TEXT, HOT_TEXT, OURS, Household, household
from tests.faults.points import CANCELS, EDITED, POINTS, KillPoint
from tests.faults.side_by_side import SideBySide
from tests.servers.dovecot import Dovecot

HOLD = timedelta(seconds=8)  # long enough for the reminder half-way, on a busy machine too

pytestmark = pytest.mark.xdist_group("kill points")  # told side by side, so all by one worker

Story = Callable[[KillPoint, Household], Awaitable[dict[str, str]]]
Told = SideBySide[tuple[str, KillPoint], dict[str, str]]


@pytest.fixture(scope="module")
def stories(
    request: pytest.FixtureRequest, dovecot: Dovecot, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Story, KillPoint], dict[str, str]]]:
    """Give a function that tells how a story ended; all selected ones are told side by side."""
    selected: dict[tuple[str, KillPoint], Story] = {}
    for item in request.session.items:
        if isinstance(item, pytest.Function) and (story := STORIES.get(item.function)) is not None:
            selected[story.__name__, item.callspec.params["point"]] = story

    async def tell(key: tuple[str, KillPoint]) -> dict[str, str]:
        folder: Path = tmp_path_factory.mktemp("home")
        async with household(dovecot.user(), folder, HOLD) as home:
            return await selected[key](key[1], home)

    told: Told = SideBySide(selected, tell)
    yield lambda story, point: told.end((story.__name__, point))
    told.close()


async def _until_killed(home: Household, point: KillPoint) -> tuple[str, str]:
    calm, hot = await home.save(CALM_TEXT, "The new logo"), await home.save(HOT_TEXT, "The last bill")
    home.start(die_at=point.at)
    assert await home.dies() == -signal.SIGKILL, home.story("it did not die of the kill")
    return calm, hot


async def _after_the_restart(home: Household, calm: str, hot: str, **audit: Any) -> dict[str, str]:
    home.start()
    await home.settles()
    ended = await home.audit(hold=HOLD, **audit)
    return {"calm": ended[calm], "hot": ended[hot]}


async def killed(point: KillPoint, home: Household) -> dict[str, str]:
    """The daemon is killed and started again."""
    return await _after_the_restart(home, *await _until_killed(home, point))


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_killed_and_started_again(point: KillPoint, stories: Callable[[Story, KillPoint], dict[str, str]]) -> None:
    """The daemon dies at this point; after its restart each message is sent exactly once or waits in Review."""
    assert stories(killed, point) == {"calm": point.calm, "hot": point.hot}


async def deleted(point: KillPoint, home: Household) -> dict[str, str]:
    """While the daemon is dead the user deletes the hot message, wherever it lies."""
    calm, hot = await _until_killed(home, point)
    gone = [await home.delete(mailbox, hot) for mailbox in OURS]
    assert any(gone), home.story("there was nothing to delete")
    return await _after_the_restart(home, calm, hot, cancelled=[hot])


@pytest.mark.parametrize("point", CANCELS, ids=lambda point: point.name)
def test_deleted_around_the_kill(point: KillPoint, stories: Callable[[Story, KillPoint], dict[str, str]]) -> None:
    """What the user deleted, from Held or already from Sending, is never sent after it."""
    assert stories(deleted, point) == {"calm": "filed", "hot": "cancelled"}


async def cancelled_by_command(point: KillPoint, home: Household) -> dict[str, str]:
    """While the daemon is dead the user says `coolmail cancel ID`."""
    calm, hot = await _until_killed(home, point)
    (row,) = [row for row in home.rows() if row.message_id == hot]
    status, said = await home.tool("cancel", row.id, "--yes")
    assert (status == 0) == (row.state != "submitting"), said
    ended = await _after_the_restart(home, calm, hot, cancelled=[hot] if status == 0 else [])
    return {**ended, "refused": str(status != 0)}


@pytest.mark.parametrize("point", CANCELS, ids=lambda point: point.name)
def test_cancelled_around_the_kill(point: KillPoint, stories: Callable[[Story, KillPoint], dict[str, str]]) -> None:
    """What `coolmail cancel` accepted is never sent after it; once an attempt has begun it refuses, and says so."""
    ended = stories(cancelled_by_command, point)
    hot = "filed" if ended["refused"] == "True" else "cancelled"
    assert ended == {"calm": "filed", "hot": hot, "refused": ended["refused"]}


async def edited(point: KillPoint, home: Household) -> dict[str, str]:
    """The user has edited the hot message and wants the new version sent; the daemon dies over it and is started again."""
    home.settings["hold"] |= {"minimum": "5m", "maximum": "5m", "remind_before": "0s"}
    hot = await home.save(HOT_TEXT, "The last bill")
    home.start()
    await home.until(lambda: home.told(hot) == "held")
    await home.stop()
    new = await home.edit(hot, CALM_TEXT)
    home.start(die_at=point.at)
    assert await home.dies() == -signal.SIGKILL, home.story("it did not die of the kill")
    home.start()
    await home.until(home.is_settled)
    ended = await home.audit(hold=timedelta(0))
    return {"new": ended[new]}


@pytest.mark.parametrize("point", EDITED, ids=lambda point: point.name)
def test_edited_around_the_kill(point: KillPoint, stories: Callable[[Story, KillPoint], dict[str, str]]) -> None:
    """Only the new version goes out, once; nothing is left of the old one."""
    assert stories(edited, point) == {"new": "filed"}


STORIES: dict[Any, Story] = {
    test_killed_and_started_again: killed,
    test_deleted_around_the_kill: deleted,
    test_cancelled_around_the_kill: cancelled_by_command,
    test_edited_around_the_kill: edited,
}


async def test_the_table_is_complete(dovecot: Dovecot, tmp_path: Path) -> None:
    """Every journal transition and every kind of network command that the story passes has its kill point."""
    points = tmp_path / "points"
    async with household(dovecot.user(), tmp_path, HOLD) as home:
        await home.save(CALM_TEXT, "The new logo")
        await home.save(HOT_TEXT, "The last bill")
        home.start(points=points)
        await home.settles()
    patterns = [re.compile(point.at.partition("#")[0]) for point in POINTS]
    passed = set(points.read_text().splitlines())
    covered = {_kind(name) for name in passed if any(pattern.search(name) for pattern in patterns)}
    # What is asked before anything is known of the account, and asking itself, changes nothing.
    harmless = {"imap CAPABILITY", "imap ID", "imap ENABLE", "imap EXAMINE", "imap NAMESPACE", "imap LSUB", "imap NOOP"}
    assert {_kind(name) for name in passed} - covered <= harmless


def _kind(point: str) -> str:
    source, _, rest = point.split(" ", 2)
    if source == "imap":
        words = rest.split()
        return f"imap {' '.join(words[:2] if words[0] == 'UID' else words[:1])}"
    return f"{source} {rest}"
