"""Speed of the engine against other ways to the same numbers.

Engine, bare torch, a plain TransformerBridge loop and the peers that are installed
(``benchmarks.peers``) take turns on one thread; each round gives one ratio, and the table shows
medians over rounds, in processor time. Random weights: the miniature (d_model 64, vocabulary 190)
and the published shape (d_model 512, vocabulary 8,197; 23.5M parameters), of 6 layers and 8 heads.

- generation: prompts of 8 tokens, 40 sampled tokens, one vector added at step onsets of layer 2
- scoring: onset mass, elsewhere mass, ordinary loss and KL per text, the same edit, 56 conditions
  (a claim's sweep: 16 doses and 40 random controls)
- score/careful: the same against loops that take the KL at onsets only
- score/onsets: onset mass and KL alone, as a dose by KL is looked up
- train: AdamW on the native decoder against AdamW on Hugging Face's Llama, a plain torch loop, and
  on the bridge's forward, same batches; train/muon: the recipe's own loop against the same

Share of peak is the arithmetic that the readout needs, over the rate of a 1024^3 product, plain or
packed, whichever is faster.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import torch

from benchmarks import loop
from benchmarks.contest import Contest, Size, hold, started
from benchmarks.records import BRIDGE, ENGINE, PLAIN, Row, number, row
from benchmarks.subjects import MINIATURE, PUBLISHED, decoder, forward_flops
from benchmarks.timing import peak, seconds
from tests.hf import bridge, llama

SIZES = (
    Size("miniature", MINIATURE, 64, 16, 64, 56, 3, 4, 256, 20, 32),
    Size("23.5M", PUBLISHED, 32, 4, 32, 56, 2, 4, 128, 3, 16),
)


def measure_training(size: Size, rounds: int) -> list[Row]:
    """Tokens per second on the same batches: the native decoder under the loop's own optimiser,
    and the recipe's training loop, whose optimiser does more per step and needs fewer steps."""
    from models import train as recipe
    from models.grammar import PAD

    plan = recipe.Training(steps=size.train_steps, batch=size.batch)
    batches = list(recipe.batches("regulation", 1, plan, "train"))
    tokens = sum(int((b[:, 1:] != PAD).sum()) for b in batches)

    def plain() -> None:
        fresh = recipe.initialise(size.config, 0)
        optimiser = torch.optim.AdamW(fresh.parameters(), lr=1e-3, foreach=True)
        for batch in batches:
            recipe.loss(fresh, batch).backward()
            optimiser.step()
            optimiser.zero_grad()

    def full() -> None:
        recipe.train(recipe.initialise(size.config, 0), "regulation", 1, plan)

    native: list[float] = []
    muon: list[float] = []
    others: dict[str, list[float]] = {PLAIN: [], BRIDGE: []}
    top: list[float] = []
    for _ in range(rounds):
        native.append(tokens / seconds(plain))
        muon.append(tokens / seconds(full))
        hugging = llama(decoder(size.config)).requires_grad_(True)
        with_hooks = bridge(decoder(size.config)).bridge
        with_hooks.original_model.requires_grad_(True)
        for name, weights, logits in (
            (PLAIN, hugging, lambda x, model=hugging: model(x).logits),
            (BRIDGE, with_hooks.original_model, partial(with_hooks, return_type="logits")),
        ):
            run = partial(loop.train, logits, weights.parameters(), batches, PAD)
            others[name].append(tokens / seconds(run))
        top.append(peak())
    work = 3 * forward_flops(size.config, batches[0].shape[1] / 2)
    return [
        made
        for name, ours in (("train", native), ("train/muon", muon))
        for made in (
            row(size.name, name, "tokens/s", ENGINE, ours, ours, work, top),
            *(row(size.name, name, "tokens/s", who, ours, rates) for who, rates in others.items()),
        )
    ]


def say(one: Row) -> None:
    """A line of the terminal's table."""
    told = f"{one.share:6.0%} of peak" if one.contestant == ENGINE else f"{one.engine:6.2f}x"
    rate = f"{number(one.rate):>8} {one.unit}"
    print(f"{one.size:10} {one.readout:14} {one.contestant:18} {rate:22} {told}", flush=True)


def measure(rounds: int) -> tuple[list[Row], dict[str, str]]:
    """All rows, said as they come, and who took no part, and why."""
    rows: list[Row] = []
    absent: dict[str, str] = {}
    print(f"{'model':10} {'readout':14} {'contestant':18} {'rate':22} engine is")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with started(folder / "peers.log", absent) as processes:
            for name, why in absent.items():
                print(f"{name} takes no part: {why}")
            for size in SIZES:
                contest = Contest.open(size, folder / size.name)
                found = hold(contest, processes, rounds)
                for one in found:
                    say(one)
                for name, why in contest.absent.items():
                    print(f"{name} at {size.name}: {why}")
                    absent[f"{name} at {size.name}"] = why
                rows += found
        for size in SIZES:
            for one in measure_training(size, rounds):
                say(one)
                rows.append(one)
    return rows, absent
