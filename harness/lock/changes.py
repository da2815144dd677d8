"""What an amendment changed, field by field, each change classed stricter, looser or neutral.

*Neutral* cannot turn one outcome into another: words, sources, what is merely shown, the author's
expectation. *Stricter* means that whatever passes now would have passed before: another criterion
or precondition, a margin or bound moved against the claim, a smaller alpha, fewer exclusions.
*Looser* is everything else, also what cannot be compared (another estimand, recipe, dose grid or
evaluator): a change has to be shown to be stricter, not assumed to be.

Not covered: whether the sum of several changes is stricter (one looser change makes it looser).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.digest import PREFIX, digest, short
from harness.lock.leaves import ABSENT, differing

STRICTER, LOOSER, NEUTRAL = "stricter", "looser", "neutral"
LONGEST = 200
WORDS = re.compile(
    r"claim\.(title|statement|source|does_not_show|shown|schema)\b.*"
    r"|claim\.(criteria|preconditions|exclusion)\b.*\.why"
    r"|claim\.arms\..*\.label"
    r"|claim\.criteria\.[^.]*\.expect\b.*"
    r"|claim\.(criteria|preconditions) \(order\)"
)
WHOLE = re.compile(r"claim\.(criteria|preconditions)\.[^.]*")
MARGIN = re.compile(r"claim\.criteria\.([^.]*)\.test\.margin")
ALPHA = re.compile(r"claim\.criteria\.[^.]*\.test\.alpha")
BOUND = re.compile(r"claim\.preconditions\.([^.]*)\.([a-z_]+)")
UP, DOWN = 1, -1
MARGINS = dict.fromkeys(("superiority", "ratio-above", "mean-ratio-above", "some-of", "all-of"), UP)
"""Test kinds whose claim is that something lies above the margin; in the others it lies below."""
BOUNDS = {"at_least": UP, "low": UP, "floor": UP, "closes": UP, "at_most": DOWN, "high": DOWN}
"""Direction in which a precondition's bound is harder to meet, by the end of its name."""


@dataclass(frozen=True)
class Change:
    """One field that an amendment changed; values as short words."""

    field: str
    was: str
    now: str
    effect: str

    def as_json(self) -> dict[str, str]:
        return dict(vars(self))


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Every field at which two lock values (``Lock.as_json``) bind something else, in order."""
    found: list[Change] = []
    for name in sorted({*before, *after} - {"registration", "members", "yaml", "schema", "pilot"}):
        if name == "claim_id" or _is_digest(before.get(name)):
            continue
        if name == "evaluator":
            found += _evaluator(before.get(name), after.get(name))
            continue
        for path, was, now in differing(before.get(name, ABSENT), after.get(name, ABSENT), name):
            effect = _effect(path, was, now, before, after)
            found.append(Change(path, _word(was), _word(now), effect))
    return tuple(found)


def overall(found: tuple[Change, ...]) -> str:
    """The class of an amendment as a whole: looser if any change is, else stricter if any is."""
    effects = {change.effect for change in found}
    return next((e for e in (LOOSER, STRICTER) if e in effects), NEUTRAL)


def _evaluator(before: Any, after: Any) -> Iterator[Change]:
    """One change for the whole evaluator: a new version of the harness touches many modules."""
    count = sum(1 for _ in differing(before, after, "evaluator"))
    if count:
        now = f"{digest(after)} ({count} modules differ)"
        yield Change("evaluator", _word(digest(before)), _word(now), LOOSER)


def _effect(
    path: str, was: Any, now: Any, before: Mapping[str, Any], after: Mapping[str, Any]
) -> str:
    if WORDS.fullmatch(path):
        return NEUTRAL
    if WHOLE.fullmatch(path):  # another criterion or precondition has to hold as well
        return STRICTER if was == ABSENT else LOOSER
    if path == "claim.exclusion":
        return STRICTER if now == ABSENT else LOOSER
    if path.startswith("claim.waivers"):
        return _waiver(was, now)
    direction = _direction(path, before, after)
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in (was, now))
    if direction and numbers:
        return STRICTER if (now - was) * direction > 0 else LOOSER
    return LOOSER


def _waiver(was: Any, now: Any) -> str:
    if was == ABSENT:
        return LOOSER
    return STRICTER if now == ABSENT else NEUTRAL


def _direction(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> int:
    """UP or DOWN where more or less of a number is stricter; 0 where neither can be said."""
    if ALPHA.fullmatch(path) or path == "claim.exclusion.at_most":
        return DOWN
    margin = MARGIN.fullmatch(path)
    if margin:
        kinds = {test["kind"] for test in _tests(margin[1], before, after)}
        return MARGINS.get(kinds.pop(), DOWN) if len(kinds) == 1 else 0
    bound = BOUND.fullmatch(path)
    if bound:
        return next((d for end, d in BOUNDS.items() if bound[2].endswith(end)), 0)
    return 0


def _tests(name: str, *locks: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for lock in locks:
        yield from (c["test"] for c in lock["claim"]["criteria"] if c["name"] == name)


def _is_digest(value: Any) -> bool:
    # digests of parts that are compared in full
    return isinstance(value, str) and value.startswith(PREFIX)


def _word(value: Any) -> str:
    if _is_digest(value):
        digits, _, rest = value.partition(" ")
        return f"sha256:{short(digits)} {rest}".strip()
    if isinstance(value, str):
        return value[:LONGEST]
    return json.dumps(value, ensure_ascii=False, sort_keys=True)[:LONGEST]
