"""The style sheet: contrast in both schemes, and nothing told by colour alone."""

from __future__ import annotations

import re

import pytest

from harness.report.environment import style
from harness.report.words import STANDINGS


def schemes() -> dict[str, dict[str, str]]:
    """Colours of the light and the dark scheme."""
    blocks = re.findall(r":root \{(.*?)\}", str(style()), re.S)[:2]
    light, dark = (dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", b)) for b in blocks)
    return {"light": light, "dark": light | dark}


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, two: str) -> float:
    """WCAG contrast ratio."""
    high, low = sorted((luminance(one), luminance(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


TONES = ("pass", "fail", "open", "void", "stop", "free")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_meets_aa(scheme: str) -> None:
    """Text reaches 4.5 to 1 on every ground it stands on, in both schemes."""
    colours = schemes()[scheme]
    pairs = [(t, f"{t}-bg") for t in TONES] + [("ink", f"{t}-bg") for t in TONES]
    pairs += [(t, "paper") for t in (*TONES, "ink", "muted", "link", "data", "other", "third")]
    pairs += [("alert", g) for g in ("paper", "sunk", "shade")]
    pairs += [("muted", "sunk"), ("muted", "shade"), ("ink", "sunk"), ("data", "shade")]
    for text, ground in pairs:
        assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)


def test_both_schemes_define_every_colour() -> None:
    """The dark scheme overrides all colours of the light one."""
    blocks = re.findall(r":root \{(.*?)\}", str(style()), re.S)[:2]
    light, dark = (set(re.findall(r"--([a-z-]+): #", b)) for b in blocks)
    assert light == dark


def test_every_standing_has_its_own_word_and_symbol() -> None:
    """Standings differ in word and symbol, and each has a style."""
    symbols = [s.symbol for s in STANDINGS.values()]
    assert len(set(symbols)) == len(symbols)
    assert {s.tone for s in STANDINGS.values()} <= set(TONES)
