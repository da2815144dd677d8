"""Position classes that a claim writes itself: membership, causality, and what is refused."""

from __future__ import annotations

import time

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import ClaimsError, UnknownName
from harness.subject.patterned import LONGEST, marked_texts, patterned
from harness.subject.patterns import class_name, fault, regex_of
from tests.toy import PAD, SEP, Toy

TASK = patterned(Toy())
TEXTS = Toy().texts("fit", 12, 1, "regulated")
VALID = torch.arange(TEXTS.tokens.shape[1]) < TEXTS.lengths[:, None]


def test_a_class_by_its_words_is_the_tasks_own() -> None:
    """Where the text so far ends with the separator's word is where the separator is."""
    found = TASK.positions(class_name(rf"\bt{SEP}"), TEXTS.tokens)
    assert torch.equal(found, TEXTS.tokens == SEP)
    assert torch.equal(TASK.positions("step_onset", TEXTS.tokens), TEXTS.tokens == SEP)
    late = TASK.positions(class_name(rf"t{SEP} .*t{SEP}"), TEXTS.tokens)
    assert torch.equal(late, Toy().positions("late_onset", TEXTS.tokens))
    either = TASK.positions(class_name("t7|t8"), TEXTS.tokens)  # alternatives end there, both
    assert torch.equal(either, (TEXTS.tokens == 7) | (TEXTS.tokens == 8))


@given(st.integers(1, TEXTS.tokens.shape[1]), st.integers(0, 11))
@settings(max_examples=40, deadline=None)
def test_a_position_depends_on_nothing_after_it(cut: int, row: int) -> None:
    """Cut anywhere, in any order, by one wrapper or another, alone or among others."""
    name = class_name(r"t\d\d t2|t1[0-9]")
    whole = TASK.positions(name, TEXTS.tokens)
    part = patterned(Toy()).positions(name, TEXTS.tokens[row : row + 1, :cut])
    assert torch.equal(part[0], whole[row, :cut])


def test_padding_belongs_to_no_class_of_its_own_text() -> None:
    """The decoded text does not change after the end, and would go on matching."""
    tokens = torch.tensor([[7, 15, SEP, PAD, PAD]])
    assert TASK.positions(class_name(f"t{SEP}"), tokens).tolist() == [[False, False, True, False,
                                                                       False]]  # fmt: skip


def test_everything_else_is_the_tasks_own() -> None:
    """Names too, and the errors for those that do not exist."""
    assert TASK.pad_id == PAD
    assert regex_of("step_onset") is None
    assert regex_of(class_name("a b")) == "a b"
    with pytest.raises(UnknownName):
        TASK.positions("nowhere", TEXTS.tokens)
    with pytest.raises(ClaimsError, match="refused"):
        TASK.positions(class_name("(a+)+"), TEXTS.tokens)


REFUSED = {
    "long": "a" * 201,
    "empty": "",
    "matches-nothing-at-all": "a*",
    "nested": "(a+)+b",
    "nested-in-a-group-of-a-group": "((ab?)c)*d",
    "alternatives-repeated": "(?:a|a)*b",
    "counted-twice": "(a{3}){4}b",
    "counted-from-nothing": "(a{,9}){,9}b",
    "four-quantifiers": "a*b*c*d*e",
    "lookahead": "(?=a)b",
    "flags": "(?i)a",
    "named": "(?P<x>a)",
    "comment": "(?#x)a",
    "back-reference": r"(a)\1",
    "possessive": "(a*)++b",
    "unclosed": "(a",
    "unopened": "a)",
    "unclosed-set": "[ab",
    "set-in-a-set": "[[a]b]",
    "escape-at-the-end": "a\\",
    "unseen": "a\x1b",
    "line-break": "a\nb",
}
ACCEPTED = ("<sep>", r"\[x\]", "a|b", "(?:a|b)c", "[^a]+ b", "[]a]+x", r"a{2,3}", r"\.", "a+?b",
            "(a)(b)c?", r"[\]*+]x")  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_could_be_slow_or_means_nothing_is_refused(name: str) -> None:
    """With a reason in words."""
    assert fault(REFUSED[name])


@pytest.mark.parametrize("regex", ACCEPTED)
def test_what_is_plain_is_accepted(regex: str) -> None:
    """Sets, groups, alternatives and a few quantifiers."""
    assert fault(regex) == ""


ATOMS = st.sampled_from([*"aab()|*+?[]{}^$.,2\\", "(?:", "a*", "(a|a)", r"\w"])


@given(st.lists(ATOMS, max_size=12).map("".join))
@settings(max_examples=300, deadline=None)
def test_what_is_accepted_is_fast_and_compiles(regex: str) -> None:
    """On a text that matches until its last character, where backtracking shows."""
    if fault(regex) == "":
        tokens = torch.full((1, 60), 7)
        start = time.process_time()
        TASK.positions(class_name(regex), tokens)
        import re

        re.compile(rf"(?:{regex})\Z").search("a" * 120 + "\x00")
        assert time.process_time() - start < 10  # backtracking takes for ever


def test_marked_texts_show_the_tokens_in_brackets() -> None:
    """At most three texts that have such a position; a long one is cut."""
    found = marked_texts(TASK, TEXTS.tokens, TEXTS.lengths, class_name(rf"\bt{SEP}"))
    words = [[f"[t{t}]" if t == SEP else f"t{t}" for t in row.tolist() if t != PAD]
             for row in TEXTS.tokens[:3]]  # fmt: skip
    assert found == [" ".join(row) for row in words]
    late = marked_texts(TASK, TEXTS.tokens, TEXTS.lengths, class_name("t7"))
    first = next(n for n, row in enumerate(TEXTS.tokens.tolist()) if 7 in row)
    assert late[0].replace("[", "").replace("]", "") == Toy().decode(TEXTS.tokens[first])
    assert marked_texts(TASK, TEXTS.tokens, TEXTS.lengths, class_name("never")) == []
    long = torch.full((1, 900), 7)
    cut = marked_texts(TASK, long, torch.tensor([900]), "step_body")
    assert len(cut[0]) == LONGEST
