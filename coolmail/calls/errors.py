"""Why a source for a call cannot be used."""

from coolmail.core.errors import CoolmailError


class SourceError(CoolmailError):
    """A calendar or an address book cannot be read; the message says which and why."""
