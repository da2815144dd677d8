"""TopK sparse autoencoders of a model's activations, stored in SAELens's disk format.

``encode`` is relu of the k largest of (x - b_dec) W_enc + b_enc, ``decode`` is f W_dec + b_dec with
decoder rows of length 1 (Gao et al. 2024, without the auxiliary loss: rows start as differences of
activations from their mean, which leaves few features dead).

Not covered: the random dictionary of the same shape (``harness.readout.dictionary``), normalised
inputs: the scale used in training is folded into the stored weights.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from harness.errors import UnknownName, nearest
from harness.subject.decoder import Decoder
from models import grammar as g
from models.task import VARIANTS, PlanTask


@dataclass(frozen=True)
class SaeOptions:
    """``texts`` plans of each variant give the activations; ``rate`` is Adam's peak rate."""

    d_sae: int = 256
    k: int = 8
    texts: int = 512
    steps: int = 200
    batch: int = 768
    rate: float = 0.003


@dataclass(frozen=True)
class Sae:
    """``w_enc`` [d, m], ``w_dec`` [m, d], ``b_enc`` [m], ``b_dec`` [d]."""

    w_enc: Tensor
    w_dec: Tensor
    b_enc: Tensor
    b_dec: Tensor
    k: int

    def encode(self, x: Tensor) -> Tensor:
        """Features [N, m] of activations [N, d], at most k of them above zero."""
        top = ((x - self.b_dec) @ self.w_enc + self.b_enc).topk(self.k, dim=-1, sorted=False)
        empty = x.new_zeros(len(x), self.w_dec.shape[0])
        return empty.scatter(-1, top.indices, top.values.relu())

    def decode(self, features: Tensor) -> Tensor:
        """Reconstructions [N, d]."""
        return features @ self.w_dec + self.b_dec


@torch.no_grad()
def activations(
    decoder: Decoder, task: PlanTask, hook: str, split: str, texts: int, seed: int
) -> Tensor:
    """Activations [N, d] at ``hook`` over real tokens of both variants, the first token left out.

    Raises :class:`UnknownName` for a site that is not there.
    """
    if hook not in decoder.sites():
        near = nearest(hook, decoder.sites())
        raise UnknownName(f"no site {hook!r}", where="dictionaries", fix=f"Nearest sites: {near}")
    found: list[Tensor] = []

    def keep(name: str, x: Tensor) -> Tensor:
        if name == hook:
            found.append(x[:, 1:][real])
        return x

    for variant in VARIANTS:
        tokens = task.texts(split, texts, seed, variant).tokens
        real = tokens[:, 1:] != g.PAD
        decoder(tokens, tap=keep)
    return torch.cat(found)


def fit(x: Tensor, options: SaeOptions, seed: int) -> Sae:
    """Train on activations [N, d]; deterministic in ``seed``."""
    generator = torch.Generator().manual_seed(seed % 2**63)
    mean = x.mean(0)
    size = (x - mean).square().mean().sqrt()
    x = (x - mean) / size
    rows = x[torch.randint(len(x), (options.d_sae,), generator=generator)]
    rows = rows + 0.1 * torch.randn(rows.shape, generator=generator)  # no two rows alike
    w_dec = torch.nn.functional.normalize(rows, dim=1)
    w_enc = w_dec.T.clone()
    b_enc, b_dec = x.new_zeros(options.d_sae), x.new_zeros(x.shape[1])
    weights = [t.requires_grad_() for t in (w_enc, w_dec, b_enc, b_dec)]
    sae = Sae(w_enc, w_dec, b_enc, b_dec, options.k)
    adam = torch.optim.Adam(weights, lr=options.rate, betas=(0.9, 0.99), fused=True)
    for step in range(options.steps):
        batch = x[torch.randint(len(x), (options.batch,), generator=generator)]
        (sae.decode(sae.encode(batch)) - batch).square().mean().backward()
        adam.param_groups[0]["lr"] = options.rate * math.cos(math.pi / 2 * step / options.steps)
        adam.step()
        adam.zero_grad()
        with torch.no_grad():
            sae.w_dec.div_(sae.w_dec.norm(dim=1, keepdim=True))
    w_enc, w_dec, b_enc, b_dec = (t.detach() for t in weights)
    # (x - b_dec) W_enc + b_enc is the scaled activation times `size`: features in x's own units.
    return Sae(w_enc, w_dec, b_enc * size, b_dec * size + mean, options.k)


@torch.no_grad()
def quality(sae: Sae, x: Tensor) -> dict[str, float]:
    """Explained variance, share of features that never fire, mean number firing, on [N, d]."""
    features = sae.encode(x)
    missed = (sae.decode(features) - x).square().sum() / (x - x.mean(0)).square().sum()
    fires = features > 0
    return {
        "explained_variance": 1.0 - missed.item(),
        "dead_fraction": (~fires.any(0)).float().mean().item(),
        "l0": fires.sum(1).float().mean().item(),
    }


def write(sae: Sae, folder: Path, hook: str, model_name: str, held_out: dict[str, float]) -> None:
    """Write SAELens's two files and ``quality.json``; the same ``Sae`` gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    config: dict[str, Any] = {
        "architecture": "topk",
        "k": sae.k,
        "d_in": sae.w_enc.shape[0],
        "d_sae": sae.w_enc.shape[1],
        "dtype": "float32",
        "device": "cpu",
        "apply_b_dec_to_input": True,
        "normalize_activations": "none",
        "reshape_activations": "none",
        "rescale_acts_by_decoder_norm": False,
        "metadata": {"hook_name": hook, "model_name": model_name},
    }
    names = {"W_enc": sae.w_enc, "W_dec": sae.w_dec, "b_enc": sae.b_enc, "b_dec": sae.b_dec}
    weights = {name: t.contiguous() for name, t in names.items()}
    (folder / "sae_weights.safetensors").write_bytes(save(weights))
    for name, value in (("cfg.json", config), ("quality.json", held_out)):
        text = json.dumps(value, indent=2, sort_keys=True) + "\n"
        (folder / name).write_text(text, encoding="utf-8")
