"""Published dictionaries: SAELens's standard, jumprelu and topk encoders, worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from harness.claim.feature_arms import FILES
from harness.errors import ClaimsError
from harness.readout.dictionary import (
    CONFIG,
    WEIGHTS,
    Dictionary,
    load_dictionary,
    random_like,
    save_dictionary,
)

W_ENC = [[1.0, 0.0, -1.0], [0.0, 2.0, 0.0]]
W_DEC = [[3.0, 4.0], [0.0, 1.0], [1.0, 0.0]]
B_ENC, B_DEC, THRESHOLD = [0.5, -1.0, 0.0], [1.0, 1.0], [2.0, 0.5, 0.0]
X = [[3.0, 2.0], [1.0, 1.0]]
# (x - b_dec) W_enc + b_enc = [2.5, 1, -2], [.5, -1, 0]
# x W_enc + b_enc = [3.5, 3, -3], [1.5, 1, -1]
SETTINGS = {"d_in": 2, "d_sae": 3, "dtype": "float32", "normalize_activations": "none"}


def write(folder: Path, settings: dict[str, Any], **more: Tensor) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CONFIG).write_text(json.dumps({**SETTINGS, **settings}))
    named = {"W_enc": W_ENC, "W_dec": W_DEC, "b_enc": B_ENC, "b_dec": B_DEC}
    save_file({k: torch.tensor(v) for k, v in named.items()} | more, folder / WEIGHTS)
    return folder


def threshold() -> dict[str, Tensor]:
    return {"threshold": torch.tensor(THRESHOLD)}


@pytest.mark.parametrize(
    ("settings", "more", "wanted"),
    [
        ({"architecture": "standard"}, {}, [[2.5, 1, 0], [0.5, 0, 0]]),
        ({"architecture": "standard", "apply_b_dec_to_input": False}, {},
         [[3.5, 3, 0], [1.5, 1, 0]]),
        ({"architecture": "jumprelu"}, threshold(), [[2.5, 1, 0], [0, 0, 0]]),
        ({"architecture": "jumprelu", "apply_b_dec_to_input": False}, threshold(),
         [[3.5, 3, 0], [0, 1, 0]]),
        ({"architecture": "topk", "k": 1}, {}, [[2.5, 0, 0], [0.5, 0, 0]]),
        ({"architecture": "topk", "k": 2, "apply_b_dec_to_input": False}, {},
         [[3.5, 3, 0], [1.5, 1, 0]]),
    ],
)  # fmt: skip
def test_each_encoder_is_the_one_that_was_trained(
    settings: dict[str, Any], more: dict[str, Tensor], wanted: list[list[float]], tmp_path: Path
) -> None:
    """Worked out by hand, also after saving and loading again."""
    d = load_dictionary(write(tmp_path / "sae", settings, **more))
    save_dictionary(tmp_path / "again", d)
    for one in (d, load_dictionary(tmp_path / "again")):
        assert one.architecture == settings["architecture"]
        assert one.encode(torch.tensor(X)).tolist() == wanted
        assert one.decode(torch.tensor([1.0, 0.0, 2.0])).tolist() == [6.0, 5.0]


def test_a_feature_at_its_threshold_does_not_fire() -> None:
    """It has to exceed it."""
    w = torch.eye(2)
    d = Dictionary(w, w, torch.zeros(2), torch.zeros(2), None, {}, torch.tensor([1.0, 0.0]))
    assert d.encode(torch.tensor([[1.0, 0.0], [1.5, 0.25]])).tolist() == [[0, 0], [1.5, 0.25]]


def test_rescaling_by_decoder_norms_is_folded_in(tmp_path: Path) -> None:
    """The k largest are of a times the row's length (5, 1, 1), and a row of length 1 is decoded."""
    settings = {"architecture": "topk", "k": 1, "rescale_acts_by_decoder_norm": True}
    d = load_dictionary(write(tmp_path, settings, b_enc=torch.tensor([-1.0, 0.0, 0.0])))
    # a = [1, 2, -2], times lengths: [5, 2, -2]
    f = d.encode(torch.tensor([[3.0, 2.0]]))
    assert f.tolist() == [[5.0, 0.0, 0.0]]
    assert torch.allclose(d.decode(f), torch.tensor([[4.0, 5.0]]))


@pytest.mark.parametrize(
    ("settings", "architecture"),
    [
        ({"hook_point": "blocks.1.hook_resid_pre", "activation_fn_str": "relu",
          "normalize_activations": None}, "standard"),
        ({"architecture": "standard", "activation_fn_str": "topk",
          "activation_fn_kwargs": {"k": 2}, "hook_name": "blocks.1.hook_resid_pre"}, "topk"),
    ],
)  # fmt: skip
def test_settings_from_before_version_six_are_read(
    settings: dict[str, Any], architecture: str, tmp_path: Path
) -> None:
    """Their architecture stood in the activation function, their hook beside it."""
    d = load_dictionary(write(tmp_path, settings, scaling_factor=torch.ones(3)))
    assert d.architecture == architecture
    assert d.metadata["hook_name"] == "blocks.1.hook_resid_pre"


def test_half_precision_weights_are_read_as_single(tmp_path: Path) -> None:
    """So that encoding is in single precision whatever was published."""
    named = {"W_enc": W_ENC, "W_dec": W_DEC, "b_enc": B_ENC, "b_dec": B_DEC}
    half = {k: torch.tensor(v).bfloat16() for k, v in named.items()}
    d = load_dictionary(write(tmp_path, {"architecture": "standard"}, **half))
    assert d.w_dec.dtype == torch.float32
    assert d.encode(torch.tensor(X).bfloat16()).tolist() == [[2.5, 1, 0], [0.5, 0, 0]]


@pytest.mark.parametrize(
    ("settings", "more", "words"),
    [
        ({"architecture": "gated"}, {}, "gated"),
        ({"architecture": "jumprelu"}, {}, "do not fit"),
        ({"architecture": "standard"}, threshold(), "do not fit"),
        ({"architecture": "topk"}, {}, "does not say k"),
        ({"architecture": "topk", "k": 4}, {}, "do not fit"),
        ({"architecture": "standard", "activation_fn": "tanh-relu"}, {}, "tanh-relu"),
        ({"architecture": "standard", "normalize_activations": "layer_norm"}, {}, "layer_norm"),
        ({"architecture": "standard", "normalize_activations": True}, {}, "normalize_activations"),
        ({"architecture": "standard", "reshape_activations": "other"}, {}, "reshape_activations"),
        ({"architecture": "standard", "apply_b_dec_to_input": "no"}, {}, "apply_b_dec_to_input"),
        ({"architecture": "standard"}, {"scaling_factor": torch.full((3,), 2.0)}, "rescaled"),
        ({"architecture": "standard"}, {"log_sparsity": torch.zeros(3)}, "do not fit"),
    ],
)  # fmt: skip
def test_what_would_be_read_wrongly_is_refused(
    settings: dict[str, Any], more: dict[str, Tensor], words: str, tmp_path: Path
) -> None:
    """In words that name it."""
    with pytest.raises(ClaimsError, match=words):
        load_dictionary(write(tmp_path, settings, **more))


def test_an_untrained_dictionary_has_the_encoder_of_the_trained_one(tmp_path: Path) -> None:
    """Biases and thresholds too, without which half of its features would fire everywhere."""
    d = load_dictionary(write(tmp_path, {"architecture": "jumprelu"}, **threshold()))
    drawn = random_like(d, 1)
    assert drawn.architecture == "jumprelu"
    assert torch.equal(drawn.b_enc, d.b_enc)
    assert not torch.equal(drawn.w_dec, d.w_dec)


def test_the_lock_binds_the_files_that_are_read() -> None:
    """A claim names them without loading any tensor."""
    assert FILES == (CONFIG, WEIGHTS)
