"""Probes in a claim file: what is accepted, what is refused and in which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.claim.canonical import claim_from_json, claim_to_json
from harness.claim.kinds import ESTIMANDS
from harness.claim.parse import parse_claim
from harness.claim.probes import PROBES
from harness.lock.lint import lint
from harness.subject.recipe import load_recipe
from tests.claim.texts import CLAIM, edited, problems, write

LENS = "{kind: logit-lens, on: [regulation, standard], positions: step_onset, texts: regulated}"
READ = "{kind: probe, probe: lens, on: regulation, item: 2, read: mass}"
CONTRAST = READ.replace("kind: probe", "kind: probe-contrast")


def with_probe(probe: str = LENS, read: str = READ) -> str:
    """The valid claim with its probe and the shown estimand that reads it changed."""
    text = edited(CLAIM, f"  lens: {LENS}\n", f"  lens: {probe}\n")
    return edited(text, f"  seen: {READ}\n", f"  seen: {read}\n")


PLAIN = edited(edited(CLAIM, f"probes:\n  lens: {LENS}\n", ""), f"  seen: {READ}\n", "")


def test_a_probe_is_read_and_written_back(tmp_path: Path) -> None:
    """Defaults are filled in, an item may be written as a number, and the canonical form is the
    claim again; a claim without probes has no word of them."""
    claim = parse_claim(tmp_path, write(tmp_path, with_probe()))
    assert claim.probes[0].params["positions"] == "step_onset"
    assert claim.shown["seen"]["item"] == "2"
    assert claim_from_json(claim_to_json(claim)) == claim
    plain = parse_claim(tmp_path, write(tmp_path, PLAIN))
    assert "probes" not in claim_to_json(plain)


@pytest.mark.parametrize(
    ("probe", "read", "path", "words"),
    [
        (LENS.replace("logit-lens", "logit-lense"), READ, "probes.lens.kind", "logit-lens"),
        (LENS, READ.replace("probe: lens", "probe: lense"), "shown.seen.probe", "Nearest: lens"),
        (LENS, READ.replace("mass", "cosine"), "shown.seen.read", "It has mass, against, auc"),
        (LENS, READ.replace("item: 2", "item: [2]"), "shown.seen.item", "an item"),
        (LENS.replace("regulation, ", ""), READ, "shown.seen.on", "It looks at standard"),
        (LENS.replace("[regulation, standard]", "[]"), READ, "probes.lens.on", "no role"),
        (LENS.replace(", texts: regulated", ""), READ, "probes.lens", "texts"),
        (LENS, CONTRAST.replace("}", ", minus_read: lift}"), "shown.seen.minus_read", "auc"),
        (LENS, CONTRAST.replace("}", ", minus_on: tuned}"), "shown.seen.minus_on", "looks at"),
        (LENS, CONTRAST.replace("}", ", minus_probe: no}"), "shown.seen.minus_probe", "lens"),
    ],
)
def test_a_misfit_is_named_where_it_stands(
    tmp_path: Path, probe: str, read: str, path: str, words: str
) -> None:
    """One mistake is one problem, at its place, with what would fit."""
    found = problems(tmp_path, with_probe(probe, read))
    assert [p for p, _ in found][:1] == [path], found
    assert words in found[0][1]


def test_a_probe_that_nothing_reads_is_a_mistake(tmp_path: Path) -> None:
    """It would be measured and disappear."""
    text = edited(CLAIM, f"  seen: {READ}\n", "")
    assert problems(tmp_path, text)[0][0] == "probes.lens"


def test_a_dictionary_that_the_recipe_does_not_train_is_refused(tmp_path: Path) -> None:
    """At another hook point than the recipe's."""
    probe = "{kind: marker, hook: blocks.7.hook_resid_post, positions: step_onset}"
    read = "{kind: probe, probe: lens, on: regulation, item: top, read: opens}"
    found = problems(tmp_path, with_probe(probe, read))
    assert found
    assert found[0][0] in ("probes.lens.hook", "probes.lens")


def criterion(estimand: str, test: str) -> str:
    text = with_probe()
    name = text[text.index("criteria:\n") + len("criteria:\n") :].split(":")[0].strip()
    added = f"  looked: {{estimand: {estimand}, test: {test}, why: a probe}}\n  {name}:"
    return text.replace(f"  {name}:", added, 1)


@pytest.mark.parametrize(
    ("estimand", "test", "rule"),
    [
        (READ, "{kind: superiority, margin: 1.0}", "unreachable"),
        (READ, "{kind: superiority, margin: -0.5}", "margin"),
        (
            CONTRAST,
            "{kind: superiority, margin: 0.1}",
            "same",
        ),
        (
            CONTRAST.replace("}", ", minus_on: standard}"),
            "{kind: superiority, margin: -0.1}",
            "margin",
        ),
        (
            READ.replace("kind: probe", "kind: probe-ratio").replace("}", ", over_on: standard}"),
            "{kind: ratio-above, margin: 0.5}",
            "margin",
        ),
    ],
)
def test_a_margin_that_a_probe_cannot_lose_or_win_does_not_lock(
    tmp_path: Path, estimand: str, test: str, rule: str
) -> None:
    """Beyond a quantity's range, against itself, or met by two models that do not differ."""
    path = write(tmp_path, criterion(estimand, test))
    claim = parse_claim(tmp_path, path)
    found = lint(claim, load_recipe(tmp_path, claim.subject.recipe))
    assert (rule, True) in {(r.rule, "looked" in r.where) for r in found}, found


def test_kinds_say_whence_they_come_and_what_they_give() -> None:
    """Every probe has quantities and a row; estimands of probes read any of them."""
    for kind in PROBES.values():
        assert kind.quantities
        assert kind.source.startswith("A")
    for name in ("probe", "probe-contrast", "probe-ratio"):
        choices = next(p for p in ESTIMANDS[name].params if p.name == "read").choices
        assert {q for kind in PROBES.values() for q in kind.quantities} == set(choices)
