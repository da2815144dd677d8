"""Sums over the vocabulary: exact where it is easy and where it is not, each row by itself."""

from __future__ import annotations

from itertools import pairwise
from math import log

import pytest
import torch

from harness.readout import vocabulary
from harness.readout.vocabulary import WIDE, exponentials, log_total, slices, unit
from tests.hf import seeded


@pytest.mark.parametrize("vocab", [50, WIDE - 1, WIDE, 8197])
def test_the_log_total_is_exact_for_any_size_of_logits(vocab: int) -> None:
    """Rows of usual, huge, tiny, infinite and missing logits give what logsumexp gives, by powers
    of either base."""
    z = 3 * seeded(1, 7, vocab)
    z[1] += 500  # overflows when not shifted
    z[2] -= 500  # vanishes when not shifted
    z[3, 4] = torch.inf
    z[4, 4] = torch.nan
    z[5] = -torch.inf
    wanted = z.double().logsumexp(-1)
    z /= unit(vocab)
    found = log_total(z.clone(), z.clone)
    assert torch.allclose(found.double(), wanted, rtol=1e-6, equal_nan=True)
    usual = log_total(z[[0, 6]], z[[0, 6]].clone)
    assert torch.equal(found[[0, 6]], usual)  # what the others need does not touch these


@pytest.mark.parametrize("shift", [-40.0, -10.0, 0.0, 10.0, 40.0])
def test_a_wide_row_is_as_exact_as_its_logits(shift: float) -> None:
    """Where a large vocabulary is summed by powers of two, the error stays below the distance of
    float32 numbers of the logits' size."""
    z = seeded(4, 5, 4 * WIDE) + shift
    bits = z / unit(4 * WIDE)
    found = log_total(bits.clone(), bits.clone).double()
    error = (found - z.double().logsumexp(-1)).abs().max()
    assert error < torch.finfo(torch.float32).eps * max(8.0, float(z.abs().max()))


def test_wide_rows_are_summed_by_powers_of_two() -> None:
    """In place, to rounding; narrow rows give the bits that they always gave."""
    assert (unit(WIDE - 1), unit(WIDE)) == (1.0, log(2))
    for vocab in (WIDE - 1, WIDE):
        z = 3 * seeded(5, 3, vocab)
        held = z / unit(vocab)
        made = exponentials(held)
        assert made.data_ptr() == held.data_ptr()
        assert torch.allclose(made, z.exp(), rtol=2e-6)
        assert torch.equal(made, z.exp()) == (vocab < WIDE)


def test_few_rows_at_a_time_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums of rows do not depend on how many are done at a time."""
    z = seeded(2, 9, 50)
    whole = log_total(z.clone(), z.clone)
    monkeypatch.setattr(vocabulary, "CACHED_FLOATS", 100)
    assert torch.equal(log_total(z.clone(), z.clone), whole)


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (3, [3]), (10, [4, 4, 2]), (9, [3, 3, 3])])
def test_slices_cover_the_positions_and_are_about_equal(
    monkeypatch: pytest.MonkeyPatch, count: int, sizes: list[int]
) -> None:
    """Slices hold no more logits than fit and differ in size at the end only."""
    monkeypatch.setattr(vocabulary, "LOGIT_FLOATS", 400)
    edges = slices(count, 100)
    assert edges[0] == 0
    assert edges[-1] == count
    assert [b - a for a, b in pairwise(edges)] == sizes
