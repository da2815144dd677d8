"""``python -m tests.faults``: kill real commands at random instants; a table, and exit code 1 where
anything was lost, doubled or different afterwards."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.faults.forked import warm
from tests.faults.kills import SCENES, Found, Stage, calm, disturb


def main() -> int:
    """Run the scenes in turn and print a row for each kill."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--runs", type=int, default=50, help="kills in all (default: 50)")
    parser.add_argument("--seed", type=int, default=0, help="of the instants (default: 0)")
    parser.add_argument("--scene", choices=[scene.name for scene in SCENES], help="only this one")
    args = parser.parse_args()
    scenes = [scene for scene in SCENES if args.scene in (None, scene.name)]
    bad = 0
    print("| run | command | killed after | left | the same command again | |")
    print("|---|---|---|---|---|---|")
    warm()
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        stage = Stage(Path(folder))
        undisturbed = {scene.name: calm(stage, scene, watched=True) for scene in scenes}
        for n in range(args.runs):
            scene = scenes[n % len(scenes)]
            rng = random.Random(f"{args.seed} {scene.name} {n}")
            late = bool(n // len(scenes) % 2)
            found = disturb(stage, scene, undisturbed[scene.name], rng, late)
            bad += bool(found.faults)
            print(row(n + 1, found), flush=True)
    print(f"\n{args.runs} kills, {bad} of them with a fault afterwards")
    return 1 if bad else 0


def row(n: int, found: Found) -> str:
    """One line of the table."""
    verdict = "; ".join(found.faults) or "as undisturbed"
    when = f"{found.after:.1f} of {found.of:.1f} s"
    return f"| {n} | {found.scene} | {when} | {found.left} | {found.did} | {verdict} |"


if __name__ == "__main__":
    sys.exit(main())
