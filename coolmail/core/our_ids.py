"""Message-IDs of our own notes and drafts: the same on every computer, and recognised again, so that none of them is taken for the user's mail."""

from __future__ import annotations

import hashlib
import re

EDITED = "edit"
"""The word in the Message-ID of what `coolmail edit` wrote: it is the user's own mail, a version like any other."""

_OURS = re.compile(rf"<[0-9a-f]{{32}}\.(?!{EDITED}\.)[a-z-]{{1,20}}\.coolmail@[^<>\s]{{1,255}}>")


def our_id(word: str, address: str, *about: str) -> str:
    """Return the Message-ID of a message of ours.

    `word` says what it is (`call`, `held`; lower case), `about` what it depends on: the same there, the same id. Behind the @ stands the domain of
    `address`, in ASCII (RFC 5322 section 3.6.4 knows nothing else).
    """
    digest = hashlib.sha256("\0".join((*about[:1], word, *about[1:])).encode("utf-8", "surrogatepass")).hexdigest()[:32]
    domain = address.rpartition("@")[2]
    try:
        domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        domain = "coolmail.invalid"
    return f"<{digest}.{word}.coolmail@{domain}>"


def is_ours(message_id: str | None) -> bool:
    """Whether a Message-ID is one of `our_id`, of a note or letter that coolmail wrote."""
    return message_id is not None and _OURS.fullmatch(message_id) is not None
