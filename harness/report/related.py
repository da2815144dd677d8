"""Claims that a withdrawal ties together: what was asked under another name, before or after.

A withdrawal's reason, or its successor, may name another registered claim. Both pages then say so,
so that a second try never looks like a first one. Whether the earlier try was measured to its end
before the later one was locked is read from the order of the ledger's rows.

Not covered: claims whose kinship nobody wrote down.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from harness.lock.chain import Row
from harness.lock.record import registrations

LATER = "is named where this claim was withdrawn: read it for what became of the question."


def related(rows: Sequence[Row], claim_id: str) -> tuple[dict[str, Any], ...]:
    """Per tie ``claim``, the other claim; ``words``, what this page says of it; and ``finished``,
    whether it was measured to its end, so that it has a page."""
    known = {str(name) for row in registrations(rows) for name in row.body["claims"]}
    ended = {r.body.get("claim"): r.seq for r in reversed(rows) if r.kind == "attempt-finished"}
    found: list[dict[str, Any]] = []
    for row in rows:
        if row.kind != "withdrawal":
            continue
        gone = str(row.body.get("claim"))
        text = f"{row.body.get('reason') or ''} {row.body.get('successor') or ''}"
        if gone == claim_id:
            others = sorted(name for name in known - {gone} if _names(text, name))
            words = (
                "is named where this claim was withdrawn: read it for what became of the question"
            )
            found += [{"claim": name, "words": f"{words}."} for name in others]
        elif _names(text, claim_id):
            found.append({"claim": gone, "words": _earlier(rows, ended.get(gone), claim_id, row)})
    return tuple({**one, "finished": one["claim"] in ended} for one in found)


def _earlier(rows: Sequence[Row], end: int | None, claim_id: str, row: Row) -> str:
    locked = registrations(rows, claim_id)[0].seq
    reason = str(row.body.get("reason") or "")
    known = (
        f"It was measured to its end (row {end}) before this claim was first locked "
        f"(row {locked}), so that its outcome could be known."
        if end is not None and end < locked
        else "It was not measured to its end before this claim was first locked."
    )
    return (
        f"was withdrawn (ledger row {row.seq}), and the reason names this claim: {reason} {known}"
    )


def _names(text: str, claim_id: str) -> bool:
    """Whether a text names a claim, and not another whose name contains this one's."""
    return bool(re.search(rf"(?<![\w-]){re.escape(claim_id)}(?![\w-])", text))
