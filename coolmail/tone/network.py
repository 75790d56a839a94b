"""The network: one pass of the encoder, from whose token states everything is read.

    token states [batch, tokens, 384] -> mean over each sentence    -> heat of the sentence, its kinds
                                      -> attention pooling and mean -> heat of the message
                                         (design "evidence": and the hottest sentence, by a learned weight)
       (design "sentences": the message is read from its sentences alone, by attention over them, and the hottest)

Shared by training and by the product, so that there is one definition of what the weights mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from coolmail.core.tone import Kind
from coolmail.tone.windows import NOWHERE, Window

KINDS = tuple(Kind)
PAD = 1
COLDEST = -4.0  # the sentence logit of a window without sentences, and the least that evidence counts as
DESIGNS = ("pooled", "evidence", "sentences")
"""What the heat of a message is read from; `tone_design` in a model's config.json names it."""


@dataclass(slots=True)
class Batch:
    """Windows as tensors.

    `ids`, `mask`: [batch, tokens]. `sentences`: [batch, tokens], indices into the batch's `count` sentence slots, or -1. Slots are numbered window by
    window in the order in which their sentences appear; `slots[i]` maps a sentence index of window i to its slot, and
    `owners` [count] leads from a slot to its window.
    """

    ids: Tensor
    mask: Tensor
    sentences: Tensor
    count: int
    slots: list[dict[int, int]]
    owners: Tensor


def collate(windows: Sequence[Window]) -> Batch:
    """Pad windows to one length."""
    longest = max(len(window.ids) for window in windows)
    ids = torch.full((len(windows), longest), PAD)
    mask = torch.zeros(len(windows), longest, dtype=torch.long)
    sentences = torch.full((len(windows), longest), NOWHERE)
    slots: list[dict[int, int]] = []
    count = 0
    for row, window in enumerate(windows):
        length = len(window.ids)
        ids[row, :length] = torch.tensor(window.ids)
        mask[row, :length] = 1
        own: dict[int, int] = {}
        for sentence in window.sentences:
            if sentence != NOWHERE and sentence not in own:
                own[sentence] = count
                count += 1
        sentences[row, :length] = torch.tensor([own.get(sentence, NOWHERE) for sentence in window.sentences])
        slots.append(own)
    owners = torch.tensor([row for row, own in enumerate(slots) for _ in own], dtype=torch.long)
    return Batch(ids, mask, sentences, count, slots, owners)


class Heads(nn.Module):
    """What is read off the token states. Everything it returns is a logit."""

    def __init__(self, width: int, design: str = "pooled", dropout: float = 0.1) -> None:
        super().__init__()
        if design not in DESIGNS:
            raise ValueError(f"unknown design {design!r}")
        if design != "pooled":
            self.evidence = nn.Parameter(torch.tensor(0.5))
        self.design = design
        self.norm = nn.LayerNorm(width)
        self.attend = nn.Linear(width, 1)
        read = width if design == "sentences" else 2 * width
        self.about_message = nn.Sequential(nn.Linear(read, width), nn.GELU(), nn.Dropout(dropout))
        self.about_sentence = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Dropout(dropout))
        self.message = nn.Linear(width, 1)
        self.sentence = nn.Linear(width, 1)
        self.kinds = nn.Linear(width, len(KINDS))
        self.dropout = nn.Dropout(dropout)
        nn.init.constant_(self.sentence.bias, -2.0)  # most sentences are calm, and most kinds rare: begin there
        nn.init.constant_(self.kinds.bias, -4.0)

    def forward(self, states: Tensor, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits: message heat [batch], sentence heat [count], kinds [count, 11] in the order of `Kind`."""
        states = self.dropout(
            self.norm(states)
        )  # the encoder's own scale is a quarter of what the heads learn well from
        inside = batch.sentences != NOWHERE
        where, chosen = batch.sentences[inside], states[inside]
        total = states.new_zeros(batch.count, states.shape[-1]).index_add(0, where, chosen)
        tokens = states.new_zeros(batch.count).index_add(0, where, torch.ones_like(where, dtype=states.dtype))
        means = total / tokens.clamp(min=1).unsqueeze(-1)
        about = self.about_sentence(means)
        heat: Tensor = self.sentence(about).squeeze(-1)
        pooled = self._over_sentences(about, batch) if self.design == "sentences" else self._over_tokens(states, batch)
        message: Tensor = self.message(self.about_message(pooled)).squeeze(-1)
        if self.design != "pooled" and batch.count:
            coldest = heat.new_full((len(message),), COLDEST)
            message = message + self.evidence * coldest.scatter_reduce(0, batch.owners, heat, "amax")
        return message, heat, self.kinds(about)

    def _over_tokens(self, states: Tensor, batch: Batch) -> Tensor:
        """Return [batch, 2 * width]: the token states by attention, and their mean."""
        mask = batch.mask.unsqueeze(-1)
        weights = self.attend(states).masked_fill(mask == 0, float("-inf")).softmax(1)
        return torch.cat([(weights * states).sum(1), (states * mask).sum(1) / mask.sum(1)], -1)

    def _over_sentences(self, about: Tensor, batch: Batch) -> Tensor:
        """Return [batch, width]: the sentences by attention; zero for a window without sentences."""
        weights = (self.attend(about).squeeze(-1)).clamp(-20, 20).exp()
        total = about.new_zeros(len(batch.ids), about.shape[-1]).index_add(
            0, batch.owners, weights.unsqueeze(-1) * about
        )
        share = about.new_zeros(len(batch.ids)).index_add(0, batch.owners, weights)
        return total / share.clamp(min=1e-9).unsqueeze(-1)


class ToneNetwork(nn.Module):
    """The encoder and the heads. The encoder is `coolmail.tone.encoder.Encoder`, in training `transformers.BertModel`."""

    def __init__(self, encoder: nn.Module, heads: Heads) -> None:
        super().__init__()
        self.encoder = encoder
        self.heads = heads

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Return the heads' logits for a batch of windows."""
        states = self.encoder(input_ids=batch.ids, attention_mask=batch.mask).last_hidden_state
        message, sentence, kinds = self.heads(states.float(), batch)
        return message, sentence, kinds
