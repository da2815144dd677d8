"""The work through pyvene: an intervention of our own on a block's output.

Runs in pyvene's environment. The library places interventions by lists of positions, of equal
number in every row, and in sampling either in the prompt or after it; so the intervention here is
given all positions (``unit_locations`` of None) and leaves alone those that are no onsets. In
sampling it learns each new token from a stopping criterion that never stops, because the library
tells an intervention activations only and takes foreign hooks off.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from benchmarks.work import LAYER, NEW, Work


class Peer:
    """See :class:`benchmarks.peers.serve.Contestant`."""

    def __init__(self, folder: Path, work: Work) -> None:
        import pyvene
        from transformers import AutoModelForCausalLM

        class AddWhere(pyvene.SourcelessIntervention, pyvene.LocalistRepresentationIntervention):
            """Adds ``added`` where ``where`` [R, T, 1]."""

            added: Tensor
            where: Tensor

            def forward(self, base: Tensor, source: None = None, subspaces: None = None) -> Tensor:
                return torch.where(self.where, base + self.added, base)

        model = AutoModelForCausalLM.from_pretrained(str(folder)).eval()
        edit = AddWhere(keep_last_dim=True)
        config = {"layer": LAYER, "component": "block_output", "intervention": edit}
        self.model, self.plain = pyvene.IntervenableModel(config, model), model
        (self.edit,) = self.model.interventions.values()  # a copy of the one that was given
        self.work = work

    def logits(self, vector: Tensor | None) -> Tensor:
        with torch.no_grad():
            if vector is None:
                return self.plain(self.work.tokens).logits
            self.edit.added, self.edit.where = vector, self.work.onset[..., None]
            _, out = self.model({"input_ids": self.work.tokens})
        return out.logits

    def generate(self, rows: Tensor, added: Tensor, sample: bool) -> Tensor:
        from transformers import StoppingCriteriaList

        def look(tokens: Tensor, scores: Tensor) -> Tensor:
            self.edit.where = self.work.member[tokens[:, -1:]][..., None]
            return torch.zeros(len(tokens), dtype=torch.bool)

        self.edit.added, self.edit.where = added, self.work.member[rows][..., None]
        with torch.no_grad():
            _, out = self.model.generate(
                {"input_ids": rows, "attention_mask": torch.ones_like(rows)},
                unit_locations={"sources->base": (None, [None])},
                max_new_tokens=NEW,
                do_sample=sample,
                pad_token_id=0,
                stopping_criteria=StoppingCriteriaList([look]),
            )
        return out[:, rows.shape[1] :]
