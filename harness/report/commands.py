"""Commands that recompute what a page shows, from the claim down to one number.

Names go into shell commands quoted, so that a hostile name is a word and never a command.

Not covered: whether the commands agree with the page (``claims verify`` answers that).
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.digest import short
from harness.report.records import ReportInput


@dataclass(frozen=True)
class Command:
    """A shell command and what it is for."""

    what: str
    line: str


def folder(report: ReportInput) -> str:
    """Where the attempt lies, relative to the workspace."""
    lock = short(str(report.verdict.get("registration") or ""))
    parts = ["reports", report.id, lock, str(report.verdict.get("attempt") or "")]
    return "/".join(p for p in parts if p)


def commands(report: ReportInput) -> tuple[Command, ...]:
    """From trusting nothing to reading one column; an exploration has only its own. A withdrawn
    claim is not measured again: the workspace may have moved on from its lock."""
    claim = shlex.quote(report.id)
    if report.status == "EXPLORATORY":
        return (
            Command("explore again, on the exploration split", f"claims explore {claim}"),
            Command("register it, to be measured on fresh models", f"claims lock {claim}"),
        )
    found = [
        Command(
            "check chain, lock and digests, and judge the stored measurements again "
            "(runs no code of the claim)",
            f"claims verify {claim}",
        ),
    ]
    if not _withdrawn(report):
        found += [
            Command("judge again; measures only what is missing", f"claims run {claim}"),
            Command("measure the same plan anew, beside the record", f"claims reproduce {claim}"),
        ]
    cells = f"{folder(report)}/cells/*.{report.split}.generate.*"
    if "generate" in report.cells and len(report.cells["generate"]):
        found.append(
            Command(
                "rates of every arm, variant, dose and replicate, from the stored cells",
                _python(_RATES.format(cells=json.dumps(cells))),
            )
        )
    return tuple(found)


def _withdrawn(report: ReportInput) -> bool:
    mine = report.verdict.get("registration")
    return any(
        v["registration"] == mine and v.get("status") == "WITHDRAWN" for v in report.versions
    )


def criterion_command(report: ReportInput, row: Mapping[str, Any]) -> Command | None:
    """Estimate, interval and p of one criterion, from its replicate values; t tests only."""
    test = row.get("test") or {}
    scipy = _SCIPY.get(str(test.get("kind", "")))
    if scipy is None or (row.get("method") or test.get("method")) != "t":
        return None
    code = _CRITERION.format(
        file=json.dumps(f"{folder(report)}/verdict.json"),
        name=json.dumps(str(row.get("name", ""))),
        test=scipy,
    )
    return Command("estimate, interval and p from the replicates' values", _python(code))


_RATES = (
    "import glob, pandas as pd; "
    'd = pd.concat(pd.read_parquet(f).assign(cell=f.split("/")[-1]) '
    "for f in sorted(glob.glob({cells}))); "
    'g = d.groupby(["cell", "variant", "dose"])[["behaviour", "garbage", "steps"]].sum(); '
    'print(g[["behaviour", "garbage"]].div(g.steps, axis=0).to_string())'
)
_CRITERION = (
    "import json; from numpy import exp, log, mean; from scipy.stats import ttest_1samp as t; "
    'c = next(c for c in json.load(open({file}))["criteria"] if c["name"] == {name}); '
    'v, m, level = c["values"], c["margin"], c["level"]; {test}'
)
_ONE = 'print(mean(v), t(v, m).confidence_interval(level), t(v, m, alternative="{side}").pvalue)'
_SCIPY: Mapping[str, str] = {
    "superiority": _ONE.format(side="greater"),
    "below": _ONE.format(side="less"),
    "equivalence": (
        "print(mean(v), t(v, 0).confidence_interval(level), "
        'max(t(v, -m, alternative="greater").pvalue, t(v, m, alternative="less").pvalue))'
    ),
    "ratio-above": (
        "print(exp(mean(log(v))), exp(t(log(v), 0).confidence_interval(level)), "
        't(log(v), log(m), alternative="greater").pvalue)'
    ),
}


def _python(code: str) -> str:
    return f"python -c {shlex.quote(code)}"
