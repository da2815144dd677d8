"""Tables of the benchmark and their place in the README."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.records import Row, against_loop, contestants_table, replaced, row


def test_ratios_are_medians_of_rounds() -> None:
    """A round's ratio is taken before the median, so that a slow period hits both alike."""
    made = row("s", "score", "u/s", "other", [10.0, 4.0, 9.0], [5.0, 1.0, 9.0])
    assert (made.rate, made.engine, made.ratios) == (5.0, 2.0, (2.0, 4.0, 1.0))
    assert "2.00x (1.00x to 4.00x)" in contestants_table([made])
    made = row("s", "score", "u/s", "engine", [2.0], [2.0], 5e9, [100.0])
    assert made.share == pytest.approx(0.1)


def test_a_missed_target_is_said() -> None:
    """A ratio under its target is marked; one above is not, and others have none."""
    rows = [
        Row("miniature", "generate", "tokens/s", "engine", 1000.0, 1.0, 0.4),
        Row("miniature", "generate", "tokens/s", "bare torch", 1200.0, 0.85),
        Row("miniature", "generate", "tokens/s", "TransformerBridge", 400.0, 2.5),
        Row("miniature", "generate", "tokens/s", "pyvene", 300.0, 3.3),
        Row("miniature", "score", "conditions/s", "TransformerBridge", 300.0, 4.4),
        Row("miniature", "score/onsets", "conditions/s", "TransformerBridge", 300.0, 4.6),
        Row("miniature", "train", "tokens/s", "TransformerBridge", 300.0, 0.9),
    ]
    lines = contestants_table(rows).splitlines()[2:]
    missed = [False, True, False, False, True, False, False]
    assert ["not reached" in line for line in lines] == missed
    assert "40% of peak" in lines[0]


def test_the_short_table_is_of_the_engine_and_the_loop() -> None:
    """Without the others, and without training."""
    rows = [
        Row("s", readout, "u/s", who, 1.0, 1.0)
        for readout in ("score", "train", "train/muon")
        for who in ("engine", "bare torch", "TransformerBridge", "pyvene")
    ]
    kept = [(r.readout, r.contestant) for r in against_loop(rows)]
    assert kept == [("score", "engine"), ("score", "TransformerBridge")]


def test_only_what_stands_between_the_markers_changes() -> None:
    """Other text stays as it is; a marker that is not there once is refused."""
    text = "a\n<!-- x -->\nold\n<!-- /x -->\nb\n"
    assert replaced(text, {"x": "new"}) == "a\n<!-- x -->\nnew\n<!-- /x -->\nb\n"
    assert replaced(replaced(text, {"x": "1"}), {"x": "2"}) == replaced(text, {"x": "2"})
    for broken in ("", text + text, "<!-- x -->" + text, "<!-- /x --><!-- x -->"):
        with pytest.raises(ValueError, match="markers"):
            replaced(broken, {"x": "new"})


def test_the_readme_has_every_place(repository: Path) -> None:
    """``--write`` finds its markers."""
    text = (repository / "benchmarks" / "README.md").read_text()
    for name in ("engine", "engine/kept", "verdict"):
        assert replaced(text, {name: "-"}) != text
