"""Ablations as values: what takes an activation's place, and that a draw belongs to a position."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from harness.errors import ClaimsError, UnknownName
from harness.intervene.ablate import WAYS, Ablation, ablation, counter_words, part_mask
from harness.intervene.apply import Applied, Trace
from harness.intervene.edit import Keys, operation
from harness.readout.generate import GenerateOptions, generate
from harness.subject.native import NativeModel
from tests.hf import seeded
from tests.toy import Toy, tiny

X, BANK = seeded(1, 6, 8), seeded(2, 40, 8)
WHOLE = torch.ones(8, dtype=torch.bool)
HALF = part_mask(8, [1], 2, "head", "here")
KEYS = Keys(torch.arange(6) % 2, torch.arange(6), torch.arange(6))
ONE = torch.zeros(6, dtype=torch.int64)


def make(way: str, mask: torch.Tensor = WHOLE, share: float = 1.0, seed: int = 5) -> Ablation:
    return ablation(way, "h", "p", mask, torch.tensor([share]), BANK, seed)


def test_each_way_puts_what_it_says_in_the_activations_place() -> None:
    """Zero, the mean, and rows of the bank; by shares, and only at the marked coordinates."""
    assert torch.equal(make("zero").apply_at(X, ONE, KEYS), torch.zeros_like(X))
    assert torch.allclose(make("mean").apply_at(X, ONE, KEYS), BANK.mean(0).expand_as(X))
    drawn = make("resample").apply_at(X, ONE, KEYS)
    assert all(any(torch.equal(row, other) for other in BANK) for row in drawn)
    assert torch.allclose(make("resample", share=0.25).apply_at(X, ONE, KEYS), 0.75 * X + drawn / 4)
    for way in WAYS:
        out = make(way, HALF).apply_at(X, ONE, KEYS)
        assert torch.equal(out[:, :4], X[:, :4])
        assert torch.equal(out[:, 4:], make(way).apply_at(X, ONE, KEYS)[:, 4:])


def test_whole_sites_are_the_older_replacements() -> None:
    """``replace-zero`` and ``replace-mean`` at any share."""
    for way, old in (("zero", "replace-zero"), ("mean", "replace-mean")):
        older = operation(old, "h", "p", X[:1], torch.tensor([0.3]), 1.0, BANK.mean(0))
        ours = make(way, share=0.3).apply(X, ONE)
        assert torch.allclose(ours, older.apply(X, ONE), atol=1e-6)


def test_a_draw_follows_from_seed_item_and_position_alone() -> None:
    """The same in any order and company; another for another seed, item or position."""
    edit = make("resample")
    drawn = edit.drawn(KEYS)
    order = torch.tensor([4, 1, 3])
    again = edit.drawn(Keys(KEYS.item[order], KEYS.position[order], ONE[:3]))
    assert torch.equal(again, drawn[order])
    assert not torch.equal(make("resample", seed=6).drawn(KEYS), drawn)
    assert len(set(drawn.tolist())) > 1
    grid = np.meshgrid(np.arange(50), np.arange(50))
    words = counter_words(1, *(part.ravel() for part in grid))
    assert len(set(words.tolist())) == 2500, "item and position are interchangeable, or collide"


def test_draws_are_spread_over_the_bank() -> None:
    """Every row of it is drawn about as often."""
    many = torch.arange(20_000)
    drawn = make("resample").drawn(Keys(many // 100, many % 100, many))
    counts = torch.bincount(drawn, minlength=len(BANK))
    assert int(counts.min()) > 400
    assert int(counts.max()) < 600


def test_an_applied_draw_knows_item_and_position() -> None:
    """Of the rows and columns at hand, over conditions."""
    both = Ablation.stack([make("resample", share=0.0), make("resample")])
    x = seeded(4, 4, 3, 8)  # two conditions of two items, three positions from column 7 on
    applied = Applied(both, Trace(2, 2, 12))
    condition, row = torch.tensor([0, 0, 1, 1]), torch.arange(4)
    applied.aim(torch.ones(4, 3, dtype=torch.bool), condition, row, 7)
    out = applied(x)
    assert torch.equal(out[:2], x[:2]), "dose 0 moved a bit"
    item, position = torch.tensor([0, 0, 0, 1, 1, 1]), torch.tensor([7, 8, 9] * 2)
    assert torch.equal(out[2:].reshape(6, 8), BANK[both.drawn(Keys(item, position, item))])


def test_a_prompt_draws_the_same_alone_and_in_a_batch() -> None:
    """Tokens under a resample do not depend on which prompts are generated beside them."""
    model, task = NativeModel(tiny(3)), Toy()
    prompts = task.prompts("fit", 4, 2)
    bank = 3 * seeded(3, 30, 32)
    whole = torch.ones(32, dtype=torch.bool)
    shares = torch.tensor([0.0, 1.0])
    edit = ablation("resample", "blocks.1.hook_resid_post", "step_body", whole, shares, bank, 9)
    together = generate(model, task, prompts, edit, GenerateOptions(12, 5)).tokens
    for p in range(4):
        one = type(prompts)(prompts.tokens[p : p + 1], prompts.stratum[p : p + 1])
        alone = generate(model, task, one, edit, GenerateOptions(12, 5, first_prompt=p)).tokens
        assert torch.equal(alone[:, 0], together[:, p])
    assert not torch.equal(together[0], together[1])


def test_errors_name_what_is_wrong() -> None:
    """Unknown ways, parts that are not there, draws without a position, other sites."""
    with pytest.raises(UnknownName, match="resample"):
        make("resampled")
    with pytest.raises(ClaimsError, match="no head 2: there are 2"):
        part_mask(8, [0, 2], 2, "head", "here")
    with pytest.raises(ClaimsError, match="the item and the position"):
        make("resample").apply(X, ONE)
    other = ablation("zero", "h", "p", WHOLE, torch.tensor([1.0]), BANK + 1, 5)
    with pytest.raises(ClaimsError, match="one batch"):
        Ablation.stack([make("zero"), other])
