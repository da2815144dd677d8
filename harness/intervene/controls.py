"""Directions that should do nothing in particular, to compare candidates with.

Isotropic directions alone are too weak a control: most of the space carries no activation. So
there are also directions drawn from the activations' own covariance, and placebo directions that
come out of the mean-difference pipeline with the models' labels shuffled.

Not covered: matching controls on KL (the score's ``kl`` column allows it afterwards).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from harness.errors import ClaimsError, UnknownName, nearest
from harness.intervene.gather import Gathered

KINDS = ("isotropic", "covariance")


def random_directions(kind: str, activations: Tensor, count: int, seed: int) -> Tensor:
    """Unit vectors [count, d] drawn with numpy's generator from ``seed``.

    ``isotropic``: uniform on the sphere. ``covariance``: Gaussian with the covariance of
    ``activations`` [N, d] about their mean, then normalised.
    """
    if kind not in KINDS:
        raise UnknownName(f"no control {kind!r}", fix=f"Nearest controls: {nearest(kind, KINDS)}")
    rng = np.random.default_rng(seed)
    if kind == "isotropic":
        drawn = rng.standard_normal((count, activations.shape[1]))
    else:
        centred = (activations - activations.mean(0)).double().numpy()
        values, vectors = np.linalg.eigh(centred.T @ centred / max(len(centred) - 1, 1))
        scale = np.sqrt(np.clip(values, 0, None))
        drawn = (rng.standard_normal((count, len(scale))) * scale) @ vectors.T
    return _units(torch.from_numpy(drawn))


def placebo_directions(positive: Gathered, negative: Gathered, count: int, seed: int) -> Tensor:
    """Unit vectors [count, d]: mean differences with the two models' labels shuffled per text.

    Rows must be paired (same texts). All positions of one text swap together, since they are not
    independent draws.
    """
    if positive.x.shape != negative.x.shape:
        raise ClaimsError(
            "the two models' activations are not paired", fix="Gather both on the same texts"
        )
    difference = (positive.x - negative.x).double()
    text = positive.variant * (int(positive.item.max()) + 1) + positive.item
    _, group = text.unique(return_inverse=True)
    groups = int(group.max()) + 1
    sums = torch.zeros(groups, difference.shape[1], dtype=torch.float64)
    sums.index_add_(0, group, difference)
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (count, groups))
    return _units(torch.from_numpy(signs) @ sums)


def _units(drawn: Tensor) -> Tensor:
    size = drawn.norm(dim=-1, keepdim=True)
    if not bool((size > 0).all()):
        raise ClaimsError(
            "a control direction has length zero",
            fix="The activations do not vary; use isotropic controls",
        )
    return (drawn / size).float()
