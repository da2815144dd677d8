"""Other libraries that do the same work, each in an environment of its own.

    python -m benchmarks.peers --make nnsight

A peer is a process that loads the same checkpoint folder and, asked over a pipe, does one round of
the same work, so that its rounds lie between those of the engine. Nothing here is imported by the
harness. Where an environment is missing, or a peer does not run, the benchmark says so and goes on.

Not covered: accelerators, libraries that cannot add a vector at chosen positions.
"""

from __future__ import annotations

PACKAGES: dict[str, tuple[str, ...]] = {
    "nnsight": ("nnsight==0.8.1",),
    "pyvene": ("pyvene==0.1.8",),
}
"""What is installed for each peer, beside torch and transformers as pinned in constraints.txt."""
