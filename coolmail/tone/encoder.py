"""The encoder, for judging only: BERT (Devlin et al. 2019, arXiv:1810.04805) in plain torch, with the names that `transformers` gives its weights.

Training uses `transformers.BertModel`, and the folder it saves is read here: the same weights give the same token states. It is written out because
importing that class takes three times as long as importing torch, and 400 MB of memory, for parts that judging never touches.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """The shape of the encoder, and what coolmail's own keys in `config.json` say."""

    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    max_position_embeddings: int
    type_vocab_size: int
    layer_norm_eps: float
    tone_design: str = "pooled"
    tone_outliers: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> EncoderConfig:
        """Read a model folder's `config.json`; raises OSError, ValueError, KeyError or TypeError where it is none of ours."""
        data: dict[str, Any] = json.loads((folder / "config.json").read_text("utf-8"))
        if (data["model_type"], data["hidden_act"]) != ("bert", "gelu"):
            raise ValueError(
                f"config.json describes a {data['model_type']} with {data['hidden_act']}, not BERT with gelu"
            )
        return cls(**{name: data[name] for name in cls.__slots__ if name in data})


class States(NamedTuple):
    """What the encoder returns: the token states [batch, tokens, width] of its last layer, under the name that `transformers` gives them."""

    last_hidden_state: Tensor


class Embeddings(nn.Module):
    """Token ids [batch, tokens] to vectors [batch, tokens, width]."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        # From empty memory: it is filled from the folder at once, and random numbers for it would take as long as reading it.
        empty = torch.empty(config.vocab_size, config.hidden_size)
        self.word_embeddings = nn.Embedding(config.vocab_size, config.hidden_size, _weight=empty)
        self.position_embeddings = nn.Embedding(config.max_position_embeddings, config.hidden_size)
        self.token_type_embeddings = nn.Embedding(config.type_vocab_size, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, ids: Tensor) -> Tensor:
        """Add the vectors of words, the only token type, and positions, in this order, as training does."""
        words = self.word_embeddings(ids) + self.token_type_embeddings.weight[0]
        states: Tensor = self.LayerNorm(words + self.position_embeddings.weight[: ids.shape[1]])
        return states


class SelfAttention(nn.Module):
    """Every token looks at every other of its row."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.heads = config.num_attention_heads
        self.query = nn.Linear(config.hidden_size, config.hidden_size)
        self.key = nn.Linear(config.hidden_size, config.hidden_size)
        self.value = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, states: Tensor, mask: Tensor | None) -> Tensor:
        """Map [batch, tokens, width] to the same; `mask` [batch, 1, 1, tokens] is True where there is a token to look at, None where all are."""
        query, key, value = (
            part(states).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (self.query, self.key, self.value)
        )
        seen: Tensor = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return seen.transpose(1, 2).flatten(2)


class Output(nn.Module):
    """A projection, added to what came in, and normalised."""

    def __init__(self, config: EncoderConfig, width: int) -> None:
        super().__init__()
        self.dense = nn.Linear(width, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, states: Tensor, before: Tensor) -> Tensor:
        """Map [batch, tokens, width] and what it was made from to [batch, tokens, hidden]."""
        added: Tensor = self.LayerNorm(self.dense(states) + before)
        return added


class Layer(nn.Module):
    """One layer: attention, then the feed-forward part."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.attention = nn.ModuleDict({"self": SelfAttention(config), "output": Output(config, config.hidden_size)})
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(config.hidden_size, config.intermediate_size)})
        self.output = Output(config, config.intermediate_size)

    def forward(self, states: Tensor, mask: Tensor | None) -> Tensor:
        """Map [batch, tokens, hidden] to the same."""
        states = self.attention["output"](self.attention["self"](states, mask), states)
        wide = functional.gelu(self.intermediate["dense"](states))
        out: Tensor = self.output(wide, states)
        return out


class Encoder(nn.Module):
    """The encoder as a model folder has it."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(Layer(config) for _ in range(config.num_hidden_layers))})

    @classmethod
    def load(cls, folder: Path) -> Encoder:
        """Read a model folder into fp32; every weight must be there in its shape, and none besides.

        Raises OSError, ValueError, KeyError, TypeError, RuntimeError or SafetensorError where that is not so.
        """
        config = EncoderConfig.read(folder)
        encoder = cls(config)
        # Copied, and made fp32 by that, one after the other: two whole sets of weights would take 150 MB more.
        encoder.load_state_dict({name: weight for file in _files(folder) for name, weight in load_file(file).items()})
        return encoder.requires_grad_(False).eval()

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> States:
        """Return the states of token ids [batch, tokens]; `attention_mask` of the same shape is 0 at padding."""
        mask = None if bool(attention_mask.all()) else attention_mask.bool()[:, None, None, :]
        states = self.embeddings(input_ids)
        layers = self.encoder["layer"]
        assert isinstance(layers, nn.ModuleList)  # noqa: S101 - for the type checker
        for layer in layers:
            states = layer(states, mask)
        return States(states)


def _files(folder: Path) -> list[Path]:
    """Return the files that hold the weights: the one, or the shards that the index names, which must lie in the folder itself."""
    if not (folder / INDEX).exists():
        return [folder / SINGLE]
    names = sorted(set(json.loads((folder / INDEX).read_text("utf-8"))["weight_map"].values()))
    if any(Path(name).name != name for name in names):
        raise ValueError(f"{INDEX} names a file outside the folder")
    return [folder / name for name in names]
