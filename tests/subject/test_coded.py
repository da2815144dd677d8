"""Position classes that code decides: what they may depend on, and that a breach is found."""

from __future__ import annotations

import itertools
import re

import pytest
import torch
from torch import Tensor

from harness.errors import ClaimsError, UnknownName
from harness.subject.coded import Function
from harness.subject.interface import Task
from harness.subject.patterned import patterned
from harness.subject.patterns import code_class, code_of
from tests.toy import PAD, SEP, Toy

TEXTS = Toy().texts("fit", 12, 1, "regulated")
NAME = code_class("models.mine:f")


def ask(function: Function, tokens: Tensor = TEXTS.tokens) -> Tensor:
    return patterned(Toy(), {"models.mine:f": function}).positions(NAME, tokens)


def late(tokens: Tensor, task: Task) -> Tensor:
    """Separators but the first: by the whole history, through the task's own class."""
    onset = task.positions("step_onset", tokens)
    return onset & (onset.cumsum(1) > 1)


def test_a_function_decides_as_the_tasks_own_class_does() -> None:
    """Of the batch, of a row alone, of its beginning; and other classes are as they were."""
    wanted = Toy().positions("late_onset", TEXTS.tokens)
    assert torch.equal(ask(late), wanted)
    assert wanted.any()
    assert torch.equal(ask(late, TEXTS.tokens[3:4, :9]), wanted[3:4, :9])
    assert ask(late, TEXTS.tokens[:0]).shape == TEXTS.tokens[:0].shape
    task = patterned(Toy(), {"models.mine:f": late})
    assert torch.equal(task.positions("step_onset", TEXTS.tokens), TEXTS.tokens == SEP)
    assert code_of(NAME) == "models.mine:f"
    assert code_of("step_onset") is None
    with pytest.raises(UnknownName):
        patterned(Toy()).positions(NAME, TEXTS.tokens)


def test_padding_belongs_to_no_class() -> None:
    """Also where the function says so; and it may say another thing of it in another batch."""
    found = ask(lambda tokens, task: tokens >= 0)
    assert torch.equal(found, TEXTS.tokens != PAD)
    last = torch.arange(TEXTS.tokens.shape[1]) == TEXTS.tokens.shape[1] - 1

    def at_the_edge(tokens: Tensor, task: Task) -> Tensor:
        return (tokens == SEP) | ((tokens == PAD) & last[-tokens.shape[1] :])

    assert torch.equal(ask(at_the_edge), TEXTS.tokens == SEP)
    narrow = ask(lambda tokens, task: (tokens != PAD) | (tokens.cumsum(1) % 2 == 0))
    assert torch.equal(narrow, TEXTS.tokens != PAD)


def test_what_the_function_does_to_its_tokens_stays_there() -> None:
    """It has a copy."""
    tokens = TEXTS.tokens.clone()

    def spoils(tokens: Tensor, task: Task) -> Tensor:
        return tokens.fill_(SEP) == SEP

    ask(spoils, tokens)
    assert torch.equal(tokens, TEXTS.tokens)


def before_a_separator(tokens: Tensor, task: Task) -> Tensor:
    return torch.nn.functional.pad(tokens[:, 1:], (0, 1)) == SEP


def the_last(tokens: Tensor, task: Task) -> Tensor:
    return torch.arange(tokens.shape[1]) == (tokens != PAD).sum(1, keepdim=True) - 1


def in_long_texts(tokens: Tensor, task: Task) -> Tensor:
    return (tokens == SEP) & (tokens.shape[1] > 20)


def in_texts_with_a_pause(tokens: Tensor, task: Task) -> Tensor:
    pause = (tokens >= 29) & (tokens < 32)
    return (tokens == SEP) & pause.any(1, keepdim=True)


LEAKS = (before_a_separator, the_last, in_long_texts, in_texts_with_a_pause)


@pytest.mark.parametrize("leak", LEAKS)
def test_a_class_that_looks_ahead_is_refused(leak: Function) -> None:
    """At once, in one sentence with the module and what to write instead."""
    with pytest.raises(ClaimsError, match="depends on what comes after") as caught:
        ask(leak)
    assert caught.value.where == "models/mine.py"
    assert "tokens[:, : t + 1]" in caught.value.fix
    found = re.search(r"token (\d+) .* text of (\d+) tokens .* first (\d+)", caught.value.what)
    assert found is not None
    at, whole, cut = map(int, found.groups())
    assert at < cut < whole


@pytest.mark.parametrize("leak", [before_a_separator, in_texts_with_a_pause])
def test_a_leak_is_found_in_generation_after_many_calls(leak: Function) -> None:
    """Each step is compared with the one before, long after the first calls."""
    task = patterned(Toy(), {"models.mine:f": lambda t, task: leak(t, task) & (t.shape[1] > 3)})
    for _ in range(40):
        task.positions(NAME, TEXTS.tokens[:, :3])

    def generates() -> None:
        for length in range(4, TEXTS.tokens.shape[1]):
            task.positions(NAME, TEXTS.tokens[:, :length])

    with pytest.raises(ClaimsError, match="depends on what comes after"):
        generates()


def test_a_class_that_looks_at_other_rows_is_refused() -> None:
    """Which rows share a batch is nobody's to choose."""
    with pytest.raises(ClaimsError, match="other rows"):
        ask(lambda tokens, task: tokens > tokens.float().mean())


def test_a_class_that_changes_its_mind_is_refused() -> None:
    """By randomness or by counting its calls."""
    calls = itertools.count()
    with pytest.raises(ClaimsError, match="asked again"):
        ask(lambda tokens, task: tokens % 2 == next(calls) % 2)
    with pytest.raises(ClaimsError, match="asked again"):
        ask(lambda tokens, task: torch.rand(tokens.shape) > 0.5)


def fails(tokens: Tensor, task: Task) -> Tensor:
    raise KeyError("a token")


WRONG = {
    "a-list": (lambda t, task: [True], "gave list, not a tensor"),
    "numbers": (lambda t, task: t, "gave int64"),
    "another-shape": (lambda t, task: (t == SEP).any(1), "not a boolean of the same shape"),
    "an-error": (fails, "raised KeyError: 'a token'"),
    "no-argument": (lambda t: t == SEP, "raised TypeError"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_class_is_said_with_the_place(name: str) -> None:
    """As one problem, whatever it raises or gives."""
    function, words = WRONG[name]
    with pytest.raises(ClaimsError, match=words) as caught:
        ask(function)  # type: ignore[arg-type]
    line = fails.__code__.co_firstlineno + 1
    assert caught.value.where == ("models/mine.py" + (f":{line}" if name == "an-error" else ""))
    assert caught.value.fix


def test_an_error_of_the_harness_keeps_its_words() -> None:
    """A class that the task has not is named by the task."""
    with pytest.raises(UnknownName, match="nowhere"):
        ask(lambda tokens, task: task.positions("nowhere", tokens))
