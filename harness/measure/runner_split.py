"""Directions at sites before an output matrix: how much of each the matrix reads, per replicate.

The matrix is the host's, at the direction's own site. Shares are those of the whole direction, also
where the arm uses one part of it.

Not covered: the algebra, and what follows from it (``harness.intervene.rowspace``).
"""

from __future__ import annotations

from typing import Any

from harness.errors import ClaimsError
from harness.intervene.context import Direction
from harness.intervene.rowspace import RowSpace, described, part_of, read_by, row_space
from harness.subject.backend import Model

NAMES = {"attn": "W_O", "mlp": "W_down"}


def split(
    found: Direction, model: Model, hook: str, part: str | None, memory: dict[tuple[Any, ...], Any]
) -> tuple[Direction, dict[str, float] | None]:
    """The direction with its shares as provenance, or the part that is asked for; and the shares
    as a record has them. As it was, and None, where no single matrix reads the site.

    Raises :class:`ClaimsError` for a part of a direction at such a site, or one that is empty.
    """
    reading = read_by(hook)
    if reading is None:
        if part is not None:
            raise ClaimsError(
                f"no single matrix reads {hook}, so a direction has no {part} part there",
                fix="Use a site with hook: blocks.N.attn.hook_z or blocks.N.mlp.hook_post",
            )
        return found, None
    space = _space(model, *reading, memory)
    shares = {
        "row_space": space.share(found),
        "rank": space.rank,
        "width": space.width,
        "directions": 1 if found.basis is None else len(found.basis),
    }
    whole = described(found, space)
    return (whole if part is None else part_of(whole, space, part)), shares


def _space(model: Model, part: str, layer: int, memory: dict[tuple[Any, ...], Any]) -> RowSpace:
    key = ("row space", id(model), part, layer)
    if key not in memory:
        name = f"{NAMES[part]} of block {layer}"
        # the model is kept beside it, so that its id is not given away
        memory[key] = (row_space(model.output_matrix(part, layer), name), model)
    space: RowSpace = memory[key][0]
    return space
