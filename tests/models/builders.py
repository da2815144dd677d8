"""Recipes short enough to train in a test."""

from __future__ import annotations

from typing import Any

from harness.subject.interface import DictionarySpec, Recipe, RoleSpec

HOOK = "blocks.1.hook_resid_post"


def tiny_recipe(**changes: Any) -> Recipe:
    """Two layers, four steps; ``changes`` replace entries of the parameters."""
    params: dict[str, Any] = {
        "decoder": {"d_model": 16, "n_layers": 2, "n_heads": 2, "d_mlp": 32},
        "training": {"steps": 4, "batch": 8, "warmup": 2},
    }
    roles = (
        RoleSpec("standard", {"kind": "phrases"}),
        RoleSpec("regulation", {"kind": "regulation"}),
        RoleSpec("tuned", {"kind": "regulation", "training": {"steps": 2}}, parent="standard"),
    )
    spec = DictionarySpec(
        ("standard",), (HOOK,), {"d_sae": 24, "k": 3, "texts": 32, "steps": 30, "batch": 64}
    )
    return Recipe(
        "tiny", "models/tiny.yaml", "models.miniature:Miniature", params | changes, roles, spec
    )
