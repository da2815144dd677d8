"""What the attacks share: commands in process, and records forged with digests that are right.

A stranger who writes a file also writes every digest of it, so a forged record here is attested
anew up to the ledger's head: only its shape and size are left to be refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from harness.digest import digest_bytes
from harness.lock import witness
from harness.lock.chain import GENESIS, Row, line_of
from harness.lock.ledger import ledger_path
from harness.measure.job import Job
from harness.measure.store import digests, json_bytes
from harness.shown import unseen

Capture = pytest.CaptureFixture[str]


@dataclass(frozen=True)
class Said:
    """A command's exit code and words."""

    code: int
    out: str
    err: str

    @property
    def words(self) -> str:
        return self.out + self.err


def command(capsys: Capture, root: Path, *argv: str) -> Said:
    """Run a command. Fails where it raises, or writes anything that a terminal would obey."""
    code = main([*argv, "--workspace", str(root)])
    found = capsys.readouterr()
    assert not [c for c in found.out + found.err if unseen(c) and c != "\n"]
    return Said(code, found.out, found.err)


def refused(capsys: Capture, root: Path, *argv: str, words: str = "") -> Said:
    """A command that must end in refusal (2 or 3), with ``words`` in what it says."""
    said = command(capsys, root, *argv)
    assert said.code in (2, 3), said.words
    assert words in said.words, said.words
    assert "Traceback" not in said.words
    return said


def accepted(capsys: Capture, root: Path, *argv: str) -> Said:
    """A command that must end well."""
    said = command(capsys, root, *argv)
    assert said.code == 0, said.words
    return said


def chained(rows: list[dict[str, Any]]) -> bytes:
    """A ledger of these rows, every ``seq``, ``prev`` and ``digest`` made to fit."""
    out, prev = [], GENESIS
    for seq, row in enumerate(rows, 1):
        made = Row.make(seq, row["kind"], row["body"], row["time"], prev)
        out.append(line_of(made))
        prev = made.digest
    return b"".join(out)


def rechain(root: Path, change: Callable[[list[dict[str, Any]]], object]) -> None:
    """Change the ledger's rows and write it anew, chain and digests whole."""
    path = ledger_path(root)
    rows = [json.loads(line) for line in path.read_bytes().splitlines()]
    change(rows)
    put_ledger(root, chained(rows))


def put_ledger(root: Path, data: bytes) -> None:
    """Write a ledger and its head witness: whoever rebuilds the one rebuilds the other."""
    ledger_path(root).write_bytes(data)
    *_, last = data.splitlines()
    row = json.loads(last)
    witness.write(root, Row(**row))


def attest_again(job: Job) -> None:
    """Make ``attempt.json`` and the ledger say that the files are what was measured."""
    path = job.folder / "attempt.json"
    about = json.loads(path.read_bytes()) | {"files": digests(job.folder, job.replicates)}
    put_record(job, json_bytes(about))


def put_record(job: Job, data: bytes) -> None:
    """Write ``attempt.json`` and have the ledger attest exactly these bytes."""
    (job.folder / "attempt.json").write_bytes(data)

    def attest(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            if row["kind"] == "attempt-finished":
                row["body"]["record"] = digest_bytes(data)

    rechain(job.root, attest)


def forge(job: Job, name: str, data: bytes) -> None:
    """Replace a file of the attempt, and attest it."""
    (job.folder / name).write_bytes(data)
    attest_again(job)
