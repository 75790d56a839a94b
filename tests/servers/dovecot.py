"""A private Dovecot: own configuration, own certificate, own mail, on loopback ports found free. It ends with the test session.

Any name logs in with `PASSWORD`, so a fresh user is just a name nobody used yet. The part after the `@` says how the mail is stored: `maildir` or
`sdbox`. Started as root it runs as `nobody`, else as whoever starts it.
"""

from __future__ import annotations

import contextlib
import ctypes
import grp
import imaplib
import itertools
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from coolmail.core.settings import Secret, Server, Tls
from tests.servers import certificates

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PASSWORD = "correct-horse"
AWKWARD = {
    "quote@maildir": 'pass"word\\with "quotes\\',
    "unicode@maildir": "pæsswörd ☂ пароль",
    "space@maildir": " spaced {5} ",
}
"""Users with passwords that are hard to send."""

_CONFIG = """
base_dir = {base}/run
state_dir = {base}/state
log_path = {base}/dovecot.log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2
auth_failure_delay = 0
auth_username_chars =
mail_location = %d:~/mail:LAYOUT=fs
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 1
first_valid_gid = 1
mail_max_userip_connections = 100
imap_hibernate_timeout = 0
mail_fsync = never
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {base}/passwd
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={base}/mail/%d/%n
}}
namespace inbox {{
  inbox = yes
  separator = {separator}
  prefix = {prefix}
  mailbox {prefix}Drafts {{
    auto = subscribe
    special_use = \\Drafts
  }}
  mailbox {prefix}Sent {{
    auto = subscribe
    special_use = \\Sent
  }}
  mailbox {prefix}Archive {{
    special_use = \\Archive
  }}
  mailbox {prefix}Trash {{
    auto = subscribe
    special_use = \\Trash
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service imap {{
  process_limit = 200
}}
"""


def unavailable() -> str | None:
    """Return why there can be no Dovecot here, None if there can."""
    if shutil.which("dovecot", path=_path()) is None:
        return "no Dovecot on this machine (Debian: apt install dovecot-imapd)"
    version = subprocess.run(
        ["dovecot", "--version"], capture_output=True, text=True, check=False, env={"PATH": _path()}
    ).stdout
    if not version.startswith("2.3."):
        return f"these tests know the configuration of Dovecot 2.3, this is {version.strip() or 'unknown'}"
    return None


def _path() -> str:
    return os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"


def _fast_folder() -> str | None:
    """Return a folder in memory if there is one with room: thousands of small files are slow elsewhere."""
    memory = "/dev/shm"
    roomy = os.access(memory, os.W_OK | os.X_OK) and shutil.disk_usage(memory).free > 500_000_000
    return memory if roomy else None


def _end_with_parent() -> None:
    """Ask Linux to end Dovecot when the tests are killed and can't do it themselves (prctl PR_SET_PDEATHSIG)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def free_port() -> int:
    """Return a loopback port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class User:
    """A mail user of a Dovecot."""

    name: str
    password: str
    dovecot: Dovecot

    def server(
        self, tls: Tls = Tls.NONE, *, port: int | None = None, host: str = "localhost", timeout: float = 20.0
    ) -> Server:
        """Return how to reach this user's mail; `port` leads through a proxy."""
        own = self.dovecot.tls_port if tls is Tls.IMPLICIT else self.dovecot.port
        ca = None if tls is Tls.NONE else str(self.dovecot.files.ca)
        return Server(host, port or own, tls, self.name, Secret(password=self.password), tls_ca=ca, timeout=timeout)

    @contextlib.contextmanager
    def other_client(self, mailbox: str | None = None) -> Iterator[imaplib.IMAP4]:
        """Be another mail client, one that shares no code with coolmail."""
        client = imaplib.IMAP4("127.0.0.1", self.dovecot.port)
        try:
            client.login(self.name, self.password)
            if mailbox is not None:
                assert client.select(f'"{mailbox}"')[0] == "OK"
            yield client
        finally:
            client.logout()

    def fill(self, mailbox: str, messages: Iterable[bytes], flags: str = "") -> None:
        """Store many messages at once (MULTIAPPEND), making the mailbox if need be."""
        with self.other_client() as client:
            client.create(f'"{mailbox}"')
            literals = b"".join(b" (%s) {%d+}\r\n%s" % (flags.encode(), len(raw), raw) for raw in messages)
            if not literals:
                return
            client.send(b'fill APPEND "%s"' % mailbox.encode() + literals + b"\r\n")
            while not (line := client.readline()).startswith(b"fill "):
                pass
            assert line.startswith(b"fill OK"), line

    def contents(self, mailbox: str) -> dict[int, bytes]:
        """Return every message of a mailbox by UID, as another client sees it."""
        with self.other_client() as client:
            if client.select(f'"{mailbox}"', readonly=True)[0] != "OK":
                return {}
            found = {}
            for item in client.uid("FETCH", "1:*", "(UID BODY.PEEK[])")[1]:
                if isinstance(item, tuple) and (uid := re.search(rb"UID (\d+)", item[0])):
                    found[int(uid[1])] = item[1]
            return found


class Dovecot:
    """One Dovecot process and its folder."""

    _numbers = itertools.count(1)

    def __init__(self, *, separator: str = "/", prefix: str = "") -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dovecot-", dir=_fast_folder()))  # short: UNIX sockets live below it
        self.port, self.tls_port = free_port(), free_port()
        self.files = certificates.issue(self.folder / "tls")
        self._owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self._process: subprocess.Popen[bytes] | None = None
        self._write_config(separator, prefix)

    def _write_config(self, separator: str, prefix: str) -> None:
        for name in ("run", "state", "mail"):
            (self.folder / name).mkdir()
        users = "".join(f"{name}:{{PLAIN}}{password}::::::\n" for name, password in AWKWARD.items())
        (self.folder / "passwd").write_text(users, encoding="utf-8")
        settings = _CONFIG.format(
            base=self.folder,
            user=self._owner.pw_name,
            group=grp.getgrgid(self._owner.pw_gid).gr_name,
            certificate=self.files.certificate,
            key=self.files.key,
            password=PASSWORD,
            separator=separator,
            prefix=prefix,
            port=self.port,
            tls_port=self.tls_port,
        )
        (self.folder / "dovecot.conf").write_text(settings, encoding="utf-8")
        for path in (self.folder, *self.folder.rglob("*")):
            if os.geteuid() == 0:
                os.chown(path, self._owner.pw_uid, self._owner.pw_gid)
            path.chmod(0o755 if path.is_dir() else 0o644)

    def start(self) -> None:
        """Start and wait until it answers."""
        drop = (
            {"user": self._owner.pw_uid, "group": self._owner.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        )
        self._process = subprocess.Popen(
            ["dovecot", "-F", "-c", str(self.folder / "dovecot.conf")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "stderr").open("wb"),
            cwd=self.folder,
            start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - one system call, no Python locks
            env={"PATH": _path(), "HOME": str(self.folder)},
            **drop,  # type: ignore[call-overload]
        )
        end = time.monotonic() + 20
        while time.monotonic() < end and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5) as probe:
                if probe.recv(4) == b"* OK":
                    return
            time.sleep(0.02)
        said = (self.folder / "stderr").read_text() + self.log()
        self.stop()
        raise RuntimeError(f"Dovecot did not start: {said[-2000:]}")

    def stop(self) -> None:
        """End the processes that `start` started: they are a process group of their own."""
        if self._process is None:
            return
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def restart(self) -> None:
        """Stop and start again on the same ports, with the same mail."""
        self.stop()
        self.start()

    def remove(self) -> None:
        """Stop and remove the folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        """Return what Dovecot logged."""
        with contextlib.suppress(OSError):
            return (self.folder / "dovecot.log").read_text(errors="replace")
        return ""

    def user(self, storage: str = "maildir") -> User:
        """Return a user whose mail is stored as `maildir` or `sdbox`, with nothing in it."""
        return User(f"user{next(self._numbers)}@{storage}", PASSWORD, self)

    def awkward(self) -> list[User]:
        """Return the users with passwords that are hard to send."""
        return [User(name, password, self) for name, password in AWKWARD.items()]
