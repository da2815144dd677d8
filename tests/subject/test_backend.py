"""Loading models from disk, and the decoder's fast path against the decoder itself."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from harness.errors import ClaimsError, NothingFired, UnknownName
from harness.subject.backend import Model, Watch, load_model
from harness.subject.checkpoint import save_decoder
from harness.subject.native import NativeModel
from tests.hf import bridge
from tests.toy import VOCAB, Toy, tiny

TOKENS = Toy().texts("fit", 6, 1, "regulated").tokens


@pytest.mark.parametrize("shape", [{}, {"n_heads": 1}, {"tied": False}], ids=str)
def test_the_fast_path_computes_the_decoder(shape: dict[str, int]) -> None:
    """Packed, folded and rearranged weights give the decoder's own logits to 1e-5."""
    decoder = tiny(1, **shape)
    model = NativeModel(decoder)
    assert isinstance(model, Model)
    with torch.no_grad():
        wanted = decoder(TOKENS)
    assert float((model.logits(TOKENS) - wanted).abs().max()) < 2e-5
    cached = model.extend(model.open(6, TOKENS.shape[1]), TOKENS)
    assert float((cached - wanted[:, -1]).abs().max()) < 2e-5


def test_a_checkpoint_loads_the_same_in_both_backends(tmp_path: Path) -> None:
    """A saved decoder loads by folder, offline, and both backends agree within 1e-4."""
    words = ["<pad>", "<eos>", "<unk>", *(f"w{i}" for i in range(3, VOCAB))]
    save_decoder(tiny(2), tmp_path, words, {"pad": 0, "eos": 1, "unk": 2})
    native, reference = (load_model(tmp_path, b) for b in ("native", "bridge"))
    assert float((native.logits(TOKENS) - reference.logits(TOKENS)).abs().max()) < 1e-4
    assert "compatibility mode off" in reference.mode
    assert (native.n_layers, native.d_model, native.vocab) == (4, 32, VOCAB)
    assert (reference.n_layers, reference.d_model, reference.vocab) == (4, 32, VOCAB)
    assert native.context == reference.context == 64


def test_unknown_names_raise_with_the_nearest() -> None:
    """Unknown backends and sites are errors that name what there is."""
    with pytest.raises(UnknownName, match="native"):
        load_model(Path("x"), "nativ")
    for model in (NativeModel(tiny()), bridge(tiny())):
        with pytest.raises(UnknownName, match=r"blocks\.2\.hook_resid_post"):
            model.logits(TOKENS, Watch("blocks.2.hook_residpost", lambda x: x))
        with pytest.raises(UnknownName, match=r"blocks\.\d\.hook_resid"):
            model.activations(TOKENS, "blocks.9.hook_resid_pre")


def test_hooks_that_cannot_fire_or_do_not_carry_the_residual_raise() -> None:
    """A gated hook is an error, not a silent null; so is a site of another width."""
    model = bridge(tiny())
    with pytest.raises(NothingFired, match="never fire"):
        model.logits(TOKENS, Watch("blocks.1.hook_mlp_in", lambda x: x))
    with pytest.raises(ClaimsError, match="carries"):
        model.logits(TOKENS, Watch("blocks.1.attn.hook_q", lambda x: x))


def test_hooks_are_gone_after_a_run_even_one_that_failed() -> None:
    """After an edit, also one that raises, the bridge computes what it did before."""
    model = bridge(tiny())
    before = model.logits(TOKENS)

    def fail(x: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("planned")

    with pytest.raises(RuntimeError, match="planned"):
        model.logits(TOKENS, Watch("blocks.1.hook_resid_post", fail))
    model.logits(TOKENS, Watch("blocks.1.hook_resid_mid", lambda x: x * 2))
    assert torch.equal(model.logits(TOKENS), before)


def test_keeping_rows_leaves_the_old_state_alone() -> None:
    """A state that rows were taken from goes on as if nothing had happened, on both backends."""
    for model in (NativeModel(tiny()), bridge(tiny())):
        state, other = model.open(6, 12), model.open(6, 12)
        for one in (state, other):
            model.extend(one, TOKENS[:, :8])
        taken = model.keep(state, torch.tensor([4, 4, 1]))
        model.extend(taken, TOKENS[[4, 4, 1], 8:10])
        assert torch.equal(
            model.extend(state, TOKENS[:, 8:12]), model.extend(other, TOKENS[:, 8:12])
        )
