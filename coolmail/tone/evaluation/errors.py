"""What stops an evaluation. Whatever it was, no report was written and the one before is as it was."""

from coolmail.tone.errors import ToneError


class EvaluationError(ToneError):
    """Something that the evaluation needs is missing or cannot be read."""
