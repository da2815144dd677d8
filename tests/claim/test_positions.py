"""Positions that a claim writes itself, as its file says them and as they are refused."""

from __future__ import annotations

import pytest

from harness.claim.parse import read_claim
from harness.errors import BadInput
from harness.yamlio import load_bytes
from tests.claim.texts import CLAIM

NAMED = "positions: step_body"


def read(positions: str) -> str:
    return read_claim(load_bytes(CLAIM.replace(NAMED, positions).encode())).sites["body"].positions


def test_an_expression_is_a_class_that_no_task_can_have() -> None:
    """With the place where it has to match, or without: there is one place so far."""
    assert read(NAMED) == "step_body"
    assert read("positions: {regex: 'a b', at: end}") == "regex:a b"
    assert read("positions: {regex: 'a b'}") == "regex:a b"


REFUSED = {
    "slow": ("positions: {regex: '(a+)+'}", "a repeated group"),
    "long": (f"positions: {{regex: '{'a' * 201}'}}", "201 characters"),
    "a-list": ("positions: {regex: [a]}", "sites.body.positions.regex"),
    "a-number": ("positions: {regex: 3}", "sites.body.positions.regex"),
    "empty": ("positions: {regex: ''}", "sites.body.positions.regex"),
    "elsewhere": ("positions: {regex: 'a', at: start}", "Nearest|end"),
    "without": ("positions: {at: end}", "regex"),
    "code": ("positions: {code: 'models.mine:f'}", "code"),
    "prefix": ("positions: 'regex:a'", "a position class"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_expression_is_named_with_its_place(name: str) -> None:
    """One problem, where it stands."""
    with pytest.raises(BadInput, match=REFUSED[name][1]):
        read(REFUSED[name][0])
