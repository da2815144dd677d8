"""Sparse dictionaries in SAELens's disk format: load, save, encode, edit through, and count.

A dictionary is a TopK sparse autoencoder: ``encode`` is the k largest of relu((x - b_dec) W_enc +
b_enc), ``decode`` is f W_dec + b_dec. Edits are x + decode(edited) - decode(original), so that an
edit that changes no feature changes nothing.

Not covered: training (the builder's), architectures other than TopK, normalised inputs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from harness.digest import write_atomic
from harness.errors import ClaimsError
from harness.regular import Unreadable, read_regular
from harness.shapes import mapping, record, whole
from harness.strictjson import NotJson, parse_object
from harness.subject.weights import float_header, load_tensors

CONFIG, WEIGHTS = "cfg.json", "sae_weights.safetensors"
NAMES = ("W_enc", "W_dec", "b_enc", "b_dec")
MOST_CONFIG = 1 << 20
SHAPE = record({"d_in": whole, "d_sae": whole, "k": whole}, {"metadata": mapping})


@dataclass(frozen=True)
class Dictionary:
    """``w_enc`` [d, m], ``w_dec`` [m, d], ``b_enc`` [m], ``b_dec`` [d]; ``k`` features fire at
    most. ``metadata`` is SAELens's (hook_name, model_name, ...)."""

    w_enc: Tensor
    w_dec: Tensor
    b_enc: Tensor
    b_dec: Tensor
    k: int
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def features(self) -> int:
        return self.w_enc.shape[1]

    @property
    def d_model(self) -> int:
        return self.w_enc.shape[0]

    def encode(self, x: Tensor) -> Tensor:
        """Feature activations [..., m] of x [..., d], at most k of them above zero."""
        before = (x - self.b_dec) @ self.w_enc + self.b_enc
        top = before.topk(self.k, dim=-1)
        return torch.zeros_like(before).scatter_(-1, top.indices, top.values.relu())

    def decode(self, features: Tensor) -> Tensor:
        """Reconstruction [..., d] of feature activations [..., m]."""
        return features @ self.w_dec + self.b_dec


def save_dictionary(folder: Path, dictionary: Dictionary) -> None:
    """Write ``cfg.json`` and ``sae_weights.safetensors`` as SAELens reads them."""
    from safetensors.torch import save

    config = {
        "architecture": "topk",
        "k": dictionary.k,
        "d_in": dictionary.d_model,
        "d_sae": dictionary.features,
        "dtype": "float32",
        "device": "cpu",
        "apply_b_dec_to_input": True,
        "normalize_activations": "none",
        "reshape_activations": "none",
        "rescale_acts_by_decoder_norm": False,
        "metadata": dict(dictionary.metadata),
    }
    weights = (dictionary.w_enc, dictionary.w_dec, dictionary.b_enc, dictionary.b_dec)
    data = save({n: w.float().contiguous() for n, w in zip(NAMES, weights, strict=True)})
    write_atomic(folder / WEIGHTS, data)
    write_atomic(folder / CONFIG, (json.dumps(config, indent=1, sort_keys=True) + "\n").encode())


def load_dictionary(folder: Path) -> Dictionary:
    """Read SAELens's format. Raises :class:`ClaimsError` for what is missing or not supported."""
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise ClaimsError(
                f"no {name}", where=str(folder), fix="Expected SAELens's cfg.json and weights"
            )
    config = _config(folder / CONFIG)
    header = float_header(folder / WEIGHTS)
    wanted = {
        "architecture": "topk",
        "normalize_activations": "none",
        "apply_b_dec_to_input": True,
        "reshape_activations": "none",
        "rescale_acts_by_decoder_norm": False,
    }
    for key, value in wanted.items():
        if config.get(key, value) != value:
            raise ClaimsError(
                f"{key} is {config[key]!r:.80}, only {value!r} is supported",
                where=str(folder / CONFIG),
            )
    d, m, k = (int(config[key]) for key in ("d_in", "d_sae", "k"))
    shapes = {"W_enc": [d, m], "W_dec": [m, d], "b_enc": [m], "b_dec": [d]}
    found = {n: list(entry.shape) for n, entry in header.entries.items()}
    if found != shapes or not 1 <= k <= m:
        raise ClaimsError(
            f"weights {str(found)[:200]} with k = {k} do not fit {shapes}",
            where=str(folder / WEIGHTS),
        )
    weights = load_tensors(folder / WEIGHTS)
    w_enc, w_dec, b_enc, b_dec = (weights[n] for n in NAMES)
    return Dictionary(w_enc, w_dec, b_enc, b_dec, k, config.get("metadata", {}))


def _config(path: Path) -> dict[str, Any]:
    try:
        config = parse_object(read_regular(path, MOST_CONFIG))
    except (NotJson, Unreadable) as error:
        raise ClaimsError(f"cannot be read ({error})", where=str(path)) from error
    if words := SHAPE(config, ""):
        raise ClaimsError(f"not a dictionary's settings: {words}", where=str(path))
    return config


def random_like(dictionary: Dictionary, seed: int) -> Dictionary:
    """An untrained dictionary of the same shape, k, input offset and decoder row norms.

    Rows are random directions; the encoder is the decoder's transpose as at initialisation, with
    the mean encoder column norm, and no encoder bias. Whatever such a dictionary finds is due to
    the activations and to counting, not to training.
    """
    rng = np.random.default_rng(seed)
    drawn = torch.from_numpy(rng.standard_normal(tuple(dictionary.w_dec.shape))).float()
    unit = drawn / drawn.norm(dim=-1, keepdim=True)
    return Dictionary(
        unit.T * dictionary.w_enc.norm(dim=0).mean(),
        unit * dictionary.w_dec.norm(dim=-1, keepdim=True),
        torch.zeros_like(dictionary.b_enc),
        dictionary.b_dec.clone(),
        dictionary.k,
        {**dictionary.metadata, "untrained": True, "seed": seed},
    )


@dataclass(frozen=True)
class FeatureEdit:
    """C conditions on features of one dictionary: f' = keep * f + add where active.

    A ``Rewrite`` for generation and scoring: x' = x + decode(f') - decode(f).
    """

    hook: str
    positions: str
    dictionary: Dictionary
    keep: Tensor  # [C, m]
    add: Tensor  # [C, m]

    @property
    def size(self) -> int:
        return len(self.keep)

    @property
    def active(self) -> Tensor:
        return ((self.keep != 1) | (self.add != 0)).any(-1)

    def apply(self, x: Tensor, condition: Tensor) -> Tensor:
        """Activations [n, d] edited through the dictionary by conditions [n]."""
        f = self.dictionary.encode(x)
        edited = self.keep[condition] * f + self.add[condition]
        return x + (self.dictionary.decode(edited) - self.dictionary.decode(f))

    @staticmethod
    def ablate(
        hook: str, positions: str, dictionary: Dictionary, groups: list[list[int]]
    ) -> FeatureEdit:
        """One condition per group of features, which it sets to zero; an empty group is no edit."""
        keep = torch.ones(len(groups), dictionary.features)
        for row, group in zip(keep, groups, strict=True):
            row[group] = 0
        return FeatureEdit(hook, positions, dictionary, keep, torch.zeros_like(keep))


def quality(dictionary: Dictionary, x: Tensor) -> dict[str, float]:
    """Explained variance, share of features that never fire and mean number that do, on [N, d]."""
    f = dictionary.encode(x)
    residual = (x - dictionary.decode(f)).square().sum()
    total = (x - x.mean(0)).square().sum()
    return {
        "explained_variance": float(1 - residual / total),
        "dead_fraction": float((f <= 0).all(0).float().mean()),
        "l0": float((f > 0).sum(-1).float().mean()),
    }
