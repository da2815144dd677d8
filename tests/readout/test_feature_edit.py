"""Edits of single features, against the formula that they stand for."""

from __future__ import annotations

import pytest
import torch

from harness.errors import ClaimsError
from harness.readout.dictionary import Dictionary
from harness.readout.feature_edit import FeatureEdit
from tests.hf import seeded

HOOK = "blocks.1.hook_resid_post"


def made(seed: int = 1, k: int | None = None) -> Dictionary:
    w = seeded(seed, 24, 32)
    return Dictionary(w.T * 0.3, w, seeded(2, 24) * 0.1, seeded(3, 32), k)


@pytest.mark.parametrize("k", [None, 4])
def test_an_edit_is_the_difference_of_two_reconstructions(k: int | None) -> None:
    """x + decode(f') - decode(f): what is not reconstructed stays where it is."""
    d, x = made(k=k), seeded(5, 50, 32)
    edit = FeatureEdit.make(
        HOOK, "step_onset", d, [[3, 7], [11]], [[0.25, 1.0], [0.0]], [[0.0, 2.0], [1.5]]
    )
    f = d.encode(x)
    for condition, (group, keep, add) in enumerate(
        [([3, 7], [0.25, 1.0], [0.0, 2.0]), ([11], [0.0], [1.5])]
    ):
        changed = f.clone()
        changed[:, group] = f[:, group] * torch.tensor(keep) + torch.tensor(add)
        wanted = x + d.decode(changed) - d.decode(f)
        found = edit.apply(x, torch.full((50,), condition))
        assert torch.allclose(found, wanted, atol=1e-4)
        assert not torch.allclose(found, x, atol=1e-2)


def test_what_an_ablation_leaves_is_out_of_the_feature() -> None:
    """All features ablated leave the input without the reconstruction, and with the bias."""
    d, x = made(), seeded(5, 50, 32)
    edit = FeatureEdit.ablate(HOOK, "step_onset", d, [list(range(24))])
    left = edit.apply(x, torch.zeros(50, dtype=torch.int64))
    assert torch.allclose(left, x - d.decode(d.encode(x)) + d.b_dec, atol=1e-3)


def test_conditions_of_a_stack_are_those_of_its_parts() -> None:
    """Whichever number of features they have: padding changes nothing, and dose 0 is inactive."""
    d, x = made(), seeded(5, 10, 32)
    one = FeatureEdit.make(HOOK, "step_onset", d, [[3], [3]], [[1.0], [0.5]], [[0.0], [0.0]])
    two = FeatureEdit.ablate(HOOK, "step_onset", d, [[4, 5, 6]])
    both = FeatureEdit.stack([one, two])
    assert both.size == 3
    assert both.active.tolist() == [False, True, True]
    for part, at, condition in ((one, 1, 1), (two, 0, 2)):
        mine = part.apply(x, torch.full((10,), at))
        assert torch.equal(both.apply(x, torch.full((10,), condition)), mine)


def test_two_dictionaries_are_two_batches() -> None:
    """A stack through different ones is refused."""
    edits = [FeatureEdit.ablate(HOOK, "step_onset", made(n), [[1]]) for n in (1, 2)]
    with pytest.raises(ClaimsError, match="two dictionaries"):
        FeatureEdit.stack(edits)
