"""Edits of single features of a sparse dictionary: ablate, clamp, steer.

    x' = x + sum_j (f'_j - f_j) * row_j,    f'_j = keep_j * f_j + add_j        where active

with f the activations of the dictionary's features at x and row_j their decoder rows; this is
x + decode(f') - decode(f). What the dictionary does not reconstruct of x stays where it is, and an
edit that changes no feature changes nothing. Features are edited as they come out of the encoder:
where a TopK dictionary loses one to an ablation, no other one takes its place.

Not covered: which features (``harness.measure.runner_feature_arms``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from harness.errors import ClaimsError
from harness.readout.dictionary import Dictionary


@dataclass(frozen=True)
class FeatureEdit:
    """C conditions on up to k features each of one dictionary; a ``Rewrite`` for generation and
    scoring. A condition on fewer is padded with features that it keeps as they are."""

    hook: str
    positions: str
    dictionary: Dictionary
    which: Tensor  # [C, k] int64, numbers of features
    keep: Tensor  # [C, k]
    add: Tensor  # [C, k]

    @property
    def size(self) -> int:
        return len(self.which)

    @property
    def active(self) -> Tensor:
        return ((self.keep != 1) | (self.add != 0)).any(-1)

    def apply(self, x: Tensor, condition: Tensor) -> Tensor:
        """Activations [n, d] edited through the dictionary by conditions [n]; x is left alone."""
        before, out = self.dictionary.encode(x), x
        # a feature at a time and by element, so that a row does not depend on its batch
        for i in range(self.which.shape[1]):
            feature = self.which[condition, i]
            f = before.gather(1, feature[:, None]).squeeze(1)
            change = (self.keep[condition, i] - 1) * f + self.add[condition, i]
            out = out + (change[:, None] * self.dictionary.w_dec[feature]).to(x)
        return out

    @staticmethod
    def make(
        hook: str,
        positions: str,
        dictionary: Dictionary,
        groups: Sequence[Sequence[int]],
        keep: Sequence[Sequence[float]],
        add: Sequence[Sequence[float]],
    ) -> FeatureEdit:
        """One condition per group of features, each of which is kept and added to as said."""
        most = max(map(len, groups), default=0)
        which = torch.zeros(len(groups), most, dtype=torch.int64)
        kept, added = torch.ones(len(groups), most), torch.zeros(len(groups), most)
        for c, (group, *values) in enumerate(zip(groups, keep, add, strict=True)):
            which[c, : len(group)] = torch.tensor(group, dtype=torch.int64)
            for part, each in zip((kept, added), values, strict=True):
                part[c, : len(group)] = torch.tensor(each, dtype=torch.float32)
        return FeatureEdit(hook, positions, dictionary, which, kept, added)

    @staticmethod
    def ablate(
        hook: str, positions: str, dictionary: Dictionary, groups: Sequence[Sequence[int]]
    ) -> FeatureEdit:
        """One condition per group of features, which it sets to zero; an empty group is no edit."""
        nothing = [[0.0] * len(group) for group in groups]
        return FeatureEdit.make(hook, positions, dictionary, groups, nothing, nothing)

    @staticmethod
    def stack(edits: Sequence[FeatureEdit]) -> FeatureEdit:
        """The conditions of several edits through one dictionary at one site, in order."""
        first = edits[0]
        if any(
            e.dictionary is not first.dictionary
            or (e.hook, e.positions) != (first.hook, first.positions)
            for e in edits
        ):
            raise ClaimsError(
                f"cannot edit features of two dictionaries at {first.hook} in one batch",
                fix="Stack edits through one dictionary, at one hook and one position class",
            )
        most = max(e.which.shape[1] for e in edits)
        which, keep, add = (
            torch.cat([_padded(getattr(e, name), most, fill) for e in edits])
            for name, fill in (("which", 0), ("keep", 1), ("add", 0))
        )
        return replace(first, which=which, keep=keep, add=add)


def _padded(part: Tensor, most: int, fill: int) -> Tensor:
    """Columns of ``fill`` after those of [C, k], up to ``most``."""
    return torch.cat([part, part.new_full((len(part), most - part.shape[1]), fill)], 1)
