"""Where passwords come from, and what is said when there is none."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from coolmail.config import PasswordError, find_password, secrets
from coolmail.config.secrets import find_dav_password
from coolmail.core.settings import Dav, Secret, Server, Tls
from tests.servers.waiting import until


def server(**secret: str) -> Server:
    """Return a server whose password comes from there."""
    return Server("imap.studio.example", 993, Tls.IMPLICIT, "anna", Secret(**secret))


class Memory(KeyringBackend):
    """A keyring in memory."""

    priority: ClassVar[float] = 1  # type: ignore[assignment]
    locked = False

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        """Return what was set."""
        if self.locked:
            raise KeyringLocked("the collection is locked")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep it."""
        self.kept[service, username] = password


@pytest.fixture
def ring() -> Iterator[Memory]:
    """A keyring of the test's own in the place of the system's."""
    before = keyring.get_keyring()
    memory = Memory()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


# -- a command


async def test_a_command_prints_the_password() -> None:
    """Its first line, without the line end, spaces kept."""
    assert await find_password("work", server(command="printf ' s3cret \\nuser: anna\\n'")) == " s3cret "


async def test_a_command_may_print_utf8() -> None:
    """Passwords have letters beyond ASCII, too."""
    assert await find_password("work", server(command="printf 'pæssword'")) == "pæssword"


async def test_a_command_gets_no_standard_input() -> None:
    """One that reads ends at once instead of waiting for ever."""
    with pytest.raises(PasswordError, match="it printed nothing"):
        await find_password("work", server(command="cat"))


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("exit 3", "exit status 3"),
        ("echo the store is locked >&2; exit 2", "the store is locked"),
        ("echo leaked; exit 1", "exit status 1"),
        ("true", "it printed nothing"),
        ("echo", "it printed nothing"),
        ("no-such-program-anywhere", "not found"),
    ],
)
async def test_a_command_that_fails_says_why(command: str, said: str) -> None:
    """With the account's name, and never with what it printed."""
    with pytest.raises(PasswordError, match=f"account work: the password command failed: .*{said}") as error:
        await find_password("work", server(command=command))
    assert "leaked" not in str(error.value)


@pytest.mark.parametrize("command", ["exec sleep 600", "sleep 20; echo too late"])
async def test_a_command_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """It is killed, and what it started is not waited for."""
    monkeypatch.setattr(secrets, "COMMAND_TIMEOUT", 0.1)
    begun = time.monotonic()
    with pytest.raises(PasswordError, match="account work: the password command did not end within 0 s"):
        await find_password("work", server(command=command))
    assert time.monotonic() - begun < 15


async def test_a_command_is_killed_when_the_daemon_stops(tmp_path: Path) -> None:
    """A stop does not leave it behind."""
    told = tmp_path / "pid"
    asking = asyncio.create_task(find_password("work", server(command=f"echo $$ > {told}; exec sleep 600")))
    await until(lambda: told.exists() and told.read_text().endswith("\n"))
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    pid = int(await asyncio.to_thread(told.read_text))
    await until(lambda: not alive(pid))


def alive(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


# -- the environment


async def test_the_environment_holds_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the variable's name."""
    monkeypatch.setenv("COOLMAIL_TEST_PASSWORD", "s3cret")
    assert await find_password("work", server(environment="COOLMAIL_TEST_PASSWORD")) == "s3cret"


@pytest.mark.parametrize("value", [None, ""])
async def test_a_variable_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    """An empty one counts as not set."""
    monkeypatch.delenv("COOLMAIL_TEST_PASSWORD", raising=False)
    if value is not None:
        monkeypatch.setenv("COOLMAIL_TEST_PASSWORD", value)
    with pytest.raises(PasswordError, match="account work: the environment variable COOLMAIL_TEST_PASSWORD is not set"):
        await find_password("work", server(environment="COOLMAIL_TEST_PASSWORD"))


# -- the file, the keyring


async def test_the_file_holds_the_password(ring: Memory) -> None:
    """The keyring is not asked then."""
    ring.set_password("coolmail:imap.studio.example", "anna", "from the keyring")
    assert await find_password("work", server(password="from the file")) == "from the file"


async def test_the_keyring_is_asked_last(ring: Memory) -> None:
    """By server and user."""
    ring.set_password("coolmail:imap.studio.example", "anna", "s3cret")
    assert await find_password("work", server()) == "s3cret"


async def test_no_password_anywhere_says_how_to_give_one(ring: Memory) -> None:
    """The message holds the command to type."""
    with pytest.raises(PasswordError, match=r"keyring set coolmail:imap\.studio\.example anna"):
        await find_password("work", server())


async def test_a_locked_keyring_is_told_apart_from_an_empty_one(ring: Memory) -> None:
    """In the keyring's own words."""
    ring.locked = True
    with pytest.raises(PasswordError, match=r"\(the keyring says: the collection is locked\)"):
        await find_password("work", server())


# -- of a calendar or an address book


async def test_dav_accounts_have_their_passwords_the_same_ways(ring: Memory) -> None:
    """From a command, the file, or the keyring under the host of the address."""
    dav = Dav("https://dav.studio.example:8443/anna/", "anna")
    ring.set_password("coolmail:dav.studio.example", "anna", "s3cret")
    assert await find_dav_password(dav) == "s3cret"
    assert await find_dav_password(Dav(dav.url, "anna", Secret(command="echo other"))) == "other"


async def test_a_dav_account_without_a_password_is_named(ring: Memory) -> None:
    """By its address, with what to do."""
    with pytest.raises(
        PasswordError,
        match=r"https://dav.studio.example/: no password for anna .* keyring set coolmail:dav.studio.example anna",
    ):
        await find_dav_password(Dav("https://dav.studio.example/", "anna"))
