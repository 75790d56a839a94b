"""A private Radicale: calendars and address books on a loopback port found free, spoken to with urllib by the tests. It ends with the test session.

Any of `USERS` logs in with `PASSWORD`. Runs with this Python, as whoever runs the tests.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from coolmail.core.settings import Dav, Secret
from tests.servers import certificates
from tests.servers.dovecot import _end_with_parent, free_port

if TYPE_CHECKING:
    from collections.abc import Iterable

PASSWORD = "correct horse æ"  # noqa: RUF100 - beyond ASCII, as passwords are
_CONFIG = """
[server]
hosts = 127.0.0.1:{port}
ssl = {tls}
certificate = {certificate}
key = {key}
[auth]
type = htpasswd
htpasswd_filename = {folder}/users
htpasswd_encryption = plain
delay = 0
[storage]
filesystem_folder = {folder}/collections
[logging]
level = warning
"""
_NAMESPACES = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:R="urn:ietf:params:xml:ns:carddav"'


class Radicale:
    """One Radicale process and its folder."""

    _numbers = itertools.count(1)

    def __init__(self, *, tls: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="radicale-"))
        self.port = free_port()
        self.tls = tls
        self.files = certificates.issue(self.folder / "tls")
        self._process: subprocess.Popen[bytes] | None = None
        users = "".join(f"user{number}:{PASSWORD}\n" for number in range(1, 100))
        (self.folder / "users").write_text(users, "utf-8")
        config = _CONFIG.format(
            port=self.port, tls=tls, certificate=self.files.certificate, key=self.files.key, folder=self.folder
        )
        (self.folder / "config").write_text(config, "utf-8")

    def start(self) -> None:
        """Start and wait until it listens."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "radicale", "--config", str(self.folder / "config")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "log").open("wb"),
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - one system call, no Python locks
        )
        end = time.monotonic() + 30
        while time.monotonic() < end and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5):
                return
            time.sleep(0.05)
        said = (self.folder / "log").read_text(errors="replace")
        self.remove()
        raise RuntimeError(f"Radicale did not start: {said[-2000:]}")

    def pause(self) -> None:
        """Let it be silent: connections are accepted and nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it answer again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def remove(self) -> None:
        """End it and remove its folder."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
            self._process.kill()
            self._process.wait()
            self._process = None
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def url(self) -> str:
        """Its root."""
        return f"http{'s' if self.tls else ''}://localhost:{self.port}/"

    def user(self) -> DavUser:
        """Return a user with nothing in their collections."""
        return DavUser(self, f"user{next(self._numbers)}")


class DavUser:
    """A user of a Radicale, and what another client does in their name."""

    def __init__(self, server: Radicale, name: str) -> None:
        self.server = server
        self.name = name

    def dav(self, *, path: str = "", only: Iterable[str] = (), password: str = PASSWORD, timeout: float = 5.0) -> Dav:
        """Return how coolmail reaches it."""
        ca = str(self.server.files.ca) if self.server.tls else None
        return Dav(self.server.url + path, self.name, Secret(password=password), tuple(only), ca, timeout)

    def calendar(self, name: str, *events: str) -> str:
        """Make a calendar with events (VEVENTs without the frame); return its path."""
        path = self._make(name, "<C:calendar/>")
        for number, event in enumerate(events):
            body = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//\r\n{event}\r\nEND:VCALENDAR\r\n"
            self._send("PUT", f"{path}{number}.ics", body.encode(), "text/calendar; charset=utf-8")
        return path

    def address_book(self, name: str, *cards: str) -> str:
        """Make an address book with vCards; return its path."""
        path = self._make(name, "<R:addressbook/>")
        for number, card in enumerate(cards):
            self._send("PUT", f"{path}{number}.vcf", card.encode(), "text/vcard; charset=utf-8")
        return path

    def _make(self, name: str, kind: str) -> str:
        path = f"{self.name}/{name.lower()}/"
        body = (
            f"<mkcol {_NAMESPACES}><set><prop><resourcetype><collection/>{kind}</resourcetype><displayname>{name}</displayname>"
            "</prop></set></mkcol>"
        )
        self._send("MKCOL", path, body.encode(), "application/xml; charset=utf-8")
        return path

    def _send(self, method: str, path: str, body: bytes, kind: str) -> None:
        login = base64.b64encode(f"{self.name}:{PASSWORD}".encode()).decode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.server.port}/{path}", body, method=method)
        request.add_header("Authorization", f"Basic {login}")
        request.add_header("Content-Type", kind)
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert answer.status in (200, 201)
