"""The configuration file: what is accepted, and what is said about what is not."""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coolmail.config import ConfigError, journal_path, load, loads
from coolmail.config.schema import Config, ServerPart
from coolmail.core.settings import (
    Account,
    CallRules,
    Dav,
    HoldRules,
    Mailboxes,
    ModelSettings,
    OnExpiry,
    QueueRules,
    Secret,
    Sensitivity,
    Server,
    Settings,
    Settle,
    Tls,
    UnknownLanguage,
    WorkingHours,
)

EXAMPLE = Path(__file__).parent.parent.parent / "config.example.yaml"
ACCOUNTS = """\
accounts:
  - name: work
    address: anna@studio.example
    imap: {host: imap.studio.example, port: 993, tls: implicit, username: anna, password_command: pass mail}
    smtp: {host: smtp.studio.example, port: 587, tls: starttls, username: anna, password_command: pass mail}
"""
"""Five lines; what a test adds begins on line 6."""

MINIMAL = (
    ACCOUNTS
    + """\
hold: {threshold: default, minimum: 24h, maximum: 48h, on_expiry: send, remind_before: 2h}
settle: 30s          # one value for every door, or {drafts: 30s, outbox: 10s}
clients: []          # addresses or domains; empty = everyone is a client
"""
)
"""The minimal form of DESIGN.md."""

WORK = Account(
    "work",
    "anna@studio.example",
    Server("imap.studio.example", 993, Tls.IMPLICIT, "anna", Secret("pass mail")),
    Server("smtp.studio.example", 587, Tls.STARTTLS, "anna", Secret("pass mail")),
)


def problems(text: str) -> list[str]:
    """Return what is said about a bad configuration."""
    with pytest.raises(ConfigError) as error:
        loads(text)
    return error.value.problems


# -- what is accepted


def test_the_example_holds_the_defaults() -> None:
    """Copying the example changes nothing but the account."""
    assert load(EXAMPLE) == Settings(accounts=(WORK,), templates=str(EXAMPLE.parent / "templates"))


@pytest.mark.parametrize("part", [Config, *(field.annotation for field in Config.model_fields.values())])
def test_the_example_names_every_key(part: object) -> None:
    """`config.example.yaml` is complete: a key that can be set stands in it, at least in a comment."""
    text = EXAMPLE.read_text("utf-8")
    for name in getattr(part, "model_fields", {}):
        assert re.search(rf"(^|\W){name}:", text), name


@pytest.mark.parametrize(
    "kind", [Settings, HoldRules, Settle, ModelSettings, QueueRules, Mailboxes, WorkingHours, CallRules]
)
def test_leaving_everything_out_means_the_defaults(kind: type) -> None:
    """Schema and settings do not disagree about a default."""
    loaded = {
        Settings: lambda s: replace(s, accounts=()),
        HoldRules: lambda s: s.hold,
        Settle: lambda s: s.settle,
        ModelSettings: lambda s: s.model,
        QueueRules: lambda s: s.queue,
        Mailboxes: lambda s: s.accounts[0].mailboxes,
        WorkingHours: lambda s: s.hold.working_hours,
        CallRules: lambda s: s.calls,
    }[kind](loads(ACCOUNTS))
    default = Settings(accounts=()) if kind is Settings else kind()
    assert {field.name: getattr(loaded, field.name) for field in fields(kind)} == {
        field.name: getattr(default, field.name) for field in fields(kind)
    }


def test_the_minimal_form_of_the_design() -> None:
    """It loads, and says what it says."""
    loaded = loads(MINIMAL)
    assert loaded.accounts == (WORK,)
    assert loaded.settle == Settle(timedelta(seconds=30), timedelta(seconds=30))
    assert replace(loaded, settle=Settle()) == Settings(accounts=(WORK,))


def test_settle_is_one_value_or_one_for_each_door() -> None:
    """A door that is not named keeps its default."""
    assert loads(ACCOUNTS + "settle: {drafts: 5s}").settle == Settle(timedelta(seconds=5), timedelta(seconds=10))
    assert loads(ACCOUNTS + "settle: 2s").settle == Settle(timedelta(seconds=2), timedelta(seconds=2))


def test_every_setting_arrives() -> None:
    """Nothing that can be written is dropped on the way."""
    loaded = loads(
        """
accounts:
  - name: home
    address: anna@home.example
    aliases: [a@home.example]
    phone: "+45 12 34 56 78"
    files_sent: true
    imap: {host: localhost, port: 143, tls: none, username: a, password_env: PASS, tls_ca: /ca.pem, timeout: 5s}
    smtp: {host: 127.0.0.1, port: 25, tls: none, username: a, password: hunter2}
    mailboxes: {parent: "", outbox: Ud, held: Venter, send_anyway: Alligevel, review: Se, sending: Nu, drafts: Kladder, sent: Sendt}
hold:
  threshold: 0.7
  sensitivity: strict
  minimum: 1h
  maximum: 2h
  on_expiry: ask
  remind_before: 10m
  late_limit: 1d
  unknown_language: hold
  working_hours: {hours: "7-15:30", days: [Monday, tue], timezone: America/New_York}
clients: [shop.example, "@other.example", bo@third.example]
model: {path: /models/x, labels: {angry: 1.0, calm: 0}, idle: 1m}
queue: {lifetime: 1d, first_retry: 2s, last_retry: 3s, stuck_after: 4s, keep: 0s}
poll: 5s
journal: /data/j
notes: keep
"""
    )
    second = timedelta(seconds=1)
    assert loaded == Settings(
        accounts=(
            Account(
                "home",
                "anna@home.example",
                Server("localhost", 143, Tls.NONE, "a", Secret(environment="PASS"), "/ca.pem", 5.0),
                Server("127.0.0.1", 25, Tls.NONE, "a", Secret(password="hunter2")),
                Mailboxes("", "Ud", "Venter", "Alligevel", "Se", "Nu", "Kladder", "Sendt"),
                ("a@home.example",),
                files_sent=True,
                phone="+45 12 34 56 78",
            ),
        ),
        hold=HoldRules(
            0.7,
            Sensitivity.STRICT,
            timedelta(hours=1),
            timedelta(hours=2),
            OnExpiry.ASK,
            timedelta(minutes=10),
            timedelta(days=1),
            UnknownLanguage.HOLD,
            WorkingHours(420, 930, frozenset({1, 2}), "America/New_York"),
        ),
        clients=("shop.example", "@other.example", "bo@third.example"),
        model=ModelSettings("/models/x", (("angry", 1.0), ("calm", 0.0)), timedelta(minutes=1)),
        queue=QueueRules(timedelta(days=1), 2 * second, 3 * second, 4 * second, timedelta(0)),
        poll=5 * second,
        journal="/data/j",
        notes="keep",
    )
    assert journal_path(loaded) == Path("/data/j")


def test_an_anchor_may_be_used_twice() -> None:
    """One command for both servers is what people write."""
    text = ACCOUNTS.replace("password_command: pass mail", "password_command: &pass pass mail", 1).replace(
        "password_command: pass mail", "password_command: *pass"
    )
    assert loads(text).accounts == (WORK,)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", '"::1"'])
def test_no_tls_is_accepted_on_this_machine(host: str) -> None:
    """A local bridge, or a test."""
    text = ACCOUNTS.replace("imap.studio.example", host).replace("tls: implicit", "tls: none")
    assert loads(text).accounts[0].imap.tls is Tls.NONE


# -- what is not: each names line and key

BAD = [
    ("unknown key", "", "colour: red", "line 6: colour: there is no such key"),
    ("unknown nested key", "", "hold:\n  minimun: 24h", "line 7: hold.minimun: there is no such key"),
    ("unknown server key", "port: 993", "port: 993, ssl: true", "line 4: accounts[1].imap.ssl: there is no such key"),
    ("bad duration", "", "poll: soon", "line 6: poll: 'soon' is not a duration"),
    ("number without unit", "", "hold: {minimum: 24}", "line 6: hold.minimum: 24 is not a duration; write it with a unit"),
    ("bool as duration", "", "poll: yes", "line 6: poll: True is not a duration"),
    ("settle without unit", "", "settle: 30", "line 6: settle.drafts: 30 is not a duration"),
    ("duration too long", "", "queue: {keep: 11w99999999d}", "line 6: queue.keep: '11w99999999d' is longer than ten years"),
    ("missing key", ", username: anna", "", "line 4: accounts[1].imap.username: this key is missing"),
    ("missing part", "    smtp", "    #", "line 2: accounts[1].smtp: this key is missing"),
    ("duplicate key", "", "poll: 60s\nnotes: keep\npoll: 30s", "line 8: `poll` stands twice (first on line 6)"),
    ("duplicate nested key", "", "hold:\n  minimum: 1h\n  minimum: 2h", "line 8: `minimum` stands twice (first on line 7)"),
    ("bad port", "993", "99999", "line 4: accounts[1].imap.port: input should be less than or equal to 65535"),
    ("port in words", "993", "imaps", "line 4: accounts[1].imap.port: input should be a valid integer"),
    ("bad tls", "starttls", "ssl", "line 5: accounts[1].smtp.tls: input should be 'implicit', 'starttls' or 'none'"),
    ("tls none abroad", "starttls", "none", "line 5: accounts[1].smtp: tls: none is accepted for loopback hosts only"),
    ("bad address", "anna@studio.example", "anna", "line 3: accounts[1].address: 'anna' is not a mail address"),
    ("address with a name", "anna@studio.example", "Anna <a@b.example>", "line 3: accounts[1].address: "),
    ("no address", "anna@studio.example", "~", "line 3: accounts[1].address: "),
    ("two passwords", "pass mail", "pass mail, password: hunter2", "line 4: accounts[1].imap: name one of password_command"),
    ("bad timeout", "993", "993, timeout: 1h", "line 4: accounts[1].imap: timeout must lie between 1s and 10m"),
    ("bad threshold", "", "hold: {threshold: hot}", "line 6: hold.threshold: 'hot' is neither `default` nor a heat"),
    ("threshold of nothing", "", "hold: {threshold: 0}", "line 6: hold.threshold: 0 is neither"),
    ("threshold not a number", "", "hold: {threshold: .nan}", "line 6: hold.threshold: nan is neither"),
    ("threshold yes", "", "hold: {threshold: yes}", "line 6: hold.threshold: True is neither"),
    ("minimum above maximum", "", "hold:\n  minimum: 3d", "line 6: hold: minimum is longer than maximum"),
    ("minimum of nothing", "", "hold: {minimum: 0s}", "line 6: hold: minimum must be longer than nothing"),
    ("bad choice", "", "hold: {on_expiry: maybe}", "line 6: hold.on_expiry: input should be 'send' or 'ask'"),
    ("bad hours", "", "hold: {working_hours: {hours: 17-9}}", "line 6: hold.working_hours.hours: '17-9' does not end after"),
    ("bad days", "", "hold: {working_hours: {days: [moo]}}", "line 6: hold.working_hours.days: days are mon, tue"),
    ("no days", "", "hold: {working_hours: {days: []}}", "line 6: hold.working_hours.days: days are mon, tue"),
    ("bad zone", "", "hold: {working_hours: {timezone: Mars/Base}}", "line 6: hold.working_hours.timezone: 'Mars/Base' is not"),
    ("zone outside", "", "hold: {working_hours: {timezone: ../../etc/passwd}}", "line 6: hold.working_hours.timezone: "),
    ("bad client", "", "clients: [a b]", "line 6: clients: 'a b' is neither a mail address nor a domain"),
    ("clients no list", "", "clients: shop.example", "line 6: clients: input should be a valid list"),
    ("allow no list", "", "allow: damn", "line 6: allow: input should be a valid list"),
    ("allowed number", "", "allow:\n  - damn\n  - 66", "line 8: allow[2]: 66 is not a word; put it into quotes"),
    ("nothing to watch for", "", 'watch_words: [lawyer, " "]', "line 6: watch_words[2]: ' ' holds nothing to look for"),
    ("an invisible word", "", 'watch_words: ["\\u200b"]', "line 6: watch_words[1]: '\\u200b' holds nothing to look for"),
    ("a page as a word", "", f"allow: [{'x' * 201}]", "line 6: allow[1]: string should have at most 200 characters"),
    ("allowed and watched", "", "allow: [Damn]\nwatch_words: [damn]", "line 7: watch_words: 'damn' stands in allow, too"),
    ("label too hot", "", "model: {path: x, labels: {angry: 2}}", "line 6: model.labels.angry: input should be less"),
    ("labels without model", "", "model: {labels: {angry: 1}}", "line 6: model: labels belong to a model of your own"),
    ("no wait before a retry", "", "queue: {first_retry: 0s}", "line 6: queue: first_retry must be longer than nothing"),
    ("no queue lifetime", "", "queue: {lifetime: 0s}", "line 6: queue: lifetime and stuck_after must be longer"),
    ("poll too rare", "", "poll: 1d", "line 6: poll: poll must lie between 1s and 1h"),
    ("part left empty", "", "hold:", "line 6: hold: it must hold keys of its own"),
    ("same mailbox twice", "", "    mailboxes: {held: outbox}", "line 6: accounts[1].mailboxes: outbox, held, send_anyway"),
    ("line break in a mailbox", "", '    mailboxes: {held: "a\\r\\nb"}', "line 6: accounts[1].mailboxes: a mailbox name cannot"),
    ("notes", "", "notes: maybe", "line 6: notes: input should be 'keep' or 'remove'"),
    ("a date that is none", "", "poll: 2001-99-99", "line 6: poll: it looks like a number or a date but is none"),
    ("a number without end", "", "poll: " + "1" * 5000, "line 6: poll: it looks like a number or a date but is none"),
    ("a list as key", "", "? [a, b]\n: c", "line 6: a key must be a plain word"),
    ("tab", "", "\tpoll: 60s", "line 6: this is not YAML: found character '\\t'"),
    ("open quote", "", "journal: 'x", "line 7: this is not YAML: found unexpected end of stream"),
    ("open bracket", "", "clients: [a", "line 7: this is not YAML: expected ',' or ']'"),
    ("two documents", "", "---\nx: 1", "line 6: this is not YAML: but found another document"),
    ("control character", "", "journal: \x07", "line 6: this is not YAML: it holds a control character"),
    ("python object", "", "journal: !!python/object:os.system ls", "line 6: journal: a value that begins with !"),
    ("undefined alias", "", "journal: *home", "line 6: this is not YAML: a value that begins with * must stand in quotes"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_what_is_wrong_is_named_with_its_line(old: str, new: str, said: str) -> None:
    """One sentence that begins with the line and the key."""
    text = ACCOUNTS.replace(old, new, 1) if old else f"{ACCOUNTS}{new}\n"
    assert any(problem.startswith(said) for problem in problems(text)), problems(text)


def test_two_accounts_of_one_name_are_refused() -> None:
    """Names differ in more than their case: the journal goes by them."""
    second = ACCOUNTS.partition("\n")[2].replace("name: work", "name: Work")
    assert problems(ACCOUNTS + second) == ["line 1: accounts: two accounts are named 'Work'; names must differ"]


def test_all_mistakes_are_named_at_once() -> None:
    """Nobody mends a file one error at a time."""
    assert len(problems(ACCOUNTS.replace("993", "0") + "poll: soon\ncolour: red\n")) == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: accounts: this key is missing"),
        ("# nothing yet\n", "line 1: accounts: this key is missing"),
        ("accounts: []\n", "line 1: accounts: list should have at least 1 item"),
        ("- a\n", "line 1: it must be a mapping that begins with `accounts:`"),
        ("hello", "line 1: it must be a mapping"),
        ("accounts: [null]", "line 1: accounts[1]: it must hold keys of its own"),
    ],
)
def test_a_file_without_accounts(text: str, said: str) -> None:
    """Empty, commented out, or another file altogether."""
    assert problems(text)[0].startswith(said)


# -- hostile files end quickly


def bomb(levels: int = 9) -> str:
    """Return aliases of aliases: a kilobyte that stands for nine to the ninth values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(lines)


HOSTILE = {
    "alias bomb": bomb(),
    "list of itself": "x: &a [*a, *a]",
    "mapping of itself": "x: &a {b: *a, c: *a}",
    "deep list": "x: " + "[" * 5000,
    "deep mapping": "x: " + "{a: " * 5000,
    "deep block": "\n".join(f"{'  ' * depth}a:" for depth in range(600)),
    "many keys": "\n".join(f"k{number}: 1" for number in range(20_001)),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused_quickly(text: str) -> None:
    """No memory and no time is spent on it."""
    begun = time.process_time()
    assert problems(text)
    assert time.process_time() - begun < 10


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200) | st.text("ab:-[]{}&*!|>'\"%@`#?,\n\t 01", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but a ConfigError comes out."""
    with pytest.raises(ConfigError):
        loads(text)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(MINIMAL)), st.text(st.characters() | st.sampled_from("&*!{}[]:'\"\t\n"), max_size=5))
def test_any_slip_of_the_pen_is_read_or_refused(at: int, typed: str) -> None:
    """Something typed anywhere into a good file."""
    with contextlib.suppress(ConfigError):
        loads(MINIMAL[:at] + typed + MINIMAL[at:])


# -- files


def test_a_missing_file_says_where_to_get_one(tmp_path: Path) -> None:
    """The first thing that a new user sees."""
    with pytest.raises(ConfigError, match=r"there is no such file; copy config\.example\.yaml there"):
        load(tmp_path / "config.yaml")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\xff", "it is not UTF-8 text"),
        (b"\xff\xfea\0c\0", "it is not UTF-8 text"),
        (b"accounts:\n\0", "line 2: this is not YAML: it holds a control character"),
        (b"#" * 1_000_001, "it is larger than 1 MB; is that the right file?"),
    ],
    ids=["png", "utf-16", "nul", "huge"],
)
def test_another_kind_of_file_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    """In words, with the path."""
    path = tmp_path / "config.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as error:
        load(path)
    assert error.value.problems == [said]
    assert str(path) in str(error.value)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """The system's own words."""
    with pytest.raises(ConfigError, match="it cannot be read: Is a directory"):
        load(tmp_path)


# -- secrets stay secret

SECRET = "hunter2-do-not-print"


def test_a_password_is_in_no_repr() -> None:
    """Of the settings or of the parts they are made from: both may end up in a log."""
    text = ACCOUNTS.replace("password_command: pass mail", f"password: {SECRET}")
    loaded = loads(text)
    assert loaded.accounts[0].imap.secret.password == SECRET
    part = ServerPart(host="localhost", port=1, tls=Tls.NONE, username="a", password=SECRET)
    for shown in (repr(loaded), str(loaded), repr(part), str(part)):
        assert SECRET not in shown


@pytest.mark.parametrize(
    "slip",
    [
        f"password: *{SECRET}",
        f"password: !{SECRET}",
        f"password: !!{SECRET} x",
        f"password: [{SECRET}]",
        f"password: {{{SECRET}: x}}",
        f"password: {SECRET}, password_env: X",
        f"password: {SECRET}, port: x",
        f'password: "{SECRET}\\q"',
        f"password: {SECRET}: x",
        f"password: 1{SECRET}, timeout: 1d",
    ],
)
def test_a_password_is_in_no_error(slip: str) -> None:
    """Not even where it is what made the file unreadable."""
    with pytest.raises(ConfigError) as error:
        loads(ACCOUNTS.replace("password_command: pass mail", slip, 1))
    assert "hunter2" not in str(error.value)


# -- calls


def test_calls_arrive() -> None:
    """Every key; clients in lower case, countries in upper case, Norway's NO included."""
    loaded = loads(
        ACCOUNTS
        + """\
calls:
  country: NO
  slots: 2
  length: 45m
  letters: 0
  numbers: {Bo@Client.example: "+45 33 12 34 56"}
  timezones: {"@client.example": America/New_York}
  countries: {client.example: us, uk.example: UK}
  contacts: [~/people.vcf, "file:///home/anna/my%20cards"]
  calendars: [/home/anna/work.ics]
  carddav: {url: "https://dav.studio.example/", username: anna}
  caldav:
    url: http://localhost:5232/
    username: anna
    password_env: DAV
    only: [Work]
    tls_ca: /ca.pem
    timeout: 3s
"""
    )
    assert loaded.calls == CallRules(
        country="NO",
        count=2,
        length=timedelta(minutes=45),
        letters=0,
        numbers=(("bo@client.example", "+45 33 12 34 56"),),
        timezones=(("client.example", "America/New_York"),),
        countries=(("client.example", "US"), ("uk.example", "GB")),
        contacts=(str(Path.home() / "people.vcf"), "/home/anna/my cards"),
        calendars=("/home/anna/work.ics",),
        carddav=Dav("https://dav.studio.example/", "anna"),
        caldav=Dav("http://localhost:5232/", "anna", Secret(environment="DAV"), ("Work",), "/ca.pem", 3.0),
    )
    assert loaded.calls.carddav is not None
    assert loaded.calls.carddav.host == "dav.studio.example"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("country: Denmark", "is not a country"),
        ("slots: 9", "calls.slots"),
        ("length: 1m", "between 5m and 4h"),
        ("numbers: {bo@client.example: +4533123456}", "write it in quotes"),
        ("numbers: {bo@: '+4533123456'}", "neither a mail address nor a domain"),
        ("timezones: {client.example: Mars/Base}", "not a known time zone"),
        ("countries: {client.example: 45}", "is not a country"),
        ("calendars: [https://calendar.example/anna.ics]", "not on this computer"),
        ("contacts: [7]", "not the path of a file or folder"),
        ("caldav: {url: dav.studio.example, username: a}", "write it like https://"),
        ("caldav: {url: 'http://dav.studio.example/', username: a}", "http is accepted for loopback hosts only"),
        ("caldav: {url: 'https://a:b@dav.studio.example/', username: a}", "do not belong into the url"),
        ("caldav: {url: 'https://dav.studio.example:port/', username: a}", "is not an address"),
        ("caldav: {url: 'https://x.example/', username: a, password: x, password_env: Y}", "not several"),
        ("caldav: {url: 'https://x.example/', username: a, timeout: 5m}", "between 1s and 20s"),
    ],
)
def test_a_wrong_call_is_named(line: str, said: str) -> None:
    """With its key and line."""
    (problem,) = problems(f"{ACCOUNTS}calls:\n  {line}\n")
    assert problem.startswith("line 7: calls.")
    assert said in problem
