"""Errors that reach a person say what, where and what to do, and carry the right exit code."""

from __future__ import annotations

import errno

import pytest

from harness import errors
from harness.errors import BadInput, ClaimsError, Problem, in_words, nearest, of_machine

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


def test_what_the_machine_did_is_told_from_what_a_program_did() -> None:
    """By the error number, of the error itself or of its cause; a missing file is no such thing."""
    full = OSError(errno.ENOSPC, "No space left on device", "/x")
    told = of_machine(full)
    assert told is not None
    assert told.sentence == (
        "/x: No space left on device. Free some space and run the same command again; what was "
        "measured is kept"
    )
    outer = ClaimsError("the ledger cannot be written")
    outer.__cause__ = full
    assert of_machine(outer) is outer
    missing = FileNotFoundError(errno.ENOENT, "No such file", "/y")
    for other in (missing, ValueError("x"), ClaimsError("y")):
        assert of_machine(other) is None
    assert in_words(missing).fix == "Check the path"
