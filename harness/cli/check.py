"""``claims check``: every problem of every file at once, and every reason not to lock.

Not covered: whether a locked claim still is what was locked (``claims status``).
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.command import Command, claim_list
from harness.cli.output import Output
from harness.cli.workspace import claim_path, find_root, select
from harness.errors import EXIT_OK, EXIT_USAGE, BadInput, ClaimsError, Problem
from harness.shown import visible

if TYPE_CHECKING:
    from harness.lock.refusal import Refusal


@dataclass
class Checked:
    """What is wrong with one claim: ``problems`` in its files, ``refusals`` of its design (those
    with a waiver are shown and do not count), against the ``pilot`` that there is (in words)."""

    claim: str
    problems: list[Problem] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    pilot: str = ""

    @property
    def ok(self) -> bool:
        return not self.problems and all(r.waiver for r in self.refusals)


def _arguments(parser: argparse.ArgumentParser) -> None:
    claim_list(parser, "claims to check (default: all)")


def run(args: argparse.Namespace, output: Output) -> int:
    """Check files and designs; one line per problem."""
    root = find_root(args.workspace, Path.cwd())
    checked = [check_one(root, one) for one in select(root, args.ids)]
    for one in checked:
        for problem in dict.fromkeys(one.problems):
            output.say(str(problem))
        for r in one.refusals:
            word = f"waived ({r.waiver})" if r.waiver else "cannot be locked"
            place = f"claims/{one.claim}.yaml at {r.where}"
            advice = "" if r.waiver else _advice(r)
            output.say(f"{place}: {word}: {r.reason} [{r.rule}]{advice}")
        if one.ok:
            output.say(f"claims/{one.claim}.yaml: ready to be locked ({one.pilot})")
    for path in sorted((root / "claims").glob("*.yml")) if not args.ids else ():
        output.say(f"claims/{visible(path.name)} is not read: name it .yaml")
    bad = sum(not one.ok for one in checked)
    if bad:
        output.say(f"{bad} of {len(checked)} claims need work")
    output.result(
        {
            "ok": not bad,
            "claims": [
                {
                    "claim": one.claim,
                    "ok": one.ok,
                    "problems": [asdict(p) for p in one.problems],
                    "refusals": [asdict(r) for r in one.refusals],
                    "pilot": one.pilot,
                }
                for one in checked
            ],
        }
    )
    return EXIT_USAGE if bad else EXIT_OK


def check_one(root: Path, claim_id: str) -> Checked:
    """Everything that can be said about one claim without measuring."""
    from harness.claim.parse import parse_claim
    from harness.lock.lint import findings
    from harness.lock.pilot import in_words
    from harness.subject.recipe import load_recipe
    from harness.verdict.pilot import pilot_of

    found = Checked(claim_id)
    try:
        claim = parse_claim(root, claim_path(root, claim_id))
        recipe = load_recipe(root, claim.subject.recipe)
        pilot = pilot_of(root, claim_id)
        found.pilot = "no pilot" if pilot is None else f"pilot: {in_words(pilot.as_json())}"
        found.refusals += findings(claim, recipe, pilot)
    except BadInput as error:
        found.problems += error.problems
    except ClaimsError as error:
        where = error.where or f"claims/{claim_id}.yaml"
        found.problems.append(Problem(where, 0, "", error.what, error.fix))
    return found


def _advice(refusal: Refusal) -> str:
    if not refusal.waivable:
        return ""
    return f". Change it, or say why under waivers: {{{refusal.rule}: <a sentence>}}"


COMMAND = Command(
    name="check",
    summary="report every problem of every claim file, with line and path",
    text="Read claims and recipes strictly and say everything that is wrong with them, then apply "
    "the rules that a claim must meet to be locked. Measures nothing, runs no code of the "
    "workspace.",
    example="claims check\nclaims check first-claim --json",
    arguments=_arguments,
    run=run,
)
