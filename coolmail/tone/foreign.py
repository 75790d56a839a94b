"""Any local Hugging Face text-classification folder as the tone model: its labels are mapped to heat, sentence by sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from coolmail.core.tone import Kind, Scale, SentenceHeat, ToneReport
from coolmail.tone.errors import ModelUnavailable
from coolmail.tone.model import NOTHING
from coolmail.tone.normalise import normalise
from coolmail.tone.sentences import split

TOGETHER = 16
STRIDE = 64
MARKED = 0.5


class ForeignModel:
    """A text classifier that was not made for coolmail. Its heat is the sum of its probabilities, each times its label's heat; uncalibrated."""

    def __init__(self, folder: Path, labels: Mapping[str, float]) -> None:
        if not folder.is_dir():
            raise ModelUnavailable(f"There is no model in {folder}; correct model.path. Nothing is sent unscored.")
        try:
            self.network = AutoModelForSequenceClassification.from_pretrained(
                folder, local_files_only=True, use_safetensors=True, trust_remote_code=False
            ).eval()
            self.tokenizer = AutoTokenizer.from_pretrained(
                folder, local_files_only=True, use_fast=True, trust_remote_code=False
            )
        except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise ModelUnavailable(
                f"The model in {folder} cannot be loaded ({reason}). Nothing is sent unscored."
            ) from error
        known = {int(index): str(name) for index, name in self.network.config.id2label.items()}
        by_name = {name.casefold(): heat for name, heat in labels.items()}
        if unknown := set(by_name) - {name.casefold() for name in known.values()}:
            raise ModelUnavailable(
                f"model.labels names {', '.join(sorted(unknown))}, but the model in {folder} knows {', '.join(known.values())}."
            )
        if not by_name:
            raise ModelUnavailable(
                f"model.labels must say which labels of {folder} are hot; it knows {', '.join(known.values())}."
            )
        self.heats = torch.tensor([by_name.get(known[index].casefold(), 0.0) for index in range(len(known))])
        self.several = self.network.config.problem_type == "multi_label_classification"

    def judge(self, texts: Sequence[str], scale: Scale | None = None) -> list[ToneReport]:
        """Read the tone of each text, in order: the whole in overlapping windows (the hottest counts), and every sentence by itself."""
        scale = scale or Scale()
        return [self._judge(text, scale) for text in texts]

    def _judge(self, text: str, scale: Scale) -> ToneReport:
        if not text.strip():
            return ToneReport(0.0, scale.level(0.0), text, judged=False, notice=NOTHING)
        plain = normalise(text)
        spans = split(plain.text)
        heat = max(self._heats([plain.text]))
        sentences = []
        for span in spans:
            start, end = plain.original(*span)
            warmth = max(self._heats([plain.text[slice(*span)]]))
            kinds = (Kind.ANGER,) if warmth >= MARKED else ()
            sentences.append(SentenceHeat(text[start:end], start, end, warmth, kinds))
        return ToneReport(heat, scale.level(heat), text, tuple(sentences))

    @torch.inference_mode()
    def _heats(self, texts: list[str]) -> list[float]:
        limit = min(
            self.tokenizer.model_max_length, getattr(self.network.config, "max_position_embeddings", 512) - 2, 512
        )
        packed = self.tokenizer(
            texts,
            truncation=True,
            max_length=limit,
            stride=min(STRIDE, limit // 4),
            return_overflowing_tokens=True,
            padding=True,
            return_tensors="pt",
        )
        heats: list[float] = []
        for first in range(0, len(packed["input_ids"]), TOGETHER):
            part = slice(first, first + TOGETHER)
            logits = self.network(
                input_ids=packed["input_ids"][part], attention_mask=packed["attention_mask"][part]
            ).logits.float()
            chances = logits.sigmoid() if self.several or logits.shape[-1] == 1 else logits.softmax(-1)
            heats += (chances * self.heats).sum(-1).clamp(0, 1).tolist()
        return heats
