"""Messages for tests."""

from __future__ import annotations


def letter(number: int | str = 1, body: bytes = b"Hello,\r\nthis is a letter.\r\n", **headers: str) -> bytes:
    """Return a message with Message-ID `<number@letters.test>`; further headers by keyword."""
    extra = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"From: anna@studio.test\r\nTo: client@shop.test\r\nSubject: letter {number}\r\nMessage-ID: {message_id(number)}\r\n{extra}\r\n"
    return head.encode() + body


def message_id(number: int | str = 1) -> str:
    """Return the Message-ID of `letter(number)`."""
    return f"<{number}@letters.test>"
