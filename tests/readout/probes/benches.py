"""A bench with toy models, and models made from one another by known changes."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch

from harness.readout.dictionary import Dictionary
from harness.readout.probes.records import Bench, Reading
from harness.subject.decoder import Block, Decoder
from harness.subject.native import NativeModel
from tests.toy import Toy

TASK = Toy()
ROLES = ("regulation", "standard")


def bench(
    trained: Decoder,
    standard: Decoder,
    dictionary: Dictionary | None = None,
    texts: int = 24,
    seed: int = 5,
) -> Bench:
    """Both models on toy texts; the one dictionary whatever is asked for."""

    def get(role: str, hook: str) -> Dictionary:
        assert dictionary is not None
        return dictionary

    def split(number: int) -> Mapping[str, object]:
        return {v: TASK.texts("fit", texts, number, v) for v in TASK.variants}

    models = {r: NativeModel(d, r) for r, d in zip(ROLES, (trained, standard), strict=True)}
    return Bench(models, TASK, split(1), split(2), get, seed)  # type: ignore[arg-type]


def permuted(decoder: Decoder, layer: int, order: list[int]) -> Decoder:
    """The same function with a layer's heads in another order."""
    made = copy.deepcopy(decoder)
    block, heads = made.blocks[layer], decoder.config.n_heads
    assert isinstance(block, Block)
    with torch.no_grad():
        qkv = block.qkv.view(3, heads, -1, block.qkv.shape[1])
        block.qkv.copy_(qkv[:, order].reshape_as(block.qkv))
        out = block.out.view(len(block.out), heads, -1)
        block.out.copy_(out[:, order].reshape_as(block.out))
    return made


def without_head(decoder: Decoder, layer: int, head: int) -> Decoder:
    """The decoder with what one head writes set to zero."""
    made = copy.deepcopy(decoder)
    block, d = made.blocks[layer], decoder.config.d_head
    assert isinstance(block, Block)
    with torch.no_grad():
        block.out[:, head * d : (head + 1) * d] = 0
    return made


def table(readings: list[Reading]) -> dict[tuple[str, str, str], float]:
    """(model, item, quantity) -> value; each stands once."""
    out = {(r.model, r.item, r.quantity): r.value for r in readings}
    assert len(out) == len(readings)
    return out
