"""An optional first stage on public sets whose licence lets weights ship: ToxiCR (GPL-3.0) and XED English (CC BY 4.0)."""

from __future__ import annotations

import json
import random
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import nn
from tqdm import tqdm
from transformers import BertModel

from coolmail.tone.network import collate
from coolmail.tone.windows import windows


def rows_of(public: Path, count: int, seed: int) -> list[tuple[str, int, float]]:
    """Return (text, task, label) rows: task 0 is toxic review comments, task 1 is anger in film subtitles; half of each task positive."""
    tasks: list[list[tuple[str, int, float]]] = [[], []]
    for line in (public / "toxicr.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        tasks[0].append((row["text"], 0, float(row["toxic"])))
    for line in (public / "xed-en.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        tasks[1].append((row["text"], 1, float("anger" in row["emotions"])))
    rng = random.Random(seed)
    chosen = []
    for task in tasks:
        rng.shuffle(task)
        for label in (0.0, 1.0):
            chosen += [row for row in task if row[2] == label][: count // 4]
    rng.shuffle(chosen)
    return chosen


def warm_up(
    encoder: BertModel, tokenizer: Tokenizer, public: Path, *, rows: int, seed: int, rate: float = 4e-5, size: int = 32
) -> None:
    """Train the encoder for one epoch on public rows, with heads that are thrown away afterwards."""
    heads = nn.Linear(encoder.config.hidden_size, 2)
    parameters = [*encoder.encoder.parameters(), *heads.parameters()]
    optimise = torch.optim.AdamW(parameters, lr=rate, weight_decay=0.01)
    chosen = rows_of(public, rows, seed)
    encoder.train()
    starts = range(0, len(chosen), size)
    for step, at in enumerate(tqdm(starts, desc="public sets", mininterval=5)):
        part = chosen[at : at + size]
        batch = collate([windows(tokenizer, text, [(0, len(text))], 128)[0] for text, _, _ in part])
        with torch.autocast("cpu", torch.bfloat16):
            states = encoder(input_ids=batch.ids, attention_mask=batch.mask).last_hidden_state
        mask = batch.mask.unsqueeze(-1)
        logits = heads((states.float() * mask).sum(1) / mask.sum(1))
        tasks = torch.tensor([task for _, task, _ in part])
        logit = logits.gather(1, tasks.unsqueeze(1)).squeeze(1)
        loss = nn.functional.binary_cross_entropy_with_logits(logit, torch.tensor([label for _, _, label in part]))
        for group in optimise.param_groups:
            group["lr"] = rate * min(1.0, step / 10, (len(starts) - step) / len(starts))
        optimise.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimise.step()
