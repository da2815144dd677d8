"""A contest small enough for a test."""

from __future__ import annotations

from pathlib import Path

from benchmarks.contest import Contest, Size
from harness.subject.decoder import DecoderConfig

CONFIG = DecoderConfig(vocab=48, d_model=16, n_layers=4, n_heads=2, d_mlp=24, context=64)
SIZE = Size("tiny", CONFIG, 8, 3, 6, 4, 2, 2, 8, 1, 2)


def contest(folder: Path) -> Contest:
    """Random weights and work, in ``folder``."""
    return Contest.open(SIZE, folder)
