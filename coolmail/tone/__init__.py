"""The tone model: reads heat off a mail's own text. Importing this package does not import torch; `ToneWorker` runs it elsewhere."""

from coolmail.tone.errors import JudgeTimeout, ModelUnavailable, ToneError, WorkerError
from coolmail.tone.worker import ToneWorker

__all__ = ["JudgeTimeout", "ModelUnavailable", "ToneError", "ToneWorker", "WorkerError"]
