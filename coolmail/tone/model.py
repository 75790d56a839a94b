"""The tone model in this process: loads a model folder, judges texts. Imports torch; the daemon uses `coolmail.tone.worker` instead.

A model folder holds `config.json`, the encoder's safetensors shards, `heads.safetensors`, `tokenizer.json` and
`calibration.json`. Nothing else is read, nothing is unpickled, no code from the folder is run, and no network is asked.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers import Tokenizer

from coolmail.core.tone import Kind, Scale, SentenceHeat, ToneReport
from coolmail.tone.calibration import Calibration, load
from coolmail.tone.encoder import Encoder
from coolmail.tone.errors import ModelUnavailable
from coolmail.tone.language import detect, identifier, unknown
from coolmail.tone.network import KINDS, Batch, Heads, ToneNetwork, collate
from coolmail.tone.normalise import Normalised, normalise
from coolmail.tone.quantise import quantised
from coolmail.tone.sentences import split
from coolmail.tone.windows import owner, windows

SECOND_KIND = 0.6  # of the likelihood of the first
TOGETHER = 4  # windows of one long mail that go through the encoder at once
NOTHING = "There is no text of your own in this message, so there was nothing to judge."


class Judge(Protocol):
    """Whatever can read the tone of texts."""

    def judge(self, texts: Sequence[str], scale: Scale | None = None) -> list[ToneReport]:
        """Read the tone of each text, in order; `scale` says which heat is which level (None: the model's own)."""


@dataclass(slots=True)
class Reading:
    """The raw logits of one text: message, and for each sentence its heat and its kinds [sentences][11]."""

    plain: Normalised
    spans: list[tuple[int, int]]
    message: float
    sentences: list[float]
    kinds: list[list[float]]


class _Paper:
    """A text on its way through the encoder, and what was read of it so far."""

    def __init__(self, text: str, tokenizer: Tokenizer) -> None:
        plain = normalise(text)
        spans = split(plain.text)
        self.parts = windows(tokenizer, plain.text, spans)
        self._reader = owner(self.parts, len(spans))
        unread = [[float("-inf")] * len(KINDS)]
        self.reading = Reading(plain, spans, float("-inf"), [0.0] * len(spans), unread * len(spans))

    def note(self, first: int, message: float, batch: Batch, heats: list[float], kinds: list[list[float]]) -> None:
        """Note what a pass over the windows from `first` on found: a sentence is read in the window that owns it."""
        reading = self.reading
        reading.message = max(reading.message, message)
        for index, slots in enumerate(batch.slots, first):
            for sentence, slot in slots.items():
                if self._reader[sentence] == index:
                    reading.sentences[sentence], reading.kinds[sentence] = heats[slot], kinds[slot]


class ToneModel:
    """A tone model, ready to judge. The same text gives the same report, whatever it is judged together with."""

    def __init__(
        self, network: ToneNetwork, tokenizer: Tokenizer, calibration: Calibration, *, threads: int | None = None
    ) -> None:
        self.network = network.eval()
        self.tokenizer = tokenizer
        self.calibration = calibration
        self.threads = threads or len(os.sched_getaffinity(0))
        torch.set_num_threads(1)

    @classmethod
    def load(cls, folder: Path, *, quantise: bool = True, threads: int | None = None) -> ToneModel:
        """Load a model folder; `quantise` stores the matrices as int8 and multiplies in int8.

        Raises ModelUnavailable if the folder is missing, incomplete, damaged, or holds another kind of model.
        """
        if not folder.is_dir():
            raise ModelUnavailable(
                f"There is no tone model in {folder}; reinstall coolmail or set model.path. Nothing is sent unscored."
            )
        calibration = load(folder)
        try:
            network, outliers = _network(folder)
            tokenizer = _tokenizer(folder)
        except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise ModelUnavailable(
                f"The tone model in {folder} is damaged ({reason}); reinstall it. Nothing is sent unscored."
            ) from error
        if quantise:
            network = quantised(network, outliers)
        identifier()  # now, not with the first mail
        return cls(network, tokenizer, calibration, threads=threads)

    def judge(self, texts: Sequence[str], scale: Scale | None = None) -> list[ToneReport]:
        """Read the tone of each text, in order.

        A text without a letter or a sign, or in a language that the model does not know, is not judged and says so.
        """
        scale = scale or self.calibration.scale()
        languages = [detect(text) for text in texts]
        notices = [
            unknown(language) if text.strip() else NOTHING for text, language in zip(texts, languages, strict=True)
        ]
        following = iter(self.read([text for text, notice in zip(texts, notices, strict=True) if notice is None]))
        return [
            replace(self._report(text, next(following), scale), language=language)
            if notice is None
            else ToneReport(0.0, scale.level(0.0), text, language=language, judged=False, notice=notice)
            for text, language, notice in zip(texts, languages, notices, strict=True)
        ]

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """Return the raw logits of each text.

        A pass of the encoder runs on one core: several cores in one pass wait for each other at every layer; on a busy machine a mail took 1.9 s of
        them instead of 0.05. What is more than one pass, several texts or a long one, is shared among the cores.
        """
        papers = [_Paper(text, self.tokenizer) for text in texts]
        passes = [(paper, first) for paper in papers for first in range(0, len(paper.parts), TOGETHER)]
        if len(passes) < 2 or self.threads < 2:
            found = [self._pass(*one) for one in passes]
        else:
            with ThreadPoolExecutor(self.threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
                found = list(pool.map(lambda one: self._pass(*one), passes))
        for (paper, first), (heat, batch, each, named) in zip(passes, found, strict=True):
            paper.note(first, heat, batch, each, named)
        return [paper.reading for paper in papers]

    @torch.inference_mode()
    def _pass(self, paper: _Paper, first: int) -> tuple[float, Batch, list[float], list[list[float]]]:
        batch = collate(paper.parts[first : first + TOGETHER])
        whole, each, named = self.network(batch)
        return whole.max().item(), batch, each.tolist(), named.tolist()

    def _report(self, text: str, reading: Reading, scale: Scale) -> ToneReport:
        heat = self.calibration.message(reading.message)
        level = scale.level(heat)
        warmth = [self.calibration.sentence(logit) for logit in reading.sentences]
        marks = self.calibration.sentence_marked
        if level.held and warmth and max(warmth) < marks:
            marks = max(warmth)  # a user whose mail is held is shown at least where it is hottest
        sentences = []
        for span, hot, kinds in zip(reading.spans, warmth, reading.kinds, strict=True):
            start, end = reading.plain.original(*span)
            named = self._kinds(kinds) if hot >= marks else ()
            sentences.append(SentenceHeat(text[start:end], start, end, hot, named))
        return ToneReport(heat, level, text, tuple(sentences))

    @staticmethod
    def _kinds(logits: Sequence[float]) -> tuple[Kind, ...]:
        """Name the kinds of a marked sentence, likeliest first: one, and a second that is nearly as likely. A list of six tells nothing."""
        (most, kind), (next_most, second) = sorted(zip(_sigmoid(logits), KINDS, strict=True), reverse=True)[:2]
        return (kind, second) if next_most >= SECOND_KIND * most else (kind,)


def _sigmoid(logits: Sequence[float]) -> list[float]:
    values: list[float] = torch.tensor(logits).sigmoid().tolist()
    return values


def _network(folder: Path) -> tuple[ToneNetwork, Mapping[str, Sequence[int]]]:
    """Build the network and fill it; every weight must be there, in its shape. With it come the outliers of its layers (`quantise`)."""
    encoder = Encoder.load(folder)
    heads = Heads(encoder.config.hidden_size, encoder.config.tone_design)
    heads.load_state_dict(load_file(folder / "heads.safetensors"))
    return ToneNetwork(encoder, heads.float()), encoder.config.tone_outliers


def _tokenizer(folder: Path) -> Tokenizer:
    """Read tokenizer.json; transformers would build further tables of the vocabulary, 50 MB that nobody asks for."""
    text = (folder / "tokenizer.json").read_text("utf-8")
    try:
        return Tokenizer.from_str(text)
    except Exception as error:  # the library raises nothing more specific
        raise ValueError(f"tokenizer.json: {error}") from error
