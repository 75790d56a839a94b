"""`doctor` finds what is wrong, part by part; `setup` writes a configuration that works. Both against real servers."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from coolmail.config import load
from coolmail.core.settings import Tls
from coolmail.core.states import State
from tests.cli.conftest import Desk
from tests.cli.test_deciding import at_a_terminal
from tests.cli.test_editing import needs_model
from tests.servers.dovecot import User
from tests.servers.radicale import PASSWORD, Radicale
from tests.servers.smtp_sink import SmtpSink


def config_for(desk: Desk, user: User, sink: SmtpSink, **more: Any) -> None:
    """Write the configuration of a user of real servers."""
    imap, smtp = user.server(), sink.server()
    account = {
        "name": "work",
        "address": "anna@studio.example",
        "imap": {"host": "localhost", "port": imap.port, "tls": "none", "username": imap.username, "password": user.password},
        "smtp": {"host": "localhost", "port": smtp.port, "tls": "none", "username": smtp.username, "password": sink.password},
    }  # fmt: skip
    for kind in ("imap", "smtp"):
        account[kind] |= more.pop(kind, {})  # type: ignore[operator]
    desk.config.write_text(yaml.safe_dump({"accounts": [account], "journal": str(desk.journal), **more}))
    desk.config.chmod(0o600)


async def examined(desk: Desk) -> dict[str, tuple[str, str]]:
    """Run the command while the servers of this loop answer; return the gravest grade and the words by part."""
    done = await asyncio.to_thread(desk.process, "doctor", "--json")
    rows = json.loads(done.stdout)["findings"]
    assert done.returncode == int(any(row["grade"] == "fault" for row in rows)), done.stderr
    gravest = sorted(rows, key=lambda row: ("ok", "warning", "fault").index(row["grade"]))
    found = {row["about"]: (row["grade"], row["said"]) for row in gravest}
    return {about: found[about] for about in dict.fromkeys(row["about"] for row in rows)}


@needs_model
async def test_all_is_well(desk: Desk, user: User, smtp: SmtpSink) -> None:
    """Every part is looked at and is well; nothing was sent and no mailbox was made."""
    config_for(desk, user, smtp)
    found = await examined(desk)
    assert {grade for grade, _ in found.values()} == {"ok"}, found
    assert list(found) == ["config", "work, imap", "work, mailboxes", "work, smtp", "model", "journal", "clock"]
    assert "the daemon will make" in found["work, mailboxes"][1]
    assert smtp.accepted == []
    with user.other_client() as client:
        assert not any(b"Coolmail" in line for line in client.list()[1] if isinstance(line, bytes))


async def test_address_books_and_calendars_are_read(
    desk: Desk, user: User, smtp: SmtpSink, radicale: Radicale, tmp_path: Path
) -> None:
    """On a real server and from a file; what cannot be read is a warning, for mail works without."""
    owner = radicale.user()
    owner.calendar(
        "Work",
        "BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260101T080000Z\r\nDURATION:PT1H\r\nEND:VEVENT",
    )
    account = {"url": radicale.url, "username": owner.name, "password": PASSWORD}
    config_for(desk, user, smtp, calls={"caldav": account})
    found = await examined(desk)
    assert found["calls"] == ("ok", "the address books and calendars of the config can be read")
    config_for(desk, user, smtp, calls={"caldav": account, "contacts": [str(tmp_path / "nobody.vcf")]})
    desk.config.chmod(0o644)
    found = await examined(desk)
    assert found["calls"][0] == "warning"
    assert "nobody.vcf is not there" in found["calls"][1]
    assert "chmod 600" in found["config"][1]


async def test_each_trouble_is_said_and_hides_no_other(desk: Desk, user: User, smtp: SmtpSink, tmp_path: Path) -> None:
    """A wrong password, a server that is not there, a model that is missing, a password others can read, a clock that was set back."""
    config_for(
        desk,
        user,
        smtp,
        imap={"password": "wrong"},
        smtp={"port": 1},
        model={"path": str(tmp_path / "nowhere")},
    )
    desk.config.chmod(0o644)
    later = datetime.now(UTC) + timedelta(hours=2)
    await asyncio.to_thread(desk.add, state=State.FILED, now=later)
    found = await examined(desk)
    assert found["config"][0] == "warning"
    assert f"chmod 600 {desk.config}" in found["config"][1]
    assert found["work, imap"][0] == "fault"
    assert found["work, smtp"][0] == "fault"
    assert "cannot be reached" in found["work, smtp"][1]
    assert found["model"][0] == "fault"
    assert "nothing is sent" in found["model"][1].lower()
    assert found["journal"][0] == "ok"
    assert found["clock"][0] == "warning"
    assert "entries from the future" in found["clock"][1]


async def test_a_password_that_cannot_be_had_is_said_by_server(desk: Desk, user: User, smtp: SmtpSink) -> None:
    """Without a single login being tried."""
    config_for(desk, user, smtp, model={"path": "/nowhere"})
    text = yaml.safe_load(desk.config.read_text())
    for kind in ("imap", "smtp"):
        del text["accounts"][0][kind]["password"]
        text["accounts"][0][kind]["password_command"] = "echo no such entry >&2; exit 3"
    desk.config.write_text(yaml.safe_dump(text))
    found = await examined(desk)
    assert all("no such entry" in found[f"work, {kind}"][1] for kind in ("imap", "smtp"))


def test_a_broken_configuration_is_said(desk: Desk) -> None:
    """As everywhere: the line and the key."""
    desk.config.write_text("accounts: []\nnonsense: 1\n")
    result = desk.run("doctor")
    assert result.exit_code == 1
    assert "nonsense" in result.stderr


# -- setup


def answers(user: User, sink: SmtpSink, password: str = "") -> list[str]:
    """Return what is typed: address, name, IMAP server, password in the file, SMTP server, another password in the file."""
    imap, smtp = user.server(), sink.server()
    return [
        "anna@studio.example", "", imap.host, str(imap.port), "none", imap.username, "4", password or user.password,
        smtp.host, str(smtp.port), "none", smtp.username, "n", "4", sink.password,
    ]  # fmt: skip


def converse(desk: Desk, answers: list[str], *arguments: str) -> tuple[int, str]:
    """Run a command at a terminal and give one answer to each question, when it is asked; return exit code and all that was said."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "coolmail", *arguments, "--config", str(desk.config)]
    asked = subprocess.Popen(
        command, stdin=follower, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    said, seen, waiting = b"", 0, list(answers)
    assert asked.stdout is not None
    while chunk := os.read(asked.stdout.fileno(), 4096):
        said += chunk
        if said.endswith(b": ") and len(said) > seen and waiting:
            seen = len(said)
            os.write(leader, waiting.pop(0).encode() + b"\n")
    os.close(leader)
    os.close(follower)
    return asked.wait(), said.decode()


@pytest.fixture
def new(desk: Desk, tmp_path: Path) -> Desk:
    """A desk whose configuration is not there yet."""
    return Desk(tmp_path / "new" / "config.yaml", desk.journal)


async def test_setup_writes_what_works(new: Desk, user: User, smtp: SmtpSink) -> None:
    """Both logins are tried; the file is the user's alone and is read back as it was meant."""
    code, said = await asyncio.to_thread(converse, new, answers(user, smtp), "setup")
    assert code == 0, said
    assert "IMAP: the login works, Drafts and Sent are found" in said
    assert "SMTP: the login works" in said
    assert user.password not in said
    assert (stat.S_IMODE(new.config.stat().st_mode), stat.S_IMODE(new.config.parent.stat().st_mode)) == (0o600, 0o700)
    (account,) = load(new.config).accounts
    assert (account.name, account.address) == ("studio", "anna@studio.example")
    assert (account.imap.port, account.imap.tls) == (user.server().port, Tls.NONE)
    assert account.imap.secret.password == user.password
    assert (account.smtp.username, account.smtp.secret.password) == (smtp.username, smtp.password)


@pytest.mark.parametrize(("answer", "written"), [("y", True), ("", False)])
async def test_a_login_that_fails_is_said_before_anything_is_written(
    new: Desk, user: User, smtp: SmtpSink, answer: str, written: bool
) -> None:
    """It is written only if the user says so."""
    code, said = await asyncio.to_thread(converse, new, [*answers(user, smtp, "wrong"), answer], "setup")
    assert "fault    IMAP:" in said or "fault  IMAP:" in said
    assert new.config.exists() is written
    assert code == int(not written)


def test_an_existing_configuration_is_left_alone(desk: Desk) -> None:
    """Byte for byte."""
    before = desk.config.read_bytes()
    done = at_a_terminal(desk, "x@y.example\n", "setup")
    assert done.returncode == 1
    assert b"is there already" in done.stderr
    assert desk.config.read_bytes() == before


def test_what_cannot_be_a_configuration_is_not_written(new: Desk) -> None:
    """A port that is none: the error names the key."""
    typed = "a@b.example\n\nlocalhost\nninety\nnone\n\n3\nX\nlocalhost\n25\nnone\n\ny\n"
    done = at_a_terminal(new, typed, "setup", "--untried")
    assert done.returncode == 1
    assert b"port" in done.stderr
    assert not new.config.exists()


def test_setup_without_a_terminal(new: Desk) -> None:
    """There is nobody to ask: usage error."""
    assert new.process("setup").returncode == 2
