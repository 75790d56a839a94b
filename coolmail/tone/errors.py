"""What can go wrong with the tone model. Nothing is sent unscored: whoever calls keeps the message where it is."""

from coolmail.core.errors import CoolmailError


class ToneError(CoolmailError):
    """Root of the tone model's errors; the message was not judged."""


class ModelUnavailable(ToneError):  # noqa: N818 - a state of affairs, named as users meet it
    """The model folder is missing, incomplete, damaged, or not a tone model."""


class WorkerError(ToneError):
    """The worker process ended before it answered."""


class JudgeTimeout(WorkerError, TimeoutError):  # noqa: N818 - like TimeoutError's own children elsewhere
    """The worker took longer over a request than it may; it has been stopped and starts anew with the next one."""
