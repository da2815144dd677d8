"""Coverage-guided fuzzing of four readers, where Atheris is installed (it is not a dependency).

    pip install atheris
    python -m tests.fuzz.atheris_targets yaml -max_total_time=150 CORPUS

Targets: yaml, claim, ledger, safetensors. Options after the target are libFuzzer's. A crash is
written to the current folder; once mended, a small one belongs into ``tests/fuzz/corpus``.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

MODULES = ("harness", "yaml")
"""Packages whose branches are followed."""


def targets() -> dict[str, Callable[[bytes], object]]:
    """Name -> what reads the bytes."""
    from harness.claim.parse import read_claim
    from harness.errors import ClaimsError
    from harness.lock.chain import parse
    from harness.tensorfile import NotTensors, parse_header
    from harness.yamlio import load_bytes

    def guarded(read: Callable[[bytes], object], *refusals: type[Exception]) -> Any:
        def target(data: bytes) -> None:
            try:
                read(data)
            except (ClaimsError, *refusals):
                return

        return target

    return {
        "yaml": guarded(load_bytes),
        "claim": guarded(lambda data: read_claim(load_bytes(data, "c.yaml"), None, "valid")),
        "ledger": guarded(parse),
        "safetensors": guarded(lambda data: parse_header(data, len(data)), NotTensors),
    }


def main() -> None:
    """Run one target until libFuzzer is told to stop."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=list(MODULES)):
        found = targets()
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, found[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
