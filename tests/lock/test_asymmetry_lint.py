"""An asymmetry that is claimed to be absent is a null, of both arms."""

from __future__ import annotations

import shutil
from pathlib import Path

from harness.claim.parse import parse_claim
from harness.lock.lint import lint
from harness.subject.recipe import load_recipe

ROOT = Path(__file__).parents[2]
CLAIM = "claims/steering-asymmetry.yaml"


def reasons(root: Path, text: str) -> list[str]:
    """Why the published claim in these words could not be locked, waived ones aside."""
    (root / "claims").mkdir()
    shutil.copytree(ROOT / "models", root / "models")
    (root / CLAIM).write_text(text)
    claim = parse_claim(root, root / CLAIM)
    found = lint(claim, load_recipe(root, claim.subject.recipe))
    return [one.reason for one in found if one.rule not in claim.waivers]


def test_small_doses_on_either_side_cannot_show_that_there_is_no_asymmetry(tmp_path: Path) -> None:
    """Its neighbour, the claim that there is one, is locked in this repository."""
    text = (ROOT / CLAIM).read_text()
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    assert reasons(tmp_path / "one", text) == []
    null = text.replace("superiority, margin: 0.5", "equivalence, margin: 0.5")
    found = reasons(tmp_path / "two", null.replace("effect: 0.85", "effect: 0.0"))
    for arm in ("subtracted", "added"):
        assert any(f"arm {arm} may be underdosed" in reason for reason in found), (arm, found)
