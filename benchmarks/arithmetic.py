"""How much arithmetic a readout needs, whoever does it: what the share of peak is reckoned by.

Not covered: anything but matrix products and attention.
"""

from __future__ import annotations

import torch
from torch import Tensor

from benchmarks.subjects import LEAD, forward_flops
from benchmarks.work import LAYER, NEW, Work
from harness.subject.decoder import DecoderConfig


def flops(config: DecoderConfig, work: Work) -> dict[str, float]:
    """Arithmetic that a token, and that a condition of a sweep, needs.

    Of a condition: blocks above the site, from the first edited column on to the last one read; the
    first projection at edited positions only, for it is the clean run's elsewhere; what the last
    block writes, and the unembedding, at positions that are read.
    """
    return {
        "generate": forward_flops(config, LEAD + NEW / 2),
        "score": _sweep(config, work, work.lengths),
        "score/onsets": _sweep(config, work, _after_last_onset(work), onsets=True),
    }


def _sweep(c: DecoderConfig, work: Work, end: Tensor, onsets: bool = False) -> float:
    """``end`` [B]: the column behind the last one read in each text."""
    column = torch.arange(work.tokens.shape[1])
    again = (column >= LEAD - 1) & (column < end[:, None])
    context = float((column + 1).expand_as(again)[again].float().mean())
    rows, edited, d = int(again.sum()), int((again & work.onset).sum()), c.d_model
    above = c.n_layers - LAYER - 1
    write = d * d + 3 * d * c.d_mlp  # of a block, behind its attention
    read = edited if onsets else rows
    mix = 2 * context * d
    between = rows * (write + mix + (above - 2) * (3 * d * d + write + mix))
    first = edited * 3 * d * d
    # the last block has keys and values everywhere, and queries where it is read
    last = rows * 2 * d * d + read * (d * d + mix + write + d * c.vocab)
    return 2.0 * (between + first + last)


def _after_last_onset(work: Work) -> Tensor:
    """The column behind the last onset of each text [B]."""
    column = torch.arange(work.tokens.shape[1])
    valid = column < work.lengths[:, None]
    return ((work.onset & valid) * (column + 1)).amax(1)
