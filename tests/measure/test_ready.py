"""What a claim names and its task or models do not have is found early, and said with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from harness.claim.parse import read_claim
from harness.errors import ClaimsError
from harness.intervene.context import Direction
from harness.intervene.store import save_direction
from harness.lock.ledger import read as ledger
from harness.lock.register import register
from harness.measure.artefacts import Silent
from harness.measure.job import attempt_job
from harness.measure.ready import position_classes, text_variants
from harness.measure.run import measure_replicate
from harness.yamlio import load_bytes
from tests.toy_workspace import claim, make

ARM = "  gone: {on: regulation, site: onset, operation: replace-zero, doses: [0, 1]}\n"
GIVEN = "  pushed: {on: regulation, site: onset, operation: add, direction: given, doses: [0, 1]}\n"
FILE = "directions:\n  given: {method: from-file, site: onset, file: models/given.safetensors}\n"
HOOK, CLASS = "hook: blocks.0.hook_resid_post", "positions: step_onset"


class Told(Silent):
    """Progress that is kept."""

    def __init__(self) -> None:
        object.__setattr__(self, "said", [])

    said: list[str]

    def say(self, text: str) -> None:
        self.said.append(text)


def wrong(root: Path, old: str, new: str, arms: str = ARM, more: str = "") -> Path:
    """A workspace with one registered claim that names something that is not there."""
    text = claim("wrong").replace("preconditions:\n", f"{arms}preconditions:\n")
    text = text.replace("arms:\n", f"{more}arms:\n").replace(old, new)
    make(root, wrong=text)
    if more:
        save_direction(root / "models/given.safetensors", Direction(torch.eye(16)[0], 1.0, {}))
    register(root, ["wrong"])
    return root


def measured(root: Path, replicate: int) -> tuple[str, list[str]]:
    """The refusal of measuring a replicate, and what was trained."""
    told = Told()
    with pytest.raises(ClaimsError) as caught:
        measure_replicate(attempt_job(root, "wrong"), replicate, told)
    return str(caught.value), [line for line in told.said if line.startswith("training")]


def kinds(root: Path) -> list[str]:
    return [row.kind for row in ledger(root)]


def test_a_misspelt_position_class_trains_nothing_and_begins_nothing(tmp_path: Path) -> None:
    """So that the claim can be mended: nothing was measured, and the ledger says so."""
    root = wrong(tmp_path / "w", CLASS, "positions: step_onst")
    said, trained = measured(root, 0)
    assert said.startswith("claims/wrong.yaml: sites.onset.positions: no position class 'step_onst")
    assert "step_onset" in said
    assert trained == []
    assert kinds(root) == ["registration"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (HOOK, "hook: blocks.22.hook_resid_post", "sites.onset.hook: no site 'blocks.22.hook"),
        ("new_tokens: 4", "new_tokens: 400", "samples.new_tokens: prompts of 4 tokens and 400 new"),
        (ARM, ARM.replace("onset, operation: replace-zero", "heads, operation: ablate, way: zero, "
         "heads: [0, 9]"), "arms.gone.heads: no head 9: there are 2"),
    ],
)  # fmt: skip
def test_what_the_models_do_not_have_is_found_when_the_first_one_is_there(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    """Of the first replicate one model is trained, and of the others none."""
    root = tmp_path / "w"
    if "heads" in new:
        sites = f"sites:\n  heads: {{hook: blocks.0.attn.hook_z, {CLASS}}}\n"
        text = claim("wrong").replace("preconditions:\n", f"{new}preconditions:\n")
        make(root, wrong=text.replace("sites:\n", sites))
        register(root, ["wrong"])
    else:
        wrong(root, old, new)
    said, trained = measured(root, 0)
    assert f"claims/wrong.yaml: {words}" in said
    assert len(trained) == 1
    said, trained = measured(root, 1)
    assert f"claims/wrong.yaml: {words}" in said
    assert trained == []


@pytest.mark.parametrize("spoil", ["foreign", "gone"])
def test_a_file_that_holds_no_direction_is_refused_before_training(
    tmp_path: Path, spoil: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the place in the claim, and what writes such files."""
    root = wrong(tmp_path / "w", "", "", ARM + GIVEN, FILE)
    job = attempt_job(root, "wrong")
    monkeypatch.setattr("harness.measure.run.recheck", lambda job: None)  # the lock would say so
    path = root / "models/given.safetensors"
    if spoil == "gone":
        path.unlink()
    else:
        from safetensors.torch import save_file

        save_file({"direction": torch.eye(16)[0]}, path)
    told: Any = Told()
    with pytest.raises(ClaimsError) as caught:
        measure_replicate(job, 0, told)
    assert "claims/wrong.yaml: directions.given.file: " in str(caught.value)
    assert ("save_direction" in str(caught.value)) == (spoil == "foreign")
    assert told.said == []
    assert kinds(root) == ["registration"]


HEADS = (
    "  looks: {on: regulation, site: heads, operation: ablate, way: zero, doses: [0, 1], "
    "heads: {attends: CLASS, texts: TEXTS}}\n"
)
PROBE = (
    "probes:\n  lens: {kind: logit-lens, on: [regulation], positions: CLASS, texts: TEXTS}\n"
    "shown:\n  mass: {kind: probe, probe: lens, on: regulation, item: 0, read: mass}\n"
)
SHOWN = (
    "shown:\n  often: {kind: feature-asymmetry, hook: blocks.0.hook_resid_post, positions: CLASS, "
    "matched: true, ratio_at_least: 2.0, min_rate: 0.01}\n"
)


@pytest.mark.parametrize(
    ("part", "place"),
    [(HEADS, "arms.looks.heads"), (PROBE, "probes.lens"), (SHOWN, "shown.often")],
)
def test_every_place_that_names_a_class_or_a_variant_is_looked_at(part: str, place: str) -> None:
    """Arms that choose heads, probes, and estimands that count features, tested or shown."""
    site = f"sites:\n  heads: {{hook: blocks.0.attn.hook_z, {CLASS}}}\n"
    added = part.replace("CLASS", "a_class").replace("TEXTS", "a-text")
    text = claim("wrong").replace("sites:\n", site)
    text = text.replace("preconditions:\n", f"{added}preconditions:\n")
    read = read_claim(load_bytes(text.encode(), "claims/wrong.yaml"))
    key = "attends" if part == HEADS else "positions"
    assert (f"{place}.{key}", "a_class") in {*position_classes(read)}
    assert ((f"{place}.texts", "a-text") in {*text_variants(read)}) == ("TEXTS" in part)
