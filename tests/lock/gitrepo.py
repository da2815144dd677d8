"""Real git repositories with a small record in them: a ledger, locks, results, no models.

A :class:`Study` is a workspace in a repository. Its rows have the shape of registrations and
attempts, and bind nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness.digest import digest, short
from harness.lock.chain import GENESIS, Row, line_of, parse
from harness.lock.findings import Findings
from harness.lock.history import History, history
from harness.lock.ledger import append, ledger_path, read
from tests.lock.workspace import put

GIT = shutil.which("git")
needs_git = pytest.mark.skipif(GIT is None, reason="git is not installed")

SETTINGS = {
    "user.name": "someone",
    "user.email": "someone@example.org",
    "init.defaultBranch": "main",
    "commit.gpgSign": "false",
    "protocol.file.allow": "always",
    "advice.detachedHead": "false",
    "gc.auto": "0",
}


def run_git(folder: Path, *arguments: str, **environment: str) -> str:
    """What git says, run as an ordinary user would: with the repository's configuration."""
    settings = [part for key, value in SETTINGS.items() for part in ("-c", f"{key}={value}")]
    plain = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    plain |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_EDITOR": "true"}
    # whatever later versions of git begin with
    plain |= {"GIT_DEFAULT_HASH": "sha1", "GIT_DEFAULT_REF_FORMAT": "files"}
    done = subprocess.run(
        ["git", *settings, *arguments],
        cwd=folder,
        env=plain | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class Study:
    """A workspace at ``root`` in the repository at ``top``."""

    def __init__(self, root: Path, top: Path | None = None) -> None:
        self.root, self.top = root, top or root

    @classmethod
    def begin(cls, root: Path, top: Path | None = None, *options: str) -> Study:
        """A new repository, with a commit that holds no ledger yet."""
        study = cls(root, top)
        root.mkdir(parents=True, exist_ok=True)
        run_git(study.top, "init", "-q", *options)
        study.write("README", "a study\n")
        study.commit("begin")
        return study

    def git(self, *arguments: str, **environment: str) -> str:
        return run_git(self.top, *arguments, **environment)

    def write(self, relative: str, text: str) -> Path:
        path = self.root / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def commit(self, message: str = "a step") -> str:
        """Everything as it is now, committed; the commit's id."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.head

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def append(self, kind: str, **body: Any) -> Row:
        return append(self.root, kind, body)

    def lock(self, *claims: str, n: int = 1) -> str:
        """Register claims, with their lock files; the registration's digest."""
        names = claims or ("easy",)
        registration = digest({"claims": list(names), "n": n})
        self.append(
            "registration",
            registration=registration,
            claims=dict.fromkeys(names, digest("d")),
            reason="",
            content={"claims": {}, "recipes": {}},
        )
        for name in names:
            self.write_lock(name, registration)
        return registration

    def write_lock(self, claim: str, registration: str) -> None:
        self.write(f"claims/{claim}.lock.json", json.dumps({"registration": registration}))

    def start(self, registration: str, claim: str = "easy") -> Row:
        return self.append("attempt-started", claim=claim, registration=registration, attempt="a1")

    def measure(self, registration: str, claim: str = "easy", replicate: int = 0) -> Path:
        place = f"reports/{claim}/{short(registration)}/a1/replicate.{replicate}.json"
        return self.write(place, '{"number": 1}\n')

    def put(self, rows: list[bytes]) -> None:
        """Write the ledger's lines as they are, and a head witness that agrees: git alone has to
        tell."""
        ledger_path(self.root).parent.mkdir(exist_ok=True)
        put(self.root, rows, seen=sum(row.endswith(b"\n") for row in rows))

    @property
    def lines(self) -> list[bytes]:
        return ledger_path(self.root).read_bytes().splitlines(keepends=True)

    @property
    def history(self) -> History:
        return history(self.root, read(self.root))

    @property
    def findings(self) -> Findings:
        return self.history.findings


def honest(root: Path, top: Path | None = None, *options: str) -> tuple[Study, str, str, str]:
    """Lock, attempt and results, each in a commit of its own; ``options`` are those of git init.

    The study, the registration, the lock's commit and the results' commit.
    """
    study = Study.begin(root, top, *options)
    registration = study.lock()
    first = study.commit("lock")
    study.start(registration)
    study.commit("start")
    study.measure(registration)
    study.append("attempt-finished", claim="easy", registration=registration, attempt="a1")
    return study, registration, first, study.commit("results")


OTHER: dict[str, Any] = {
    "registration": "sha256:" + "0" * 64,
    "claims": {},
    "reason": "",
    "content": {"claims": {}, "recipes": {}},
}
"""Another registration's body."""


def rebuilt(lines: list[bytes], drop: int = -1, **changed: dict[str, Any]) -> list[bytes]:
    """The rows as a forger would write them anew: one left out (from 0), or with other bodies
    (``row3={...}``), every digest and link made right again."""
    rows = list(parse(b"".join(lines))[0])
    out: list[Row] = []
    for n, row in enumerate(rows):
        if n != drop:
            body = changed.get(f"row{row.seq}", row.body)
            prev = out[-1].digest if out else GENESIS
            out.append(Row.make(len(out) + 1, row.kind, body, row.time, prev))
    return [line_of(row) for row in out]


def clean(found: Findings) -> bool:
    """Whether the ledger's growth was examined, everything could be, and nothing was wrong."""
    grown = any(sentence.startswith("history: ") for sentence in found.examined)
    return grown and not found.problems and not found.not_examined
