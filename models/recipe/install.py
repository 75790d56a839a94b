"""Write a trained network as the model folder that the product loads: fp16 safetensors in shards, tokenizer, calibration.

    python models/recipe/install.py NAME [ROWS]      # a finished run of train.py, and the held-out rows to calibrate on

`train.py --install` does the same at its end.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import torch
from calibrate import calibration
from corpus import encode, read
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import BertModel

from coolmail.tone.network import Heads, ToneNetwork, collate
from coolmail.tone.quantise import outliers

ROOT = Path(__file__).resolve().parent.parent.parent
BASE, RUNS, MODEL = ROOT / "build/tone/base", ROOT / "build/tone/runs", ROOT / "models/coolmail-tone"
SHARD = "45MB"
SAMPLE = 60  # mails


def install(folder: Path, base: Path, network: ToneNetwork, calibration: dict, seen: dict) -> None:
    """Write the folder anew, its README.md excepted. The encoder is saved the way `transformers` does it, the heads in `heads.safetensors`.

    `seen` is what the network was trained on (`trained_on`), kept in config.json so that an evaluation knows which writers are held out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in [*folder.glob("*.safetensors"), folder / "model.safetensors.index.json"]:
        old.unlink(missing_ok=True)
    half = {key: value.detach().clone().to(torch.float16) for key, value in network.encoder.state_dict().items()}
    network.encoder.save_pretrained(folder, state_dict=half, max_shard_size=SHARD)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    config |= {
        "dtype": "float16",
        "tone_design": network.heads.design,
        "tone_trained_on": seen,
        "tone_outliers": _outliers(base, network.eval()),
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    save_file(
        {key: value.detach().contiguous() for key, value in network.heads.state_dict().items()},
        folder / "heads.safetensors",
    )
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(base / name, folder / name)
    (folder / "calibration.json").write_text(json.dumps(calibration, indent=1) + "\n", "utf-8")
    for path in folder.glob("*.safetensors"):
        path.chmod(0o644)


def trained_on(name: str) -> dict:
    """Return what the run `name` has learnt from: its writers, how many mails, and rows of public sets in a first stage."""
    plan = json.loads((RUNS / name / "progress.json").read_text("utf-8"))["plan"]
    return {
        "writers": sorted({text.partition("-")[0] for text in plan["texts"]}),
        "mails": len(plan["texts"]),
        "public_rows": plan.get("public", 0),
    }


def _outliers(base: Path, network: ToneNetwork) -> dict[str, list[int]]:
    """Find the columns that int8 must not touch, on every nth mail of the corpus."""
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    mails = read(ROOT / "models/corpus")
    sample = mails[:: max(1, len(mails) // SAMPLE)]
    return outliers(network, (collate(encode(mail, tokenizer).windows) for mail in sample))


def main(name: str, rows_of: str) -> None:
    """Install a finished run, calibrated on the held-out rows that a run (the same or another) left behind."""
    encoder = BertModel.from_pretrained(BASE, local_files_only=True, add_pooling_layer=False)
    plan = json.loads((RUNS / name / "progress.json").read_text("utf-8"))["plan"]
    network = ToneNetwork(encoder, Heads(encoder.config.hidden_size, plan.get("design", "pooled")))
    network.load_state_dict(load_file(RUNS / name / "network.safetensors"))
    rows = [json.loads(line) for line in (RUNS / f"{rows_of}.jsonl").read_text("utf-8").splitlines()]
    install(MODEL, BASE, network, calibration([row for row in rows if not row["grey"]]), trained_on(name))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else sys.argv[1])
