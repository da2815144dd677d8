"""A lock as a record, and how it follows from the registration that stands on the ledger.

The ledger's row holds everything that a registration binds; a claim's lock file is the part of it
that concerns the claim, written out for readers and for version control. So a lock can always be
made again from the ledger, and a lock file that says anything else is broken.

Not covered: reading and checking lock files (``harness.lock.stored``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.digest import digest
from harness.errors import RecordBroken
from harness.lock.chain import FILE, RESTORE, Row
from harness.lock.refusal import Refusal
from harness.shapes import each, mapping, text
from harness.shapes import record as shaped

SCHEMA = "causal-claims/lock/1"
PARTS = shaped(
    {
        "claim": shaped(
            {"claim": mapping, "files": each(text), "yaml": text},
            {"code": each(text), "code_libraries": each(text)},
        ),
        "recipe": shaped({"recipe": mapping, "builder": each(text)}),
        "evaluator": each(text),
        "settings": each(text),
        "packages": each(text),
    }
)
"""What a registration binds, as those who compare it with a workspace rely on it."""
LATER = ("given", "libraries", "code", "code_libraries", "conftest", "beacon")
"""What registrations did not bind from the start: data and libraries of the recipe, code that
decides positions, code beside the claims, promised randomness. One without them is as valid as it
was, and nothing of them differs."""


@dataclass(frozen=True)
class Lock:
    """What was registered about one claim.

    ``claim`` and ``recipe`` are canonical JSON. ``bound`` has ``claim`` and ``recipe`` (digests),
    ``builder`` and ``evaluator`` (module -> digest), ``settings``, ``packages``, ``files`` (path
    -> digest of tensors), and those of :data:`LATER` that its registration has. ``members`` maps
    every claim of the registration to its digest. ``yaml`` is the digest of the claim file's bytes,
    for information only; so is ``pilot``, what ``harness.lock.pilot.recorded`` said (None:
    registered before that was kept).
    """

    claim_id: str
    registration: str
    claim: dict[str, Any]
    recipe: dict[str, Any]
    bound: dict[str, Any]
    members: dict[str, str]
    yaml: str
    pilot: Any = None

    def as_json(self) -> dict[str, Any]:
        """The lock file's value: claim and recipe in full, beside everything else that is bound."""
        return {
            "schema": SCHEMA,
            "claim_id": self.claim_id,
            "registration": self.registration,
            "members": self.members,
            **self.bound,
            "claim": self.claim,
            "recipe": self.recipe,
            "yaml": self.yaml,
            **({} if self.pilot is None else {"pilot": self.pilot}),
        }

    def as_bytes(self) -> bytes:
        """The lock file, readable, with a final newline."""
        text = json.dumps(self.as_json(), indent=1, ensure_ascii=False, allow_nan=False)
        return (text + "\n").encode()


@dataclass(frozen=True)
class Registration:
    """One act of locking: its digest, its claims in the order given, the ledger and lock files.

    ``restored`` says that the ledger had it already, from a run that was killed before it could
    write the lock files. ``pilots`` maps each claim to what is recorded of its pilot, ``waived`` to
    the breaches that its waivers let through.
    """

    digest: str
    claims: tuple[str, ...]
    path: Path
    locks: tuple[Path, ...]
    reason: str = ""
    restored: bool = False
    pilots: Mapping[str, Any] = field(default_factory=dict)
    waived: Mapping[str, tuple[Refusal, ...]] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.digest


def lock_path(root: Path, claim_id: str) -> Path:
    """Where a claim's lock file is, whether it is there or not."""
    return root / "claims" / f"{claim_id}.lock.json"


REGISTERING = ("registration", "amendment")
"""Kinds of rows that register: an amendment is a registration of claims that were locked before,
and says beside it what it supersedes, what changed and whether attempts came first."""


def registration_body(content: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """The body of the ledger's row for what ``harness.lock.binding.content`` found."""
    return {
        "registration": digest(content),
        "claims": {name: digest(one["claim"]) for name, one in content["claims"].items()},
        "reason": reason,
        "content": content,
    }


def registrations(rows: Iterable[Row], claim_id: str | None = None) -> tuple[Row, ...]:
    """The registrations on the ledger, amendments among them, or those of one claim, in order."""
    return tuple(
        row
        for row in rows
        if row.kind in REGISTERING
        and (claim_id is None or claim_id in (row.body.get("claims") or {}))
    )


def attempted(rows: Iterable[Row], claim_id: str, registration: str) -> bool:
    """Whether an attempt of the claim under that registration has begun."""
    return any(
        row.kind == "attempt-started"
        and row.body.get("claim") == claim_id
        and row.body.get("registration") == registration
        for row in rows
    )


def lock_from(row: Row, claim_id: str) -> Lock:
    """The lock of a claim as its registration's row has it.

    Raises :class:`RecordBroken` if the row's parts do not belong together.
    """
    members = _members(row)
    try:
        content = row.body["content"]
        mine = content["claims"][claim_id]
        used = content["recipes"][mine["claim"]["subject"]["recipe"]]
        if words := PARTS({"claim": mine, "recipe": used, **content}, ""):
            raise _broken(row, f"the registration has a part of another kind: {words}")
        if mine["claim"]["id"] != claim_id:
            raise _broken(row, f"the registration has another claim under {claim_id!r}")
        return Lock(
            claim_id=claim_id,
            registration=row.body["registration"],
            claim=mine["claim"],
            recipe=used["recipe"],
            bound={
                "claim": members[claim_id],
                "recipe": digest(used["recipe"]),
                "builder": used["builder"],
                "evaluator": content["evaluator"],
                "settings": content["settings"],
                "packages": content["packages"],
                "files": mine["files"],
                **{
                    name: part[name]
                    for part in (used, mine, content)
                    for name in LATER
                    if name in part
                },
            },
            members=dict(members),
            yaml=mine["yaml"],
            pilot=mine.get("pilot"),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise _broken(row, f"the registration lacks a part ({error})") from error


@lru_cache(maxsize=128)
def _members(row: Row) -> Mapping[str, str]:
    """Claim -> digest, once the registration is the digest of what it binds."""
    try:
        content = row.body["content"]
        members = {name: digest(one["claim"]) for name, one in content["claims"].items()}
        whole = digest(content) == row.body["registration"] and members == row.body["claims"]
    except (KeyError, TypeError, AttributeError) as error:
        raise _broken(row, f"the registration lacks a part ({error})") from error
    if not whole:
        raise _broken(row, "the registration is not the digest of what it binds")
    return members


def _broken(row: Row, what: str) -> RecordBroken:
    return RecordBroken(what, where=f"{FILE}:{row.seq}", fix=RESTORE)
