"""A weighted sum of logits needs no logits."""

from __future__ import annotations

import pytest
import torch

from harness.subject.packed import Packed, Plain
from harness.subject.reading import Hidden, Readout, Whole
from tests.hf import seeded

X, W = seeded(1, 9, 6), seeded(2, 50, 6)
BOTH: tuple[Readout, ...] = (Hidden(X, Packed(W)), Hidden(X, Plain(W)), Whole(X @ W.T))


@pytest.mark.parametrize("readout", BOTH)
@pytest.mark.parametrize("part", [slice(0, 4), slice(4, 9), slice(3, 3), slice(None)])
def test_a_sum_over_the_vocabulary_is_that_of_the_logits(readout: Readout, part: slice) -> None:
    """In any slice, also an empty one; float64 says what it is."""
    p = seeded(3, 9, 50).softmax(-1)[part]
    wanted = (p.double() * (X.double() @ W.double().T)[part]).sum(-1)
    found = readout.dot(part, readout.pull(p))
    assert found.dtype == torch.float32
    assert torch.allclose(found.double(), wanted, atol=1e-5)


@pytest.mark.parametrize("readout", BOTH)
def test_logits_are_the_callers_to_write_into(readout: Readout) -> None:
    """The next one who asks gets them whole."""
    first = readout.logits(slice(2, 5))
    kept = first.clone()
    first.zero_()
    assert torch.equal(readout.logits(slice(2, 5)), kept)
    assert torch.allclose(kept, (X @ W.T)[2:5], atol=1e-5)
    assert torch.allclose(readout.logits(slice(2, 5), 1.5), 1.5 * kept, atol=1e-5)


def test_weights_of_one_run_serve_another() -> None:
    """What a clean run pulls, an edited one is weighed with."""
    other = Hidden(seeded(4, 9, 6), Packed(W))
    p = seeded(3, 9, 50).softmax(-1)
    found = other.dot(slice(None), BOTH[0].pull(p))
    assert torch.allclose(found, (p * other.logits(slice(None))).sum(-1), atol=1e-5)
