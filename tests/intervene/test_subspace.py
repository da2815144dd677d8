"""Subspaces: laws of their edits, and what their fits are made of."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from harness.errors import ClaimsError, UnknownName
from harness.intervene.context import FitContext
from harness.intervene.edit import operation
from harness.intervene.fit import fit_direction
from harness.intervene.store import load_direction, save_direction
from harness.intervene.subspace import fit_subspace, orthonormal
from harness.intervene.subspace_edit import SubspaceEdit, subspace_operation
from harness.subject.native import NativeModel
from tests.hf import seeded
from tests.toy import Toy, tiny

D = 8
X, MEAN = seeded(1, 5, D), seeded(3, 1, D)
BASES = {k: orthonormal(seeded(10 + k, 1, k, D))[0] for k in (1, 2, 4, D)}
ROWS = torch.zeros(len(X), dtype=torch.int64)
TASK, HOOK = Toy(), "blocks.2.hook_resid_post"
TEXTS = {v: TASK.texts("fit", 40, 1, v) for v in TASK.variants}
ONE, TWO = NativeModel(tiny(0), "one"), NativeModel(tiny(1), "two")
CONTEXT = FitContext(TWO, {"regulation": ONE, "standard": TWO}, TASK, TEXTS, HOOK, "step_onset")
METHODS = ("pca-difference", "pca-within")


def edit(name: str, basis: Tensor, share: float = 1.0) -> SubspaceEdit:
    return subspace_operation(name, "h", "p", [basis], torch.tensor([share]), MEAN)


def run(name: str, basis: Tensor, share: float = 1.0, x: Tensor = X) -> Tensor:
    return edit(name, basis, share).apply(x, ROWS)


@pytest.mark.parametrize("k", BASES)
def test_projecting_out_takes_all_of_the_subspace_and_nothing_else(k: int) -> None:
    """Inside nothing is left, outside nothing moved, and a second time changes nothing."""
    basis = BASES[k]
    once = run("project-out", basis)
    assert torch.allclose(once @ basis.T, torch.zeros(len(X), k), atol=1e-5)
    outside = torch.eye(D) - basis.T @ basis
    assert torch.allclose(once @ outside, X @ outside, atol=1e-5)
    assert torch.allclose(run("project-out", basis, x=once), once, atol=1e-5)
    assert torch.allclose(run("project-out", basis, 0.5), (X + once) / 2, atol=1e-5)


@pytest.mark.parametrize("k", BASES)
def test_a_patch_puts_the_others_component_in_place(k: int) -> None:
    """Inside stands the mean's part, outside the activation's own; twice is once."""
    basis = BASES[k]
    once = run("patch", basis)
    assert torch.allclose(once @ basis.T, (MEAN @ basis.T).expand(len(X), -1), atol=1e-5)
    outside = torch.eye(D) - basis.T @ basis
    assert torch.allclose(once @ outside, X @ outside, atol=1e-5)
    assert torch.allclose(run("patch", basis, x=once), once, atol=1e-5)
    assert torch.allclose(run("patch", basis, 0.25), 0.75 * X + 0.25 * once, atol=1e-5)


def test_a_basis_of_the_whole_residual_is_the_whole_residual() -> None:
    """Projecting all of it out is replacing by zero, patching it is replacing by the mean."""
    for name, same in (("project-out", "replace-zero"), ("patch", "replace-mean")):
        whole = operation(same, "h", "p", X[:1], torch.tensor([1.0]), 1.0, MEAN[0])
        assert torch.allclose(run(name, BASES[D]), whole.apply(X, ROWS), atol=1e-5)


@pytest.mark.parametrize("name", ["project-out", "patch"])
@pytest.mark.parametrize("share", [0.3, 1.0])
def test_rank_one_is_the_single_direction_to_the_bit(name: str, share: float) -> None:
    """The same arithmetic in the same order."""
    unit = BASES[1]
    single = operation(name, "h", "p", unit, torch.tensor([share]), 1.0, MEAN)
    assert torch.equal(run(name, unit, share), single.apply(X, ROWS))


def test_what_spans_the_same_is_the_same_edit() -> None:
    """A basis is one of many of its subspace: a rotation within it changes rounding alone."""
    turn = orthonormal(seeded(5, 1, 4, 4))[0]
    for name in ("project-out", "patch"):
        assert torch.allclose(run(name, BASES[4]), run(name, turn @ BASES[4]), atol=1e-5)


def test_stacked_subspaces_of_other_ranks_are_what_they_were_alone() -> None:
    """To the bit: padding is nothing, and a row does not depend on its batch."""
    alone = [edit(n, BASES[k]) for n in ("project-out", "patch") for k in (1, 2, 4)]
    both = SubspaceEdit.stack(alone)
    assert both.size == 6
    rows = torch.arange(6).repeat_interleave(len(X))
    mixed = both.apply(X.repeat(6, 1), rows).view(6, *X.shape)
    for c, one in enumerate(alone):
        assert torch.equal(mixed[c], one.apply(X, ROWS))


def test_share_zero_is_inactive() -> None:
    """As dose 0 of every edit."""
    assert edit("project-out", BASES[2], 0.0).active.tolist() == [False]
    assert edit("patch", BASES[2], 1.0).active.tolist() == [True]


@pytest.mark.parametrize("lead", [None, "mean-difference"])
@pytest.mark.parametrize("method", METHODS)
def test_fitted_bases_are_orthonormal_and_nested(method: str, lead: str | None) -> None:
    """Each rank begins with the smaller one, and holds its natural vector."""
    before = None
    for k in (1, 2, 4, 8, 16):
        found = fit_subspace(method, CONTEXT, "regulation", "standard", k, lead)
        assert found.basis is not None
        assert found.basis.shape == (k, 32)
        assert torch.allclose(found.basis @ found.basis.T, torch.eye(k), atol=1e-5)
        inside = (found.basis @ found.unit) @ found.basis
        assert torch.allclose(inside, found.unit, atol=1e-5)
        if before is not None:
            assert torch.allclose(found.basis[: len(before)], before, atol=1e-5)
        before = found.basis


@pytest.mark.parametrize("method", METHODS)
def test_the_natural_vector_is_the_mean_difference_inside(method: str) -> None:
    """Projected, its length with it; so its share grows with the rank up to all of it."""
    mean = fit_direction("mean-difference", CONTEXT, "regulation", "standard")
    lengths = []
    for k in (1, 4, 16, 32):
        found = fit_subspace(method, CONTEXT, "regulation", "standard", k)
        assert found.basis is not None
        inside = found.basis.T @ (found.basis @ (mean.unit * mean.norm))
        assert torch.allclose(found.unit * found.norm, inside, atol=1e-3 * mean.norm)
        share = float(found.provenance["mean_difference_inside"])
        assert share == pytest.approx(found.norm / mean.norm, rel=1e-4)
        lengths.append(found.norm)
    assert lengths == sorted(lengths)
    assert lengths[-1] == pytest.approx(mean.norm, rel=1e-4)


def test_a_lead_is_the_mean_difference_to_the_bit() -> None:
    """As the first direction, as the natural vector, and in length, at every rank."""
    mean = fit_direction("mean-difference", CONTEXT, "regulation", "standard")
    for k in (1, 4):
        args = ("regulation", "standard", k, "mean-difference")
        found = fit_subspace("pca-difference", CONTEXT, *args)
        assert found.basis is not None
        assert torch.equal(found.basis[0], mean.unit)
        assert torch.equal(found.unit, mean.unit)
        assert found.norm == mean.norm


@pytest.mark.parametrize("method", METHODS)
def test_the_first_component_is_the_methods_single_direction(method: str) -> None:
    """Up to the sign, which is the gradient's there and no matter in a subspace."""
    one = fit_direction(method, CONTEXT, "regulation", "standard").unit
    found = fit_subspace(method, CONTEXT, "regulation", "standard", 2)
    assert found.basis is not None
    assert abs(float(found.basis[0] @ one)) == pytest.approx(1.0, abs=1e-5)


def test_a_planted_plane_is_found() -> None:
    """Differences that vary in two directions only span them."""

    class Moved(NativeModel):
        def activations(self, tokens: Tensor, hook: str) -> Tensor:
            made = torch.Generator().manual_seed(0)
            plane = orthonormal(seeded(7, 1, 2, 32))[0]
            noise = torch.randn((*tokens.shape, 2), generator=made) + 1.0
            return super().activations(tokens, hook) + noise @ plane

    one, two = Moved(tiny(1), "moved"), TWO
    context = FitContext(two, {"regulation": one, "standard": two}, TASK, TEXTS, HOOK, "step_onset")
    found = fit_subspace("pca-difference", context, "regulation", "standard", 2)
    plane = orthonormal(seeded(7, 1, 2, 32))[0]
    assert found.basis is not None
    assert float((found.basis @ plane.T).square().sum()) == pytest.approx(2.0, abs=1e-4)
    with pytest.raises(ClaimsError, match="2 components that vary, not 4"):
        fit_subspace("pca-difference", context, "regulation", "standard", 4)


def test_a_subspace_comes_back_from_disk_as_it_was(tmp_path: Path) -> None:
    """With its basis; one that is not orthonormal, or is not around its vector, is refused."""
    from dataclasses import replace

    found = fit_subspace("pca-difference", CONTEXT, "regulation", "standard", 4)
    path = tmp_path / "s.safetensors"
    save_direction(path, found)
    back = load_direction(path, 32)
    assert back.basis is not None
    assert found.basis is not None
    assert torch.equal(back.basis, found.basis)
    assert dict(back.provenance) == dict(found.provenance)
    for basis in (2 * found.basis, found.basis[1:], found.basis[:, :8]):
        save_direction(path, replace(found, basis=basis))
        with pytest.raises(ClaimsError, match="not an orthonormal basis"):
            load_direction(path)


def test_errors_name_what_is_wrong() -> None:
    """Operations without meaning, missing means, dependent directions, mixed sites."""
    with pytest.raises(UnknownName, match="clamp does not act on a subspace"):
        edit("clamp", BASES[2])
    with pytest.raises(ClaimsError, match="other model's mean"):
        subspace_operation("patch", "h", "p", [BASES[2]], torch.ones(1))
    with pytest.raises(ClaimsError, match="dependent"):
        orthonormal(torch.ones(1, 2, D))
    other = subspace_operation("project-out", "other", "p", [BASES[2]], torch.ones(1))
    with pytest.raises(ClaimsError, match="2 sites"):
        SubspaceEdit.stack([edit("project-out", BASES[2]), other])
