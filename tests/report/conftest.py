"""Pages rendered once for all tests of the report."""

from __future__ import annotations

import pytest

from harness.report.page import render_claim
from harness.report.records import Rendered, ReportInput
from tests.report import others, probing, sample

MAKERS = {
    "pass": sample.suppression,
    "invalid": lambda: sample.suppression("INVALID"),
    "exploratory": sample.exploratory,
    "fail": others.production,
    "features": others.asymmetry,
    "probes": probing.probed,
}


@pytest.fixture(scope="session")
def inputs() -> dict[str, ReportInput]:
    return {name: make() for name, make in MAKERS.items()}


@pytest.fixture(scope="session")
def pages(inputs: dict[str, ReportInput]) -> dict[str, Rendered]:
    return {name: render_claim(report) for name, report in inputs.items()}
