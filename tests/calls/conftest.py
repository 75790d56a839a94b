"""Property tests here have no deadline for one example: the machine may be busy."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("coolmail", deadline=None)
settings.load_profile("coolmail")
