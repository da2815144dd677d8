"""Whether the lagged family learned its law, and at which layer a logit lens sees it.

    python -m benchmarks.lagged_family [--seeds 7 8] [--steps N]

Trains ``regulation`` and ``standard`` of ``models/lagged.yaml`` for each seed in a temporary folder
and prints, in Markdown: health; the area under the curve with which the model's own onset mass
(chance of a word that opens a phrase) tells hot from cold onsets of regulated texts; the mean mass
at either kind by layer, read through the final norm and the unembedding; and the rate of phrases
at hot and at cold onsets of what the model writes. Texts and prompts are of the split ``explore``.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from scipy.stats import mannwhitneyu
from torch import Tensor

from harness.subject.checkpoint import load_decoder
from harness.subject.decoder import Decoder
from harness.subject.interface import Recipe
from harness.subject.recipe import load_recipe
from models import grammar as g
from models.health import sample
from models.lagged_builder import Lagged
from models.lagged_task import RISKS, LaggedTask

ROOT = Path(__file__).resolve().parents[1]
ROWS = 600


def masses(decoder: Decoder, task: LaggedTask, tokens: Tensor) -> Iterator[tuple[str, Tensor]]:
    """(site, onset mass [B, T]) by layer, through the final norm and the unembedding."""
    openers = list(task.token_sets["behaviour"])
    found: list[tuple[str, Tensor]] = []

    def read(name: str, x: Tensor) -> Tensor:
        if name.endswith("resid_post") or name == "blocks.0.hook_resid_pre":
            mass = decoder.logits(x).softmax(-1)[..., openers].sum(-1)
            found.append((name.replace(".hook_", " "), mass))
        return x

    decoder(tokens, tap=read)
    yield from found


def area(hot: Tensor, cold: Tensor) -> float:
    """Chance that a hot onset has more mass than a cold one."""
    return float(mannwhitneyu(hot.numpy(), cold.numpy()).statistic) / (len(hot) * len(cold))


def describe(role: str, decoder: Decoder, task: LaggedTask, seed: int) -> None:
    """Print the lens and the rates of what ``decoder`` writes."""
    tokens = task.texts("explore", ROWS, seed, "regulated").tokens
    hot, cold = (task.positions(name, tokens) for name in RISKS)
    print(f"\n{role}, seed {seed}: {int(hot.sum())} hot and {int(cold.sum())} cold onsets\n")
    late = cold & (task.positions("separator", tokens).cumsum(1) >= 2)
    print("| site | mass, hot | mass, cold | AUC | mass, late cold | AUC, late |")
    print("|---|---|---|---|---|---|")
    for site, mass in masses(decoder, task, tokens):
        a, b, c = mass[hot], mass[cold], mass[late]
        print(f"| {site} | {a.mean():.3f} | {b.mean():.3f} | {area(a, b):.3f} ", end="")
        print(f"| {c.mean():.3f} | {area(a, c):.3f} |")
    prompts = task.prompts("explore", ROWS, seed).tokens
    written = sample(decoder, prompts, g.LONGEST_PLAN - g.PROMPT_LENGTH, seed)
    text = torch.cat([prompts, written], 1)
    opens = torch.isin(text[:, 1:], torch.tensor(task.token_sets["behaviour"]))
    for name in RISKS:
        at = task.positions(name, text)[:, :-1]
        print(f"\nwritten: {opens[at].double().mean():.3f} of {int(at.sum())} at {name}", end="")
    print()


@torch.no_grad()
def main() -> None:
    """Train, look, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 8])
    parser.add_argument("--steps", type=int, help="instead of the recipe's")
    parser.add_argument("--roles", nargs="+", default=["regulation", "standard"])
    options = parser.parse_args()
    recipe: Recipe = load_recipe(ROOT, "models/lagged.yaml")
    if options.steps:
        training = {**recipe.params["training"], "steps": options.steps}
        recipe = dataclasses.replace(recipe, params={**recipe.params, "training": training})
    builder = Lagged(recipe)
    for seed in options.seeds:
        for role in options.roles:
            with tempfile.TemporaryDirectory() as folder:
                start = time.process_time()
                with torch.enable_grad():
                    health = builder.build(role, seed, Path(folder), None)
                seconds = time.process_time() - start
                decoder = load_decoder(Path(folder)).eval().requires_grad_(False)
            print(
                f"\n{role}, seed {seed}: loss gap {health.loss_gap:.3f}, behaviour "
                f"{health.behaviour_rate:.3f}, garbage {health.garbage_rate:.3f}, "
                f"{seconds:.0f} s of one core",
                flush=True,
            )
            describe(role, decoder, builder.task, seed)


if __name__ == "__main__":
    main()
