"""Muon (Jordan et al. 2024) for matrices, AdamW for everything else.

Matrices that stack several maps are orthogonalised map by map (queries, keys and values apart; gate
and up apart). Maps of one shape go through Newton-Schulz together, as one batched product.

Not covered: weight decay on matrices, several devices.
"""

from __future__ import annotations

import torch
from torch import Tensor

from harness.subject.decoder import Block, Decoder

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def orthogonalise(x: Tensor, steps: int = 5) -> Tensor:
    """Nearest-orthogonal of each x [N, a, b], roughly: singular values land in about .7 to 1.2."""
    a, b, c = _COEFFICIENTS
    tall = x.shape[1] > x.shape[2]
    x = x.transpose(1, 2) if tall else x
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.transpose(1, 2)
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.transpose(1, 2) if tall else x


class Muon:
    """Optimises a decoder. ``matrix_rate`` and ``rate`` are peak learning rates."""

    def __init__(
        self, decoder: Decoder, matrix_rate: float, rate: float, momentum: float, newton_steps: int
    ) -> None:
        self.matrix_rate, self.rate = matrix_rate, rate
        self.momentum, self.newton_steps = momentum, newton_steps
        self.groups: dict[tuple[int, int], list[tuple[Tensor, int, bool]]] = {}
        self.velocity: dict[tuple[int, int], Tensor] = {}
        rest: list[Tensor] = [decoder.embed, decoder.norm_final]
        if decoder.unembed is not None:
            rest.append(decoder.unembed)
        for block in decoder.blocks:
            assert isinstance(block, Block)
            rest += [block.norm_attn, block.norm_mlp]
            for matrix, maps in (
                (block.qkv, 3),
                (block.out, 1),
                (block.gate_up, 2),
                (block.down, 1),
            ):
                rows, columns = matrix.shape[0] // maps, matrix.shape[1]
                wide = rows < columns  # kept tall, so that gate, up and down share a batch
                shape = (columns, rows) if wide else (rows, columns)
                self.groups.setdefault(shape, []).append((matrix, maps, wide))
        self.adam = torch.optim.AdamW(
            rest, lr=rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True
        )

    @torch.no_grad()
    def step(self, scale: float) -> None:
        """One update at ``scale`` times the peak rates; gradients are cleared."""
        for group in self.adam.param_groups:
            group["lr"] = self.rate * scale
        self.adam.step()
        self.adam.zero_grad(set_to_none=True)
        for shape, members in self.groups.items():
            grads = torch.cat([_maps(_grad(m), n, wide) for m, n, wide in members])
            velocity = self.velocity.get(shape)
            if velocity is None:
                velocity = self.velocity[shape] = torch.zeros_like(grads)
            velocity.lerp_(grads, 1 - self.momentum)
            update = orthogonalise(grads.lerp_(velocity, self.momentum), self.newton_steps)
            start = 0
            for matrix, n, wide in members:
                # An update of a map from b to a numbers has spectral norm sqrt(a / b), at least 1.
                height = matrix.shape[0] / n / matrix.shape[1]
                rate = self.matrix_rate * scale * max(1.0, height) ** 0.5
                part = update[start : start + n]
                part = part.transpose(1, 2) if wide else part
                matrix.sub_(part.reshape(matrix.shape), alpha=rate)
                matrix.grad = None
                start += n


def _grad(matrix: Tensor) -> Tensor:
    assert matrix.grad is not None
    return matrix.grad


def _maps(grad: Tensor, maps: int, wide: bool) -> Tensor:
    """A gradient [maps * a, b] as [maps, a, b], transposed when wide."""
    parts = grad.view(maps, -1, grad.shape[1])
    return parts.transpose(1, 2) if wide else parts
