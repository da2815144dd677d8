"""Maps between models: a known change of basis is undone, and what a map explains is said."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from harness.errors import ClaimsError, UnknownName
from harness.intervene.context import FitContext
from harness.intervene.fit import fit_direction
from harness.intervene.gather import Gathered
from harness.intervene.mapping import KINDS, fit_map, mapped
from harness.intervene.subspace import orthonormal
from harness.subject.decoder import Block, Decoder
from harness.subject.native import NativeModel
from tests.hf import seeded
from tests.toy import Toy, tiny

TASK, HOOK = Toy(), "blocks.2.hook_resid_post"
TEXTS = {v: TASK.texts("fit", 60, 1, v) for v in TASK.variants}
TURN = orthonormal(seeded(8, 1, 32, 32))[0]


def plain(seed: int) -> Decoder:
    """A tiny decoder whose norms have no gains, so that its residual may be rotated."""
    made = tiny(seed)
    with torch.no_grad():
        for weight in made.parameters():
            if weight.dim() == 1:
                weight.fill_(1.0)
    return made


def rotated(seed: int) -> Decoder:
    """The same function of tokens, every residual x turned into x @ TURN."""
    made = plain(seed)
    with torch.no_grad():
        made.embed.copy_(made.embed @ TURN)
        for block in made.blocks:
            assert isinstance(block, Block)
            for reads in (block.qkv, block.gate_up):
                reads.copy_(reads @ TURN)
            for writes in (block.out, block.down):
                writes.copy_(TURN.T @ writes)
    return made


ONE, TWO = NativeModel(plain(0), "one"), NativeModel(plain(1), "two")
TURNED_ONE, TURNED_TWO = (
    NativeModel(rotated(0), "turned-one"),
    NativeModel(rotated(1), "turned-two"),
)


def context(one: NativeModel, two: NativeModel) -> FitContext:
    return FitContext(one, {"regulation": one, "standard": two}, TASK, TEXTS, HOOK, "step_onset")


HERE, THERE = context(ONE, TWO), context(TURNED_ONE, TURNED_TWO)


def test_the_rotated_model_is_the_same_model_in_another_basis() -> None:
    """Otherwise the law below would be about something else."""
    tokens = TEXTS["plain"].tokens[:4]
    assert torch.allclose(ONE.logits(tokens), TURNED_ONE.logits(tokens), atol=1e-4)
    one, two = ONE.activations(tokens, HOOK), TURNED_ONE.activations(tokens, HOOK)
    assert torch.allclose(one @ TURN, two, atol=1e-4)
    assert not torch.allclose(one, two, atol=0.1)


@pytest.mark.parametrize(
    "method", ["mean-difference", "behaviour-contrast", "logistic", "gradient"]
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_rotated_models_direction_comes_back(kind: str, method: str) -> None:
    """Fitted in the turned model and mapped, it is the direction fitted here, length and all."""
    here = fit_direction(method, HERE, "regulation", "standard")
    there = fit_direction(method, THERE, "regulation", "standard")
    assert abs(float(here.unit @ there.unit)) < 0.6
    seen = THERE.gathered(TURNED_ONE), HERE.gathered(ONE)
    back = mapped(there, fit_map(kind, *seen), "turned-one", "one")
    bound = 0.999 if kind == "procrustes" else 0.97  # the ridge shrinks what varies little
    assert float(back.unit @ here.unit) > bound
    assert back.norm == pytest.approx(here.norm, rel=1e-3 if kind == "procrustes" else 0.15)


def test_what_a_map_explains_is_recorded() -> None:
    """All of a rotated model, also on texts held out; less of an unrelated one."""
    for kind, least in (("procrustes", 0.9999), ("affine", 0.99)):
        found = fit_map(kind, THERE.gathered(TURNED_ONE), HERE.gathered(ONE))
        assert found.explained > least
        assert found.held_out > least
        other = fit_map(kind, HERE.gathered(TWO), HERE.gathered(ONE))
        assert other.explained < 0.98
        assert other.held_out < other.explained
    back = mapped(fit_direction("gradient", THERE, None, None), found, "s", "h")
    about = back.provenance
    assert float(about["map_explained_variance"]) == pytest.approx(found.explained, rel=1e-4)
    assert (about["map"], about["map_source"], about["map_host"]) == ("affine", "s", "h")
    assert about["map_ridge"] == "0.001"
    assert about["method"] == "gradient"


def test_a_procrustes_map_is_orthogonal_and_keeps_lengths() -> None:
    """A direction is as long mapped as it was, whatever the two models are."""
    found = fit_map("procrustes", HERE.gathered(TWO), HERE.gathered(ONE))
    assert torch.allclose(found.matrix @ found.matrix.T, torch.eye(32), atol=1e-5)
    one = fit_direction("mean-difference", HERE, "regulation", "standard")
    assert mapped(one, found, "s", "h").norm == pytest.approx(one.norm, rel=1e-5)


def test_a_shift_is_no_part_of_a_direction() -> None:
    """Activations are centred: a constant added to one model changes no map."""
    seen = THERE.gathered(TURNED_ONE)
    moved = replace(seen, x=seen.x + 10 * seeded(2, 32))
    for kind in KINDS:
        plain_, shifted = (fit_map(kind, s, HERE.gathered(ONE)).matrix for s in (seen, moved))
        assert torch.allclose(plain_, shifted, atol=1e-3)


def test_errors_name_what_is_wrong() -> None:
    """Unknown maps, rows that do not pair, widths that no rotation joins, maps to nothing."""
    seen = HERE.gathered(ONE)
    with pytest.raises(UnknownName, match="procrustes"):
        fit_map("procrustean", seen, seen)
    fewer = Gathered(seen.x[1:], seen.following[1:], seen.item[1:], seen.variant[1:])
    with pytest.raises(ClaimsError, match="not paired"):
        fit_map("affine", fewer, seen)
    narrow = replace(seen, x=seen.x[:, :8])
    with pytest.raises(ClaimsError, match="32 dimensions to 8"):
        fit_map("procrustes", seen, narrow)
    assert fit_map("affine", seen, narrow).matrix.shape == (32, 8)
    still = replace(seen, x=torch.zeros_like(seen.x))
    with pytest.raises(ClaimsError, match="to nothing"):
        mapped(
            fit_direction("gradient", HERE, None, None), fit_map("affine", seen, still), "s", "h"
        )
