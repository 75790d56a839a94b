"""The subject line: what a thread's subject is once prefixes are off, and the token that declares a draft ready."""

from __future__ import annotations

import re

READY = "//send"
"""Typed at the end of a subject where a client can neither move nor flag a draft (DESIGN.md, the doors)."""

_PREFIXES = (
    # English, and what other languages took over; then reply prefixes, then forward prefixes, by language.
    "re fw fwd rv",
    "aw antw antwort wg",  # German
    "sv vs vb vid",  # Danish, Norwegian, Swedish, Finnish
    "antw doorst",  # Dutch
    "réf ref tr réponse rép rep",  # French
    "r rif i",  # Italian
    "rsp resp res enc reenv rv",  # Spanish, Portuguese
    "odp pd",  # Polish
    "vl",  # Finnish forward
    "ynt ilt",  # Turkish
    "rif inoltra",
    "ответ отв пересл",  # Russian
    "回复 答复 转发 回覆 轉寄 返信",  # Chinese, Japanese
)
_PREFIX = re.compile(
    r"(?:"
    + "|".join(sorted({re.escape(word) for line in _PREFIXES for word in line.split()}, key=len, reverse=True))
    + r")\s{0,3}(?:\[\d{1,4}\]|\(\d{1,4}\)|\^?\d{1,4})?\s{0,3}[:：]\s*",
    re.IGNORECASE,
)
_LIST_TAG = re.compile(r"\[[^\[\]]{1,60}\]\s*")


def has_token(subject: str, token: str = READY) -> bool:
    """Whether the subject ends with the token, standing alone: `http://send` is an address, not a wish."""
    text, token = subject.rstrip().casefold(), token.casefold()
    if not text.endswith(token):
        return False
    before = text[: -len(token)]
    return not before or before[-1].isspace()


def without_token(subject: str, token: str = READY) -> str:
    """The subject without the token at its end and the white space before it."""
    return subject.rstrip()[: -len(token)].rstrip() if has_token(subject, token) else subject


def normalised_subject(subject: str) -> str:
    """The subject that all mails of a thread share.

    Reply and forward prefixes of many languages, list tags and the `//send` token are off, letters casefolded, white space folded.
    """
    return bare_subject(subject).casefold()


def bare_subject(subject: str) -> str:
    """The same with its letters as they were written."""
    text = " ".join(without_token(subject[:2000]).split())
    while True:
        match = _PREFIX.match(text) or _LIST_TAG.match(text)
        if match is None or (match.end() == len(text) and match.re is _LIST_TAG):
            return text
        text = text[match.end() :]
