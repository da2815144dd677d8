"""The marker feature and what fires beside it, on dictionaries made by hand."""

from __future__ import annotations

import math

import pytest
import torch

from harness.readout.dictionary import Dictionary
from harness.readout.probes.cofiring import co_firing
from harness.readout.probes.marker import firing, marker_feature
from tests.hf import seeded
from tests.readout.probes.benches import TASK, bench, table
from tests.toy import tiny

HOOK = "blocks.1.hook_resid_post"
PAIR = ("regulation", "standard")


def by_hand() -> Dictionary:
    """Feature 5 reads and writes the mean difference of the two toy models, strongly; the others
    are random and compete for the remaining places."""
    lab = bench(tiny(1), tiny(2))
    from harness.intervene.gather import gather

    one, two = (gather(lab.models[r], TASK, lab.select, HOOK, "step_onset").x for r in PAIR)
    unit = one.mean(0) - two.mean(0)
    middle = (one.mean(0) + two.mean(0)) / 2
    w = seeded(1, 24, 32) * 0.05
    w[5] = unit / unit.norm()
    return Dictionary(w.T.clone(), w, torch.zeros(24), middle, 4)


def test_the_marker_is_found_by_what_it_does() -> None:
    """The planted feature is chosen wherever it stands; its row is measured against the mean
    difference; it fires more in the trained model."""
    lab = bench(tiny(1), tiny(2), by_hand())
    readings = list(
        marker_feature(lab, HOOK, "step_onset", ("step_body",), "regulation", 12, *PAIR)
    )
    found = table(readings)
    assert next(r.text for r in readings if r.quantity == "row_over_difference") == "feature 5"
    assert found["regulation", "step_onset", "rate"] > 0.8
    assert found["standard", "step_onset", "rate"] < 0.3
    assert ("regulation", "step_body", "rate") in found
    assert 0 < found["regulation", "marker", "row_over_difference"] < 10


def test_contexts_are_where_it_fires_most_and_say_what_follows() -> None:
    """Strongest first; each context ends in the position's token; the share that opens the
    behaviour is counted over them and over all positions."""
    lab = bench(tiny(1), tiny(2), by_hand())
    readings = list(marker_feature(lab, HOOK, "step_onset", (), "regulation", 12, *PAIR))
    contexts = [r for r in readings if r.quantity == "context"]
    assert [r.item for r in contexts] == [f"{n:02d}" for n in range(1, 13)]
    values = [r.value for r in contexts]
    assert values == sorted(values, reverse=True)
    assert all(" → " in r.text and r.text.split(" → ")[0].endswith("t2") for r in contexts)
    found = table(readings)
    opening = sum(r.text.split(" → ")[1] in ("t29", "t30", "t31") for r in contexts)
    assert found["regulation", "top", "opens"] == pytest.approx(opening / 12)
    assert 0.05 < found["regulation", "top", "opens_all"] < 0.5


def test_variants_weigh_the_same_whatever_their_length() -> None:
    """A variant with more positions does not count for more."""
    from harness.intervene.gather import Gathered

    x = torch.cat([torch.ones(30, 32), -torch.ones(10, 32)])
    w = torch.ones(1, 32)
    one = Dictionary(w.T.clone(), w, torch.zeros(1), torch.zeros(32), 1)
    nothing = torch.zeros(40, dtype=torch.int64)
    found = Gathered(x, nothing, nothing, torch.tensor([0] * 30 + [1] * 10))
    assert firing(one, found).tolist() == [0.5]


def cofire(together: bool) -> dict[tuple[str, str, str], float]:
    """Two features of the mean difference: the same direction, or one that fires at random."""
    sparse = by_hand()
    w_enc = sparse.w_enc.clone()
    w_enc[:, 9] = w_enc[:, 5] * 0.9 if together else 0
    bias = sparse.b_enc.clone()
    if not together:  # fires nearly everywhere in both models, hence no marker of one
        bias[9] = 5.0
    lab = bench(tiny(1), tiny(2), Dictionary(w_enc, sparse.w_dec, bias, sparse.b_dec, 4))
    asked = (HOOK, "step_onset", "regulation", 2.0, 0.05, 199, *PAIR)
    return table(list(co_firing(lab, *asked)))


def test_a_feature_of_the_same_direction_fires_where_the_marker_does() -> None:
    """It fires at every position of the marker, more than a shuffle that keeps the rates."""
    found = cofire(True)
    got = {q: v for (_, _, q), v in found.items()}
    assert got["others"] >= 1
    assert got["most"] > 0
    assert got["observed"] > got["null"]
    assert got["lift"] == pytest.approx(got["observed"] / got["null"])
    assert got["p"] < 0.05


def test_shuffling_keeps_rates_so_that_chance_gives_a_lift_of_one() -> None:
    """Independent firing of any rate has lift one; the p-value is then uniform, not small."""
    from harness.readout.probes.cofiring import _shuffled

    make = torch.Generator().manual_seed(3)
    variant = torch.arange(2).repeat_interleave(400)
    lead = torch.rand(800, generator=make) < torch.where(variant == 0, 0.6, 0.1)
    share = (torch.rand(800, generator=make) < torch.where(variant == 0, 0.2, 0.9)).double()
    null = _shuffled(lead, share, variant, 400, 1)
    observed = float(share[lead].mean())
    assert abs(observed / null.mean() - 1) < 0.2
    # a shuffle over everything would mix the variants, in which the two rates go opposite ways
    assert abs(float(share.mean()) - null.mean()) > 0.1


def test_without_any_other_feature_there_is_no_number() -> None:
    """Thresholds that nothing passes give NaN, which judging refuses, and say that there were
    none."""
    lab = bench(tiny(1), tiny(2), by_hand())
    asked = (HOOK, "step_onset", "regulation", 1e6, 1.0, 99, *PAIR)
    got = {r.quantity: r.value for r in co_firing(lab, *asked)}
    assert got["others"] == 0
    assert math.isnan(got["lift"])


def test_the_marker_is_the_one_that_directions_and_ratios_take() -> None:
    """The choice from activations here and from feature counts there is one and the same."""
    from harness.readout.features import count_features
    from harness.readout.marker import marker, matched_rates

    for seed in range(4):
        w = seeded(seed, 24, 32)
        sparse = Dictionary(w.T * 0.3, w, seeded(seed + 9, 24) * 0.1, torch.zeros(32), 4)
        lab = bench(tiny(1), tiny(2), sparse)
        counted = count_features(
            lab.models, TASK, lab.select, {"regulation": sparse}, HOOK, ["step_onset"]
        )
        readings = marker_feature(lab, HOOK, "step_onset", (), "regulation", 1, *PAIR)
        chosen = next(r.text for r in readings if r.quantity == "row_over_difference")
        assert chosen == f"feature {marker(matched_rates(counted))}"
