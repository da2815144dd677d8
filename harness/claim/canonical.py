"""A claim as one JSON value and back: what a lock binds and what a difference is named by.

The value is the claim in its own language with every default written out. Named parts whose order
is part of the claim (directions, arms, preconditions, criteria, shown) are lists of mappings with a
``name``; those without order (sites, waivers) are mappings. Reading back goes through the
same checks as a file, so that a hand-edited lock is refused like a hand-edited claim.

Law: ``claim_from_json(claim_to_json(c)) == c``.

Not covered: the bytes of the YAML (a lock keeps their digest as information).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from harness.claim.parse import read_claim
from harness.claim.schema import (
    SCHEMA,
    Arm,
    Claim,
    Criterion,
    Direction,
    Samples,
    Site,
    Subject,
    Test,
)
from harness.claim.terms import DRAWN, UNITS
from harness.claim.vocabulary import JUDGED
from harness.subject.patterns import code_of, regex_of
from harness.yamlio import of_json

ORDERED = ("directions", "arms", "probes", "preconditions", "criteria", "shown")


def claim_to_json(claim: Claim) -> dict[str, Any]:
    """The complete claim as a JSON value."""
    out: dict[str, Any] = {
        "schema": SCHEMA,
        "id": claim.id,
        "title": claim.title,
        "statement": claim.statement,
        "source": list(claim.source),
        "unit": claim.unit,
        "subject": _subject(claim.subject),
        "samples": _samples(claim.samples),
        "sites": {name: _site(site) for name, site in claim.sites.items()},
        "directions": [_direction(d) for d in claim.directions],
        "arms": [_arm(a) for a in claim.arms],
        "preconditions": [
            {"name": p.name, "kind": p.kind, **_plain(p.params), "why": p.why}
            for p in claim.preconditions
        ],
        "criteria": [_criterion(c) for c in claim.criteria],
    }
    if claim.probes:
        out["probes"] = [{"name": p.name, "kind": p.kind, **_plain(p.params)} for p in claim.probes]
    if claim.dose_rule is not None:
        out["dose_rule"] = asdict(claim.dose_rule)
    if claim.shown:
        out["shown"] = [{"name": n, **_plain(spec)} for n, spec in claim.shown.items()]
    if claim.exclusion is not None:
        out["exclusion"] = asdict(claim.exclusion)
    if claim.waivers:
        out["waivers"] = dict(claim.waivers)
    if claim.does_not_show:
        out["does_not_show"] = list(claim.does_not_show)
    return out


def claim_from_json(value: Mapping[str, Any]) -> Claim:
    """The claim of a JSON value. Raises :class:`harness.errors.BadInput` where it is none."""
    plain = dict(value)
    for key in ORDERED:
        if isinstance(plain.get(key), list):
            plain[key] = _by_name(plain[key])
    name = str(plain.get("id", "claim"))
    return read_claim(of_json(plain, f"canonical form of {name}"))


def _by_name(entries: list[Any]) -> Any:
    """A list of named mappings as a mapping; the list itself where it is none (and is refused)."""
    named = [e for e in entries if isinstance(e, dict) and isinstance(e.get("name"), str)]
    out = {e["name"]: {k: v for k, v in e.items() if k != "name"} for e in named}
    return out if len(out) == len(entries) else entries


def _plain(value: Any) -> Any:
    """Mappings, tuples and scalars as JSON has them."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def _samples(samples: Samples) -> dict[str, Any]:
    """Counts; how they are drawn only where that is not once, as in claims locked before."""
    out = asdict(samples)
    if out["drawn"] == DRAWN[0]:
        del out["drawn"]
    return out


def _subject(subject: Subject) -> dict[str, Any]:
    out = asdict(subject)
    if subject.sequential is None:  # locks from before there was such a rule have none
        del out["sequential"]
    return out


def _site(site: Site) -> dict[str, Any]:
    regex, code = regex_of(site.positions), code_of(site.positions)
    written: Any = site.positions
    if regex is not None:
        written = {"regex": regex, "at": "end"}
    elif code is not None:
        written = {"code": code}
    return {"hook": site.hook, "positions": written}


def _direction(direction: Direction) -> dict[str, Any]:
    return {key: value for key, value in asdict(direction).items() if value is not None}


def _arm(arm: Arm) -> dict[str, Any]:
    out: dict[str, Any] = {"name": arm.name, "on": arm.on}
    if arm.operation is not None:
        out |= {"site": arm.site, "operation": arm.operation}
        if arm.directions:
            out["directions"] = list(arm.directions)
        if arm.control is not None:
            out |= {"control": arm.control, "count": arm.count}
            out |= {"of": arm.of} if arm.of is not None else {}
            out |= {"donor": arm.donor} if arm.donor else {}
        else:
            out["donor"] = arm.donor
        if arm.unit != UNITS[0]:  # locks from before there were units have none
            out["unit"] = arm.unit
        out |= {"with": arm.partner} if arm.partner is not None else {}
        out |= {"way": arm.way} if arm.way is not None else {}
        out |= {"heads": list(arm.heads)} if arm.heads else {}
        out |= {"heads": arm.chosen.as_json()} if arm.chosen is not None else {}
        out |= {"neurons": list(arm.neurons)} if arm.neurons else {}
        if arm.features is not None:
            given = asdict(arm.features)
            out["features"] = {key: one for key, one in given.items() if one is not None}
        out |= {"of": arm.like} if arm.like is not None else {}
        out["doses"] = JUDGED if arm.doses is None else list(arm.doses)
    if arm.label:
        out["label"] = arm.label
    return out


def test_to_json(test: Test) -> dict[str, Any]:
    """A test as a JSON value; what only some methods have is absent where it does not apply."""
    return {key: value for key, value in asdict(test).items() if value is not None}


def _criterion(criterion: Criterion) -> dict[str, Any]:
    out = {
        "name": criterion.name,
        "estimand": _plain(criterion.estimand),
        "test": test_to_json(criterion.test),
        "why": criterion.why,
    }
    if criterion.expect is not None:
        out["expect"] = asdict(criterion.expect)
    return out
