"""Sound designs, one per kind of claim, and edits by path: what the rules of locking are tried on.

Read as files are, so that a defect that the claim language itself refuses shows as one.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from harness.claim.parse import read_claim
from harness.claim.schema import Claim
from harness.errors import BadInput
from harness.lock.lint import lint
from harness.lock.pilot import Pilot
from harness.lock.refusal import Refusal
from harness.subject.interface import DictionarySpec, Recipe, RoleSpec
from harness.yamlio import Document, load_bytes

RECIPE = Recipe(
    "tiny",
    "models/tiny.yaml",
    "models.tiny:Tiny",
    {},
    (
        RoleSpec("standard"),
        RoleSpec("regulation"),
        RoleSpec("tuned", parent="standard"),
        RoleSpec("untuned", parent="regulation"),
        RoleSpec("few", replicates=5),
    ),
    DictionarySpec(("standard", "regulation"), ("blocks.1.hook_resid_post",), {}),
)
DROP = object()
"""As a value in an edit: remove the key."""
Edit = Mapping[str, Any]

HEAD = """\
schema: causal-claims/claim/1
id: design
title: A title
statement: A statement of what is claimed.
source: [own]
unit: replicate
subject: {recipe: models/tiny.yaml, replicates: 8}
sites:
  onset: {hook: blocks.1.hook_resid_post, positions: step_onset}
  body: {hook: blocks.1.hook_resid_post, positions: step_body}
directions:
  difference: {method: mean-difference, site: onset, positive: regulation, negative: standard}
  mean: {method: mean-activation, site: onset, positive: regulation}
  toward: {method: mean-difference, site: onset, positive: regulation, negative: host}
  push: {method: gradient, site: onset}
"""
HEALTH = "  healthy: {kind: health, loss_gap_at_most: 0.2, garbage_at_most: 0.1, why: w}\n"

REMOVAL = f"""{HEAD}
arms:
  baseline: {{on: regulation}}
  reference: {{on: standard}}
  treatment:
    {{on: regulation, site: onset, operation: subtract, direction: difference,
     doses: [0.0, 0.5, 1.0]}}
  own-mean:
    {{on: regulation, site: onset, operation: subtract, direction: mean, doses: [0.0, 0.5, 1.0]}}
  isotropic:
    {{on: regulation, site: onset, operation: subtract, control: isotropic, count: 20,
     doses: judged}}
dose_rule:
  {{arm: treatment, baseline: baseline, readout: rate,
   bounds: {{ordinary_loss: 0.1, garbage_rate: 0.05}}}}
preconditions:
{HEALTH}
  present:
    {{kind: ratio, arm: baseline, over: reference, readout: rate, at_least: 10, floor: 0.1, why: w}}
  halves: {{kind: split-half, direction: difference, at_least: 0.9, why: w}}
  chosen: {{kind: dose-chosen, why: w}}
  band: {{kind: dose-band, arm: treatment, low: 0.8, high: 1.25, why: w}}
  coherent:
    {{kind: rise, arm: treatment, baseline: baseline, readout: ordinary_loss, at: judged,
     relative: true, at_most: 0.1, why: w}}
criteria:
  closes:
    estimand:
      {{kind: closed-gap, arm: treatment, baseline: baseline, reference: reference, readout: rate,
       at: judged}}
    test: {{kind: superiority, margin: 0.5}}
    expect: {{effect: 0.75, sd: 0.15}}
    why: w
  beats:
    estimand:
      {{kind: beyond-controls, arm: treatment, baseline: baseline, reference: reference,
       controls: [isotropic], quantile: 0.95, readout: rate, at: judged}}
    test: {{kind: superiority, margin: 0.0}}
    expect: {{effect: 0.3, sd: 0.2}}
    why: w
  spares:
    estimand:
      {{kind: damage-difference, arm: treatment, than: own-mean, baseline: baseline,
       reference: reference, readout: rate, damage: ordinary_loss, at: judged}}
    test: {{kind: superiority, margin: 0.0}}
    expect: {{effect: 0.05, sd: 0.04}}
    why: w
"""
"""An intervention removes a behaviour."""

NULL = f"""{HEAD}
arms:
  trained: {{on: regulation}}
  baseline: {{on: standard}}
  tuned: {{on: tuned}}
  few: {{on: few}}
  removal:
    {{on: regulation, site: onset, operation: subtract, direction: difference,
     doses: [0.0, 0.5, 1.0]}}
  candidates:
    {{on: standard, site: onset, operation: add, directions: [toward, push],
     doses: [0.0, 0.5, 1.0]}}
  stronger:
    {{on: standard, site: onset, operation: add, direction: push, doses: [0.0, 2.0]}}
preconditions:
{HEALTH}
  present:
    {{kind: ratio, arm: trained, over: baseline, readout: rate, at_least: 10, floor: 0.1, why: w}}
  control: {{kind: share, arm: tuned, over: trained, readout: rate, at_least: 0.5, why: w}}
  band: {{kind: dose-band, arm: candidates, low: 0.8, high: 1.25, why: w}}
  covered:
    {{kind: coverage, arm: removal, baseline: trained, reference: baseline, readout: rate,
     closes: 0.5, arms: [candidates], why: w}}
criteria:
  none:
    estimand:
      kind: best-production
      arms: [candidates]
      baseline: baseline
      trained: trained
      readout: rate
      gate: {{garbage_rate: 0.05, ordinary_loss: 0.1, specificity: 0.8}}
    test: {{kind: none-of, margin: 0.5}}
    expect: {{effect: 0.15, sd: 0.15}}
    why: w
"""
"""No candidate produces it."""

CONTRAST = f"""{HEAD}
arms:
  trained: {{on: regulation}}
  baseline: {{on: standard}}
  tuned: {{on: tuned}}
  removal:
    {{on: regulation, site: onset, operation: subtract, direction: difference,
     doses: [0.0, 0.5, 1.0]}}
  pushed:
    {{on: standard, site: onset, operation: add, direction: toward, doses: [0.0, 0.5, 1.0]}}
  nudged:
    {{on: standard, site: onset, operation: add, direction: push, doses: [0.0, 0.5, 1.0]}}
preconditions:
{HEALTH}
  control: {{kind: ratio, arm: tuned, over: baseline, readout: rate, at_least: 2, why: w}}
  band: {{kind: dose-band, arm: pushed, low: 0.8, high: 1.25, why: w}}
  band-n: {{kind: dose-band, arm: nudged, low: 0.8, high: 1.25, why: w}}
  covered:
    {{kind: coverage, arm: removal, baseline: trained, reference: baseline, readout: rate,
     closes: 0.5, arms: [pushed], why: w}}
criteria:
  small:
    estimand: {{kind: contrast, arm: pushed, minus: baseline, readout: rate, at: 1.0}}
    test: {{kind: equivalence, margin: 0.05}}
    expect: {{effect: 0.0, sd: 0.02}}
    why: w
"""
"""An intervention changes next to nothing: a null that is not called one."""

LEVEL = f"""{HEAD}
arms:
  baseline: {{on: regulation}}
  copy: {{on: regulation}}
  reference: {{on: standard}}
preconditions:
{HEALTH}
criteria:
  surprised:
    estimand: {{kind: level, arm: baseline, readout: ordinary_loss}}
    test: {{kind: superiority, margin: 1.0}}
    expect: {{effect: 1.5, sd: 0.2}}
    why: w
"""
"""A model as it is, no intervention."""

FEATURES = f"""{HEAD}
arms:
  trained: {{on: regulation}}
  standard: {{on: standard}}
preconditions:
{HEALTH}
  dictionaries:
    {{kind: dictionary, hook: blocks.1.hook_resid_post, explained_variance_at_least: 0.7,
     dead_at_most: 0.5, why: w}}
criteria:
  marks:
    estimand:
      {{kind: feature-asymmetry, hook: blocks.1.hook_resid_post, positions: step_onset,
       matched: true, ratio_at_least: 2.0, min_rate: 0.01}}
    test: {{kind: ratio-above, margin: 1.0}}
    expect: {{effect: 1.5, sd: 0.25}}
    why: w
"""
"""More features mark one model."""

DESIGNS = {
    "removal": REMOVAL,
    "null": NULL,
    "contrast": CONTRAST,
    "level": LEVEL,
    "features": FEATURES,
}
PARSED = {name: load_bytes(text.encode()).value for name, text in DESIGNS.items()}


def edited(base: str, edits: Edit) -> dict[str, Any]:
    """The design with values at dotted paths replaced, added or dropped."""
    value = copy.deepcopy(PARSED[base])
    for path, new in edits.items():
        *parents, last = path.split(".")
        place = value
        for key in parents:
            place = place.setdefault(key, {})
        if new is DROP:
            del place[last]
        else:
            place[last] = copy.deepcopy(new)
    return value


def claim(base: str, edits: Edit | None = None) -> Claim:
    """The claim. Raises :class:`BadInput` where the language refuses it."""
    return read_claim(Document("design.yaml", edited(base, edits or {}), {}, ""), RECIPE)


def refusals(
    base: str,
    edits: Edit | None = None,
    pilot: Pilot | None = None,
    beyond: Callable[[Claim], Claim] | None = None,
    recipe: Recipe = RECIPE,
) -> list[Refusal]:
    """Every refusal that stands; a problem of the language as a refusal of the rule ``parse``."""
    try:
        one = claim(base, edits)
    except BadInput as error:
        return [Refusal("parse", p.path, p.what, False) for p in error.problems]
    return list(lint(beyond(one) if beyond else one, recipe, pilot))
