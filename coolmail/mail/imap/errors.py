"""What can go wrong with an IMAP account, told to the user.

Every message names the host and the login, says what is safe and what to do. Two rules for those who catch:

* After `ConnectionLost` and `ImapTimeout` the session is dead (a command that was cut short leaves the stream unreadable): open a new one. What the
  interrupted command did on the server is unknown, so look before doing it again.
* `AppendUncertain` is not a `ConnectionLost`, on purpose: whoever retries blindly after a lost connection must not retry this.
"""

from __future__ import annotations

from coolmail.core.errors import CoolmailError


class ImapError(CoolmailError):
    """Root of all IMAP errors."""


class ConnectionLost(ImapError, ConnectionError):  # noqa: N818 - the family's names say what happened
    """The server could not be reached, hung up, or said BYE."""


class ImapTimeout(ConnectionLost, TimeoutError):  # noqa: N818
    """The server was silent for too long; the connection was closed, because a late answer could be taken for another command's."""


class LoginRefused(ImapError):  # noqa: N818
    """The server did not let the user in.

    `temporary` True: the server's own trouble ([UNAVAILABLE], [INUSE], too many connections), try again with backoff.
    False: the password or the account is at fault; trying again and again locks accounts, so wait for the user.
    """

    def __init__(self, message: str, *, temporary: bool = False, code: str | None = None) -> None:
        super().__init__(message)
        self.temporary = temporary
        self.code = code


class UntrustedCertificate(ImapError):  # noqa: N818
    """The server's certificate could not be verified; nothing was sent to it."""


class TlsRequired(ImapError):  # noqa: N818
    """The connection would not have been protected, so the password was not sent."""


class CommandRefused(ImapError):  # noqa: N818
    """The server answered NO or BAD. `code` is its response code (`OVERQUOTA`, `TRYCREATE`), `text` its own words."""

    def __init__(self, message: str, *, code: str | None = None, text: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.text = text


class MailboxMissing(CommandRefused):
    """The mailbox does not exist."""


class AppendUncertain(ImapError):  # noqa: N818
    """The whole message was sent to be stored and the answer was lost: it may be there. Search its Message-ID before storing it again."""
