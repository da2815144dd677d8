"""Criteria and preconditions as a page shows them: every number already in words.

Not covered: figures (``harness.report.gallery``) and sentences (``harness.verdict.explain``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.report.bet_view import bet_table
from harness.report.figure import Table
from harness.report.forest_figure import member_group, member_label, member_word
from harness.report.words import (
    NONE,
    Standing,
    decimals,
    finite,
    humane,
    interval,
    listing,
    number,
    p_value,
    percent,
    plain,
    standing,
)
from harness.stats.records import BET

HELD = Standing("held", "✓", "", "pass")
NOT_HELD = Standing("not held", "✗", "", "fail")

NEEDED: Mapping[str, str] = {
    "superiority": "above {margin}",
    "below": "below {margin}",
    "equivalence": "within ±{margin}",
    "ratio-above": "ratio above {margin}",
    "mean-ratio-above": "ratio of means above {margin}",
    "none-of": "below {margin} in every candidate",
    "some-of": "above {margin} in some candidate",
    "all-of": "above {margin} in every member",
}
"""Kind of test -> what the whole interval has to do."""


@dataclass(frozen=True)
class CriterionView:
    """One criterion, or one estimand that is shown and never tested (``outcome`` None)."""

    name: str
    label: str
    why: str
    outcome: Standing | None
    sentence: str
    estimate: str
    interval: str
    level: str
    needed: str
    facts: tuple[tuple[str, str], ...]
    definition: str
    members: Table | None
    note: str
    bet: Table | None = None
    """The course of a bet where a rule adds replicates."""


@dataclass(frozen=True)
class PreconditionView:
    """One precondition: what was got, what was needed, and whether it held."""

    name: str
    why: str
    standing: Standing
    got: str
    needed: str


def replicate_labels(verdict: Mapping[str, Any], count: int) -> tuple[str, ...]:
    """Labels for ``count`` values, in the verdict's order of replicates."""
    named = (verdict.get("dose") or {}).get("replicates") or ()
    if len(named) != count:
        named = range(count)
    return tuple(f"r{r}" for r in named)


def criteria_views(verdict: Mapping[str, Any]) -> tuple[CriterionView, ...]:
    """The criteria. An exploration has estimates but no outcomes: it cannot pass anything."""
    free = verdict["status"] == "EXPLORATORY"
    views = [(row, _criterion(row, tested=not free)) for row in verdict.get("criteria") or ()]
    if not verdict.get("sequential"):
        return tuple(view for _, view in views)
    return tuple(
        replace(view, bet=bet_table(row, replicate_labels(verdict, len(row.get("values") or ()))))
        for row, view in views
    )


def shown_views(verdict: Mapping[str, Any]) -> tuple[CriterionView, ...]:
    """Estimands that are reported and never decide."""
    return tuple(_criterion(row, tested=False) for row in verdict.get("shown") or ())


def preconditions(verdict: Mapping[str, Any]) -> tuple[PreconditionView, ...]:
    """Preconditions, those that did not hold first."""
    rows = [
        PreconditionView(
            name=humane(str(row.get("name", ""))),
            why=str(row.get("why") or ""),
            standing=HELD if row.get("held") is True else NOT_HELD,
            got=str(row.get("got") or NONE),
            needed=str(row.get("needed") or NONE),
        )
        for row in verdict.get("preconditions") or ()
    ]
    return tuple(sorted(rows, key=lambda row: row.standing is HELD))


def needed(test: Mapping[str, Any], margin: Any) -> str:
    """What the interval has to do, in words."""
    kind = str(test.get("kind", ""))
    return NEEDED.get(kind, f"{kind} {{margin}}").format(margin=plain(margin)) if kind else NONE


def _criterion(row: Mapping[str, Any], *, tested: bool) -> CriterionView:
    test = row.get("test") or {}
    low, high, estimate = row.get("low"), row.get("high"), row.get("estimate")
    places = decimals(finite(estimate), low=finite(low), high=finite(high))
    members = tuple(row.get("members") or ())
    name = str(row.get("name", ""))
    return CriterionView(
        name=name,
        label=str(row.get("label") or humane(name)),
        why=str(row.get("why") or ""),
        outcome=standing(str(row["outcome"])) if tested and row.get("outcome") else None,
        sentence=str(row.get("sentence") or ""),
        estimate=number(estimate, places),
        interval=interval(low, high, places),
        level=_level(row, test),
        needed=needed(test, row.get("margin")),
        facts=tuple(_facts(row, test)),
        definition=listing(row.get("estimand") or {}),
        members=(
            member_table(members, tested=tested, called=member_word(row)) if members else None
        ),
        note=str(row.get("note") or ""),
    )


def _level(row: Mapping[str, Any], test: Mapping[str, Any]) -> str:
    level = finite(row.get("level"))
    if level is None and finite(test.get("alpha")) is not None:
        level = 1 - 2 * float(test["alpha"])
    return f"{percent(level)} interval" if level is not None else "interval"


def _facts(row: Mapping[str, Any], test: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a reader needs to check the number: each a term and its value."""
    found = [("n", f"{row['n']} replicates")] if row.get("n") is not None else []
    method = str(row.get("method") or test.get("method") or "")
    if test:
        alpha = f", one-sided alpha {plain(test['alpha'])}" if test.get("alpha") is not None else ""
        found.append(("test", f"{humane(str(test.get('kind', '')))} by {method}{alpha}"))
    path = (row.get("details") or {}).get("wealth")
    if path:
        at = row["details"].get("decided_at")
        stake = plain(test.get("stake"))
        ended = "not decided" if at is None else f"decided at replicate {plain(at)}"
        found.append(("bet", f"{ended}, after {len(path)}, staking {stake} on each"))
    for key, term in (("p", "p for the claim"), ("p_against", "p against it")):
        if finite(row.get(key)) is not None:
            found.append((term, p_value(row[key])))
    if finite(row.get("smallest_p")) is not None:
        bet = method == BET
        term = "p if all replicates lie on one side" if bet else "smallest attainable p"
        found.append((term, f"{float(row['smallest_p']):.2g}"))
    if finite(row.get("hedges_g")) is not None:
        found.append(("Hedges g", number(row["hedges_g"], 2)))
    if row.get("scale") == "log":
        found.append(("scale", "tested on logarithms"))
    return found


def member_table(
    members: Sequence[Mapping[str, Any]], *, tested: bool, called: str = "candidate"
) -> Table:
    """Members down; estimate, interval, p, where the gate let them, outcome in words."""
    gates = tuple(dict.fromkeys(g for m in members for g in _gates(m)))
    grouped = len({member_group(str(m.get("name", ""))) for m in members}) > 1
    heads = [called, *(["arm"] if grouped else []), *(["outcome"] if tested else [])]
    heads += ["estimate", "interval", "p", "p against"]
    extra = tuple(
        (key, head)
        for key, head in (
            ("best_dose", "best admissible dose"),
            ("chosen_estimate", "at the dose chosen beforehand"),
        )
        if any(key in (m.get("details") or {}) for m in members)
    )
    heads += [head for _, head in extra] + [humane(g) for g in gates]
    rows = []
    for m in members:
        name, details = str(m.get("name", "")), m.get("details") or {}
        low, high = finite(m.get("low")), finite(m.get("high"))
        places = decimals(finite(m.get("estimate")), low=low, high=high)
        found = standing(str(m.get("outcome") or NONE))
        cells = [member_label(name), *([member_group(name)] if grouped else [])]
        cells += [f"{found.symbol} {found.word}"] if tested else []
        cells += [number(m.get("estimate"), places), interval(low, high, places)]
        cells += [p_value(m.get("p")), p_value(m.get("p_against"))]
        cells += [_detail(details, key) for key, _ in extra]
        cells += [_gate(_gates(m).get(g)) for g in gates]
        rows.append(tuple(cells))
    return Table(tuple(heads), tuple(rows))


def _gates(member: Mapping[str, Any]) -> Mapping[str, Any]:
    gates = member.get("gates") or (member.get("details") or {}).get("gates") or {}
    return gates if isinstance(gates, Mapping) else {}


def _gate(value: Any) -> str:
    """A gate's result: a yes or no, or a mapping with ``held`` and ``got``."""
    if isinstance(value, Mapping):
        words = str(value.get("got") or "")
        return f"{_gate(value.get('held'))} {words}".strip()
    if value is None:
        return NONE
    return f"{HELD.symbol} {HELD.word}" if value is True else f"{NOT_HELD.symbol} {NOT_HELD.word}"


def _detail(details: Mapping[str, Any], key: str) -> str:
    if key == "chosen_estimate":
        low, high = finite(details.get("chosen_low")), finite(details.get("chosen_high"))
        bounds = f" {interval(low, high)}" if low is not None and high is not None else ""
        return number(details.get(key), decimals(low=low, high=high) if bounds else None) + bounds
    return dose_range(details.get(key))


def dose_range(values: Any) -> str:
    """Doses over replicates: one number, or the smallest to the largest."""
    found = [v for v in (finite(x) for x in values or ()) if v is not None]
    if not found:
        return NONE
    low, high = plain(min(found)), plain(max(found))
    return low if low == high else f"{low} to {high}"
