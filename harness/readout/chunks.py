"""Texts cut into chunks that stay in cache, and where each of them is read.

Not covered: running them (``harness.readout.score``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.intervene.edit import Rewrite
from harness.readout.concordance import Pairs, hazard
from harness.subject.interface import Task, Texts


@dataclass(frozen=True)
class ScoreOptions:
    """Names of the token set and position classes that are read, and tokens per chunk; ``body``
    None: only onsets are read."""

    behaviour: str = "behaviour"
    onset: str = "step_onset"
    body: str | None = "step_body"
    chunk_tokens: int = 1024


@dataclass
class Chunk:
    """Texts [b, T] and the flat positions read: onsets first, then bodies."""

    items: Tensor
    tokens: Tensor
    edited: Tensor  # [b, T] bool
    at: Tensor  # [K]
    row: NDArray[np.int64]  # [K] the text of each
    onsets: int
    following: Tensor  # [K] next token, -1 if the text ends
    unread: Tensor  # [K] bool: no loss is read: the text ends, or the behaviour follows an onset
    first: int  # first edited column
    pairs: Pairs | None  # of onsets whose hazards differ; None where the task offers none

    def take(self, some: Tensor) -> Chunk:
        """The chunk with only these of the positions read."""
        onsets = int((some < self.onsets).sum())
        parts = {name: getattr(self, name)[some] for name in ("at", "following", "unread")}
        return replace(self, onsets=onsets, pairs=None, row=self.row[some.numpy()], **parts)


def chunks(
    task: Task, texts: Texts, edit: Rewrite | None, behaviour: Tensor, options: ScoreOptions
) -> Iterator[Chunk]:
    """Texts by length, shortest first, so that a chunk carries little padding."""
    order = texts.lengths.argsort(stable=True)
    start = 0
    while start < len(order):
        stop = start + 1
        while stop < len(order) and (
            (stop + 1 - start) * int(texts.lengths[order[stop]]) <= options.chunk_tokens
        ):
            stop += 1
        items = order[start:stop]
        start = stop
        lengths = texts.lengths[items]
        tokens = texts.tokens[items][:, : int(lengths.max())]
        valid = torch.arange(tokens.shape[1]) < lengths[:, None]
        onset = (task.positions(options.onset, tokens) & valid).flatten().nonzero().squeeze(1)
        body = torch.zeros_like(valid)
        if options.body is not None:
            body = task.positions(options.body, tokens) & valid
            body.flatten()[onset] = False
        at = torch.cat([onset, body.flatten().nonzero().squeeze(1)])
        row = (at // tokens.shape[1]).numpy()
        ahead = torch.full_like(tokens, -1)
        ahead[:, :-1] = torch.where(valid[:, 1:], tokens[:, 1:], -1)
        following = ahead.flatten()[at]
        opens = torch.isin(following, behaviour)
        opens[len(onset) :] = False
        edited = torch.zeros_like(valid)
        if edit is not None:
            edited = task.positions(edit.positions, tokens) & valid
        columns = edited.any(0).nonzero()
        first = int(columns[0]) if len(columns) else 0
        pairs, risk = None, hazard(task, tokens)
        if risk is not None:
            pairs = Pairs.of(risk.flatten()[onset].numpy(), row[: len(onset)], len(items))
        unread = opens | (following < 0)
        yield Chunk(items, tokens, edited, at, row, len(onset), following, unread, first, pairs)
