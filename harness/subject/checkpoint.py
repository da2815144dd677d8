"""Decoders as ordinary Hugging Face Llama checkpoints: config, weights, tokenizer in one folder.

Written so that ``transformers`` and ``TransformerBridge.boot_transformers(folder)`` load them
offline; read back into :class:`Decoder` without importing either. The same decoder gives the same
bytes.

Not covered: sharded checkpoints, grouped keys and values, biases, scaled rotary embeddings: they
are refused, because the native decoder would compute something else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from harness.errors import ClaimsError, NothingThere
from harness.subject.decoder import Block, Decoder, DecoderConfig
from harness.subject.llama import ADVICE, CONFIG, llama_shapes, read_config
from harness.subject.weights import float_header, load_tensors

WEIGHTS = "model.safetensors"
SPECIAL_ROLES = ("pad", "eos", "bos", "unk")


def llama_config(config: DecoderConfig, specials: Mapping[str, int]) -> dict[str, Any]:
    """The content of ``config.json``; ``specials`` maps ``pad``, ``eos``, ``bos`` to token ids."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": specials.get("bos"),
        "dtype": "float32",
        "eos_token_id": specials.get("eos"),
        "head_dim": config.d_head,
        "hidden_act": "silu",
        "hidden_size": config.d_model,
        "initializer_range": 0.02,
        "intermediate_size": config.d_mlp,
        "max_position_embeddings": config.context,
        "mlp_bias": False,
        "num_attention_heads": config.n_heads,
        "num_hidden_layers": config.n_layers,
        "num_key_value_heads": config.n_heads,
        "pad_token_id": specials.get("pad"),
        "rms_norm_eps": config.norm_eps,
        "rope_parameters": {"rope_theta": config.rope_base, "rope_type": "default"},
        "tie_word_embeddings": config.tied,
        "use_cache": True,
        "vocab_size": config.vocab,
    }


def llama_weights(decoder: Decoder) -> dict[str, Tensor]:
    """Hugging Face's names for the decoder's weights; a tied unembedding is left out."""
    weights: dict[str, Tensor] = {
        "model.embed_tokens.weight": decoder.embed,
        "model.norm.weight": decoder.norm_final,
    }
    if decoder.unembed is not None:
        weights["lm_head.weight"] = decoder.unembed
    for n, block in enumerate(decoder.blocks):
        assert isinstance(block, Block)
        for name, part in _parts(block).items():
            weights[f"model.layers.{n}.{name}.weight"] = part
    return {name: w.detach().to("cpu", torch.float32).clone() for name, w in weights.items()}


def save_decoder(
    decoder: Decoder, folder: Path, words: Sequence[str], specials: Mapping[str, int]
) -> None:
    """Write a checkpoint into ``folder`` (made if missing).

    ``words``: a word's index is its token id. ``specials`` maps ``pad``, ``eos``, ``bos`` and
    ``unk`` to token ids; words in angle brackets become special tokens of the tokenizer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _save_tokenizer(folder, words, specials, decoder.config.context)
    _write_json(folder / CONFIG, llama_config(decoder.config, specials))
    (folder / WEIGHTS).write_bytes(save(llama_weights(decoder), metadata={"format": "pt"}))


def load_decoder(folder: Path) -> Decoder:
    """Read a Llama checkpoint as a float32 decoder in evaluation mode, without gradients.

    Raises :class:`NothingThere` if the folder holds none, :class:`ClaimsError` if the native
    decoder cannot run it.
    """
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise NothingThere(
                f"no {name} here", where=str(folder), fix="Train the model first, or check the path"
            )
    config = read_config(folder)
    _fitting(folder, config)  # before anything of the size that config.json names is allocated
    decoder = Decoder(config)
    found = load_tensors(folder / WEIGHTS)
    with torch.no_grad():
        decoder.embed.copy_(found["model.embed_tokens.weight"])
        decoder.norm_final.copy_(found["model.norm.weight"])
        if decoder.unembed is not None:
            decoder.unembed.copy_(found["lm_head.weight"])
        for n, block in enumerate(decoder.blocks):
            assert isinstance(block, Block)
            for name, part in _parts(block).items():  # views into the stacked matrices
                part.copy_(found[f"model.layers.{n}.{name}.weight"])
    return decoder.eval().requires_grad_(False)


def _fitting(folder: Path, config: DecoderConfig) -> None:
    """Raise :class:`ClaimsError` unless the file holds the tensors of ``config`` and no others."""
    found = {name: entry.shape for name, entry in float_header(folder / WEIGHTS).entries.items()}
    if config.tied:
        found.pop("lm_head.weight", None)
    if config.n_layers > len(found):
        wrong = [f"{config.n_layers} layers, {len(found)} tensors"]
    else:
        expected = llama_shapes(config)
        differing = {n for n, shape in expected.items() if found.get(n) != shape}
        wrong = sorted(differing | (found.keys() - expected.keys()))
    if wrong:
        raise ClaimsError(
            f"weights that do not fit config.json: {', '.join(w[:80] for w in wrong[:4])}",
            where=str(folder),
            fix=ADVICE,
        )


def _parts(block: Block) -> dict[str, Tensor]:
    """Hugging Face's name of every weight of a block; views, not copies."""
    q, k, v = block.qkv.chunk(3)
    gate, up = block.gate_up.chunk(2)
    return {
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


def _save_tokenizer(
    folder: Path, words: Sequence[str], specials: Mapping[str, int], context: int
) -> None:
    """A word-level tokenizer that splits at white space and adds nothing of its own."""
    from tokenizers import AddedToken, Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit

    names = {role: words[specials[role]] for role in SPECIAL_ROLES if role in specials}
    tokenizer = Tokenizer(
        WordLevel({word: n for n, word in enumerate(words)}, unk_token=names.get("unk"))
    )
    tokenizer.pre_tokenizer = WhitespaceSplit()
    marks = [word for word in words if word.startswith("<")]
    tokenizer.add_special_tokens([AddedToken(mark, special=True) for mark in marks])
    # the tokenizer's own save tells of a full disk in an exception without a number
    (folder / "tokenizer.json").write_text(tokenizer.to_str(pretty=True), encoding="utf-8")
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": context,
        "padding_side": "right",
        "clean_up_tokenization_spaces": False,
        **{f"{role}_token": name for role, name in names.items()},
    }
    _write_json(folder / "tokenizer_config.json", settings)


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", encoding="utf-8")
