"""A workspace small enough to read: one recipe, a builder of three modules, two claims."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import RecordBroken
from harness.lock import witness
from harness.lock.chain import row_of
from harness.lock.ledger import ledger_path, read

RECIPE = """\
schema: causal-claims/recipe/1
id: tiny
builder: models.tiny:Tiny
params: {width: 4}
roles:
  standard: {params: {kind: plain}}
  regulation: {params: {kind: marked}}
"""

CLAIM = """\
schema: causal-claims/claim/1
id: ID
title: Subtracting a direction removes a behaviour
statement: Subtracting the direction closes at least half of the gap.
source: [own]
unit: replicate
subject: {recipe: models/tiny.yaml, replicates: 8}
sites:
  onset: {hook: blocks.2.hook_resid_post, positions: step_onset}
directions:
  given: {method: from-file, site: onset, file: models/given.safetensors}
arms:
  baseline: {on: regulation}
  reference: {on: standard}
  treatment:
    {on: regulation, site: onset, operation: subtract, direction: given, doses: [0.0, 0.5]}
  random:
    {on: regulation, site: onset, operation: subtract, control: isotropic, count: 20,
     doses: [0.0, 0.5]}
preconditions:
  healthy:
    {kind: health, loss_gap_at_most: 0.2, garbage_at_most: 0.1, why: a broken model says nothing}
  dose: {kind: dose-band, arm: treatment, low: 0.8, high: 1.25, why: planned is what happened}
criteria:
  closes-half:
    estimand:
      {kind: closed-gap, arm: treatment, baseline: baseline, reference: reference, readout: rate,
       at: 0.5}
    test: {kind: superiority, margin: 0.5, alpha: 0.05}
    expect: {effect: 0.75, sd: 0.15}
    why: the question
  beats-random:
    estimand:
      {kind: beyond-controls, arm: treatment, baseline: baseline, reference: reference,
       controls: [random], quantile: 0.95, readout: rate, at: 0.5}
    test: {kind: superiority, margin: 0.0, alpha: 0.05}
    expect: {effect: 0.3, sd: 0.2}
    why: any direction does something
"""

MODULES = {
    "models/__init__.py": '"""Subjects."""\n',
    "models/tiny.py": (
        '"""A builder."""\n\nfrom models.data import rows\n\n\n'
        "class Tiny:\n"
        '    """Builds."""\n\n'
        "    def __init__(self, recipe):\n        self.recipe = recipe\n\n"
        "    def build(self):\n        return rows(self.recipe)\n"
    ),
    "models/data.py": "from . import helper\n\n\ndef rows(recipe):\n    return helper.double(2)\n",
    "models/helper.py": "def double(x):\n    return 2 * x  # twice\n",
}


def safetensors(numbers: bytes, metadata: str = "m", pad: int = 0) -> bytes:
    """A file with one float32 tensor called unit."""
    header = {
        "__metadata__": {"about": metadata},
        "unit": {"dtype": "F32", "shape": [len(numbers) // 4], "data_offsets": [0, len(numbers)]},
    }
    text = json.dumps(header).encode() + b" " * pad
    return len(text).to_bytes(8, "little") + text + numbers


def write(root: Path, relative: str, text: str) -> None:
    """Write a file of the workspace."""
    path = root / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def edit(root: Path, relative: str, old: str, new: str) -> None:
    """Replace text that must be there."""
    text = (root / relative).read_text(encoding="utf-8")
    assert old in text
    write(root, relative, text.replace(old, new))


def make(root: Path) -> Path:
    """The workspace, nothing locked."""
    for relative, text in MODULES.items():
        write(root, relative, text)
    write(root, "models/tiny.yaml", RECIPE)
    for name in ("first", "second"):
        write(root, f"claims/{name}.yaml", CLAIM.replace("ID", name, 1))
    (root / "models/given.safetensors").write_bytes(safetensors(b"\0\0\x80?" * 4))
    return root


def lines(root: Path) -> list[bytes]:
    """The ledger's lines, with their breaks."""
    return ledger_path(root).read_bytes().splitlines(keepends=True)


def put(root: Path, rows: list[bytes], seen: int | None = None) -> None:
    """Write the ledger's lines as they are; ``seen`` rows of it are what the head witness saw (it
    is left as it was where that is not said, and removed at 0)."""
    ledger_path(root).write_bytes(b"".join(rows))
    if seen is not None:
        unwitness(root)
        if seen:
            witness.write(root, row_of(seen, rows[seen - 1].removesuffix(b"\n")))


def unwitness(root: Path) -> None:
    """Remove the head witness, as a kill before its first writing would leave it."""
    (root / witness.WITNESS).unlink(missing_ok=True)


def broken(root: Path, number: int) -> str:
    """Why the ledger is broken; the row that is named first must be ``number``."""
    with pytest.raises(RecordBroken) as caught:
        read(root)
    assert caught.value.where == f"claims/ledger.jsonl:{number}"
    assert caught.value.fix
    return caught.value.what
