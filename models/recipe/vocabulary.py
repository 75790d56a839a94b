"""Which of the 250,002 pieces of multilingual-e5-small's tokenizer are kept, and what leaving the others out costs.

A piece earns its place by how often it is used, in each of eleven languages alike: in running text (film subtitles, review
comments, our own corpus) and in a list of the language's words by frequency (wordfreq), as they are, capitalised and in
capitals. Never left out are the special tokens and every single character of the Latin, Greek and Cyrillic scripts,
punctuation, symbols and emoji, so that a word of the kept languages can always be spelt and never becomes `<unk>`. Scores
stay as they are, so a word whose piece is gone falls apart into the likeliest of the rest.
"""

from __future__ import annotations

import json
import random
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import torch
from tokenizers import Tokenizer
from tqdm import tqdm
from transformers import BertModel
from wordfreq import get_frequency_dict

LANGUAGES = {
    "da": 1.5, "de": 1.5, "en": 3.0, "es": 1.0, "fr": 1.0, "it": 1.0, "nl": 1.0, "no": 1.0, "pl": 1.0, "pt": 1.0, "sv": 1.0,
}  # fmt: skip
"""ISO 639-1 codes, and how much a language's use of a piece weighs: English is what the model must be best at."""
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
WORDS = 60_000  # words a language from its frequency list
FORMS = ((str, 0.75), (str.capitalize, 0.2), (str.upper, 0.05))
SPACE = "▁"
SEED = 7


def languages_of() -> list[str]:
    """Return the codes of the languages that the vocabulary is cut to."""
    return sorted(LANGUAGES)


def texts_of(public: Path, written: Path) -> dict[str, tuple[list[str], list[str]]]:
    """Read the text of each language, split into lines to choose pieces by and lines held out to measure with."""
    lines: dict[str, list[str]] = {}
    for language in LANGUAGES:
        lines[language] = _texts(public / f"xed-{language}.jsonl")
    lines["en"] += _texts(public / "toxicr.jsonl")
    for path in sorted(written.glob("*.jsonl")):
        lines["en"] += _texts(path)
    split = {}
    for language, found in lines.items():
        random.Random(SEED).shuffle(found)
        held_out = min(2000, len(found) // 5)
        split[language] = (found[held_out:], found[:held_out])
    return split


def _texts(path: Path) -> list[str]:
    return [json.loads(line)["text"] for line in path.read_text("utf-8").splitlines()]


def choose(whole: dict, texts: dict[str, list[str]], rows: int) -> set[str]:
    """Choose `rows` pieces of the tokenizer `whole` (its parsed tokenizer.json), given running text by language."""
    tokenizer = Tokenizer.from_str(json.dumps(whole))
    vocabulary = [piece for piece, _ in whole["model"]["vocab"]]
    kept = {piece for piece in vocabulary if piece in SPECIAL or _is_spelling(piece)}
    score: Counter[str] = Counter()
    for language, weight in tqdm(LANGUAGES.items(), desc="counting pieces"):
        frequencies = get_frequency_dict("nb" if language == "no" else language, "best")
        words = sorted(frequencies, key=lambda word: -frequencies[word])[:WORDS]
        forms = [(form(word), frequencies[word] * share) for word in words for form, share in FORMS]
        for counts in (_counts(tokenizer, forms), _counts(tokenizer, [(text, 1.0) for text in texts[language]])):
            total = sum(counts.values())
            for piece, count in counts.items():
                score[piece] += weight * count / total
    for piece, _ in score.most_common():
        if len(kept) >= rows:
            break
        kept.add(piece)
    return kept


def _counts(tokenizer: Tokenizer, weighted: Iterable[tuple[str, float]]) -> Counter[str]:
    weighted = list(weighted)
    counts: Counter[str] = Counter()
    encodings = tokenizer.encode_batch([text for text, _ in weighted], add_special_tokens=False)
    for (_, weight), encoding in zip(weighted, encodings, strict=True):
        for piece in encoding.tokens:
            counts[piece] += weight
    return counts


def _is_spelling(piece: str) -> bool:
    """Whether a piece is one character, with or without a space before it, that mail in the kept languages may be spelt with."""
    bare = piece.removeprefix(SPACE)
    if bare.isascii() and bare.isdigit() and len(bare) <= 2:
        return True
    if len(bare) != 1:
        return bare == ""
    point = ord(bare)
    if unicodedata.category(bare)[0] in "PSMZC":
        return point < 0x3000 or point >= 0x1F000
    return (
        point < 0x0530  # Latin and its extensions, Greek, Cyrillic
        or 0x1E00 <= point < 0x2000  # Latin Extended Additional, Greek Extended
        or 0x2000 <= point < 0x2C00  # punctuation, currency, letter-like signs, arrows, dingbats
        or 0xFB00 <= point < 0xFB07  # ligatures
        or point >= 0x1F000  # emoji
    )


def cut(whole: dict, pieces: set[str]) -> tuple[dict, list[int]]:
    """Cut a tokenizer to `pieces`. Returns its JSON and, for each new id, the old id; ids 0 to 3 stay `<s> <pad> </s> <unk>`."""
    ids = [old for old, (piece, _) in enumerate(whole["model"]["vocab"]) if piece in pieces]
    small = json.loads(json.dumps(whole))
    small["model"]["vocab"] = [whole["model"]["vocab"][old] for old in ids]
    new = {piece: at for at, (piece, _) in enumerate(small["model"]["vocab"])}
    for token in small["added_tokens"]:
        token["id"] = new[token["content"]]
    if [new[piece] for piece in SPECIAL[:4]] != [0, 1, 2, 3]:
        raise SystemExit("the special tokens moved: this is not the tokenizer of multilingual-e5-small")
    return small, ids


def cost_table(
    before: Tokenizer, after: Tokenizer, held_out: dict[str, list[str]], model: BertModel, ids: list[int]
) -> str:
    """Measure the cut on lines that the choice has not seen; return a Markdown table."""
    head = "| language | lines | tokens a word, before | after | more | `<unk>` before | after | cosine |\n"
    rows = [head + "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    for language, lines in sorted(held_out.items()):
        old = before.encode_batch(lines, add_special_tokens=False)
        new = after.encode_batch(lines, add_special_tokens=False)
        words = sum(len(line.split()) for line in lines)
        many, more = sum(len(e.ids) for e in old), sum(len(e.ids) for e in new)
        lost, gone = sum(e.ids.count(3) for e in old), sum(e.ids.count(3) for e in new)
        alike = _likeness(model, before, after, ids, lines[:200])
        rows.append(
            f"| {language} | {len(lines):,} | {many / words:.3f} | {more / words:.3f} | {100 * (more / many - 1):.2f} % "
            f"| {100 * lost / many:.3f} % | {100 * gone / more:.3f} % | {alike:.4f} |"
        )
    kept, had = len(ids), before.get_vocab_size()
    return (
        f"# What the cut vocabulary costs\n\n{kept:,} of {had:,} pieces are kept. Measured on lines that the choice has not\n"
        "seen. *Cosine*: mean likeness of a line's embedding (mean of the token states) before and after the cut, 200\n"
        "lines; 1 is no change. Written by `base.py`.\n\n" + "\n".join(rows) + "\n"
    )


@torch.inference_mode()
def _likeness(model: BertModel, before: Tokenizer, after: Tokenizer, ids: list[int], lines: list[str]) -> float:
    total = 0.0
    for line in lines:
        old = before.encode(line).ids[:512]
        new = [ids[token] for token in after.encode(line).ids[:512]]
        first, second = (model(torch.tensor([tokens])).last_hidden_state[0].mean(0) for tokens in (old, new))
        total += torch.cosine_similarity(first, second, 0).item()
    return total / len(lines)
