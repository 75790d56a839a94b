"""IMAP for a program that runs for months: aioimaplib, hardened, behind one face.

`ImapSession` is what the rest of coolmail talks to; `claim` is how a message is taken so that only one can have it. Inside, from the wire up:
`framing` cuts the stream, `parse` reads responses, `protocol` runs commands, `connect` opens and logs in, `session` is the face.
"""

from coolmail.mail.imap.claim import claim, claim_by_append, reclaim
from coolmail.mail.imap.errors import (
    AppendUncertain,
    CommandRefused,
    ConnectionLost,
    ImapError,
    ImapTimeout,
    LoginRefused,
    MailboxMissing,
    TlsRequired,
    UntrustedCertificate,
)
from coolmail.mail.imap.session import ImapSession
from coolmail.mail.imap.values import Appended, MailboxInfo, Moved, Overview, Selected, Status, Uid

__all__ = [
    "AppendUncertain",
    "Appended",
    "CommandRefused",
    "ConnectionLost",
    "ImapError",
    "ImapSession",
    "ImapTimeout",
    "LoginRefused",
    "MailboxInfo",
    "MailboxMissing",
    "Moved",
    "Overview",
    "Selected",
    "Status",
    "TlsRequired",
    "Uid",
    "UntrustedCertificate",
    "claim",
    "claim_by_append",
    "reclaim",
]
