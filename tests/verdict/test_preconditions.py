"""Each kind of precondition holds and fails where its definition says, and on nothing it fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from harness.claim.schema import Arm, Precondition
from harness.measure.tables import Evidence
from harness.verdict.judge import judge
from harness.verdict.preconditions import KINDS, Check
from harness.verdict.records import Status
from harness.verdict.view import MissingNumber, View
from tests.verdict.synthetic import cell, claim, evidence, superiority

NAN = float("nan")
ARMS = (
    Arm("base", "regulation"),
    Arm("ref", "standard"),
    Arm("treat", "regulation", "onset", "subtract", ("d",), doses=(0.0, 0.5, 1.0)),
    Arm("push", "standard", "onset", "add", ("x", "y"), doses=(0.0, 1.0)),
    Arm("iso", "regulation", "onset", "subtract", control="isotropic", count=2, doses=None),
)
GAP = {"baseline": "base", "reference": "ref", "readout": "rate"}


def made(
    treat: float = 0.1,
    ref: float = 0.0,
    realised: float = 1.0,
    reach: float = 1.0,
    judged: float | None = 0.5,
    health: Mapping[int, float] | None = None,
    **scored: float,
) -> Evidence:
    """Two replicates; the second has the given numbers, the first good ones."""
    cells = []
    for r in range(2):
        odd = r == 1
        cells += [cell("base", r, rate=0.4), cell("ref", r, rate=ref if odd else 0.0)]
        cells.append(cell("treat", r, rate=0.4, variant="d"))
        for dose in (0.5, 1.0):
            rate = treat if odd else 0.1
            got = dose * (realised if odd else 1.0)
            more: dict[str, Any] = scored if odd else {}
            cells.append(cell("treat", r, rate=rate, dose=dose, variant="d", realised=got, **more))
        for variant in ("x", "y"):
            cells.append(cell("push", r, variant=variant))
            got = reach if odd and variant == "y" else 1.0
            cells.append(cell("push", r, dose=1.0, variant=variant, realised=got))
    return evidence(claim(ARMS, replicates=2), cells, judged, health)


def check(kind: str, params: Mapping[str, Any], of: Evidence) -> Check:
    return KINDS[kind](View(of, of.replicates), params)


HEALTH = {"loss_gap_at_most": 0.2, "garbage_at_most": 0.1}
RATIO = {"arm": "base", "over": "ref", "readout": "rate", "at_least": 10, "floor": 0.1}
SHARE = {"arm": "treat", "over": "base", "readout": "rate", "at_least": 0.2}
RISE = {"arm": "treat", "baseline": "base", "readout": "ordinary_loss", "at": 0.5,
        "relative": True, "at_most": 0.1}  # fmt: skip
BAND = {"arm": "treat", "low": 0.8, "high": 1.25}
COVERAGE = {"arm": "treat", "closes": 0.5, "arms": ["push"], **GAP}
LEVEL = {"arm": "treat", "readout": "rate", "at": 0.5}

ONE_BAD_REPLICATE: list[tuple[str, Mapping[str, Any], dict[str, Any]]] = [
    ("health", HEALTH, {"health": {1: 0.21}}),
    ("health", HEALTH, {"health": {1: NAN}}),
    ("ratio", RATIO, {"ref": 0.05}),
    ("share", SHARE, {"treat": 0.05}),
    ("level", {**LEVEL, "at_least": 0.1}, {"treat": 0.05}),
    ("level", {**LEVEL, "at_most": 0.1}, {"treat": 0.2}),
    ("rise", RISE, {"ordinary_loss": 1.2}),
    ("dose-chosen", {}, {"judged": None}),
    ("dose-band", BAND, {"realised": 1.3}),
    ("dose-band", BAND, {"realised": 0.7}),
    ("dose-band", BAND, {"realised": NAN}),
    ("coverage", COVERAGE, {"treat": 0.3}),
    ("coverage", COVERAGE, {"reach": 0.4}),
    ("coverage", COVERAGE, {"reach": NAN}),
]


@pytest.mark.parametrize(("kind", "params", "bad"), ONE_BAD_REPLICATE)
def test_one_bad_replicate_fails_what_good_ones_hold(
    kind: str, params: Mapping[str, Any], bad: dict[str, Any]
) -> None:
    """Unless its kind says otherwise a precondition has to hold in every replicate."""
    assert check(kind, params, made()).held
    found = check(kind, params, made(**bad))
    assert not found.held
    assert found.got
    assert found.needed


def test_a_readout_without_a_number_is_named_and_not_compared() -> None:
    """NaN is neither at most nor at least anything."""
    with pytest.raises(MissingNumber, match=r"ordinary_loss of arm 'treat'.*replicate 1"):
        check("rise", RISE, made(ordinary_loss=NAN))


def test_bounds_are_met_at_the_bound() -> None:
    """At least and at most include their number."""
    assert check("health", HEALTH, made(health={1: 0.2})).held
    assert check("level", {**LEVEL, "at_least": 0.1}, made()).held
    assert check("level", {**LEVEL, "at_most": 0.1}, made()).held
    assert check("dose-band", BAND, made(realised=1.25)).held


def test_a_rise_is_relative_only_where_it_says_so() -> None:
    """From 1.0 to 1.1, and with a baseline of .4 steps from .4 to .5."""
    params = {**RISE, "readout": "rate", "at_most": 0.15}
    assert check("rise", {**params, "relative": False}, made(treat=0.5)).held
    assert not check("rise", {**params, "relative": True}, made(treat=0.5)).held


def test_the_band_names_dose_and_replicate_furthest_from_planned() -> None:
    """So that a reader can open the cell."""
    found = check("dose-band", BAND, made(realised=1.3))
    assert "at dose 0.5, generating, replicate 1" in found.got or "at dose 1" in found.got
    assert found.values == pytest.approx((1.0, 1.3))


def test_a_condition_that_never_fired_fails_the_band() -> None:
    """A silent hook looks like a null; the realised dose alone would not tell."""
    of = made()
    of.generate.loc[(of.generate["arm"] == "treat") & (of.generate["dose"] == 1.0), "fired"] = 0
    found = check("dose-band", BAND, of)
    assert not found.held
    assert "2 conditions never fired" in found.got


def test_a_grid_that_stops_short_is_underdosed_by_name() -> None:
    """One candidate of two in one replicate."""
    found = check("coverage", COVERAGE, made(reach=0.4))
    assert found.got.startswith("UNDERDOSED: 1 of 4")
    assert "push/y in replicate 1" in found.got


def test_coverage_compares_realised_doses() -> None:
    """A nominal 1 that came to .4 does not reach the .5 that acts."""
    assert check("coverage", COVERAGE, made(reach=0.5)).held
    assert not check("coverage", COVERAGE, made(reach=0.49)).held


def test_two_halves_have_to_agree() -> None:
    """The smallest cosine counts."""
    params = {"direction": "d", "at_least": 0.9}
    of = made()
    assert check("split-half", params, of).held
    of.records[1]["split_half"]["d"] = 0.89
    assert not check("split-half", params, of).held
    of.records[1]["split_half"].clear()
    with pytest.raises(MissingNumber, match=r"replicate 1: the split-half cosine of 'd'"):
        check("split-half", params, of)


def test_dictionaries_have_to_reconstruct_and_to_be_alive() -> None:
    """The random control is left out; another hook does not stand in; none at all fails."""
    params = {"hook": "h", "explained_variance_at_least": 0.7, "dead_at_most": 0.5}
    good = {"explained_variance": 0.9, "dead_fraction": 0.1}

    def found(**rows: Mapping[str, float | None]) -> Check:
        of = made()
        for r in of.replicates:
            names = {name.replace("_", "/"): row for name, row in rows.items()}
            of.records[r]["dictionaries"].update(names)
        return check("dictionary", params, of)

    assert not found().held
    assert not found(regulation_k=good).held
    assert found(regulation_h=good, random_h={**good, "explained_variance": 0.0}).held
    for bad in (
        {"explained_variance": 0.6},
        {"dead_fraction": 0.6},
        {"explained_variance": NAN},
        {"explained_variance": None},  # as JSON writes what was not measured
        {"dead_fraction": None},
    ):
        assert not found(regulation_h=good, standard_h={**good, **bad}).held


@pytest.mark.parametrize(
    ("kind", "params"),
    [("health", HEALTH), ("ratio", RATIO), ("share", SHARE), ("level", {**LEVEL, "at_most": 1}),
     ("rise", RISE), ("split-half", {"direction": "d", "at_least": 0.9}), ("dose-chosen", {}),
     ("dose-band", BAND), ("coverage", COVERAGE)],
)  # fmt: skip
def test_no_replicate_at_all_holds_nothing(kind: str, params: Mapping[str, Any]) -> None:
    """A statement about every member of an empty set is not evidence."""
    assert not KINDS[kind](View(made(), ()), params).held


CLOSES = superiority("closes", {"kind": "closed-gap", "arm": "treat", "at": 0.5, **GAP}, 0.5)


def status(of: Evidence, kind: str, params: Mapping[str, Any]) -> Status:
    """The status of a claim with this precondition and a criterion that is supported."""
    of.claim.__dict__.update(
        criteria=(CLOSES,), preconditions=(Precondition("p", kind, params, "because"),)
    )
    return judge(of).status


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("share", {**SHARE, "over": "ref"}),
        ("rise", {**RISE, "readout": "garbage_rate"}),
    ],
)
def test_nothing_to_divide_by_is_invalid_and_no_exception(
    kind: str, params: Mapping[str, Any]
) -> None:
    """A model that never shows the behaviour cannot be the denominator."""
    assert status(made(), kind, params) is Status.INVALID


def test_an_arm_without_judged_dose_is_invalid_and_not_tampered() -> None:
    """No admissible dose: there are no cells of its controls, and nobody removed them."""
    assert status(made(judged=None), "dose-band", {**BAND, "arm": "iso"}) is Status.INVALID


def test_a_behaviour_that_neither_shows_is_not_present() -> None:
    """Without a floor, nothing over nothing is no ratio."""
    params = {"arm": "ref", "over": "ref", "readout": "rate", "at_least": 10}
    assert not check("ratio", params, made()).held


def test_a_dose_of_the_grid_that_was_not_measured_fails_the_band() -> None:
    """Every condition has to have fired, the missing one too."""
    of = made()
    for name in ("generate", "score"):
        table = getattr(of, name)
        keep = ~((table["arm"] == "treat") & (table["dose"] == 1.0))
        object.__setattr__(of, name, table[keep])
    assert status(of, "dose-band", BAND) is Status.INVALID


def test_a_role_without_a_health_record_is_not_healthy() -> None:
    """What was asked about and is not there does not hold."""
    assert not check("health", {**HEALTH, "roles": ["standard"]}, made()).held
