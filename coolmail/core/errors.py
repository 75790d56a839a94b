"""The root of coolmail's error family.

Every error a user can meet says what happened, to which message or account, what is safe, and what to do next. Adapters translate their
libraries' errors into a subclass at their edge, so that callers catch what they mean.
"""


class CoolmailError(Exception):
    """Root of all errors that coolmail raises on purpose; `str(error)` is a sentence for the user."""
