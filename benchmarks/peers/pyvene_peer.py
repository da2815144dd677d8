"""The work through pyvene: an intervention of our own on a block's output.

Runs in pyvene's environment. The library places interventions by lists of positions, of equal
number in every row, and in sampling either in the prompt or after it; so the intervention here is
given all positions (``unit_locations`` of None) and leaves alone those that are no onsets. In
sampling it learns what the new token is from a hook at the embedding, because the library tells an
intervention activations only.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

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
        self.edit = AddWhere(keep_last_dim=True)
        config = {"layer": LAYER, "component": "block_output", "intervention": self.edit}
        self.model, self.plain = pyvene.IntervenableModel(config, model), model
        self.work = work

    def logits(self, vector: Tensor | None) -> Tensor:
        with torch.no_grad():
            if vector is None:
                return self.plain(self.work.tokens).logits  # type: ignore[no-any-return]
            self.edit.added, self.edit.where = vector, self.work.onset[..., None]
            _, out = self.model({"input_ids": self.work.tokens})
        return out.logits  # type: ignore[no-any-return]

    def generate(self, rows: Tensor, added: Tensor, sample: bool) -> Tensor:
        def look(module: nn.Module, args: tuple[Tensor, ...]) -> None:
            self.edit.where = self.work.member[args[0]][..., None]

        self.edit.added = added
        handle = self.plain.get_input_embeddings().register_forward_pre_hook(look)
        try:
            with torch.no_grad():
                _, out = self.model.generate(
                    {"input_ids": rows, "attention_mask": torch.ones_like(rows)},
                    unit_locations={"sources->base": (None, [None])},
                    max_new_tokens=NEW,
                    do_sample=sample,
                    pad_token_id=0,
                )
        finally:
            handle.remove()
        return out[:, rows.shape[1] :]  # type: ignore[no-any-return]
