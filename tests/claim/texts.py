"""A small workspace with one valid claim that uses most of the language, to be broken by edits."""

from __future__ import annotations

from pathlib import Path

RECIPE = """\
schema: causal-claims/recipe/1
id: tiny
builder: models.tiny:Tiny
params: {width: 8}
roles:
  standard: {params: {kind: plain}}
  regulation: {params: {kind: other}}
  standard-words: {params: {kind: words}, replicates: 3}
  tuned: {parent: standard, params: {steps: 4}}
dictionaries:
  roles: [standard, regulation]
  hooks: [blocks.1.hook_resid_post]
  params: {width: 16}
"""

CLAIM = """\
schema: causal-claims/claim/1
id: valid
title: A title
statement: A statement of what is claimed.
source: [A05]
unit: replicate
subject: {recipe: models/tiny.yaml, replicates: 6}
samples: {fit: 16, select: 8, prompts: 8, texts: 8, new_tokens: 8}
sites:
  onset: {hook: blocks.1.hook_resid_post, positions: step_onset}
  body: {hook: blocks.1.hook_resid_post, positions: step_body}
directions:
  difference: {method: mean-difference, site: onset, positive: regulation, negative: standard}
  toward-host: {method: logistic, site: onset, positive: regulation, negative: host}
  push: {method: gradient, site: onset}
arms:
  baseline: {on: regulation}
  reference: {on: standard}
  tuned: {on: tuned}
  words: {on: standard-words, label: trivial}
  treatment:
    on: regulation
    site: onset
    operation: subtract
    direction: difference
    doses: [0.0, 0.5, 1.0]
  other:
    on: regulation
    site: onset
    operation: subtract
    direction: push
    doses: [0, 0.5, 1, 2]
  isotropic: {on: regulation, site: onset, operation: subtract, control: isotropic, count: 20, doses: judged}
  opposite: {on: regulation, site: onset, operation: add, direction: difference, doses: judged, label: opposite}
  shared:
    on: standard
    site: onset
    operation: add
    directions: [toward-host, push]
    doses: [0, 0.5, 1.0]
  separate:
    on: standard
    donor: next
    site: onset
    operation: add
    directions: [toward-host, push]
    doses: [0, 0.5, 1.0]
  zeroed: {on: regulation, site: body, operation: replace-zero, doses: [0, 1]}
dose_rule:
  arm: treatment
  baseline: baseline
  readout: rate
  bounds: {ordinary_loss: 0.1, garbage_rate: 0.05}
preconditions:
  healthy: {kind: health, loss_gap_at_most: 0.2, garbage_at_most: 0.1, why: because}
  present: {kind: ratio, arm: baseline, over: reference, readout: rate, at_least: 10, floor: 0.1, why: because}
  control: {kind: share, arm: tuned, over: baseline, readout: rate, at_least: 0.5, why: because}
  halves: {kind: split-half, direction: difference, at_least: 0.9, why: because}
  chosen: {kind: dose-chosen, why: because}
  band: {kind: dose-band, arm: treatment, low: 0.8, high: 1.25, why: because}
  coherent: {kind: rise, arm: treatment, baseline: baseline, readout: ordinary_loss, at: judged, relative: true, at_most: 0.1, why: because}
  loud: {kind: level, arm: baseline, readout: rate, at_least: 0.1, why: because}
  covered: {kind: coverage, arm: treatment, baseline: baseline, reference: reference, readout: rate, closes: 0.5, arms: [shared, separate], why: because}
  alive: {kind: dictionary, hook: blocks.1.hook_resid_post, explained_variance_at_least: 0.7, dead_at_most: 0.5, why: because}
criteria:
  closes-half:
    estimand: {kind: closed-gap, arm: treatment, baseline: baseline, reference: reference, readout: rate, at: judged}
    test: {kind: superiority, margin: 0.5, alpha: 0.05}
    expect: {effect: 0.75, sd: 0.15}
    why: because
  beats-random:
    estimand: {kind: beyond-controls, arm: treatment, baseline: baseline, reference: reference, controls: [isotropic], quantile: 0.95, readout: rate, at: judged}
    test: {kind: superiority, margin: 0}
    why: because
  less-damage:
    estimand: {kind: damage-difference, arm: treatment, than: other, baseline: baseline, reference: reference, readout: rate, damage: ordinary_loss, at: 0.5}
    test: {kind: superiority, margin: 0}
    why: because
  none-of:
    estimand:
      kind: best-production
      arms: [shared, separate]
      baseline: reference
      trained: baseline
      readout: rate
      gate: {garbage_rate: 0.05, ordinary_loss: 0.1, specificity: 0.8}
    test: {kind: none-of, margin: 0.5, method: sign-flip}
    why: because
  matched:
    estimand: {kind: feature-asymmetry, hook: blocks.1.hook_resid_post, positions: step_onset, matched: true, ratio_at_least: 2, min_rate: 0.01}
    test: {kind: ratio-above, margin: 1}
    expect: {effect: 1.4, sd: 0.2}
    why: because
shown:
  marker: {kind: marker-ratio, hook: blocks.1.hook_resid_post, positions: step_onset, label: the marker}
  words-rate: {kind: level, arm: words, readout: rate}
exclusion: {at_most: 1, why: one may fail to train}
waivers: {coverage: a sentence}
does_not_show: [anything else]
"""


def write(root: Path, claim: str = CLAIM, recipe: str = RECIPE, name: str = "valid") -> Path:
    """A workspace with this claim; the path of the claim."""
    for folder in ("claims", "models"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "models" / "tiny.py").write_text('"""A builder that is never run."""\n')
    (root / "models" / "tiny.yaml").write_text(recipe, encoding="utf-8")
    path = root / "claims" / f"{name}.yaml"
    path.write_text(claim, encoding="utf-8")
    return path


def edited(text: str, old: str, new: str) -> str:
    """``text`` with its one occurrence of ``old`` replaced; the test is wrong if there is not one."""
    assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times"
    return text.replace(old, new)
