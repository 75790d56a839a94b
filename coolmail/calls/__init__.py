"""The call instead: the note that tells the user about a hold, and the reply that proposes to talk."""

from coolmail.calls.note import compose_note
from coolmail.calls.suggestion import compose_suggestion

__all__ = ["compose_note", "compose_suggestion"]
