"""Positions that a claim writes itself, as its file says them and as they are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.claim.canonical import claim_from_json, claim_to_json
from harness.claim.parse import read_claim
from harness.claim.parse_positions import missing
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


def test_a_function_is_a_class_that_no_task_can_have() -> None:
    """Written as a recipe writes its builder, and back from the canonical form."""
    assert read("positions: {code: models.mine:early}") == "code:models.mine:early"
    text = CLAIM.replace(NAMED, "positions: {code: models.mine:early}")
    claim = read_claim(load_bytes(text.encode()))
    plain = claim_to_json(claim)
    assert plain["sites"]["body"]["positions"] == {"code": "models.mine:early"}
    assert claim_from_json(plain) == claim


MODULE = """\
from pathlib import Path as Place
import os.path
early: int = 3
try:
    late, (later, _) = 1, (2, 3)
except ValueError:
    pass
else:
    def last(): inner = 1
class Most: pass
"""


def test_a_module_is_read_for_the_function_and_never_run(tmp_path: Path) -> None:
    """What is bound at its top has the name, in whichever way; nothing inside a function has."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/__init__.py").write_text(MODULE + "raise SystemExit\n")
    for name in ("Place", "os", "early", "late", "later", "last", "Most"):
        assert missing(tmp_path, f"mine:{name}") == ""
    for name in ("Path", "inner", "lasts"):
        assert f"no '{name}'" in missing(tmp_path, f"mine:{name}")
    assert "nearest: last" in missing(tmp_path, "mine:lasts")
    assert "no module mine/other.py" in missing(tmp_path, "mine.other:f")
    (tmp_path / "star.py").write_text("from mine import *\n")
    assert missing(tmp_path, "star:anything") == ""
    for text in ("def f(:", "(" * 100_000, "\0", "#" * 300_000):
        (tmp_path / "bad.py").write_text(text)
        assert "cannot be read" in missing(tmp_path, "bad:f")
    (tmp_path / "link.py").symlink_to("/etc/passwd")
    assert missing(tmp_path, "link:f")


REFUSED = {
    "slow": ("positions: {regex: '(a+)+'}", "a repeated group"),
    "long": (f"positions: {{regex: '{'a' * 201}'}}", "201 characters"),
    "a-list": ("positions: {regex: [a]}", "sites.body.positions.regex"),
    "a-number": ("positions: {regex: 3}", "sites.body.positions.regex"),
    "empty": ("positions: {regex: ''}", "sites.body.positions.regex"),
    "elsewhere": ("positions: {regex: 'a', at: start}", "Nearest|end"),
    "without": ("positions: {at: end}", "regex"),
    "code-and-regex": ("positions: {code: 'models.mine:f', regex: a}", "unknown key 'regex'"),
    "code-without-function": ("positions: {code: models.mine}", "module:function"),
    "code-as-list": ("positions: {code: [models.mine]}", "sites.body.positions.code"),
    "code-by-path": ("positions: {code: 'models/mine.py:f'}", "module:function"),
    "prefix-of-code": ("positions: 'code:models.mine:f'", "a position class"),
    "prefix": ("positions: 'regex:a'", "a position class"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_expression_is_named_with_its_place(name: str) -> None:
    """One problem, where it stands."""
    with pytest.raises(BadInput, match=REFUSED[name][1]):
        read(REFUSED[name][0])
