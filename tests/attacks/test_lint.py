"""Claims that cannot lose, tried through ``claims lock``: refused, named, and nothing is written.

Each attack is the text of a sound claim with one edit, beside it the nearest edit that locks.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.cli import main
from harness.lock.ledger import read
from harness.measure.job import begin, exploration_job, finish
from tests.lock.designs import CONTRAST, LEVEL, NULL, REMOVAL
from tests.lock.workspace import MODULES, write
from tests.measure.forged import workspace, write_replicate

RECIPE = """\
schema: causal-claims/recipe/1
id: tiny
builder: models.tiny:Tiny
params: {}
roles:
  standard: {params: {}}
  regulation: {params: {}}
  tuned: {parent: standard, params: {}}
  few: {params: {}, replicates: 5}
"""
BEFORE_CRITERIA = "criteria:\n"
COVERED = CONTRAST[CONTRAST.index("  covered:") : CONTRAST.index(BEFORE_CRITERIA)]
CONTROL = CONTRAST[CONTRAST.index("  control:") : CONTRAST.index("  band:")]
NOISY = ("sd: 0.15", "sd: 0.5")
LAST = "why: w\n"


@dataclass(frozen=True)
class Attack:
    """``text`` with one replacement that must not lock by ``rule``, and one that must."""

    name: str
    text: str
    wrong: tuple[tuple[str, str], ...]
    rule: str
    right: tuple[tuple[str, str], ...] = ()


def judged(readout: str) -> str:
    """A precondition on the arm that decides, or on something else about it."""
    one = f"{{kind: level, arm: treatment, readout: {readout}, at: judged, at_most: 0.05, why: w}}"
    return f"  gone: {one}\n{BEFORE_CRITERIA}"


def waived(sentence: str) -> tuple[tuple[str, str], ...]:
    return (NOISY, ("criteria:\n  closes", f"waivers: {{power: {sentence}}}\ncriteria:\n  closes"))


ATTACKS = (
    Attack(
        "a margin that doing nothing meets",
        REMOVAL,
        (("margin: 0.5", "margin: -0.1"),),
        "margin",
        (("margin: 0.5", "margin: 0.4"),),
    ),
    Attack(
        "an alpha above a tenth",
        REMOVAL,
        (("margin: 0.5", "margin: 0.5, alpha: 0.11"),),
        "alpha",
        (("margin: 0.5", "margin: 0.5, alpha: 0.1"),),
    ),
    Attack(
        "a null that is called a difference, without control",
        CONTRAST,
        (("kind: equivalence", "kind: below"), (CONTROL, "")),
        "positive-control",
        (("kind: equivalence", "kind: below"),),
    ),
    Attack("a null that may be underdosed", CONTRAST, ((COVERED, ""),), "coverage"),
    Attack(
        "a null that intervenes nowhere",
        CONTRAST,
        (("at: 1.0", "at: 0.0"),),
        "same",
    ),
    Attack(
        "the trained model as the positive control",
        NULL,
        (("arm: tuned, over: trained", "arm: trained, over: baseline"),),
        "positive-control",
    ),
    Attack(
        "a gate that nothing passes",
        NULL,
        (("garbage_rate: 0.05, ordinary_loss: 0.1,", "garbage_rate: 0, ordinary_loss: 0,"),),
        "gate",
    ),
    Attack(
        "a band that every dose is in",
        REMOVAL,
        (("low: 0.8, high: 1.25", "low: 0.0001, high: 1000000000.0"),),
        "vacuous",
        (("low: 0.8, high: 1.25", "low: 0.5, high: 2.0"),),
    ),
    Attack(
        "INVALID in place of FAIL",
        REMOVAL,
        ((BEFORE_CRITERIA, judged("rate")),),
        "outcome",
        ((BEFORE_CRITERIA, judged("garbage_rate")),),
    ),
    Attack(
        "replicates left out by what is judged",
        LEVEL,
        ((BEFORE_CRITERIA, "exclusion: {at_most: 1, why: w}\n" + BEFORE_CRITERIA),),
        "exclusion",
    ),
    Attack(
        "a test that cannot reach its alpha",
        REMOVAL,
        (
            ("replicates: 8", "replicates: 4"),
            ("margin: 0.5", "margin: 0.5, method: sign-flip"),
        ),
        "smallest-p",
        (("margin: 0.5", "margin: 0.5, method: sign-flip"),),
    ),
    Attack(
        "nineteen random directions",
        REMOVAL,
        (("count: 20", "count: 19"),),
        "random-controls",
    ),
    Attack(
        "a waiver without a sentence",
        REMOVAL,
        waived("why not"),
        "waiver",
        waived("eight pairs are all that there is money for"),
    ),
)


def edited(text: str, edits: tuple[tuple[str, str], ...]) -> str:
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace with a recipe of four roles; its builder is hashed and never run."""
    for relative, text in MODULES.items():
        write(tmp_path, relative, text)
    write(tmp_path, "models/tiny.yaml", RECIPE)
    return tmp_path


def lock(root: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit code and what a person reads."""
    capsys.readouterr()
    code = main(["--workspace", str(root), "lock", "design"])
    seen = capsys.readouterr()
    return code, seen.out + seen.err


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_a_claim_that_cannot_lose_does_not_lock(
    attack: Attack, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Refused with the rule's name, ledger and locks untouched; its neighbour locks."""
    write(root, "claims/design.yaml", edited(attack.text, attack.wrong))
    code, said = lock(root, capsys)
    assert code == 2
    assert f"(rule {attack.rule}" in said
    assert sorted(p.name for p in (root / "claims").iterdir()) == ["design.yaml"]
    write(root, "claims/design.yaml", edited(attack.text, attack.right))
    code, said = lock(root, capsys)
    assert code == 0, said
    assert len(read(root)) == 1
    assert (root / "claims" / "design.lock.json").is_file()


def explore(root: Path, losses: tuple[float, float]) -> None:
    """An exploration of two replicates, written by hand in place of any earlier one."""
    job = exploration_job(root, "easy", 2)
    begin(job)
    (job.folder / "attempt.json").unlink(missing_ok=True)
    for replicate, loss in enumerate(losses):
        write_replicate(job, replicate, loss - replicate / 10)  # which it adds
    finish(job)


def test_a_metric_at_its_floor_in_the_exploration_does_not_lock(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the exploration shows that it moves, it does."""
    root = workspace(tmp_path, locked=False)
    explore(root, (0.0, 0.0))
    assert main(["--workspace", str(root), "lock", "easy"]) == 2
    said = capsys.readouterr().err
    assert "(rule pilot, can be waived by a sentence)" in said
    assert "ordinary_loss is 0 in every replicate" in said
    assert not (root / "claims" / "ledger.jsonl").exists()
    explore(root, (3.7, 3.8))
    assert main(["--workspace", str(root), "lock", "easy"]) == 0
    assert "exploration of 2 replicate(s)" in capsys.readouterr().out
