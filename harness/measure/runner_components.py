"""Arms that act on components: ablations of a site, or of some of its heads or neurons.

What replaces them comes from the host's own activations on the fit split. What is drawn for a
position depends on the replicate's seed alone, and not on the arm: all arms at a site see the same.

Not covered: directions (``harness.measure.runner_edit``).
"""

from __future__ import annotations

import torch
from torch import Tensor

from harness.claim.schema import Arm
from harness.intervene.ablate import Ablation, ablation, part_mask
from harness.intervene.gather import gather
from harness.measure.runner_fit import Fitting

Labels = list[tuple[str, float]]
"""(variant, dose); an ablation has one variant, without a name."""


def component_edit(fitting: Fitting, arm: Arm, doses: tuple[float, ...]) -> tuple[Ablation, Labels]:
    """An ablation's conditions, one per dose, and their labels.

    Raises :class:`harness.errors.ClaimsError` for a head or neuron that the model does not have.
    """
    assert arm.site is not None
    assert arm.way is not None
    site = fitting.claim.sites[arm.site]
    bank = activations_at(fitting, arm)
    mask = _mask(fitting, arm, bank.shape[1])
    seed = fitting.job.seeds.seed("ablation", fitting.replicate)
    shares = torch.tensor(doses, dtype=bank.dtype)
    edit = ablation(arm.way, site.hook, site.positions, mask, shares, bank, seed)
    return edit, [("", dose) for dose in doses]


def activations_at(fitting: Fitting, arm: Arm) -> Tensor:
    """The host's activations [N, d] at the arm's site and class, on the fit split."""
    assert arm.site is not None
    site = fitting.claim.sites[arm.site]
    key = ("activations", arm.on, site.hook, site.positions)
    if key not in fitting.memory:
        seen = gather(fitting.host(arm), fitting.task, fitting.texts, site.hook, site.positions)
        fitting.memory[key] = seen.x
    found: Tensor = fitting.memory[key]
    return found


def _mask(fitting: Fitting, arm: Arm, width: int) -> Tensor:
    model = fitting.host(arm)
    what, count = ("neuron", width) if arm.neurons else ("head", model.n_heads)
    where = f"arms.{arm.name}.{what}s, {model.name}"
    return part_mask(width, arm.neurons or arm.heads, count, what, where)
