"""Sparse dictionaries: the disk format, the encoder, edits through them, and counting."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from harness.errors import ClaimsError, NothingFired
from harness.readout.dictionary import (
    Dictionary,
    load_dictionary,
    quality,
    random_like,
    save_dictionary,
)
from harness.readout.feature_edit import FeatureEdit
from harness.readout.features import COLUMNS, count_features
from harness.readout.generate import GenerateOptions, generate
from harness.readout.score import ScoreOptions, score
from harness.subject.native import NativeModel
from tests.hf import seeded
from tests.toy import Toy, tiny

TASK, HOOK = Toy(), "blocks.1.hook_resid_post"


def made(m: int = 24, k: int = 4) -> Dictionary:
    w = seeded(1, m, 32)
    return Dictionary(w.T * 0.3, w, seeded(2, m) * 0.1, seeded(3, 32), k, {"hook_name": HOOK})


def test_a_dictionary_comes_back_from_disk_as_it_was(tmp_path: Path) -> None:
    """Saving and loading keeps every weight, k and the metadata."""
    save_dictionary(tmp_path / "sae", made())
    back = load_dictionary(tmp_path / "sae")
    for name in ("w_enc", "w_dec", "b_enc", "b_dec"):
        assert torch.equal(getattr(back, name), getattr(made(), name))
    assert (back.k, dict(back.metadata)) == (4, {"hook_name": HOOK})


def test_an_unsupported_dictionary_is_refused_with_its_reason(tmp_path: Path) -> None:
    """Another architecture, wrong shapes and missing files are errors that say what is wrong."""
    save_dictionary(tmp_path, made())
    config = json.loads((tmp_path / "cfg.json").read_text())
    (tmp_path / "cfg.json").write_text(json.dumps({**config, "architecture": "gated"}))
    with pytest.raises(ClaimsError, match="gated"):
        load_dictionary(tmp_path)
    (tmp_path / "cfg.json").write_text(json.dumps({**config, "d_sae": 25}))
    with pytest.raises(ClaimsError, match="do not fit"):
        load_dictionary(tmp_path)
    with pytest.raises(ClaimsError, match=r"no cfg\.json"):
        load_dictionary(tmp_path / "nowhere")


def test_at_most_k_features_fire_and_they_are_the_largest() -> None:
    """The encoder keeps the k largest pre-activations, clipped at zero."""
    d, x = made(), seeded(5, 50, 32)
    f = d.encode(x)
    before = (x - d.b_dec) @ d.w_enc + d.b_enc
    assert int((f > 0).sum(-1).max()) == 4
    for row, raw in zip(f, before, strict=True):
        kept = raw.topk(4).values.relu().sum()
        assert torch.allclose(row.sum(), kept)


def test_a_random_dictionary_has_the_shape_and_norms_but_not_the_weights() -> None:
    """The untrained control matches shape, k and decoder norms and depends on its seed."""
    d = made()
    one, two, again = random_like(d, 1), random_like(d, 2), random_like(d, 1)
    assert torch.allclose(one.w_dec.norm(dim=-1), d.w_dec.norm(dim=-1), atol=1e-5)
    assert (one.k, one.w_enc.shape) == (d.k, d.w_enc.shape)
    assert torch.equal(one.w_dec, again.w_dec)
    assert not torch.equal(one.w_dec, two.w_dec)
    assert set(quality(d, seeded(5, 50, 32))) == {"explained_variance", "dead_fraction", "l0"}


def test_an_edit_that_changes_no_feature_is_bit_identical_to_none() -> None:
    """Ablating an empty group of features leaves generation and scoring as they were."""
    model, d = NativeModel(tiny()), made()
    edit = FeatureEdit.ablate(HOOK, "step_onset", d, [[], list(range(24))])
    prompts, texts = TASK.prompts("fit", 6, 1), TASK.texts("fit", 6, 1, "plain")
    options = GenerateOptions(12, 3)
    base = generate(model, TASK, prompts, None, options)
    got = generate(model, TASK, prompts, edit, options)
    assert torch.equal(got.tokens[0], base.tokens[0])
    assert (got.evidence.delta_max[1] > 0).all()
    assert (got.evidence.delta_max[0] == 0).all()
    kl = score(model, TASK, texts, edit, ScoreOptions()).kl
    assert (kl[0] == 0).all()
    assert (kl[1] > 0).all()


def test_feature_counts_agree_with_a_count_by_hand() -> None:
    """The table's counts are the firings at the class's positions, per variant and stratum."""
    models = {"regulation": NativeModel(tiny(1)), "standard": NativeModel(tiny(2))}
    texts = {v: TASK.texts("fit", 20, 1, v) for v in TASK.variants}
    table = count_features(models, TASK, texts, {"regulation": made()}, HOOK, ["step_onset"])
    assert tuple(table.columns) == COLUMNS
    part = texts["regulated"]
    rows = [i for i, s in enumerate(part.stratum) if s == "task4"]
    mask = TASK.positions("step_onset", part.tokens[rows])
    x = models["standard"].activations(part.tokens, HOOK)[rows][mask]
    fires = (made().encode(x) > 0).sum(0)
    mine = table[(table.text_variant == "regulated") & (table.stratum == "task4")]
    assert mine.fires_standard.tolist() == fires.tolist()
    assert (mine.positions == int(mask.sum())).all()
    assert (table.fires_regulation <= table.positions).all()
    assert table.fires_regulation.tolist() != table.fires_standard.tolist()
    with pytest.raises(NothingFired, match="absent"):
        count_features(models, TASK, texts, {"regulation": made()}, HOOK, ["absent"])
