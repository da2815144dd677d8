"""Fitted directions: each recovers a planted one, keeps its sign, and says where it came from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from harness.claim.terms import METHODS
from harness.errors import ClaimsError, NothingFired, UnknownName
from harness.intervene.context import behaviour_gradient
from harness.intervene.controls import placebo_directions, random_directions
from harness.intervene.fit import Direction, FitContext, fit_direction, split_half_cosine
from harness.intervene.methods import FITTERS
from harness.intervene.store import load_direction, save_direction
from harness.subject.backend import Watch
from harness.subject.decoder import Block, Decoder
from harness.subject.native import NativeModel
from tests.hf import seeded
from tests.toy import OPENERS, SEP, Toy, tiny

TASK, HOOK = Toy(), "blocks.2.hook_resid_post"
TEXTS = {v: TASK.texts("fit", 40, 1, v) for v in TASK.variants}
PLANTED = seeded(9, 32) / seeded(9, 32).norm()


def shifted(decoder: Decoder) -> NativeModel:
    """The decoder with the planted direction written by block 2's MLP on top of what it wrote."""
    block = decoder.blocks[2]
    assert isinstance(block, Block)
    with torch.no_grad():
        block.down += torch.outer(PLANTED, torch.full((48,), 3.0))
    return NativeModel(decoder, "shifted")


HOST = NativeModel(tiny(), "host")
SHIFTED = shifted(tiny())
CONTEXT = FitContext(
    HOST, {"regulation": SHIFTED, "standard": HOST}, TASK, TEXTS, HOOK, "step_onset"
)


def fit(method: str, context: FitContext = CONTEXT) -> Direction:
    return fit_direction(method, context, "regulation", "standard")


def test_every_method_of_the_claim_language_can_be_fitted() -> None:
    """The claim language's methods are fitters, but for what a file or a dictionary holds."""
    assert set(METHODS) - {"from-file", "dictionary-row"} <= set(FITTERS)


@pytest.mark.parametrize("method", sorted(set(FITTERS) - {"svd-attention"}))
def test_a_method_gives_a_unit_vector_with_a_length_and_a_provenance(method: str) -> None:
    """Directions are unit vectors, the same when fitted again, and name what they came from."""
    one, two = fit(method), fit(method)
    assert torch.equal(one.unit, two.unit)
    assert abs(float(one.unit.norm()) - 1) < 1e-5
    assert one.norm > 0
    assert one.provenance["method"] == method
    assert one.provenance["hook"] == HOOK
    assert one.provenance["positive_model"] == "shifted"


@pytest.mark.parametrize("method", ["svd-mlp", "pca-difference"])
def test_a_planted_difference_is_found(method: str) -> None:
    """Where two models differ by one written direction, that direction comes out, up to sign."""
    assert abs(float(fit(method).unit @ PLANTED)) > 0.99


@pytest.mark.parametrize("method", ["mean-difference", "logistic"])
def test_a_difference_points_from_negative_to_positive(method: str) -> None:
    """Swapping the roles turns the direction around; the sign is the data's, not chosen."""
    back = fit_direction(method, CONTEXT, "standard", "regulation")
    one = fit(method)
    assert float(one.unit @ back.unit) < -0.99
    x, y = (CONTEXT.gathered(m).x.mean(0) for m in (SHIFTED, HOST))
    assert float((x - y) @ one.unit) > 0


def test_the_mean_difference_is_the_difference_of_means() -> None:
    """Its vector is the class means' difference over all variants, to rounding."""
    got = fit("mean-difference")
    means = []
    for model in (SHIFTED, HOST):
        rows = []
        for part in TEXTS.values():
            mask = TASK.positions("step_onset", part.tokens)
            rows.append(model.activations(part.tokens, HOOK)[mask])
        means.append(torch.cat(rows).mean(0))
    assert torch.allclose(got.unit * got.norm, means[0] - means[1], atol=1e-4)


def test_the_contrast_compares_onsets_by_what_follows() -> None:
    """behaviour-contrast is the mean before an opener minus the mean before an ordinary step."""
    got = fit("behaviour-contrast")
    part = TEXTS["regulated"]
    both = torch.cat([SHIFTED.activations(p.tokens, HOOK).flatten(0, 1) for p in TEXTS.values()])
    opens, other = [], []
    start = 0
    for part in TEXTS.values():
        width = part.tokens.shape[1]
        for i in range(len(part.tokens)):
            for t in range(int(part.lengths[i]) - 1):
                if part.tokens[i, t] == SEP:
                    side = opens if int(part.tokens[i, t + 1]) in OPENERS else other
                    side.append(start + i * width + t)
        start += part.tokens.numel()
    assert torch.allclose(got.unit * got.norm, both[opens].mean(0) - both[other].mean(0), atol=1e-4)
    plain = replace(CONTEXT, texts={"plain": TEXTS["plain"]})
    with pytest.raises(NothingFired, match="nothing to contrast"):
        fit("behaviour-contrast", plain)


def test_the_gradient_predicts_a_small_step() -> None:
    """Adding a small vector at all onsets changes the mean log mass by its product with it."""
    part = TEXTS["plain"]
    context = replace(CONTEXT, texts={"plain": part})
    gradient = behaviour_gradient(context, HOST)
    mask = TASK.positions("step_onset", part.tokens)
    step = 0.02 * seeded(4, 32)

    def log_mass(vector: torch.Tensor) -> float:
        watch = Watch(HOOK, lambda x: x + mask[..., None] * vector)
        logp = HOST.logits(part.tokens, watch).log_softmax(-1)[mask]
        return float(logp[:, list(OPENERS)].logsumexp(-1).double().mean())

    found = (log_mass(step) - log_mass(-step)) / 2
    assert abs(found - float(gradient @ step)) < 0.02 * abs(found) + 1e-5


@pytest.mark.parametrize("method", ["pca-difference", "pca-within", "svd-mlp"])
def test_signless_methods_point_along_the_hosts_gradient(method: str) -> None:
    """Components and singular vectors are oriented toward more behaviour in the host."""
    assert float(fit(method).unit @ fit("gradient").unit) > 0


def test_halves_of_the_fit_split_agree_on_a_real_difference() -> None:
    """Split-half cosines are near one for a planted difference and use disjoint items."""
    assert split_half_cosine("mean-difference", CONTEXT, "regulation", "standard") > 0.95
    even, odd = CONTEXT.half(False).texts["plain"], CONTEXT.half(True).texts["plain"]
    assert torch.equal(even.tokens[1], TEXTS["plain"].tokens[2])
    assert torch.equal(odd.tokens[1], TEXTS["plain"].tokens[3])


def test_errors_name_what_is_wrong() -> None:
    """Unknown methods and roles, missing roles and zero vectors are refused."""
    with pytest.raises(UnknownName, match="mean-difference"):
        fit("mean-diference")
    with pytest.raises(UnknownName, match="regulation"):
        fit_direction("mean-difference", CONTEXT, "regulaton", "standard")
    with pytest.raises(ClaimsError, match="negative role"):
        fit_direction("mean-difference", CONTEXT, "regulation", None)
    with pytest.raises(ClaimsError, match="no direction"):
        fit("svd-attention")  # the two models' attention is the same
    with pytest.raises(NothingFired, match="absent"):
        fit("mean-difference", replace(CONTEXT, positions="absent"))


def test_controls_are_unit_vectors_of_the_right_spread() -> None:
    """Isotropic controls fill the sphere; covariance controls follow the activations."""
    stretched = seeded(1, 500, 32) * torch.tensor([10.0] + [1.0] * 31)
    for kind, low, high in (("isotropic", 0.02, 0.05), ("covariance", 0.4, 0.7)):
        drawn = random_directions(kind, stretched, 400, 7)
        assert torch.allclose(drawn.norm(dim=-1), torch.ones(400), atol=1e-5)
        assert low < float(drawn[:, 0].square().mean()) < high
        assert torch.equal(drawn, random_directions(kind, stretched, 400, 7))
        assert not torch.equal(drawn, random_directions(kind, stretched, 400, 8))
    with pytest.raises(UnknownName, match="covariance"):
        random_directions("covarience", stretched, 1, 7)


def test_placebo_directions_shuffle_the_models_labels() -> None:
    """Shuffled labels give unit vectors that mostly lose the mean difference."""
    x, y = CONTEXT.gathered(SHIFTED), CONTEXT.gathered(HOST)
    drawn = placebo_directions(x, y, 50, 3)
    assert torch.allclose(drawn.norm(dim=-1), torch.ones(50), atol=1e-5)
    assert float((drawn @ fit("mean-difference").unit).mean().abs()) < 0.3


def test_a_direction_comes_back_from_disk_as_it_was(tmp_path: Path) -> None:
    """Vector, length and provenance survive, and the bytes are the same each time."""
    one, path = fit("mean-difference"), tmp_path / "d.safetensors"
    save_direction(path, one)
    first = path.read_bytes()
    back = load_direction(path, 32)
    assert torch.equal(back.unit, one.unit)
    assert (back.norm, dict(back.provenance)) == (one.norm, dict(one.provenance))
    save_direction(path, back)
    assert path.read_bytes() == first


def test_foreign_direction_files_are_refused(tmp_path: Path) -> None:
    """Pickles, other tensors, other widths and broken files raise with a reason."""
    from safetensors.torch import save_file

    torch.save(fit("gradient").unit, tmp_path / "d.pt")
    with pytest.raises(ClaimsError, match="run code"):
        load_direction(tmp_path / "d.pt")
    save_file({"unit": torch.ones(4)}, str(tmp_path / "other.safetensors"))
    with pytest.raises(ClaimsError, match="not a direction"):
        load_direction(tmp_path / "other.safetensors")
    (tmp_path / "broken.safetensors").write_bytes(b"no")
    with pytest.raises(ClaimsError, match="cannot be read"):
        load_direction(tmp_path / "broken.safetensors")
    with pytest.raises(ClaimsError, match="no such"):
        load_direction(tmp_path / "none.safetensors")
    save_direction(tmp_path / "d.safetensors", fit("gradient"))
    with pytest.raises(ClaimsError, match="64"):
        load_direction(tmp_path / "d.safetensors", 64)
