"""Sparse autoencoders: they reconstruct, they are sparse, and SAELens's format keeps them."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from harness.readout.dictionary import load_dictionary
from models import grammar as g
from models.sae import SaeOptions, activations, fit, quality, write
from models.task import PlanTask
from models.train import initialise
from tests.models.test_train import TINY


def sparse_data(rows: int, seed: int) -> torch.Tensor:
    """Sums of 2 of 24 fixed directions in 16 dimensions, off centre and of size 5."""
    atoms = torch.randn(24, 16, generator=torch.Generator().manual_seed(9))
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.rand(rows, 24, generator=generator).topk(2).indices
    size = 0.5 + torch.rand(rows, 2, 1, generator=generator)
    return 5 * (size * atoms[chosen]).sum(1) + 3


def test_training_explains_more_of_new_data_than_the_start_and_stays_sparse() -> None:
    """Held-out variance explained rises far above that of no training, with k features firing."""
    options = SaeOptions(d_sae=48, k=2, steps=400, batch=256, rate=0.01)
    train, held_out = sparse_data(4000, 0), sparse_data(500, 1)
    sae = fit(train, options, 0)
    start = fit(train, SaeOptions(d_sae=48, k=2, steps=0), 0)
    after, before = quality(sae, held_out), quality(start, held_out)
    assert after["explained_variance"] > max(0.75, before["explained_variance"] + 0.1)
    assert 1.0 < after["l0"] <= 2.0
    assert after["dead_fraction"] < 0.2
    rows = sae.w_dec.norm(dim=1)
    torch.testing.assert_close(rows, torch.ones_like(rows))


def test_the_stored_dictionary_computes_what_the_trained_one_did(tmp_path: Path) -> None:
    """The harness reads the files back and encodes and decodes the same numbers."""
    x = sparse_data(300, 2)
    sae = fit(x, SaeOptions(d_sae=32, k=3, steps=20, batch=64), 1)
    write(sae, tmp_path, "blocks.1.hook_resid_post", "standard", quality(sae, x))
    read = load_dictionary(tmp_path)
    features = sae.encode(x)
    torch.testing.assert_close(read.encode(x), features, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(read.decode(features), sae.decode(features), atol=1e-5, rtol=1e-5)
    config = json.loads((tmp_path / "cfg.json").read_text())
    assert (config["architecture"], config["d_in"], config["d_sae"], config["k"]) == (
        "topk",
        16,
        32,
        3,
    )
    assert config["metadata"]["hook_name"] == "blocks.1.hook_resid_post"
    stored = json.loads((tmp_path / "quality.json").read_text())
    assert stored == quality(sae, x)


def test_activations_cover_the_real_tokens_of_both_variants_but_the_first() -> None:
    """One row for each real token after the first, taken at the site that was asked for."""
    decoder, task = initialise(TINY, 0).requires_grad_(False), PlanTask()
    got = activations(decoder, task, "blocks.0.hook_resid_pre", "fit", 10, 4)
    want = []
    for variant in task.variants:
        tokens = task.texts("fit", 10, 4, variant).tokens[:, 1:]
        want.append(decoder.embed[tokens[tokens != g.PAD]])
    assert torch.equal(got, torch.cat(want))


def test_the_scale_and_centre_of_the_data_change_nothing_but_units() -> None:
    """Data four times as large and off centre gives the same features, four times as large.

    A power of two, so that rounding cannot change which features come first.
    """
    options = SaeOptions(d_sae=32, k=3, steps=60, batch=128, rate=0.02)
    x = sparse_data(400, 3)
    small, large = fit(x, options, 5), fit(4 * x, options, 5)
    assert small.b_enc.abs().max() > 0.01
    torch.testing.assert_close(large.encode(4 * x), 4 * small.encode(x), atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(large.b_dec, 4 * small.b_dec, atol=1e-3, rtol=1e-3)
