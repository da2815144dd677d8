"""A bet's course on the page, and how many of the replicates allowed were measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.report.bet_view import bet_table, measured_words
from harness.report.build import build_reports
from tests.measure.adding import BELOW, measured_as, run, text, workspace

ABOVE = 4.0


def test_the_page_shows_the_bet_by_replicate_and_the_number_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nine replicates with what the bet came to after each, and 9 of at most 12 above it."""
    root = workspace(tmp_path, grows=text("grows"))
    measured_as(monkeypatch, [ABOVE, ABOVE, BELOW, *[ABOVE] * 9])
    run(root, "grows")
    build_reports(root)
    html = (root / "reports/grows/index.html").read_text()
    words = (root / "reports/grows/report.md").read_text()
    for page in (html, words):
        assert "9 of at most 12, looked at after 5 and then every 1" in page
        assert "The bet, replicate by replicate" in page
    rows = [line for line in words.splitlines() if line.startswith("| r")]
    bet = [row for row in rows if row.rstrip(" |").endswith("20")]
    assert len(bet) == 9
    assert "3.42" in bet[1]  # 1.85^2
    assert "0.513" in bet[2]  # times .15
    assert "20.581" in bet[8]  # 1.85^8 * .15, the first beyond 20


def test_a_criterion_that_bets_nothing_has_no_course() -> None:
    """Nor does one without a test."""
    assert bet_table({"details": {}, "test": {"alpha": 0.05}}, ("r0",)) is None
    assert measured_words(None) == ""
