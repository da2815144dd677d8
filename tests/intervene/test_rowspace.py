"""Parts of directions before an output matrix: known null spaces, and what edits along them do."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from harness.errors import ClaimsError, UnknownName
from harness.intervene.context import Direction
from harness.intervene.edit import Edit, operation
from harness.intervene.rowspace import (
    EPSILON,
    PARTS,
    RowSpace,
    described,
    part_of,
    read_by,
    row_space,
)
from harness.subject.backend import Watch
from harness.subject.native import NativeModel
from tests.toy import VOCAB, tiny

HOOK = "blocks.1.mlp.hook_post"
WIDTH, RANK = 48, 20


def orthogonal(size: int, seed: int) -> Tensor:
    drawn = torch.randn(size, size, generator=torch.Generator().manual_seed(seed)).double()
    return torch.linalg.qr(drawn).Q


def known(d: int = 32, rank: int = RANK, seed: int = 1) -> tuple[Tensor, Tensor]:
    """A matrix [d, WIDTH] (float32) and rows of which the first ``rank`` span its row space."""
    rows = orthogonal(WIDTH, seed)
    left = torch.randn(d, rank, generator=torch.Generator().manual_seed(seed + 1)).double()
    return (left @ rows[:rank]).float(), rows


def direction(vector: Tensor, length: float = 2.0) -> Direction:
    return Direction((vector / vector.norm()).float(), length, {"hook": HOOK})


@pytest.mark.parametrize("rank", [1, RANK, 32])
def test_the_share_is_the_squared_cosine_with_the_row_space(rank: int) -> None:
    """Of a matrix whose null space is known; a direction at every angle to it."""
    matrix, rows = known(rank=rank)
    space = row_space(matrix, "W")
    assert (space.rank, space.width) == (rank, WIDTH)
    for angle in (0.0, 0.3, math.pi / 4, 1.5, math.pi / 2):
        v = math.cos(angle) * rows[rank - 1] + math.sin(angle) * rows[-1]
        assert space.share(direction(v)) == pytest.approx(math.cos(angle) ** 2, abs=1e-5)


def test_of_a_subspace_the_share_is_the_mean_over_its_directions() -> None:
    """Three rows of the row space and one of the null space: three quarters, in any basis."""
    matrix, rows = known()
    inside = rows[[0, 3, 7, WIDTH - 1]]
    turned = (orthogonal(4, 5) @ inside).float()
    found = Direction(turned[0], 1.0, {}, turned)
    assert row_space(matrix, "W").share(found) == pytest.approx(0.75, abs=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_the_parts_add_up_and_are_perpendicular(seed: int) -> None:
    """And the matrix sends one to nothing and the other to what it sends the whole to."""
    matrix, _ = known(seed=seed)
    space = row_space(matrix, "W")
    v = torch.randn(WIDTH, generator=torch.Generator().manual_seed(seed)).double()
    row, null = (space.part(v, part) for part in PARTS)
    assert torch.allclose(row + null, v)
    assert abs(float(row @ null)) < 1e-9
    assert torch.allclose(matrix.double() @ row, matrix.double() @ v, atol=1e-4)
    assert float((matrix.double() @ null).norm()) < 1e-4 * float((matrix.double() @ v).norm())
    assert torch.allclose(space.part(row, PARTS[0]), row)
    assert float(space.part(row, PARTS[1]).norm()) < 1e-9


def test_a_square_matrix_of_full_rank_has_no_null_space() -> None:
    """Which is said where a part is asked for; one direction that it loses is found."""
    square = orthogonal(WIDTH, 3).float()
    space = row_space(square, "W_O of block 1")
    v = direction(torch.ones(WIDTH))
    assert space.rank == WIDTH
    assert space.share(v) == pytest.approx(1.0, abs=1e-6)
    with pytest.raises(ClaimsError, match=r"nothing in the null space of W_O of block 1.*48 of 48"):
        part_of(v, space, "null-space")
    lost = torch.zeros(WIDTH)
    lost[5] = 1
    lacking = row_space(square - torch.outer(square @ lost, lost), "W")
    assert lacking.rank == WIDTH - 1
    assert lacking.share(v) == pytest.approx(1 - 1 / WIDTH, abs=1e-5)
    with pytest.raises(UnknownName):
        part_of(v, space, "column-space")


@pytest.mark.parametrize(("times", "rank"), [(0.5, 3), (2.0, 4)])
def test_the_rank_is_counted_above_the_stated_tolerance(times: float, rank: int) -> None:
    """A singular value on either side of max(shape) x 2^-23 x the largest."""
    values = torch.tensor([7.0, 1.0, 0.1, 7 * 6 * EPSILON * times]).double()
    matrix = torch.zeros(4, 6).double()
    matrix[:, :4] = values.diag()
    assert row_space(matrix, "W").rank == rank


def test_a_part_has_length_one_and_its_share_of_the_natural_length() -> None:
    """And says in its provenance what it is a part of."""
    matrix, rows = known()
    space = row_space(matrix, "W")
    whole = described(direction(0.6 * rows[2] + 0.8 * rows[-2], 5.0), space)
    for part, length, row in (("row-space", 0.6, rows[2]), ("null-space", 0.8, rows[-2])):
        found = part_of(whole, space, part)
        assert found.norm == pytest.approx(5 * length, rel=1e-5)
        assert torch.allclose(found.unit.double(), row, atol=1e-5)
        assert found.provenance["part"] == part
        assert float(found.provenance["row_space_share"]) == pytest.approx(0.36, abs=1e-4)
        assert float(found.provenance["null_space_share"]) == pytest.approx(0.64, abs=1e-4)
        assert found.provenance["matrix_rank"] == str(RANK)


def test_a_part_of_a_subspace_is_the_span_of_the_projections() -> None:
    """Of lower rank where a direction lies wholly in the other part."""
    matrix, rows = known()
    space = row_space(matrix, "W")
    mixed = (rows[1] + rows[-1]) / 2**0.5
    basis = torch.stack([rows[0], mixed, rows[-3]]).float()
    whole = Direction(basis.sum(0) / 3**0.5, 3.0, {}, basis)
    row, null = (part_of(whole, space, part) for part in PARTS)
    for found, inside in ((row, rows[[0, 1]]), (null, rows[[-1, WIDTH - 3]])):
        assert found.basis is not None
        assert found.basis.shape == (2, WIDTH)
        held = found.basis.double()
        assert torch.allclose(held.T @ held, inside.T @ inside, atol=1e-5)
        assert torch.allclose((held @ found.unit.double()) @ held, found.unit.double(), atol=1e-5)


def model_with(matrix: Tensor) -> NativeModel:
    decoder = tiny()
    with torch.no_grad():
        decoder.blocks[1].down.copy_(matrix)
    return NativeModel(decoder)


TOKENS = torch.randint(3, VOCAB, (3, 9), generator=torch.Generator().manual_seed(4))
OPERATIONS = ("add", "subtract", "project-out", "clamp", "patch")


def logits(model: NativeModel, name: str, unit: Tensor, dose: float = 1.0) -> Tensor:
    """With the operation along ``unit`` at every position."""
    mean = torch.linspace(-3, 3, WIDTH)
    edit: Edit = operation(name, HOOK, "all", unit[None], torch.tensor([dose]), 3.0, mean)

    def rewrite(x: Tensor) -> Tensor:
        flat = x.flatten(0, -2)
        return edit.apply(flat, torch.zeros(len(flat), dtype=torch.long)).view_as(x)

    return model.logits(TOKENS, Watch(HOOK, rewrite))


@pytest.fixture(scope="module")
def case() -> tuple[NativeModel, RowSpace, Direction]:
    """A model, the row space that its own matrix has, a direction half in it."""
    matrix, rows = known()
    model = model_with(matrix)
    assert read_by(HOOK) == ("mlp", 1)
    space = row_space(model.output_matrix("mlp", 1), "W_down of block 1")
    assert space.rank == RANK
    return model, space, direction(rows[0] + 2 * rows[4] - rows[-1] + 2 * rows[-4])


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_edit_along_the_null_space_part_changes_nothing(
    case: tuple[NativeModel, RowSpace, Direction], name: str
) -> None:
    """To rounding, whatever the operation and the dose; along the row-space part it does."""
    model, space, v = case
    clean = model.logits(TOKENS)
    moved = (logits(model, name, v.unit) - clean).abs().max()
    null = (logits(model, name, part_of(v, space, "null-space").unit) - clean).abs().max()
    row = (logits(model, name, part_of(v, space, "row-space").unit) - clean).abs().max()
    assert null < 2e-5
    assert moved > 1e-2
    assert row > 1e-2


def test_adding_a_direction_is_adding_its_row_space_part(
    case: tuple[NativeModel, RowSpace, Direction],
) -> None:
    """At the same multiple of the natural length, which is what ``unit: own`` doses."""
    model, space, v = case
    row = part_of(v, space, "row-space")
    whole = logits(model, "add", v.unit * v.norm)
    assert torch.allclose(logits(model, "add", row.unit * row.norm), whole, atol=2e-5)
    assert not torch.allclose(logits(model, "add", row.unit * v.norm), whole, atol=1e-2)


@pytest.mark.parametrize("name", ["project-out", "patch"])
def test_a_patch_along_the_whole_is_not_the_patch_along_its_row_space_part(
    case: tuple[NativeModel, RowSpace, Direction], name: str
) -> None:
    """The coefficient is read along the whole: a dormant direction is written as much as the
    disconnected one says. What is written is the row-space part of that step, exactly."""
    model, space, v = case
    row = part_of(v, space, "row-space")
    whole = logits(model, name, v.unit)
    assert (whole - logits(model, name, row.unit)).abs().max() > 1e-2
    mean = torch.linspace(-3, 3, WIDTH)
    inside = space.part(v.unit, "row-space").float()

    def step(x: Tensor) -> Tensor:
        target = (v.unit @ mean) if name == "patch" else 0.0
        return x + (target - x @ v.unit)[..., None] * inside

    assert torch.allclose(model.logits(TOKENS, Watch(HOOK, step)), whole, atol=2e-5)


def test_only_two_kinds_of_site_have_one_matrix_that_reads_them() -> None:
    """A residual is read by many, through norms."""
    assert read_by("blocks.3.attn.hook_z") == ("attn", 3)
    for hook in ("blocks.3.hook_resid_post", "blocks.3.hook_mlp_out", "blocks.0.hook_attn_out"):
        assert read_by(hook) is None
