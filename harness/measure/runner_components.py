"""Arms that act on components, a site or some of its heads or neurons: ablations, interchanges.

What ablations put in their place comes from the host's own activations on the fit split. What is
drawn for a position depends on the replicate's seed alone, and not on the arm: all arms at a site
see the same.

Not covered: directions (``harness.measure.runner_edit``).
"""

from __future__ import annotations

import torch
from torch import Tensor

from harness.claim.schema import Arm
from harness.intervene.ablate import Ablation, ablation, part_mask
from harness.intervene.gather import gather
from harness.intervene.interchange import Alongside, Interchange
from harness.measure.runner_fit import Fitting
from harness.measure.runner_heads import chosen_head
from harness.subject.backend import width

Labels = list[tuple[str, float]]
"""(variant, dose); an ablation has one variant, without a name."""


def component_edit(
    fitting: Fitting, arm: Arm, doses: tuple[float, ...]
) -> tuple[Ablation | Interchange, Labels]:
    """An ablation's or interchange's conditions, one per dose, and their labels.

    Raises :class:`harness.errors.ClaimsError` for a head or neuron that the model does not have.
    """
    assert arm.site is not None
    site, labels = fitting.claim.sites[arm.site], [("", dose) for dose in doses]
    mask = _mask(fitting, arm, width(fitting.host(arm), site.hook))
    shares = torch.tensor(doses, dtype=torch.float32)
    if arm.partner is not None:
        masks, beside = mask.expand(len(doses), -1), alongside(fitting, arm, site.hook)
        return Interchange(site.hook, site.positions, shares, masks, beside), labels
    assert arm.way is not None
    bank = activations_at(fitting, arm)
    seed = fitting.job.seeds.seed("ablation", fitting.replicate)
    return ablation(arm.way, site.hook, site.positions, mask, shares, bank, seed), labels


def alongside(fitting: Fitting, arm: Arm, hook: str) -> Alongside:
    """The host with the other model of an interchange beside it; one object per pair and hook."""
    key = ("alongside", arm.on, arm.partner, arm.donor, hook)
    if key not in fitting.memory:
        other = fitting.models[str(arm.partner), fitting.other(arm)]
        fitting.memory[key] = Alongside(fitting.host(arm), other, hook)
    found: Alongside = fitting.memory[key]
    return found


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


def _mask(fitting: Fitting, arm: Arm, size: int) -> Tensor:
    model = fitting.host(arm)
    what, count = ("neuron", size) if arm.neurons else ("head", model.n_heads)
    where = f"arms.{arm.name}.{what}s, {model.name}"
    parts = arm.neurons or arm.heads
    if arm.chosen is not None:
        parts = (chosen_head(fitting, arm, arm.chosen),)
    return part_mask(size, parts, count, what, where)
