"""How much arithmetic a readout needs, whoever does it: what the share of peak is reckoned by.

Not covered: anything but matrix products and attention.
"""

from __future__ import annotations

import torch
from torch import Tensor

from benchmarks.subjects import LEAD, forward_flops
from benchmarks.work import LAYER, NEW, Work
from harness.subject.decoder import DecoderConfig


def flops(config: DecoderConfig, work: Work, n: int) -> dict[str, float]:
    """Arithmetic that a token, and that one of a sweep's ``n`` conditions, needs.

    Of a condition: blocks above the site, from the first edited column on to the last one read; the
    first projection of the added vector only, for the rest is the clean run's; what the last block
    writes, and the unembedding, at positions that are read. Of a sweep of n conditions one is the
    clean run, through all blocks from the first column on: 1 / n of it and the rest of that.
    """
    last = _after_last_onset(work)
    return {
        "generate": forward_flops(config, LEAD + NEW / 2),
        "score": _sweep(config, work, work.lengths, n),
        "score/onsets": _sweep(config, work, last, n, onsets=True),
    }


def _sweep(c: DecoderConfig, work: Work, end: Tensor, n: int, onsets: bool = False) -> float:
    """``end`` [B]: the column behind the last one read in each text."""
    column = torch.arange(work.tokens.shape[1])
    again = (column >= LEAD - 1) & (column < end[:, None])
    rows, edited, d = int(again.sum()), int((again & work.onset).sum()), c.d_model
    read = edited if onsets else rows
    above = _blocks(c, again, c.n_layers - LAYER - 1, read) - 2.0 * (rows - 1) * 3 * d * d
    clean = _blocks(c, column < end[:, None], c.n_layers, read)
    return (clean + (n - 1) * above) / n


def _blocks(c: DecoderConfig, where: Tensor, blocks: int, read: int) -> float:
    """The last ``blocks`` blocks at positions ``where`` [B, T], the last one's output and the
    unembedding at ``read`` of them; it has keys and values everywhere."""
    column = torch.arange(where.shape[1])
    mix = 2 * float((column + 1).expand_as(where)[where].float().mean()) * c.d_model
    d, rows = c.d_model, int(where.sum())
    write = d * d + 3 * d * c.d_mlp  # of a block, behind its attention
    below = rows * (blocks - 1) * (3 * d * d + write + mix)
    return 2.0 * (below + rows * 2 * d * d + read * (d * d + mix + write + d * c.vocab))


def _after_last_onset(work: Work) -> Tensor:
    """The column behind the last onset of each text [B]."""
    column = torch.arange(work.tokens.shape[1])
    valid = column < work.lengths[:, None]
    return ((work.onset & valid) * (column + 1)).amax(1)
