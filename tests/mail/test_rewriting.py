"""Changing the own text of a message: the new words are in it, and everything around them has the bytes it had."""

from __future__ import annotations

import base64
import quopri
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coolmail.mail.message import read_draft
from coolmail.mail.rewriting import CannotEditError, open_text

REPLIES = Path(__file__).parent.parent / "data" / "replies"
HEAD = b"From: anna@studio.example\r\nTo: bo@shop.example\r\nSubject: Re: x\r\nMIME-Version: 1.0\r\n"
QUOTE = "On Mon, 3 Mar 2025 at 10:00, Bo <bo@shop.example> wrote:\r\n> Where is  it?=20\r\n>\r\n>   yours, B\xf6\r\n"
PLAIN = (
    "Bo,\r\n\r\nyou never read a thing. Look at p\xe5ge two.\r\n\r\nAnna\r\n-- \r\nAnna Holm, Studio\r\n\r\n" + QUOTE
)
HTML = (
    '<html><head><style>p {color: red}</style></head><body><p>Bo,</p>\r\n<p>you <b>never</b> read a thing. Look at <a href="x">p&aring;ge</a> two.'
    '<img src="cid:1"></p><p>Keep <i>this</i> as it is.</p><div class="gmail_quote"><div class="gmail_attr">On Mon Bo wrote:<br></div>'
    "<blockquote>Where is it?</blockquote></div></body></html>"
)
PICTURE = base64.encodebytes(bytes(range(256)) * 20).replace(b"\n", b"\r\n")


def encoded(text: str, encoding: str, charset: str) -> bytes:
    """Return a text as a transfer encoding writes it."""
    data = text.encode(charset)
    if encoding == "base64":
        return base64.encodebytes(data).replace(b"\n", b"\r\n")
    if encoding == "quoted-printable":
        return quopri.encodestring(data.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    return data


def part(text: str, kind: str = "plain", encoding: str = "8bit", charset: str = "iso-8859-1", more: str = "") -> bytes:
    """Return a text part with its header."""
    head = f"Content-Type: text/{kind}; charset={charset}{more}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + encoded(text, encoding, charset)


def multipart(kind: str, boundary: str, *parts: bytes) -> bytes:
    """Return a multipart with a preamble and an epilogue, which are nobody's text and stay."""
    body = b"".join(b"--" + boundary.encode() + b"\r\n" + each + b"\r\n" for each in parts)
    head = f'Content-Type: multipart/{kind};\r\n\tboundary="{boundary}"\r\n\r\npreamble\r\n'.encode()
    return head + body + f"--{boundary}--\r\nepilogue\r\n".encode()


@pytest.mark.parametrize("encoding", ["8bit", "quoted-printable", "base64"])
def test_only_the_changed_line_changes(encoding: str) -> None:
    """The quoted mail and the signature are not even written differently, whatever the encoding."""
    raw = HEAD + part(PLAIN, encoding=encoding)
    text = open_text(raw)
    assert text.lines == ("Bo,", "", "you never read a thing. Look at p\xe5ge two.", "", "Anna")
    new = text.rewritten(["Bo,", "", "please look at p\xe5ge two.", "", "Anna"])
    old_words, new_words = "you never read a thing. Look at p\xe5ge two.", "please look at p\xe5ge two."
    expected = HEAD + part(PLAIN.replace(old_words, new_words), encoding=encoding)
    assert new == (expected.removesuffix(b"\r\n") if encoding == "base64" else expected)


def test_soft_breaks_of_other_lines_stay_as_they_are() -> None:
    """Quoted-printable can be written in many ways; a line that was not touched keeps its own."""
    raw = (
        HEAD
        + b"Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nBo=\r\n,=20\r\nyou fool=21\r\n>  wh=\r\n=65re=3f\r\n"
    )
    assert (
        open_text(raw)
        .rewritten(["Bo,", "dear Bo"])
        .endswith(b"\r\n\r\nBo=\r\n,=20\r\ndear Bo\r\n>  wh=\r\n=65re=3f\r\n")
    )


def test_both_forms_are_changed_and_attachments_are_not() -> None:
    """multipart/mixed with alternative, related picture and attachment: structure and bytes as before; bold words elsewhere stay bold."""
    picture = b"Content-Type: image/png\r\nContent-ID: <1>\r\nContent-Transfer-Encoding: base64\r\n\r\n" + PICTURE
    attached = (
        b"Content-Type: text/plain; name=a.txt\r\nContent-Disposition: attachment\r\n\r\nyou never read a thing.\r\n"
    )
    plain = PLAIN.replace("Anna\r\n--", "Keep this as it is.\r\n--")
    related = multipart("related", "r", part(HTML, "html", "quoted-printable"), picture)
    raw = HEAD + multipart("mixed", "m", multipart("alternative", "a", part(plain), related), attached)
    text = open_text(raw)
    assert text.lines == ("Bo,", "", "you never read a thing. Look at p\xe5ge two.", "", "Keep this as it is.")
    new = text.rewritten(["Bo,", "", "please look & see <page two>.", "", "Thank you.", "", "Keep this as it is."])
    message = message_from_bytes(new, policy=policy.default)
    assert [each.get_content_type() for each in message.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png", "text/plain",
    ]  # fmt: skip
    assert picture in new
    assert attached in new
    assert QUOTE.encode("iso-8859-1") in new
    html = next(each for each in message.walk() if each.get_content_type() == "text/html").get_content()
    assert "<p>please look &amp; see &lt;page two&gt;." in html
    assert '<img src="cid:1">' in html
    assert "Keep <i>this</i> as it is." in html
    assert html.count("</p>") == html.count("<p>") == 3
    assert HTML[HTML.index('<div class="gmail_quote">') :] in html
    own = read_draft(new).own_text.text
    assert own.split("\n\n") == ["Bo,", "please look & see <page two>.", "Thank you.", "Keep this as it is."]
    first = next(each for each in message.walk() if each.get_content_type() == "text/plain")
    assert (
        "please look & see <page two>.\n\nThank you.\n\nKeep this as it is.\n-- \nAnna"
        in first.get_content().replace("\r\n", "\n")
    )


def test_words_that_the_charset_lacks_make_the_part_utf8() -> None:
    """Nothing else of the text is lost on the way, nor of its header."""
    raw = HEAD + part(PLAIN, more="; format=fixed")
    new = open_text(raw).rewritten(["Grüße nach Łódź 👍"])
    message = message_from_bytes(new, policy=policy.default)
    assert message.get_content_charset() == "utf-8"
    assert message["content-type"].params["format"] == "fixed"
    assert message.get_content() == "Grüße nach Łódź 👍\r\n" + PLAIN[PLAIN.index("-- \r\n") :]


def test_new_words_beyond_ascii_travel_through_any_server() -> None:
    """A 7bit part becomes quoted-printable, not raw 8bit; one without a charset gets one."""
    new = open_text(HEAD + b"\r\nHello\r\n> quoted = words\r\n").rewritten(["Smørrebrød"])
    assert new.isascii()
    assert message_from_bytes(new, policy=policy.default).get_content() == "Smørrebrød\r\n> quoted = words\r\n"


def test_flowed_paragraphs_stay_flowed() -> None:
    """format=flowed: a changed paragraph is broken softly and stuffed (RFC 3676), the others keep their breaks."""
    body = "A first \r\nparagraph.\r\n\r\nA second \r\nparagraph.\r\n> quoted \r\n> words\r\n"
    text = open_text(HEAD + part(body, more="; format=flowed"))
    assert text.lines == ("A first paragraph.", "", "A second paragraph.")
    long = "From here on " + "many words " * 12 + "follow."
    new = text.rewritten(["A first paragraph.", "", long])
    assert new.count(b"A first \r\nparagraph.\r\n\r\n From here on") == 1
    assert read_draft(new).own_text.text == f"A first paragraph.\n\n{long}"
    assert new.endswith(b"> quoted \r\n> words\r\n")


SIGNED = [
    multipart("signed", "s", part(PLAIN), b"Content-Type: application/pgp-signature\r\n\r\nxx"),
    b"Content-Type: application/pkcs7-mime; smime-type=signed-data\r\n\r\nMIIB",
    b"\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\nHello\r\n",
]
CLOSED = [
    (multipart("encrypted", "e", b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1"), "encrypted"),
    (b"\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nhQE\r\n", "encrypted"),
    (multipart("mixed", "m", part(PLAIN), part(HTML, "html")), "several parts"),
    (multipart("mixed", "m", part(PLAIN), part(PLAIN)), "several parts"),
    (b"Content-Type: image/png\r\n\r\nxx", "no text part"),
    (b"\r\n> only a quote\r\n", "no text of your own|can't be told"),
    (b"\r\n" + b"x" * 600_000, "too long"),
    *((raw, "digital signature") for raw in SIGNED),
]


@pytest.mark.parametrize(("body", "why"), CLOSED)
def test_what_cannot_be_edited_without_harm_is_refused(body: bytes, why: str) -> None:
    """With the reason and the way that is left."""
    with pytest.raises(CannotEditError, match=why) as refused:
        open_text(HEAD + body)
    assert "mail client" in str(refused.value) or "several" in str(refused.value)


def replies() -> list[Path]:
    """Return real replies of many clients, plain and HTML."""
    return sorted(each for each in REPLIES.rglob("*") if each.is_file() and each.suffix in {".txt", ".html"})


@pytest.mark.parametrize("file", replies(), ids=lambda file: file.name)
@pytest.mark.parametrize("encoding", ["8bit", "quoted-printable", "base64"])
def test_real_replies_can_be_edited(file: Path, encoding: str) -> None:
    """Every line changed is found again in the own text; nothing changed is the same message."""
    body = file.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n").replace("\n", "\r\n")
    text = open_text(HEAD + part(body, "html" if file.suffix == ".html" else "plain", encoding, "utf-8"))
    assert text.rewritten(text.lines) == text.raw
    new = [f"Ænd: {line}" if line.strip() else line for line in text.lines]
    own = read_draft(text.rewritten(new)).own_text.text
    assert own.startswith("Ænd: ")
    # Quotes between answers are shown, too; prefixed they are taken for what they were.
    assert " ".join(" ".join(new).split()).startswith(" ".join(own.split()))


lines = st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=90), min_size=1, max_size=6)


@given(lines, st.sampled_from(["8bit", "quoted-printable", "base64"]), st.booleans())
def test_any_words_can_be_put_in(new: list[str], encoding: str, html: bool) -> None:
    """Whatever is typed, the message stays whole and what is quoted stays in it."""
    source = HTML if html else PLAIN
    text = open_text(HEAD + part(source, "html" if html else "plain", encoding))
    message = message_from_bytes(text.rewritten(new), policy=policy.default)
    quoted = HTML[HTML.index('<div class="gmail_quote">') :] if html else QUOTE
    assert quoted in message.get_content().replace("\r\n", "\n").replace("\n", "\r\n")
