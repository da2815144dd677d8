"""The chance of a phrase read off tokens, and the position classes that follow from it."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from harness.errors import UnknownName
from harness.subject.interface import Task
from models import grammar as g
from models.generator import START, State
from models.lagged import HIGH, LOW, LaggedGenerator, hazard
from models.lagged_task import LaggedTask
from models.task import PlanTask, finished_steps, pad

TASK = LaggedTask()
AFTER, UNWIND = g.AFTER_REGULATION, g.UNWIND_RATE


def row(text: str) -> Tensor:
    return torch.tensor([[g.IDS[word] for word in text.split()]])


def chances(text: str) -> list[float]:
    """What ``hazard`` says at the onsets of a written row, in order."""
    found = TASK.hazard(row(text))[0]
    return [float(x) for x in found if not math.isnan(x)]


def test_the_task_is_what_the_harness_asks_for() -> None:
    """It satisfies the protocol and adds two position classes to those of the plain task."""
    assert isinstance(TASK, Task)
    assert TASK.position_classes == (*PlanTask().position_classes, "hot_onset", "cold_onset")
    assert len({HIGH, LOW, AFTER, UNWIND, 0.0}) == 5, "a class is told by its chance"


def test_the_chance_read_off_tokens_is_the_generators_own_at_every_onset() -> None:
    """On 400 plans of the law, unwind among them: equal at every onset, NaN everywhere else."""
    law = LaggedGenerator("regulation", 0.3)
    generator = torch.Generator().manual_seed(0)
    uniforms = torch.rand(400, g.LONGEST_PLAN, generator=generator, dtype=torch.float64).numpy()
    rows = [law.sample(u) for u in uniforms]
    tokens, _ = pad(rows)
    found = TASK.hazard(tokens)
    assert found.dtype == torch.float64
    openers = set(TASK.token_sets["behaviour"])
    seen: set[float] = set()
    for n, plan in enumerate(rows):
        state: State = START
        for t, token in enumerate(plan):
            state = next(after for word, _, after in law.choices(state) if word == token)
            got = float(found[n, t])
            if state.slot != "onset":
                assert math.isnan(got)
                continue
            before = state.before  # type: ignore[attr-defined]
            domain = g.DOMAINS[state.domain]
            want = hazard("regulation", domain, before, state.after_phrase, state.phrases)
            assert got == want
            opening = sum(c for word, c, _ in law.choices(state) if word in openers)
            assert got == pytest.approx(opening, abs=1e-12)
            seen.add(got)
        assert found[n, len(plan) :].isnan().all()
    assert {HIGH, LOW, AFTER, UNWIND} <= seen


PROMPT = "<task> cook small soup <steps> "


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("chop soup <sep> mix soup <sep> heat soup <sep>", [LOW, LOW, HIGH, LOW]),
        ("mix soup <sep> chop soup <sep> heat soup <sep>", [LOW, LOW, LOW, HIGH]),
        ("chop pan first <sep> knead soup <sep> heat soup", [LOW, LOW, HIGH]),
        # a phrase is no step: the two steps before it still are the last two
        ("chop soup <sep> sip water <sep> mix soup <sep>", [LOW, LOW, AFTER, HIGH]),
        (
            "chop soup <sep> mix soup <sep> sip water <sep> heat soup <sep>",
            [LOW, LOW, HIGH, AFTER, LOW],
        ),
        # what is not exactly a phrase is a step; it takes effort by its first word alone
        ("chop soup <sep> sip water again <sep> mix soup <sep>", [LOW, LOW, HIGH, LOW]),
        ("chop <sep> <sep> chop chop chop chop <sep> soup <sep>", [LOW, LOW, HIGH, LOW, HIGH]),
        ("soup chop <sep> soup <sep>", [LOW, LOW, LOW]),
        ("chop sip water <sep> mix soup <sep>", [LOW, LOW, HIGH]),
        ("sip water <sep> sip water <sep> chop soup <sep>", [LOW, AFTER, AFTER, LOW]),
        # an effortful verb of another domain takes effort too
        ("scrub soup <sep> mix soup <sep>", [LOW, LOW, HIGH]),
        # a second marker is an onset; after the end there is none
        ("chop soup <steps> mix soup <sep>", [LOW, LOW, HIGH]),
        ("chop soup <sep> mix soup <end> heat soup <sep>", [LOW, LOW]),
        ("sip water <sep> " * 6 + "chop soup <sep>", [LOW, *[AFTER] * 5, 0.0, 0.0]),
    ],
)
def test_rows_written_by_hand_have_the_chances_they_deserve(
    text: str, expected: list[float]
) -> None:
    """Two steps back counts, phrases do not; text that is no plan is read as documented."""
    assert chances(PROMPT + text) == expected


def test_prompts_that_are_none_are_read_too() -> None:
    """Unwind is known from its task word on; a marker at once, or a foreign domain, is measured."""
    assert chances("<task> unwind small lamp <steps> dim lamp <sep>") == [UNWIND, UNWIND]
    assert chances("<steps> unwind <sep> brew <sep>") == [LOW, UNWIND, UNWIND]
    assert chances("<task> soup <steps> chop soup <sep> mix soup <sep>") == [LOW, LOW, HIGH]
    assert chances("<task> cook small soup") == []
    assert chances("<steps>") == [LOW]


def test_hot_and_cold_onsets_of_a_written_plan_are_labelled_by_hand() -> None:
    """Effort two back is hot, no effort cold; the onset after a phrase is neither."""
    tokens = row(PROMPT + "chop soup <sep> mix soup <sep> sip water <sep> heat soup <sep> <end>")
    expected = {
        "hot_onset": "000000000010000000",
        "cold_onset": "000010010000000010",
        "step_onset": "000010010010010010",
    }
    for name, marks in expected.items():
        assert "".join(str(int(b)) for b in TASK.positions(name, tokens)[0]) == marks, name


def test_nothing_that_comes_later_changes_a_class_or_a_chance() -> None:
    """Random later tokens change no label and no chance of an earlier position, at any cut."""
    generator = torch.Generator().manual_seed(0)
    plans_ = TASK.texts("explore", 24, 5, "regulated").tokens
    words = torch.tensor(
        [g.SEP, g.STEPS, g.IDS["chop"], g.IDS["sip"], g.IDS["water"], g.IDS["mix"]]
    )
    noise = words[torch.randint(len(words), (64, 30), generator=generator)]
    for tokens in (plans_, noise):
        chance = TASK.hazard(tokens)
        before = {name: TASK.positions(name, tokens) for name in TASK.position_classes}
        for cut in range(1, tokens.shape[1], 3):
            other = tokens.clone()
            other[:, cut:] = torch.randint(
                0, len(g.WORDS), other[:, cut:].shape, generator=generator
            )
            for changed in (other, tokens[:, :cut]):
                torch.testing.assert_close(
                    TASK.hazard(changed)[:, :cut], chance[:, :cut], rtol=0, atol=0, equal_nan=True
                )
                for name, labels in before.items():
                    assert torch.equal(TASK.positions(name, changed)[:, :cut], labels[:, :cut])
    assert all(TASK.positions(name, plans_).any() for name in TASK.position_classes)


def test_texts_are_paired_by_row_and_the_plain_ones_are_the_miniatures() -> None:
    """Plain texts and prompts equal those of the plain task; regulated ones only add phrases."""
    plain, regulated = (TASK.texts("select", 90, 7, v) for v in TASK.variants)
    base = PlanTask()
    assert torch.equal(plain.tokens, base.texts("select", 90, 7, "plain").tokens)
    assert torch.equal(TASK.prompts("fit", 12, 1).tokens, base.prompts("fit", 12, 1).tokens)
    assert not torch.equal(regulated.tokens, base.texts("select", 90, 7, "regulated").tokens)
    assert plain.stratum == regulated.stratum
    phrases, n = g.phrase_steps(), g.PROMPT_LENGTH
    for a, b in zip(plain.tokens.tolist(), regulated.tokens.tolist(), strict=True):
        assert a[:n] == b[:n]
        kept = [s for s in finished_steps(b[n:]) if s not in phrases]
        assert kept == finished_steps(a[n:])


def test_every_regulated_text_grades_without_garbage_and_over_an_eighth_behaviour() -> None:
    """A tenth to a fifth of the steps of regulated texts are phrases, and none are garbage."""
    texts = TASK.texts("fit", 600, 1, "regulated")
    grade = TASK.grade(texts.tokens[:, : g.PROMPT_LENGTH], texts.tokens[:, g.PROMPT_LENGTH :])
    assert int(grade.garbage.sum()) == 0
    assert 0.125 < int(grade.behaviour.sum()) / int(grade.steps.sum()) < 0.2


def test_unknown_names_are_refused_with_the_nearest() -> None:
    """A misspelt class or variant raises and says what there is."""
    tokens = TASK.prompts("fit", 2, 0).tokens
    with pytest.raises(UnknownName, match="hot_onset"):
        TASK.positions("hot_onsets", tokens)
    with pytest.raises(UnknownName, match="regulated"):
        TASK.texts("fit", 2, 0, "regulate")
