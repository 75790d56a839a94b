"""The templates: Jinja2, HTML escaped, dates in the mail's language."""

from __future__ import annotations

from datetime import datetime, tzinfo
from email.policy import SMTP, EmailPolicy
from functools import cache
from typing import Any

from babel.dates import format_datetime, format_time
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

LANGUAGES = ("en", "da")
"""Languages that have templates; mail in another language gets the first."""


@cache
def environment() -> Environment:
    """Return the environment of the built-in templates."""
    return Environment(
        loader=PackageLoader("coolmail.calls", "templates"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(template: str, /, **values: object) -> str:
    """Return a rendered template."""
    return environment().get_template(template).render(**values)


def day_and_time(moment: datetime, zone: tzinfo, language: str) -> str:
    """Say a moment in words: "Wednesday 26 November at 15:40"."""
    local = moment.astimezone(zone)
    day = format_datetime(local, "EEEE d MMMM", locale=language)
    word = {"da": "kl."}.get(language, "at")
    return f"{day} {word} {format_time(local, 'HH:mm', locale=language)}"


IDS = frozenset({"message-id", "in-reply-to", "references"})


class _LetterPolicy(EmailPolicy):
    """Folds fields of Message-IDs between the ids only.

    The library would write an id that is longer than a line, as Outlook's often are, as an encoded word, which no client reads as an id: the thread
    would break.
    """

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Return a header field as octets."""
        if name.lower() not in IDS:
            return super().fold_binary(name, value)
        ids = [part for part in str(value).split() if part.isascii() and part.isprintable()]
        return f"{name}: {f'{self.linesep} '.join(ids)}{self.linesep}".encode("ascii")


def letter_policy(*, utf8: bool = False) -> EmailPolicy:
    """Return how our own letters are written: CRLF line ends, 7-bit headers unless an address needs more (RFC 6532)."""
    return _LetterPolicy(linesep=SMTP.linesep, utf8=utf8)
