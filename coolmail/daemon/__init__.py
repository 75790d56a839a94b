"""The running service: watch, take, decide, release, file; one account at a time, each supervised on its own."""
