"""int8 for speed: dynamic quantisation of the encoder's matrices that keeps what plain dynamic quantisation loses.

Activations are quantised with one scale a tensor, as they come. In this encoder one or two input columns of a layer are
ten to forty times as large as the others (LLM.int8, Dettmers et al. 2022, sees the same in larger models), which leaves
the others a few of the 128 steps. So the largest columns, found once on training mail and named in the model's config.json
as `tone_outliers`, are multiplied in fp32, and only the rest in int8.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn

from coolmail.tone.network import Batch, ToneNetwork

COLUMNS = 8  # a layer
FEED_FORWARD = ("intermediate.dense", "output.dense")


class SplitLinear(nn.Module):
    """A linear layer in int8, but for `columns` of its input, which stay fp32."""

    def __init__(self, linear: nn.Linear, columns: Sequence[int]) -> None:
        super().__init__()
        self.columns = torch.tensor(columns)
        self.exact = linear.weight.detach()[:, self.columns].t().contiguous()
        self.rest = nn.Linear(linear.in_features, linear.out_features)
        self.rest.weight.data = linear.weight.detach().index_fill(1, self.columns, 0.0)
        self.rest.bias.data = linear.bias.detach()

    def forward(self, states: Tensor) -> Tensor:
        """Map [..., in] to [..., out]."""
        product: Tensor = self.rest(states.index_fill(-1, self.columns, 0.0))
        return product + states[..., self.columns] @ self.exact


@torch.inference_mode()
def outliers(network: ToneNetwork, batches: Iterable[Batch]) -> dict[str, list[int]]:
    """Return the largest input columns of each feed-forward layer, by name, as seen on these batches of mail."""
    seen: dict[str, Tensor] = {}

    def watch(name: str) -> torch.utils.hooks.RemovableHandle:
        def look(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            del module
            largest = inputs[0].abs().flatten(0, -2).amax(0)
            seen[name] = torch.maximum(seen[name], largest) if name in seen else largest

        return network.encoder.get_submodule(name).register_forward_pre_hook(look)

    handles = [
        watch(name) for name, layer in network.encoder.named_modules() if isinstance(layer, nn.Linear) and _feeds(name)
    ]
    for batch in batches:
        network(batch)
    for handle in handles:
        handle.remove()
    return {name: sorted(largest.topk(COLUMNS).indices.tolist()) for name, largest in seen.items()}


def quantised(network: ToneNetwork, columns: Mapping[str, Sequence[int]]) -> ToneNetwork:
    """Store the encoder's matrices as int8, a scale for each output channel; `columns` are the outliers by layer.

    Word vectors become fp16 again, as they were stored; the heads stay fp32. A torch that no longer offers dynamic
    quantisation leaves the matrices as they are: slower, and no less right.
    """
    network.encoder.get_submodule("embeddings.word_embeddings").half()
    eager = getattr(torch.ao, "quantization", None)
    if eager is None or not hasattr(eager, "quantize_dynamic"):
        return network
    for name, chosen in columns.items():
        layer = network.encoder.get_submodule(name)
        assert isinstance(layer, nn.Linear)  # noqa: S101
        network.encoder.set_submodule(name, SplitLinear(layer, chosen))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        spec = {nn.Linear: eager.per_channel_dynamic_qconfig}
        network.encoder = eager.quantize_dynamic(network.encoder, spec, dtype=torch.qint8, inplace=True)
    return network


def _feeds(name: str) -> bool:
    return name.endswith(FEED_FORWARD) and "attention" not in name
