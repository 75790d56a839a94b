"""The letters that the simulated user writes: few texts, so that reading them is remembered from run to run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from coolmail.mail.outgoing import complete, outgoing, stable_message_id
from tests.simulation.pace import START

ANNA = "anna@studio.example"
BOB, EVE = "bob@client.example", "eve@client.example"

HOT = "You never read a single mail that I send you and the whole delay is entirely your own fault."
CALM = "I will send you the drawings on Friday, and we can talk about the whole delay on the phone then."
ODD = "Dette brev er skrevet i et sprog, som modellen ikke kender, og det kan den ikke skjule."
MATTERS = ("The new logo", "Invoice 31", "Printing the brochure")
TEXTS = (
    "The drawings of the first version came back from the printer with the wrong blue on every page.",
    "Our invoice of last month has been open for twenty days, and the reminder came back unread.",
    "The paper that you chose is out of stock in all three sizes until the second week of January.",
)


@dataclass(frozen=True, slots=True)
class Version:
    """One saved state of a letter. `tone` is hot, calm, odd (a language the model does not know) or locked (encrypted)."""

    letter: int
    number: int
    tone: str
    message_id: str
    raw: bytes
    recipients: tuple[str, ...]
    going_out: bytes
    """What a submission server must get."""

    def __hash__(self) -> int:
        return hash((self.letter, self.number, self.raw))

    def __str__(self) -> str:
        return f"letter {self.letter}.{self.number} ({self.tone})"


@lru_cache(maxsize=100_000)
def write(letter: int, number: int, tone: str, naming: str, *, token: bool, two: bool, blind: bool) -> Version:
    """Write a version of a letter.

    `naming`: `new` gives each version a Message-ID of its own, as Thunderbird does; `kept` the same to all, as Roundcube does; `none` none, as mutt
    does; `edited` what `coolmail edit` gives; anything else is the Message-ID itself. `token`: the subject ends in //send. `two`: two recipients. `blind`: there is a Bcc, and a private header.
    """
    text = {"hot": HOT, "calm": CALM, "odd": ODD, "locked": "-----BEGIN PGP MESSAGE-----"}[tone]
    body = f"Hello Bob,\r\n\r\n{TEXTS[letter % 3]}\r\n{text}\r\nThis is letter {letter} in version {number}.\r\n\r\nAnna\r\n"
    thread = thread_of(letter)
    to = f"{BOB}, {EVE}" if two else BOB
    lines = [f"From: Anna <{ANNA}>", f"To: {to}"]
    if blind:
        lines += ["Bcc: boss@studio.example", "X-Mozilla-Draft-Info: internal/draft; vcard=0"]
    lines += [
        f"Subject: Re: {MATTERS[letter % 3]}{' //send' if token else ''}",
        "Date: Mon, 23 Nov 2026 09:00:00 +0100",
    ]
    named = {
        "new": f"<m{letter}.{number}@studio.example>",
        "kept": f"<m{letter}@studio.example>",
        "edited": f"<{letter:016x}{number:016x}.edit.coolmail@studio.example>",
        "none": None,
    }
    message_id = named.get(naming, naming)
    if message_id is not None:
        lines.append(f"Message-ID: {message_id}")
    lines += [f"In-Reply-To: {thread}", f"References: {thread}", "MIME-Version: 1.0"]
    if tone == "locked":
        lines.append('Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=x')
    else:
        lines.append("Content-Type: text/plain; charset=utf-8")
    raw = ("\r\n".join(lines) + "\r\n\r\n" + body).encode()
    known_as = message_id or stable_message_id(raw, ANNA)
    recipients = (BOB, *((EVE,) if two else ()), *(("boss@studio.example",) if blind else ()))
    whole = complete(raw, message_id=known_as, date=START)
    return Version(letter, number, tone, known_as, raw, recipients, outgoing(whole))


def thread_of(letter: int) -> str:
    """Return the Message-ID of what the client wrote first."""
    return f"<q{letter}@client.example>"


@lru_cache(maxsize=10_000)
def from_client(letter: int, number: int) -> bytes:
    """Return what the client wrote: number 0 is what the letter answers."""
    subject = MATTERS[letter % 3] if number == 0 else f"Re: {MATTERS[letter % 3]}"
    lines = [f"From: Bob <{BOB}>", f"To: Anna <{ANNA}>", f"Subject: {subject}", "Date: Mon, 23 Nov 2026 08:00:00 +0100"]
    message_id = thread_of(letter) if number == 0 else f"<q{letter}.{number}@client.example>"
    lines.append(f"Message-ID: {message_id}")
    if number:
        lines += [f"In-Reply-To: {thread_of(letter)}", f"References: {thread_of(letter)}"]
    return ("\r\n".join(lines) + f"\r\n\r\nWhere is it, {number}?\r\n").encode()
