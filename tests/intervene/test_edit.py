"""Edits as values: what each operation does to an activation, and what dose 0 leaves alone."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from harness.claim.terms import AFFINE
from harness.errors import ClaimsError, UnknownName
from harness.intervene.apply import Applied, Trace
from harness.intervene.edit import Edit, operation
from tests.hf import seeded

X = seeded(1, 5, 8)
UNIT = seeded(2, 1, 8) / seeded(2, 1, 8).norm()
MEAN = seeded(3, 8)


def run(name: str, dose: float, x: Tensor = X) -> Tensor:
    edit = operation(name, "h", "p", UNIT, torch.tensor([dose]), 4.0, MEAN)
    return edit.apply(x, torch.zeros(len(x), dtype=torch.int64))


def test_each_operation_does_what_its_name_says() -> None:
    """add and subtract move by dose x scale; project-out, clamp and the replacements set."""
    assert torch.allclose(run("add", 0.5), X + 2.0 * UNIT)
    assert torch.allclose(run("subtract", 0.5), X - 2.0 * UNIT)
    assert torch.allclose(run("project-out", 1.0) @ UNIT[0], torch.zeros(5), atol=1e-6)
    assert torch.allclose(run("project-out", 0.5) @ UNIT[0], X @ UNIT[0] / 2, atol=1e-6)
    assert torch.allclose(run("clamp", 0.5) @ UNIT[0], torch.full((5,), 2.0), atol=1e-5)
    assert torch.equal(run("replace-zero", 1.0), torch.zeros_like(X))
    assert torch.allclose(run("replace-mean", 1.0), MEAN.expand_as(X))
    assert torch.allclose(run("replace-mean", 0.25), 0.75 * X + 0.25 * MEAN)


@pytest.mark.parametrize("name", AFFINE)
def test_dose_zero_is_inactive_and_leaves_every_bit(name: str) -> None:
    """Through the applied edit, rows of dose 0 keep their bits even beside rows that change."""
    doses = torch.tensor([0.0, 1.0])
    edit = operation(name, "h", "p", UNIT.expand(2, -1), doses, 4.0, MEAN)
    assert edit.active.tolist() == [False, True]
    trace = Trace(2, 1, 3)
    applied = Applied(edit, trace)
    x = seeded(4, 2, 3, 8)
    before = x.clone()
    applied.aim(torch.ones(2, 3, dtype=torch.bool), torch.tensor([0, 1]), torch.tensor([0, 1]), 0)
    out = applied(x)
    assert torch.equal(out[0], before[0])
    assert not torch.equal(out[1], before[1])
    assert torch.equal(x, before), "the activation was written into"
    assert trace.evidence().delta_max[0, 0] == 0


def test_only_masked_positions_of_real_rows_change() -> None:
    """Positions outside the mask and padding rows stay, and are not counted."""
    edit = operation("add", "h", "p", UNIT, torch.tensor([1.0]), 4.0)
    trace = Trace(1, 2, 4)
    applied = Applied(edit, trace)
    mask = torch.tensor([[True, False], [False, True], [True, True]])
    applied.aim(mask, torch.zeros(3, dtype=torch.int64), torch.tensor([0, 1, -1]), 2)
    x = seeded(5, 3, 2, 8)
    changed = (applied(x) != x).any(-1)
    assert changed.tolist() == [[True, False], [False, True], [False, False]]
    evidence = trace.evidence()
    assert evidence.fired.tolist() == [[1, 1]]
    assert torch.tensor(evidence.delta_max).allclose(torch.tensor([[4.0, 4.0]]).double())


@pytest.mark.parametrize("same", [True, False], ids=["the same activation", "another one"])
def test_conditions_in_turn_are_what_they_are_alone(same: bool) -> None:
    """The rows before the edit are kept from one condition to the next only while the activation is
    the same tensor; what is applied, and the evidence, are those of one condition after another."""
    edit = operation("add", "h", "p", UNIT.expand(3, -1), torch.tensor([0.0, 0.5, 1.0]), 4.0)
    mask = torch.tensor([[True, False, True], [False, True, False]])
    xs = [seeded(6 if same else 6 + n, 2, 3, 8) for n in range(3)]
    if same:
        xs = xs[:1] * 3
    made, alone = Trace(3, 2, 3), Trace(3, 2, 3)
    applied, rows = Applied(edit, made), torch.arange(2)
    applied.aim(mask, torch.zeros_like(rows), rows, 0)
    for c, x in enumerate(xs):
        if c:
            applied.next_condition()
        out = applied(x)
        one = Applied(edit, alone)
        one.aim(mask, torch.full_like(rows, c), rows + 2 * c, 0)
        assert torch.equal(out, one(x.clone()))
    assert applied.aimed == 9
    assert torch.equal(made.delta.nan_to_num(), alone.delta.nan_to_num())
    assert torch.equal(made.before.nan_to_num(), alone.before.nan_to_num())
    assert made.before.nan_to_num().any(-1).all()
    elsewhere = Applied(edit, Trace(3, 2, 3))
    for each in (applied, elsewhere):  # the same tensor at other positions
        each.aim(~mask, torch.ones_like(rows), rows + 2, 0)
    assert torch.equal(applied(xs[-1]), elsewhere(xs[-1]))


def test_stacked_conditions_are_each_what_they_were_alone() -> None:
    """Operations stack as rows of one edit and can be taken apart again."""
    edits = [operation(n, "h", "p", UNIT, torch.tensor([0.7]), 4.0, MEAN) for n in AFFINE]
    both = Edit.stack(edits)
    for c, one in enumerate(edits):
        alone = one.apply(X, torch.zeros(5, dtype=torch.int64))
        assert torch.allclose(both.apply(X, torch.full((5,), c)), alone, atol=1e-6)
        taken = both.take(torch.tensor([c]))
        assert torch.allclose(taken.apply(X, torch.zeros(5, dtype=torch.int64)), alone, atol=1e-6)


def test_a_shift_is_what_is_added_and_nothing_else_is_one() -> None:
    """Adding and subtracting are one vector at every activation; what scales or turns is not, alone
    or beside others."""
    for name in AFFINE:
        edit = operation(name, "h", "p", UNIT.expand(2, -1), torch.tensor([0.3, 0.7]), 4.0, MEAN)
        shift = edit.shift(1)
        assert (shift is not None) == (name in ("add", "subtract")), name
        if shift is not None:
            assert torch.allclose(run(name, 0.7) - X, shift.expand(5, -1), atol=1e-6)
        mixed = Edit.stack([operation("add", "h", "p", UNIT, torch.tensor([1.0]), 4.0), edit])
        assert (mixed.shift(0) is not None) == (name in ("add", "subtract")), name


def test_errors_name_what_is_wrong() -> None:
    """Unknown operations, mixed sites, missing means and ragged parts are refused."""
    one = operation("add", "h", "p", UNIT, torch.tensor([1.0]), 4.0)
    with pytest.raises(UnknownName, match="subtract"):
        operation("substract", "h", "p", UNIT, torch.tensor([1.0]), 4.0)
    with pytest.raises(ClaimsError, match="2 sites"):
        Edit.stack([one, Edit("other", *(getattr(one, k) for k in list(one.__dict__)[1:]))])
    with pytest.raises(ClaimsError, match="mean activation"):
        operation("replace-mean", "h", "p", UNIT, torch.tensor([1.0]), 4.0)
    with pytest.raises(ClaimsError, match="one row per condition"):
        Edit("h", "p", one.keep.repeat(2), one.add, one.unit, one.gain, one.target, one.active)
