"""The user's own calendars and address books on a server: CalDAV (RFC 4791) and CardDAV (RFC 6352), read only.

`caldav` brings HTTP, login and the reading of answers; finding the collections is the same for both and is done here. Only hosts of the configured
domain are spoken to, whatever a server's answers point to: the password goes with every request. Everything here blocks, each answer for at most
`Dav.timeout` seconds of silence; it runs in the process apart (`coolmail.daemon.apart`), which is ended after its time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import urljoin, urlsplit
from xml.sax.saxutils import escape

from caldav.davclient import DAVClient
from caldav.lib.error import AuthorizationError, DAVError
from caldav.response import DAVResponse
from lxml import etree

from coolmail.calls.errors import SourceError
from coolmail.core.settings import Dav

Kind = Literal["calendar", "addressbook"]

_NAMES = {"d": "DAV:", "cal": "urn:ietf:params:xml:ns:caldav", "card": "urn:ietf:params:xml:ns:carddav"}
_PREFIX: dict[Kind, str] = {"calendar": "cal", "addressbook": "card"}
_WELL_KNOWN: dict[Kind, str] = {"calendar": "/.well-known/caldav", "addressbook": "/.well-known/carddav"}
_OPENING = f'xmlns:d="{_NAMES["d"]}" xmlns:cal="{_NAMES["cal"]}" xmlns:card="{_NAMES["card"]}"'


MOST_REDIRECTIONS = 4


@dataclass(frozen=True, slots=True)
class Collection:
    """A calendar or an address book on a server."""

    url: str
    name: str


def events(dav: Dav, password: str, start: datetime, end: datetime) -> Iterator[tuple[str, str]]:
    """Yield, as (calendar, iCalendar data), the events that touch a span of time, series as series. Raises `SourceError`."""
    query = (
        f"<cal:calendar-query {_OPENING}><d:prop><cal:calendar-data/></d:prop>"
        '<cal:filter><cal:comp-filter name="VCALENDAR"><cal:comp-filter name="VEVENT">'
        f'<cal:time-range start="{start:%Y%m%dT%H%M%SZ}" end="{end:%Y%m%dT%H%M%SZ}"/>'
        "</cal:comp-filter></cal:comp-filter></cal:filter></cal:calendar-query>"
    )
    yield from _all(dav, password, "calendar", query, "cal:calendar-data")


def cards(dav: Dav, password: str, address: str) -> Iterator[tuple[str, str]]:
    """Yield, as (address book, vCard), the cards that have a mail address. Raises `SourceError`."""
    query = (
        f"<card:addressbook-query {_OPENING}><d:prop><card:address-data/></d:prop>"
        '<card:filter><card:prop-filter name="EMAIL"><card:text-match collation="i;unicode-casemap" match-type="contains">'
        f"{escape(address)}</card:text-match></card:prop-filter></card:filter></card:addressbook-query>"
    )
    yield from _all(dav, password, "addressbook", query, "card:address-data")


def _all(dav: Dav, password: str, kind: Kind, query: str, wanted: str) -> Iterator[tuple[str, str]]:
    with _speaking(dav, password) as ask:
        found = collections(dav, ask, kind)
        missing = {name.casefold() for name in dav.only} - {one.name.casefold() for one in found}
        if missing:
            names = ", ".join(one.name for one in found) or "nothing"
            raise SourceError(f"{dav.url} has no {kind} named {', '.join(sorted(missing))}; it has {names}")
        if not found:
            raise SourceError(f"{dav.url} has no {kind}")
        for one in found:
            if dav.only and one.name.casefold() not in {name.casefold() for name in dav.only}:
                continue
            for data in ask(one.url, "REPORT", query, 1).iterfind(f".//{wanted}", _NAMES):
                if data.text:
                    yield one.name, data.text


Ask = Callable[[str, str, str, int], etree._Element]
"""Sends one request (address, method, body, depth) and returns the multistatus element, empty where the server answered otherwise."""


def collections(dav: Dav, ask: Ask, kind: Kind) -> list[Collection]:
    """Find the collections of a kind: the address itself, or those of who logs in (RFC 5397, RFC 4791 section 6.2.1, RFC 6352 section 7.1.1)."""
    home = f"{_PREFIX[kind]}:{kind}-home-set"
    body = f"<d:propfind {_OPENING}><d:prop><d:resourcetype/><d:displayname/><d:current-user-principal/><{home}/></d:prop></d:propfind>"
    url = dav.url
    first = ask(url, "PROPFIND", body, 0)
    if not len(first) and urlsplit(url).path in {"", "/"}:
        url = urljoin(url, _WELL_KNOWN[kind])
        first = ask(url, "PROPFIND", body, 0)
    if own := _collections(first, url, kind):
        return own
    for step in (f".//{home}/d:href", ".//d:current-user-principal/d:href"):
        if (href := first.findtext(step, None, _NAMES)) is not None:
            url = urljoin(url, href.strip())
            if step.startswith(f".//{home}"):
                break
            answer = ask(url, "PROPFIND", body, 0)
            url = urljoin(url, (answer.findtext(f".//{home}/d:href", None, _NAMES) or "").strip())
    return _collections(ask(url, "PROPFIND", body, 1), url, kind)


def _collections(answer: etree._Element, url: str, kind: Kind) -> list[Collection]:
    found = []
    for response in answer.iterfind("d:response", _NAMES):
        href = response.findtext("d:href", "", _NAMES).strip()
        if href and response.find(f".//d:resourcetype/{_PREFIX[kind]}:{kind}", _NAMES) is not None:
            name = (response.findtext(".//d:displayname", None, _NAMES) or "").strip()
            found.append(Collection(urljoin(url, href), name or href.rstrip("/").rpartition("/")[2]))
    return found


@contextmanager
def _speaking(dav: Dav, password: str) -> Iterator[Ask]:
    """Speak with the server; what goes wrong becomes a `SourceError`."""
    try:
        with DAVClient(
            url=dav.url,
            username=dav.username,
            password=password,
            timeout=max(1, round(dav.timeout)),
            ssl_verify_cert=dav.tls_ca or True,
            enable_rfc6764=False,
        ) as client:
            client.session.trust_env = False  # no .netrc, which would send another password
            client.session.max_redirects = 0  # followed here, where the host is looked at first

            def ask(url: str, method: str, body: str, depth: int) -> etree._Element:
                response = _request(client, dav, url, method, body, depth)
                if response.status == 207 and response.tree is not None:
                    return response.tree
                if method == "REPORT":
                    raise SourceError(f"{dav.host} answered {response.status} {response.reason}")
                return etree.Element("none")

            yield ask
    except AuthorizationError as error:
        raise SourceError(f"{dav.host} refused the login of {dav.username}") from error
    except DAVError as error:
        raise SourceError(f"{dav.host}: {str(error)[:200]}") from error
    except (OSError, etree.LxmlError, ValueError) as error:
        raise SourceError(f"{dav.host} {_trouble(error, dav)}") from error


def _request(client: DAVClient, dav: Dav, url: str, method: str, body: str, depth: int) -> DAVResponse:
    """Send one request, along redirections that lead to no other server."""
    for _ in range(MOST_REDIRECTIONS):
        _check(url, dav)
        try:
            return client.request(url, method, body, {"Depth": str(depth)})
        except OSError as error:
            if type(error).__name__ != "TooManyRedirects":
                raise
            url = urljoin(url, str(getattr(error, "response", None).headers["Location"]))  # type: ignore[union-attr]
    raise SourceError(f"{dav.host} sends requests round in circles")


def _trouble(error: Exception, dav: Dav) -> str:
    """Return what is wrong with a connection. The HTTP library of `caldav` is one of several, whose errors go by the same names."""
    name = type(error).__name__
    if "Timeout" in name:
        return f"did not answer within {dav.timeout:.0f} s"
    if "SSL" in name or "CERTIFICATE" in str(error):
        return "has a certificate that is not trusted; if it is your own server, name its authority as tls_ca"
    if "Connection" in name:
        return "cannot be reached"
    return f"does not answer as it should: {str(error)[:200]}"


def _check(url: str, dav: Dav) -> None:
    """Raise a `SourceError` unless an address belongs to the configured server: the same host, or by https one of the same domain (iCloud's way)."""
    asked, own = urlsplit(url), urlsplit(dav.url)
    host, ours = (asked.hostname or "").lower(), (own.hostname or "").lower()
    if (asked.scheme, host) == (own.scheme, ours):
        return
    domain = ".".join(ours.split(".")[-2:])
    if (
        asked.scheme == "https"
        and ours.count(".") >= 1
        and host.endswith(f".{domain}")
        and not host.replace(".", "").isdigit()
    ):
        return
    raise SourceError(f"{dav.host} points to another server, {host or url[:80]}, which was not asked")
