"""A contest small enough for a test."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks.contest import Contest, Size
from benchmarks.subjects import MINIATURE

# smaller weights would take the same greedy tokens with and without the edit
SIZE = Size("tiny", MINIATURE, 8, 3, 6, 4, 2, 2, 8, 1, 2)


def contest(folder: Path, vocab: int = MINIATURE.vocab) -> Contest:
    """Random weights and work, in ``folder``."""
    return Contest.open(replace(SIZE, config=replace(MINIATURE, vocab=vocab)), folder)
