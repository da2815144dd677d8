"""A small workspace with one valid claim that uses most of the language, to be broken by edits."""

from __future__ import annotations

from pathlib import Path

from harness.claim.parse import parse_claim
from harness.errors import BadInput

DATA = Path(__file__).with_name("data")
RECIPE = (DATA / "tiny.yaml").read_text(encoding="utf-8")
CLAIM = (DATA / "valid.yaml").read_text(encoding="utf-8")


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
    """``text`` with its one occurrence of ``old`` replaced; it is a wrong test if there is none."""
    assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times"
    return text.replace(old, new)


def problems(root: Path, text: str, recipe: str = RECIPE) -> list[tuple[str, str]]:
    """(path, words) of every problem of a claim; empty if it is accepted."""
    try:
        parse_claim(root, write(root, text, recipe))
    except BadInput as error:
        return [(p.path, f"{p.what}. {p.fix}") for p in error.problems]
    return []
