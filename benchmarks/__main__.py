"""``python -m benchmarks``: the engine's benchmark, as ``make bench`` runs it."""

from benchmarks.bench_engine import main

main()
