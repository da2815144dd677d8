"""The table of kinds against the code that computes them: one language, not two."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable

import pytest

from harness.claim.kinds import ESTIMANDS, PRECONDITIONS, TESTS, Kind
from harness.claim.terms import METHODS
from harness.claim.vocabulary import METHOD_NEEDS, READOUTS
from harness.intervene.methods import FITTERS
from harness.stats.records import KINDS as TEST_KINDS
from harness.stats.records import Rule, methods_of
from harness.verdict import (
    asymmetry,
    estimands,
    families,
    features,
    preconditions,
    probes,
    production,
    ratios,
)

ALWAYS = re.compile(r"""(?:spec|params)\["(\w+)"\]""")
PERHAPS = re.compile(r"""(?:spec|params)\.get\("(\w+)\"""")
COMPUTED: dict[str, tuple[Kind, list[Callable[..., object]]]] = {
    **{f"estimand {n}": (ESTIMANDS[n], [f]) for n, f in estimands.KINDS.items()},
    **{f"precondition {n}": (PRECONDITIONS[n], [f]) for n, f in preconditions.KINDS.items()},
}
HELPERS = {
    "estimand closed-gap": [estimands.closed],
    "estimand steering-asymmetry": [
        *(asymmetry._at_equal_kl, asymmetry._at_equal_dose, asymmetry._from_the_other_side),
        *(asymmetry._path, estimands.closed),
    ],
    "estimand beyond-controls": [estimands.closed_gap, estimands.closed],
    "estimand damage-difference": [estimands.closed, estimands._path],
    "estimand feature-asymmetry": [features._table, features._asymmetry],
    "estimand marker-ratio": [features._table],
    **{f"estimand {n}": [probes.reading] for n in ("probe", "probe-contrast", "probe-ratio")},
    "precondition probe": [probes.reading],
    "precondition coverage": [estimands.closed],
    "precondition health": [preconditions.unhealthy],
}
for name_, family in {**families.FAMILIES, **ratios.TWO_MEANS}.items():
    COMPUTED[f"estimand {name_}"] = (ESTIMANDS[name_], [family])
HELPERS["estimand stratified-odds"] = [ratios._counts]
HELPERS["estimand best-production"] = [production.members, production._member, production.points]
EITHER = {"at_least", "at_most"}
"""Of a level and of a probe's number: exactly one of them."""


def test_what_is_declared_is_what_is_computed() -> None:
    """Every declared kind is computed by the verdict, and every computed one is declared."""
    assert {*ESTIMANDS} == {
        *estimands.KINDS,
        *families.FAMILIES,
        *ratios.TWO_MEANS,
    }
    assert {*PRECONDITIONS} == {*preconditions.KINDS}
    assert {*TESTS} == {*TEST_KINDS}


@pytest.mark.parametrize("name", COMPUTED)
def test_a_kind_declares_every_parameter_that_is_read(name: str) -> None:
    """What the verdict reads without asking is required or has a default; the rest is optional."""
    kind, functions = COMPUTED[name]
    source = "".join(inspect.getsource(f) for f in [*functions, *HELPERS.get(name, [])])
    always, perhaps = {*ALWAYS.findall(source)}, {*PERHAPS.findall(source)}
    declared = {p.name: p for p in kind.params}
    assert always | perhaps <= {*declared, "kind"}
    either = EITHER if kind.name in ("level", "probe") else set()
    for param in always - either - {"kind"}:
        assert declared[param].required or declared[param].default is not None, param


@pytest.mark.parametrize("name", COMPUTED)
def test_a_kind_declares_no_parameter_that_nobody_reads(name: str) -> None:
    """A parameter without effect would be a promise that is not kept.

    ``trained`` and ``standard`` of feature counts choose what is measured, not what is computed.
    """
    kind, functions = COMPUTED[name]
    if name.startswith("estimand") and kind.name in ("contrast", "log-ratio"):
        functions = [*functions, estimands.level]
    source = "".join(inspect.getsource(f) for f in [*functions, *HELPERS.get(name, [])])
    read = {*ALWAYS.findall(source), *PERHAPS.findall(source)}
    unread = {p.name for p in kind.params} - read
    assert unread <= ({"trained", "standard"} if kind.features else set())


def test_parameters_say_what_they_are() -> None:
    """Every kind and every parameter has a line of meaning, and bounds that can be met."""
    for kind in (*ESTIMANDS.values(), *PRECONDITIONS.values()):
        assert kind.doc
        assert len({p.name for p in kind.params}) == len(kind.params)
        for param in kind.params:
            assert param.doc
            if param.low is not None and param.high is not None:
                assert param.low < param.high
            if param.default is not None:
                assert not param.required
            if param.type == "readout":
                assert param.choices == READOUTS


def test_tests_have_the_methods_of_the_statistics() -> None:
    """A method that the parser lets through is one that the statistics accept."""
    for name, kind in TESTS.items():
        assert kind.methods == methods_of(name)
        for method in kind.methods:
            assert Rule(name, 1.0, 0.05, method).method == method


def test_fitting_methods_are_those_of_the_engine() -> None:
    """Every method can be fitted, except that a file is read and a row belongs to a dictionary."""
    assert {*METHODS} == {*FITTERS, "from-file", "dictionary-row"} == {*METHOD_NEEDS}
