"""Feature counts give the ratios that hand-written firings imply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest

from harness.claim.schema import Arm
from harness.verdict.estimands import estimate
from harness.verdict.view import MissingNumber, View
from tests.verdict.synthetic import cell, claim, evidence

HOOK = "blocks.2.hook_resid_post"
SPEC: dict[str, Any] = {
    "kind": "feature-asymmetry", "hook": HOOK, "positions": "step_onset", "matched": True,
    "dictionaries": "regulation", "ratio_at_least": 2.0, "min_rate": 0.01,
}  # fmt: skip
MARKER = {"kind": "marker-ratio", "hook": HOOK, "positions": "step_onset"}
Rows = Sequence[tuple[int, int]]
"""(fires in the trained model, fires in the standard one) per feature, of 100 positions."""


def table(
    rows: Rows,
    dictionary: str = "regulation",
    variant: str = "plain",
    split: str = "confirm",
    positions: int = 100,
    stratum: str = "a",
    **other: Any,
) -> pd.DataFrame:
    fill = {
        "replicate": 0, "arm": "features", "split": split, "dictionary": dictionary, "hook": HOOK,
        "text_variant": variant, "stratum": stratum, "positions_class": "step_onset",
        "positions": positions,
    }  # fmt: skip
    made = pd.DataFrame(rows, columns=["fires_regulation", "fires_standard"])
    return made.assign(feature=range(len(rows)), **{**fill, **other})


def value(parts: Sequence[pd.DataFrame], **changes: Any) -> float:
    cells = [cell("base", 0)]
    features = pd.concat(parts, ignore_index=True)
    of = evidence(claim((Arm("base", "regulation"),)), cells, features=features)
    return estimate(View(of, (0,)), {**SPEC, **changes})[0]


def test_a_marker_fires_often_enough_and_twice_as_often() -> None:
    """Two mark the trained model, one the standard one; near misses and equals mark neither."""
    rows = [(10, 5), (50, 0), (2, 20), (10, 6), (30, 30)]
    assert value([table(rows)]) == pytest.approx(2.5 / 1.5)


def test_a_rare_feature_marks_nothing() -> None:
    """One firing in a thousand positions is below the least rate."""
    assert value([table([(1, 0), (9, 0)], positions=1000)]) == pytest.approx(1.0)
    assert value([table([(10, 0)], positions=1000)]) == pytest.approx(3.0)


def test_silence_is_not_an_infinite_ratio() -> None:
    """One firing against none is one against at most one."""
    assert value([table([(1, 0)])]) == pytest.approx(1.0)
    assert value([table([(2, 0)])]) == pytest.approx(3.0)


def test_swapping_the_models_inverts_the_ratio() -> None:
    """Over both dictionaries the count favours neither model."""
    one, two = [(40, 1), (30, 2), (5, 30)], [(20, 1), (1, 20)]
    there = value([table(one), table(two, "standard")], dictionaries="union")
    swapped = [[(b, a) for a, b in rows] for rows in (one, two)]
    back = value([table(swapped[0], "standard"), table(swapped[1])], dictionaries="union")
    assert there == pytest.approx(3.5 / 2.5)
    assert there * back == pytest.approx(1.0)


def test_the_union_leaves_the_random_dictionary_out() -> None:
    """A control of markers everywhere changes nothing, and can be asked for by itself."""
    parts = [table([(30, 30)]), table([(30, 30)], "standard"), table([(30, 0)] * 3, "random")]
    assert value(parts, dictionaries="union") == pytest.approx(1.0)
    assert value(parts, dictionaries="random") == pytest.approx(7.0)


def test_matched_is_the_geometric_mean_over_variants() -> None:
    """3 in one variant and 1/3 in the other are 1."""
    parts = [table([(30, 0)]), table([(0, 30)], variant="regulated")]
    assert value(parts) == pytest.approx(1.0)


def test_pooled_lets_each_model_read_its_own_text() -> None:
    """Where only the text differs, matching sees nothing and pooling a marker."""
    parts = [table([(1, 1)]), table([(30, 30)], variant="regulated")]
    assert value(parts) == pytest.approx(1.0)
    assert value(parts, matched=False) == pytest.approx(3.0)


def test_strata_are_summed_before_rates_are_formed() -> None:
    """A feature at 3 of 100 and 1 of 300 fires at 1 in 100."""
    parts = [table([(3, 0)]), table([(1, 0)], positions=300, stratum="b")]
    assert value(parts, min_rate=0.01) == pytest.approx(3.0)
    assert value(parts, min_rate=0.011) == pytest.approx(1.0)


def test_only_the_judged_split_the_hook_and_the_class_are_counted() -> None:
    """Markers elsewhere are not markers here."""
    loud = [(30, 0)] * 4
    parts = [
        table([(30, 30)]),
        table(loud, split="select"),
        table(loud, hook="blocks.0.hook_resid_post"),
        table(loud, positions_class="step_body"),
        table(loud, replicate=1),
    ]
    assert value(parts) == pytest.approx(1.0)


def test_the_marker_is_chosen_on_the_select_split_and_measured_on_the_other() -> None:
    """Feature 1 wins on select; that feature 0 wins on confirm is not looked at."""
    parts = [table([(10, 5), (60, 20)], split="select"), table([(90, 1), (40, 20)])]
    assert value(parts, **MARKER) == pytest.approx(2.0)


def test_a_marker_never_seen_in_the_standard_model_is_floored() -> None:
    """At one firing in all its positions."""
    parts = [table([(60, 20)], split="select"), table([(40, 0)])]
    assert value(parts, **MARKER) == pytest.approx(40.0)


def test_uncounted_features_are_named() -> None:
    """No table, no split, no dictionary: an error with the hook in it, not a ratio of 1."""
    with pytest.raises(MissingNumber, match=r"no feature counts at blocks\.2"):
        value([table([(30, 0)], split="select")])
    with pytest.raises(MissingNumber, match="for standard, confirm, replicate 0"):
        value([table([(30, 0)])], dictionaries="standard")
    with pytest.raises(MissingNumber):
        value([table([(30, 0)])], **MARKER)


def test_half_a_union_is_missing_and_not_a_union() -> None:
    """One model's dictionary alone leans toward that model."""
    with pytest.raises(MissingNumber):
        value([table([(30, 0)])], dictionaries="union")
