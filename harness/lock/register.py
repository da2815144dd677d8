"""Registering: one act of locking over one or more claims, one row on the ledger.

In this order: read and lint everything; then, holding the ledger's lock, check the record so far,
append the row, write the lock files. The row is the registration: a kill before it leaves nothing,
a kill after it leaves a registration whose lock files the next call writes from the row. Where a
claim was locked before, the row is an amendment (``harness.lock.amend``).

Not covered: anchors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness.claim.parse import parse_claim
from harness.claim.schema import Claim
from harness.digest import write_atomic
from harness.errors import BadInput, ClaimsError, Problem
from harness.lock.amend import as_amendment
from harness.lock.beacon import promised
from harness.lock.beside import refuse_shadows
from harness.lock.binding import content
from harness.lock.compare import compare
from harness.lock.ledger import Row, append_locked, head, ledger_path, locked, read
from harness.lock.lint import findings
from harness.lock.pilot import Pilot, recorded
from harness.lock.record import (
    Registration,
    lock_from,
    lock_path,
    registration_body,
    registrations,
)
from harness.lock.refusal import Refusal
from harness.lock.stored import load_lock, restore
from harness.subject.interface import Recipe
from harness.subject.recipe import load_recipe

Bound = tuple[tuple[Claim, Recipe], ...]


Pilots = Mapping[str, Pilot | None]


def register(
    root: Path,
    claim_ids: Sequence[str],
    *,
    reason: str = "",
    again: bool = True,
    pilots: Pilots | None = None,
    beacon: str = "",
) -> Registration:
    """Lock claims together.

    ``pilots`` has, for each claim, what an exploration of it gave (``harness.verdict.pilot``), or
    None where there is none; the registration keeps which of them it was, or that nobody looked.

    Claims that are locked already need a ``reason``, and are refused where ``again`` is off; their
    earlier registrations stay on the ledger. ``beacon`` names public randomness to come, which is
    then mixed into the seeds (``harness.lock.beacon``).

    Raises :class:`BadInput` with every problem of every file, :class:`ClaimsError` with every
    refusal of every claim, :class:`RecordBroken` where the record so far is not whole.
    """
    ids = tuple(dict.fromkeys(claim_ids))
    if not ids:
        raise ClaimsError("no claim to lock", fix="Name at least one: claims lock ID")
    bound = _read(root, ids)
    with locked(root):
        rows = read(root)
        restored = restore(root, rows)
        whole = [load_lock(root, name) for name in _locked_ids(root)]
        earlier = registrations(rows)
        if earlier and _interrupted(root, earlier[-1], ids, restored, beacon):
            return _registration(root, earlier[-1], ids, restored=True)
        _refuse_relocking([lock.claim_id for lock in whole], ids, reason, again)
        waived = _refuse(bound, pilots or {})
        refuse_shadows(root)
        value = content(root, head(root), bound, promised(beacon))
        for name in ids:
            value["claims"][name]["pilot"] = recorded(pilots, name)
        kind, body = as_amendment(rows, registration_body(value, reason.strip()))
        row = append_locked(root, kind, body)
        for name in ids:
            write_atomic(lock_path(root, name), lock_from(row, name).as_bytes())
    return replace(_registration(root, row, ids), waived=waived)


def _registration(
    root: Path, row: Row, ids: tuple[str, ...], restored: bool = False
) -> Registration:
    return Registration(
        digest=str(row.body["registration"]),
        claims=ids,
        path=ledger_path(root),
        locks=tuple(lock_path(root, name) for name in ids),
        reason=str(row.body["reason"]),
        restored=restored,
        pilots={name: lock_from(row, name).pilot for name in ids},
    )


def _read(root: Path, ids: tuple[str, ...]) -> Bound:
    """Every claim with its recipe, or every problem of all of them."""
    bound: list[tuple[Claim, Recipe]] = []
    problems: dict[Problem, None] = {}
    for name in ids:
        file = f"claims/{name}.yaml"
        try:
            claim = parse_claim(root, root / "claims" / f"{name}.yaml")
            if claim.id != name:
                raise ClaimsError(f"the claim's id is {claim.id!r}", fix=f"Write id: {name}")
            bound.append((claim, load_recipe(root, claim.subject.recipe)))
        except BadInput as error:
            problems |= dict.fromkeys(error.problems)
        except ClaimsError as error:
            problems[Problem(error.where or file, 0, "", error.what, error.fix)] = None
    if problems:
        raise BadInput(tuple(problems))
    return tuple(bound)


def _refuse(bound: Bound, pilots: Pilots) -> dict[str, tuple[Refusal, ...]]:
    """Raise with every refusal that stands; the waived ones of each claim."""
    found = {claim.id: findings(claim, recipe, pilots.get(claim.id)) for claim, recipe in bound}
    lines = [
        f"{name}: {one.where}: {one.reason} (rule {one.rule}"
        + (", can be waived by a sentence)" if one.waivable else ")")
        for name, refusals in found.items()
        for one in refusals
        if not one.waiver
    ]
    if lines:
        count = f"{len(lines)} reason{'s' if len(lines) > 1 else ''} not to lock"
        raise ClaimsError(
            "\n".join((count, *lines)),
            fix="Change the claims; see claims check",
        )
    return found


def _refuse_relocking(known: Sequence[str], ids: tuple[str, ...], reason: str, again: bool) -> None:
    locked_already = [name for name in ids if name in known]
    if locked_already and not (again and reason.strip()):
        raise ClaimsError(
            "locked already",
            where=", ".join(locked_already),
            fix=f"To change the rule in the open, say why: claims amend {' '.join(ids)} "
            "--reason TEXT (the earlier version stays on the ledger and in the report)",
        )


def _locked_ids(root: Path) -> tuple[str, ...]:
    suffix = ".lock.json"
    return tuple(sorted(p.name.removesuffix(suffix) for p in (root / "claims").glob("*" + suffix)))


def _interrupted(
    root: Path, row: Row, ids: tuple[str, ...], restored: Sequence[str], beacon: str
) -> bool:
    """Whether this very registration is on the ledger, but was killed before its files were."""
    if set(row.body["claims"]) != set(ids) or not set(restored) & set(ids):
        return False
    if row.body["content"].get("beacon", "") != beacon.strip():
        return False
    return not any(compare(root, lock_from(row, name)) for name in ids)
