"""``python -m benchmarks.peers --make NAME``: make a peer's environment; without it, list them."""

from __future__ import annotations

import argparse

from benchmarks.peers import PACKAGES
from benchmarks.peers.environment import is_made, make


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--make", action="append", choices=(*PACKAGES, "all"), default=[])
    chosen = parser.parse_args().make
    for name in PACKAGES if "all" in chosen else chosen:
        make(name)
    for name, packages in PACKAGES.items():
        print(f"{name:8} {', '.join(packages):18} {'made' if is_made(name) else 'not made'}")


main()
