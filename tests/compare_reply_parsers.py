"""Measure reply parsers and HTML parsers on the samples in tests/data/replies and on hostile input; prints the tables of docs/decisions/own-text.md.

Needs the libraries that are compared: pip install mail-parser-reply quotequail email-reply-parser selectolax
Run: python -m tests.compare_reply_parsers
"""

from __future__ import annotations

import json
import multiprocessing
import re
import sys
import time
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import quotequail
from email_reply_parser import EmailReplyParser
from lxml import html as lxml_html
from mailparser_reply import EmailReplyParser as MailParserReply
from selectolax.lexbor import LexborHTMLParser

from coolmail.core.htmllines import from_html
from coolmail.core.owntext import own_text
from coolmail.mail.bodies import read_bodies
from coolmail.mail.headers import split

DATA = Path(__file__).parent / "data" / "replies"
LANGUAGES = ["en", "da", "de", "es", "fr", "it", "nl", "pl", "sv"]
"""Of ours, mail-parser-reply knows these."""


def main() -> None:
    """Print the three tables."""
    write("| parser | set | exact | own words lost | foreign words kept |\n| --- | --- | --- | --- | --- |\n")
    for name, parser in PARSERS.items():
        for title, samples in (("collected", collected()), ("written", written())):
            write(f"| {name} | {title} | {score(parser, samples)} |\n")
    write("\n| parser | worst of hostile texts, 1 MB each | on |\n| --- | --- | --- |\n")
    for name, parser in PARSERS.items():
        write(f"| {name} | {worst(lambda text, parser=parser: parser(text, None), HOSTILE_TEXTS)} |\n")
    write("\n| HTML parser | worst of hostile documents, 1 MB each | on |\n| --- | --- | --- |\n")
    for name, parser in HTML_PARSERS.items():
        write(f"| {name} | {worst(parser, HOSTILE_HTML)} |\n")


def write(text: str) -> None:
    """Write at once: the measuring takes minutes."""
    sys.stdout.write(text)
    sys.stdout.flush()


def collected() -> list[dict]:
    """The samples of other projects, with what is expected of them."""
    samples = []
    for name, expected in json.loads((DATA / "expected.json").read_text("utf-8")).items():
        raw = (DATA / name).read_bytes()
        sample = {"plain": None, "html": None, "flowed": False, **expected}
        if name.endswith(".eml"):
            bodies = read_bodies(split(raw))
            sample |= {"plain": bodies.plain, "html": None if bodies.plain else bodies.html}
        else:
            sample["html" if name.endswith(".html") else "plain"] = raw.decode("utf-8", "replace")
        samples.append(sample)
    return samples


def written() -> list[dict]:
    """The samples written for coolmail."""
    return json.loads((DATA / "cases.json").read_text("utf-8"))


def score(parser, samples: list[dict]) -> str:
    """Exact: the own text, with or without the author's closing. Lost and kept: samples with more than two such words."""
    exact = lost = kept = count = 0
    for sample in samples:
        try:
            got = words(parser(sample["plain"], sample["html"]))
        except NotImplementedError:
            continue
        count += 1
        own, may = words(sample["own"]), words(sample["may"])
        exact += got in (own, own + may)
        lost += (Counter(own) - Counter(got)).total() > 2
        kept += (Counter(got) - Counter(own + may)).total() > 2
    return f"{exact} of {count} | {lost} | {kept}"


def words(text: str) -> list[str]:
    """The words of a text, whatever stands between them."""
    return re.findall(r"[^\W_]+", text)


def quotequail_text(plain: str | None, html: str | None) -> str:
    """What quotequail takes for the text above and below the quote."""
    if plain is None:
        found = quotequail.unwrap_html(html)
        pieces = [html] if found is None else [found.get("html_top"), found.get("html_bottom")]
        return "\n".join(line.text for piece in pieces if piece for line in from_html(piece))
    found = quotequail.unwrap(plain)
    return plain if found is None else "\n".join(filter(None, (found.get("text_top"), found.get("text_bottom"))))


def plain_only(parser):
    """A parser that knows no HTML."""

    def parse(plain: str | None, html: str | None) -> str:
        if plain is None:
            raise NotImplementedError(html)
        return parser(plain) or ""

    return parse


PARSERS = {
    "mail-parser-reply 1.36 (no HTML)": plain_only(
        lambda text: MailParserReply(languages=LANGUAGES).read(text).latest_reply
    ),
    "email-reply-parser 0.5.12 (no HTML)": plain_only(EmailReplyParser.parse_reply),
    "quotequail 0.5.4": quotequail_text,
    "coolmail": lambda plain, html: own_text(plain, html).text,
}


class _Counter(HTMLParser):
    def handle_starttag(self, tag: str, attrs: list) -> None:
        pass


def html_parser(html: str) -> None:
    """Read with the standard library's parser."""
    parser = _Counter()
    parser.feed(html)
    parser.close()


def lxml_tree(html: str) -> None:
    """Read with lxml into a tree and walk it."""
    for _ in lxml_html.document_fromstring(f"<body>{html}").iter():
        pass


def lexbor(html: str) -> None:
    """Read with lexbor into a tree and walk it."""
    root = LexborHTMLParser(html).root
    if root is not None:
        for _ in root.traverse(include_text=True):
            pass


HTML_PARSERS = {
    "html.parser": html_parser,
    "selectolax (lexbor), tree": lexbor,
    "lxml, tree": lxml_tree,
    "lxml, target (used), whole `own_text`": lambda html: own_text(None, html),
}

SIZE = 1_000_000


def repeated(*pieces: str) -> dict[str, str]:
    """A megabyte of each piece."""
    return {piece: piece * (SIZE // len(piece)) for piece in pieces}


HOSTILE_TEXTS = repeated(
    ">",
    "On ",
    "On\n",
    ">\n",
    "\n",
    " ",
    "From: a\n",
    "On 1 Jan 2020 ",
    "-",
    "_\n",
    "Sent from my ",
    "a@",
    "*From:",
    "wrote:\n",
)
HOSTILE_TEXTS |= repeated(
    "From: a@b\nSubject: c\n",
    "-- \n",
    "Best regards\n",
    "+45 12 34 56 78\n",
    "On 3/4/2024 10:15 a@b wrote\n",
    "a ",
    "a: 1@2 3:00\n",
)
HOSTILE_HTML = repeated(
    "<blockquote>", "<div>", "<", "<a ", "<!--", "<b><i>", "<a><p>", "<table><tr><td>", "&", "<a b=", "</", "<![CDATA["
)
HOSTILE_HTML |= repeated(
    "<font color=x><p>",
    "<script>",
    "<a></p>",
    "x<br>",
    "<table>x",
    "<div id=divRplyFwdMsg>From: a<br>",
    "<p>Best regards</p>",
)
HOSTILE_HTML |= {"10,000 nested blockquotes": "<blockquote>" * 10_000 + "x" + "</blockquote>" * 10_000}


def worst(parse, inputs: dict[str, str]) -> str:
    """The slowest input, or the first that takes more than ten seconds."""
    slowest = (0.0, "")
    for name, text in inputs.items():
        results: multiprocessing.Queue = multiprocessing.Queue()
        process = multiprocessing.Process(target=timed, args=(parse, text, results))
        process.start()
        process.join(10)
        if process.is_alive():
            process.kill()
            process.join()
            return f"more than 10 s | {name!r} |".removesuffix(" |")
        slowest = max(slowest, (results.get(), name))
    return f"{slowest[0] * 1000:.0f} ms | {slowest[1]!r}"


def timed(parse, text: str, results: multiprocessing.Queue) -> None:
    """Run in a process of its own, which can be killed; the best of three, because the others measure the machine."""
    taken = []
    for _ in range(3):
        began = time.perf_counter()
        parse(text)
        taken.append(time.perf_counter() - began)
    results.put(min(taken))


if __name__ == "__main__":
    main()
