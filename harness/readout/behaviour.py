"""What generated rows contain: steps, behaviour, garbage, and a few sample texts.

Not covered: what counts as which (the task's grader).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.readout.generate import Generated
from harness.subject.interface import Prompts, Task

SAMPLES = 6


@dataclass(frozen=True)
class Behaviour:
    """Counts per condition and prompt, each [C, P] int64; ``text`` [C, P] is readable for the
    first ``SAMPLES`` prompts and empty for the others."""

    steps: NDArray[np.int64]
    behaviour: NDArray[np.int64]
    garbage: NDArray[np.int64]
    text: NDArray[np.object_]


def grade(task: Task, prompts: Prompts, generated: Generated, samples: int = SAMPLES) -> Behaviour:
    """Grade every generated row with the task's grader.

    Sample texts come from the task's ``quote`` (a row for a reader, with steps marked) if it has
    one, else from ``decode``.
    """
    conditions, count, new = generated.tokens.shape
    rows = generated.tokens.reshape(conditions * count, new)
    counted = task.grade(prompts.tokens.repeat(conditions, 1), rows)
    text = np.full((conditions, count), "", dtype=object)
    quote = getattr(task, "quote", task.decode)
    for c in range(conditions):
        for p in range(min(samples, count)):
            text[c, p] = quote(generated.tokens[c, p])
    shape = (conditions, count)
    return Behaviour(
        counted.steps.reshape(shape).numpy(),
        counted.behaviour.reshape(shape).numpy(),
        counted.garbage.reshape(shape).numpy(),
        text,
    )
