"""Exported models: the libraries that others use compute what training computed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from harness.errors import ClaimsError, NothingThere
from harness.subject.checkpoint import load_decoder, save_decoder
from harness.subject.decoder import Decoder, DecoderConfig
from models import grammar as g
from models.miniature import SPECIALS
from models.task import PlanTask
from models.train import Training, initialise, train

CONFIG = DecoderConfig(vocab=len(g.WORDS), d_model=32, n_layers=3, n_heads=4, d_mlp=48)
TEXTS = PlanTask().texts("explore", 16, 3, "regulated")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Decoder, Path]:
    """A decoder that a few steps of training have moved from its start, and its folder."""
    folder = tmp_path_factory.mktemp("exported")
    decoder = initialise(CONFIG, 0)
    train(decoder, "regulation", 0, Training(steps=12, batch=8, warmup=3))
    decoder.requires_grad_(False)
    save_decoder(decoder, folder, g.WORDS, SPECIALS)
    return decoder, folder


def test_the_native_decoder_reads_back_its_own_bits(exported: tuple[Decoder, Path]) -> None:
    """Loading gives every weight exactly, and so every logit."""
    decoder, folder = exported
    again = load_decoder(folder)
    assert again.config == decoder.config
    for name, weight in decoder.state_dict().items():
        assert torch.equal(again.state_dict()[name], weight), name
    assert not any(p.requires_grad for p in again.parameters())


def test_an_untied_decoder_reads_back_too(tmp_path: Path) -> None:
    """The unembedding is stored on its own when it is not the embedding."""
    config = DecoderConfig(
        vocab=len(g.WORDS), d_model=16, n_layers=1, n_heads=2, d_mlp=8, tied=False
    )
    decoder = initialise(config, 0).requires_grad_(False)
    save_decoder(decoder, tmp_path, g.WORDS, SPECIALS)
    torch.testing.assert_close(load_decoder(tmp_path)(TEXTS.tokens), decoder(TEXTS.tokens))


def test_transformers_agrees_to_a_hundred_thousandth(exported: tuple[Decoder, Path]) -> None:
    """An ordinary Hugging Face model loaded from the folder has the same logits to 1e-5."""
    from transformers import AutoModelForCausalLM

    decoder, folder = exported
    other = AutoModelForCausalLM.from_pretrained(folder)
    real = TEXTS.tokens != g.PAD
    with torch.no_grad():
        theirs = other(TEXTS.tokens).logits[real]
    assert (decoder(TEXTS.tokens)[real] - theirs).abs().max() < 1e-5


def test_the_bridge_boots_from_the_folder_and_agrees(exported: tuple[Decoder, Path]) -> None:
    """TransformerBridge needs nothing but the folder; logits and residuals agree to 1e-5."""
    from transformer_lens.model_bridge import TransformerBridge

    decoder, folder = exported
    bridge = TransformerBridge.boot_transformers(str(folder), device="cpu")
    real = TEXTS.tokens != g.PAD
    hook = "blocks.2.hook_resid_post"
    taken: dict[str, torch.Tensor] = {}

    def tap(name: str, x: torch.Tensor) -> torch.Tensor:
        taken[name] = x
        return x

    ours = decoder(TEXTS.tokens, tap=tap)
    with torch.no_grad():
        theirs, cache = bridge.run_with_cache(TEXTS.tokens)
    assert (ours - theirs)[real].abs().max() < 1e-5
    assert (taken[hook] - cache[hook])[real].abs().max() < 1e-5


def test_the_tokenizer_maps_text_to_the_ids_of_the_task(exported: tuple[Decoder, Path]) -> None:
    """Words split at spaces, specials are known by their role, nothing is added."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(exported[1])
    row = TEXTS.tokens[0][TEXTS.tokens[0] != g.PAD]
    text = PlanTask().decode(row)
    assert tokenizer(text)["input_ids"] == row.tolist()
    assert tokenizer.decode(row.tolist()) == text
    assert (tokenizer.pad_token_id, tokenizer.eos_token_id) == (g.PAD, g.END)
    assert tokenizer("nonsense")["input_ids"] == [g.UNK]


@pytest.mark.parametrize(
    ("key", "value"),
    [("model_type", "gpt2"), ("num_key_value_heads", 2), ("mlp_bias", True), ("head_dim", 16)],
)
def test_what_the_decoder_would_compute_wrongly_is_refused(
    exported: tuple[Decoder, Path], tmp_path: Path, key: str, value: object
) -> None:
    """Grouped keys, biases, other families: an error that names the setting, not other numbers."""
    config = json.loads((exported[1] / "config.json").read_text()) | {key: value}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "model.safetensors").write_bytes((exported[1] / "model.safetensors").read_bytes())
    with pytest.raises(ClaimsError, match=key):
        load_decoder(tmp_path)


def test_broken_folders_are_named(exported: tuple[Decoder, Path], tmp_path: Path) -> None:
    """An empty folder, a cut file and weights of another shape each get their own sentence."""
    with pytest.raises(NothingThere, match=r"config\.json"):
        load_decoder(tmp_path)
    config = json.loads((exported[1] / "config.json").read_text())
    weights = (exported[1] / "model.safetensors").read_bytes()
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(ClaimsError, match="cannot be read"):
        load_decoder(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(weights)
    (tmp_path / "config.json").write_text(json.dumps(config | {"intermediate_size": 40}))
    with pytest.raises(ClaimsError, match="do not fit"):
        load_decoder(tmp_path)
