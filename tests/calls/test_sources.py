"""The user's address books and calendars: files and folders, and a real Radicale by CalDAV and CardDAV; what cannot be read is said."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest

from coolmail.calls import dav, files
from coolmail.calls.errors import SourceError
from coolmail.calls.finding import Material, Sources, find
from coolmail.calls.sources import read_sources
from coolmail.core.settings import CallRules, Dav, Secret, WorkingHours
from tests.servers.radicale import PASSWORD, DavUser, Radicale

NOW = datetime(2026, 11, 26, 15, 0, tzinfo=UTC)
COPENHAGEN = ZoneInfo("Europe/Copenhagen")
BO = "bo@client.example"
CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:bo\r\nFN:Bo Berg\r\nN:Berg;Bo;;;\r\nEMAIL:Bo@Client.example\r\nTEL;TYPE=CELL:28 34 56 78\r\nEND:VCARD\r\n"
OTHER = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:x\r\nFN:X\r\nN:X;;;;\r\nEMAIL:x@client.example\r\nTEL:33 12 34 56\r\nEND:VCARD\r\n"
MEETING = (
    "BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20261101T000000Z\r\nSUMMARY:Every day\r\nDTSTART;TZID=Europe/Copenhagen:20261102T093000\r\n"
    "DTEND;TZID=Europe/Copenhagen:20261102T113000\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT"
)
WEDDING = (
    "BEGIN:VEVENT\r\nUID:2\r\nDTSTAMP:20261101T000000Z\r\nSUMMARY:Away\r\nDTSTART;VALUE=DATE:20261127\r\nEND:VEVENT"
)


def ics(*events: str) -> str:
    """Return a calendar."""
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//t//t//", *events, "END:VCALENDAR", ""])


def read(**rules: Any) -> Sources:
    """Read what is configured; the passwords are those of the accounts."""
    known = CallRules(**rules)
    passwords = {one.url: one.secret.password or "" for one in (known.caldav, known.carddav) if one is not None}
    return read_sources(known, client=BO, ours=("anna@studio.example",), now=NOW, zone=COPENHAGEN, passwords=passwords)


def slots(sources: Sources) -> list[str]:
    """Return the proposed times."""
    material = Material(
        client=BO,
        ours=("anna@studio.example",),
        letters=(),
        rules=CallRules(country="DK", countries=((BO, "DK"),)),
        hours=WorkingHours(),
        zone=COPENHAGEN,
        now=NOW,
        sources=sources,
    )
    return [f"{slot.start:%a %H:%M}" for slot in find(material).slots]


@pytest.fixture
def user(radicale: Radicale) -> DavUser:
    """A fresh user of the Radicale."""
    return radicale.user()


# -- files


def test_a_file_and_a_folder_of_contacts(tmp_path: Path) -> None:
    """One file with many cards, or one card a file in folders, as vdirsyncer and khard keep them."""
    (tmp_path / "all.vcf").write_text(OTHER + CARD, "utf-8")
    folder = tmp_path / "book" / "default"
    folder.mkdir(parents=True)
    (folder / "a.vcf").write_text(CARD.replace("28 34", "28 44"), "utf-8")
    (folder / "notes.txt").write_text(CARD.replace("28 34", "28 54"), "utf-8")
    found = read(contacts=(str(tmp_path / "all.vcf"), str(tmp_path / "book")))
    assert [number.text for number in found.numbers] == ["28 34 56 78", "28 44 56 78"]
    assert found.remarks == ()


def test_a_number_of_the_address_book_is_shown_with_its_card() -> None:
    """Before those of the mails, behind the config's; one that cannot be read is said."""
    sources = read_sources_of(CARD + CARD.replace("28 34 56 78", "internal 12"))
    material = Material(
        client=BO,
        ours=(),
        letters=(),
        rules=CallRules(country="DK", numbers=((BO, "+45 33 12 34 56"),)),
        hours=WorkingHours(),
        zone=COPENHAGEN,
        now=NOW,
        sources=sources,
    )
    found = find(material)
    assert [(number.e164, number.found) for number in found.numbers] == [
        ("+4533123456", "in your config"),
        ("+4528345678", "mobile, in your address book (Bo Berg)"),
    ]
    assert "The number 'internal 12' in your address book cannot be read as a phone number." in found.remarks


def read_sources_of(cards: str) -> Sources:
    """Return what cards give."""
    from coolmail.calls.contacts import numbers_in_cards  # noqa: PLC0415

    return Sources(numbers=tuple(numbers_in_cards(cards, BO)))


def test_a_file_and_a_folder_of_appointments(tmp_path: Path) -> None:
    """No slot on top of one."""
    (tmp_path / "work.ics").write_text(ics(MEETING), "utf-8")
    folder = tmp_path / "private"
    folder.mkdir()
    (folder / "a.ics").write_text(ics(WEDDING), "utf-8")
    assert slots(Sources()) == ["Fri 10:00", "Fri 14:00", "Mon 10:00"]
    assert slots(read(calendars=(str(tmp_path / "work.ics"),))) == ["Fri 09:00", "Fri 14:00", "Mon 09:00"]
    assert slots(read(calendars=(str(tmp_path / "work.ics"), str(folder)))) == ["Mon 09:00", "Mon 14:00", "Tue 09:00"]


def test_one_broken_file_hides_no_other(tmp_path: Path) -> None:
    """And is named."""
    (tmp_path / "a.ics").write_text("<html>please log in</html>", "utf-8")
    (tmp_path / "b.ics").write_text(ics(MEETING), "utf-8")
    found = read(calendars=(str(tmp_path),))
    assert slots(found)[0] == "Fri 09:00"
    assert len(found.remarks) == 1
    assert found.remarks[0].startswith(
        "The calendar a.ics was not read, the times may not be free: it is no iCalendar data"
    )


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    """A missing file, an empty folder, a pipe that would keep one waiting."""
    os.mkfifo(tmp_path / "pipe.ics")
    (tmp_path / "empty").mkdir()
    names = ("nowhere.ics", "empty", "pipe.ics")
    found = read(calendars=tuple(str(tmp_path / name) for name in names), contacts=(str(tmp_path / "no.vcf"),))
    assert [remark.split(": ", 1)[1].removeprefix(str(tmp_path) + "/") for remark in found.remarks] == [
        "no.vcf is not there",
        "nowhere.ics is not there",
        "empty is no file and holds no .ics files",
        "pipe.ics is no file and holds no .ics files",
    ]


def test_too_large_a_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody named the wrong one."""
    monkeypatch.setattr(files, "LARGEST", 100)
    (tmp_path / "a.vcf").write_text(CARD, "utf-8")
    (remark,) = read(contacts=(str(tmp_path),)).remarks
    assert "is too large" in remark


def test_a_path_that_cannot_be_read_is_said() -> None:
    """In the system's words."""
    (remark,) = read(calendars=("x" * 300,)).remarks
    assert remark.endswith("cannot be read: File name too long")


# -- CalDAV and CardDAV


@pytest.mark.parametrize("path", ["", "{user}/", "{user}/office/"])
def test_appointments_on_a_server(user: DavUser, path: str) -> None:
    """By its root, the user's home, or the calendar itself."""
    user.calendar("Office", MEETING, WEDDING)
    found = read(caldav=user.dav(path=path.format(user=user.name)))
    assert found.remarks == ()
    assert slots(found) == ["Mon 09:00", "Mon 14:00", "Tue 09:00"]


def test_only_the_named_calendars_count(user: DavUser) -> None:
    """Whatever the case of the name; one that is not there is said, with those that are."""
    user.calendar("Work", MEETING)
    user.calendar("Family", WEDDING)
    assert slots(read(caldav=user.dav(only=["work"])))[0] == "Fri 09:00"
    assert slots(read(caldav=user.dav()))[0] == "Mon 09:00"
    (remark,) = read(caldav=user.dav(only=["Work", "Wrok"])).remarks
    assert "has no calendar named wrok; it has" in remark
    assert "Family" in remark


class Elsewhere(BaseHTTPRequestHandler):
    """A server that sends every request to the place that its own address names."""

    asked: ClassVar[list[str]] = []

    def do_PROPFIND(self) -> None:
        """Redirect."""
        self.asked.append(self.headers.get("Host", ""))
        self.send_response(301)
        self.send_header("Location", self.path.partition("?")[2] or self.path)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def redirecting() -> Iterator[str]:
    """The address of such a server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_a_redirection_within_the_server_is_followed(user: DavUser) -> None:
    """Radicale's own well-known address leads to its root."""
    user.calendar("Work", WEDDING)
    found = read(caldav=user.dav(path=".well-known/caldav"))
    assert found.remarks == ()
    assert slots(found) == ["Mon 10:00", "Mon 14:00", "Tue 10:00"]


def test_a_redirection_to_another_server_is_not_followed(redirecting: str) -> None:
    """Neither the password nor a request gets there."""
    (remark,) = read(caldav=Dav(f"{redirecting}?http://127.0.0.1:1/", "anna", Secret(password="x"))).remarks
    assert "localhost points to another server, 127.0.0.1" in remark


def test_a_server_that_sends_round_in_circles_is_said(redirecting: str) -> None:
    """And left."""
    Elsewhere.asked.clear()
    (remark,) = read(caldav=Dav(f"{redirecting}round", "anna", Secret(password="x"))).remarks
    assert "in circles" in remark
    assert len(Elsewhere.asked) == dav.MOST_REDIRECTIONS


@pytest.mark.parametrize("path", ["", "{user}/", "{user}/people/"])
def test_numbers_on_a_server(user: DavUser, path: str) -> None:
    """The card with the client's address."""
    user.address_book("People", OTHER, CARD)
    found = read(carddav=user.dav(path=path.format(user=user.name)))
    assert [(number.text, number.name) for number in found.numbers] == [("28 34 56 78", "Bo Berg")]
    assert found.remarks == ()


def test_a_wrong_password_is_said(user: DavUser) -> None:
    """By the user's name, without the password."""
    (remark,) = read(caldav=user.dav(password="wrong")).remarks
    assert remark.endswith(f"localhost refused the login of {user.name}")
    assert "wrong" not in remark


def test_a_user_without_calendars_is_told_so(user: DavUser) -> None:
    """Not taken for one whose time is all free."""
    (remark,) = read(caldav=user.dav()).remarks
    assert "has no calendar" in remark


def test_a_server_that_is_not_there_is_said() -> None:
    """Nothing listens."""
    (remark,) = read(caldav=Dav("http://localhost:1/", "anna")).remarks
    assert remark.endswith("localhost cannot be reached")


def test_a_server_that_is_silent_is_given_up(user: DavUser) -> None:
    """After the account's timeout."""
    user.calendar("Work", MEETING)
    user.server.pause()
    began = time.monotonic()
    try:
        (remark,) = read(caldav=user.dav(timeout=1)).remarks
    finally:
        user.server.go_on()
    assert remark.endswith("localhost did not answer within 1 s")
    assert time.monotonic() - began < 10


def test_a_page_that_is_no_dav_is_said(user: DavUser) -> None:
    """The server's web pages, say."""
    (remark,) = read(caldav=user.dav(path=".web/")).remarks
    assert "localhost" in remark


@pytest.fixture(scope="module")
def secure() -> Iterator[Radicale]:
    """A Radicale that speaks TLS, with a certificate of its own authority."""
    server = Radicale(tls=True)
    server.start()
    yield server
    server.remove()


def test_certificates_are_checked(secure: Radicale) -> None:
    """An authority of one's own is named in the config; without it nothing is sent."""
    account = secure.user().dav()
    (trusted,) = read(caldav=account).remarks
    assert "has no calendar" in trusted  # it answered
    (remark,) = read(caldav=replace(account, tls_ca=None)).remarks
    assert "has a certificate that is not trusted" in remark


@pytest.mark.parametrize(
    ("configured", "asked", "allowed"),
    [
        ("https://dav.studio.example/", "https://dav.studio.example/anna/", True),
        ("https://caldav.icloud.example/", "https://p12-caldav.icloud.example:443/1/", True),
        ("https://dav.studio.example/", "http://dav.studio.example/anna/", False),
        ("https://dav.studio.example/", "https://evil.example/", False),
        ("https://dav.studio.example/", "https://evilstudio.example/", False),
        ("http://localhost:5232/", "http://169.254.169.254/", False),
        ("http://localhost:5232/", "https://evil.localhost/", False),
        ("http://127.0.0.1:5232/", "https://1.0.0.1/", False),
    ],
)
def test_only_the_configured_server_is_asked(configured: str, asked: str, allowed: bool) -> None:
    """The password goes to no host that an answer names, unless it is of the same domain and by https."""
    account = Dav(configured, "anna")
    if allowed:
        dav._check(asked, account)
    else:
        with pytest.raises(SourceError, match="points to another server"):
            dav._check(asked, account)


def test_the_right_password_of_radicale_is_beyond_ascii() -> None:
    """So that logging in with one is tested."""
    assert not PASSWORD.isascii()
