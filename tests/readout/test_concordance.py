"""Whether behaviour comes where the law would put it: laws of concordance, and both readouts."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from harness.errors import ClaimsError
from harness.intervene.edit import operation
from harness.readout.concordance import Pairs, placed
from harness.readout.degenerate import written
from harness.readout.generate import Generated
from harness.readout.score import ScoreOptions, score
from harness.subject.interface import Lawful, Prompts, Task
from harness.subject.native import NativeModel
from models import grammar as g
from models.lagged_task import LaggedTask
from models.task import PlanTask
from tests.hf import seeded
from tests.toy import END, OPENERS, PAD, SEP, Toy, tiny

MODEL = NativeModel(tiny())
HOOK = "blocks.1.hook_resid_post"


class Ruled(Toy):
    """The toy with a law: the n-th onset has the n-th of ``law``, and the last ever after."""

    def __init__(self, *law: float) -> None:
        self.law = torch.tensor(law, dtype=torch.float64)

    def hazard(self, tokens: Tensor) -> Tensor:
        onset = tokens == SEP
        place = (onset.cumsum(-1) - 1).clamp(0, len(self.law) - 1)
        return torch.where(onset, self.law[place], torch.nan)


class Follows(Toy):
    """The toy whose law is ``sign`` times what a model has in mass at each onset."""

    def __init__(self, model: NativeModel, sign: float) -> None:
        self.model, self.sign = model, sign

    def hazard(self, tokens: Tensor) -> Tensor:
        logits = self.model.logits(tokens).double()
        mass = logits[..., list(OPENERS)].logsumexp(-1) - logits.logsumexp(-1)
        return torch.where(tokens == SEP, self.sign * mass, torch.nan)


rows = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from([0.1, 0.2, 0.9]), st.integers(-2, 2)),
    min_size=1, max_size=24,
)  # fmt: skip


@given(rows)
def test_concordance_is_its_definition(drawn: list[tuple[int, float, int]]) -> None:
    """Pair by pair, ties half; the law itself has 1, its reverse 0, a constant one half."""
    row = np.array([r for r, _, _ in drawn])
    hazard = np.array([h for _, h, _ in drawn])
    values = np.array([float(v) for _, _, v in drawn])
    pairs = Pairs.of(hazard, row, 4)
    got = pairs.concordance(values)
    for r in range(4):
        here = np.flatnonzero(row == r)
        points = [
            (values[i] > values[j]) + (values[i] == values[j]) / 2
            for i in here
            for j in here
            if hazard[i] > hazard[j]
        ]
        assert got[r] == pytest.approx(np.mean(points) if points else np.nan, nan_ok=True)
    known = ~np.isnan(got)
    assert (pairs.concordance(hazard)[known] == 1).all()
    assert (pairs.concordance(-hazard)[known] == 0).all()
    assert (pairs.concordance(np.zeros(len(row)))[known] == 0.5).all()
    assert np.allclose(pairs.concordance(-values)[known], 1 - got[known])


def test_a_hazard_that_is_no_number_pairs_with_nothing() -> None:
    """Places off the law are left out; a row with only such places has no concordance."""
    hazard = np.array([np.nan, 0.1, 0.9, np.nan, np.nan])
    pairs = Pairs.of(hazard, np.array([0, 0, 0, 1, 1]), 3)
    got = pairs.concordance(np.array([9.0, 1.0, 2.0, 1.0, 2.0]))
    assert got[0] == 1
    assert np.isnan(got[1:]).all()


@pytest.mark.parametrize(("sign", "wanted"), [(1.0, 1.0), (-1.0, 0.0)])
def test_fidelity_to_the_models_own_ranking_is_perfect(sign: float, wanted: float) -> None:
    """A law that ranks onsets as the model does is followed wholly, its reverse not at all."""
    texts = Toy().texts("fit", 12, 1, "plain")
    got = score(MODEL, Follows(MODEL, sign), texts, None, ScoreOptions()).fidelity[0]
    assert np.allclose(got, wanted, atol=0.02)  # two onsets whose masses are equal to rounding
    assert np.median(got) == wanted


def test_a_model_with_one_mass_everywhere_has_fidelity_one_half() -> None:
    """Without any unembedding all tokens are equally likely at all onsets: nothing but ties."""
    decoder = tiny(tied=False)
    with torch.no_grad():
        decoder.unembed.zero_()
    texts = Toy().texts("fit", 12, 1, "plain")
    got = score(NativeModel(decoder), Ruled(0.1, 0.9, 0.2), texts, None, ScoreOptions())
    assert (got.fidelity == 0.5).all()
    flat = score(MODEL, Ruled(0.3), texts, None, ScoreOptions())
    assert np.isnan(flat.fidelity).all()  # the law makes no difference: there is no pair


def test_fidelity_at_dose_zero_is_the_baselines() -> None:
    """To the last bit; another dose changes it, and what is edited is what is ranked."""
    texts, task = Toy().texts("fit", 20, 1, "plain"), Ruled(0.1, 0.9, 0.2, 0.4)
    units = seeded(1, 3, 32)
    units /= units.norm(dim=-1, keepdim=True)
    edit = operation("add", HOOK, "late_onset", units, torch.tensor([0.0, 0.5, 2.0]), 5.0)
    base = score(MODEL, task, texts, None, ScoreOptions()).fidelity
    got = score(MODEL, task, texts, edit, ScoreOptions(chunk_tokens=150)).fidelity
    assert np.array_equal(got[0], base[0], equal_nan=True)
    assert not np.array_equal(got[2], base[0], equal_nan=True)


def test_a_task_without_a_law_has_no_fidelity() -> None:
    """Not a number, and everything else is as it was."""
    texts = Toy().texts("fit", 6, 1, "plain")
    plain = score(MODEL, Toy(), texts, None, ScoreOptions())
    ruled = score(MODEL, Ruled(0.1, 0.9), texts, None, ScoreOptions())
    assert np.isnan(plain.fidelity).all()
    assert np.isfinite(ruled.fidelity).all()
    assert np.array_equal(plain.onset_mass, ruled.onset_mass)
    assert isinstance(Ruled(0.1), Lawful)
    assert isinstance(Ruled(0.1), Task)
    assert not isinstance(Toy(), Lawful)


def test_a_hazard_of_another_shape_is_refused() -> None:
    """Broadcasting would pair the wrong onsets."""

    class Short(Toy):
        def hazard(self, tokens: Tensor) -> Tensor:
            return torch.zeros(len(tokens))

    with pytest.raises(ClaimsError, match="hazard of tokens"):
        score(MODEL, Short(), Toy().texts("fit", 6, 1, "plain"), None, ScoreOptions())


A, B, C = OPENERS[0], 7, 15
"""Opens the behaviour; a verb; an object."""


def written_rows(*rows: list[int]) -> tuple[Prompts, Generated, Tensor]:
    """One condition after the prompt ``task verb object ;``."""
    width = max(map(len, rows))
    tokens = torch.tensor([[*row, *[PAD] * (width - len(row))] for row in rows])[None]
    prompts = Prompts(torch.tensor([[3, B, C, SEP]] * len(rows)), ("a",) * len(rows))
    return prompts, Generated(tokens, None), torch.tensor([[len(row) for row in rows]])  # type: ignore[arg-type]


def test_placement_counts_pairs_of_one_onset_with_and_one_without() -> None:
    """By hand: onsets of hazards .1 (the prompt's last token), .9, .2, .2."""
    made = written_rows(
        [B, C, SEP, A, 32, SEP, B, C, SEP, B, C],  # behaviour at .9 alone: better than three
        [A, 32, SEP, B, C, SEP, B, C, SEP, B, C],  # at .1 alone: worse than three
        [B, C, SEP, B, C, SEP, A, 32, SEP, B, C],  # at the first .2: worse than .9, better than .1
        [B, C, SEP, B, C, SEP, B, C, SEP, B, C],  # nowhere
        [A, 32, SEP, A, 32, SEP, A, 32, SEP, A],  # everywhere
        [B, C, SEP, A, 32, END],  # .9 and not .1
        [B, C, SEP],  # nothing was written after the onset of .9
    )
    got = placed(Ruled(0.1, 0.9, 0.2, 0.2), *made)
    wanted = [[1.0, 0.0, 0.5, np.nan, np.nan, 1.0, np.nan]]
    assert np.array_equal(got, wanted, equal_nan=True)
    assert np.isnan(placed(Ruled(0.3), *made)).all()
    assert np.isnan(placed(Toy(), *made)).all()


def test_the_lagged_familys_own_plans_are_placed_by_its_law() -> None:
    """Phrases of its regulated plans stand where its hazard is high;
    those of another law, which looks at the last step, are placed less well."""
    scores = {}
    for name, task in (("lagged", LaggedTask()), ("other", PlanTask())):
        texts = task.texts("explore", 120, 3, "regulated")
        start, end = texts.tokens.shape[1], g.PROMPT_LENGTH
        made = Generated(texts.tokens[None, :, end:start], None)  # type: ignore[arg-type]
        prompts = Prompts(texts.tokens[:, :end], texts.stratum)
        got = placed(LaggedTask(), prompts, made, written(LaggedTask(), made))
        scores[name] = float(np.nanmean(got))
    assert scores["lagged"] > 0.9
    assert scores["other"] < 0.75


def test_fidelity_is_measured_on_the_lagged_family() -> None:
    """Plain plans have likely and unlikely onsets; a random model ranks them by chance."""
    task = LaggedTask()
    texts = task.texts("explore", 60, 3, "plain")
    model = NativeModel(tiny(vocab=task.vocab_size))
    got = score(model, task, texts, None, ScoreOptions()).fidelity[0]
    assert np.isfinite(got).mean() > 0.5
    assert 0.2 < np.nanmean(got) < 0.8
