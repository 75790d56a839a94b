"""The frozen encoder: one vector a text, the mean of its token states, kept on disk so that a run that was cut off goes on.

It is multilingual-e5-small as training starts from it (`models/recipe/base.py` makes `build/tone/base`), not the trained model's own encoder, which
has learnt the task already.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from transformers import BertModel

from coolmail.tone.evaluation.errors import EvaluationError
from coolmail.tone.network import PAD

PREFIX = "query: "  # what this encoder was trained to see before a text that is compared with its like
LONGEST = 512  # tokens
TOGETHER = 16  # texts
SAVE_EVERY = 16  # batches


class Encoder:
    """A frozen encoder in `folder`, with its vectors kept in `kept` (a file that may go at any time)."""

    def __init__(self, folder: Path, kept: Path) -> None:
        try:
            model = BertModel.from_pretrained(folder, local_files_only=True, add_pooling_layer=False)
            self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # tokenizers raises nothing more specific
            raise EvaluationError(
                f"The encoder in {folder} cannot be read ({error}); `python models/recipe/base.py` makes it anew. No report was changed."
            ) from error
        self.model: torch.nn.Module = model.train(False)
        self.tokenizer.enable_truncation(LONGEST)
        self.mark = _mark(folder)
        self.kept = kept
        self.vectors = self._load()

    def embed(self, texts: Sequence[str], advance: Callable[[int], None]) -> NDArray[np.float32]:
        """Return [texts, width], each of length 1; `advance` is told how many more texts are done."""
        keys = [self._key(text) for text in texts]
        missing = {
            key: text for key, text in sorted(zip(keys, texts, strict=True), key=_length) if key not in self.vectors
        }
        advance(len(texts) - len(missing))
        work = list(missing.items())
        for number, at in enumerate(range(0, len(work), TOGETHER), 1):
            batch = work[at : at + TOGETHER]
            for (key, _), vector in zip(batch, self._forward([text for _, text in batch]), strict=True):
                self.vectors[key] = vector
            if number % SAVE_EVERY == 0:
                self._save()
            advance(len(batch))
        if work:
            self._save()
        return np.stack([self.vectors[key] for key in keys])

    @torch.inference_mode()
    def _forward(self, texts: Sequence[str]) -> NDArray[np.float32]:
        encoded = [item.ids for item in self.tokenizer.encode_batch([PREFIX + text for text in texts])]
        longest = max(map(len, encoded))
        ids = torch.tensor([[*item, *([PAD] * (longest - len(item)))] for item in encoded])
        mask = torch.tensor([[1] * len(item) + [0] * (longest - len(item)) for item in encoded])
        states = self.model(input_ids=ids, attention_mask=mask).last_hidden_state
        weight = mask.unsqueeze(-1)
        mean = (states * weight).sum(1) / weight.sum(1)
        vectors: NDArray[np.float32] = torch.nn.functional.normalize(mean, dim=-1).numpy()
        return vectors

    def _key(self, text: str) -> str:
        return hashlib.sha256(f"{self.mark}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()

    def _load(self) -> dict[str, NDArray[np.float32]]:
        """Read what was kept; a file that cannot be read is no loss."""
        try:
            with np.load(self.kept, allow_pickle=False) as stored:
                return dict(zip(stored["keys"].tolist(), stored["vectors"], strict=True))
        except (OSError, ValueError, KeyError, EOFError):
            return {}

    def _save(self) -> None:
        self.kept.parent.mkdir(parents=True, exist_ok=True)
        beside = self.kept.with_suffix(".partial.npz")
        np.savez(beside, keys=np.array(list(self.vectors)), vectors=np.stack(list(self.vectors.values())))
        os.replace(beside, self.kept)


def _length(item: tuple[str, str]) -> int:
    return len(item[1])


def _mark(folder: Path) -> str:
    """Tell one encoder from another by its weights and its tokenizer."""
    digest = hashlib.sha256()
    for path in sorted([*folder.glob("*.safetensors"), folder / "tokenizer.json"]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
