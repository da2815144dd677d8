"""A plan is said before it is measured, with the time that its attempt took."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli import estimate, main
from harness.lock.ledger import read
from harness.measure.job import reproduction_job
from tests.measure.forged import attempted, workspace

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("spans", "seconds"),
    [
        ([(0.0, 10.0)], 10),
        ([(0.0, 10.0), (5.0, 20.0)], 20),  # attempted together
        ([(0.0, 10.0), (2.0, 4.0)], 10),
        ([(100.0, 110.0), (0.0, 10.0)], 20),  # one after the other
        ([], 0),
    ],
)
def test_times_that_overlap_are_joined(spans: list[tuple[float, float]], seconds: float) -> None:
    """Claims of one run share its minutes."""
    assert estimate._joined(spans) == seconds


def test_the_plan_counts_models_once(tmp_path: Path) -> None:
    """A model that two claims need is one; each claim says its own."""
    root = workspace(tmp_path / "study")
    attempted(root)
    job = reproduction_job(root, "easy")
    one = estimate.plan([job], read(root))
    both = estimate.plan([job, job], read(root))
    assert one[0] == both[0] == both[1]
    assert one[0].startswith(f"easy: {len(job.replicates)} replicates")
    models = one[1].split(", ")[1]
    assert both[2] == f"plan: 2 claims, {models}"


def test_a_plan_is_said_before_anything_is_measured(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever sees the estimate can still stop."""
    from harness.cli import measure

    root = workspace(tmp_path / "study")
    attempted(root)
    seen: list[str] = []

    def stop(*_: object) -> None:
        seen.append(capsys.readouterr().out)
        raise KeyboardInterrupt

    monkeypatch.setattr(measure, "measure", stop)
    assert main(["reproduce", "easy", "--workspace", str(root)]) == 130
    assert "plan: 1 claim," in seen[0]
