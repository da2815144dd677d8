"""Tests of harness.report.samples: marked steps of decoded text, and which texts are shown."""

from __future__ import annotations

from harness.report.curves import summary
from harness.report.records import ReportInput
from harness.report.samples import Step, samples, steps


def test_marks_become_kinds() -> None:
    """Behaviour and garbage are told apart from ordinary steps."""
    assert steps("open it ; ⟦sip water⟧ ; ⟨the the⟩ ; close it", " ; ") == (
        Step("open it", ""),
        Step("sip water", "behaviour"),
        Step("the the", "garbage"),
        Step("close it", ""),
    )


def test_unfinished_mark_runs_to_the_end_of_its_step() -> None:
    """A generation cut off inside a mark loses nothing."""
    assert steps("a ⟦sip wa ; b", " ; ") == (
        Step("a", ""),
        Step("sip wa", "behaviour"),
        Step("b", ""),
    )


def test_separator_and_end_tokens_are_not_steps() -> None:
    """Special tokens that decoding left in the text separate and end, and are not shown."""
    assert steps("open it <sep> sip water <sep> close it <end>", " ; ") == (
        Step("open it", ""),
        Step("sip water", ""),
        Step("close it", ""),
    )


def test_nothing_to_mark() -> None:
    """Empty text has no steps."""
    assert steps("", " ; ") == ()


def test_same_prompts_under_baseline_treatment_and_control(inputs: dict[str, ReportInput]) -> None:
    """The first prompts of the first replicate, at its judged dose, under every kind of arm."""
    report = inputs["pass"]
    found = samples(report, summary(report))
    assert len(found) == 3
    for group in found:
        shown = [(s.arm, s.about) for s in group.samples]
        assert shown == [
            ("baseline", "no intervention"),
            ("reference", "no intervention"),
            ("treatment", "mean-difference, dose 0.5"),
            ("isotropic", "r00, dose 0.5"),
        ]


def test_family_shows_its_strongest_candidate(inputs: dict[str, ReportInput]) -> None:
    """Of nine candidates the one with the largest estimate is quoted."""
    report = inputs["fail"]
    arms = {s.arm: s.about for s in samples(report, summary(report))[0].samples}
    assert arms["shared"].startswith("gradient, dose ")


def test_every_sample_has_the_graders_counts(inputs: dict[str, ReportInput]) -> None:
    """Counts come from the cells, so that they stand also where no step is marked."""
    report = inputs["pass"]
    cells = report.cells["generate"]
    for group in samples(report, summary(report)):
        one = group.samples[0]
        assert one.counts.endswith("garbage")
    first = cells[(cells["arm"] == "baseline") & (cells["replicate"] == 0)].iloc[0]
    shown = samples(report, summary(report))[0].samples[0].counts
    assert shown.startswith(f"{first['steps']} steps: {first['behaviour']} behaviour")
