"""Make a run of the mean weights of finished runs that began alike (encoder, seed, design), and measure it on writers that none of them has seen.

    python models/recipe/average.py mean natural,all --hold-out w03,w06,w09,w27,w28
    python models/recipe/install.py mean

Why: https://arxiv.org/abs/2203.05482 (Wortsman and others, "Model soups"); what it brought here is in the model's README.md.
"""

from __future__ import annotations

import argparse
import json
import sys

from calibrate import figures
from corpus import read
from install import BASE, RUNS
from safetensors.torch import load_file, save_file
from torch import Tensor
from train import CORPUS, predict
from transformers import BertModel

from coolmail.tone.network import Heads, ToneNetwork


def main() -> int:
    """Average, measure and write the run; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", help="name of the new run")
    parser.add_argument("runs", help="finished runs, e.g. natural,all")
    parser.add_argument("--hold-out", required=True, help="writers to measure on, e.g. w03,w05")
    args = parser.parse_args()
    names, held = args.runs.split(","), set(args.hold_out.split(","))
    plans = [json.loads((RUNS / name / "progress.json").read_text("utf-8"))["plan"] for name in names]
    texts = sorted({text for plan in plans for text in plan["texts"]})
    if seen := held & {text.partition("-")[0] for text in texts}:
        print(f"{', '.join(sorted(seen))} cannot be measured on: a run has learnt from them", file=sys.stderr)
        return 2
    if any((plan["design"], plan["seed"]) != (plans[0]["design"], plans[0]["seed"]) for plan in plans):
        print("runs of different designs or seeds have no mean", file=sys.stderr)
        return 2
    states = [load_file(RUNS / name / "network.safetensors") for name in names]
    mean: dict[str, Tensor] = {key: sum(state[key] for state in states) / len(states) for key in states[0]}
    encoder = BertModel.from_pretrained(BASE, local_files_only=True, add_pooling_layer=False)
    network = ToneNetwork(encoder, Heads(encoder.config.hidden_size, plans[0]["design"]))
    network.load_state_dict(mean)
    folder = RUNS / args.name
    folder.mkdir(parents=True, exist_ok=True)
    save_file(mean, folder / "network.safetensors")
    plan = {**plans[0], "texts": texts, "mean_of": plans}
    (folder / "progress.json").write_text(json.dumps({"plan": plan, "epochs": plan["epochs"]}), "utf-8")
    rows = predict(network.eval(), [mail for mail in read(CORPUS) if mail.writer in held])
    (RUNS / f"{args.name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    print(json.dumps(figures([row for row in rows if not row["grey"]]), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
