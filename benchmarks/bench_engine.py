"""Speed of the engine against a plain TransformerBridge loop and the machine's matrix products.

    python benchmarks/bench_engine.py [--quick] [--write]

Engine and loop take turns in one process on one thread; each round gives one ratio, and the table
shows medians over rounds, in processor time. Random weights: the miniature (d_model 64, vocabulary
190) and the published shape (d_model 512, vocabulary 8,197; 23.5M parameters), both of 6 layers and
8 heads.

- generation: prompts of 8 tokens, 40 sampled tokens, one vector added at step onsets from layer 2
- scoring: onset mass, elsewhere mass, ordinary loss and KL per text, the same edit, 56 conditions
  (a claim's sweep: 16 doses and 40 random controls)
- score/careful: the same against a loop that takes the KL at onsets only
- train: AdamW on the native decoder against AdamW on the bridge's forward, same batches;
  train/muon: the recipe's own loop against the same

The loop is measured on fewer conditions and its clean scoring run is left out of its time; the
engine's is counted. Share of peak is the arithmetic that the readout needs, over the rate of a
1024^3 product, plain or packed, whichever is faster.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch  # noqa: E402

from benchmarks import loop  # noqa: E402
from benchmarks.subjects import (  # noqa: E402
    LEAD,
    MINIATURE,
    PUBLISHED,
    Endless,
    decoder,
    forward_flops,
)
from harness.intervene.edit import operation  # noqa: E402
from harness.readout.generate import GenerateOptions, generate  # noqa: E402
from harness.readout.score import ScoreOptions, score  # noqa: E402
from harness.subject.decoder import DecoderConfig  # noqa: E402
from harness.subject.interface import Texts  # noqa: E402
from harness.subject.native import NativeModel  # noqa: E402
from harness.subject.packed import Fitted  # noqa: E402
from tests.hf import bridge  # noqa: E402

HOOK, LAYERS_BELOW, NEW = "blocks.2.hook_resid_post", 3, 40


@dataclass(frozen=True)
class Size:
    """How much work one round does at one model size."""

    name: str
    config: DecoderConfig
    prompts: int
    generate_conditions: int
    loop_conditions: int
    texts: int
    score_conditions: int
    max_rows: int
    train_steps: int
    batch: int


SIZES = (
    Size("miniature", MINIATURE, 64, 16, 3, 64, 56, 256, 20, 32),
    Size("23.5M", PUBLISHED, 32, 4, 1, 32, 56, 128, 3, 16),
)


@dataclass(frozen=True)
class Row:
    """One line of the table; rates per second, ``share`` of the matrix-product peak (0: not
    reckoned)."""

    size: str
    readout: str
    unit: str
    engine: float
    loop: float
    ratio: float
    share: float


def seconds(run: Callable[[], object]) -> float:
    """Processor seconds: with one thread, the wall time of an otherwise idle machine."""
    start = time.process_time()
    run()
    return time.process_time() - start


def peak() -> float:
    """GFLOP/s of a float32 1024^3 product, plain or packed, best of five."""
    a = torch.randn(1024, 1024)
    packed = Fitted(a)
    packed(a)
    products = (lambda: a @ a, lambda: packed(a))
    return max(2 * 1024**3 / seconds(f) / 1e9 for _ in range(5) for f in products)


def measure(size: Size, rounds: int) -> list[Row]:
    """Alternate engine and loop; returns generation and scoring."""
    weights = decoder(size.config)
    model, reference = NativeModel(weights), bridge(weights).bridge
    task = Endless(size.config.vocab)
    prompts = task.prompts("fit", size.prompts, 0)
    texts = task.texts("fit", size.texts, 0, "plain")
    onset = task.positions("step_onset", texts.tokens)
    body = task.positions("step_body", texts.tokens)
    behaviour = torch.tensor(task.token_sets["behaviour"])
    d, most = size.config.d_model, max(size.generate_conditions, size.score_conditions)
    unit = torch.randn(most, d, generator=torch.Generator().manual_seed(1))
    unit /= unit.norm(dim=-1, keepdim=True)
    edit = operation("add", HOOK, "step_onset", unit, torch.linspace(0.1, 1, most), 3.0)
    some = edit.take(torch.arange(size.generate_conditions))
    options = GenerateOptions(NEW, 1, max_rows=size.max_rows)
    with torch.no_grad():
        clean = reference(texts.tokens, return_type="logits").log_softmax(-1)
    vectors = edit.add[: size.loop_conditions]

    args = (reference, texts.tokens, texts.lengths, clean, HOOK, vectors, onset, body, behaviour)
    made = size.generate_conditions * size.prompts * NEW
    looped = size.loop_conditions * size.prompts * NEW
    runs: dict[str, tuple[float, Callable[[], object]]] = {
        "generate": (made, lambda: generate(model, task, prompts, some, options)),
        "generate-loop": (
            looped,
            lambda: loop.generate(reference, prompts.tokens, HOOK, vectors, NEW),
        ),
        "score": (size.score_conditions, lambda: score(model, task, texts, edit, ScoreOptions())),
        "score-loop": (size.loop_conditions, lambda: loop.score(*args)),
        "score/careful-loop": (size.loop_conditions, lambda: loop.score(*args, careful=True)),
    }
    rates: dict[str, list[float]] = {name: [] for name in runs}
    top: list[float] = []
    for number in range(rounds + 1):
        if number:
            top.append(peak())
        for name, (amount, run) in runs.items():
            took = seconds(run)
            if number:  # the first round warms up
                rates[name].append(amount / took)
    work = {
        "generate": forward_flops(size.config, LEAD + NEW / 2),
        "score": sweep_flops(size.config, texts, onset),
    }
    names = (("generate", "tokens/s"), ("score", "conditions/s"), ("score/careful", "conditions/s"))
    return [
        row(size.name, name, unit_, rates[mine], rates[f"{name}-loop"], work[mine], top)
        for name, unit_ in names
        for mine in (name.split("/")[0],)
    ]


def sweep_flops(c: DecoderConfig, texts: Texts, onset: torch.Tensor) -> float:
    """Of one condition: blocks above the site and unembedding, from the first edited column on;
    the first projection at edited positions only, for it is the clean run's elsewhere."""
    column = torch.arange(texts.tokens.shape[1])
    again = (column >= LEAD - 1) & (column < texts.lengths[:, None])
    context = float((column + 1).expand_as(again)[again].float().mean())
    one = replace(c, n_layers=c.n_layers - LAYERS_BELOW)
    spared = int((again & ~onset).sum()) * 2.0 * 3 * c.d_model**2
    return int(again.sum()) * forward_flops(one, context) - spared


def row(
    size: str, name: str, unit: str, ours: list[float], theirs: list[float], flops: float,
    top: list[float],
) -> Row:  # fmt: skip
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    share = statistics.median(a * flops / 1e9 / p for a, p in zip(ours, top, strict=True))
    return Row(size, name, unit, statistics.median(ours), statistics.median(theirs), ratio, share)


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

    native, muon, theirs, top = [], [], [], []
    for _ in range(rounds):
        native.append(tokens / seconds(plain))
        muon.append(tokens / seconds(full))
        other = bridge(decoder(size.config)).bridge
        other.original_model.requires_grad_(True)
        theirs.append(tokens / seconds(lambda m=other: loop.train(m, batches, PAD)))
        top.append(peak())
    flops = 3 * forward_flops(size.config, batches[0].shape[1] / 2)
    return [
        row(size.name, name, "tokens/s", ours, theirs, flops, top)
        for name, ours in (("train", native), ("train/muon", muon))
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one round instead of three")
    parser.add_argument("--write", action="store_true", help="write benchmarks/results/*.json")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    rounds = 1 if chosen.quick else 3
    top = peak()
    print(f"one thread, float32, matrix-product peak {top:.0f} GFLOP/s, {rounds} rounds")
    print(f"{'model':10} {'readout':14} {'engine':>9} {'loop':>9}  {'unit':13} ratio  of peak")
    rows: list[Row] = []
    for size in SIZES:
        for found in (*measure(size, rounds), *measure_training(size, rounds)):
            rows.append(found)
            print(
                f"{found.size:10} {found.readout:14} {found.engine:9,.1f} {found.loop:9,.1f}  "
                f"{found.unit:13} {found.ratio:4.1f}x  {found.share:6.0%}",
                flush=True,
            )
    if chosen.write:
        path = ROOT / "benchmarks" / "results" / f"engine-{datetime.now(UTC):%Y%m%d-%H%M}.json"
        path.parent.mkdir(exist_ok=True)
        record = {
            "schema": "causal-claims/benchmark/1",
            "torch": torch.__version__,
            "machine": platform.processor() or platform.machine(),
            "threads": 1,
            "rounds": rounds,
            "peak_gflops": top,
            "rows": [asdict(r) for r in rows],
        }
        path.write_text(json.dumps(record, indent=1) + "\n")
        print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
