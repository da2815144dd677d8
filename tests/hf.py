"""A Hugging Face Llama with a native decoder's weights, and TransformerLens's bridge around it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harness.subject.bridge import BridgeModel
from harness.subject.decoder import Block, Decoder


def llama(decoder: Decoder) -> nn.Module:
    """``LlamaForCausalLM`` in evaluation mode with the same weights."""
    from transformers import LlamaConfig, LlamaForCausalLM

    c = decoder.config
    config = LlamaConfig(
        vocab_size=c.vocab,
        hidden_size=c.d_model,
        intermediate_size=c.d_mlp,
        num_hidden_layers=c.n_layers,
        num_attention_heads=c.n_heads,
        num_key_value_heads=c.n_heads,
        max_position_embeddings=c.context,
        rms_norm_eps=c.norm_eps,
        rope_parameters={"rope_type": "default", "rope_theta": c.rope_base},
        tie_word_embeddings=c.tied,
        attention_bias=False,
        mlp_bias=False,
    )
    model = LlamaForCausalLM(config)
    head = decoder.embed if decoder.unembed is None else decoder.unembed
    weights: dict[str, Tensor] = {
        "model.embed_tokens.weight": decoder.embed,
        "model.norm.weight": decoder.norm_final,
        "lm_head.weight": head,
    }
    for n, block in enumerate(decoder.blocks):
        assert isinstance(block, Block)
        q, k, v = block.qkv.chunk(3)
        gate, up = block.gate_up.chunk(2)
        parts = {
            "self_attn.q_proj": q,
            "self_attn.k_proj": k,
            "self_attn.v_proj": v,
            "self_attn.o_proj": block.out,
            "mlp.gate_proj": gate,
            "mlp.up_proj": up,
            "mlp.down_proj": block.down,
            "input_layernorm": block.norm_attn,
            "post_attention_layernorm": block.norm_mlp,
        }
        weights |= {f"model.layers.{n}.{k}.weight": w for k, w in parts.items()}
    model.load_state_dict({k: w.detach() for k, w in weights.items()}, strict=True)
    return model.eval().requires_grad_(False)


def bridge(decoder: Decoder, name: str = "bridge") -> BridgeModel:
    """The bridge around :func:`llama`, as a ``Model``."""
    from transformer_lens.model_bridge.sources import build_bridge_from_module

    model = llama(decoder)
    made = build_bridge_from_module(model, "LlamaForCausalLM", hf_config=model.config)
    return BridgeModel(made, name)


def seeded(seed: int, *shape: int) -> Tensor:
    """Standard normal numbers from one seed."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))
