"""Preconditions, criteria and shown estimands of a claim file, read by ``harness.claim.kinds``.

Not covered: margins that decide nothing, power, controls that are missing (``harness.lock.lint``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from harness.claim.kinds import ESTIMANDS, PRECONDITIONS, TESTS, Kind
from harness.claim.parse_arms import Names
from harness.claim.parse_values import value
from harness.claim.probes import PROBES
from harness.claim.schema import Criterion, Expectation, Precondition, Probe, Test
from harness.claim.vocabulary import AT_ARMS, JUDGED
from harness.fields import Node
from harness.stats.records import BET, STAKE

MOST_CRITERIA = 32
"""Each is simulated before the claim is locked, which takes up to seconds."""
Params = dict[str, Any]
SCALES = {"identity": "is not a ratio", "ratio": "is a ratio", "means": "is a ratio of two means"}


def preconditions(node: Node, names: Names) -> tuple[Precondition, ...]:
    """Each decides whether the data can speak; there must be one."""
    entries = node.named("precondition")
    if not entries and isinstance(node.value, dict):
        node.problem("no precondition", "Add at least one of kind health")
    out = []
    for name, entry in entries:
        kind, keys = _kind(entry, PRECONDITIONS, "kind of precondition", ("why",))
        why = keys["why"].text() if "why" in keys else ""
        out.append(Precondition(name, kind.name, _params(entry, kind, keys, names), why))
        if kind.name == "dose-chosen" and not names.dose_rule:
            entry.problem("dose-chosen without a dose rule", "Add dose_rule:")
        if kind.name in ("level", "probe") and ("at_least" in keys) == ("at_most" in keys):
            entry.problem(f"{kind.name} needs one bound", "Give at_least or at_most")
    return tuple(out)


def criteria(node: Node, names: Names) -> tuple[Criterion, ...]:
    """Each decides for or against; there must be one."""
    entries = node.named("criterion", MOST_CRITERIA)
    if not entries and isinstance(node.value, dict):
        node.problem("no criterion: the claim decides nothing", "Add at least one")
    out = []
    for name, entry in entries:
        keys = entry.fields(("estimand", "test", "why"), ("expect",))
        estimand = _estimand(keys["estimand"], names) if "estimand" in keys else {"kind": ""}
        test = _test(keys["test"]) if "test" in keys else Test("", 0.0)
        if "estimand" in keys and "test" in keys:
            _suits(keys["test"], estimand["kind"], test.kind)
        out.append(
            Criterion(
                name=name,
                estimand=estimand,
                test=test,
                why=keys["why"].text() if "why" in keys else "",
                expect=_expect(keys["expect"]) if "expect" in keys else None,
            )
        )
    return tuple(out)


def shown(node: Node, names: Names) -> dict[str, Params]:
    """Estimands with a label, reported and never deciding."""
    return {
        name: _estimand(entry, names, extra=("label",)) for name, entry in node.named("estimand")
    }


def _kind(
    entry: Node,
    table: Mapping[str, Kind],
    what: str,
    extra: tuple[str, ...] = (),
    optional: tuple[str, ...] = (),
) -> tuple[Kind, dict[str, Node]]:
    """The kind, and its keys after unknown and missing ones are reported."""
    named = entry.value.get("kind") if isinstance(entry.value, dict) else None
    if isinstance(named, str) and named in table:
        kind = table[named]
        return kind, entry.fields(("kind", *kind.required, *extra), (*kind.optional, *optional))
    if isinstance(entry.value, dict) and "kind" in entry.value:
        dict(entry.entries())["kind"].word(tuple(table), what)
    else:
        entry.fields(("kind",), tuple(entry.value) if isinstance(entry.value, dict) else ())
    return Kind("", "", ()), {}


def probes(node: Node, names: Names) -> tuple[Probe, ...]:
    """Readings of models without an arm."""
    out = []
    for name, entry in node.named("probe"):
        kind, keys = _kind(entry, PROBES, "kind of probe")
        out.append(Probe(name, kind.name, _params(entry, kind, keys, names)))
    return tuple(out)


def _estimand(node: Node, names: Names, extra: tuple[str, ...] = ()) -> Params:
    kind, keys = _kind(node, ESTIMANDS, "kind of estimand", optional=extra)
    out = {"kind": kind.name, **_params(node, kind, keys, names)}
    if "label" in extra and "label" in keys:
        out["label"] = keys["label"].text(200)
    return out


def _params(entry: Node, kind: Kind, keys: Mapping[str, Node], names: Names) -> Params:
    """Values of a kind's parameters, with its defaults filled in."""
    out: Params = {}
    for param in kind.params:
        if param.name in keys:
            out[param.name] = value(keys[param.name], param, names)
        elif param.default is not None:
            out[param.name] = param.default
    for key in kind.intervened:
        for arm in _listed(out.get(key)):
            if arm in names.arms and not names.intervenes(arm):
                keys[key].problem(
                    f"the arm {arm!r} does not intervene", "Name an arm with an operation"
                )
    for key in ("baseline", "reference"):
        base = out.get(key)
        if isinstance(base, str) and base in names.arms and names.intervenes(base):
            keys[key].problem(f"the {key} {base!r} intervenes", "Name an arm without operation")
    if any(p.type == "dose" for p in kind.params):
        _dose_is_measured(entry, keys, out, names)
    return out


def _listed(value: Any) -> Sequence[str]:
    return (value,) if isinstance(value, str) else tuple(value or ())


def _dose_is_measured(entry: Node, keys: Mapping[str, Node], values: Params, names: Names) -> None:
    """Every intervening arm of an estimand is measured at the dose that is asked for."""
    arms = [
        arm
        for key in AT_ARMS
        for arm in _listed(values.get(key))
        if arm in names.arms and names.intervenes(arm)
    ]
    if "at" not in keys:
        if arms:
            entry.problem(f"at which dose of {arms[0]!r}?", "Add at: judged, or a dose of its grid")
        return
    at, node = values.get("at"), keys["at"]
    if not arms:
        node.problem("no arm here has a dose", "Remove at:")
    chosen = names.grid(names.rule_arm or "") or ()
    for arm in arms:
        grid = names.grid(arm)
        if at == JUDGED:
            if grid is not None and not set(chosen) <= set(grid):
                node.problem(
                    f"the judged dose may not be among the doses of {arm!r}",
                    f"Give {arm!r} doses: judged, or the grid of {names.rule_arm!r}",
                )
        elif names.judged(arm) or (grid is not None and at not in grid):
            node.problem(f"{arm!r} is not measured at dose {at}", "Write a dose of its grid")


def _test(node: Node) -> Test:
    keys = node.fields(("kind", "margin"), ("alpha", "method", "stake"))
    kind = keys["kind"].word(tuple(TESTS), "kind of test") if "kind" in keys else "superiority"
    rule = TESTS[kind]
    method = keys["method"].word(rule.methods, "method") if "method" in keys else rule.methods[0]
    stake = STAKE if method == BET else None
    if "stake" in keys:
        stake = keys["stake"].number(above=0.0, below=1.0)
        if method != BET:
            keys["stake"].problem(f"{method} stakes nothing", f"Write method: {BET}, or remove it")
    above = 0.0 if rule.margin_above_zero else None
    default = Test(kind, 0.0)
    return Test(
        kind=kind,
        margin=keys["margin"].number(above=above) if "margin" in keys else math.nan,
        alpha=keys["alpha"].number(above=0.0, below=0.5) if "alpha" in keys else default.alpha,
        method=method,
        stake=stake,
    )


def _suits(node: Node, estimand: str, test: str) -> None:
    """Families are tested by a family's rule, ratios on logarithms, ratios of means as such."""
    kind, rule = ESTIMANDS.get(estimand), TESTS.get(test)
    if kind is None or rule is None:
        return
    if kind.family != rule.family:
        fitting = ", ".join(n for n, t in TESTS.items() if t.family == kind.family)
        is_ = "is a family" if kind.family else "is one number"
        node.problem(f"{estimand} {is_}; {test} does not test that", f"Use one of: {fitting}")
    elif kind.tests and test not in kind.tests:
        fitting = ", ".join(kind.tests)
        node.problem(f"{test} does not test {estimand}", f"Use one of: {fitting}")
    elif kind.scale != rule.scale:
        is_ = SCALES[kind.scale]
        fitting = ", ".join(n for n, t in TESTS.items() if t.scale == kind.scale and not t.family)
        node.problem(f"{estimand} {is_}; {test} does not test that", f"Use one of: {fitting}")


def _expect(node: Node) -> Expectation:
    keys = node.fields(("effect", "sd"))
    return Expectation(
        effect=keys["effect"].number() if "effect" in keys else 0.0,
        sd=keys["sd"].number(above=0.0) if "sd" in keys else 1.0,
    )
