"""`coolmail setup`: a configuration made by asking, tried out before it is written."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import yaml

from coolmail.cli.opening import ConfigOption
from coolmail.cli.output import err, errors_in_words, fail, out, safe
from coolmail.cli.questions import ask, line, must_be_answered, secret
from coolmail.config import config_path, find_password, loads
from coolmail.core.errors import CoolmailError
from coolmail.daemon.boxes import look
from coolmail.mail import submission
from coolmail.mail.imap.session import ImapSession

if TYPE_CHECKING:
    from coolmail.core.settings import Settings

PATIENCE = 60.0
"""Seconds that trying one server out may take."""

WAYS = {
    "1": "a command that prints it, like: pass mail",
    "2": "the system's keyring",
    "3": "an environment variable",
    "4": "in the file itself, readable by you alone",
}


def setup(
    config: ConfigOption = None,
    untried: Annotated[bool, typer.Option("--untried", help="Write it without trying the logins.")] = False,
) -> None:
    """Write a configuration by asking for one account; the logins are tried first. An existing file is never overwritten."""
    must_be_answered()
    path = config or config_path()
    if path.exists():
        fail(f"{path} is there already and was left as it is; edit it, or name another file with --config")
    text = yaml.safe_dump({"accounts": [_account()]}, sort_keys=False, allow_unicode=True)
    with errors_in_words():
        settings = loads(text, where="you described")
    if not untried and not asyncio.run(_works(settings)) and not ask("Write it all the same?"):
        fail("nothing was written")
    _write(path, text)
    out.print(f"Written to {safe(str(path))}. Next: coolmail doctor, then coolmail run", soft_wrap=True)


def _account() -> dict[str, Any]:
    address = _needed("Your mail address")
    domain = address.rpartition("@")[2]
    account: dict[str, Any] = {"name": _or("A name for this account", domain.partition(".")[0]), "address": address}
    username = ""
    for kind, prefix, port, tls in (("imap", "imap", 993, "implicit"), ("smtp", "smtp", 587, "starttls")):
        server: dict[str, Any] = {"host": _or(f"{kind.upper()} server", f"{prefix}.{domain}")}
        server["port"] = _port(_or(f"{kind.upper()} port", str(port)))
        server["tls"] = _or(f"{kind.upper()} protection (implicit, starttls, none)", tls)
        server["username"] = username = _or(f"{kind.upper()} user name", username or address)
        if kind == "imap":
            account["imap"] = server | _password(server)
        elif ask("Is the SMTP password the same?"):
            given = {name: value for name, value in account["imap"].items() if name.startswith("password")}
            account["smtp"] = server | given
            if not given:
                _into_keyring(server, secret("The SMTP password, for the keyring"))
        else:
            account["smtp"] = server | _password(server)
    return account


def _password(server: dict[str, Any]) -> dict[str, str]:
    for number, way in WAYS.items():
        err.print(f"  {number}  {way}", highlight=False)
    way = _or("Where does the password come from?", "1")
    if way == "1":
        return {"password_command": _needed("The command")}
    if way == "2":
        _into_keyring(server, secret("The password"))
        return {}
    if way == "3":
        return {"password_env": _needed("The name of the variable")}
    return {"password": secret("The password")} if way == "4" else fail("that is none of them; nothing was written", 2)


def _into_keyring(server: dict[str, Any], password: str) -> None:
    import keyring  # noqa: PLC0415 - its backends take their time to load
    from keyring.errors import KeyringError  # noqa: PLC0415

    try:
        keyring.set_password(f"coolmail:{server['host']}", server["username"], password)
    except KeyringError as error:
        fail(f"the keyring did not take it ({error}); begin again and choose another way. Nothing was written")


def _needed(question: str) -> str:
    return line(question) or fail(f"{question} is needed; nothing was written", 2)


def _or(question: str, usual: str) -> str:
    return line(rf"{question} \[{safe(usual)}]") or usual


def _port(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


async def _works(settings: Settings) -> bool:
    """Try both logins; say how each went."""
    account = settings.accounts[0]
    works = True
    for kind, server in (("IMAP", account.imap), ("SMTP", account.smtp)):
        try:
            async with asyncio.timeout(PATIENCE):
                password = await find_password(account.name, server)
                if kind == "SMTP":
                    await submission.try_login(server, password)
                    said = "the login works"
                else:
                    session = await ImapSession.open(server, password)
                    try:
                        await look(session, account)
                    finally:
                        session.abort()
                    said = "the login works, Drafts and Sent are found"
            out.print(f"[green]ok[/]     {kind}: {said}")
        except TimeoutError:
            works = False
            err.print(f"[bold red]fault[/]  {kind}: no answer within {PATIENCE:.0f} s")
        except (CoolmailError, OSError) as error:
            works = False
            err.print(f"[bold red]fault[/]  {kind}: {safe(str(error))}", soft_wrap=True)
    return works


def _write(path: Path, text: str) -> None:
    """Write the file for the user alone, whole or not at all."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        fail(f"{path} cannot be written: {error.strerror}")
