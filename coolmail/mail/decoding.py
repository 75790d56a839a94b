"""From bytes to text, whatever the charset label says and however broken the encoding is: nothing here raises."""

from __future__ import annotations

import binascii
import codecs
import quopri
import re

READ_AT_MOST = 8_000
"""Bytes of one header value that are read as text; RFC 5322 allows 998 a line."""

_NOT_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape"})
"""Python text codecs that are no charsets of mail: some are quadratic, some run escapes."""


def to_text(data: bytes, charset: str | None = None) -> str:
    """The bytes as text: in the charset that is named, else UTF-8, else Windows-1252, which reads any byte somehow."""
    for name in (charset, "utf-8"):
        if name and _is_charset(name):
            try:
                return data.decode(name)
            except (UnicodeError, LookupError, ValueError):
                continue
    return data.decode("windows-1252", errors="replace")


def _is_charset(name: str) -> bool:
    try:
        return codecs.lookup(name).name not in _NOT_CHARSETS
    except (LookupError, ValueError):
        return False


def header_text(value: bytes) -> str:
    """A header value as a reader sees it: RFC 2047 words decoded, raw 8-bit text read as UTF-8, control characters as spaces, on one line."""
    text = to_text(value[:READ_AT_MOST])
    if "=?" in text:
        text = _decode_words(text)
    return one_line(text)


def one_line(text: str) -> str:
    """The text with every run of white space and control characters as one space."""
    return " ".join(_CONTROL.sub(" ", text).split())


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _decode_words(text: str) -> str:
    # The library's decode_header raises on bad base64 and mixes up raw non-ASCII text with encoded words.
    decoded: list[str] = []
    word, word_charset, position = b"", "", 0
    for match in _ENCODED_WORD.finditer(text):
        between = text[position : match.start()]
        data, charset = _word_bytes(match["encoding"], match["text"]), match["charset"].lower()
        adjacent = word_charset and not between.strip()
        if not (adjacent and charset == word_charset):
            decoded.append(to_text(word, word_charset))
            word = b""
        if not adjacent:
            decoded.append(between)
        # A character may be cut between two words although RFC 2047 section 5 forbids it: join first, decode then.
        word, word_charset, position = word + data, charset, match.end()
    decoded += (to_text(word, word_charset), text[position:])
    return "".join(decoded)


_ENCODED_WORD = re.compile(
    r"=\?(?P<charset>[^?*\s]{1,60})(?:\*[^?\s]{0,60})?\?(?P<encoding>[bBqQ])\?(?P<text>[^?]*)\?="
)


def _word_bytes(encoding: str, text: str) -> bytes:
    data = text.encode("utf-8", errors="replace")
    if encoding in "bB":
        return transfer_decoded(data, "base64")
    return binascii.a2b_qp(data, header=True)


def transfer_decoded(body: bytes, encoding: str) -> bytes:
    """A part's content, freed of its Content-Transfer-Encoding; as it is where the encoding is unknown or broken."""
    encoding = encoding.strip().lower()
    if encoding == "base64":
        clean = body.translate(None, _NOT_BASE64)
        try:
            return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))
        except (binascii.Error, ValueError):
            return body
    if encoding == "quoted-printable":
        return quopri.decodestring(body)
    return body


_BASE64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
_NOT_BASE64 = bytes(byte for byte in range(256) if byte not in _BASE64)
