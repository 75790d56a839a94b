"""The kill points: where the daemon dies, and how the two messages of the story end after its restart.

The story has a calm message, taken first, and a hot one, held for a few seconds. `#2` behind a pattern is the second time that the point is passed,
which is the hot message's turn where both pass it. An end is `filed` (sent exactly once) or `review` (it lies in Review; whether it was sent, the
user is asked). Where an end is `review` the protocol cannot know better, and the comment says what it would have to know.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KillPoint:
    """A point at which to die, and the ends of the two messages."""

    name: str
    at: str
    calm: str = "filed"
    hot: str = "filed"


def _around(name: str, what: str, *moments: str, nth: int = 1, **ends: str) -> list[KillPoint]:
    number = f"#{nth}" if nth > 1 else ""
    return [KillPoint(f"{moment} {name}", f"{what.replace('*', moment, 1)}{number}", **ends) for moment in moments]


def _journal(name: str, what: str, *moments: str, nth: int = 1, **ends: str) -> list[KillPoint]:
    return _around(name, f"^journal * {what}", *(moments or ("before", "after")), nth=nth, **ends)


CALM_ASKED, HOT_ASKED = {"calm": "review"}, {"hot": "review"}

# Between a claim and the note of it nobody can tell afterwards whether the copy in `Sending` is ours or that of another computer, which may be
# sending it this moment. From the moment at which the content may be on its way until the note of its acceptance, nobody can tell whether it was
# accepted.

JOURNAL = [
    *_journal("journalling the calm one", "add taken"),
    *_journal("journalling the hot one", "add taken", nth=2),
    *_journal("noting the claim", "change taken claimed=True", "before", **CALM_ASKED),
    *_journal("noting the claim", "change taken claimed=True", "after"),
    *_journal("noting the hot one's claim", "change taken claimed=True", "before", nth=2, **HOT_ASKED),
    *_journal("noting the hot one's claim", "change taken claimed=True", "after", nth=2),
    *_journal("noting the calm verdict", "move taken scored"),
    *_journal("noting the hot verdict", "move taken scored", nth=2),
    *_journal("making it due", "move scored due"),
    *_journal("noting that it is held", "move scored held"),
    *_journal("noting that the user was told", "change held .*note_kind=held"),
    *_journal("noting that the user was reminded", "change held .*note_kind=reminder"),
    *_journal("finding out whether a release can be noted", "change held $"),
    *_journal("releasing it", "move held due", "before", **HOT_ASKED),
    *_journal("releasing it", "move held due", "after"),
    *_journal("beginning an attempt", "move due submitting"),
    *_journal("beginning the hot one's attempt", "move due submitting", nth=2),
    *_journal("noting the connection", "change submitting stage=connected"),
    *_journal("noting the recipients", "change submitting stage=recipients"),
    *_journal("noting that the content begins", "change submitting stage=data", "before"),
    *_journal("noting that the content begins", "change submitting stage=data", "after", **CALM_ASKED),
    *_journal("noting that it was accepted", "move submitting submitted", "before", **CALM_ASKED),
    *_journal("noting that it was accepted", "move submitting submitted", "after"),
    *_journal("noting that the hot one was accepted", "move submitting submitted", "before", nth=2, **HOT_ASKED),
    *_journal("noting that the hot one was accepted", "move submitting submitted", "after", nth=2),
    *_journal("noting that it is filed", "move submitted filed"),
    *_journal("noting what lay in Drafts", "set_met"),
    *_journal("keeping what a call needs", "set_talk"),
]

ALL = ("before", "sent", "after")


def _imap(name: str, command: str, *moments: str, nth: int = 1, **ends: str) -> list[KillPoint]:
    return _around(name, f"^imap * {command}", *(moments or ALL), nth=nth, **ends)


IMAP = [
    *_imap("logging in", "AUTHENTICATE", "sent"),
    *_imap("listing mailboxes", "LIST", "sent"),
    *_imap("making a mailbox", "CREATE", "sent", "after"),
    *_imap("making the third mailbox", "CREATE", "sent", nth=3),
    *_imap("subscribing", "SUBSCRIBE", "sent"),
    *_imap("listening", "IDLE", "sent"),
    *_imap("selecting Outbox", 'SELECT "Coolmail/Outbox"', "sent"),
    *_imap("reading flags", "UID FETCH .*FLAGS", "sent"),
    *_imap("reading the draft", r"UID FETCH .*BODY.PEEK\[\]", "sent"),
    *_imap("searching", "UID SEARCH HEADER", "sent"),
    *_imap("claiming it", 'UID MOVE .*"Coolmail/Sending"', "before"),
    *_imap("claiming it", 'UID MOVE .*"Coolmail/Sending"', "sent", "after", **CALM_ASKED),
    *_imap("claiming the hot one", 'UID MOVE .*"Coolmail/Sending"', "before", nth=2),
    *_imap("claiming the hot one", 'UID MOVE .*"Coolmail/Sending"', "sent", "after", nth=2, **HOT_ASKED),
    *_imap("taking its flag off", r"UID STORE .*-FLAGS .*Flagged", "sent", "after", **CALM_ASKED),
    *_imap("holding it", 'UID MOVE .*"Coolmail/Held"'),
    *_imap("suggesting a call", 'APPEND "Drafts"'),
    *_imap("telling the user", 'APPEND "INBOX"'),
    *_imap("reminding the user", 'APPEND "INBOX"', nth=2),
    *_imap("claiming it for release", 'UID MOVE .*"Coolmail/Sending"', "before", nth=3),
    *_imap("claiming it for release", 'UID MOVE .*"Coolmail/Sending"', "sent", "after", nth=3, **HOT_ASKED),
    *_imap("searching Sent and INBOX", "UID SEARCH SINCE", "sent"),
    *_imap("copying to Sent", 'APPEND "Sent"'),
    *_imap("copying the hot one to Sent", 'APPEND "Sent"', nth=2),
    *_imap("marking the draft deleted", r"UID STORE .*Deleted", "sent", "after"),
    *_imap("expunging the draft", "UID EXPUNGE"),
]


def _smtp(name: str, command: str, *moments: str, nth: int = 1, **ends: str) -> list[KillPoint]:
    return _around(name, f"^smtp * {command}", *(moments or ALL), nth=nth, **ends)


SMTP = [
    *_smtp("greeted", "the greeting", "after"),
    *_smtp("EHLO", "EHLO", "sent", "after"),
    *_smtp("AUTH", "AUTH", "sent", "after"),
    *_smtp("MAIL", "MAIL", "sent", "after"),
    *_smtp("RCPT", "RCPT", "sent", "after"),
    *_smtp("DATA", "DATA", **CALM_ASKED),
    *_smtp("the content", "CONTENT", **CALM_ASKED),
    *_smtp("the hot one's content", "CONTENT", "before", "sent", nth=2, **HOT_ASKED),
]

POINTS = [*JOURNAL, *IMAP, *SMTP]

CANCELS = [
    *_journal("noting that the user was told", "change held .*note_kind=held", "after"),
    *_imap("reminding the user", 'APPEND "INBOX"', "sent", nth=2),
    *_imap("claiming it for release", 'UID MOVE .*"Coolmail/Sending"', nth=3),
    *_journal("releasing it", "move held due"),
    *_imap("searching Sent and INBOX", "UID SEARCH SINCE", "sent", nth=3),
    *_journal("beginning the hot one's attempt", "move due submitting", nth=2),
    *_journal("noting the hot one's recipients", "change submitting stage=recipients", "after", nth=2),
    *_journal("noting that the hot one's content begins", "change submitting stage=data", "before", nth=2),
]
"""Where the daemon is killed before the hot message is taken back: around its release, up to the last moment at which that is possible."""

EDITED = [
    *_imap("storing the new version", 'APPEND "Coolmail/Held"'),
    *_journal("noting that the new version waits", "replace"),
    *_imap("removing the old version", "UID EXPUNGE"),
    *_journal("noting that the edit is finished", "finish"),
]
"""Where the daemon is killed while a version that was edited on the command line takes the place of the one that waits."""
