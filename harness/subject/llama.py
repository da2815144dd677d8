"""``config.json`` of a Hugging Face Llama: what our decoder makes of it, and what it refuses.

The file may come from a stranger: it is read as strict JSON, no field that names code is looked at,
and the shapes it implies are known before anything is allocated.

Not covered: the weights (``harness.subject.checkpoint``), other families.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.errors import ClaimsError
from harness.regular import Unreadable, read_regular
from harness.shapes import flag, mapping, maybe, number, record, whole
from harness.strictjson import NotJson, parse_object
from harness.subject.decoder import DecoderConfig

CONFIG = "config.json"
ADVICE = "Use the bridge backend, or export the model again"
MOST_CONFIG = 1 << 20
MOST_CONTEXT = 1 << 18
"""Positions; tables of that length are made before the first token."""
_SIZES = (
    *("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads"),
    *("intermediate_size", "max_position_embeddings"),
)
NUMBERS = record(
    {**dict.fromkeys(_SIZES, whole), "rms_norm_eps": number},
    {
        "rope_parameters": maybe(record({}, {"rope_theta": number})),
        "rope_scaling": maybe(mapping),
        "rope_theta": number,
        "tie_word_embeddings": flag,
        "num_key_value_heads": maybe(whole),
        "head_dim": maybe(whole),
    },
)
"""Fields of ``config.json`` that sizes follow from."""


def read_config(folder: Path) -> DecoderConfig:
    """Read ``config.json``. Raises :class:`ClaimsError` for what the decoder does not compute."""
    where = str(folder / CONFIG)
    try:
        raw = parse_object(read_regular(folder / CONFIG, MOST_CONFIG))
    except (NotJson, Unreadable) as error:
        raise ClaimsError(f"not JSON ({error})", where=where, fix=ADVICE) from error
    if words := NUMBERS(raw, ""):
        raise ClaimsError(words, where=where, fix=ADVICE)
    rope = raw.get("rope_parameters") or raw.get("rope_scaling") or {}
    heads = raw.get("num_attention_heads")
    wanted: dict[str, tuple[Any, Any]] = {
        "model_type": (raw.get("model_type"), "llama"),
        "hidden_act": (raw.get("hidden_act", "silu"), "silu"),
        "num_key_value_heads": (raw.get("num_key_value_heads") or heads, heads),
        "attention_bias": (raw.get("attention_bias", False), False),
        "mlp_bias": (raw.get("mlp_bias", False), False),
        "rope_type": (rope.get("rope_type", "default"), "default"),
    }
    for key, (got, need) in wanted.items():
        if got != need:
            raise ClaimsError(
                f"{key} is {got!r:.80}, the native decoder needs {need!r}", where=where, fix=ADVICE
            )
    config = DecoderConfig(
        vocab=raw["vocab_size"],
        d_model=raw["hidden_size"],
        n_layers=raw["num_hidden_layers"],
        n_heads=raw["num_attention_heads"],
        d_mlp=raw["intermediate_size"],
        context=raw["max_position_embeddings"],
        rope_base=float(rope.get("rope_theta", raw.get("rope_theta", 10_000.0))),
        norm_eps=float(raw["rms_norm_eps"]),
        tied=raw.get("tie_word_embeddings", False),
    )
    _sized(config, where)
    if raw.get("head_dim") not in (None, config.d_head):
        raise ClaimsError(
            f"head_dim is {raw['head_dim']}, the native decoder needs {config.d_head}",
            where=where,
            fix=ADVICE,
        )
    return config


def _sized(config: DecoderConfig, where: str) -> None:
    """Raise :class:`ClaimsError` for sizes of which no decoder can be made."""
    sizes = (config.vocab, config.d_model, config.n_layers, config.d_mlp, config.context)
    heads = config.n_heads > 0 and config.d_model % (2 * config.n_heads) == 0
    if min(sizes) < 1 or not heads or config.context > MOST_CONTEXT:
        words = f"sizes of which no decoder is made ({str(config)[:300]})"
        raise ClaimsError(words, where=where, fix=ADVICE)
    if not (config.rope_base > 0 and config.norm_eps >= 0):
        words = f"rope_theta {config.rope_base:g} or rms_norm_eps {config.norm_eps:g}"
        raise ClaimsError(words, where=where, fix=ADVICE)


def llama_shapes(config: DecoderConfig) -> dict[str, tuple[int, ...]]:
    """Name -> shape of everything that :func:`llama_weights` gives, without a decoder."""
    d, m = config.d_model, config.d_mlp
    block = {
        **dict.fromkeys(("q_proj", "k_proj", "v_proj", "o_proj"), (d, d)),
        **dict.fromkeys(("gate_proj", "up_proj"), (m, d)),
        "down_proj": (d, m),
        **dict.fromkeys(("input_layernorm", "post_attention_layernorm"), (d,)),
    }
    shapes: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (config.vocab, d),
        "model.norm.weight": (d,),
    }
    if not config.tied:
        shapes["lm_head.weight"] = (config.vocab, d)
    for n in range(config.n_layers):
        for name, shape in block.items():
            shapes[f"model.layers.{n}.{_within(name)}.weight"] = shape
    return shapes


def _within(part: str) -> str:
    """A part's name inside its block."""
    if part.endswith("layernorm"):
        return part
    return f"{'self_attn' if part[0] in 'qkvo' else 'mlp'}.{part}"
