"""Messages that wait, as a freelancer's bad week has them: for the screen's tests and for the pictures in the documentation."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from coolmail.core.advice import reasons
from coolmail.core.entry import Place
from coolmail.core.states import Decision, Stage, State
from coolmail.core.tone import Kind, Level, SentenceHeat, ToneReport
from coolmail.journal import Journal
from tests.core.making import NOW

HOUR = timedelta(hours=1)

CLIENT = """Hi Anna,

this is the third time I ask. The second draft still has the old logo on page 4, and the
price list is from last year. My boss saw it and was not amused.
When do I get a version I can show around?

Marie
"""

OWN = [
    ("Hi Marie,", 0.03, ()),
    ("\n\nI got your mail. ", 0.04, ()),
    ("You sent me the wrong price list yourself, twice, so do not blame me for it. ", 0.94, (Kind.BLAME, Kind.ANGER)),
    (
        "Perhaps your boss could learn to read a version number before he is not amused.",
        0.97,
        (Kind.SARCASM, Kind.CONDESCENSION),
    ),
    ("\n\nThe logo on page 4 is my mistake, and it is replaced in the attached version.", 0.05, ()),
    (" One more mail like this and you can find another designer!", 0.98, (Kind.THREAT,)),
    ("\n\nAnna", 0.02, ()),
]


def report(pieces: list[tuple[str, float, tuple[Kind, ...]]], heat: float, level: Level, **more: Any) -> ToneReport:
    """Return the reading of a text that is given sentence by sentence."""
    text, sentences = "", []
    for piece, hot, kinds in pieces:
        said = piece.strip()
        start = len(text) + piece.index(said)
        sentences.append(SentenceHeat(said, start, start + len(said), hot, kinds))
        text += piece
    return ToneReport(heat, level, text, tuple(sentences), "en", **more)


BOILING = report(OWN, 0.97, Level.BOILING)
HEATED = report(
    [
        ("Dear Jens,", 0.02, ()),
        ("\n\nYou never answer what I ask. ", 0.88, (Kind.BLAME,)),
        ("Please call me.", 0.1, ()),
    ],
    0.86,
    Level.HEATED,
)
CALM = report([("Thank you, that works for me.", 0.05, ())], 0.05, Level.CALM)
UNJUDGED = ToneReport(
    0.0, Level.CALM, "", (), None, judged=False, notice="It is encrypted (PGP): its tone cannot be read."
)


def raw(own: str, quoted: str, subject: str) -> bytes:
    """Return an answer as a mail client writes it."""
    lines = ["From: Anna Berg <anna@studio.example>", "To: Marie <marie@brygge.example>", f"Subject: {subject}"]
    lines += ["Message-ID: <a@studio.example>", "In-Reply-To: <q@brygge.example>", "MIME-Version: 1.0"]
    lines += ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", "", own, ""]
    lines += ["On Mon, 24 Nov 2025 at 11:02, Marie <marie@brygge.example> wrote:", ""]
    lines += [f"> {line}".rstrip() for line in quoted.splitlines()]
    return "\r\n".join("\r\n".join(lines).splitlines()).encode() + b"\r\n"


async def put(journal: Journal, identifier: str, number: int, **more: Any) -> None:
    """Put a message into the journal under an id of our choice."""
    what = more.pop("what", "held: it reads heated")
    read = more.get("report")
    values: dict[str, Any] = {
        "account": "work",
        "message_id": f"<m{number}@studio.example>",
        "raw": raw(read.own_text if read is not None else "", CLIENT, more.get("subject", "")),
        "source": Place("Coolmail/Outbox", 1, number),
        "sender": "anna@studio.example",
        "in_reply_to": "<q@brygge.example>",
        "references": (),
        "own_text": read.own_text if read is not None else "",
        "now": NOW - HOUR + timedelta(minutes=number),
        "what": what,
        "state": State.HELD,
        "reasons": reasons(read) if read is not None and read.judged else (),
    }
    entry = await journal.add(**{**values, **more})
    assert entry is not None
    with closing(sqlite3.connect(journal.path)) as connection, connection:
        connection.execute("UPDATE message SET id = ? WHERE id = ?", (identifier, entry.id))
        connection.execute("UPDATE event SET message = ? WHERE message = ?", (identifier, entry.id))


WEEK: dict[str, dict[str, Any]] = {
    "k7mw": {
        "subject": "Re: Third draft of the catalogue",
        "recipients": ("marie@brygge.example",),
        "report": BOILING,
        "hold_until": NOW + 23 * HOUR + timedelta(minutes=40),
        "suggestion_id": "<call@studio.example>",
    },
    "p3xa": {
        "subject": "Re: Invoice 2025-118, second reminder",
        "recipients": ("jens@holm-partners.example", "finance@holm-partners.example"),
        "report": HEATED,
        "hold_until": NOW + timedelta(minutes=35),
    },
    "d9fe": {
        "subject": "見積もりの件 🙂 Re: 値引き",
        "recipients": ("tanaka@aoki.example",),
        "report": HEATED,
        "hold_until": NOW + 41 * HOUR,
    },
    "s2nc": {
        "subject": "Re: Scope",
        "recipients": ("bo@verylongdomainname-of-a-client.example",),
        "report": HEATED,
        "hold_until": NOW + 30 * HOUR,
        "decision": Decision.WITHDRAW,
    },
    "m5tq": {
        "subject": "Re: Contract",
        "recipients": ("legal@nordvest.example",),
        "report": UNJUDGED,
        "state": State.REVIEW,
        "reasons": ("it is encrypted (PGP): its tone cannot be read",),
    },
    "w4gh": {
        "subject": "Re: Meeting on Tuesday",
        "recipients": ("eva@klint.example",),
        "report": CALM,
        "state": State.DUE,
    },
    "x8vy": {
        "subject": "Re: Delivery",
        "recipients": ("ole@fjord.example",),
        "report": HEATED,
        "state": State.REVIEW,
        "stage": Stage.DATA,
        "reasons": ("the connection was lost while it was sent: it is not known whether it went out",),
    },
}


async def fill(path: Path) -> None:
    """Fill a journal with a bad week."""
    async with Journal.open(path) as journal:
        for number, (identifier, values) in enumerate(WEEK.items(), 1):
            await put(journal, identifier, number, **values)
