"""coolmail: an email tone checker and a cool-down outbox.

Calm mail goes out at once; heated mail waits a day or two, and a call is suggested instead. `docs/architecture.md` shows the house.
"""

__version__ = "0.1.0"
