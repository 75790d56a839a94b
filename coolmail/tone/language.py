"""The language of a text, so that what the model cannot read goes unjudged and says so."""

from __future__ import annotations

from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

KNOWN = frozenset({"da", "de", "en", "es", "fr", "it", "nl", "no", "pl", "pt", "sv"})
"""Languages in the model's vocabulary, ISO 639-1."""

SAME = {"nb": "no", "nn": "no"}

FEWEST_LETTERS = 20
"""Below this a text can be any language: it is judged."""

SURE, LIKELY = 0.9, 0.5
"""From which probability on an unknown language is named, and one that the model knows (Danish and Norwegian share much)."""


@cache
def identifier() -> LanguageIdentifier:
    """Return what tells languages, loaded at the first call; that takes a moment, and memory for a moment."""
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def detect(text: str) -> str | None:
    """Return the ISO 639-1 code of the language, None where it cannot be told."""
    head = text[:4000]
    if sum(map(str.isalpha, head)) < FEWEST_LETTERS and head.isascii():
        return None
    code, probability = identifier().classify(head)
    code = SAME.get(code, code)
    return code if float(probability) >= (LIKELY if code in KNOWN else SURE) else None


def unknown(language: str | None) -> str | None:
    """Say that the model does not know a language; None if it does, or if the language is not known."""
    if language is None or language in KNOWN:
        return None
    return f"It seems to be written in a language that the tone model does not know ({language}), so its tone was not judged."
