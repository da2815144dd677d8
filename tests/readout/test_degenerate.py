"""Loops and surprise in generated rows: by hand, against plain forward passes, and their cost."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from harness.intervene.edit import operation
from harness.readout.degenerate import clean_nats, repetition, written
from harness.readout.generate import Generated, GenerateOptions, generate
from harness.subject.native import NativeModel
from tests.hf import bridge, seeded
from tests.toy import END, PAD, SEP, Toy, tiny

TASK, MODEL = Toy(), NativeModel(tiny())
PROMPTS = TASK.prompts("fit", 20, 1)
OPTIONS = GenerateOptions(new_tokens=24, seed=5)


def rows(*given: list[int]) -> Generated:
    width = max(map(len, given))
    return Generated(torch.tensor([[[*r, *[PAD] * (width - len(r))] for r in given]]), None)  # type: ignore[arg-type]


def swept() -> Generated:
    units = seeded(1, 4, 32)
    units /= units.norm(dim=-1, keepdim=True)
    doses = torch.tensor([0.0, 0.5, 2.0, 0.0])
    edit = operation("add", "blocks.1.hook_resid_post", "step_onset", units, doses, 5.0)
    return generate(MODEL, TASK, PROMPTS, edit, OPTIONS)


class Counting:
    """A model that counts the tokens it is run on."""

    def __init__(self, model: NativeModel) -> None:
        self.model, self.tokens = model, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def clean(self, tokens: Tensor, *rest: Any) -> Any:
        self.tokens += tokens.numel()
        return self.model.clean(tokens, *rest)


def test_a_row_ends_with_its_end_token_or_before_its_padding() -> None:
    """The end token is the last one that was written; a row may be empty."""
    made = rows([7, 8, END], [7, END, 9, 9], [7, 8, 9, 9], [PAD, 7], [END])
    assert written(TASK, made).tolist() == [[3, 2, 4, 0, 1]]


def test_repetition_by_hand() -> None:
    """Grams that came before, over all grams; the end token and too short a row have none."""
    made = rows(
        [7, 8, 9, 7, 8, 9, 7, 8],  # 789 897 978 789 897 978: the second three
        [7, 7, 7, 7, 7, 7, 7, 7],
        [7, 8, 9, 10, 11, 12, 13, 14],
        [7, 8, 9, END],
        [7, 8, END],
        [END],
    )
    got = repetition(TASK, made, written(TASK, made))[0]
    assert np.allclose(got, [1 / 2, 5 / 6, 0, 0, np.nan, np.nan], equal_nan=True)


def test_clean_nats_are_those_of_a_plain_forward_pass() -> None:
    """Row by row: minus the mean log probability of what was generated, without any edit."""
    made = swept()
    made.tokens[0, 3, 5:] = torch.tensor([END, *[PAD] * 18])
    made.tokens[0, 4] = PAD
    lengths = written(TASK, made)
    got = clean_nats(MODEL, PROMPTS, made, lengths)
    for c in range(4):
        for p in range(20):
            n = int(lengths[c, p])
            tokens = torch.cat([PROMPTS.tokens[p], made.tokens[c, p, :n]])[None]
            logp = MODEL.logits(tokens).double().log_softmax(-1)[0, 3:-1]
            said = -logp.gather(1, tokens[0, 4:, None]).mean() if n else torch.tensor(np.nan)
            assert np.allclose(got[c, p], float(said), atol=1e-4, equal_nan=True)
    assert np.isnan(got[0, 4])
    assert got[2].mean() > got[0][np.isfinite(got[0])].mean()  # a large dose surprises the model


def test_dose_zero_has_the_baselines_bits_whatever_else_is_in_the_batch() -> None:
    """All of a row's readouts."""
    base, made = generate(MODEL, TASK, PROMPTS, None, OPTIONS), swept()
    for c in (0, 3):
        one, two = written(TASK, base), written(TASK, made)
        alone, among = clean_nats(MODEL, PROMPTS, base, one), clean_nats(MODEL, PROMPTS, made, two)
        assert np.array_equal(alone[0], among[c])
        assert np.array_equal(repetition(TASK, base, one)[0], repetition(TASK, made, two)[c])


def test_it_costs_at_most_one_forward_pass_a_row() -> None:
    """Counted in tokens: padding included no more than the rows hold, and equal conditions once."""
    made, model = swept(), Counting(MODEL)
    clean_nats(model, PROMPTS, made, written(TASK, made))  # type: ignore[arg-type]
    assert 0 < model.tokens <= 3 * 20 * (4 + 24)


def test_both_backends_agree() -> None:
    """The reference backend gives the same nats to rounding."""
    made = swept()
    few = Generated(made.tokens[1:2, :8], made.evidence)
    prompts = type(PROMPTS)(PROMPTS.tokens[:8], PROMPTS.stratum[:8])
    lengths = written(TASK, few)
    ours = clean_nats(MODEL, prompts, few, lengths)
    theirs = clean_nats(bridge(tiny()), prompts, few, lengths)
    assert np.allclose(ours, theirs, atol=1e-4)


def test_a_separator_is_a_token_like_any_other() -> None:
    """A plan that writes the same step twice repeats itself across the separator."""
    made = rows([7, 15, SEP, 7, 15, SEP, 8, 16])
    assert np.isclose(repetition(TASK, made, written(TASK, made))[0, 0], 1 / 6)
