"""The settings as plain values, the way every other module reads them. `coolmail.config` makes them from the user's YAML file."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit


class Tls(StrEnum):
    """How a connection is protected. `NONE` is accepted for loopback hosts only."""

    IMPLICIT = "implicit"
    STARTTLS = "starttls"
    NONE = "none"


class OnExpiry(StrEnum):
    """What happens to a held message at its deadline."""

    SEND = "send"
    ASK = "ask"


class UnknownLanguage(StrEnum):
    """What happens to mail in a language the model does not know."""

    SEND = "send"
    HOLD = "hold"
    ASK = "ask"


class Notifications(StrEnum):
    """What is shown on the desktop when mail waits: nothing, that it does, or also which mail and to whom."""

    OFF = "off"
    SHORT = "short"
    FULL = "full"


class Sensitivity(StrEnum):
    """Where on the calibration curve mail begins to be held."""

    RELAXED = "relaxed"
    NORMAL = "normal"
    STRICT = "strict"


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a password comes from: the first that is set of `command`, `environment`, `password`, then the keyring."""

    command: str | None = None
    environment: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Server:
    """One server of an account: where it is, how it is protected, who logs in."""

    host: str
    port: int
    tls: Tls
    username: str
    secret: Secret = Secret()
    tls_ca: str | None = None
    timeout: float = 60.0
    """Seconds a command may take before the connection is given up (APPEND and DATA get at least 300)."""


@dataclass(frozen=True, slots=True)
class Mailboxes:
    """Names of mailboxes, with `/` as separator whatever the server's own is. None: found by SPECIAL-USE, then by well-known names."""

    parent: str = "Coolmail"
    outbox: str = "Outbox"
    held: str = "Held"
    send_anyway: str = "Send anyway"
    review: str = "Review"
    sending: str = "Sending"
    drafts: str | None = None
    sent: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """One mail account: an address, the servers it reads and submits through, its mailboxes."""

    name: str
    address: str
    imap: Server
    smtp: Server
    mailboxes: Mailboxes = Mailboxes()
    aliases: tuple[str, ...] = ()
    """Further addresses that the user sends from."""
    files_sent: bool = False
    """True where the provider files the Sent copy by itself (Gmail, Exchange)."""
    phone: str | None = None
    """The number where clients reach the user, for the call suggestion."""


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """The user's own working time: minutes since midnight and ISO weekdays (Monday is 1), in `timezone` (None: the machine's)."""

    start: int = 9 * 60
    end: int = 17 * 60
    days: frozenset[int] = frozenset({1, 2, 3, 4, 5})
    timezone: str | None = None


@dataclass(frozen=True, slots=True)
class HoldRules:
    """How long heated mail waits and what happens then. `threshold` None: the model's own for the chosen sensitivity."""

    threshold: float | None = None
    sensitivity: Sensitivity = Sensitivity.NORMAL
    minimum: timedelta = timedelta(hours=24)
    maximum: timedelta = timedelta(hours=48)
    on_expiry: OnExpiry = OnExpiry.SEND
    remind_before: timedelta = timedelta(hours=2)
    late_limit: timedelta = timedelta(hours=72)
    unknown_language: UnknownLanguage = UnknownLanguage.SEND
    working_hours: WorkingHours = WorkingHours()


@dataclass(frozen=True, slots=True)
class Settle:
    """How long a draft must be still before it is taken, by door."""

    drafts: timedelta = timedelta(seconds=30)
    outbox: timedelta = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Which tone model: None is the one that comes with coolmail. `labels` maps a foreign model's labels to heat, 0..1."""

    path: str | None = None
    labels: tuple[tuple[str, float], ...] = ()
    idle: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class QueueRules:
    """How long submission is retried, how long a foreign claim may stand still, how long bytes of finished mail are kept."""

    lifetime: timedelta = timedelta(days=2)
    first_retry: timedelta = timedelta(minutes=1)
    last_retry: timedelta = timedelta(hours=1)
    stuck_after: timedelta = timedelta(minutes=15)
    keep: timedelta = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Dav:
    """A CalDAV or CardDAV account of the user's: where it is, who logs in, which of its calendars or address books are read (none named: all)."""

    url: str
    username: str
    secret: Secret = Secret()
    only: tuple[str, ...] = ()
    tls_ca: str | None = None
    timeout: float = 10.0
    """Seconds the server may be silent."""

    @property
    def host(self) -> str:
        """The host of the address, under which the keyring keeps the password."""
        return urlsplit(self.url).hostname or ""


@dataclass(frozen=True, slots=True)
class CallRules:
    """What a call instead of a reply is prepared from.

    `country` is the user's, ISO 3166 alpha-2, perhaps with a subdivision (`DE-BY`); None: told from the user's number, time zone and address. The
    pairs are of a client's address, or a domain that stands for everybody in it, and what holds for them.
    """

    country: str | None = None
    count: int = 3
    """How many times are proposed at most."""
    length: timedelta = timedelta(minutes=30)
    letters: int = 30
    """How many of the client's earlier mails are read at most; 0: none."""
    numbers: tuple[tuple[str, str], ...] = ()
    timezones: tuple[tuple[str, str], ...] = ()
    countries: tuple[tuple[str, str], ...] = ()
    contacts: tuple[str, ...] = ()
    """vCard files, or folders of them."""
    calendars: tuple[str, ...] = ()
    """iCalendar files, or folders of them."""
    carddav: Dav | None = None
    caldav: Dav | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the user decided, validated."""

    accounts: tuple[Account, ...]
    hold: HoldRules = HoldRules()
    settle: Settle = Settle()
    clients: tuple[str, ...] = ()
    """Addresses or domains; empty: everyone is a client."""
    allow: tuple[str, ...] = ()
    """Words and phrases that make no heat by themselves."""
    watch_words: tuple[str, ...] = ()
    """Words and phrases that hold a mail whatever its tone."""
    model: ModelSettings = ModelSettings()
    queue: QueueRules = QueueRules()
    poll: timedelta = timedelta(seconds=60)
    """How often mailboxes are looked at even if the server pushed nothing."""
    journal: str | None = None
    """Path of the journal; None: the platform's data directory."""
    notes: str = "remove"
    """`remove` takes the note out of INBOX when its hold ends, `keep` leaves it."""
    calls: CallRules = CallRules()
    notifications: Notifications = Notifications.SHORT
    templates: str | None = None
    """Folder of the user's own templates for letters, beside the configuration file; None: there is no file."""
