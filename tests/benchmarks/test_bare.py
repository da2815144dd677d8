"""The bare form does the engine's work: same numbers, same tokens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.bare import Bare
from benchmarks.subjects import MINIATURE
from benchmarks.work import NEW, Read, Work
from harness.readout.generate import GenerateOptions, generate
from harness.readout.score import ScoreOptions, score
from harness.readout.vocabulary import WIDE
from harness.subject import layer
from tests.benchmarks.tiny import contest

VOCABULARIES = (MINIATURE.vocab, WIDE + 76)
"""Summed by exponentials, and by powers of two."""


@pytest.fixture(params=[False, True], ids=["small", "large"])
def matrices(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken for small ones, which project every row, or for large ones, which split a sum."""
    if request.param:
        monkeypatch.setattr(layer, "SMALL", 0)


@pytest.mark.usefixtures("matrices")
@pytest.mark.parametrize("vocab", VOCABULARIES)
def test_the_bare_sweep_gives_the_engines_readouts(tmp_path: Path, vocab: int) -> None:
    """All four readouts of every condition and text agree to rounding."""
    c = contest(tmp_path, vocab)
    theirs = Bare(c.model.decoder).score(c.work, c.work.vectors).numpy()
    ours = score(c.model, c.task, c.texts, c.edit, ScoreOptions())
    for name, values in zip(
        ("onset_mass", "elsewhere_mass", "ordinary_loss", "kl"), theirs, strict=True
    ):
        np.testing.assert_allclose(values, getattr(ours, name), rtol=2e-5, atol=2e-6)


def test_a_sweep_that_reads_onsets_alone_gives_the_engines_readouts(tmp_path: Path) -> None:
    """The bare form's, and what loops and peers pick out of their logits."""
    c = contest(tmp_path)
    ours = score(c.model, c.task, c.texts, c.edit, ScoreOptions(body=None))
    assert not np.isnan(ours.onset_mass).any()
    theirs = Bare(c.model.decoder).score(c.work, c.work.vectors, bodies=False).numpy()
    read, clean = Read.of(c.work), c.logits(c.work.tokens, None).log_softmax(-1)
    for name, number, values in (("onset_mass", 0, theirs[0]), ("kl", 1, theirs[3])):
        mine = getattr(ours, name)
        np.testing.assert_allclose(values, mine, rtol=2e-5, atol=2e-6)
        for n, vector in enumerate(c.work.vectors):
            logits = c.logits(c.work.tokens, vector)
            found = read.at_onsets(logits, clean, c.work.behaviour)[number]
            np.testing.assert_allclose(found.numpy(), mine[n], rtol=2e-4, atol=2e-6)


@pytest.mark.usefixtures("matrices")
@pytest.mark.parametrize("vocab", VOCABULARIES)
def test_a_loop_over_whole_logits_gives_the_engines_readouts(tmp_path: Path, vocab: int) -> None:
    """What loops and peers read from logits is what the engine reads."""
    c = contest(tmp_path, vocab)
    read, clean = Read.of(c.work), c.logits(c.work.tokens, None).log_softmax(-1)
    ours = score(c.model, c.task, c.texts, c.edit, ScoreOptions())
    for n, vector in enumerate(c.work.vectors):
        logits = c.logits(c.work.tokens, vector)
        for careful in (False, True):
            values = read.values(logits, clean, c.work.behaviour, careful)
            for name, theirs in zip(
                ("onset_mass", "elsewhere_mass", "ordinary_loss", "kl"), values, strict=True
            ):
                mine = getattr(ours, name)[n]
                np.testing.assert_allclose(theirs.numpy(), mine, rtol=2e-4, atol=2e-6)


@pytest.mark.parametrize("most", [8, 16, 100])
def test_the_bare_sampler_takes_the_engines_tokens(tmp_path: Path, most: int) -> None:
    """Greedily, however the rows are cut into batches."""
    c = contest(tmp_path)
    theirs = Bare(c.model.decoder).generate(c.work, c.work.vectors, NEW, most, None)
    ours = generate(
        c.model, c.task, c.prompts, c.edit, GenerateOptions(NEW, 1, temperature=0.0, max_rows=most)
    )
    assert torch.equal(theirs, ours.tokens)


def test_the_bare_sampler_samples(tmp_path: Path) -> None:
    """With noise, rows differ from the greedy ones, and prompts share it between conditions."""
    c = contest(tmp_path)
    bare, zero = Bare(c.model.decoder), torch.zeros_like(c.work.vectors)
    made = bare.generate(c.work, zero, NEW, 100, torch.Generator().manual_seed(1))
    greedy = bare.generate(c.work, zero, NEW, 100, None)
    assert not torch.equal(made, greedy)
    assert torch.equal(made[0], made[1])


def test_work_reads_back_as_written(tmp_path: Path) -> None:
    """A peer is given the very tensors that the engine has."""
    c = contest(tmp_path)
    again = Work.load(tmp_path)
    for name, value in vars(c.work).items():
        assert torch.equal(getattr(again, name), value), name
