"""The notes that mail clients write into the headers of a draft for themselves, and what they mean for us.

They name folders, identities and servers of the user's machine, and nobody else should read them (promise 4 allows their removal).
Thunderbird, mutt, Evolution, KMail and Claws remove their own when they send; Apple Mail's leak into sent mail, seen in list archives.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from coolmail.mail.headers import Field, Parts

_NAMES = frozenset(
    # Thunderbird and its relatives
    {
        "x-mozilla-draft-info",
        "x-mozilla-status",
        "x-mozilla-status2",
        "x-mozilla-keys",
        "x-mozilla-altered",
        "x-mozilla-cloud-part",
    }
    | {
        "x-mozilla-external-attachment-url",
        "x-identity-key",
        "x-account-key",
        "fcc",
        "x-template",
        "x-enigmail-draft-status",
    }
    | {"autocrypt-draft-state"}
    # Emacs (Gnus, mu4e, notmuch) and Alpine
    | {
        "gcc",
        "x-draft-from",
        "x-message-smtp-method",
        "lcc",
        "x-our-headers",
        "x-cursor-pos",
        "x-reply-uid",
        "x-reply-mbox",
    }
    # What clients and servers keep in the header of a stored message: flags and numbers of the mailbox it lay in
    | {"status", "x-status", "x-uid", "x-uidl", "x-keywords", "x-imapbase", "x-imap"}
    # mutt before 1.0 wrote this without a prefix
    | {"pgp"}
    # Roundcube, Horde, Zimbra, K-9 and Thunderbird for Android, Outlook's saved drafts
    | {"x-draft-info", "x-imp-draft", "x-imp-draft-reply", "x-imp-draft-forward", "x-imp-draft-replyto"}
    | {"x-zimbra-draft-info", "x-k9mail-identity", "x-unsent"}
    # Apple Mail and iOS
    | {
        "x-uniform-type-identifier",
        "x-universally-unique-identifier",
        "x-apple-auto-saved",
        "x-apple-mail-remote-attachments",
    }
    | {"x-apple-base-url", "x-apple-windows-friendly", "x-apple-mail-signature", "x-apple-mail-plain-text-format"}
    | {"x-apple-notify-thread", "x-apple-message-smime-encrypt", "x-apple-message-smime-sign", "x-apple-content-length"}
    | {"x-smtp-server"}
)
_FAMILIES = ("x-mutt-", "x-evolution", "x-kmail-", "x-fairemail-", "x-claws-", "x-sylpheed-", "x-aerc-draft-")
"""Clients that keep all their private notes under one prefix."""

_CLAWS_END = frozenset({"x-claws-end-special-headers", "x-sylpheed-end-special-headers"})
_CLAWS = frozenset(
    {
        "af",
        "nf",
        "ps",
        "srh",
        "sfn",
        "dsr",
        "mid",
        "cfg",
        "pt",
        "s",
        "rq",
        "ssv",
        "nsv",
        "ssh",
        "r",
        "maid",
        "scf",
        "rmid",
        "fmid",
        "naid",
    }
)
"""Claws and Sylpheed write these before their end mark; anywhere else such a short name could be anyone's."""


def is_private(fields: Iterable[Field]) -> Callable[[Field], bool]:
    """A test for fields of this message that are a client's private notes."""
    claws: set[int] = set()
    before: list[Field] = []
    for field in fields:
        if field.name in _CLAWS_END:
            claws.update(id(earlier) for earlier in before if earlier.name in _CLAWS)
        before.append(field)
    return lambda field: field.name in _NAMES or field.name.startswith(_FAMILIES) or id(field) in claws


_ENCRYPTION_MARKS = {
    "x-mutt-pgp": re.compile(rb"E", re.IGNORECASE),
    "x-mutt-smime": re.compile(rb"E", re.IGNORECASE),
    "pgp": re.compile(rb"E"),
    "x-claws-encrypt": re.compile(rb"1"),
    "x-sylpheed-encrypt": re.compile(rb"1"),
    "x-kmail-encryptactionenabled": re.compile(rb"true", re.IGNORECASE),
    "autocrypt-draft-state": re.compile(rb"encrypt=(?:yes|1)", re.IGNORECASE),
    "x-apple-message-smime-encrypt": re.compile(rb"YES", re.IGNORECASE),
}
_KEY_ID = re.compile(rb"<[^>]*>")


def wants_encryption(parts: Parts) -> bool:
    """Whether the client noted that it is to encrypt this draft when it sends it: sending it as it lies there would lay it open."""
    return any(
        mark.search(_KEY_ID.sub(b"", field.value))
        for field in parts.fields
        if (mark := _ENCRYPTION_MARKS.get(field.name))
    )
