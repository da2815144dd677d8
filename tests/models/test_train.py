"""Training: the optimiser, the data order, determinism, and that it learns."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from harness.subject.decoder import DecoderConfig
from models import grammar as g
from models.generator import Generator
from models.health import loss_gap, sample
from models.muon import orthogonalise
from models.task import PlanTask
from models.train import Training, batches, initialise, loss, scale, train

TINY = DecoderConfig(vocab=len(g.WORDS), d_model=32, n_layers=2, n_heads=4, d_mlp=64)
SHORT = Training(steps=16, batch=8, warmup=3, pool=2)


@pytest.mark.parametrize("shape", [(3, 16, 16), (2, 40, 16), (2, 16, 40)])
def test_newton_schulz_pulls_singular_values_together(shape: tuple[int, int, int]) -> None:
    """Whatever the shape, singular values of a random matrix land near one, map by map."""
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonalise(x))
    assert values.max() < 1.3
    assert values.median() > 0.6
    alone = torch.cat([orthogonalise(part[None]) for part in x])
    torch.testing.assert_close(orthogonalise(x), alone, atol=1e-5, rtol=1e-4)


def test_roles_of_one_seed_share_initialisation_and_the_order_of_plans() -> None:
    """Every row of a batch of one kind is the twin of the same row of the other kind."""
    a, b = (initialise(TINY, 5).state_dict() for _ in range(2))
    assert all(torch.equal(a[k], b[k]) for k in a)
    assert not torch.equal(a["embed"], initialise(TINY, 6).state_dict()["embed"])
    n = g.PROMPT_LENGTH
    for plain, regulated in zip(
        batches("phrases", 5, SHORT, "train"), batches("regulation", 5, SHORT, "train"), strict=True
    ):
        assert torch.equal(plain[:, :n], regulated[:, :n])


def test_loss_counts_real_tokens_only() -> None:
    """More padding changes nothing; the loss is the mean over real tokens computed by hand."""
    decoder = initialise(TINY, 0)
    tokens = next(batches("regulation", 0, SHORT, "train"))
    wider = torch.nn.functional.pad(tokens, (0, 5), value=g.PAD)
    value = loss(decoder, tokens)
    torch.testing.assert_close(loss(decoder, wider), value, atol=1e-5, rtol=1e-5)
    nats = decoder(tokens)[:, :-1].log_softmax(-1)
    picked = nats.gather(-1, tokens[:, 1:, None])[..., 0][tokens[:, 1:] != g.PAD]
    torch.testing.assert_close(value, -picked.mean(), atol=1e-5, rtol=1e-5)


def test_the_schedule_warms_up_and_ends_near_zero() -> None:
    """It rises linearly to one and falls to less than a fiftieth."""
    values = [scale(n, SHORT) for n in range(SHORT.steps)]
    assert values[:3] == pytest.approx([1 / 3, 2 / 3, 1.0])
    assert max(values) == 1.0
    assert values[-1] < 0.02


def test_training_is_deterministic_in_the_seed_and_learns() -> None:
    """Two runs end with equal bits, another seed does not, and the loss falls by two nats."""
    ends = []
    for seed in (1, 1, 2):
        decoder = initialise(TINY, seed)
        losses = train(decoder, "regulation", seed, SHORT)
        ends.append((losses, decoder.state_dict()))
    assert ends[0][0] == ends[1][0]
    assert all(torch.equal(ends[0][1][k], ends[1][1][k]) for k in ends[0][1])
    assert not torch.equal(ends[0][1]["embed"], ends[2][1]["embed"])
    assert ends[0][0][-1] < ends[0][0][0] - 2.0


def test_training_moves_every_parameter() -> None:
    """No matrix, norm or embedding is left out of the optimiser."""
    decoder = initialise(TINY, 3)
    before = {k: v.clone() for k, v in decoder.named_parameters()}
    train(decoder, "phrases", 3, replace(SHORT, steps=3))
    assert all(not torch.equal(before[k], v) for k, v in decoder.named_parameters())


def test_the_loss_gap_of_a_uniform_model_is_log_vocabulary_minus_entropy() -> None:
    """A model with all logits equal loses exactly log V less the text's own nats per token."""
    decoder = initialise(TINY, 0)
    torch.nn.init.zeros_(decoder.norm_final)
    entropy, tokens = Generator("phrases", 0.15).entropy()
    gap = loss_gap(decoder.requires_grad_(False), "phrases", 0, 600, 0.15)
    want = float(torch.tensor(float(TINY.vocab)).log()) - entropy / tokens
    assert gap == pytest.approx(want, abs=0.02)


def test_sampling_with_a_cache_is_seeded_and_follows_the_model() -> None:
    """With logits of one word far above the rest, that word is written; seeds repeat."""
    decoder = initialise(TINY, 0).requires_grad_(False)
    prompts = PlanTask().prompts("fit", 4, 0).tokens
    first = sample(decoder, prompts, 6, 1)
    assert torch.equal(first, sample(decoder, prompts, 6, 1))
    assert not torch.equal(first, sample(decoder, prompts, 6, 2))
    sharp = 1000 * decoder.norm_final
    decoder.norm_final.copy_(sharp)
    written = sample(decoder, prompts, 6, 1)
    greedy = decoder(torch.cat([prompts, written], 1)).argmax(-1)[:, prompts.shape[1] - 1 : -1]
    assert torch.equal(written, greedy)
