"""Notifications on the desktop: on a real message bus with a real service behind it, and where there is none."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import pytest
import pytest_asyncio
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusDict, DBusInt32, DBusSignature, DBusStr, DBusUInt32
from dbus_fast.service import ServiceInterface, dbus_method, dbus_signal

from coolmail.config.loading import loads
from coolmail.core.settings import Notifications
from coolmail.daemon import notifying
from coolmail.daemon.notifying import Notifier, in_session, words
from tests.core.making import make_entry

ENTRY = make_entry(subject="Re: <b>Your</b> delay & mine\x1b[31m", recipients=("bo@shop.example",))
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={socket}</listen><policy context="default"><allow send_destination="*" eavesdrop="true"/>
<allow eavesdrop="true"/><allow own="*"/></policy></busconfig>"""


class Desktop(ServiceInterface):
    """A notification server (Desktop Notifications Specification 1.2) that remembers what it was told to show."""

    def __init__(self) -> None:
        super().__init__("org.freedesktop.Notifications")
        self.shown: list[tuple[str, str]] = []

    @dbus_method()
    def Notify(  # noqa: N802 - the specification's name
        self,
        app: DBusStr,
        replaces: DBusUInt32,
        icon: DBusStr,
        summary: DBusStr,
        body: DBusStr,
        actions: Annotated[list[str], DBusSignature("as")],
        hints: DBusDict,
        timeout: DBusInt32,
    ) -> DBusUInt32:
        """Show a notification."""
        self.shown.append((summary, body))
        return len(self.shown)

    @dbus_method()
    def GetCapabilities(self) -> Annotated[list[str], DBusSignature("as")]:  # noqa: N802
        """Say what can be shown."""
        return ["body"]

    @dbus_method()
    def GetServerInformation(self) -> Annotated[tuple[str, str, str, str], DBusSignature("ssss")]:  # noqa: N802
        """Say who shows it."""
        return ("desktop", "tests", "1", "1.2")

    @dbus_signal()
    def NotificationClosed(self) -> Annotated[tuple[int, int], DBusSignature("uu")]:  # noqa: N802
        """One is gone."""
        return (0, 0)

    @dbus_signal()
    def ActionInvoked(self) -> Annotated[tuple[int, str], DBusSignature("us")]:  # noqa: N802
        """One was clicked."""
        return (0, "")


@pytest_asyncio.fixture
async def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desktop]:
    """A session: a message bus of the test's own, and a desktop on it."""
    daemon = shutil.which("dbus-daemon")
    if daemon is None:
        pytest.skip("dbus-daemon is not installed")
    path = tmp_path / "bus"
    (tmp_path / "bus.conf").write_text(BUS.format(socket=path))
    process = _bus(daemon, tmp_path / "bus.conf")
    try:
        async with asyncio.timeout(60):
            while not _answers(path):  # noqa: ASYNC110 - another program is waited for
                await asyncio.sleep(0.05)
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={path}")
        bus = await MessageBus(bus_address=f"unix:path={path}").connect()
        made = Desktop()
        bus.export("/org/freedesktop/Notifications", made)
        await bus.request_name("org.freedesktop.Notifications")
        yield made
        bus.disconnect()
    finally:
        process.terminate()
        process.wait(20)


def _bus(daemon: str, config: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([daemon, f"--config-file={config}", "--nofork"], stderr=subprocess.DEVNULL)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
        probe.connect(str(path))
        return True
    return False


class Clock:
    """A monotonic clock that is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self.now


async def shown(desktop: Desktop, count: int) -> list[str]:
    """Wait until so many notifications were shown; return what they said."""
    async with asyncio.timeout(60):
        while len(desktop.shown) < count:  # noqa: ASYNC110 - another program is waited for
            await asyncio.sleep(0.02)
    return [body for _, body in desktop.shown]


async def test_a_notification_is_shown(desktop: Desktop) -> None:
    """Under the program's name, without a word of the mail."""
    Notifier(Notifications.SHORT, Clock()).notify("held", ENTRY)
    assert await shown(desktop, 1) == ["A mail waits. The note in your inbox says why."]
    assert desktop.shown[0][0] == "coolmail"


async def test_they_are_seldom(desktop: Desktop) -> None:
    """One a minute; the next says how many there were between."""
    clock = Clock()
    notifier = Notifier(Notifications.SHORT, clock)
    for kind in ("held", "held", "review"):
        notifier.notify(kind, ENTRY)
        clock.now += 10
    assert len(await shown(desktop, 1)) == 1
    clock.now += notifying.EVERY
    notifier.notify("reminder", ENTRY)
    assert (await shown(desktop, 2))[1] == "A mail that waits has its time soon.\nAnd 2 more."


async def test_off_is_off(desktop: Desktop) -> None:
    """Nothing is started at all."""
    notifier = Notifier(Notifications.OFF, Clock())
    notifier.notify("held", ENTRY)
    assert len(asyncio.all_tasks()) == len(
        [task for task in asyncio.all_tasks() if task.get_coro().__name__ != "_send"]
    )  # type: ignore[union-attr]
    assert desktop.shown == []


def test_full_names_the_mail_and_nothing_reads_it_as_markup() -> None:
    """Subject and readers, on one line."""
    said = words("held", ENTRY, Notifications.FULL)
    assert (
        said == "A mail waits. The note in your inbox says why.\nRe: ‹b›Your‹/b› delay + mine[31m, to bo@shop.example"
    )
    assert "Your" not in words("held", ENTRY, Notifications.SHORT)


async def test_without_a_session_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """As under a system service."""
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    assert in_session() is (notifying.sys.platform != "linux")
    before = asyncio.all_tasks()
    Notifier(Notifications.SHORT, Clock()).notify("held", ENTRY)
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize("address", ["unix:path=/nowhere/bus", "nonsense", "", "unix:path={silent}"])
async def test_a_bus_that_is_not_there_fails_nothing(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Gone, wrong, or silent: it is given up, without a warning and without a traceback."""
    monkeypatch.setattr(notifying, "PATIENCE", 0.3)
    caplog.set_level(logging.INFO)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "silent"))
        silent.listen()
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address.format(silent=tmp_path / "silent"))
        notifier = Notifier(Notifications.SHORT, Clock())
        notifier.notify("held", ENTRY)
        async with asyncio.timeout(60):
            while notifier._tasks:  # noqa: ASYNC110 - another program is waited for
                await asyncio.sleep(0.02)
    assert caplog.records == []


def test_off_may_be_written_without_quotes() -> None:
    """YAML reads a bare `off` as false."""
    server = "{host: localhost, port: 1, tls: none, username: a}"
    text = f"accounts: [{{name: a, address: a@x.example, imap: {server}, smtp: {server}}}]\nnotifications: "
    found: list[Any] = [loads(text + value).notifications for value in ("off", "short", "full")]
    assert found == [Notifications.OFF, Notifications.SHORT, Notifications.FULL]
