"""Passwords: from a command, the environment, the file, or the system's keyring, in this order; never logged, never kept longer than a login."""

from __future__ import annotations

import os

from coolmail.core.errors import CoolmailError
from coolmail.core.settings import Dav, Server

COMMAND_TIMEOUT = 60.0
"""Seconds a password command may take; it may have to ask the user."""


class PasswordError(CoolmailError):
    """No password could be had."""


async def find_password(account: str, server: Server) -> str:
    """Return the password for a server, or raise a `PasswordError` that says how to give one."""
    return await _find(f"account {account}", server)


async def find_dav_password(dav: Dav) -> str:
    """Return the password for a CalDAV or CardDAV account, or raise a `PasswordError` that says how to give one."""
    return await _find(dav.url, dav)


async def _find(whose: str, server: Server | Dav) -> str:
    secret = server.secret
    if secret.command is not None:
        return await _from_command(whose, secret.command)
    if secret.environment is not None:
        value = os.environ.get(secret.environment)
        if not value:
            raise PasswordError(f"{whose}: the environment variable {secret.environment} is not set")
        return value
    if secret.password is not None:
        return secret.password
    import asyncio  # noqa: PLC0415 - most commands read a configuration and need no password

    return await asyncio.to_thread(_from_keyring, whose, server)


async def _from_command(whose: str, command: str) -> str:
    import asyncio  # noqa: PLC0415 - see `_find`

    loop = asyncio.get_running_loop()
    transport, protocol = await loop.subprocess_shell(
        lambda: asyncio.subprocess.SubprocessStreamProtocol(limit=65536, loop=loop),
        command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    process = asyncio.subprocess.Process(transport, protocol, loop)
    try:
        out, err = await asyncio.wait_for(process.communicate(), COMMAND_TIMEOUT)
    except TimeoutError:
        raise PasswordError(f"{whose}: the password command did not end within {COMMAND_TIMEOUT:.0f} s") from None
    finally:
        # Kills it if it still runs. `Process.wait` would wait for what the command itself started, which may keep the pipes open for ever.
        transport.close()
    lines = out.decode("utf-8", "replace").splitlines()
    if process.returncode != 0 or not lines or not lines[0]:
        said = err.decode("utf-8", "replace").strip().splitlines()
        reason = (
            said[-1][:200]
            if said
            else f"exit status {process.returncode}"
            if process.returncode
            else "it printed nothing"
        )
        raise PasswordError(f"{whose}: the password command failed: {reason}")
    return lines[0]


def _from_keyring(whose: str, server: Server | Dav) -> str:
    import keyring  # noqa: PLC0415 - loading the keyring's backends costs start-up time and is rarely needed
    from keyring.errors import KeyringError  # noqa: PLC0415

    service = f"coolmail:{server.host}"
    try:
        password = keyring.get_password(service, server.username)
    except KeyringError as error:
        password, problem = None, f" (the keyring says: {error})"
    else:
        problem = ""
    if password is None:
        raise PasswordError(
            f"{whose}: no password for {server.username} on {server.host}{problem}. Name password_command or password_env in the "
            f"config, or store it with: keyring set {service} {server.username}"
        )
    return password
