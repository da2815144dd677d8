"""Tests of harness.report.words: numbers and names as a reader sees them."""

from __future__ import annotations

import math

import pytest

from harness.report.words import clean, interval, listing, number, p_value, percent, standing


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (-0.0001, "\N{MINUS SIGN}0.000100"),
        (1.5, "1.50"),
        (None, "\N{EM DASH}"),
        (math.nan, "\N{EM DASH}"),
        (math.inf, "\N{EM DASH}"),
        (True, "\N{EM DASH}"),
    ],
)
def test_number(value: object, shown: str) -> None:
    """A number has a true minus sign; what is no finite number is a dash."""
    assert number(value) == shown


def test_negative_zero_has_no_sign() -> None:
    """A small negative number rounded to nothing is nothing."""
    assert number(-0.001, 2) == "0.00"


def test_interval_has_the_decimals_its_width_can_bear() -> None:
    """Three significant digits of the width; words where there is no precision."""
    assert interval(0.7213, 0.8432) == "[0.721, 0.843]"
    assert interval(0.07213, 0.08432) == "[0.0721, 0.0843]"
    assert interval(None, 1.0) == "no interval"


def test_p_is_never_zero_or_one() -> None:
    """Very small and very large p-values are bounds."""
    assert [p_value(p) for p in (0.0, 0.0312, 1.0)] == ["< .001", ".031", "> .999"]


def test_p_beside_a_level_shows_on_which_side_it_lies() -> None:
    """.0497 passes and .0503 does not; both would read .050."""
    shown = [p_value(p) for p in (0.0497, 0.05, 0.0503, 0.0099, 0.1204)]
    assert shown == [".0497", ".050", ".0503", ".0099", ".120"]


def test_numbers_smaller_than_any_decimals_have_an_exponent() -> None:
    """Three hundred-millionths are not nothing."""
    assert number(3e-8) == "3e\N{MINUS SIGN}08"
    assert interval(1e-8, 5e-8) == "[1e\N{MINUS SIGN}08, 5e\N{MINUS SIGN}08]"
    assert number(0.0) == "0"
    assert number(0.0001, 3) == "0.000"


def test_percent() -> None:
    """Coverage is a whole number of per cent where it is one, and exact where not."""
    assert percent(0.9) == "90 %"
    assert percent(1 - 2 * 0.05) == "90 %"
    assert percent(0.9296875) == "93 %"


def test_clean_makes_deception_visible() -> None:
    """Control and reordering characters become visible; letters of any script stay."""
    assert clean("a\x00\u202eb\ud800") == "a\ufffd\ufffdb\ufffd"
    assert clean("naïve Ω 日本語 🙂\n") == "naïve Ω 日本語 🙂\n"


def test_listing_nests() -> None:
    """Nested values keep their brackets."""
    assert listing({"a": [1, 2.5], "b": {"c": None}}) == "a: [1, 2.5], b: (c: \N{EM DASH})"


def test_unknown_standing_is_neutral() -> None:
    """A status from a newer version is shown as it is and looks like no verdict."""
    assert (standing("LATER").word, standing("LATER").tone) == ("LATER", "void")
