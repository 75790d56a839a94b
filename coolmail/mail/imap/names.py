r"""Words of the IMAP language: quoting, and mailbox names in modified UTF-7.

A mailbox name travels as printable ASCII: everything else is base64 of UTF-16 between `&` and `-` (RFC 3501 section 5.1.3), and the result is
always sent as a quoted string. Some servers hold names that are not correct modified UTF-7 (raw UTF-8, a lone `&`); `decode` gives a readable
form of those, and `is_canonical` says whether encoding it again would hit the same mailbox.
"""

from __future__ import annotations

import base64
import binascii
import re

_SHIFTED = re.compile(r"[^ -%'-~]+|&")
_UNSHIFTED = re.compile(rb"&([^-]*)-")
_ATOM = re.compile(r"[A-Za-z0-9!#$&'+,\-./:;<=>?@\[^_`|~*\\]+")
_FLAG = re.compile(r"\\?[A-Za-z0-9!#$&'+,\-./:;<=>?@\[^_`|~]+")


def quote(text: str) -> str:
    """Return `text` as a quoted string; only for ASCII without CR, LF or NUL (anything else needs a literal)."""
    if not can_quote(text):
        raise ValueError("this text can't be sent as a quoted string")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def can_quote(text: str) -> bool:
    """Whether a quoted string can carry `text` (RFC 3501 section 9, QUOTED-CHAR)."""
    return text.isascii() and not any(char in text for char in "\r\n\0")


def word(text: str | bytes) -> str | bytes:
    """Return one argument as it may stand in a command: an atom as it is, else a quoted string, else bytes that must go as a literal."""
    if isinstance(text, bytes):
        if not text.isascii():
            return text
        text = text.decode("ascii")
    if _ATOM.fullmatch(text):
        return text
    return quote(text) if can_quote(text) else text.encode()


def flag_list(flags: frozenset[str] | tuple[str, ...] | list[str]) -> str:
    """Return flags as a parenthesised list, each checked to be one."""
    for flag in flags:
        if not _FLAG.fullmatch(flag):
            raise ValueError(f"not an IMAP flag: {flag!r}")
    return "(" + " ".join(flags) + ")"


def encode(name: str) -> str:
    """Return the modified UTF-7 of a mailbox name, without quotes."""

    def shift(run: re.Match[str]) -> str:
        if run[0] == "&":
            return "&-"
        packed = base64.b64encode(run[0].encode("utf-16-be"))
        return "&" + packed.rstrip(b"=").replace(b"/", b",").decode("ascii") + "-"

    return _SHIFTED.sub(shift, name)


def decode(wire: bytes) -> str:
    """Return the Unicode name of a mailbox; a name that is not correct modified UTF-7 is read as UTF-8, as well as can be."""

    def unshift(run: re.Match[bytes]) -> bytes:
        if not run[1]:
            return b"&"
        packed = run[1].replace(b",", b"/")
        return base64.b64decode(packed + b"=" * (-len(packed) % 4), validate=True).decode("utf-16-be").encode()

    try:
        name = _UNSHIFTED.sub(unshift, wire).decode()
    except (binascii.Error, UnicodeError):
        name = wire.decode("utf-8", "backslashreplace")
    return "INBOX" if name.upper() == "INBOX" else name


def is_canonical(wire: bytes) -> bool:
    """Whether `encode(decode(wire))` names the same mailbox."""
    return encode(decode(wire)).encode() == wire or wire.upper() == b"INBOX"
