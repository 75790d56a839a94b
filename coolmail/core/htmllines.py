"""HTML to lines: what a reader sees, with quotes and the marks that clients leave in ids and classes.

libxml2's parser (lxml) is fed into a target object instead of a tree: a tree is cut off in silence at 256 nested elements, and text that
vanishes is text that goes out unjudged. The target sees every tag at any depth, in linear time, where html.parser (quadratic on an unclosed
`<!--`) and lexbor (quadratic on nested elements) do not; docs/decisions/own-text.md has the figures.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from lxml import etree

from coolmail.core.lines import Line, Mark

if TYPE_CHECKING:
    from collections.abc import Mapping

_BLOCKS = frozenset(
    {
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figure",
        "footer",
        "form",
    }
    | {
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tr",
        "ul",
    }
)
_PARAGRAPHS = frozenset({"p", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "dl"})
_SILENT = frozenset({"head", "script", "style", "title", "template", "noscript", "object", "select", "textarea"})
_VOID = frozenset(
    {"br", "hr", "img", "input", "meta", "link", "area", "base", "col", "embed", "source", "track", "wbr"}
)

_QUOTES = frozenset(
    {
        "yahoo_quoted",
        "olk_src_body_section",
        "mail-editor-reference-message-container",
        "ms-outlook-mobile-reference-message",
    }
    | {
        "moz-forward-container",
        "sh-quoted-content",
        "messagereplysection",
        "zmail_extra",
        "front-blockquote",
        "aolreplacedbody",
    }
    | {"x_yahoo_quoted", "gmail_quote_forwarded", "moz-email-headers-table"}
)
_CUTS = frozenset({"divrplyfwdmsg", "x_divrplyfwdmsg", "appendonsend", "stopspelling", "zwchr", "outlookmessageheader"})
_ATTRIBUTIONS = frozenset({"moz-cite-prefix", "gmail_attr", "x_moz-cite-prefix"})
_SIGNATURES = frozenset(
    {"gmail_signature", "moz-signature", "protonmail_signature_block", "signature", "x_signature", "applemailsignature"}
    | {
        "ms-outlook-mobile-signature",
        "yahoo-signature",
        "x_gmail_signature",
        "evolution-signature",
        "-x-evo-signature-wrapper",
    }
)
_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)

_RULED = re.compile(r"border-top(?:-style)?\s*:[^;]{0,60}solid", re.IGNORECASE)
"""Outlook and Windows Mail draw a line above the quoted mail."""


class _Open(NamedTuple):
    tag: str
    quoted: bool
    silent: bool
    mark: Mark
    pre: bool


class _Reader:
    """The target of the parser: collects lines."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._text: list[str] = []
        self._open: list[_Open] = [_Open("", quoted=False, silent=False, mark=Mark.NONE, pre=False)]

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        here = self._open[-1]
        if tag in _BLOCKS or tag == "br":
            self._break(paragraph=tag in _PARAGRAPHS, always=tag == "br")
        elif tag in {"td", "th"} and self._text:
            self._text.append(" ")
        names = _names(attributes) if attributes else frozenset()
        if tag == "hr" or (attributes and _RULED.search(attributes.get("style", ""))):
            self._break()
            self.lines.append(Line("", quoted=here.quoted, mark=Mark.RULE))
        if not names.isdisjoint(_CUTS):
            self._break()
            self.lines.append(Line("", quoted=here.quoted, mark=Mark.CUT))
        if tag in _VOID:
            return
        self._open.append(
            _Open(
                tag,
                quoted=here.quoted or tag == "blockquote" or not names.isdisjoint(_QUOTES),
                silent=here.silent
                or tag in _SILENT
                or bool(attributes and _HIDDEN.search(attributes.get("style", ""))),
                mark=_mark(names, here.mark),
                pre=here.pre or tag == "pre",
            )
        )

    def end(self, tag: str) -> None:
        if tag in _VOID or len(self._open) == 1:
            return
        if tag in _BLOCKS:
            self._break(paragraph=tag in _PARAGRAPHS)
        # libxml2 repairs the nesting, so the innermost element is the one that ends.
        self._open.pop()

    def data(self, data: str) -> None:
        here = self._open[-1]
        if here.silent:
            return
        if not here.pre:
            self._text.append(data)
            return
        *whole, rest = data.replace("\r\n", "\n").split("\n")
        for line in whole:
            self._text.append(line)
            self._break(always=True)
        self._text.append(rest)

    def comment(self, _text: str) -> None:
        """Comments are not read; conditional ones hold Outlook's fallback markup only."""

    def close(self) -> list[Line]:
        self._break()
        return self.lines

    def _break(self, *, paragraph: bool = False, always: bool = False) -> None:
        here = self._open[-1]
        if self._text:
            joined = "".join(self._text)
            text = joined if here.pre else _SPACES.sub(" ", joined).strip(" ")
            self._text.clear()
            if text or always:
                self._add(text, here)
        elif always:
            self._add("", here)
        if paragraph and self.lines and self.lines[-1].text:
            self.lines.append(Line("", quoted=self.lines[-1].quoted, mark=self.lines[-1].mark))

    def _add(self, text: str, here: _Open) -> None:
        if not here.quoted and here.mark is Mark.NONE and text.lstrip().startswith(">"):
            # Hotmail and others write the mark as text.
            self.lines.append(Line(text.lstrip("> \xa0"), quoted=True))
        else:
            self.lines.append(Line(text, here.quoted, here.mark))


_SPACES = re.compile(r"[ \t\r\n\f]+")


def _names(attributes: Mapping[str, str]) -> frozenset[str]:
    """The names an element goes by: its id, classes and what else clients mark their parts with."""
    names = f"{attributes.get('id', '')} {attributes.get('class', '')} {attributes.get('name', '')}".casefold().split()[
        :20
    ]
    if attributes.get("data-signatureblock") == "true":
        names.append("signature")
    return frozenset(names)


def _mark(names: frozenset[str], inherited: Mark) -> Mark:
    if not names.isdisjoint(_SIGNATURES):
        return Mark.SIGNATURE
    if not names.isdisjoint(_ATTRIBUTIONS):
        return Mark.ATTRIBUTION
    return inherited


def from_html(html: str) -> list[Line]:
    """The lines of an HTML text, as far as they are visible. Any text is accepted."""
    parser = etree.HTMLParser(target=_Reader(), encoding="utf-8", huge_tree=True)
    try:
        parser.feed(html.encode("utf-8", errors="replace"))
        lines: list[Line] = parser.close()
    except etree.LxmlError:
        # An empty document. What no parser takes for HTML is text.
        return [Line(line) for line in html.split("\n")] if "<" not in html else []
    return lines
