"""Signs that generated text degenerates: loops, and text that the unedited model finds unlikely.

    repetition  share of a row's token 3-grams that occurred before in it; the prompt and the end
                token do not count
    clean_nats  mean nats per generated token, the end token included, under the same model without
                any edit, teacher-forced on the prompt and what was generated

3-grams of tokens rather than pairs of steps: the harness does not know a task's steps, a loop
inside a step that never ends is one too, and a plan of eight steps has few pairs. A text may repeat
itself in good order (separators, phrases of the behaviour), so that the number is read against a
baseline's. A row without such a gram, or without a token, gets NaN.

Rows that degenerate into one likely loop cost the clean model few nats: that is what ``repetition``
is for. Not covered: meaning (``Task.grade`` says which steps are garbage).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.readout.generate import Generated
from harness.readout.vocabulary import log_total, slices, unit
from harness.subject.backend import Model
from harness.subject.interface import Prompts, Task

GRAM = 3
CHUNK_TOKENS = 1024


def written(task: Task, generated: Generated) -> Tensor:
    """Tokens of each row [C, P] up to its end token, that included, or to its padding."""
    tokens = generated.tokens
    before_end = ((tokens == task.end_id).cumsum(-1) - (tokens == task.end_id).long()) == 0
    unpadded = ((tokens == task.pad_id) & (tokens != task.end_id)).cumsum(-1) == 0
    return (before_end & unpadded).sum(-1)


def repetition(task: Task, generated: Generated, lengths: Tensor) -> NDArray[np.float64]:
    """Share of 3-grams that occurred before in the row, [C, P]; ``lengths`` [C, P]."""
    out = np.full(lengths.shape, np.nan)
    for place in np.ndindex(*lengths.shape):
        row = generated.tokens[place][: int(lengths[place])].tolist()
        if row and row[-1] == task.end_id:
            row.pop()
        grams = [tuple(row[n : n + GRAM]) for n in range(len(row) - GRAM + 1)]
        if grams:
            out[place] = 1 - len(set(grams)) / len(grams)
    return out


def clean_nats(
    model: Model, prompts: Prompts, generated: Generated, lengths: Tensor
) -> NDArray[np.float64]:
    """Mean nats per generated token under the model as it is, [C, P]; ``lengths`` [C, P].

    One forward pass per row at most: conditions that generated the same tokens are run once. Rows
    are run with those of their own condition alone, so that equal ones give equal bits.
    """
    out = np.full(lengths.shape, np.nan)
    seen: dict[bytes, int] = {}
    for c, rows in enumerate(generated.tokens):
        known = seen.setdefault(rows.numpy().tobytes(), c)
        if known != c:
            out[c] = out[known]
            continue
        tokens, start = torch.cat([prompts.tokens, rows], 1), prompts.tokens.shape[1]
        for some in _chunks(lengths[c], start):
            out[c, some.numpy()] = _nats(model, tokens[some], lengths[c][some], start)
    return out


def _chunks(lengths: Tensor, prompt: int) -> Iterator[Tensor]:
    """Rows with any token, by length, so that a chunk carries little padding and stays in cache."""
    order = lengths.argsort(stable=True)
    order = order[lengths[order] > 0]
    start = 0
    for stop in range(1, len(order) + 1):
        full = stop == len(order) or (
            (stop + 1 - start) * (prompt + int(lengths[order[stop]])) > CHUNK_TOKENS
        )
        if full:
            yield order[start:stop]
            start = stop


def _nats(model: Model, tokens: Tensor, lengths: Tensor, start: int) -> NDArray[np.float64]:
    """Mean nats [b] of the ``lengths`` [b] tokens from column ``start`` on, of tokens [b, T]."""
    width = start + int(lengths.max())
    tokens = tokens[:, :width]
    before = torch.arange(width) - (start - 1)  # of the position that predicts a generated token
    read = (before >= 0) & (before < lengths[:, None])
    at = read.flatten().nonzero().squeeze(1)
    row, following = at // width, tokens.flatten()[at + 1]
    hook = f"blocks.{model.n_layers - 1}.hook_resid_post"
    readout = model.clean(tokens, hook, 0, at).readout
    nats = torch.empty(len(at), dtype=torch.float64)
    base = unit(model.vocab)
    for low, high in pairwise(slices(len(at), model.vocab)):
        part = slice(low, high)

        def make(part: slice = part) -> Tensor:
            return readout.logits(part, 1 / base).float()

        z = make()
        found = z.gather(1, following[part, None]).squeeze(1).mul_(base)
        nats[part] = (log_total(z, make) - found).double()
    total = np.bincount(row.numpy(), weights=nats.numpy(), minlength=len(tokens))
    return np.asarray(total / lengths.numpy())
