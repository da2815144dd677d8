"""What a verdict costs: from the naive design to ours, step by step, until power .8 is reached.

The verdict is that of ``suppression-works``' main criterion: the share of the gap that is closed,
above the registered margin at the registered alpha, by Student's t over the registered number of
pairs. Asked is how many prompts a pair it takes until the power is .8, and what they cost: token
passes (one token through all layers is 1) and processor seconds, for all pairs, of the arms that
the criterion reads: both plain arms and the treatment at every registered dose. The designs:

    naive           every arm samples with noise of its own; one condition at a time, in batches of
                    all prompts, through a TransformerBridge loop with its key-value cache
    paired noise    the same loop, the three arms under the same noise
    engine          the same numbers; prefixes shared, conditions as rows, ended rows dropped
    expectations    no samples: the mass of the behaviour at onsets of texts, layers above the edit

Assumptions. Noise within a pair is that of replicate 0, rerun under several noises at the dose
where its own gap is closed as far as the effect asked about (for expectations: of its stored
texts). The spread between pairs is that of the registered values less what their prompts
contribute, normal and the same at every effect. Expectations are another readout, with an effect
and a spread of their own: they answer the same question about a slightly different quantity, and
are put at the same effect only where a hypothetical one is asked about. Prompts come in multiples
of the strata. Training the pairs, fitting the direction and the other criteria cost every design
the same and are left out; so is the naive design's freedom to stop early or to look at fewer doses.

Effects: *as found*, the mean of the registered values; *as registered*, the author's expectation;
*hard*, where the room for noise that the test leaves is half taken by the pairs themselves.

Not covered: how many pairs are best (fixed), sequential designs, the dose's choice.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.pair import CLAIM, REPLICATE, Cells, Pair, job_of
from benchmarks.prompts_needed import (
    Counts,
    Design,
    between,
    largest_sd,
    per_prompt,
    prompts_needed,
    resampled_power,
)
from benchmarks.records import number, table
from harness.claim.schema import Criterion

ROOT = Path(__file__).resolve().parents[1]
CRITERION = "closes-half-the-gap"
POOL, SEEDS = 192, 6
"""Prompts and noises from which the spread within a pair is taken."""
NAIVE, PAIRED, ENGINE, EXPECTED = "naive", "paired noise", "engine", "expectations"


@dataclass(frozen=True)
class Spread:
    """One design's numbers at one effect: ``closed`` is that of the data the spread within is
    taken from, at ``dose``; variances between pairs and, times prompts, within one."""

    effect: float
    dose: float
    closed: float
    between: float
    per_prompt: float


@dataclass(frozen=True)
class Line:
    """A design at an effect: prompts a pair (None: no number reaches the power), the power that
    resampling finds there, token passes and processor seconds of all pairs."""

    question: str
    design: str
    spread: Spread
    prompts: int | None
    power: float | None = None
    passes: float | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Study:
    """All lines, and the design they are of."""

    design: Design
    strata: int
    lines: tuple[Line, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "claim": CLAIM,
            "criterion": CRITERION,
            "design": asdict(self.design),
            "strata": self.strata,
            "pool": {"replicate": REPLICATE, "prompts": POOL, "seeds": SEEDS},
            "lines": [asdict(line) for line in self.lines],
        }

    def markdown(self) -> str:
        """The table, one block of lines an effect, each against the block's first."""
        cells = []
        for line in self.lines:
            first = next(x for x in self.lines if x.question == line.question)
            s = line.spread
            what = (line.question, f"{s.effect:.3f}", line.design)
            spread = (f"{math.sqrt(s.between):.3f}", f"{math.sqrt(s.per_prompt):.2f}")
            if line.power is None or line.passes is None or line.seconds is None:
                cells.append((*what, *spread, "no number", "", "", "", "", ""))
                continue
            saved = ("", "")
            if first.passes is not None and first.seconds is not None:
                ratios = (first.passes / line.passes, first.seconds / line.seconds)
                saved = (f"{ratios[0]:.1f}x", f"{ratios[1]:.1f}x")
            cost = (f"{line.passes:,.0f}", number(line.seconds))
            cells.append((*what, *spread, str(line.prompts), f"{line.power:.2f}", *cost, *saved))
        header = ("question", "effect", "design", "sd between pairs", "sd of one prompt")
        costs = ("prompts a pair", "power", "token passes", "seconds", "passes saved", "time saved")
        return f"{table((*header, *costs), cells)}\n\n{self._steps()}"

    def _steps(self) -> str:
        """What each step saves at equal precision, prompts being had in fractions."""
        cells = []
        for question in dict.fromkeys(line.question for line in self.lines):
            found = saved_for_precision([x for x in self.lines if x.question == question])
            if found is not None:
                each = [f"{p:.1f}x, {t:.1f}x" for p, t in found]
                cells.append((question, *each))
        steps = (PAIRED, "prefixes, rows", "expectations", "all three")
        words = (
            "At equal variance within a pair (passes, time), were prompts to be had in fractions. "
            "Where pairs differ more than prompts, little of this can be cashed in, as the table "
            "above shows; and expectations are another readout, whose variance is its own."
        )
        return f"{words}\n\n{table(('question', *steps), cells)}"


def saved_for_precision(lines: Sequence[Line]) -> list[tuple[float, float]] | None:
    """Of one question's four lines, how many times fewer token passes and seconds the same variance
    takes after each step, and after all; None where a design has no cost.

    Without the strata's multiples: a design's variance times what a prompt costs it.
    """
    each = []
    for line in lines:
        if line.prompts is None or line.passes is None or line.seconds is None:
            return None
        unit = line.spread.per_prompt / line.prompts
        each.append((unit * line.passes, unit * line.seconds))
    # the same loop runs the first two: what a prompt costs it is taken at the second's number
    naive = each[1][0] / lines[1].spread.per_prompt, each[1][1] / lines[1].spread.per_prompt
    each[0] = (naive[0] * lines[0].spread.per_prompt, naive[1] * lines[0].spread.per_prompt)
    steps = [(a[0] / b[0], a[1] / b[1]) for a, b in pairwise(each)]
    return [*steps, (each[0][0] / each[-1][0], each[0][1] / each[-1][1])]


def criterion_of(job: Any) -> Criterion:
    """The claim's main criterion."""
    return next(c for c in job.claim.criteria if c.name == CRITERION)


def hard_effect(design: Design, between_variance: float) -> float:
    """Where the pairs' own variance takes half of the room that the test leaves for noise."""
    per_unit = largest_sd(design.margin + 1.0, design)
    return design.margin + math.sqrt(2 * between_variance) / per_unit


def spreads(
    pair: Pair, cells: Cells, design: Design, expected: float
) -> dict[str, list[tuple[Spread, Counts]]]:
    """Question -> the spreads of independent noise, paired noise and expectations, each with the
    counts that the spread within a pair is of."""
    judged = [cells.judged(r) for r in cells.replicates]
    of: dict[str, tuple[float, float]] = {}
    for mode in ("generate", "score"):
        stored = [cells.counts(r, d, mode) for r, d in zip(cells.replicates, judged, strict=True)]
        values = np.array([c.closed() for c in stored])
        within = np.array([per_prompt(c, paired=True) / c.hits.shape[2] for c in stored])
        of[mode] = (float(values.mean()), between(values, within))
    hard = hard_effect(design, of["generate"][1])
    asked = {"as found": None, "as registered": expected, "hard": hard}
    doses = {
        name: judged[REPLICATE] if goal is None else cells.nearest(pair.doses, goal, "generate")
        for name, goal in asked.items()
    }
    pool = pair.sample(tuple(sorted(set(doses.values()))), POOL, SEEDS)
    found: dict[str, list[tuple[Spread, Counts]]] = {}
    for name, goal in asked.items():
        dose, counts = doses[name], pool[doses[name]]
        effect, tau = of["generate"]
        sampled = [
            (Spread(goal or effect, dose, counts.closed(), tau, per_prompt(counts, paired)), counts)
            for paired in (False, True)
        ]
        dose = judged[REPLICATE] if goal is None else cells.nearest(pair.doses, goal, "score")
        texts = cells.counts(REPLICATE, dose, "score")
        effect, tau = of["score"]
        exact = Spread(goal or effect, dose, texts.closed(), tau, per_prompt(texts, paired=True))
        found[name] = [*sampled, (exact, texts)]
    return found


def measure(rounds: int, root: Path = ROOT) -> Study:
    """Load or train the pair, take the spreads, and time each design at the prompts it needs."""
    job = job_of(root)
    criterion = criterion_of(job)
    assert criterion.expect is not None
    design = Design(
        job.claim.subject.replicates, float(criterion.test.margin), float(criterion.test.alpha)
    )
    pair, cells = Pair.load(job), Cells(job)
    found = spreads(pair, cells, design, criterion.expect.effect)
    strata = len(set(pair.prompts(POOL).stratum))
    needed = {
        (question, n): prompts_needed(s.effect, design, s.between, s.per_prompt, strata)
        for question, some in found.items()
        for n, (s, _) in enumerate(some)
    }
    runs: dict[tuple[str, int], Callable[[], float]] = {}
    for (_, n), prompts in needed.items():
        if prompts is None:
            continue
        if n == 2:
            runs[EXPECTED, prompts] = pair.engine_scoring(prompts)
        else:
            runs[NAIVE, prompts] = pair.naive_sampling(prompts)
        if n == 1:
            runs[ENGINE, prompts] = pair.engine_sampling(prompts)
    costs = timed(runs, rounds)
    lines = []
    for question, some in found.items():
        for name, n, run in (
            *((NAIVE, 0, NAIVE), (PAIRED, 1, NAIVE)),
            *((ENGINE, 1, ENGINE), (EXPECTED, 2, EXPECTED)),
        ):
            prompts, (spread, counts) = needed[question, n], some[n]
            if prompts is None:
                lines.append(Line(question, name, spread, None))
                continue
            args = (spread.effect, spread.between, design)
            power = resampled_power(counts, prompts, n > 0, *args)
            passes, took = (design.n * x for x in costs[run, prompts])
            lines.append(Line(question, name, spread, prompts, power, passes, took))
    return Study(design, strata, tuple(lines))


def timed(
    runs: Mapping[tuple[str, int], Callable[[], float]], rounds: int
) -> dict[tuple[str, int], tuple[float, float]]:
    """Token passes and median seconds of each, in turns; a cold first round is no median."""
    passes: dict[tuple[str, int], float] = {}
    took: dict[tuple[str, int], list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.process_time()
            passes[name] = run()
            took[name].append(time.process_time() - start)
    return {name: (passes[name], statistics.median(took[name])) for name in runs}
