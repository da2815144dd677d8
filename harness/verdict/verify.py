"""Verification: everything stored is checked again, and every verdict recomputed from it.

Nothing that a claim or the workspace names is imported, and no model is run: the ledger's chain and
order, the locks, the digests of every cell, then every version of every claim judged anew and
compared with the published ``verdict.json``. The result lists what was examined, what could not be,
what is missing, and what agreement does not prove. Nothing is written.

Not covered: pages (``harness.report.pages``); re-running the experiment (``claims reproduce``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from harness.digest import short
from harness.errors import ClaimsError
from harness.lock.anchor.examine import UNANCHORED, examine_anchors
from harness.lock.anchor.records import AnchorTrust
from harness.lock.history import examine_history
from harness.lock.ledger import Row, read
from harness.lock.memory import remembered
from harness.lock.promises import examine_randomness, examine_registrations
from harness.lock.record import registrations
from harness.lock.sequence import FIRST, examine_rows
from harness.lock.stored import is_registered
from harness.verdict.standing import claim_ids
from harness.verdict.verification import Verification
from harness.verdict.verify_claim import examine_claim

FOLDERS = ("explore", "reproduction")
"""Folders of ``reports/`` that are no claim's."""
RECORD = re.compile(r"replicate\.[0-9]+\.json")
SHOWN = 20


def verify(
    root: Path, ids: Sequence[str] | None = None, trust: AnchorTrust | None = None
) -> Verification:
    """Check all claims of a workspace, or those named. Never raises for a broken record.

    ``trust``: whom the verifier believes about outside anchors; raises :class:`ClaimsError` only
    where that cannot be read.
    """
    out = Verification()
    try:
        rows = read(root)
    except ClaimsError as error:
        out.problems.append(error.sentence)
        return out
    out.examined.append(f"ledger: {len(rows)} rows, chain intact, the head witness agrees")
    if rows:
        out.add(examine_rows(rows))
        out.add(examine_registrations(rows))
        out.add(examine_randomness(root, rows))
        out.add(examine_history(root, rows))
        found, anchors = examine_anchors(root, rows, trust)
        found.notes = [note for note in found.notes if note != UNANCHORED]  # said at the end
        out.add(found)
        out.anchored = max((one.seq for one in anchors if one.trusted), default=0)
    known = claim_ids(root)
    with remembered():
        for claim_id in ids or known:
            if claim_id not in known:
                out.problems.append(f"{claim_id}: no such claim in this workspace")
            elif not is_registered(root, claim_id):
                out.not_examined.append(f"{claim_id}: not registered")
            else:
                out.claims += 1
                examine_claim(root, claim_id, rows, out)
    _vanished(root, known, rows, out)
    _unregistered(root, rows, out)
    _gather(out)
    return out


def _vanished(root: Path, known: Sequence[str], rows: Sequence[Row], out: Verification) -> None:
    """Claims that the ledger has registered and the workspace has no more."""
    for name in sorted({str(n) for row in registrations(rows) for n in row.body["claims"]}):
        if name not in known or not (root / "claims" / f"{name}.yaml").exists():
            out.problems.append(f"{name}: registered on the ledger, but its claim file is gone")


def _unregistered(root: Path, rows: Sequence[Row], out: Verification) -> None:
    """Measurements under ``reports/`` that no registration asked for."""
    promised = {
        (str(name), short(str(row.body["registration"])))
        for row in registrations(rows)
        for name in row.body["claims"]
    }
    reports = root / "reports"
    for folder in sorted(reports.glob("*/*/")):
        claim = folder.parent.name
        if claim in FOLDERS or (claim, folder.name) in promised:
            continue
        out.problems.append(
            f"reports/{claim}/{folder.name} is reported and was never registered on this ledger"
        )
    _foreign(reports, {claim for claim, _ in promised}, out)


def _foreign(reports: Path, claims: set[str], out: Verification) -> None:
    """Files below ``reports/`` that no command writes there: nothing shows that they are true."""
    found: list[str] = []
    for folder, names, files in os.walk(reports):
        place = Path(folder).relative_to(reports).parts
        if place and place[0] in FOLDERS:
            names[:] = []
            continue
        links = [name for name in names if (Path(folder) / name).is_symlink()]
        found += [
            "/".join(("reports", *place, name))
            for name in (*files, *links)
            if not _ours(place, name, claims) and not _keeps(Path(folder) / name)
        ]
    for name in sorted(found)[:SHOWN]:
        out.missing.append(f"{name} is written by no command: nothing shows that it is true")
    if len(found) > SHOWN:
        out.missing.append(f"and {len(found) - SHOWN} more files that no command writes")
    for name in FOLDERS:
        if (reports / name).is_dir():
            out.not_examined.append(f"reports/{name}: no part of the record")


def _keeps(path: Path) -> bool:
    """Whether this is the empty file by which git keeps a folder, as in a new workspace."""
    return path.name == ".gitkeep" and not path.is_symlink() and path.stat().st_size == 0


def _ours(place: tuple[str, ...], name: str, claims: set[str]) -> bool:
    """Whether a command writes a file of this name in this place of ``reports/``."""
    if name.startswith(".") and name.endswith(".part"):
        return True
    if not place:
        return name in ("index.html", "index.md")
    if len(place) == 1:
        return place[0] in claims and name in ("index.html", "report.md")
    if place[2:] == (FIRST,):
        return name in ("attempt.json", "verdict.json") or bool(RECORD.fullmatch(name))
    return place[2:] in ((FIRST, "cells"), (FIRST, "directions"))


def _gather(out: Verification) -> None:
    """One note for what holds of several claims alike, in place of one for each."""
    alike: dict[str, list[str]] = {}
    for note in out.notes:
        claim, colon, rest = note.partition(": ")
        alike.setdefault(rest if colon else note, []).append(claim if colon else "")
    out.notes = [f"{', '.join(c)}: {text}" if any(c) else text for text, c in alike.items()]
