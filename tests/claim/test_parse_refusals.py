"""Each way in which a claim can be wrong: one edit of a valid claim, one problem, at its place."""

# ruff: noqa: E501 (a table reads better uncut)

from __future__ import annotations

from pathlib import Path

import pytest

from harness.claim.parse import parse_claim
from harness.errors import BadInput
from tests.claim.texts import CLAIM, RECIPE, edited, write

TREATMENT = """\
    direction: difference
    doses: [0.0, 0.5, 1.0]
"""
CLOSES = "estimand: {kind: closed-gap, arm: treatment, baseline: baseline, reference: reference"
HALF = "test: {kind: superiority, margin: 0.5, alpha: 0.05}"

# name of the defect: (old, new, path of the problem, words of the problem or its advice)
DEFECTS = {
    # keys and types
    "unknown-top-level-key": ("title: A title", "titel: A title", "titel", "Nearest keys: title"),
    "unknown-key-in-test": ("margin: 0.5, alpha", "margn: 0.5, alpha",
                            "criteria.closes-half.test.margn", "Nearest keys: margin"),
    "margin-missing": ("{kind: superiority, margin: 0.5, alpha: 0.05}", "{kind: superiority}",
                       "criteria.closes-half.test", "'margin' is missing"),
    "margin-is-text": ("margin: 0.5, alpha", 'margin: "0.5", alpha',
                       "criteria.closes-half.test.margin", "Write a number"),
    "margin-is-yes": ("margin: 0.5, alpha", "margin: yes, alpha",
                      "criteria.closes-half.test.margin", "Write a number"),
    "schema-of-the-future": ("causal-claims/claim/1", "causal-claims/claim/2", "schema",
                             "causal-claims/claim/1"),
    "arms-are-a-list": ("does_not_show: [anything else]", "does_not_show: anything",
                        "does_not_show", "a list of sentences"),
    "title-is-a-number": ("title: A title", "title: 12", "title", "text"),
    "statement-empty": ("statement: A statement of what is claimed.", 'statement: " "',
                        "statement", "empty"),
    "statement-missing": ("statement: A statement of what is claimed.\n", "", "", "Add statement:"),
    "source-empty": ("source: [A05]", "source: []", "source", "empty"),
    "unit-unknown": ("unit: replicate", "unit: prompt", "unit", "replicate"),
    "why-missing": ("{kind: dose-chosen, why: because}", "{kind: dose-chosen}",
                    "preconditions.chosen", "'why' is missing"),
    # identifiers
    "id-is-not-the-file-name": ("id: valid", "id: invalid", "id", "Write id: valid"),
    "id-in-capitals": ("id: valid", "id: Valid", "id", "lower-case"),
    "arm-name-with-underscore": ("  tuned: {on: tuned}", "  tu_ned: {on: tuned}", "arms.tu_ned",
                                 "lower-case"),
    "arm-called-features": ("  words: {on: standard-words, label: trivial}",
                            "  features: {on: standard}\n"
                            "  words: {on: standard-words, label: trivial}",
                            "arms.features", "cannot be called"),
    # subject and samples
    "recipe-outside": ("recipe: models/tiny.yaml", "recipe: ../tiny.yaml", "subject.recipe", ".."),
    "recipe-absolute": ("recipe: models/tiny.yaml", "recipe: /models/tiny.yaml", "subject.recipe",
                        "not relative"),
    "recipe-absent": ("recipe: models/tiny.yaml", "recipe: models/other.yaml", "subject.recipe",
                      "does not exist"),
    "no-replicates": ("replicates: 6", "replicates: 0", "subject.replicates", "from 1"),
    "replicates-not-whole": ("replicates: 6", "replicates: 6.5", "subject.replicates", "whole"),
    "backend-unknown": ("replicates: 6}", "replicates: 6, backend: hooked}", "subject.backend",
                        "native"),
    "samples-negative": ("prompts: 8", "prompts: -8", "samples.prompts", "from 1"),
    "fit-of-one-has-no-halves": ("fit: 16", "fit: 1", "samples.fit", "from 2"),
    # sites and directions
    "hook-misspelt": ("onset: {hook: blocks.1.hook_resid_post", "onset: {hook: blocks.one.resid",
                      "sites.onset.hook", "blocks.2.hook_resid_post"),
    "positions-with-hyphen": ("positions: step_body", "positions: step-body",
                              "sites.body.positions", "step_onset"),
    "site-unknown": ("push: {method: gradient, site: onset}", "push: {method: gradient, site: on}",
                     "directions.push.site", "Nearest: onset"),
    "method-unknown": ("method: gradient", "method: gradiant", "directions.push.method",
                       "Nearest: gradient"),
    "role-unknown": ("negative: standard}", "negative: standart}",
                     "directions.difference.negative", "Nearest: standard"),
    "role-missing": (", positive: regulation, negative: standard", ", positive: regulation",
                     "directions.difference", "Add negative:"),
    "role-too-many": ("{method: gradient, site: onset}",
                      "{method: gradient, site: onset, positive: regulation}",
                      "directions.push.positive", "Remove positive:"),
    "same-role-twice": ("negative: standard}", "negative: regulation}",
                        "directions.difference.negative", "Name two roles"),
    "host-is-the-other-role": ("negative: standard}", "negative: host}",
                               "arms.treatment.direction", "with itself"),
    # arms
    "role-of-arm-unknown": ("tuned: {on: tuned}", "tuned: {on: tunned}", "arms.tuned.on",
                            "Nearest: tuned"),
    "direction-unknown": ("    direction: difference\n", "    direction: differense\n",
                          "arms.treatment.direction", "Nearest: difference"),
    "operation-without-site": ("  zeroed: {on: regulation, site: body, ", "  zeroed: {on: regulation, ",
                               "arms.zeroed", "Add site:"),
    "operation-without-direction": ("    direction: difference\n", "", "arms.treatment",
                                    "exactly one of direction"),
    "site-without-operation": ("tuned: {on: tuned}", "tuned: {on: tuned, site: onset}",
                               "arms.tuned.site", "without an operation"),
    "replacement-with-direction": ("operation: replace-zero", "operation: replace-zero, direction: push",
                                   "arms.zeroed.direction", "takes no direction"),
    "control-without-count": ("control: isotropic, count: 20", "control: isotropic",
                              "arms.isotropic", "belong together"),
    "control-count-zero": ("count: 20", "count: 0", "arms.isotropic.count", "from 1"),
    "doses-from-a-half": (TREATMENT, TREATMENT.replace("[0.0, ", "["), "arms.treatment.doses",
                          "Start at 0"),
    "doses-fall": (TREATMENT, TREATMENT.replace("0.5, 1.0", "1.0, 0.5"), "arms.treatment.doses",
                   "increasing"),
    "doses-repeat": (TREATMENT, TREATMENT.replace("1.0", "0.5"), "arms.treatment.doses", "once"),
    "dose-negative": (TREATMENT, TREATMENT.replace("1.0", "-1.0"), "arms.treatment.doses[2]",
                      "at least 0"),
    "dose-above-four": (TREATMENT, TREATMENT.replace("1.0", "4.5"), "arms.treatment.doses[2]",
                        "at most 4"),
    "dose-with-decimal-comma": (TREATMENT, TREATMENT.replace("1.0", "1,0"), "arms.treatment.doses",
                                "increasing"),
    "only-dose-zero": ("replace-zero, doses: [0, 1]", "replace-zero, doses: [0]",
                       "arms.zeroed.doses", "Add a dose above 0"),
    "share-above-one": ("replace-zero, doses: [0, 1]", "replace-zero, doses: [0, 2]",
                        "arms.zeroed.doses", "from 0 to 1"),
    "donor-unknown": ("donor: next", "donor: previous", "arms.separate.donor", "Nearest"),
    "donor-beyond-the-replicates": ("donor: next", "donor: 6", "arms.separate.donor", "below 6"),
    # dose rule
    "dose-rule-without-grid": ("dose_rule:\n  arm: treatment", "dose_rule:\n  arm: isotropic",
                               "dose_rule.arm", "no list of doses"),
    "dose-rule-of-many-candidates": ("dose_rule:\n  arm: treatment\n  baseline: baseline",
                                     "dose_rule:\n  arm: shared\n  baseline: reference",
                                     "dose_rule.arm", "2 candidates"),
    "dose-rule-baseline-of-another-model": ("  baseline: baseline\n  readout: rate",
                                            "  baseline: reference\n  readout: rate",
                                            "dose_rule.baseline", "on regulation"),
    "dose-rule-bounds-unknown": ("bounds: {ordinary_loss: 0.1", "bounds: {loss: 0.1",
                                 "dose_rule.bounds.loss", "ordinary_loss"),
    "dose-rule-bound-negative": ("bounds: {ordinary_loss: 0.1", "bounds: {ordinary_loss: -0.1",
                                 "dose_rule.bounds.ordinary_loss", "at least 0"),
    # preconditions
    "precondition-kind-unknown": ("kind: dose-chosen", "kind: dose-chosn",
                                  "preconditions.chosen.kind", "Nearest: dose-chosen"),
    "precondition-kind-missing": ("chosen: {kind: dose-chosen, ", "chosen: {",
                                  "preconditions.chosen", "Add kind:"),
    "arm-of-precondition-unknown": ("control: {kind: share, arm: tuned", "control: {kind: share, arm: tuna",
                                    "preconditions.control.arm", "Nearest: tuned"),
    "health-of-a-role-not-built": ("garbage_at_most: 0.1, why",
                                   "garbage_at_most: 0.1, roles: [standard, nobody], why",
                                   "preconditions.healthy.roles[1]", "no role"),
    "level-without-bound": ("readout: rate, at_least: 0.1, why", "readout: rate, why",
                            "preconditions.loud", "at_least or at_most"),
    "level-with-two-bounds": ("readout: rate, at_least: 0.1, why",
                              "readout: rate, at_least: 0.1, at_most: 0.9, why",
                              "preconditions.loud", "at_least or at_most"),
    "arm-compared-with-itself": ("arm: tuned, over: baseline", "arm: tuned, over: tuned",
                                 "preconditions.control.over", "itself"),
    "precondition-on-a-capped-role": ("{kind: share, arm: tuned", "{kind: share, arm: words",
                                      "preconditions.control.arm", "stops at 3 of 6"),
    "band-of-a-replacement": ("{kind: dose-band, arm: treatment", "{kind: dose-band, arm: zeroed",
                              "preconditions.band.arm", "no planned size"),
    "band-of-no-intervention": ("{kind: dose-band, arm: treatment", "{kind: dose-band, arm: baseline",
                                "preconditions.band.arm", "does not intervene"),
    "band-upside-down": ("low: 0.8, high: 1.25", "low: 0.8, high: 0.9",
                         "preconditions.band.high", "at least 1"),
    "rise-over-another-model": ("arm: treatment, baseline: baseline, readout: ordinary_loss",
                                "arm: treatment, baseline: reference, readout: ordinary_loss",
                                "preconditions.coherent.baseline", "on regulation"),
    "coverage-without-grid": ("arms: [shared, separate], why", "arms: [shared, opposite], why",
                              "preconditions.covered.arms", "no list of doses"),
    "dictionary-at-another-hook": ("{kind: dictionary, hook: blocks.1.", "{kind: dictionary, hook: blocks.0.",
                                   "preconditions.alive.hook", "It has them at blocks.1"),
    "negative-floor": ("floor: 0.1", "floor: -0.1", "preconditions.present.floor", "at least 0"),
    # criteria
    "readout-unknown": (CLOSES + ", readout: rate", CLOSES + ", readout: rates",
                        "criteria.closes-half.estimand.readout", "Nearest: rate"),
    "estimand-kind-unknown": ("kind: closed-gap", "kind: closed", "criteria.closes-half.estimand.kind",
                              "closed-gap"),
    "parameter-of-another-kind": (CLOSES, CLOSES + ", controls: [isotropic]",
                                  "criteria.closes-half.estimand.controls", "unknown key"),
    "test-kind-unknown": (HALF, HALF.replace("superiority", "superior"),
                          "criteria.closes-half.test.kind", "Nearest: superiority"),
    "method-of-a-family": (HALF, HALF.replace("alpha: 0.05", "method: sign-flip-holm"),
                           "criteria.closes-half.test.method", "sign-flip"),
    "family-test-of-one-number": (HALF, HALF.replace("superiority", "none-of"),
                                  "criteria.closes-half.test", "Use one of: superiority"),
    "single-test-of-a-family": ("kind: none-of, margin: 0.5, method: sign-flip",
                                "kind: below, margin: 0.5", "criteria.none-of.test",
                                "none-of, some-of"),
    "ratio-test-of-a-share": (HALF, HALF.replace("superiority", "ratio-above"),
                              "criteria.closes-half.test", "Use one of: superiority"),
    "difference-test-of-a-ratio": ("{kind: ratio-above, margin: 1}", "{kind: superiority, margin: 1}",
                                   "criteria.matched.test", "ratio-above"),
    "equivalence-without-margin": (HALF, HALF.replace("superiority, margin: 0.5", "equivalence, margin: 0"),
                                   "criteria.closes-half.test.margin", "above 0"),
    "alpha-of-a-half": (HALF, HALF.replace("alpha: 0.05", "alpha: 0.5"),
                        "criteria.closes-half.test.alpha", "below 0.5"),
    "sd-of-nothing": ("sd: 0.15", "sd: 0", "criteria.closes-half.expect.sd", "above 0"),
    "expected-ratio-of-nothing": ("effect: 1.4", "effect: 0", "criteria.matched.expect.effect",
                                  "above 0"),
    "labelled-arm-decides": (CLOSES, CLOSES.replace("treatment", "opposite"),
                             "criteria.closes-half.estimand.arm", "has a label"),
    "many-candidates-as-one-number": (CLOSES, CLOSES.replace("arm: treatment, baseline: baseline, reference: reference",
                                      "arm: shared, baseline: reference, reference: baseline"),
                                      "criteria.closes-half.estimand.arm", "2 candidates"),
    "random-directions-as-one-number": (CLOSES, CLOSES.replace("treatment", "isotropic"),
                                        "criteria.closes-half.estimand.arm", "random directions"),
    "no-gap": (CLOSES, CLOSES.replace("reference: reference", "reference: baseline"),
               "criteria.closes-half.estimand.reference", "there is no gap"),
    "baseline-intervenes": (CLOSES, CLOSES.replace("baseline: baseline", "baseline: other"),
                            "criteria.closes-half.estimand.baseline", "without operation"),
    "treatment-does-not-intervene": (CLOSES, CLOSES.replace("arm: treatment", "arm: tuned"),
                                     "criteria.closes-half.estimand.arm", "does not intervene"),
    "dose-off-the-grid": ("damage: ordinary_loss, at: 0.5", "damage: ordinary_loss, at: 0.6",
                          "criteria.less-damage.estimand.at", "not measured at dose 0.6"),
    "no-dose-named": (", damage: ordinary_loss, at: 0.5", ", damage: ordinary_loss",
                      "criteria.less-damage.estimand", "Add at:"),
    "damage-curve-without-grid": ("than: other", "than: opposite",
                                  "criteria.less-damage.estimand.than", ""),
    "controls-that-are-none": ("controls: [isotropic]", "controls: [other]",
                               "criteria.beats-random.estimand.controls", "no control"),
    "controls-twice": ("controls: [isotropic]", "controls: [isotropic, isotropic]",
                       "criteria.beats-random.estimand.controls", "once"),
    "family-of-nobody": ("arms: [shared, separate]\n", "arms: []\n",
                         "criteria.none-of.estimand.arms", "at least one"),
    "gate-incomplete": (", specificity: 0.8}", "}", "criteria.none-of.estimand.gate",
                        "'specificity' is missing"),
    "gate-beyond-reach": ("specificity: 0.8}", "specificity: 1.2}",
                          "criteria.none-of.estimand.gate.specificity", "0 to 1"),
    "gate-baseline-of-another-model": ("      baseline: reference\n", "      baseline: baseline\n",
                                       "criteria.none-of.estimand.baseline", "on standard"),
    "trained-intervenes": ("      trained: baseline\n", "      trained: other\n",
                           "criteria.none-of.estimand.trained", "without operation"),
    "matched-is-text": ("matched: true", "matched: yes", "criteria.matched.estimand.matched",
                        "true or false"),
    "features-of-one-model": ("min_rate: 0.01}", "min_rate: 0.01, standard: regulation}",
                              "criteria.matched.estimand.standard", "Name two roles"),
    "features-of-two-pairs": ("label: the marker}", "trained: tuned, label: the marker}",
                              "shown.marker", "Use regulation and standard"),
    "rate-above-one": ("min_rate: 0.01}", "min_rate: 1.01}", "criteria.matched.estimand.min_rate",
                       "at most 1"),
    # the rest
    "exclusion-without-why": ("{at_most: 1, why: one may fail to train}", "{at_most: 1}", "exclusion",
                              "Add why:"),
    "exclusion-leaves-one": ("exclusion: {at_most: 1", "exclusion: {at_most: 5", "exclusion.at_most",
                             "too few"),
    "waiver-without-words": ("waivers: {coverage: a sentence}", "waivers: {coverage: true}",
                             "waivers.coverage", "text"),
    "waiver-of-a-misnamed-rule": ("waivers: {coverage: ", "waivers: {Coverage: ", "waivers.Coverage",
                                  "lower-case"),
}  # fmt: skip


def problems(root: Path, text: str, recipe: str = RECIPE) -> list[tuple[str, str]]:
    """(path, words) of every problem of a claim; empty if it is accepted."""
    try:
        parse_claim(root, write(root, text, recipe))
    except BadInput as error:
        return [(p.path, f"{p.what}. {p.fix}") for p in error.problems]
    return []


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_reported_at_its_place_with_what_to_write_instead(
    defect: str, tmp_path: Path
) -> None:
    """Every defect is refused, where it stands, in words that help."""
    old, new, path, words = DEFECTS[defect]
    found = problems(tmp_path, edited(CLAIM, old, new))
    assert any(at == path and words in said for at, said in found), found


RECIPE_DEFECTS = {
    "no-dictionaries-of-the-role": ("roles: [standard, regulation]", "roles: [standard]",
                                    "criteria.matched.estimand.trained",
                                    "no dictionaries of 'regulation'"),
    "no-dictionaries-at-the-hook": ("hooks: [blocks.1.", "hooks: [blocks.0.",
                                    "criteria.matched.estimand.hook", "It has them at blocks.0"),
    "role-of-a-criterion-is-capped": ("{params: {kind: other}}", "{params: {kind: other}, replicates: 2}",
                                      "criteria.closes-half.estimand.arm", "stops at 2 of 6"),
    "role-of-a-direction-is-capped": ("{params: {kind: other}}", "{params: {kind: other}, replicates: 5}",
                                      "arms.separate.directions[0]", "stops at 5"),
    "no-such-role": ("  tuned: {parent", "  tune: {parent", "arms.tuned.on", "Nearest: tune"),
}  # fmt: skip


@pytest.mark.parametrize("defect", RECIPE_DEFECTS)
def test_what_the_recipe_does_not_offer_is_reported_where_the_claim_asks_for_it(
    defect: str, tmp_path: Path
) -> None:
    """A claim that its recipe cannot serve is refused before anything is trained."""
    old, new, path, words = RECIPE_DEFECTS[defect]
    found = problems(tmp_path, CLAIM, edited(RECIPE, old, new))
    assert any(at == path and words in said for at, said in found), found
