"""The clock jumps under the real daemon (libfaketime), and the machine sleeps past the deadline: late once, never early."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from tests.faults.household import CALM_TEXT, HOT_TEXT, Household, household
from tests.servers.dovecot import Dovecot

LIBRARY = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)

needs_faketime = pytest.mark.skipif(
    LIBRARY is None, reason="no libfaketime on this machine (Debian: apt install faketime)"
)

DAY = timedelta(days=1)


@dataclass
class Clock:
    """A household whose daemon sees a clock that can be moved."""

    home: Household
    file: Path
    offset: timedelta = field(default=timedelta(0))

    def now(self) -> datetime:
        """Return what the daemon's clock says."""
        return datetime.now(UTC) + self.offset

    def move(self, by: timedelta) -> None:
        """Move the clock, from one reading to the next."""
        self.offset += by
        new = self.file.with_suffix(".new")
        new.write_text(f"{self.offset.total_seconds():+.3f}")
        new.replace(self.file)

    def set(self, moment: datetime) -> None:
        """Set the clock."""
        self.move(moment - self.now())

    def start(self, **environment: str) -> None:
        """Start the daemon. The monotonic clock is left alone, as a jump of the wall clock leaves it."""
        self.move(timedelta(0))
        self.home.start_by_command(
            "tests.faults.mortal",
            LD_PRELOAD=str(LIBRARY),
            FAKETIME_TIMESTAMP_FILE=str(self.file),
            FAKETIME_NO_CACHE="1",
            FAKETIME_DONT_FAKE_MONOTONIC="1",
            FAKETIME_DISABLE_SHM="1",
            NO_FAKE_STAT="1",
            **environment,
        )

    async def is_held(self) -> str:
        """Save a hot message and wait until it is held; return its Message-ID."""
        hot = await self.home.save(HOT_TEXT, "The last bill")
        await self.home.until(lambda: self.home.told(hot) == "held")
        return hot

    async def looks(self) -> None:
        """Wait until the daemon has looked at everything with the clock as it is now: a calm message that is saved now goes out."""
        calm = await self.home.save(CALM_TEXT, f"The new logo {self.now():%H%M%S%f}")
        await self.home.until(lambda: self.home.state_of(calm) == "filed")

    def notice(self) -> str:
        """Return what the daemon tells of the clock."""
        with closing(sqlite3.connect(self.home.journal, timeout=10)) as connection:
            row = connection.execute("SELECT notice FROM daemon").fetchone()
        return str(row[0]) if row else ""


@pytest_asyncio.fixture
async def clock(dovecot: Dovecot, tmp_path: Path) -> AsyncIterator[Clock]:
    """A household with a movable clock and holds of a day."""
    async with household(dovecot.user(), tmp_path, DAY) as home:
        home.settings["hold"]["remind_before"] = "0s"
        yield Clock(home, tmp_path / "clock")


async def sent_once(clock: Clock, hot: str) -> None:
    """Wait until it is sent, look again, and see that it was once."""
    await clock.home.until(lambda: clock.home.state_of(hot) == "filed")
    await clock.looks()
    assert len(clock.home.accepted(hot)) == 1


@needs_faketime
async def test_a_day_forward(clock: Clock) -> None:
    """A clock that jumps past the deadline sends late, once; one that jumps to shortly before it sends nothing. The jump is told."""
    clock.start()
    hot = await clock.is_held()
    clock.move(DAY - timedelta(minutes=5))
    await clock.looks()
    assert clock.home.accepted(hot) == []
    await clock.home.until(lambda: "the clock jumped by +23.9 h" in clock.notice())
    clock.move(timedelta(minutes=6))
    await sent_once(clock, hot)
    assert "the clock jumped by +23.9 h" in clock.home.log


@needs_faketime
async def test_a_day_back(clock: Clock) -> None:
    """After the clock was set back the deadline on the clock counts, however long it really takes."""
    clock.home.settings["hold"] |= {"minimum": "12s", "maximum": "12s"}
    clock.start()
    hot = await clock.is_held()
    clock.move(-DAY)
    held_until = next(row.hold_until for row in clock.home.rows() if row.message_id == hot)
    assert held_until is not None
    await clock.home.until(lambda: datetime.now(UTC) > held_until + timedelta(seconds=2))
    await clock.looks()
    assert clock.home.accepted(hot) == []
    assert clock.home.state_of(hot) == "held"
    clock.move(DAY)
    await sent_once(clock, hot)


@needs_faketime
async def test_set_back_between_release_and_attempt(clock: Clock) -> None:
    """A message that was released, and put off by the server, is not tried again while the clock stands before its deadline."""
    clock.start()
    hot = await clock.is_held()
    clock.home.sink.data.append("451 4.3.0 try again later")
    clock.move(DAY + timedelta(minutes=1))
    await clock.home.until(lambda: clock.home.sink.data_received == 1)
    clock.move(-timedelta(minutes=10))
    await clock.looks()
    assert clock.home.accepted(hot) == []
    clock.move(timedelta(minutes=10))
    await sent_once(clock, hot)


@needs_faketime
@pytest.mark.parametrize(
    ("begin", "deadline"),
    [
        pytest.param("2026-10-24T12:00:00", "2026-10-25T12:00:00", id="summer time ends during the hold"),
        pytest.param("2027-03-27T13:00:00", "2027-03-28T13:00:00", id="summer time begins during the hold"),
        pytest.param("2026-10-24T00:30:00", "2026-10-25T00:30:00", id="the deadline lies in the hour that comes twice"),
    ],
)
async def test_summer_time(clock: Clock, begin: str, deadline: str) -> None:
    """A day stays 24 hours when the clocks change: nothing goes out an hour early, nor again an hour later. Times here are UTC."""
    zone = "Europe/Copenhagen"
    clock.home.settings["hold"]["working_hours"]["timezone"] = zone
    due = datetime.fromisoformat(deadline).replace(tzinfo=UTC)
    clock.set(datetime.fromisoformat(begin).replace(tzinfo=UTC))
    clock.start(TZ=zone)
    hot = await clock.is_held()
    held_until = next(row.hold_until for row in clock.home.rows() if row.message_id == hot)
    assert held_until is not None
    assert due <= held_until < due + timedelta(minutes=2)
    for early in (timedelta(hours=2), timedelta(hours=1), timedelta(seconds=30)):
        clock.set(due - early)
        await clock.looks()
        assert clock.home.accepted(hot) == []
    clock.set(held_until + timedelta(seconds=1))
    await sent_once(clock, hot)
    clock.set(held_until + timedelta(hours=1, seconds=1))
    await sent_once(clock, hot)


@needs_faketime
async def test_asleep_for_a_night_and_out_of_working_hours(clock: Clock) -> None:
    """Who planned for working hours gets a mail that is late sent in the next ones, not in the night in which the machine wakes."""
    working_hours = {"hours": "9:00-17:00", "days": ["mon", "tue", "wed", "thu", "fri"], "timezone": "UTC"}
    clock.home.settings["hold"]["working_hours"] = working_hours
    clock.set(datetime(2026, 11, 24, 10, 0, tzinfo=UTC))
    clock.start()
    hot = await clock.is_held()
    clock.set(datetime(2026, 11, 25, 22, 0, tzinfo=UTC))
    await clock.looks()
    assert clock.home.accepted(hot) == []
    clock.set(datetime(2026, 11, 26, 9, 0, 1, tzinfo=UTC))
    await sent_once(clock, hot)


@needs_faketime
async def test_missed_by_more_than_the_limit(clock: Clock) -> None:
    """A deadline that passed more than `late_limit` ago asks the user."""
    clock.start()
    hot = await clock.is_held()
    clock.move(DAY + timedelta(hours=73))
    await clock.home.until(lambda: clock.home.state_of(hot) == "review")
    await clock.looks()
    assert clock.home.accepted(hot) == []


async def test_stopped_across_the_deadline(dovecot: Dovecot, tmp_path: Path) -> None:
    """A daemon that was stopped (SIGSTOP) for longer than the rest of the hold sends late, once, and tells no reminder too many."""
    hold = timedelta(seconds=4)
    async with household(dovecot.user(), tmp_path, hold) as home:
        home.start()
        hot = await home.save(HOT_TEXT, "The last bill")
        await home.until(lambda: home.told(hot) == "held")
        home.signal(signal.SIGSTOP)
        until = next(row.hold_until for row in home.rows() if row.message_id == hot)
        assert until is not None
        await home.until(lambda: datetime.now(UTC) > until + timedelta(seconds=3))
        assert home.accepted(hot) == []
        home.signal(signal.SIGCONT)
        await home.settles()
        assert await home.audit(hold=hold) == {hot: "filed"}


async def test_deleted_while_stopped_across_the_deadline(dovecot: Dovecot, tmp_path: Path) -> None:
    """What the user deleted on another machine while this one slept is not sent when it wakes past the deadline."""
    hold = timedelta(seconds=3)
    async with household(dovecot.user(), tmp_path, hold) as home:
        home.start()
        hot = await home.save(HOT_TEXT, "The last bill")
        await home.until(lambda: home.told(hot) == "held")
        home.signal(signal.SIGSTOP)
        assert await home.delete("Coolmail/Held", hot)
        until = next(row.hold_until for row in home.rows() if row.message_id == hot)
        assert until is not None
        await home.until(lambda: datetime.now(UTC) > until + timedelta(seconds=1))
        home.signal(signal.SIGCONT)
        await home.settles()
        assert await home.audit(hold=hold, cancelled=[hot]) == {hot: "cancelled"}
