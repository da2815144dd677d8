"""Sparse dictionaries in SAELens's disk format: load, save, encode, decode, compare.

Three encoders, from the same pre-activations a = (x - b_dec) W_enc + b_enc (or x W_enc + b_enc
where ``b_dec_to_input`` is false), as SAELens 6 has them:

- ``standard``: relu(a)
- ``jumprelu``: relu(a) where a > threshold, else 0
- ``topk``: the k largest of a, relu of these, 0 elsewhere

``decode`` is f W_dec + b_dec. A TopK dictionary whose activations are rescaled by the norms of its
decoder rows is folded on loading, as SAELens folds it: the same features fire, and the same is
decoded, from rows of length 1.

Not covered: training (the builder's), other architectures (gated, matryoshka, transcoders, ...),
normalised inputs, editing (``harness.readout.feature_edit``).
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
from harness.shapes import flag, mapping, maybe, record, text, whole
from harness.strictjson import NotJson, parse_object
from harness.subject.weights import float_header, load_tensors

CONFIG, WEIGHTS = "cfg.json", "sae_weights.safetensors"
NAMES = ("W_enc", "W_dec", "b_enc", "b_dec")
THRESHOLD, SCALING = "threshold", "scaling_factor"
ARCHITECTURES = ("standard", "jumprelu", "topk")
SHORTEST = 1e-8
"""The least norm of a decoder row, where one is divided by."""
MOST_CONFIG = 1 << 20
SHAPE = record(
    {"d_in": whole, "d_sae": whole},
    {
        "k": whole,
        "metadata": mapping,
        "architecture": text,
        "apply_b_dec_to_input": flag,
        "rescale_acts_by_decoder_norm": flag,
        "activation_fn": text,
        "activation_fn_str": text,
        "activation_fn_kwargs": maybe(record({}, {"k": whole})),
    },
)


@dataclass(frozen=True)
class Dictionary:
    """``w_enc`` [d, m], ``w_dec`` [m, d], ``b_enc`` [m], ``b_dec`` [d]; with ``k``, at most so many
    features fire; with a ``threshold`` [m], only what exceeds it. ``metadata`` is SAELens's
    (hook_name, model_name, ...)."""

    w_enc: Tensor
    w_dec: Tensor
    b_enc: Tensor
    b_dec: Tensor
    k: int | None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    threshold: Tensor | None = None
    b_dec_to_input: bool = True

    @property
    def architecture(self) -> str:
        if self.k is not None:
            return "topk"
        return "standard" if self.threshold is None else "jumprelu"

    @property
    def features(self) -> int:
        return self.w_enc.shape[1]

    @property
    def d_model(self) -> int:
        return self.w_enc.shape[0]

    def encode(self, x: Tensor) -> Tensor:
        """Feature activations [..., m] of x [..., d]; none is below zero."""
        x = x.to(self.w_enc)
        before = (x - self.b_dec if self.b_dec_to_input else x) @ self.w_enc + self.b_enc
        if self.k is not None:
            top = before.topk(self.k, dim=-1)
            return torch.zeros_like(before).scatter_(-1, top.indices, top.values.relu())
        if self.threshold is not None:
            return before.relu() * (before > self.threshold)
        return before.relu()

    def decode(self, features: Tensor) -> Tensor:
        """Reconstruction [..., d] of feature activations [..., m]."""
        return features @ self.w_dec + self.b_dec


def save_dictionary(folder: Path, dictionary: Dictionary) -> None:
    """Write ``cfg.json`` and ``sae_weights.safetensors`` as SAELens reads them."""
    from safetensors.torch import save

    config: dict[str, Any] = {
        "architecture": dictionary.architecture,
        "d_in": dictionary.d_model,
        "d_sae": dictionary.features,
        "dtype": "float32",
        "device": "cpu",
        "apply_b_dec_to_input": dictionary.b_dec_to_input,
        "normalize_activations": "none",
        "reshape_activations": "none",
        "metadata": dict(dictionary.metadata),
    }
    if dictionary.k is not None:
        config |= {"k": dictionary.k, "rescale_acts_by_decoder_norm": False}
    weights = dict(
        zip(
            NAMES,
            (dictionary.w_enc, dictionary.w_dec, dictionary.b_enc, dictionary.b_dec),
            strict=True,
        )
    )
    if dictionary.threshold is not None:
        weights[THRESHOLD] = dictionary.threshold
    data = save({name: w.float().contiguous() for name, w in weights.items()})
    write_atomic(folder / WEIGHTS, data)
    write_atomic(folder / CONFIG, (json.dumps(config, indent=1, sort_keys=True) + "\n").encode())


def load_dictionary(folder: Path) -> Dictionary:
    """Read SAELens's format, also settings as it wrote them before version 6.

    Raises :class:`ClaimsError` for what is missing or not supported.
    """
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise ClaimsError(
                f"no {name}", where=str(folder), fix="Expected SAELens's cfg.json and weights"
            )
    config = _config(folder / CONFIG)
    architecture, k = _architecture(config, folder / CONFIG)
    _refuse_normalised(config, folder / CONFIG)
    header = float_header(folder / WEIGHTS)
    d, m = int(config["d_in"]), int(config["d_sae"])
    shapes = {"W_enc": [d, m], "W_dec": [m, d], "b_enc": [m], "b_dec": [d]}
    if architecture == "jumprelu":
        shapes[THRESHOLD] = [m]
    found = {n: list(entry.shape) for n, entry in header.entries.items() if n != SCALING}
    if found != shapes or (k is not None and not 1 <= k <= m):
        with_k = "" if k is None else f" with k = {k}"
        raise ClaimsError(
            f"weights {str(found)[:200]}{with_k} do not fit {shapes}",
            where=str(folder / WEIGHTS),
        )
    weights = {name: w.float() for name, w in load_tensors(folder / WEIGHTS).items()}
    if SCALING in weights and bool((weights[SCALING] != 1).any()):
        raise ClaimsError(
            "its activations are rescaled after training (scaling_factor is not 1)",
            where=str(folder / WEIGHTS),
            fix="Fold the factors into the weights with SAELens, and save it again",
        )
    w_enc, w_dec, b_enc, b_dec = (weights[n] for n in NAMES)
    if config.get("rescale_acts_by_decoder_norm", False) and k is not None:
        norms = w_dec.norm(dim=-1).clamp(min=SHORTEST)
        w_enc, b_enc, w_dec = w_enc * norms, b_enc * norms, w_dec / norms[:, None]
    return Dictionary(
        *(w_enc, w_dec, b_enc, b_dec, k),
        metadata=config.get("metadata", _early_metadata(config)),
        threshold=weights.get(THRESHOLD),
        b_dec_to_input=config.get("apply_b_dec_to_input", True),
    )


def _architecture(config: Mapping[str, Any], path: Path) -> tuple[str, int | None]:
    """The architecture, and k of a TopK one. SAELens before version 6 named none or ``standard``
    for every activation function."""
    found = config.get("architecture", "standard")
    function = config.get("activation_fn", config.get("activation_fn_str", "relu"))
    k = config.get("k")
    if found == "standard" and function == "topk":
        found, k = "topk", (config.get("activation_fn_kwargs") or {}).get("k")
    elif function not in ("relu", "topk"):
        raise ClaimsError(
            f"activation_fn is {function!r:.80}, only relu and topk are supported", where=str(path)
        )
    if found not in ARCHITECTURES:
        raise ClaimsError(
            f"architecture is {found!r:.80}, only {', '.join(ARCHITECTURES)} are supported",
            where=str(path),
            fix="Convert it with SAELens where it can be (a gated one cannot)",
        )
    if found != "topk":
        return found, None
    if k is None:
        raise ClaimsError("a topk dictionary does not say k", where=str(path), fix="Add k")
    return found, int(k)


def _refuse_normalised(config: Mapping[str, Any], path: Path) -> None:
    normalised = config.get("normalize_activations")
    if normalised not in (None, False, "none"):
        raise ClaimsError(
            f"normalize_activations is {normalised!r:.80}, only 'none' is supported",
            where=str(path),
            fix="Fold the normalisation into the weights with SAELens, and save it again",
        )
    # hook_z: heads side by side, which is how activations are read here anyway
    shape = config.get("reshape_activations", "none")
    if shape not in ("none", "hook_z"):
        raise ClaimsError(
            f"reshape_activations is {shape!r:.80}, only 'none' and 'hook_z' are supported",
            where=str(path),
        )


def _early_metadata(config: Mapping[str, Any]) -> dict[str, Any]:
    """What SAELens kept among the settings before version 6 of where a dictionary belongs."""
    hook = config.get("hook_name", config.get("hook_point"))
    named = {"hook_name": hook, "model_name": config.get("model_name")}
    return {name: value for name, value in named.items() if value is not None}


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
    the mean encoder column norm. A TopK one has no encoder bias; the others keep encoder biases and
    thresholds, without which half of all features would fire everywhere. Whatever such a dictionary
    finds is due to the activations and to counting, not to training.
    """
    rng = np.random.default_rng(seed)
    drawn = torch.from_numpy(rng.standard_normal(tuple(dictionary.w_dec.shape))).float()
    unit = drawn / drawn.norm(dim=-1, keepdim=True)
    return Dictionary(
        unit.T * dictionary.w_enc.norm(dim=0).mean(),
        unit * dictionary.w_dec.norm(dim=-1, keepdim=True),
        (torch.zeros_like if dictionary.k is not None else torch.clone)(dictionary.b_enc),
        dictionary.b_dec.clone(),
        dictionary.k,
        {**dictionary.metadata, "untrained": True, "seed": seed},
        dictionary.threshold,
        dictionary.b_dec_to_input,
    )


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
