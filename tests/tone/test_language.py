"""The language of a text."""

from __future__ import annotations

import pytest

from coolmail.tone.language import KNOWN, detect, unknown


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The new logo is attached, and the invoice follows on Friday.", "en"),
        ("Tak for din mail. Jeg har vedhæftet det nye logo, og fakturaen kommer på fredag, som vi aftalte.", "da"),
        ("Vielen Dank für Ihre Mail. Das neue Logo ist angehängt, die Rechnung folgt am Freitag.", "de"),
        ("Merhaba, yeni logo ekte. Lütfen bana haber verin, teşekkürler.", "tr"),
    ],
)
def test_languages_are_told(text: str, language: str) -> None:
    """A sentence or two are enough to tell the language."""
    assert detect(text) == language


@pytest.mark.parametrize("text", ["ok", "Thx!", "", "12:30?", "👍"])
def test_a_few_letters_tell_no_language(text: str) -> None:
    """A text too short to tell is of no language, so it is judged."""
    assert detect(text) is None
    assert unknown(detect(text)) is None


def test_only_unknown_languages_get_a_notice() -> None:
    """A language that the model knows needs no words."""
    assert all(unknown(language) is None for language in KNOWN)
    assert "tr" in (unknown("tr") or "")
