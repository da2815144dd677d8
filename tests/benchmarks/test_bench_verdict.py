"""The ladder from the naive design: costs compared like with like."""

from __future__ import annotations

import pytest
import torch

from benchmarks.bench_verdict import (
    ENGINE,
    EXPECTED,
    NAIVE,
    PAIRED,
    Line,
    Spread,
    Study,
    hard_effect,
    saved_for_precision,
)
from benchmarks.pair import Counted
from benchmarks.prompts_needed import Design, largest_sd
from harness.intervene.edit import operation
from harness.readout.generate import GenerateOptions, generate
from harness.readout.score import ScoreOptions, score
from harness.subject.native import NativeModel
from tests.hf import seeded
from tests.toy import Toy, tiny

DESIGN = Design(8, 0.5)
HOOK = "blocks.1.hook_resid_post"


def line(design: str, variance: float, prompts: int | None, passes: float, took: float) -> Line:
    spread = Spread(0.75, 0.5, 0.7, 0.01, variance)
    if prompts is None:
        return Line("q", design, spread, None)
    return Line("q", design, spread, prompts, 0.8, passes, took)


LINES = (
    line(NAIVE, 0.4, 20, 2000.0, 20.0),
    line(PAIRED, 0.2, 10, 1000.0, 15.0),
    line(ENGINE, 0.2, 10, 500.0, 3.0),
    line(EXPECTED, 0.02, 6, 60.0, 0.6),
)


def test_each_step_is_compared_at_equal_precision() -> None:
    """Half the variance saves half; the loop's price of a prompt is taken at one number of them;
    the steps multiply to the whole."""
    steps = saved_for_precision(LINES)
    assert steps is not None
    paired, engine, expected, whole = steps
    assert paired == pytest.approx((2.0, 2.0))
    assert engine == pytest.approx((2.0, 5.0))
    assert expected == pytest.approx((10 * 50 / 10, 10 * 0.3 / 0.1))
    assert whole == pytest.approx(tuple(a * b * c for a, b, c in zip(*steps[:3], strict=True)))


def test_a_design_that_never_gets_there_says_so() -> None:
    """It has no cost, nothing is compared with it, and the table still stands."""
    lines = (line(NAIVE, 0.4, None, 0, 0), *LINES[1:])
    assert saved_for_precision(lines) is None
    text = Study(DESIGN, 6, lines).markdown()
    assert "no number" in text.splitlines()[2]
    assert "x |" not in text.splitlines()[3]


def test_the_table_compares_with_the_first_design() -> None:
    """Passes and seconds saved are those of the block's first line over the line's own."""
    row = Study(DESIGN, 6, LINES).markdown().splitlines()[4]
    assert "| 500 | 3.00 | 4.0x | 6.7x |" in row


def test_at_the_hard_effect_pairs_take_half_of_the_room() -> None:
    """The room that the test leaves is twice the variance between pairs."""
    room = largest_sd(hard_effect(DESIGN, 0.02), DESIGN) ** 2
    assert room == pytest.approx(0.04)


def test_token_passes_are_counted() -> None:
    """Sampling: the shared prefix once, then every row and step. Scoring: each text once, and of
    every condition the layers above the site for the rows up to the last one read."""
    task, counted = Toy(), Counted(NativeModel(tiny()))
    units = seeded(1, 3, 32)
    edit = operation("add", HOOK, "step_onset", units, torch.tensor([0.1, 0.5, 1.0]), 5.0)
    prompts = task.prompts("fit", 8, 0)
    generate(counted, task, prompts, edit, GenerateOptions(4, 1))
    plain = NativeModel(tiny())
    seen: list[int] = []
    extend = plain.extend

    def watched(state: object, tokens: torch.Tensor, watch: object = None) -> torch.Tensor:
        seen.append(tokens.numel())
        return extend(state, tokens, watch)

    plain.extend = watched
    generate(plain, task, prompts, edit, GenerateOptions(4, 1))
    assert counted.passes == sum(seen) > 0

    texts = task.texts("fit", 4, 0, task.variants[0])
    counted = Counted(NativeModel(tiny()))
    score(counted, task, texts, edit, ScoreOptions(chunk_tokens=10_000))
    whole = texts.tokens.numel()
    layers = tiny().config.n_layers
    assert whole < counted.passes <= whole * (1 + 3 * (layers - 2) / layers)
