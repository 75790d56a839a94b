"""Windows hold every token of a long text."""

from __future__ import annotations

import pytest

from coolmail.tone.model import ToneModel
from coolmail.tone.sentences import split
from coolmail.tone.windows import LIMIT, NOWHERE, owner, windows


@pytest.mark.parametrize("count", [0, 1, 20, 70, 400])
def test_every_sentence_is_read_whole(model: ToneModel, count: int) -> None:
    """Each sentence stands whole in the window that reads it, and no window is longer than the encoder allows."""
    text = " ".join(f"This is sentence number {n} of a long mail about the garden." for n in range(count))
    spans = split(text)
    parts = windows(model.tokenizer, text, spans)
    reader = owner(parts, len(spans))
    assert len(spans) == count
    assert all(len(part.ids) <= LIMIT for part in parts)
    whole = model.tokenizer.encode(text, add_special_tokens=False)
    for sentence, (start, end) in enumerate(spans):
        tokens = sum(1 for a, b in whole.offsets if start < b <= end)
        assert parts[reader[sentence]].sentences.count(sentence) == tokens > 0


def test_a_sentence_longer_than_a_window_is_read_in_parts(model: ToneModel) -> None:
    """A sentence of many rare characters takes several windows, none of it left out."""
    text = "ǧ" * 700
    parts = windows(model.tokenizer, text, split(text))
    assert len(parts) > 1
    assert {sentence for part in parts for sentence in part.sentences} == {0, NOWHERE}
