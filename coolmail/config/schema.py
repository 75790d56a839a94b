"""The schema of the YAML file, with everything that can be checked without a server, and its translation into settings."""

from __future__ import annotations

import ipaddress
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from coolmail.core import settings as core
from coolmail.core.durations import BadDurationError, parse_duration
from coolmail.core.wordlists import find, is_word


def _duration(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, bool) or not isinstance(value, str):
        raise ValueError(f"{value!r} is not a duration; write it with a unit, like 30s, 15m, 2h or 1d")  # noqa: TRY004 - pydantic reports ValueError
    try:
        return parse_duration(value)
    except BadDurationError as error:
        raise ValueError(str(error)) from None


Duration = Annotated[timedelta, BeforeValidator(_duration)]


def _threshold(value: Any) -> float | None:
    if value is None or value == "default":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise ValueError(f"{value!r} is neither `default` nor a heat above 0 and up to 1")
    return float(value)


def _off(value: Any) -> Any:
    return "off" if value is False else value  # YAML 1.1 reads a bare `off` as false


ADDRESS = re.compile(r"[^@\s<>,;:\"()\[\]\\]{1,64}@[^@\s<>,;:\"()\[\]\\]{1,255}")
CLOCK = re.compile(r"(\d{1,2})(?::(\d{2}))?\s*-\s*(\d{1,2})(?::(\d{2}))?")
COUNTRY = re.compile(r"[A-Z]{2}(?:-[A-Z0-9]{1,3})?")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{value!r} is not a known time zone; write it like Europe/Copenhagen") from None
    return value


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _address(value: str) -> str:
    if not ADDRESS.fullmatch(value):
        raise ValueError(f"{value!r} is not a mail address")
    return value


def _listed(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a word; put it into quotes")  # noqa: TRY004 - pydantic reports ValueError
    if not is_word(value):
        raise ValueError(f"{value!r} holds nothing to look for")
    return value


Address = Annotated[str, Field(max_length=320), BeforeValidator(lambda value: _address(str(value)))]
Word = Annotated[str, Field(max_length=200), BeforeValidator(_listed)]
Words = Annotated[list[Word], Field(max_length=1000)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class Part(BaseModel):
    """What all parts share: unknown keys are errors. Only the whole is ever validated, so no part builds a validator of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class ServerPart(Part):
    """`imap:` or `smtp:` of an account."""

    host: Name
    port: Annotated[int, Field(ge=1, le=65535)]
    tls: core.Tls
    username: Name
    password_command: str | None = None
    password_env: str | None = None
    password: str | None = Field(default=None, repr=False)
    tls_ca: str | None = None
    timeout: Duration = timedelta(seconds=60)

    @model_validator(mode="after")
    def _check(self) -> ServerPart:
        if self.tls is core.Tls.NONE and not is_loopback(self.host):
            raise ValueError(f"tls: none is accepted for loopback hosts only, and {self.host} is none")
        if sum(value is not None for value in (self.password_command, self.password_env, self.password)) > 1:
            raise ValueError("name one of password_command, password_env and password, not several")
        if not timedelta(seconds=1) <= self.timeout <= timedelta(minutes=10):
            raise ValueError("timeout must lie between 1s and 10m")
        return self

    def server(self) -> core.Server:
        """Return the settings of this server."""
        return core.Server(
            host=self.host,
            port=self.port,
            tls=self.tls,
            username=self.username,
            secret=core.Secret(self.password_command, self.password_env, self.password),
            tls_ca=None if self.tls_ca is None else str(Path(self.tls_ca).expanduser()),
            timeout=self.timeout.total_seconds(),
        )


class MailboxesPart(Part):
    """`mailboxes:` of an account; `/` separates levels whatever the server uses."""

    parent: str = "Coolmail"
    outbox: Name = "Outbox"
    held: Name = "Held"
    send_anyway: Name = "Send anyway"
    review: Name = "Review"
    sending: Name = "Sending"
    drafts: Name | None = None
    sent: Name | None = None

    @model_validator(mode="after")
    def _check(self) -> MailboxesPart:
        ours = [self.outbox, self.held, self.send_anyway, self.review, self.sending]
        if len({name.casefold() for name in ours}) < len(ours):
            raise ValueError("outbox, held, send_anyway, review and sending must be five different mailboxes")
        if any("\0" in name or "\r" in name or "\n" in name for name in (*ours, self.parent)):
            raise ValueError("a mailbox name cannot hold line breaks or NUL")
        return self


class AccountPart(Part):
    """One of `accounts:`."""

    name: Name
    address: Address
    aliases: list[Address] = []
    phone: str | None = None
    files_sent: bool = False
    imap: ServerPart
    smtp: ServerPart
    mailboxes: MailboxesPart = Field(default_factory=MailboxesPart.model_construct)

    def account(self) -> core.Account:
        """Return the settings of this account."""
        return core.Account(
            name=self.name,
            address=self.address,
            aliases=tuple(self.aliases),
            phone=self.phone,
            files_sent=self.files_sent,
            imap=self.imap.server(),
            smtp=self.smtp.server(),
            mailboxes=core.Mailboxes(**dict(self.mailboxes)),
        )


class WorkingHoursPart(Part):
    """`working_hours:` of `hold:`."""

    hours: str = "9:00-17:00"
    days: list[str] = ["mon", "tue", "wed", "thu", "fri"]
    timezone: str | None = None

    @field_validator("hours")
    @classmethod
    def _hours(cls, value: str) -> str:
        cls.minutes(value)
        return value

    @staticmethod
    def minutes(value: str) -> tuple[int, int]:
        """Return start and end in minutes since midnight."""
        match = CLOCK.fullmatch(value.strip())
        if match is None:
            raise ValueError(f"{value!r} is not a span of hours; write it like 9:00-17:00")
        start = int(match[1]) * 60 + int(match[2] or 0)
        end = int(match[3]) * 60 + int(match[4] or 0)
        if not 0 <= start < end <= 24 * 60:
            raise ValueError(f"{value!r} does not end after it starts, within one day")
        return start, end

    @field_validator("days")
    @classmethod
    def _days(cls, value: list[str]) -> list[str]:
        days = [day.strip().casefold()[:3] for day in value]
        if not days or any(day not in DAYS for day in days):
            raise ValueError(f"days are {', '.join(DAYS)}")
        return days

    @field_validator("timezone")
    @classmethod
    def _timezone(cls, value: str | None) -> str | None:
        return None if value is None else _zone(value)

    def working_hours(self) -> core.WorkingHours:
        """Return the settings of the working hours."""
        start, end = self.minutes(self.hours)
        return core.WorkingHours(start, end, frozenset(DAYS.index(day) + 1 for day in self.days), self.timezone)


class HoldPart(Part):
    """`hold:`."""

    threshold: Annotated[float | None, BeforeValidator(_threshold)] = None
    sensitivity: core.Sensitivity = core.Sensitivity.NORMAL
    minimum: Duration = timedelta(hours=24)
    maximum: Duration = timedelta(hours=48)
    on_expiry: core.OnExpiry = core.OnExpiry.SEND
    remind_before: Duration = timedelta(hours=2)
    late_limit: Duration = timedelta(hours=72)
    unknown_language: core.UnknownLanguage = core.UnknownLanguage.SEND
    working_hours: WorkingHoursPart = Field(default_factory=WorkingHoursPart.model_construct)

    @model_validator(mode="after")
    def _check(self) -> HoldPart:
        if self.minimum > self.maximum:
            raise ValueError("minimum is longer than maximum")
        if self.minimum <= timedelta(0):
            raise ValueError("minimum must be longer than nothing")
        return self

    def rules(self) -> core.HoldRules:
        """Return the settings of holding."""
        return core.HoldRules(
            threshold=self.threshold,
            sensitivity=self.sensitivity,
            minimum=self.minimum,
            maximum=self.maximum,
            on_expiry=self.on_expiry,
            remind_before=self.remind_before,
            late_limit=self.late_limit,
            unknown_language=self.unknown_language,
            working_hours=self.working_hours.working_hours(),
        )


class SettlePart(Part):
    """`settle:` as a mapping of doors."""

    drafts: Duration = timedelta(seconds=30)
    outbox: Duration = timedelta(seconds=10)


class ModelPart(Part):
    """`model:`; `labels` maps a foreign model's labels to heat."""

    path: str | None = None
    labels: dict[str, Annotated[float, Field(ge=0, le=1)]] = {}
    idle: Duration = timedelta(minutes=5)

    @model_validator(mode="after")
    def _check(self) -> ModelPart:
        if self.labels and self.path is None:
            raise ValueError("labels belong to a model of your own: name its folder as path")
        return self


class QueuePart(Part):
    """`queue:`."""

    lifetime: Duration = timedelta(days=2)
    first_retry: Duration = timedelta(minutes=1)
    last_retry: Duration = timedelta(hours=1)
    stuck_after: Duration = timedelta(minutes=15)
    keep: Duration = timedelta(days=90)

    @model_validator(mode="after")
    def _check(self) -> QueuePart:
        if not timedelta(0) < self.first_retry <= self.last_retry:
            raise ValueError("first_retry must be longer than nothing and not longer than last_retry")
        if min(self.lifetime, self.stuck_after) <= timedelta(0):
            raise ValueError("lifetime and stuck_after must be longer than nothing")
        return self


def _country(value: Any) -> str:
    # Norway's NO is a word for false in YAML 1.1.
    country = "NO" if value is False else str(value).strip().upper()
    country = {"UK": "GB", "EL": "GR"}.get(country, country)
    if not COUNTRY.fullmatch(country):
        raise ValueError(f"{value!r} is not a country; write it like DK, or DE-BY where holidays differ within it")
    return country


def _client(value: str) -> str:
    client = value.strip().casefold().lstrip("@")
    if not client or any(letter.isspace() for letter in client) or ("@" in client and not ADDRESS.fullmatch(client)):
        raise ValueError(f"{value!r} is neither a mail address nor a domain")
    return client


def _phone(value: Any) -> str:
    if not isinstance(value, str) or sum(letter.isdigit() for letter in value) < 3:
        raise ValueError(f'{value!r} is not a phone number; write it in quotes, like "+45 33 12 34 56"')
    return value


Country = Annotated[str, Field(max_length=6), BeforeValidator(_country)]
Client = Annotated[str, Field(max_length=320), BeforeValidator(lambda value: _client(str(value)))]
Phone = Annotated[str, Field(max_length=60), BeforeValidator(_phone)]
Zone = Annotated[str, BeforeValidator(lambda value: _zone(str(value)))]


def _path(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{value!r} is not the path of a file or folder")
    if value.startswith("file://"):
        from urllib.request import url2pathname  # noqa: PLC0415 - it loads HTTP and TLS, which few configurations need

        return url2pathname(urlsplit(value).path)
    if "://" in value:
        raise ValueError(
            f"{value!r} is not on this computer; name a file, or a CalDAV or CardDAV account as caldav or carddav"
        )
    return str(Path(value).expanduser())


SomePath = Annotated[str, BeforeValidator(_path)]


class DavPart(Part):
    """`caldav:` or `carddav:` of `calls:`."""

    url: Name
    username: Name
    password_command: str | None = None
    password_env: str | None = None
    password: str | None = Field(default=None, repr=False)
    only: list[Name] = []
    tls_ca: str | None = None
    timeout: Duration = timedelta(seconds=10)

    @model_validator(mode="after")
    def _check(self) -> DavPart:
        try:
            parts = urlsplit(self.url)
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            raise ValueError(f"{self.url!r} is not an address; write it like https://dav.studio.example/") from None
        if parts.scheme not in {"http", "https"} or not host:
            raise ValueError(f"{self.url!r} is not an address; write it like https://dav.studio.example/")
        if parts.username is not None or parts.password is not None:
            raise ValueError(
                "name and password do not belong into the url: use username, and password_command or one of its kind"
            )
        if parts.scheme == "http" and not is_loopback(host):
            raise ValueError(f"http is accepted for loopback hosts only, and {host} is none; use https")
        if sum(value is not None for value in (self.password_command, self.password_env, self.password)) > 1:
            raise ValueError("name one of password_command, password_env and password, not several")
        if not timedelta(seconds=1) <= self.timeout <= timedelta(seconds=20):
            raise ValueError("timeout must lie between 1s and 20s")
        return self

    def dav(self) -> core.Dav:
        """Return the settings of this account."""
        return core.Dav(
            url=self.url,
            username=self.username,
            secret=core.Secret(self.password_command, self.password_env, self.password),
            only=tuple(self.only),
            tls_ca=None if self.tls_ca is None else str(Path(self.tls_ca).expanduser()),
            timeout=self.timeout.total_seconds(),
        )


class CallsPart(Part):
    """`calls:`."""

    country: Country | None = None
    slots: Annotated[int, Field(ge=1, le=5)] = 3
    length: Duration = timedelta(minutes=30)
    letters: Annotated[int, Field(ge=0, le=200)] = 30
    numbers: dict[Client, Phone] = {}
    timezones: dict[Client, Zone] = {}
    countries: dict[Client, Country] = {}
    contacts: list[SomePath] = []
    calendars: list[SomePath] = []
    carddav: DavPart | None = None
    caldav: DavPart | None = None

    @field_validator("length")
    @classmethod
    def _length(cls, value: timedelta) -> timedelta:
        if not timedelta(minutes=5) <= value <= timedelta(hours=4):
            raise ValueError("length must lie between 5m and 4h")
        return value

    def rules(self) -> core.CallRules:
        """Return the settings of preparing a call."""
        return core.CallRules(
            country=self.country,
            count=self.slots,
            length=self.length,
            letters=self.letters,
            numbers=tuple(self.numbers.items()),
            timezones=tuple(self.timezones.items()),
            countries=tuple(self.countries.items()),
            contacts=tuple(self.contacts),
            calendars=tuple(self.calendars),
            carddav=None if self.carddav is None else self.carddav.dav(),
            caldav=None if self.caldav is None else self.caldav.dav(),
        )


class Config(Part):
    """The whole file."""

    accounts: Annotated[list[AccountPart], Field(min_length=1)]
    hold: HoldPart = Field(default_factory=HoldPart.model_construct)
    settle: SettlePart = Field(default_factory=SettlePart.model_construct)
    clients: list[str] = []
    allow: Words = []
    watch_words: Words = []
    model: ModelPart = Field(default_factory=ModelPart.model_construct)
    queue: QueuePart = Field(default_factory=QueuePart.model_construct)
    poll: Duration = timedelta(seconds=60)
    journal: str | None = None
    notes: Literal["keep", "remove"] = "remove"
    notifications: Annotated[core.Notifications, BeforeValidator(_off)] = core.Notifications.SHORT
    calls: CallsPart = Field(default_factory=CallsPart.model_construct)

    @field_validator("settle", mode="before")
    @classmethod
    def _one_for_all(cls, value: Any) -> Any:
        return value if isinstance(value, dict | SettlePart) else {"drafts": value, "outbox": value}

    @field_validator("poll")
    @classmethod
    def _poll(cls, value: timedelta) -> timedelta:
        if not timedelta(seconds=1) <= value <= timedelta(hours=1):
            raise ValueError("poll must lie between 1s and 1h")
        return value

    @field_validator("clients")
    @classmethod
    def _clients(cls, value: list[str]) -> list[str]:
        for client in value:
            if "@" in client.lstrip("@") and not ADDRESS.fullmatch(client):
                raise ValueError(f"{client!r} is neither a mail address nor a domain")
            if not client.strip("@. ") or any(letter.isspace() for letter in client):
                raise ValueError(f"{client!r} is neither a mail address nor a domain")
        return value

    @field_validator("watch_words")
    @classmethod
    def _not_both(cls, value: list[str], info: ValidationInfo) -> list[str]:
        for word in value:
            if find(word, info.data.get("allow", ())) == [(0, len(word))]:
                raise ValueError(f"{word!r} stands in allow, too; a word cannot be both harmless and watched for")
        return value

    @field_validator("accounts")
    @classmethod
    def _names(cls, value: list[AccountPart]) -> list[AccountPart]:
        seen: set[str] = set()
        for account in value:
            if account.name.casefold() in seen:
                raise ValueError(f"two accounts are named {account.name!r}; names must differ")
            seen.add(account.name.casefold())
        return value

    def settings(self) -> core.Settings:
        """Return the whole as plain settings."""
        return core.Settings(
            accounts=tuple(account.account() for account in self.accounts),
            hold=self.hold.rules(),
            settle=core.Settle(self.settle.drafts, self.settle.outbox),
            clients=tuple(self.clients),
            allow=tuple(self.allow),
            watch_words=tuple(self.watch_words),
            model=core.ModelSettings(
                path=None if self.model.path is None else str(Path(self.model.path).expanduser()),
                labels=tuple(self.model.labels.items()),
                idle=self.model.idle,
            ),
            queue=core.QueueRules(**{name: getattr(self.queue, name) for name in QueuePart.model_fields}),
            poll=self.poll,
            journal=self.journal,
            notes=self.notes,
            notifications=self.notifications,
            calls=self.calls.rules(),
        )
