"""A published verdict against the one computed now: every leaf at which they differ.

Not covered: which of them is right; a difference is a problem for whoever reads both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

PROSE = ("sentence", "got", "needed", "scope", "note", "label")
"""Words rendered from numbers: a later evaluator may render the same numbers in other words."""


def changed(published: Any, computed: Any) -> list[tuple[str, Any, Any]]:
    """Leaves at which a published verdict differs from the one computed now.

    Under the evaluator that published it every leaf counts. Under another one ``judged_by``
    differs, which is said elsewhere, and rendered words may: outcomes and numbers may not.
    """
    same = published.get("judged_by") == computed.get("judged_by")
    return differing(published, computed, ("judged_by",) if same else ("judged_by", *PROSE))


def reworded(published: Any, computed: Any) -> list[tuple[str, Any, Any]]:
    """Rendered words at which a published verdict differs from the one computed now, where nothing
    else does: another evaluator's, or anybody's."""
    return differing(published, computed, ("judged_by",))


def differing(
    published: Any, computed: Any, free: Sequence[str] = (), path: str = ""
) -> list[tuple[str, Any, Any]]:
    """Leaves at which two JSON values differ, keys in ``free`` left out; numbers within 1e-9
    relative agree."""
    if isinstance(published, dict) and isinstance(computed, dict):
        out = []
        for key in sorted({*published, *computed} - set(free)):
            place = f"{path}.{key}" if path else str(key)
            out += differing(published.get(key), computed.get(key), free, place)
        return out
    if isinstance(published, list) and isinstance(computed, list):
        if len(published) != len(computed):
            return [(path, f"{len(published)} entries", f"{len(computed)} entries")]
        return [
            d
            for n, (a, b) in enumerate(zip(published, computed, strict=True))
            for d in differing(a, b, free, f"{path}[{n}]")
        ]
    if isinstance(published, float | int) and isinstance(computed, float | int):
        near = abs(published - computed) <= 1e-9 * max(abs(published), abs(computed), 1e-12)
        if near and isinstance(published, bool) == isinstance(computed, bool):
            return []
    return [] if published == computed else [(path, published, computed)]
