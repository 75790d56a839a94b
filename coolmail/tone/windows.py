"""Cut a text into windows that the encoder can take, each token knowing its sentence; nothing is left out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from tokenizers import Tokenizer

LIMIT = 512  # tokens that the encoder's position embeddings allow, `<s>` and `</s>` included
OVERLAP = 128  # tokens that neighbouring windows share, so that a sentence cut by one edge is whole in the other
START, END = 0, 2  # ids of `<s>` and `</s>`
NOWHERE = -1


@dataclass(frozen=True, slots=True)
class Window:
    """Token ids, `<s>` and `</s>` included, and for each the index of its sentence in the whole text, or -1 outside of all."""

    ids: tuple[int, ...]
    sentences: tuple[int, ...]


def windows(tokenizer: Tokenizer, text: str, spans: Sequence[tuple[int, int]], limit: int = LIMIT) -> list[Window]:
    """Tokenize a text whose sentences stand at `spans`, and cut it into windows of at most `limit` tokens.

    One window at least, even for an empty text. The last window is moved back so that it is as full as the others.
    """
    encoding = tokenizer.encode(text, add_special_tokens=False)
    starts = [start for start, _ in spans]
    owners = []
    for _, end in encoding.offsets:
        at = bisect_right(starts, end - 1) - 1
        owners.append(at if at >= 0 and end <= spans[at][1] else NOWHERE)
    ids, room = encoding.ids, limit - 2
    firsts = list(range(0, max(1, len(ids) - OVERLAP), room - OVERLAP)) if len(ids) > room else [0]
    if len(firsts) > 1:
        firsts[-1] = len(ids) - room
    return [
        Window((START, *ids[first : first + room], END), (NOWHERE, *owners[first : first + room], NOWHERE))
        for first in firsts
    ]


def owner(windows_: Sequence[Window], count: int) -> list[int]:
    """Say for each of `count` sentences which window reads it: the one that holds most of it, then the one where it stands most central."""
    best: list[tuple[int, float, int]] = [(0, 0.0, 0)] * count
    for index, window in enumerate(windows_):
        where: dict[int, list[int]] = {}
        for at, sentence in enumerate(window.sentences):
            if sentence != NOWHERE:
                where.setdefault(sentence, []).append(at)
        for sentence, places in where.items():
            middle = (places[0] + places[-1]) / 2
            rank = (len(places), -abs(middle - len(window.ids) / 2), index)
            if rank[:2] > best[sentence][:2] or not best[sentence][0]:
                best[sentence] = rank
    return [index for _, _, index in best]
