"""Train the tone model: one command, seeded, resumable.

    python models/recipe/base.py                                  # once: the encoder to start from
    python models/recipe/train.py --hold-out w03                  # train without these writers, measure on them
    python models/recipe/train.py --hold-out w03 --install        # the same, then calibrate on them and install
    python models/recipe/train.py --folds 4 --install             # out-of-fold figures by writer, then a model of everything

A run's state is in `build/tone/runs/NAME/` (`--name`); started again with the same settings it goes on after the last
whole epoch, and a finished run is not repeated. `--install` writes `models/coolmail-tone/`. Held out is by writer, and with
the writer every scenario of theirs.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from augment import Augmenter
from calibrate import calibration, figures
from corpus import Example, Mail, encode, read
from install import BASE, MODEL, ROOT, RUNS, install, trained_on
from pretrain import warm_up
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from tqdm import tqdm
from transformers import BertModel

from coolmail.tone.network import DESIGNS, Heads, ToneNetwork, collate

CORPUS = ROOT / "models/corpus"
DECAY = 0.01
KINDS_WEIGHT = 0.15
TOKENS = 2500  # of which a batch is full, however few mails they are: what training needs of memory


def _tokens(example: Example) -> int:
    return sum(len(window.ids) for window in example.windows)


def batches(examples: Sequence[Example], size: int, rng: random.Random) -> Iterator[list[Example]]:
    """Yield batches of mails alike in length, the two of a pair together, in random order; long mails in smaller batches."""
    groups: dict[str, list[Example]] = {}
    for example in examples:
        groups.setdefault(example.mail.pair or example.mail.id, []).append(example)
    units = sorted(groups.values(), key=lambda unit: max(_tokens(e) for e in unit) + rng.uniform(-12, 12))
    made: list[list[Example]] = [[]]
    for unit in units:
        if len(made[-1]) >= size or sum(map(_tokens, made[-1])) > TOKENS:
            made.append([])
        made[-1].extend(unit)
    rng.shuffle(made)
    yield from made


def forward(network: ToneNetwork, batch: Sequence[Example]) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Run a batch of mails. Returns message logits [mails], sentence logits and targets [n], kind logits and targets [n, 11]."""
    rows = [(owner, window) for owner, example in enumerate(batch) for window in example.windows]
    packed = collate([window for _, window in rows])
    with torch.autocast("cpu", torch.bfloat16):
        message, sentence, kinds = network(packed)
    owners = torch.tensor([owner for owner, _ in rows])
    hottest = torch.full((len(batch),), float("-inf")).scatter_reduce(0, owners, message.float(), "amax")
    heat = torch.zeros(packed.count)
    named = torch.zeros(packed.count, kinds.shape[-1])
    for (owner, _), slots in zip(rows, packed.slots, strict=True):
        for index, slot in slots.items():
            heat[slot] = batch[owner].heats[index]
            named[slot] = torch.tensor(batch[owner].kinds[index])
    return hottest, sentence.float(), heat, kinds.float(), named


def loss_of(network: ToneNetwork, batch: Sequence[Example], ranking: float) -> Tensor:
    """Return the training loss of a batch: message, sentences, the kinds of hot sentences, and the order within pairs."""
    message, sentence, heat, kinds, named = forward(network, batch)
    bce = nn.functional.binary_cross_entropy_with_logits
    loss = bce(message, torch.tensor([example.mail.target for example in batch]))
    loss = loss + bce(sentence, heat)
    hot = named.any(-1)  # a kind is asked for only where a sentence is hot, so it is learned only there
    if hot.any():
        loss = loss + KINDS_WEIGHT * bce(kinds[hot], named[hot], reduction="none").sum(-1).mean()
    places: dict[str, list[int]] = {}
    for at, example in enumerate(batch):
        if example.mail.pair:
            places.setdefault(example.mail.pair, []).append(at)
    gaps = []
    for both in places.values():
        held = [at for at in both if batch[at].mail.held]
        calm = [at for at in both if not batch[at].mail.held]
        gaps += [message[one] - message[other] for one in held for other in calm]
    if gaps and ranking:
        loss = loss + ranking * nn.functional.softplus(-torch.stack(gaps)).mean()
    return loss


def optimiser(network: ToneNetwork, rate: float) -> torch.optim.AdamW:
    """AdamW; the heads learn ten times as fast; word, position and type embeddings stay as they are."""
    network.encoder.embeddings.requires_grad_(False)
    return torch.optim.AdamW(
        [
            {"params": list(network.encoder.encoder.parameters()), "lr": rate},
            {"params": list(network.heads.parameters()), "lr": 10 * rate},
        ],
        weight_decay=DECAY,
    )


def fit(name: str, mails: Sequence[Mail], args: argparse.Namespace) -> ToneNetwork:
    """Train on mails, or go on with the run `name`, or load it if it is finished."""
    folder = RUNS / name
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    tokenizer = Tokenizer.from_file(str(BASE / "tokenizer.json"))
    encoder = BertModel.from_pretrained(BASE, local_files_only=True, add_pooling_layer=False)
    network = ToneNetwork(encoder, Heads(encoder.config.hidden_size, args.design))
    weights, progress = folder / "network.safetensors", folder / "progress.json"
    plan = {
        "texts": [mail.id for mail in mails], "epochs": args.epochs, "rate": args.rate, "batch": args.batch, "seed": args.seed,
        "design": args.design, "ranking": args.ranking, "augment": args.augment, "public": args.public_rows if args.public else 0,
    }  # fmt: skip
    optimise = optimiser(network, args.rate)
    done = 0
    if progress.exists() and (state := json.loads(progress.read_text("utf-8")))["plan"] == plan:
        done = state["epochs"]
        network.load_state_dict(load_file(weights))
        if done < args.epochs:
            optimise.load_state_dict(torch.load(folder / "optimiser.pt", weights_only=True))
    elif args.public:
        warm_up(network.encoder, tokenizer, args.public, rows=args.public_rows, seed=args.seed)
    steps = args.epochs * -(-len(mails) // args.batch)
    for epoch in range(done, args.epochs):
        rng = random.Random(f"{args.seed}-{epoch}")
        torch.manual_seed(args.seed + epoch)
        vary = Augmenter(mails, args.seed + epoch)
        examples = [encode(vary(mail) if args.augment else mail, tokenizer) for mail in mails]
        plan_of_epoch = list(batches(examples, args.batch, rng))
        network.train()
        bar = tqdm(plan_of_epoch, desc=f"{name} epoch {epoch + 1}/{args.epochs}", mininterval=5, unit="batch")
        total = 0.0
        for at, batch in enumerate(bar):
            share = (epoch * len(plan_of_epoch) + at) / max(1, args.epochs * len(plan_of_epoch))
            scale = min(1.0, share * 10 + 1 / steps, (1 - share) / 0.9)
            for group, base in zip(optimise.param_groups, (args.rate, 10 * args.rate), strict=True):
                group["lr"] = base * scale
            loss = loss_of(network, batch, args.ranking)
            optimise.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimise.step()
            total += loss.item()
            bar.set_postfix(loss=f"{total / (at + 1):.3f}")
        save_file({key: value.contiguous() for key, value in network.state_dict().items()}, weights)
        torch.save(optimise.state_dict(), folder / "optimiser.pt")
        progress.write_text(json.dumps({"plan": plan, "epochs": epoch + 1}), "utf-8")
    return network.eval()


@torch.inference_mode()
def predict(network: ToneNetwork, mails: Sequence[Mail]) -> list[dict]:
    """Judge mails with the bare network; a row each with logits beside the labels, as `calibrate.py` reads them."""
    tokenizer = Tokenizer.from_file(str(BASE / "tokenizer.json"))
    rows = []
    for mail in tqdm(mails, desc="judging", mininterval=5):
        example = encode(mail, tokenizer)
        message, sentence, heat, kinds, named = forward(network, [example])
        rows.append(
            {
                "id": mail.id, "writer": mail.writer, "scenario": mail.scenario, "grade": mail.grade, "held": mail.held, "grey": mail.grey,
                "words": len(mail.text.split()), "logit": message.item(), "sentences": sentence.tolist(), "heats": heat.tolist(),
                "kinds": kinds.tolist(), "named": named.tolist(),
            }
        )  # fmt: skip
    return rows


def folds_of(mails: Sequence[Mail], count: int) -> list[set[str]]:
    """Deal the writers into folds of about equal numbers of mails."""
    sizes: dict[str, int] = {}
    for mail in mails:
        sizes[mail.writer] = sizes.get(mail.writer, 0) + 1
    folds: list[set[str]] = [set() for _ in range(count)]
    for writer in sorted(sizes, key=lambda name: (-sizes[name], name)):
        min(folds, key=lambda fold: sum(sizes[name] for name in fold)).add(writer)
    return folds


def main() -> None:
    """Train, measure on what was held out, and install if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--name", default="first", help="name of the run (default: %(default)s)")
    held = parser.add_mutually_exclusive_group(required=True)
    held.add_argument("--hold-out", help="writers to hold out, e.g. w03,w05")
    held.add_argument("--folds", type=int, help="hold out each writer once, in this many folds, then train on all")
    parser.add_argument("--design", choices=DESIGNS, default="evidence", help="what message heat is read from")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rate", type=float, default=1.5e-4)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--ranking", type=float, default=0.3, help="weight of the order within pairs")
    parser.add_argument("--augment", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument(
        "--public", type=Path, help="folder with toxicr.jsonl and xed-en.jsonl for a first warm-up stage"
    )
    parser.add_argument("--public-rows", type=int, default=4000)
    parser.add_argument("--limit", type=int, help="train on this many mails only, for a learning curve")
    parser.add_argument("--install", action="store_true", help="write models/coolmail-tone/")
    args = parser.parse_args()

    start = time.monotonic()
    everything = read(CORPUS)
    mails = [mail for mail in everything if not mail.grey]
    out: list[dict] = []
    folds = [set(args.hold_out.split(","))] if args.hold_out else folds_of(mails, args.folds)
    for number, fold in enumerate(folds):
        kept = [mail for mail in mails if mail.writer not in fold]
        random.Random(args.seed).shuffle(kept)
        network = fit(args.name if args.hold_out else f"{args.name}-{number}", kept[: args.limit], args)
        out += predict(network, [mail for mail in everything if mail.writer in fold])
    (RUNS / f"{args.name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in out), "utf-8")
    report = figures([row for row in out if not row["grey"]])
    if args.folds and args.install:
        network = fit(f"{args.name}-all", mails, args)
    print(json.dumps(report, indent=1))
    if args.install:
        seen = trained_on(f"{args.name}-all" if args.folds else args.name)
        install(MODEL, BASE, network, calibration([row for row in out if not row["grey"]]), seen)
        print(f"installed in {MODEL}")
    print(f"{len(mails)} mails, {len(everything) - len(mails)} grey, {(time.monotonic() - start) / 60:.1f} minutes")


if __name__ == "__main__":
    main()
