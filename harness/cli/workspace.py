"""Where the workspace is and which claims it holds.

A workspace is a folder that contains ``claims/``. Not covered: what is in the files
(``harness.claim``), the ledger (``harness.lock``).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from harness.errors import ClaimsError, NothingThere, UnknownName, nearest
from harness.shown import unseen


def find_root(given: Path | None, start: Path) -> Path:
    """The workspace: ``given`` (``--workspace``), else the nearest of ``start`` and its parents.

    Raises :class:`ClaimsError` where there is none.
    """
    if given is not None:
        if not (given / "claims").is_dir():
            raise ClaimsError(
                "this is not a workspace: it has no folder claims/",
                where=str(given),
                fix=f"Make one with `claims init {given}`, or name another with --workspace",
            )
        return _shown(given.resolve())
    for folder in (start, *start.parents):
        if (folder / "claims").is_dir():
            return _shown(folder.resolve())
    raise ClaimsError(
        "no workspace here: neither this folder nor a folder above it contains claims/",
        where=str(start),
        fix="Make one with `claims init DIR`, or name one with --workspace DIR",
    )


def _shown(root: Path) -> Path:
    """The root, if everything in ``claims/`` can be named in a line of output.

    A name with a line break could write a line of our own, such as a good standing.
    """
    if (root / "claims").is_symlink():
        fix = "Put the folder itself there"
        raise ClaimsError("claims/ is a symbolic link", where=str(root), fix=fix)
    for name in sorted(os.listdir(root / "claims")):
        if any(map(unseen, name)):
            raise ClaimsError(
                f"claims/ holds a file whose name cannot be shown: {name!a}",
                where=str(root),
                fix="Rename or remove it",
            )
    return root


def claim_ids(root: Path) -> tuple[str, ...]:
    """The ids of all claim files, sorted; a file's name without ``.yaml`` is its claim's id."""
    return tuple(sorted(path.stem for path in (root / "claims").glob("*.yaml")))


def claim_path(root: Path, claim: str) -> Path:
    """The file of a claim."""
    return root / "claims" / f"{claim}.yaml"


def select(root: Path, wanted: Sequence[str]) -> tuple[str, ...]:
    """The wanted ids in the order given, or all of them. A path to a claim file is understood too.

    Raises :class:`UnknownName` for a claim that does not exist, :class:`NothingThere` for none.
    """
    known = claim_ids(root)
    if not wanted:
        if not known:
            raise NothingThere(
                "there is no claim", where=str(root / "claims"), fix="Write one: `claims new ID`"
            )
        return known
    ids = tuple(dict.fromkeys(_as_id(word) for word in wanted))
    for claim in ids:
        if claim not in known:
            raise UnknownName(
                f"no claim {claim!r}",
                where=str(root / "claims"),
                fix=f"Nearest: {nearest(claim, known)}; `claims new {claim}` writes a new one",
            )
    return ids


def _as_id(word: str) -> str:
    path = Path(word)
    return path.stem if path.suffix == ".yaml" and path.parent.name in ("claims", "") else word
