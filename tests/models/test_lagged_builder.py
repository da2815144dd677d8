"""The lagged builder: the law it trains on, that it repeats itself, and its recipe."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from harness.errors import ClaimsError
from harness.subject.checkpoint import load_decoder
from harness.subject.decoder import DecoderConfig
from harness.subject.interface import Builder
from harness.subject.recipe import load_recipe
from models import grammar as g
from models.lagged_builder import Lagged
from models.lagged_task import LaggedTask
from models.lagged_train import batches, loss_gap
from models.miniature import Miniature
from models.train import Training, initialise
from tests.models.builders import HOOK, tiny_recipe

ROOT = Path(__file__).parents[2]
SHORT = Training(steps=16, batch=8, warmup=3, pool=2)
TASK = LaggedTask()
ENTROPY = (29.12001263, 28.29170070)
"""``LaggedGenerator("regulation", 0.15).entropy()``, which takes many seconds."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two builds of the regulation role, one of the miniature's, and a fine-tuned child."""
    root = tmp_path_factory.mktemp("models")
    builder = Lagged(tiny_recipe())
    for name in ("first", "second"):
        builder.build("regulation", 3, root / name, None)
    Miniature(tiny_recipe()).build("regulation", 3, root / "miniature", None)
    builder.build("standard", 3, root / "standard", None)
    builder.build("tuned", 3, root / "tuned", root / "standard")
    builder.build_dictionary(root / "standard", HOOK, 3, root / "sae")
    return root


def test_the_same_seed_twice_gives_the_same_bytes_and_the_plain_law_gives_others(
    built: Path,
) -> None:
    """Every file repeats; the miniature's builder ends elsewhere from the same start."""
    names = [p.name for p in (built / "first").iterdir()]
    assert {"model.safetensors", "tokenizer.json", "health.json"} <= set(names)
    for name in names:
        assert (built / "first" / name).read_bytes() == (built / "second" / name).read_bytes()
    weights = "model.safetensors"
    assert (built / "first" / weights).read_bytes() != (built / "miniature" / weights).read_bytes()
    assert (built / "sae" / "sae_weights.safetensors").is_file()


def test_a_child_starts_from_its_parent(built: Path) -> None:
    """Two steps of fine-tuning leave it close to the parent, and not equal to it."""
    child, parent = load_decoder(built / "tuned"), load_decoder(built / "standard")
    distance = (child.embed - parent.embed).norm() / parent.embed.norm()
    assert 0 < distance < 0.5
    with pytest.raises(ClaimsError, match="parent"):
        Lagged(tiny_recipe()).build("tuned", 0, built / "none", None)


def test_training_text_has_the_lagged_law_and_roles_share_their_plans() -> None:
    """Row by row the same plans; phrases of measured plans come at hot onsets and few others."""
    after: dict[str, list[bool]] = {"hot_onset": [], "cold_onset": []}
    openers = torch.tensor(TASK.token_sets["behaviour"])
    training = dataclasses.replace(SHORT, steps=40)
    texts = zip(*(batches(k, 5, training, "train") for k in ("phrases", "regulation")), strict=True)
    for plain, regulated in texts:
        n = g.PROMPT_LENGTH
        assert torch.equal(plain[:, :n], regulated[:, :n])
        measured = plain[:, 1] != g.IDS["unwind"]
        assert not torch.isin(plain[measured], openers).any()
        for name, came in after.items():
            at = TASK.positions(name, regulated)[:, :-1]
            came.extend(torch.isin(regulated[:, 1:][at], openers).tolist())
    hot, cold = (sum(came) / len(came) for came in after.values())
    assert min(map(len, after.values())) > 100
    assert hot > 0.7
    assert cold < 0.06


def test_the_loss_gap_is_taken_against_the_lagged_law() -> None:
    """A model with all logits equal loses log V less the law's own nats per token."""
    config = DecoderConfig(vocab=len(g.WORDS), d_model=32, n_layers=1, n_heads=2, d_mlp=32)
    decoder = initialise(config, 0).requires_grad_(False)
    torch.nn.init.zeros_(decoder.norm_final)
    entropy, tokens = ENTROPY
    gap = loss_gap(decoder, "regulation", 0, 600, 0.15)
    want = float(torch.tensor(float(len(g.WORDS))).log()) - entropy / tokens
    assert gap == pytest.approx(want, abs=0.02)


def test_the_recipe_has_the_miniatures_shape_and_roles() -> None:
    """The decoder is the miniature's; the pair differs in its kind of text and in nothing else."""
    recipe = load_recipe(ROOT, "models/lagged.yaml")
    builder = Lagged(recipe)
    assert isinstance(builder, Builder)
    assert isinstance(builder.task, LaggedTask)
    assert builder.config == Miniature(load_recipe(ROOT, "models/miniature.yaml")).config
    assert dict(recipe.role("standard").params) == {"kind": "phrases"}
    assert dict(recipe.role("regulation").params) == {"kind": "regulation"}
    assert recipe.role("standard-finetuned").parent == "standard"
    assert recipe.dictionaries is not None
    assert [h.split(".")[1] for h in recipe.dictionaries.hooks] == ["1", "2", "3"]
