"""The builder: what it writes, that it repeats itself, and the shapes of its recipes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from harness.errors import ClaimsError, UnknownName
from harness.subject.checkpoint import load_decoder
from harness.subject.decoder import Decoder
from harness.subject.interface import Builder, Recipe, RoleSpec
from harness.subject.recipe import load_recipe
from models.miniature import Miniature
from tests.models.builders import HOOK, tiny_recipe

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two builds of one role, its fine-tuned child, and two builds of one dictionary."""
    root = tmp_path_factory.mktemp("models")
    builder = Miniature(tiny_recipe())
    for name in ("first", "second"):
        builder.build("standard", 3, root / name / "standard", None)
        builder.build_dictionary(root / name / "standard", HOOK, 3, root / name / "sae")
    builder.build("tuned", 3, root / "tuned", root / "first" / "standard")
    return root


def test_the_same_seed_twice_gives_the_same_bytes(built: Path) -> None:
    """Every file of a checkpoint and of a dictionary is equal, byte for byte."""
    names = [p.relative_to(built / "first") for p in (built / "first").rglob("*") if p.is_file()]
    assert {"model.safetensors", "tokenizer.json", "health.json", "sae_weights.safetensors"} <= {
        n.name for n in names
    }
    for name in names:
        assert (built / "first" / name).read_bytes() == (built / "second" / name).read_bytes()


def test_health_is_written_beside_the_weights(built: Path) -> None:
    """It holds the three figures as the builder returned them."""
    found = json.loads((built / "tuned" / "health.json").read_text())
    assert set(found) == {"loss_gap", "behaviour_rate", "garbage_rate"}
    assert found["loss_gap"] > 0


def test_a_child_starts_from_its_parent(built: Path) -> None:
    """Two steps of fine-tuning leave it close to the parent, and not equal to it."""
    child, parent = load_decoder(built / "tuned"), load_decoder(built / "first" / "standard")
    distance = (child.embed - parent.embed).norm() / parent.embed.norm()
    assert 0 < distance < 0.5


def test_the_full_size_recipe_counts_the_published_parameters() -> None:
    """The decoder of models/full-size.yaml holds exactly 23,471,104 numbers."""
    config = Miniature(load_recipe(ROOT, "models/full-size.yaml")).config
    with torch.device("meta"):
        decoder = Decoder(config)
    assert sum(p.numel() for p in decoder.parameters()) == 23_471_104


def test_the_miniature_recipe_has_the_roles_of_the_claims() -> None:
    """Six layers and eight heads; the pair differs in its kind of text and in nothing else."""
    recipe = load_recipe(ROOT, "models/miniature.yaml")
    builder = Miniature(recipe)
    assert isinstance(builder, Builder)
    assert (builder.config.n_layers, builder.config.n_heads) == (6, 8)
    assert dict(recipe.role("standard").params) == {"kind": "phrases"}
    assert dict(recipe.role("regulation").params) == {"kind": "regulation"}
    assert {builder.kind(role) for role in recipe.roles} == {
        "none",
        "words",
        "phrases",
        "regulation",
    }
    assert recipe.role("standard-finetuned").parent == "standard"


def test_bad_parameters_are_refused_by_name(tmp_path: Path) -> None:
    """A misspelt option, kind or site names its nearest; a parent must be given where it is due."""
    with pytest.raises(UnknownName, match="d_model"):
        Miniature(tiny_recipe(decoder={"d_modl": 16}))
    with pytest.raises(UnknownName, match="training"):
        Miniature(tiny_recipe(trainings={}))
    with pytest.raises(ClaimsError, match="context"):
        Miniature(tiny_recipe(decoder={"context": 32}))
    builder = Miniature(tiny_recipe())
    with pytest.raises(ClaimsError, match="parent"):
        builder.build("tuned", 0, tmp_path, None)
    recipe = Recipe("x", "x.yaml", "", {}, (RoleSpec("standard", {"kind": "phrase"}),))
    with pytest.raises(UnknownName, match="phrases"):
        Miniature(recipe).build("standard", 0, tmp_path, None)
    assert not list(tmp_path.iterdir())


def test_an_unknown_site_has_no_dictionary(built: Path, tmp_path: Path) -> None:
    """The error names sites that exist."""
    with pytest.raises(UnknownName, match="hook_resid_post"):
        Miniature(tiny_recipe()).build_dictionary(
            built / "first" / "standard", "blocks.9.hook_resid_post", 0, tmp_path
        )
