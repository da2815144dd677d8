"""Rows of the benchmark and the tables that show them.

``benchmarks/results/*.json`` holds every row of a run; the tables of ``benchmarks/README.md`` stand
between markers and are written from the rows of one run, never by hand.

Not covered: measuring (``contest``, ``bench_verdict``).
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

SCHEMA = "causal-claims/benchmark/3"
ENGINE, BARE, PLAIN, BRIDGE = "engine", "bare torch", "transformers", "TransformerBridge"
GENERATION = {"miniature": 2.5, "23.5M": 1.9}
SWEEP = {"score": 4.5, "score/careful": 4.5, "score/onsets": 4.5}
"""What the engine over the loop is meant to reach: twice and four times at first; now by size in
generation, where the loop is the less wasteful the larger the model, and more in sweeps."""
BARE_TARGET = 0.9
READOUTS = {
    "generate": "steered generation",
    "generate/rows": "steered generation, conditions as rows",
    "score": "teacher-forced sweep, plain",
    "score/careful": "teacher-forced sweep",
    "score/onsets": "teacher-forced sweep, onsets read",
    "train": "training, AdamW",
    "train/muon": "training, the recipe's Muon + AdamW",
}


@dataclass(frozen=True)
class Row:
    """A contestant's rate [``unit``] at one readout: the median over rounds. ``engine``: how many
    times as fast the engine was, the median of the rounds' ``ratios``. ``share`` of the
    matrix-product peak, of the engine only (0: not reckoned)."""

    size: str
    readout: str
    unit: str
    contestant: str
    rate: float
    engine: float
    share: float = 0.0
    ratios: tuple[float, ...] = ()


def row(
    size: str, readout: str, unit: str, contestant: str, ours: Sequence[float],
    theirs: Sequence[float], flops: float = 0.0, top: Sequence[float] = (),
) -> Row:  # fmt: skip
    """A row of the rates of each round; ``flops`` per unit of work and the round's peak [GFLOP/s]
    for the engine's own."""
    ratios = tuple(a / b for a, b in zip(ours, theirs, strict=True))
    share = 0.0
    if flops:
        share = statistics.median(a * flops / 1e9 / p for a, p in zip(ours, top, strict=True))
    middle = statistics.median(ratios)
    return Row(size, readout, unit, contestant, statistics.median(theirs), middle, share, ratios)


def target_of(one: Row) -> float | None:
    """What the engine over this contestant was meant to reach, if anything."""
    if one.contestant == BARE:
        return BARE_TARGET
    if one.contestant != BRIDGE:
        return None
    return GENERATION.get(one.size) if one.readout == "generate" else SWEEP.get(one.readout)


def number(x: float) -> str:
    """Three or four digits."""
    return f"{x:,.0f}" if x >= 100 else f"{x:.1f}" if x >= 10 else f"{x:.2f}"


def times(x: float) -> str:
    """A ratio in three digits or, from ten on, in two."""
    return f"{x:.2f}x" if x < 10 else f"{x:.0f}x"


def table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    rows = [list(header), ["---"] * len(header), *map(list, lines)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def contestants_table(rows: Sequence[Row]) -> str:
    """One line per contestant and readout: its rate, and how many times as fast the engine is, with
    the least and the largest of the rounds."""
    lines = []
    for one in rows:
        if one.contestant == ENGINE:
            told, target = f"{one.share:.0%} of peak" if one.share else "", ""
        else:
            goal = target_of(one)
            told = times(one.engine)
            if len(one.ratios) > 1:
                told += f" ({times(min(one.ratios))} to {times(max(one.ratios))})"
            missed = goal is not None and one.engine < goal
            target = "" if goal is None else f"{goal:g}x" + (", **not reached**" if missed else "")
        readout = READOUTS.get(one.readout, one.readout)
        rate = f"{number(one.rate)} {one.unit}"
        lines.append((one.size, readout, one.contestant, rate, told, target))
    header = ("model", "readout", "contestant", "rate", "engine is", "target")
    return table(header, lines)


def against_loop(rows: Iterable[Row]) -> list[Row]:
    """What the engine and the loop did, without training."""
    who = (ENGINE, BRIDGE)
    return [r for r in rows if r.contestant in who and not r.readout.startswith("train")]


def replaced(text: str, blocks: Mapping[str, str]) -> str:
    """``text`` with what stands between ``<!-- NAME -->`` and ``<!-- /NAME -->`` replaced, for each
    name of ``blocks``. Raises ``ValueError`` where a pair of markers is not there once."""
    for name, block in blocks.items():
        start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        if text.count(start) != 1 or text.count(end) != 1 or text.index(start) > text.index(end):
            raise ValueError(f"the markers {start} and {end} do not stand there once, in order")
        head, _, rest = text.partition(start)
        text = f"{head}{start}\n{block}\n{end}{rest.partition(end)[2]}"
    return text
