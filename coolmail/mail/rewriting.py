"""Changing the author's own text inside a message, and nothing else.

`open_text` finds where the own text stands and gives it as lines to edit; `Editable.rewritten` puts edited lines back. A line that was not changed
keeps its bytes, and so does everything around the own text: headers, quoted mail, signature, attachments, boundaries. Where the new words need a
charset that the part does not have, the part is written anew in UTF-8, its content otherwise the same.

A message may say the same twice, as plain text and as HTML; both are changed. What cannot be changed without breaking it (a signature,
encryption), or where the own text cannot be found for certain, is refused with a `CannotEditError` that says what to do.
"""

from __future__ import annotations

import base64
import quopri
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from email.message import Message

from coolmail.core.errors import CoolmailError
from coolmail.core.lines import from_plain
from coolmail.core.owntext import own_text
from coolmail.mail import htmltext
from coolmail.mail.bodies import (
    MAX_DEPTH,
    MAX_PARTS,
    child_spans,
    content_headers,
    is_attachment,
    parameter,
    read_bodies,
)
from coolmail.mail.decoding import to_text, transfer_decoded
from coolmail.mail.headers import Field, crlf_message, split

LARGEST_TEXT = 500_000
"""Bytes of a text part that is edited; a longer one is no letter."""

WIDTH = 76
"""Columns to which a changed line is wrapped where all lines of the letter are short, as its client wrapped them."""

_INVISIBLE = re.compile(r"[\u00ad\u200b\u200c\u2060\ufeff\x00]")
_SIGNED = re.compile(rb"-----BEGIN PGP SIGNED MESSAGE-----")


class CannotEditError(CoolmailError):
    """A message whose own text cannot be changed without harm; the text says why and what to do instead."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A text part: where it stands in the message (`head` to `end`, its body from `body`), and how it is written."""

    head: int
    body: int
    end: int
    kind: str
    charset: str
    encoding: str
    flowed: bool = False
    delsp: bool = False
    alternative: bool = False
    """Whether another form of it may say the same."""


@dataclass(frozen=True, slots=True)
class Editable:
    """A message in CRLF form and the lines of its own text, as its author sees them."""

    raw: bytes
    lines: tuple[str, ...]
    _parts: tuple[_Part, ...]

    def rewritten(self, lines: Sequence[str]) -> bytes:
        """Return the message with these lines in the place of its own text."""
        raw = self.raw
        if tuple(lines) == self.lines:
            return raw
        for part in sorted(self._parts, key=lambda part: -part.head):
            # From the end, so that the places of the parts before it still hold.
            raw = raw[: part.head] + _rewritten(self.raw, part, list(lines)) + raw[part.end :]
        return raw


def open_text(raw: bytes) -> Editable:
    """Find the own text of a message, ready to be edited. Raises `CannotEditError`."""
    raw = bytes(crlf_message(raw))
    parts = list(_text_parts(raw, 0, len(raw), 0, [0], alternative=False))
    if _SIGNED.search(raw):
        raise CannotEditError(_SIGNED_WORDS)
    if read_bodies(split(raw)).encrypted:
        raise CannotEditError(
            "it is encrypted, so its text can't be read here. Withdraw it and edit it in your mail client"
        )
    plain = [part for part in parts if part.kind == "text/plain"]
    html = [part for part in parts if part.kind == "text/html"]
    if not parts:
        raise CannotEditError("it has no text part that could be edited here" + _INSTEAD)
    if len(plain) > 1 or len(html) > 1 or (len(parts) == 2 and not all(part.alternative for part in parts)):
        raise CannotEditError("its text lies in several parts" + _INSTEAD)
    shown = (html or plain)[0]
    lines = _own_lines(raw, shown)
    if html and plain:
        _own_lines(raw, plain[0])
    return Editable(raw, tuple(lines), tuple(parts))


_INSTEAD = ". Withdraw it and edit it in your mail client, or edit the whole message with --raw"
_SIGNED_WORDS = "it carries a digital signature, which any change would break. Withdraw it, edit it in your mail client, and let that sign it again"


def _text_parts(raw: bytes, head: int, end: int, depth: int, count: list[int], *, alternative: bool) -> Iterator[_Part]:
    """The text parts of the part that stands at `head` to `end`; refuses signatures."""
    count[0] += 1
    if depth > MAX_DEPTH or count[0] > MAX_PARTS:
        return
    parts = split(raw[head:end])
    body = end - len(parts.body)
    fields = content_headers(parts)
    kind = fields.get_content_type()
    if kind == "multipart/signed" or "pkcs7" in kind:
        raise CannotEditError(_SIGNED_WORDS)
    if kind.startswith("multipart/"):
        for first, last in child_spans(parts.body, parameter(fields, "boundary")):
            inner = alternative or kind == "multipart/alternative"
            yield from _text_parts(raw, body + first, body + last, depth + 1, count, alternative=inner)
    elif kind in {"text/plain", "text/html"} and not (depth and is_attachment(fields)):
        if end - body > LARGEST_TEXT:
            raise CannotEditError("its text is too long to be edited here" + _INSTEAD)
        flowed = kind == "text/plain" and parameter(fields, "format").lower() == "flowed"
        yield _Part(
            head,
            body,
            end,
            kind,
            parameter(fields, "charset"),
            str(fields.get("content-transfer-encoding", "7bit")).strip().lower(),
            flowed,
            flowed and parameter(fields, "delsp").lower() == "yes",
            alternative,
        )


# -- the text of a part as lines


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is seen as one line of a plain text: one line of it, or a paragraph of format=flowed. `first` and `last` are indexes of its lines."""

    text: str
    first: int
    last: int
    quoted: bool


def _decoded(raw: bytes, part: _Part) -> str:
    body = transfer_decoded(raw[part.body : part.end], part.encoding)
    return to_text(body, part.charset).replace("\r\n", "\n").replace("\r", "\n")


def _units(text: str, part: _Part) -> list[_Unit]:
    lines = text.split("\n")
    units, first = [], 0
    for index, line in enumerate(lines):
        goes_on = part.flowed and line.endswith(" ") and line != "-- " and index + 1 < len(lines)
        if goes_on and not line.startswith(">") and not lines[index + 1].startswith(">"):
            continue
        seen = from_plain("\n".join(lines[first : index + 1]), flowed=part.flowed, delsp=part.delsp)
        quoted = any(each.quoted for each in seen)
        shown = lines[first] if quoted or len(seen) != 1 else seen[0].text
        units.append(_Unit(shown, first, index + 1, quoted))
        first = index + 1
    return units


def _key(text: str) -> str:
    return " ".join(_INVISIBLE.sub("", text).split())


def _region(seen: Sequence[str | None], own: str) -> tuple[int, int]:
    """Where the own text stands among what is seen: from its first line to behind its last. None in `seen` is what cannot be own."""
    wanted = [key for line in own.split("\n") if (key := _key(line))]
    found: list[int] = []
    at = 0
    for key in wanted:
        while at < len(seen) and (seen[at] is None or _key(seen[at] or "") != key):
            at += 1
        if at == len(seen):
            raise CannotEditError("its own text can't be told from what surrounds it" + _INSTEAD)
        found.append(at)
        at += 1
    if not found:
        raise CannotEditError("it has no text of your own" + _INSTEAD)
    return found[0], found[-1] + 1


def _own_lines(raw: bytes, part: _Part) -> list[str]:
    text = _decoded(raw, part)
    if part.kind == "text/html":
        first, last, pieces = _html_region(text)
        return [line for line, _ in _html_lines(pieces[first:last])]
    units = _units(text, part)
    first, last = _plain_region(text, units, part)
    return [unit.text.rstrip() for unit in units[first:last]]


def _plain_region(text: str, units: list[_Unit], part: _Part) -> tuple[int, int]:
    own = own_text(text, None, flowed=part.flowed, delsp=part.delsp).text
    return _region([None if unit.quoted else unit.text for unit in units], own)


def _html_region(text: str) -> tuple[int, int, list[htmltext.Stretch]]:
    pieces = htmltext.stretches(text)
    first, last = _region([piece.text or None for piece in pieces], own_text(None, text).text)
    return first, last, pieces


def _html_lines(pieces: Sequence[htmltext.Stretch]) -> list[tuple[str, htmltext.Stretch | None]]:
    """The lines that are shown, each with the stretch it comes from; None for the empty line below a paragraph."""
    lines: list[tuple[str, htmltext.Stretch | None]] = []
    for number, piece in enumerate(pieces):
        lines.append((piece.text, piece))
        if piece.paragraph and number + 1 < len(pieces) and piece.text:
            lines.append(("", None))
    return lines


# -- putting lines back


def _rewritten(raw: bytes, part: _Part, lines: list[str]) -> bytes:
    text = _decoded(raw, part)
    new = _in_html(text, lines) if part.kind == "text/html" else _in_plain(text, lines, part)
    return raw[part.head : part.end] if new == text else _encoded(raw, part, text, new)


def _in_plain(text: str, lines: list[str], part: _Part) -> str:
    units = _units(text, part)
    first, last = _plain_region(text, units, part)
    old, source = units[first:last], text.split("\n")
    short = max((len(line) for unit in old for line in source[unit.first : unit.last]), default=0) <= 80
    shown = [unit.text.rstrip() for unit in old]
    if not part.flowed and any(len(line) > WIDTH for line in lines) and short:
        # The lines of the HTML are whole paragraphs, those of the plain text are not: wrapped first, many are the same again.
        lines = [piece for line in lines for piece in (_wrap(line) if line not in shown else [line])]
    written: list[str] = []
    for kind, a1, a2, b1, b2 in SequenceMatcher(None, shown, lines, autojunk=False).get_opcodes():
        if kind == "equal":
            written += source[old[a1].first : old[a2 - 1].last]
        else:
            written += [piece for line in lines[b1:b2] for piece in (_flow(line, part) if part.flowed else [line])]
    before, after = source[: old[0].first], source[old[-1].last :]
    return "\n".join((*before, *written, *after))


def _wrap(line: str) -> list[str]:
    return textwrap.wrap(line, WIDTH, break_long_words=False, break_on_hyphens=False) or [""]


def _flow(line: str, part: _Part) -> list[str]:
    """One paragraph as lines of format=flowed (RFC 3676): soft breaks, and stuffing where a line could be misread."""
    pieces = textwrap.wrap(line, 70, break_long_words=False, break_on_hyphens=False) or [""]
    soft = "  " if part.delsp else " "
    stuffed = [f" {piece}" if piece.startswith((" ", ">", "From ")) else piece for piece in pieces]
    return [*(piece + soft for piece in stuffed[:-1]), stuffed[-1]]


def _in_html(text: str, lines: list[str]) -> str:
    first, last, pieces = _html_region(text)
    old = _html_lines(pieces[first:last])
    edits: list[tuple[int, int, str]] = []
    for kind, a1, a2, b1, b2 in SequenceMatcher(None, [line for line, _ in old], lines, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        there = [piece for _, piece in old[a1:a2] if piece is not None and piece.text]
        new, blanks = [], 0
        for line in lines[b1:b2]:
            if line.strip():
                new.append((blanks, line.strip()))
                blanks = 0
            else:
                blanks += 1
        for piece, (_, line) in zip(there, new, strict=False):
            edits.append((piece.start, piece.end, htmltext.replaced(text, piece.start, piece.end, line)))
        edits += [(piece.start, piece.after, _without(text, piece)) for piece in there[len(new) :]]
        if more := new[len(there) :]:
            edits.append(_insertion(old, there, a1, more))
        elif not there and blanks:
            edits.append(_insertion(old, there, a1, [(blanks - 1, "")]))
    for start, end, words in sorted(edits, key=lambda edit: (-edit[0], -edit[1])):
        text = text[:start] + words + text[end:]
    return text


def _without(text: str, piece: htmltext.Stretch) -> str:
    """What stays where a line is taken out: tags that begin or end elsewhere, and pictures."""
    return htmltext.replaced(text, piece.start, piece.end, "")


def _insertion(
    old: list[tuple[str, htmltext.Stretch | None]],
    there: list[htmltext.Stretch],
    at: int,
    more: list[tuple[int, str]],
) -> tuple[int, int, str]:
    """Lines that are new, below the last changed line, or the line above, or above the first line of all."""
    above = there[-1:] or [piece for _, piece in old[:at] if piece is not None and piece.text][-1:]
    escaped = [(blanks, htmltext.escaped(line)) for blanks, line in more]
    if above:
        position = above[0].end
        return position, position, "".join("<br>\r\n" * (1 + blanks) + line for blanks, line in escaped)
    position = next(piece.start for _, piece in old if piece is not None and piece.text)
    return position, position, "".join("<br>\r\n" * blanks + line + "<br>\r\n" for blanks, line in escaped)


# -- back to bytes


def _encoded(raw: bytes, part: _Part, old: str, new: str) -> bytes:
    """The part with its new text; lines that are the same keep their bytes."""
    head, body = raw[part.head : part.body], raw[part.body : part.end]
    charset = _charset_of(transfer_decoded(body, part.encoding), part.charset)
    if charset is None or not _fits(new, charset) or (part.encoding in {"7bit", ""} and not new.isascii()):
        return _in_utf8(head, part, new)
    pieces = _pieces(body, part.encoding)
    if pieces is None or len(pieces) != len(old.split("\n")):
        return head + _transfer_encoded(new.replace("\n", "\r\n").encode(charset), part.encoding)
    return head + _spliced(pieces, old.split("\n"), new.split("\n"), part.encoding, charset)


def _fits(text: str, charset: str) -> bool:
    try:
        text.encode(charset)
    except UnicodeError:
        return False
    return True


def _charset_of(body: bytes, named: str) -> str | None:
    """The charset in which `to_text` read the bytes, if letters beyond ASCII don't disturb line ends in it."""
    for charset in (named, "utf-8"):
        try:
            if charset and "a\n".encode(charset) == b"a\n":
                body.decode(charset)
                return charset
        except (UnicodeError, LookupError, ValueError):
            continue
    return None


def _in_utf8(head: bytes, part: _Part, new: str) -> bytes:
    """The part in UTF-8, in an encoding that every server takes."""
    parts = split(head)
    encoding = part.encoding if part.encoding in {"base64", "8bit"} else "quoted-printable"
    fields = content_headers(parts)
    kind = Message()
    kind["Content-Type"] = str(fields.get("content-type", part.kind))
    kind.set_param("charset", "utf-8")
    for name, value in (("Content-Type", str(kind["Content-Type"])), ("Content-Transfer-Encoding", encoding)):
        there = parts.first(name.lower())
        if there is None:
            parts = parts.with_field(name, value)
        else:
            parts = parts.with_replaced(there, Field(name.lower(), f"{name}: {value}\r\n".encode("utf-8", "replace")))
    if not parts.separator:
        parts = split(bytes(parts) + b"\r\n")
    return bytes(parts) + _transfer_encoded(new.replace("\n", "\r\n").encode("utf-8", "replace"), encoding)


def _transfer_encoded(body: bytes, encoding: str) -> bytes:
    if encoding == "base64":
        return base64.encodebytes(body).replace(b"\n", b"\r\n").removesuffix(b"\r\n")
    if encoding == "quoted-printable":
        return quopri.encodestring(body.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    return body


def _pieces(body: bytes, encoding: str) -> list[bytes] | None:
    """The bytes of each line of the text, with its line end; None where lines cannot be told in the bytes."""
    if encoding == "base64":
        return None
    physical = body.split(b"\r\n")
    lines = [line + b"\r\n" for line in physical[:-1]] + [physical[-1]]
    if encoding != "quoted-printable":
        return lines
    joined: list[bytes] = []
    soft = False
    for line in lines:
        if soft:
            joined[-1] += line
        else:
            joined.append(line)
        soft = line.rstrip().endswith(b"=") and line.endswith(b"\r\n")
    return joined


def _spliced(pieces: list[bytes], old: list[str], new: list[str], encoding: str, charset: str) -> bytes:
    written: list[bytes] = []
    for kind, a1, a2, b1, b2 in _opcodes(old, new):
        if kind == "equal":
            written += pieces[a1:a2]
            continue
        for line in new[b1:b2]:
            # The text is one line of quoted-printable here: what ends it is not encoded.
            written.append(_transfer_encoded(line.encode(charset), encoding).rstrip(b"\r\n") + b"\r\n")
    # Every line has its end but the last.
    bare = [piece.removesuffix(b"\r\n") for piece in written[-1:]]
    return b"".join((*(piece if piece.endswith(b"\r\n") else piece + b"\r\n" for piece in written[:-1]), *bare))


def _opcodes(old: list[str], new: list[str]) -> list[tuple[str, int, int, int, int]]:
    """What differs, found quickly: what is the same at both ends is not compared."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    middle_old, middle_new = old[head : len(old) - tail], new[head : len(new) - tail]
    middle = SequenceMatcher(None, middle_old, middle_new, autojunk=False).get_opcodes()
    return [
        ("equal", 0, head, 0, head),
        *((kind, a1 + head, a2 + head, b1 + head, b2 + head) for kind, a1, a2, b1, b2 in middle),
        ("equal", len(old) - tail, len(old), len(new) - tail, len(new)),
    ]
