"""Another text classifier in the place of coolmail's own."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from coolmail.tone import ModelUnavailable, ToneWorker
from coolmail.tone.foreign import ForeignModel

WORDS = {"[PAD]": 0, "[UNK]": 1, "bad": 2, "good": 3, ".": 4}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny classifier that calls a text with the word "bad" hostile."""
    folder = tmp_path_factory.mktemp("foreign")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8,
        max_position_embeddings=40, id2label={0: "Friendly", 1: "Hostile"}, label2id={"Friendly": 0, "Hostile": 1},
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    network = BertForSequenceClassification(config)
    optimise = torch.optim.Adam(network.parameters(), lr=0.05)
    ids = torch.tensor([[2, 3, 4], [3, 3, 4], [1, 2, 4], [1, 1, 4], [3, 2, 1], [3, 1, 1]])
    for _ in range(60):
        loss = network(input_ids=ids, labels=torch.tensor([1, 0, 1, 0, 1, 0])).loss
        optimise.zero_grad()
        loss.backward()
        optimise.step()
    network.save_pretrained(folder)
    tokenizer = Tokenizer(models.WordLevel(WORDS, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", model_max_length=32
    ).save_pretrained(folder)
    return folder


def test_labels_become_heat_sentence_by_sentence(folder: Path) -> None:
    """The label that the mapping calls hot makes the sentence hot."""
    (report,) = ForeignModel(folder, {"hostile": 1.0}).judge(["good good. bad good."])
    assert [sentence.text for sentence in report.sentences] == ["good good.", "bad good."]
    assert report.sentences[1].heat > 0.8 > 0.2 > report.sentences[0].heat


def test_a_long_text_is_read_to_its_end(folder: Path) -> None:
    """A foreign model reads in windows too."""
    calm, hot = ForeignModel(folder, {"hostile": 1.0}).judge(["good " * 200, "good " * 200 + "bad"])
    assert hot.heat > calm.heat + 0.3


@pytest.mark.parametrize("labels", [{"rude": 1.0}, {}])
def test_a_mapping_that_fits_nothing_is_refused(folder: Path, labels: dict[str, float]) -> None:
    """The error lists the labels that the model knows."""
    with pytest.raises(ModelUnavailable, match="Friendly, Hostile"):
        ForeignModel(folder, labels)


async def test_the_worker_runs_it(folder: Path) -> None:
    """A folder and a mapping of labels are all that the settings need."""
    async with ToneWorker(folder, labels=[("hostile", 1.0)]) as worker:
        hot, calm = await worker.judge(["bad good.", "good good."])
        assert hot.heat > calm.heat
