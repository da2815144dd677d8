"""What is registered, item by item, against what is reported: nothing disappears in silence.

An item is what pytest shows and a verdict holds: ``verdict``, ``criterion::<name>``,
``precondition::<name>``, ``replicate::<number>``. What is registered comes from the ledger, so a
claim stays registered when its YAML file or its lock file is gone. Pure functions of the
workspace's files; nothing of the workspace is imported.

Not covered: what one run of pytest reported (``harness.pytest_plugin.account``); whether what is
published is right (``harness.verdict.verify``); claims of which every trace was removed, the
ledger's rows and the lock files included (version control shows that).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.claim.canonical import claim_from_json
from harness.claim.looks import fewest_replicates
from harness.claim.schema import Claim
from harness.errors import ClaimsError, NothingThere, RecordBroken
from harness.fields import IDENTIFIER
from harness.lock.chain import FILE, RESTORE, Row
from harness.lock.ledger import read
from harness.lock.record import lock_from, registrations
from harness.lock.sequence import FIRST
from harness.measure.job import attempt_folder, attempt_job, measured
from harness.measure.store import measured_replicates, read_json
from harness.verdict.judging import judge_job
from harness.verdict.records import Status, Verdict
from harness.verdict.standing import StandingRow

SHOWN = 3
"""How many items a sentence names before it counts the rest."""
LOCK = ".lock.json"
VERDICT = "verdict"
PASS = Status.PASS.name


@dataclass(frozen=True)
class Registered:
    """A claim as registered last: its items, the deciding ones first."""

    claim: str
    registration: str
    items: tuple[str, ...]
    ruled: bool = False
    """Whether a rule adds replicates to those among its items."""


@dataclass(frozen=True)
class Missing:
    """Registered items of one claim, out of ``of``, that were not reported, and why."""

    claim: str
    reason: str
    items: tuple[str, ...]
    of: int

    @property
    def sentence(self) -> str:
        """One line; names a few items and counts the others."""
        count = f"{len(self.items)} of {self.of} items"
        return f"{self.claim}: {bounded(self.items)} ({count}): {self.reason}"

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "items": list(self.items)}


@dataclass(frozen=True)
class Contradicted:
    """Items of one claim that were shown as passed, and what judging says of them instead."""

    claim: str
    judged: str
    items: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """One line."""
        return f"{self.claim}: {bounded(self.items)}: reported passed, judged {self.judged}"

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "items": list(self.items)}


def bounded(items: Iterable[str], shown: int = SHOWN) -> str:
    """``precondition::dose, criterion::beats-random and 3 more``."""
    names = list(items)
    more = len(names) - shown
    if more <= 0:
        return ", ".join(names)
    return f"{', '.join(names[:shown])} and {more} more"


GROUPS = (VERDICT, "criterion", "precondition", "replicate")


def ranked(items: Iterable[str]) -> tuple[str, ...]:
    """Items with the deciding ones first, otherwise as they came."""
    groups = {name: rank for rank, name in enumerate(GROUPS)}
    return tuple(sorted(items, key=lambda item: groups.get(item.split("::")[0], len(groups))))


def items_of(claim: Claim) -> tuple[str, ...]:
    """Every item of a claim: verdict, criteria, preconditions, replicates.

    Replicates that a rule may add are no items: whether they are needed is known when the verdict
    is asked for, which measures them on its way (ADR 15).
    """
    return (
        VERDICT,
        *(f"criterion::{one.name}" for one in claim.criteria),
        *(f"precondition::{one.name}" for one in claim.preconditions),
        *(f"replicate::{number}" for number in range(fewest_replicates(claim.subject))),
    )


def registered(root: Path) -> tuple[Registered, ...]:
    """Every claim of which the ledger has a registration, as registered last, in order of names.

    A lock file that the ledger does not know counts for a verdict. Raises :class:`RecordBroken`
    where the ledger is not whole: then nobody knows what is registered.
    """
    last = {name: row for row in registrations(read(root)) for name in _claims(row)}
    found = {name: _registered(row, name) for name, row in last.items()}
    for path in (root / "claims").glob("*" + LOCK):
        name = path.name.removesuffix(LOCK)
        if IDENTIFIER.fullmatch(name):
            found.setdefault(name, Registered(name, "", (VERDICT,)))
    return tuple(found[name] for name in sorted(found))


def _claims(row: Row) -> tuple[str, ...]:
    names = row.body.get("claims")
    if not isinstance(names, dict) or not all(IDENTIFIER.fullmatch(name) for name in names):
        raise RecordBroken(
            "the registration does not name its claims", where=f"{FILE}:{row.seq}", fix=RESTORE
        )
    return tuple(names)


def _registered(row: Row, name: str) -> Registered:
    registration = str(row.body["registration"])
    lock = lock_from(row, name)
    try:
        claim = claim_from_json(lock.claim)
        ruled = claim.subject.sequential is not None
        return Registered(name, registration, items_of(claim), ruled)
    except ClaimsError:  # a claim of a schema that this version no longer reads
        return Registered(name, registration, (VERDICT,))


def unpublished(root: Path) -> tuple[Missing, ...]:
    """Registered claims whose current registration has no published verdict, or one that lacks
    items. Raises :class:`RecordBroken` as :func:`registered` does."""
    return tuple(one for claim in registered(root) for one in _unpublished(root, claim))


def _unpublished(root: Path, claim: Registered) -> tuple[Missing, ...]:
    folder = attempt_folder(root, claim.claim, claim.registration, FIRST)
    replicates = [item for item in claim.items if item.startswith("replicate::")]
    done = {f"replicate::{n}" for n in measured_replicates(folder, len(replicates))}
    there: set[str] = set()
    if not done:
        reason = f"nothing is measured: claims run {claim.claim}"
    elif len(done) < len(replicates):
        part = f"{len(done)} of {len(replicates)} replicates"
        reason = f"measured in part, {part}: claims run {claim.claim}"
    elif claim.ruled and not (folder / "attempt.json").is_file():
        reason = (
            f"its locked rule may add replicates, and has not stopped: claims run {claim.claim}"
        )
    else:
        there, reason = _published(folder, claim)
    left = tuple(item for item in claim.items if item not in there | done)
    return (Missing(claim.claim, reason, left, len(claim.items)),) if left else ()


def _published(folder: Path, claim: Registered) -> tuple[set[str], str]:
    """The items that a complete attempt's ``verdict.json`` speaks of; why not of the others."""
    try:
        value = read_json(folder / "verdict.json")
    except NothingThere:
        value = {"status": Status.INCOMPLETE.name}
    except ClaimsError as error:
        return set(), error.sentence
    if value.get("status") == Status.INCOMPLETE.name:  # published before the attempt was complete
        return set(), "measured, but its verdict is not published: claims report"
    if value.get("registration") != claim.registration:
        return set(), "the published verdict is of another registration"
    held = _names(value.get("preconditions"))
    # a criterion without a number stands there as the precondition that it has one
    criteria = _names(value.get("criteria")) | {name.removesuffix("-measurable") for name in held}
    found = {f"precondition::{name}" for name in held}
    found |= {f"criterion::{name}" for name in criteria}
    if isinstance(value.get("status"), str):
        found.add(VERDICT)
    return found, "not in the published verdict"


def _names(value: Any) -> set[str]:
    entries = value if isinstance(value, list) else []
    return {str(one.get("name")) for one in entries if isinstance(one, dict)}


def contradicted(root: Path, row: StandingRow, passed: Iterable[str]) -> tuple[Contradicted, ...]:
    """Items that were shown as passed and that judging does not pass, by what it says of them."""
    shown = ranked(passed)
    if row.status is Status.PASS or not shown:
        return ()
    said = _judged(root, row)
    out: dict[str, list[str]] = {}
    for item in shown:
        word = said.get(item, row.status.name)
        if word != PASS:
            out.setdefault(word, []).append(item)
    return tuple(Contradicted(row.claim, word, tuple(items)) for word, items in out.items())


def _judged(root: Path, row: StandingRow) -> dict[str, str]:
    """What judging says of each item; an item that is not in it has the claim's status."""
    if row.status in (Status.TAMPERED, Status.UNLOCKED):
        return {}
    try:
        job = attempt_job(root, row.claim)
        said = {f"replicate::{number}": PASS for number in measured(job)}
        if row.status in (Status.FAIL, Status.INCONCLUSIVE, Status.INVALID):
            said |= _words(judge_job(job))
    except ClaimsError:
        return {}
    return said


def _words(verdict: Verdict) -> dict[str, str]:
    return {
        VERDICT: verdict.status.name,
        **{f"criterion::{c.name}": c.outcome.name for c in verdict.criteria},
        **{
            f"precondition::{p.name}": PASS if p.held else Status.INVALID.name
            for p in verdict.preconditions
        },
    }
