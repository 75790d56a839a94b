"""The call instead: the note that tells the user about a hold, and the reply that proposes to talk."""

from coolmail.calls.note import compose_note

__all__ = ["compose_note"]
