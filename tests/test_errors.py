"""Errors that reach a person say what, where and what to do, and carry the right exit code."""

from __future__ import annotations

import pytest

from harness import errors
from harness.errors import BadInput, ClaimsError, Problem, nearest

EXITS = {
    "ClaimsError": 2,
    "BadInput": 2,
    "UnknownName": 2,
    "NothingFired": 3,
    "OutOfOrder": 3,
    "RecordBroken": 3,
    "NothingThere": 4,
}


def test_every_error_has_its_documented_exit_code() -> None:
    """2 bad input, 3 no verdict can stand, 4 nothing to examine."""
    found = {
        name: one.exit_code
        for name, one in vars(errors).items()
        if isinstance(one, type) and issubclass(one, ClaimsError)
    }
    assert found == EXITS


def test_a_sentence_has_place_fault_and_advice_in_that_order() -> None:
    """What is absent leaves no trace of punctuation."""
    assert ClaimsError("it broke").sentence == "it broke"
    assert ClaimsError("it broke", where="here").sentence == "here: it broke"
    assert str(ClaimsError("it broke", where="here", fix="Mend it")) == "here: it broke. Mend it"


def test_a_problem_points_into_its_file() -> None:
    """File, line and path come first, as editors and people read them."""
    assert str(Problem("a.yaml", 3, "b.c", "is bad", "Write d")) == (
        "a.yaml:3 at b.c: is bad. Write d"
    )
    assert str(Problem("a.yaml", 0, "", "is empty")) == "a.yaml: is empty"


def test_bad_input_shows_every_problem_on_a_line_of_its_own() -> None:
    """Nothing is summarised away."""
    problems = tuple(Problem("a.yaml", n, "", f"fault {n}") for n in (1, 2, 3))
    assert BadInput(problems).sentence.splitlines() == [str(p) for p in problems]


@pytest.mark.parametrize(
    ("name", "known", "words"),
    [
        ("margn", ("alpha", "margin", "kind"), "margin"),
        ("zzz", ("b", "a"), "a, b"),
        ("x", (), "(none)"),
    ],
)
def test_the_nearest_names_are_named(name: str, known: tuple[str, ...], words: str) -> None:
    """Close names first; where none is close, what there is."""
    assert nearest(name, known).startswith(words)
