"""Prepared products: the product, and a row's bits whatever other rows there are."""

from __future__ import annotations

import pytest
import torch

from harness.subject import packed as module
from harness.subject.packed import FEWEST_ROWS, SMALL, TRIED, Packed, Plain, plain_agrees

SMALL_SHAPES = [
    *((192, 64), (64, 64), (352, 64), (64, 176)),
    *((190, 64), (128, 352), (190, 48), (40, 33)),
]
LARGE_SHAPES = [(512, 512), (8197, 64), (1100, 176)]


def given(shape: tuple[int, int], rows: int = 300) -> tuple[torch.Tensor, torch.Tensor]:
    """A weight and rows for it."""
    make = torch.Generator().manual_seed(shape[0] + shape[1])
    return torch.randn(shape, generator=make), torch.randn(rows, shape[1], generator=make)


@pytest.mark.parametrize("shape", [*SMALL_SHAPES, *LARGE_SHAPES])
def test_a_packed_product_is_the_product_and_the_same_for_any_rows(shape: tuple[int, int]) -> None:
    """Against float64; alone, in front, behind, and in the middle of others; in any shape."""
    weight, x = given(shape)
    product = Packed(weight)
    whole = product(x)
    exact = x.double() @ weight.double().T
    assert torch.allclose(whole.double(), exact, rtol=1e-5, atol=1e-4)
    for rows in (1, 2, 3, 5, 8, 17, 100, 299):
        assert torch.equal(product(x[:rows].contiguous()), whole[:rows])
        assert torch.equal(product(x[-rows:]), whole[-rows:])
    assert product(x[:0]).shape == (0, shape[0])
    assert torch.equal(product(x.view(4, 75, -1)), whole.view(4, 75, -1))
    assert torch.equal(product(x.view(75, 4, -1).transpose(0, 1)[1]), whole[1::4])


@pytest.mark.parametrize("shape", SMALL_SHAPES)
def test_a_small_weight_is_multiplied_plainly_only_to_the_same_bits(
    shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With and without the plain product, for any number of rows: not a bit differs."""
    weight, x = given(shape, 700)
    quick = Packed(weight)
    monkeypatch.setattr(module, "plain_agrees", lambda *_: False)
    slow = Packed(weight)
    for rows in (*range(1, 72), *TRIED, 300, 301, 302, 303):
        assert torch.equal(quick(x[:rows]), slow(x[:rows])), rows


def test_the_plain_product_is_used_where_it_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the fewest rows on, and never for a large weight: otherwise nothing would be gained."""
    weight, x = given((192, 64))
    calls: list[int] = []

    class Counted(Plain):
        def __call__(self, x: torch.Tensor) -> torch.Tensor:
            calls.append(len(x))
            return super().__call__(x)

    monkeypatch.setattr(module, "Plain", Counted)
    monkeypatch.setattr(module, "plain_agrees", lambda *_: True)
    product = Packed(weight)
    for rows in (FEWEST_ROWS - 1, FEWEST_ROWS, 300):
        product(x[:rows])
    assert calls == [FEWEST_ROWS, 300]
    large, x = given(LARGE_SHAPES[0])
    assert Packed(large).quick()(x).shape == (300, 512)
    assert len(calls) == 2


@pytest.mark.parametrize("shape", [*SMALL_SHAPES, *LARGE_SHAPES])
def test_the_quick_form_is_the_product_for_every_number_of_rows(shape: tuple[int, int]) -> None:
    """To rounding; in any shape, also an empty one."""
    weight, x = given(shape)
    small = shape in SMALL_SHAPES
    assert isinstance(Packed(weight).quick(), Plain if small else Packed)
    for product in (Packed(weight).quick(), Plain(weight)):
        assert product.quick() is product
        for rows in (300, 1, 7, 100, 0):
            assert torch.allclose(product(x[:rows]), x[:rows] @ weight.T, atol=1e-3)
        assert torch.equal(product(x.view(4, 75, -1)), product(x).view(4, 75, -1))


def test_where_the_plain_product_has_other_bits_it_is_not_used() -> None:
    """The comparison is one that can fail: a long sum is made in blocks, each kernel's own."""
    shape = (64, 2048)
    assert shape[0] * shape[1] <= SMALL
    weight, x = given(shape)
    same = torch.equal(Packed(weight)(x), x @ weight.T.contiguous())
    assert same == plain_agrees(*shape)
    assert torch.equal(Packed(weight)(x[:31]), Packed(weight)(x)[:31])


def test_weights_elsewhere_than_in_float32_are_multiplied_by_torch() -> None:
    """In float64 nothing is packed, and the numbers are torch's."""
    weight, x = (t.double() for t in given((64, 64)))
    expected = torch.nn.functional.linear(x, weight)
    assert torch.equal(Packed(weight)(x), expected)
    assert torch.equal(Packed(weight).quick()(x), expected)
