"""The work through nnsight: one trace a condition; for sampling, one trace over all steps.

Runs in nnsight's environment. The trace is entered on token tensors, which is the library's own
way for them; its cost of preparing a trace is part of what is measured.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from benchmarks.work import LAYER, NEW, Work


class Peer:
    """See :class:`benchmarks.peers.serve.Contestant`."""

    def __init__(self, folder: Path, work: Work) -> None:
        from nnsight import TransformersModel

        self.model = TransformersModel(str(folder), task="text-generation", dispatch=True)
        self.work = work

    def logits(self, vector: Tensor | None) -> Tensor:
        model, where = self.model, self.work.onset[..., None]
        added = torch.zeros(()) if vector is None else vector
        with torch.no_grad(), model.trace(self.work.tokens):
            x = model.model.layers[LAYER].output
            model.model.layers[LAYER].output = torch.where(where, x + added, x)
            out = model.output.logits.save()
        return out

    def generate(self, rows: Tensor, added: Tensor, sample: bool) -> Tensor:
        model, member = self.model, self.work.member
        with (
            torch.no_grad(),
            model.generate(rows, max_new_tokens=NEW, do_sample=sample, pad_token_id=0) as tracer,
        ):
            for _ in tracer.iter[:NEW]:
                ids = model.model.embed_tokens.input
                x = model.model.layers[LAYER].output
                model.model.layers[LAYER].output = torch.where(member[ids][..., None], x + added, x)
            out = tracer.result.save()
        return out[:, rows.shape[1] :]
