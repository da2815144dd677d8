"""``claims explore``: the claim as it stands, on the exploration split; free and marked.

Not covered: verdicts. An exploration has none, whatever its numbers are.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli.command import Command, claim_list, positive, replicate_count
from harness.cli.output import Output, number
from harness.cli.workspace import find_root, select
from harness.errors import EXIT_OK

if TYPE_CHECKING:
    import pandas as pd

STAMP = "EXPLORATORY: own data and seeds; nothing here can confirm the claim"
READOUTS = {
    "rate": "rate",
    "garbage_rate": "garbage",
    "onset_mass": "onset",
    "elsewhere_mass": "elsewhere",
    "ordinary_loss": "loss",
    "kl": "kl",
    "fidelity": "fidelity",
    "placed": "placed",
    "repetition": "repeats",
    "clean_nats": "clean nats",
    "format_valid": "valid",
}
"""Readout -> heading."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    claim_list(parser, "claims to explore", at_least_one=True)
    parser.add_argument(
        "--replicates",
        type=replicate_count,
        metavar="N",
        help="models to train (default: as planned)",
    )
    parser.add_argument(
        "-n", type=positive, default=1, metavar="N", dest="workers", help="processes (default: 1)"
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Measure, then print the dose-response and what the gates would have said."""
    from harness.cli.measure import JobName, measure
    from harness.cli.progress import progress
    from harness.measure.job import EXPLORATION, read_besides
    from harness.measure.tables import load_evidence, summarise
    from harness.verdict.judging import judge_job

    root = find_root(args.workspace, Path.cwd())
    names = [JobName(root, one, EXPLORATION, args.replicates) for one in select(root, args.ids)]
    with progress() as shown:
        jobs = measure(names, args.workers, shown)
    result: dict[str, Any] = {"stamp": STAMP, "claims": {}}
    for job in jobs:
        evidence = load_evidence(job)
        verdict = judge_job(job)
        table = dose_response(summarise(evidence.generate, evidence.score), job.final_split)
        result["claims"][job.claim.id] = {
            "verdict": verdict.as_json(),
            "dose_response": table.astype(object).where(table.notna(), None).to_dict("records"),
            "folder": str(job.folder),
            "read_besides": list(read_besides(job)),
        }
        known = {name: head for name, head in READOUTS.items() if table[name].notna().any()}
        output.say(f"{job.claim.id}: {STAMP}")
        output.table(
            ("arm", "candidate", "dose", "n", *known.values()),
            [
                (
                    r["arm"],
                    r["variant"] or "-",
                    number(r["dose"]),
                    str(r["n"]),
                    *(number(r[name]) for name in known),
                )
                for r in table.to_dict("records")
            ],
            title=f"means over {len(evidence.replicates)} replicates, {job.final_split} split",
        )
        if len(evidence.probes):
            rows = probed(evidence.probes)
            result["claims"][job.claim.id]["probes"] = rows
            output.table(
                ("probe", "model", "item", "number", "mean", "least", "most"),
                [
                    (*(str(r[k]) for k in PROBED), *(number(r[k]) for k in ("mean", "min", "max")))
                    for r in rows
                ],
                title=f"probes over {len(evidence.replicates)} replicates",
            )
        said = [p.sentence for p in verdict.preconditions]
        said += [c.sentence for c in verdict.criteria] + [s.sentence for s in verdict.shown]
        for sentence in said:
            output.say(f"  {sentence}")
        for what in read_besides(job):
            output.say(f"to know: {what}: no lock binds it, so an attempt would fail there")
        output.say(f"{verdict.sentence}\n")
    output.result(result)
    return EXIT_OK


def dose_response(summary: pd.DataFrame, split: str) -> pd.DataFrame:
    """One row per (arm, candidate, dose): ``n`` replicates and their mean readouts.

    ``summary`` as ``harness.measure.tables.summarise`` gives it. Random controls are pooled into
    one row per dose, because a table of forty of them tells nobody anything. Doses that were
    judged are the replicates' own, so each of them is a row.
    """
    rows = summary[summary["split"] == split].copy()
    for name in READOUTS:
        if name not in rows:
            rows[name] = float("nan")
    drawn = rows["variant"].str.fullmatch(r"r\d+")
    rows.loc[drawn, "variant"] = "random"
    keys = ["arm", "variant", "dose"]
    grouped = rows.groupby(keys, sort=True, dropna=False)
    out = grouped[list(READOUTS)].mean()
    out.insert(0, "n", grouped["replicate"].nunique())
    return out.reset_index()


PROBED = ("probe", "model", "item", "quantity")


def probed(probes: pd.DataFrame) -> list[dict[str, Any]]:
    """Mean, least and largest value over replicates of every number of the probes."""
    kept = probes[probes["quantity"] != "context"]
    out = kept.groupby(list(PROBED), sort=False)["value"].agg(["mean", "min", "max"]).reset_index()
    rows = out.astype(object).where(out.notna(), None).to_dict("records")
    return [{str(key): value for key, value in row.items()} for row in rows]


COMMAND = Command(
    name="explore",
    summary="try a claim on its own data; prints a dose-response table, stamped EXPLORATORY",
    text="Run a claim as it stands on the exploration split with exploration seeds. Nothing is "
    "registered, the ledger is not touched, and no number of it can confirm the claim.",
    example="claims explore first-claim --replicates 2 -n 2",
    arguments=_arguments,
    run=run,
)
