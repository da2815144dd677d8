"""Arms on heads that are chosen by what they attend to, on models whose heads are in any order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness.errors import ClaimsError, UnknownName
from harness.measure.artefacts import Silent
from harness.measure.job import Job, exploration_job
from harness.measure.record_shapes import fault
from harness.measure.run import workshop_of
from harness.measure.runner import measure
from harness.measure.store import CellName, read_cell, read_json
from harness.report.build import report_input
from harness.report.page import render_claim
from harness.subject.backend import load_model
from tests.toy import SEP, Toy
from tests.toy_workspace import claim as toy
from tests.toy_workspace import make

HEADS = 4
SITE = "  mixed: {hook: blocks.0.attn.hook_z, positions: step_onset}\narms:\n"
ON = "on: regulation, site: mixed, operation: ablate"
LOOKS = "heads: {attends: step_onset}"
ARMS = f"""\
  brings: {{{ON}, way: zero, {LOOKS}, doses: [0, 1]}}
  drawn: {{{ON}, way: resample, {LOOKS}, doses: [0, 1]}}
  other-texts: {{{ON}, way: zero, heads: {{attends: step_body, texts: regulated}}, doses: [0, 1]}}
  other: {{{ON}, way: zero, heads: {{other_than: brings}}, doses: [0, 1]}}
  other-mean: {{{ON}, way: mean, heads: {{other_than: drawn}}, doses: [0, 1]}}
  given:
    {{on: standard, site: mixed, operation: interchange, with: regulation, {LOOKS}, doses: [0, 1]}}
BYNUMBER
preconditions:
"""
NUMBERED = "\n".join(
    f"  {name}-{n}: {{{ON}, way: {way}, heads: [{n}], doses: [0, 1]}}"
    for n in range(HEADS)
    for name, way in (("zero", "zero"), ("draw", "resample"))
)


def text(arms: str = ARMS) -> str:
    out = toy("heads", replicates=3).replace("arms:\n", SITE)
    return out.replace("preconditions:\n", arms.replace("BYNUMBER", NUMBERED))


def workspace(root: Path, words: str, heads: int = HEADS) -> Path:
    """The toy workspace, its models with four heads and enough weight for patterns."""
    make(root, heads=words)
    builder = root / "models/toy.py"
    code = builder.read_text().replace("n_heads=2", f"n_heads={heads}")
    builder.write_text(code.replace("0.2 * torch.randn", "0.6 * torch.randn"))
    return root


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    root = workspace(tmp_path_factory.mktemp("heads") / "w", text())
    found = exploration_job(root, "heads")
    shop = workshop_of(found, Silent())
    for replicate in range(3):
        measure(found, replicate, shop, Silent())
    return found


def record(job: Job, replicate: int) -> dict[str, Any]:
    return read_json(job.folder / f"replicate.{replicate}.json")


def cell(job: Job, arm: str, replicate: int) -> pd.DataFrame:
    """Without the arm's name."""
    path = job.folder / "cells" / CellName(arm, replicate, "explore", "score").file
    return read_cell(path).drop(columns="arm")


def by_hand(job: Job, role: str, replicate: int) -> list[float]:
    """Attention of each head of block 0 from separators to earlier separators, select split."""
    built = workshop_of(job, Silent()).model(role, replicate)
    texts = Toy().texts("select", 4, job.seeds.seed("texts", "select"), "plain")
    seen = load_model(built.folder).patterns(texts.tokens, 0).double()
    looks = np.zeros(HEADS)
    count = 0
    for row, pattern in zip(texts.tokens.tolist(), seen, strict=True):
        where = [t for t, token in enumerate(row) if token == SEP]
        for at in where:
            count += 1
            looks += [sum(float(pattern[h, at, k]) for k in where if k < at) for h in range(HEADS)]
    return list(looks / count)


def test_the_head_is_the_one_that_looks_back_most_in_each_replicate(job: Job) -> None:
    """By hand, on the select split; the numbers differ between replicates."""
    chosen = []
    for r in range(3):
        looks = by_hand(job, "regulation", r)
        noted = record(job, r)["heads"]["brings"]
        assert noted["head"] == int(np.argmax(looks))
        assert noted["attention"] == pytest.approx(max(looks), rel=1e-5)
        assert noted["next"] == pytest.approx(sorted(looks)[-2], rel=1e-5)
        assert record(job, r)["heads"]["drawn"] == noted
        chosen.append(noted["head"])
    assert len(set(chosen)) > 1


NUMBERS = [("brings", "zero"), ("drawn", "draw"), ("other-texts", "zero"), ("other", "zero")]


@pytest.mark.parametrize(("arm", "numbered"), NUMBERS)
def test_an_arm_does_to_the_chosen_head_what_one_by_number_does(
    job: Job, arm: str, numbered: str
) -> None:
    """Every number of its cells, in every replicate."""
    for r in range(3):
        head = record(job, r)["heads"][arm]["head"]
        same = cell(job, f"{numbered}-{head}", r)
        pd.testing.assert_frame_equal(cell(job, arm, r), same)
        others = [cell(job, f"{numbered}-{n}", r) for n in range(HEADS) if n != head]
        assert not any(same.equals(one) for one in others)


def test_the_control_is_another_head_of_the_layer(job: Job) -> None:
    """The same one for every arm at that role and site, whichever way it is ablated."""
    drawn = []
    for r in range(3):
        heads = record(job, r)["heads"]
        assert heads["other"]["head"] == heads["other-mean"]["head"] != heads["brings"]["head"]
        looks = by_hand(job, "regulation", r)
        assert heads["other"]["attention"] == pytest.approx(looks[heads["other"]["head"]])
        drawn.append(heads["other"]["head"])
    assert len(set(drawn)) > 1


def test_an_interchange_notes_the_head_that_the_other_model_would_choose(job: Job) -> None:
    """The host's own pattern chooses; both are known."""
    for r in range(3):
        noted = record(job, r)["heads"]["given"]
        assert noted["head"] == int(np.argmax(by_hand(job, "standard", r)))
        assert noted["partner"] == int(np.argmax(by_hand(job, "regulation", r)))
        assert cell(job, "given", r)["fired"].sum() > 0


def test_the_page_shows_which_heads_were_chosen(job: Job) -> None:
    """Replicate by replicate, as HTML and as Markdown."""
    page = render_claim(report_input(job))
    heads = [record(job, r)["heads"]["brings"]["head"] for r in range(3)]
    for words in (page.html, page.markdown):
        assert "Heads that were chosen" in words
        assert ", ".join(f"r{r}: {head}" for r, head in enumerate(heads)) in words
        assert "attends to" in words
        assert "drawn, not that of" in words


def test_a_record_of_another_kind_of_head_is_none(job: Job) -> None:
    """A head is a whole number."""
    good = record(job, 0)
    assert fault("replicate.0.json", good) == ""
    bad = {**good, "heads": {"brings": {**good["heads"]["brings"], "head": "the second"}}}
    assert "heads.brings.head" in fault("replicate.0.json", bad)


@pytest.mark.parametrize(
    ("old", "new", "kind", "words"),
    [
        ("attends: step_onset", "attends: nowhere", UnknownName, "nowhere"),
        ("texts: regulated", "texts: other", ClaimsError, "no text variant 'other'"),
        ("attends: step_onset", "attends: absent", ClaimsError, "absent"),
        (
            "_z, positions: step_onset",
            "_z, positions: {regex: '^t[0-9]+'}",
            ClaimsError,
            "no head attends to 'step_onset'",
        ),
    ],
)
def test_a_class_or_variant_that_is_not_there_stops_the_measurement(
    tmp_path: Path, old: str, new: str, kind: type[Exception], words: str
) -> None:
    """By its name."""
    root = workspace(tmp_path / "w", text().replace(old, new, 1))
    found = exploration_job(root, "heads", replicates=1)
    with pytest.raises(kind, match=words):
        measure(found, 0, workshop_of(found, Silent()), Silent())


def test_a_layer_with_one_head_has_no_other(tmp_path: Path) -> None:
    """So that there is no such control."""
    arms = ARMS.replace("BYNUMBER\n", "")
    root = workspace(tmp_path / "w", text(arms), heads=1)
    found = exploration_job(root, "heads", replicates=1)
    with pytest.raises(ClaimsError, match="one head, and no other"):
        measure(found, 0, workshop_of(found, Silent()), Silent())
