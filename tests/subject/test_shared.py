"""Rows with the same tokens share what lies below a site, and not a bit of theirs changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from harness.subject.backend import Watch
from harness.subject.keyvalue import KeyValue
from harness.subject.native import NativeModel
from harness.subject.packed import FEWEST_ROWS
from harness.subject.shared import Shared
from tests.hf import bridge, seeded
from tests.toy import tiny

NARROW, WIDE = NativeModel(tiny()), NativeModel(tiny(4, n_heads=1))
PROMPTS = torch.randint(0, 40, (3, 5), generator=torch.Generator().manual_seed(1))
ROWS = torch.tensor([0, 1, 2]).repeat(7)
HOOKS = [
    *("blocks.0.hook_resid_post", "blocks.1.hook_resid_pre", "blocks.2.hook_resid_post"),
    *("blocks.2.attn.hook_z", "blocks.1.hook_attn_out", "blocks.3.hook_resid_mid"),
    *("blocks.1.mlp.hook_post", "blocks.2.hook_mlp_out", "blocks.3.hook_resid_post"),
]


def opened(model: NativeModel) -> KeyValue:
    """A state that has read the prompts."""
    state = model.open(len(PROMPTS), 20)
    model.extend(state, PROMPTS)
    return state


def histories(steps: int, width: int, spread: int) -> list[Tensor]:
    """Tokens [21, width] a step, of ``spread`` kinds, so that rows part sooner or later."""
    make = torch.Generator().manual_seed(spread)
    return [torch.randint(0, spread, (21, width), generator=make) for _ in range(steps)]


def moved(by: Tensor) -> Callable[[Tensor], Tensor]:
    """An edit that differs from row to row."""
    return lambda x: x + by[: len(x), None, : x.shape[-1]]


@pytest.mark.parametrize("model", [NARROW, WIDE], ids=["narrow heads", "wide head"])
@pytest.mark.parametrize("hook", HOOKS)
def test_shared_rows_have_the_bits_of_rows_of_their_own(model: NativeModel, hook: str) -> None:
    """Edited rows that part at once, late or never; single tokens and several; rows dropped."""
    by = seeded(3, 21, 200)
    for spread in (1, 2, 30):
        own = model.keep(opened(model), ROWS)
        shared = model.share(opened(model), ROWS, hook)
        assert isinstance(shared, Shared)
        rows = torch.arange(21)
        for n, tokens in enumerate((*histories(2, 3, spread), *histories(5, 1, spread))):
            if n == 4:
                keep = torch.tensor([20, 3, 4, 5, 9, 9, 11, 0, 1])
                own, shared, rows = model.keep(own, keep), model.keep(shared, keep), rows[keep]
            edit = moved(by[rows])
            expected = model.extend(own, tokens[rows], Watch(hook, edit))
            assert torch.equal(model.extend(shared, tokens[rows], Watch(hook, edit)), expected)
            assert shared.length == own.length


def test_only_distinct_histories_are_run_below() -> None:
    """Twenty-one rows of three prompts are eight rows below until they part, and then as many as
    there are histories."""
    state = NARROW.share(opened(NARROW), ROWS, HOOKS[2])
    assert isinstance(state, Shared)
    assert state.below.rows == FEWEST_ROWS
    NARROW.extend(state, torch.full((21, 1), 4))
    assert state.below.rows == FEWEST_ROWS
    assert state.which.unique().tolist() == [0, 1, 2]
    tokens = torch.arange(21)[:, None] // 2
    NARROW.extend(state, tokens)
    expected = {(int(r), int(t)) for r, t in zip(ROWS, tokens, strict=True)}
    assert state.below.rows == len(expected) > FEWEST_ROWS
    assert state.above.rows == 21


def test_the_old_state_is_left_alone() -> None:
    """Rows are taken from a prompt's state again and again."""
    state = opened(NARROW)
    first = NARROW.share(state, ROWS, HOOKS[2])
    one = NARROW.extend(first, torch.full((21, 1), 4))
    second = NARROW.share(state, ROWS, HOOKS[2])
    NARROW.extend(second, torch.full((21, 1), 5))
    third = NARROW.repeat(NARROW.share(state, ROWS[:3], HOOKS[2]), 7)
    assert torch.equal(NARROW.extend(third, torch.full((21, 1), 4)), one)


def test_nothing_is_shared_below_the_first_block_nor_on_the_bridge() -> None:
    """There the rows are simply kept."""
    assert isinstance(NARROW.share(opened(NARROW), ROWS, "blocks.0.hook_resid_pre"), KeyValue)
    other = bridge(tiny())
    state = other.open(3, 20)
    other.extend(state, PROMPTS)
    kept, same = other.keep(state, ROWS), other.share(state, ROWS, HOOKS[2])
    tokens = torch.full((21, 1), 4)
    assert torch.equal(other.extend(kept, tokens), other.extend(same, tokens))


def test_an_edit_elsewhere_than_rows_were_shared_for_is_refused() -> None:
    """It would act on rows that are not there."""
    state = NARROW.share(opened(NARROW), ROWS, HOOKS[2])
    with pytest.raises(ValueError, match="block 3"):
        NARROW.extend(state, torch.full((21, 1), 4), Watch(HOOKS[0], lambda x: x))


@pytest.mark.parametrize("model", [NARROW, WIDE], ids=["narrow heads", "wide head"])
def test_a_branch_is_a_copy_that_goes_on_by_itself(model: NativeModel) -> None:
    """Into rows of no more use and into new ones; the rows that were there keep every bit."""
    state, own = opened(model), opened(model)
    tokens = torch.arange(11)[:, None] + 1
    parents = torch.tensor([0, 1, 0, 1, 1, 0, 1, 0, 1])
    rows = torch.cat([torch.arange(2), parents])  # row 2 is of no more use
    state.branch(parents[:4], 2, 11)
    state.branch(parents[4:], 6, 11)
    assert state.rows == 11
    expected = model.extend(model.keep(own, rows), tokens)
    assert torch.equal(model.extend(state, tokens), expected)


def test_rows_that_part_copy_what_is_new_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the whole state at every step: rows part at nearly all of them."""
    state = NARROW.share(opened(NARROW), ROWS, HOOKS[2])
    assert isinstance(state, Shared)
    copied: list[int] = []
    branch = KeyValue.branch

    def counted(self: KeyValue, parents: Tensor, at: int, most: int) -> None:
        copied.append(len(parents))
        branch(self, parents, at, most)

    monkeypatch.setattr(KeyValue, "branch", counted)
    monkeypatch.setattr(KeyValue, "select", lambda *_: pytest.fail("the state was copied"))
    same, two = torch.full((21, 1), 4), torch.arange(21)[:, None] // 11
    for tokens in (same, two, same):
        NARROW.extend(state, tokens)
    assert copied == [3]
    assert state.used == 6
    assert state.below.rows == FEWEST_ROWS
