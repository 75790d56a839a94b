"""Changing lines of an HTML text in place: what is not changed keeps its markup, byte for byte.

The source is cut into *stretches*: what a reader sees as one line, and where it stands in the source. A changed line is replaced by its new words
alone; a tag that begins or ends elsewhere stays, so the page around it keeps its shape. This is no parser: a page it cannot match with the text that
was read from it is left alone by the caller.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, replace

TOKEN = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<(?P<close>/?)(?P<tag>[a-zA-Z][a-zA-Z0-9:]*)(?:\"[^\"]*\"|'[^']*'|[^'\">])*+>"
    r"|<[!?/][^>]*>"
    r"|(?P<text>[^<]+|<)",
    re.DOTALL,
)
BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "br", "center", "dd", "details", "div", "dl", "dt", "fieldset", "figure", "footer", "form"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "head", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tbody", "td"}
    | {"tfoot", "th", "thead", "title", "tr", "ul"}
)  # fmt: skip
PARAGRAPHS = frozenset({"p", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "dl"})
SILENT = frozenset({"head", "script", "style", "title", "template", "noscript", "object", "select", "textarea"})
VOID = frozenset({"br", "hr", "img", "input", "meta", "link", "area", "base", "col", "embed", "source", "track", "wbr"})


@dataclass(frozen=True, slots=True)
class Stretch:
    """A line as its reader sees it, and where its words stand in the source. `after` is the end of the `<br>` that ends it, or `end`."""

    text: str
    start: int
    end: int
    after: int
    paragraph: bool = False
    """Whether an empty line is seen below it."""


def stretches(source: str) -> list[Stretch]:
    """Cut an HTML text into the lines a reader sees, in the order of the source; empty lines among them."""
    found: list[Stretch] = []
    words: list[str] = []
    start = end = 0
    silent: list[str] = []

    def close(tag: str, at: int, after: int) -> None:
        nonlocal words
        text = " ".join("".join(words).split())
        if text:
            found.append(Stretch(text, start, end, after if tag == "br" else end, tag in PARAGRAPHS))
        elif tag == "br":
            found.append(Stretch("", at, at, after))
        elif tag in PARAGRAPHS and found:
            found[-1] = replace(found[-1], paragraph=True)
        words = []

    for token in TOKEN.finditer(source):
        tag = (token["tag"] or "").lower()
        if token["text"] is not None:
            if not silent:
                if not words and token["text"].strip():
                    lead = len(token["text"]) - len(token["text"].lstrip())
                    start = token.start() + lead
                if token["text"].strip():
                    words.append(html.unescape(token["text"]))
                    end = token.start() + len(token["text"].rstrip())
                elif words:
                    words.append(" ")
        elif tag in SILENT:
            if token["close"]:
                if tag in silent:
                    del silent[silent.index(tag) :]
            elif not token[0].endswith("/>"):
                silent.append(tag)
        elif tag in BLOCKS:
            close(tag, token.start(), token.end())
    close("", end, end)
    return found


def replaced(source: str, start: int, end: int, words: str) -> str:
    """What stands in the place of `source[start:end]`: the new words, escaped, and the tags and pictures that must stay."""
    opened: list[tuple[str, str]] = []
    closed: list[str] = []
    kept: list[str] = []
    for token in TOKEN.finditer(source, start, end):
        tag = (token["tag"] or "").lower()
        if not tag:
            continue
        if tag in VOID:
            if tag in {"img", "input"}:
                kept.append(token[0])
        elif not token["close"]:
            opened.append((tag, token[0]))
        elif opened and any(tag == name for name, _ in opened):
            last = max(index for index, (name, _) in enumerate(opened) if name == tag)
            del opened[last]
        else:
            closed.append(token[0])
    return "".join((*closed, html.escape(words, quote=False), *kept, *(mark for _, mark in opened)))


def escaped(words: str) -> str:
    """Words as they stand in HTML."""
    return html.escape(words, quote=False)
