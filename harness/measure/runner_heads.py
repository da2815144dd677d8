"""Which head an arm acts on, chosen in each replicate by what it does.

``attends``: of the heads of the site's layer in the arm's model, the one with most attention from
the site's positions to *earlier* positions of the class, on the texts of the select split, as the
probe ``head-match`` chooses (``harness.readout.probes.heads``). ``other_than`` draws one of the
others of that layer; all that is drawn for a role and a layer in a replicate is the same, so that
the ways of ablating a control ablate one head.

An interchange puts in the head's place what the other model's head of the same number has; which
head the other model's own patterns choose is noted beside it.

Not covered: several heads at once, heads of several layers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from harness.claim.heads import HeadChoice
from harness.claim.schema import Arm
from harness.errors import ClaimsError
from harness.measure.drawn import seed_of
from harness.measure.runner_fit import Fitting
from harness.readout.probes.heads import looking_back, rows
from harness.subject.backend import Model


def chosen_head(fitting: Fitting, arm: Arm, choice: HeadChoice) -> int:
    """The head's number in this replicate; noted in ``fitting.heads`` under the arm's name.

    Raises :class:`ClaimsError` where no head attends to the class at all, where the layer has no
    other head, and for a text variant that the task lacks; :class:`UnknownName` for a class.
    """
    if choice.other_than is not None:
        return _other(fitting, arm, fitting.claim.arm(choice.other_than))
    looks = _looks(fitting, arm, choice, fitting.host(arm))
    head = int(looks.argmax())
    if not float(looks[head]) > 0:
        raise ClaimsError(
            f"no head attends to {choice.attends!r} from the positions of the site",
            where=f"arms.{arm.name}.heads, {fitting.host(arm).name}",
            fix="Name a class that occurs before those positions",
        )
    rest = torch.cat([looks[:head], looks[head + 1 :]])
    noted: dict[str, Any] = {
        "head": head,
        "attention": float(looks[head]),
        "next": float(rest.max()) if len(rest) else None,
    }
    if arm.partner is not None:
        other = fitting.models[arm.partner, fitting.other(arm)]
        noted["partner"] = int(_looks(fitting, arm, choice, other).argmax())
    fitting.heads[arm.name] = noted
    return head


def _looks(fitting: Fitting, arm: Arm, choice: HeadChoice, model: Model) -> Tensor:
    """Mean attention [heads] of a model's layer to earlier positions of the class."""
    assert choice.attends is not None
    site = fitting.claim.sites[str(arm.site)]
    layer, task = int(site.hook.split(".")[1]), fitting.task
    variant = choice.texts or task.variants[0]
    if variant not in task.variants:
        raise ClaimsError(
            f"no text variant {variant!r}",
            where=f"arms.{arm.name}.heads.texts",
            fix=f"The task has {', '.join(task.variants)}",
        )
    key = ("looks", id(model), layer, site.positions, choice.attends, variant)
    if key not in fitting.memory:
        seed = seed_of(fitting.job, "texts", "select", fitting.replicate)
        texts = task.texts("select", fitting.claim.samples.select, seed, variant)
        seen = rows(model, task, texts, layer, site.positions)
        looks = looking_back(task, texts, seen, site.positions, choice.attends)
        fitting.memory[key] = (looks, model)  # kept, so that its id is not given away
    found: Tensor = fitting.memory[key][0]
    return found


def _other(fitting: Fitting, arm: Arm, of: Arm) -> int:
    """One of the layer's other heads."""
    assert of.chosen is not None
    model, site = fitting.host(arm), fitting.claim.sites[str(arm.site)]
    not_this = int(_looks(fitting, of, of.chosen, fitting.host(of)).argmax())
    others = [head for head in range(model.n_heads) if head != not_this]
    if not others:
        raise ClaimsError(
            f"the layer of {site.hook} has one head, and no other",
            where=f"arms.{arm.name}.heads, {model.name}",
            fix="Use another control",
        )
    seed = fitting.job.seeds.seed("heads", arm.on, site.hook, fitting.replicate)
    head = others[int(np.random.default_rng(seed).integers(len(others)))]
    looks = _looks(fitting, of, of.chosen, model)
    fitting.heads[arm.name] = {"head": head, "attention": float(looks[head]), "next": None}
    return head
