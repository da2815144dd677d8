"""``claims reproduce``: the registered plan measured anew, beside the published attempt.

A reproduction is not an attempt: no verdict changes, and the ledger is touched only when asked. It
says which verdicts and which numbers agree, and in how many replicates the models came out byte for
byte: another processor rounds otherwise, and training turns that into other models, which are close
relatives of the published ones and no copies.

Not covered: how much a number may differ between machines; a verdict near its margin may change.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli.command import Command, claim_list, positive
from harness.cli.output import Output, number
from harness.cli.workspace import find_root, select
from harness.errors import EXIT_EMPTY, EXIT_NO_STANDING, EXIT_OK, ClaimsError, NothingThere

if TYPE_CHECKING:
    from harness.measure.job import Job
    from harness.verdict.records import Verdict


@dataclass(frozen=True)
class Agreement:
    """One number of a claim, published and reproduced; ``None`` where there is none."""

    name: str
    published: float | None
    reproduced: float | None
    published_outcome: str
    reproduced_outcome: str

    @property
    def same_outcome(self) -> bool:
        return self.published_outcome == self.reproduced_outcome

    @property
    def difference(self) -> float | None:
        if self.published is None or self.reproduced is None:
            return None
        return self.reproduced - self.published


def _arguments(parser: argparse.ArgumentParser) -> None:
    claim_list(parser, "claims to reproduce")
    parser.add_argument("--all", action="store_true", help="all that are not withdrawn")
    parser.add_argument(
        "-n", type=positive, default=1, metavar="N", dest="workers", help="processes (default: 1)"
    )
    parser.add_argument(
        "--again", action="store_true", help="discard an earlier reproduction's measurements"
    )
    parser.add_argument(
        "--record", action="store_true", help="add what came of it to the ledger, as rows"
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Measure, judge, compare."""
    from harness.cli.estimate import plan
    from harness.cli.measure import JobName, measure
    from harness.cli.progress import progress
    from harness.digest import write_atomic
    from harness.lock.ledger import append, read
    from harness.lock.memory import remembered
    from harness.measure.job import REPRODUCTION, attempt_job, reproduction_job
    from harness.measure.store import json_bytes
    from harness.verdict.judging import judge_job
    from harness.verdict.stopping import elsewhere

    root = find_root(args.workspace, Path.cwd())
    ids = _wanted(root, args)
    if args.again:
        for one in ids:
            shutil.rmtree(reproduction_job(root, one).folder, ignore_errors=True)
    with remembered():
        planned = [reproduction_job(root, one) for one in ids]
    for line in plan(planned, read(root)):
        output.say(line)
    with progress() as shown:
        jobs = measure([JobName(root, one, REPRODUCTION) for one in ids], args.workers, shown)
    result, codes = [], []
    for job in jobs:
        reproduced = judge_job(job)
        try:
            published = judge_job(attempt_job(root, job.claim.id))
        except NothingThere:
            published = None
        rows = compare(published, reproduced)
        models = same_models(root, job) if published is not None else ""
        same = published is not None and all(row.same_outcome for row in rows)
        codes.append(EXIT_EMPTY if published is None else EXIT_OK if same else EXIT_NO_STANDING)
        value = {
            "claim": job.claim.id,
            "registration": job.registration,
            "published": None if published is None else published.status.name,
            "reproduced": reproduced.status.name,
            "agrees": same,
            "same_models": models,
            "numbers": [{**asdict(row), "difference": row.difference} for row in rows],
            "folder": str(job.folder.relative_to(root)),
        }
        rule = elsewhere(published.sequential if published else None, reproduced.sequential)
        if rule:
            value["rule"] = rule
        write_atomic(job.folder / "comparison.json", json_bytes(value))
        if args.record:
            append(root, "reproduction", _row(value))
        result.append(value)
        _show(output, job.claim.id, published, reproduced, rows)
        if rule:
            output.say(f"{job.claim.id}: {rule}")
        if models:
            output.say(f"{job.claim.id}: {models}\n")
    output.result({"reproductions": result})
    return max(codes, key=(EXIT_OK, EXIT_EMPTY, EXIT_NO_STANDING).index)


def _row(value: Mapping[str, Any]) -> dict[str, Any]:
    """What the ledger is told of a reproduction: outcomes, the numbers' digest, the machine."""
    from harness.digest import digest
    from harness.lock.binding import packages, settings

    kept = ("claim", "registration", "published", "reproduced", "agrees", "same_models")
    return {
        **{name: value[name] for name in kept},
        "numbers": digest(value["numbers"]),
        "machine": {**settings(), **packages(), "cpu": _cpu()},
    }


def _cpu() -> str:
    """The processor's name, where the platform tells it."""
    try:
        told = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        told = None
    return told[1] if told else platform.processor() or platform.machine()


def same_models(root: Path, job: Job) -> str:
    """In how many replicates every model has the published one's bytes, in words."""
    from harness.measure.job import attempt_job, measured
    from harness.measure.store import read_json

    published = attempt_job(root, job.claim.id)
    both = sorted(set(measured(published)) & set(measured(job)))

    def contents(of: Job, replicate: int) -> dict[str, str]:
        record = read_json(of.folder / f"replicate.{replicate}.json")
        return {role: model["content"] for role, model in record.get("models", {}).items()}

    same = sum(contents(published, r) == contents(job, r) for r in both)
    more = "" if same == len(both) else ", the others those that this machine's rounding makes"
    return f"models of {same} of {len(both)} replicates have the published bytes{more}"


def _wanted(root: Path, args: argparse.Namespace) -> tuple[str, ...]:
    from harness.lock.stored import is_registered

    if bool(args.ids) == bool(args.all):
        raise ClaimsError("say which claims to reproduce", fix="Name them, or use --all")
    if args.ids:
        return select(root, args.ids)
    ids = tuple(
        one for one in select(root, ()) if is_registered(root, one) and not _ended(root, one)
    )
    if not ids:
        raise NothingThere(
            "no claim is registered", where=str(root / "claims"), fix="Register: claims lock ID"
        )
    return ids


def _ended(root: Path, claim_id: str) -> bool:
    """Whether a claim was withdrawn and nothing took its place: it is left out of ``--all``."""
    from harness.lock.ledger import read
    from harness.lock.withdraw import withdrawal
    from harness.measure.job import lock_of

    gone = withdrawal(read(root), claim_id, lock_of(root, claim_id).registration)
    return gone is not None and gone.ends_it


def compare(published: Verdict | None, reproduced: Verdict) -> tuple[Agreement, ...]:
    """The verdict, each precondition and each criterion, side by side."""
    old, new = _numbers(published), _numbers(reproduced)
    nothing = (None, "-")
    return tuple(
        Agreement(
            name,
            old.get(name, nothing)[0],
            new.get(name, nothing)[0],
            old.get(name, nothing)[1],
            new.get(name, nothing)[1],
        )
        for name in dict.fromkeys((*new, *old))
    )


def _numbers(verdict: Verdict | None) -> dict[str, tuple[float | None, str]]:
    if verdict is None:
        return {}
    # through JSON, which holds no NaN
    value = json.loads(json.dumps(verdict.as_json()))
    return (
        {"verdict": (None, value["status"])}
        | {
            f"precondition {p['name']}": (None, "held" if p["held"] else "failed")
            for p in value["preconditions"]
        }
        | {f"criterion {c['name']}": (c["estimate"], c["outcome"]) for c in value["criteria"]}
    )


def _show(
    output: Output,
    claim: str,
    published: Verdict | None,
    reproduced: Verdict,
    rows: tuple[Agreement, ...],
) -> None:
    output.table(
        ("what", "published", "reproduced", "number", "anew", "difference"),
        [
            (
                row.name,
                row.published_outcome,
                row.reproduced_outcome,
                number(row.published, 6),
                number(row.reproduced, 6),
                "-" if row.difference is None else f"{row.difference:+.1e}",
            )
            for row in rows
        ],
        title=claim,
    )
    if published is None:
        output.say(f"{claim}: {reproduced.status.name}; nothing published to compare it with\n")
    elif all(row.same_outcome for row in rows):
        output.say(f"{claim}: reproduced, {reproduced.status.name}\n")
    else:
        differing = ", ".join(row.name for row in rows if not row.same_outcome)
        output.say(f"{claim}: NOT reproduced; differing: {differing}\n")


COMMAND = Command(
    name="reproduce",
    summary="measure a registered plan anew and compare with what was published",
    text="Say what will be measured and how long the attempt took, then measure the registered "
    "plan anew into reports/reproduction/, without the dictionaries that no rule reads, and say "
    "which verdicts and which numbers agree with the published attempt. The ledger is not touched, "
    "unless --record asks for a row. Exit code 3 if an outcome differs, 4 if nothing is published "
    "to compare with.",
    example="claims reproduce --all -n 2",
    arguments=_arguments,
    run=run,
)
