"""``claims power``: what a claim's design can decide, by simulation. Not covered: what it will
(``claims explore`` gives a first impression of the spread)."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.command import Command, claim_list, positive
from harness.cli.output import Output, number
from harness.cli.workspace import claim_path, find_root, select
from harness.errors import EXIT_OK

if TYPE_CHECKING:
    from harness.claim.power import Power, Rates


def _arguments(parser: argparse.ArgumentParser) -> None:
    claim_list(parser, "claims to simulate", at_least_one=True)
    parser.add_argument(
        "--simulations", type=positive, default=2000, help="studies to simulate (default: 2000)"
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Print a row per criterion."""
    from harness.claim.parse import parse_claim
    from harness.claim.power import power_table

    root = find_root(args.workspace, Path.cwd())
    result = {}
    for claim_id in select(root, args.ids):
        claim = parse_claim(root, claim_path(root, claim_id))
        rows = power_table(claim, n_sims=args.simulations)
        result[claim_id] = [asdict(row) for row in rows]
        output.table(
            ("criterion", "test", "n", "expect", "PASS if so", "PASS at margin", "FAIL beyond"),
            [
                (
                    row.criterion,
                    f"{row.kind} {row.margin:g} ({row.method})",
                    str(row.n),
                    "-" if row.effect is None else f"{row.effect:g} sd {row.sd:g}",
                    _share(row.expected, "support"),
                    _share(row.at_margin, "support"),
                    _share(row.at_mirror, "refute"),
                )
                for row in rows
            ],
            title=f"{claim_id}: shares of {args.simulations} simulated studies",
        )
        added = [row for row in rows if row.mean_n_expected is not None]
        if added:
            output.table(
                ("criterion", "first", "most", "mean n if so", "at margin", "beyond"),
                [
                    (
                        row.criterion,
                        str(row.first),
                        str(row.n),
                        *(f"{n:.1f}" for n in _means(row)),
                    )
                    for row in added
                ],
                title=f"{claim_id}: replicates that each criterion asks for by itself (measured "
                "are as many as the last one needs)",
            )
    output.result({"power": result})
    return EXIT_OK


def _means(row: Power) -> tuple[float, ...]:
    """Mean numbers of replicates, as expected, at the margin and beyond it."""
    found = (row.mean_n_expected, row.mean_n_at_margin, row.mean_n_at_mirror)
    return tuple(n for n in found if n is not None)


def _share(rates: Rates | None, outcome: str) -> str:
    return "-" if rates is None else number(getattr(rates, outcome))


COMMAND = Command(
    name="power",
    summary="simulate what a claim's design can decide",
    text="Simulate each criterion with the planned replicates: how often it passes when the "
    "expected effect is true, when the truth lies at the margin (a false PASS), and how often it "
    "fails when the truth lies as far on the other side. Where a rule adds replicates, also how "
    "many each criterion asks for on average.",
    example="claims power first-claim",
    arguments=_arguments,
    run=run,
)
