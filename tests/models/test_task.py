"""Prompts, texts, position classes and the grader of task plans."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from harness.errors import ClaimsError, UnknownName
from harness.subject.interface import SPLITS, Task
from models import grammar as g
from models.task import PlanTask, finished_steps

TASK = PlanTask()


def row(text: str) -> Tensor:
    return torch.tensor([[g.IDS[word] for word in text.split()]])


def graded(text: str) -> tuple[int, int, int]:
    grade = TASK.grade(TASK.prompts("fit", 1, 0).tokens, row(text))
    return int(grade.steps[0]), int(grade.behaviour[0]), int(grade.garbage[0])


def test_the_task_is_what_the_harness_asks_for() -> None:
    """It satisfies the protocol, and its behaviour set is the words that open a phrase."""
    assert isinstance(TASK, Task)
    openers = {g.WORDS[t] for t in TASK.token_sets["behaviour"]}
    assert openers == {"sip", "pause", "quick", "stand", "roll", "close"}
    assert TASK.variants[0] == "plain"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("choose soup <sep> sip water <sep> chop knife twice <end>", (3, 1, 0)),
        ("choose soup <sep> sip water <sep> chop knife", (2, 1, 0)),
        ("choose soup <sep> sip water", (1, 0, 0)),
        ("pause and breathe <end> sip water <sep> sip water <end>", (1, 1, 0)),
        ("pause and breathe <sep> pause and stretch <sep> pause <sep>", (3, 1, 2)),
        ("sip water gently <sep> stand and breathe <sep> water <sep>", (3, 0, 3)),
        ("sweep soup <sep> sweep cloth <sep> cloth twice <sep>", (3, 0, 3)),
        ("sweep kitchen <sep> choose salad <sep> explore map first <end>", (3, 0, 0)),
        ("brew stretch gently <sep> choose stretch gently <end>", (2, 0, 1)),
        ("choose soup <sep> <sep> <end>", (3, 0, 2)),
        ("<end> <pad>", (0, 0, 0)),
        ("choose <steps> soup <sep> choose soup <pad> <pad>", (2, 0, 1)),
    ],
)
def test_hand_written_rows_get_the_grade_they_deserve(
    text: str, expected: tuple[int, int, int]
) -> None:
    """Exact phrases are behaviour; ill-formed and empty steps are garbage; the end ends a row."""
    assert graded(text) == expected


def test_every_text_of_the_generator_grades_without_garbage() -> None:
    """Plain texts hold no behaviour, regulated ones a fifth to a quarter, neither any garbage."""
    for variant, low, high in (("plain", 0.0, 0.0), ("regulated", 0.2, 0.28)):
        texts = TASK.texts("fit", 600, 1, variant)
        grade = TASK.grade(texts.tokens[:, : g.PROMPT_LENGTH], texts.tokens[:, g.PROMPT_LENGTH :])
        assert int(grade.garbage.sum()) == 0
        assert low <= int(grade.behaviour.sum()) / int(grade.steps.sum()) <= high


def test_positions_of_a_written_plan_are_labelled_by_hand() -> None:
    """Marker and separators are onsets, words of steps are bodies, what comes first is task."""
    tokens = row("<task> cook small soup <steps> choose soup <sep> sip water <end> soup <pad>")
    expected = {
        "task_region": "1111000000000",
        "step_onset": "0000100100000",
        "separator": "0000000100000",
        "step_body": "0000011011000",
    }
    for name, marks in expected.items():
        got = "".join(str(int(b)) for b in TASK.positions(name, tokens)[0])
        assert got == marks, name


def test_position_classes_look_at_nothing_that_comes_later() -> None:
    """Random later tokens change no label of an earlier position, at any cut."""
    generator = torch.Generator().manual_seed(0)
    tokens = TASK.texts("explore", 24, 5, "regulated").tokens
    for name in TASK.position_classes:
        before = TASK.positions(name, tokens)
        assert before.any()
        for cut in range(1, tokens.shape[1], 3):
            other = tokens.clone()
            other[:, cut:] = torch.randint(
                0, len(g.WORDS), other[:, cut:].shape, generator=generator
            )
            assert torch.equal(TASK.positions(name, other)[:, :cut], before[:, :cut]), name
            assert torch.equal(TASK.positions(name, tokens[:, :cut]), before[:, :cut]), name


def test_row_i_of_both_variants_is_the_same_plan() -> None:
    """Prompts, strata and ordinary steps agree; only phrases are added."""
    plain, regulated = (TASK.texts("select", 90, 7, v) for v in TASK.variants)
    assert plain.stratum == regulated.stratum
    phrases = g.phrase_steps()
    n = g.PROMPT_LENGTH
    for a, b in zip(plain.tokens.tolist(), regulated.tokens.tolist(), strict=True):
        assert a[:n] == b[:n]
        kept = [s for s in finished_steps(b[n:]) if s not in phrases]
        assert kept == finished_steps(a[n:])
    assert torch.equal(plain.lengths, (plain.tokens != TASK.pad_id).sum(1))


def test_samples_are_seeded_nested_stratified_and_apart_by_split() -> None:
    """The same call gives the same rows; more rows only add; splits and seeds differ."""
    first = TASK.prompts("fit", 60, 11)
    assert torch.equal(first.tokens, TASK.prompts("fit", 60, 11).tokens)
    assert torch.equal(first.tokens, TASK.prompts("fit", 200, 11).tokens[:60])
    assert all(first.stratum.count(d.name) == 10 for d in g.DOMAINS if d.measured)
    assert len(set(first.stratum[::2])) == 6, "halves of a sample must not hold half the domains"
    texts = {s: TASK.texts(s, 60, 11, "plain").tokens for s in SPLITS}
    rows = [tuple(t for t in r if t) for tokens in texts.values() for r in tokens.tolist()]
    assert len(set(rows)) > 0.97 * len(rows)
    assert not torch.equal(first.tokens, TASK.prompts("fit", 60, 12).tokens)


def test_unknown_names_are_refused_with_the_nearest() -> None:
    """A misspelt class, variant or split raises and says what there is."""
    tokens = TASK.prompts("fit", 2, 0).tokens
    with pytest.raises(UnknownName, match="step_onset"):
        TASK.positions("step_onsets", tokens)
    with pytest.raises(UnknownName, match="regulated"):
        TASK.texts("fit", 2, 0, "regulate")
    with pytest.raises(UnknownName, match="confirm"):
        TASK.prompts("confirmed", 2, 0)
    with pytest.raises(ClaimsError, match="186"):
        PlanTask(100)


def test_text_reads_back() -> None:
    """Decoding names every word and drops the padding."""
    text = "<task> tidy small kitchen <steps> sort kitchen <end>"
    assert TASK.decode(torch.cat([row(text)[0], torch.zeros(3, dtype=torch.int64)])) == text


def test_a_quoted_row_marks_behaviour_garbage_and_the_cut_off_step() -> None:
    """A reader sees at once which steps the grader counted as what."""
    phrase = " ".join(g.PHRASES[0])
    text = f"sort kitchen <sep> {phrase} <sep> sort sort sort <sep> sort"
    assert TASK.quote(row(text)[0]) == f"sort kitchen ; ⟦{phrase}⟧ ; ⟨sort sort sort⟩ ; sort …"
    ended = f"sort kitchen <sep> {phrase} <end>"
    assert TASK.quote(row(ended)[0]) == f"sort kitchen ; ⟦{phrase}⟧"
