"""``claims calibrate``: whether a design's verdicts are as rarely false as they promise. Not
covered: preconditions, and whether replicates will spread as was stated."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.command import Command, claim_list, positive
from harness.cli.output import Output
from harness.cli.workspace import claim_path, find_root, select
from harness.errors import EXIT_EMPTY, EXIT_NEGATIVE, EXIT_OK

if TYPE_CHECKING:
    from harness.claim.calibrate import Calibration, Design

COLUMNS = (
    *("design", "spread", "false PASS", "false FAIL"),
    *("PASS if so", "FAIL beyond", "covered", "promises"),
)


def _arguments(parser: argparse.ArgumentParser) -> None:
    claim_list(parser, "claims whose criteria to simulate (default: every kind and method)")
    parser.add_argument(
        "--simulations", type=positive, default=10_000, help="studies a row (default: 10000)"
    )
    parser.add_argument(
        "--spread",
        choices=("normal", "heavy", "skewed", "all"),
        default="all",
        help="shape of the spread between replicates (default: all)",
    )
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")


def run(args: argparse.Namespace, output: Output) -> int:
    """Print a row per design and shape of spread."""
    from harness.claim.calibrate import calibrate, standard_designs
    from harness.claim.simulate import NOISES

    shapes = tuple(NOISES) if args.spread == "all" else (args.spread,)
    designs = list(_designs(args, output) if args.ids else standard_designs())
    found = [calibrate(one, args.simulations, shape) for one in designs for shape in shapes]
    rows = [_row(one) for one in found]
    if args.markdown:
        for row in (COLUMNS, ["---"] * len(COLUMNS), *rows):
            output.say(f"| {' | '.join(row)} |")
    else:
        title = f"Shares of {args.simulations:,} simulated studies (families: as many as fit)"
        output.table(COLUMNS, rows, title=title)
    broken = [one for one in found if one.broken and one.shape == "normal"]
    for one in broken:
        output.complain(f"claims: {one.design.name} breaks a promise: {_broken(one)}")
    output.result({"calibration": [_as_json(one) for one in found]})
    return EXIT_NEGATIVE if broken else EXIT_OK if found else EXIT_EMPTY


def _designs(args: argparse.Namespace, output: Output) -> Iterator[Design]:
    from harness.claim.calibrate import designs_of
    from harness.claim.parse import parse_claim

    root = find_root(args.workspace, Path.cwd())
    for claim_id in select(root, args.ids):
        claim = parse_claim(root, claim_path(root, claim_id))
        designs = designs_of(claim)
        yield from designs
        for name in {c.name for c in claim.criteria} - {d.name for d in designs}:
            output.complain(f"claims: {claim_id}: {name} says no `expect:`, so it is left out")


def _row(one: Calibration) -> list[str]:
    wrong = [s for s in one.shares if s.promised is not None and s.outcome != "covered"]
    right = [s for s in one.shares if s.promised is None and s.truth in ("expected", "mirror")]
    covered = [s for s in one.shares if s.outcome == "covered"]
    return [
        one.design.name,
        one.shape,
        _share(max(s.share for s in wrong if s.outcome == "PASS")),
        _share(max(s.share for s in wrong if s.outcome == "FAIL")),
        "".join(_share(s.share) for s in right if s.outcome == "PASS"),
        "".join(_share(s.share) for s in right if s.outcome == "FAIL"),
        "".join(f"{_share(s.share)} of {_share(s.promised or 0)}" for s in covered) or "-",
        f"broken: {_broken(one)}" if one.broken else _kept(one),
    ]


def _kept(one: Calibration) -> str:
    return "conservative" if any(s.standing == "conservative" for s in one.shares) else "held"


def _broken(one: Calibration) -> str:
    return ", ".join(
        f"{'interval' if s.outcome == 'covered' else s.outcome} at {s.truth}" for s in one.broken
    )


def _share(value: float) -> str:
    return f"{value:.4f}".removeprefix("0") if value < 1 else "1"


def _as_json(one: Calibration) -> dict[str, object]:
    shares = [{**asdict(s), "standing": s.standing} for s in one.shares]
    return {**asdict(one), "shares": shares}


COMMAND = Command(
    name="calibrate",
    summary="simulate whether a design's verdicts are as rarely false as they promise",
    text="Simulate each criterion with the planned replicates where the truth is known: at the "
    "margin, without effect, as expected and as far on the other side. False PASS and FAIL are "
    "held against the 99.9 % binomial band around alpha, intervals against their level. Without "
    "ids: every kind and method of test at 5 and 8 replicates. The spread between replicates is "
    "normal, heavy-tailed or skewed; promises are for normal spread, the others show what becomes "
    "of them. Exit code 1: a promise is broken under normal spread.",
    example="claims calibrate first-claim\nclaims calibrate --spread normal --markdown",
    arguments=_arguments,
    run=run,
)
