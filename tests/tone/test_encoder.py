"""The encoder for judging gives what the one for training gives, and reads nothing but whole, fitting weights."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import BertModel

from coolmail.tone.encoder import INDEX, Encoder
from coolmail.tone.places import default_folder


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    """The encoder that comes with coolmail, in fp32."""
    return Encoder.load(default_folder())


@torch.inference_mode()
@pytest.mark.parametrize("lengths", [[1], [7], [512], [40, 9, 1]])
def test_it_gives_the_token_states_of_transformers(encoder: Encoder, lengths: list[int]) -> None:
    """For rows of one length and for padded ones."""
    theirs = BertModel.from_pretrained(default_folder(), local_files_only=True, add_pooling_layer=False).float().eval()
    ids = torch.randint(3, encoder.config.vocab_size, (len(lengths), max(lengths)), generator=torch.manual_seed(1))
    mask = torch.tensor([[1] * length + [0] * (max(lengths) - length) for length in lengths])
    found = encoder(ids, mask).last_hidden_state
    expected = theirs(input_ids=ids, attention_mask=mask).last_hidden_state
    assert torch.allclose(found[mask == 1], expected[mask == 1], atol=1e-5)


def test_judging_does_not_import_transformers() -> None:
    """Which would cost seconds and hundreds of megabytes."""
    code = (
        "import sys; from coolmail.tone.model import ToneModel; from coolmail.tone.places import default_folder;"
        "ToneModel.load(default_folder()).judge(['Thanks, that works for me.']);"
        "print(*sorted({'transformers', 'scipy', 'sympy', 'torch._dynamo'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "\n"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The encoder's files, for a test to change."""
    for file in default_folder().glob("model*"):
        shutil.copy(file, tmp_path)
    shutil.copy(default_folder() / "config.json", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"model_type": "gpt2"}, ValueError),
        ({"hidden_act": "relu"}, ValueError),
        ({"num_hidden_layers": 11}, RuntimeError),
        ({"num_hidden_layers": 13}, RuntimeError),
        ({"intermediate_size": 768}, RuntimeError),
        ({"vocab_size": "many"}, TypeError),
    ],
)
def test_weights_that_do_not_fit_the_config_are_refused(
    copy: Path, change: dict[str, object], error: type[Exception]
) -> None:
    """Another kind of model, a layer too few or too many, another width, nonsense."""
    config = json.loads((copy / "config.json").read_text("utf-8"))
    (copy / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(error):
        Encoder.load(copy)


def test_an_index_that_leads_out_of_the_folder_is_refused(copy: Path) -> None:
    """A model folder is data from elsewhere, perhaps."""
    (copy / INDEX).write_text(json.dumps({"weight_map": {"x": "../model.safetensors"}}))
    with pytest.raises(ValueError, match="outside the folder"):
        Encoder.load(copy)
