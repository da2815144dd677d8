"""Reading YAML as data: JSON means what it means in JSON, and everything doubtful is refused."""

from __future__ import annotations

import json
import re
import time
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from harness.errors import BadInput, Problem
from harness.yamlio import MOST_BYTES, MOST_DEPTH, child, load_bytes, load_file

visible = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")),
    max_size=12,
).filter(lambda s: unicodedata.is_normalized("NFC", s))
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(-(2**53) + 1, 2**53 - 1).map(lambda x: x + 0.0)
    | visible
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(visible, inner, max_size=4),
    max_leaves=12,
)


def load(text: str) -> Any:
    """The value of a document."""
    return load_bytes(text.encode()).value


def refused(text: str | bytes) -> tuple[Problem, ...]:
    """The problems of a document that must not be read."""
    with pytest.raises(BadInput) as caught:
        load_bytes(text if isinstance(text, bytes) else text.encode(), "f.yaml")
    return caught.value.problems


@settings(max_examples=200, deadline=None, derandomize=True)
@given(values)
def test_json_means_what_it_means_in_json(value: Any) -> None:
    """YAML 1.2 contains JSON: a JSON document is read as JSON reads it."""
    for indent in (None, 2):
        text = json.dumps(value, ensure_ascii=False, indent=indent)
        found = load(text)
        assert found == value
        assert json.dumps(found) == json.dumps(value)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(values)
def test_what_pyyaml_writes_is_read_back(value: Any) -> None:
    """Block style written by a common writer comes back, quoting included."""
    text = yaml.safe_dump(value, allow_unicode=True, width=10_000, sort_keys=False)
    assume("!!" not in text and not text.endswith("...\n"))
    assume(not re.search("[0-9.][eEo]", text))  # numbers here, text in the writer's YAML 1.1
    assert load(text) == value


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.binary(max_size=60) | st.text("[]{}:,-&*!|>%@'\"# \n\tab1", max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Nothing but :class:`BadInput` comes out, and it always says something."""
    found: tuple[Problem, ...] = (Problem("f", 1, "", "x"),)
    try:
        load_bytes(data)
    except BadInput as error:
        found = error.problems
    assert found
    assert all(p.what for p in found)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E3", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("-0.0", 0.0),
        ("0o17", 15),
        ("0x1F", 31),
        ("+3", 3),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("no", "no"),
        ("Yes", "Yes"),
        ("on", "on"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("2024-01-31", "2024-01-31"),
        ("'1'", "1"),
        ('"\\u00e9"', "é"),
        ("=", "="),
        ("1.2.3", "1.2.3"),
        ("e3", "e3"),
    ],
)
def test_scalars_follow_the_core_schema(text: str, value: object) -> None:
    """Types are YAML 1.2's, not those of PyYAML's YAML 1.1."""
    found = load(f"key: {text}\n")["key"]
    assert found == value
    assert repr(found) == repr(value)


def test_the_key_on_is_a_word() -> None:
    """``on:`` names the role of an arm; YAML 1.1 would make it True."""
    assert load("arm: {on: regulation}\noff: y\n") == {"arm": {"on": "regulation"}, "off": "y"}


BAD = {
    "alias": ("a: &x 1\nb: *x\n", 1, "anchor"),
    "alias-alone": ("a: 1\nb: *x\n", 2, "alias"),
    "anchor-on-a-mapping": ("a: &x {b: 1}\n", 1, "anchor"),
    "tag": ("a: 1\nb: !!python/object:os.system x\n", 2, "a tag"),
    "local-tag": ("a: !mine 1\n", 1, "a tag"),
    "harmless-tag": ("a: !!str 1\n", 1, "a tag"),
    "merge-key": ("a:\n  <<: {b: 1}\n", 2, "merge key"),
    "duplicate-key": ("a: 1\nb: 2\na: 3\n", 3, "already on line 1"),
    "duplicate-key-in-quotes": ("a: 1\n'a': 3\n", 2, "already on line 1"),
    "duplicate-key-of-mappings": ("a: {b: 1}\nc: 1\na: {b: 2}\n", 3, "already on line 1"),
    "two-documents": ("a: 1\n---\nb: 2\n", 2, "second document"),
    "directive": ("%YAML 1.1\n---\na: 1\n", 1, "directive"),
    "number-as-key": ("a: 1\n2: b\n", 2, "not a string"),
    "true-as-key": ("a: 1\ntrue: b\n", 2, "not a string"),
    "null-as-key": ("a: 1\n~: b\n", 2, "not a string"),
    "list-as-key": ("a: 1\n[x]: b\n", 2, "not a word"),
    "infinity": ("a: 1\nb: .inf\n", 2, "finite"),
    "minus-infinity": ("a: -.INF\n", 1, "finite"),
    "not-a-number": ("a: .nan\n", 1, "finite"),
    "overflowing": ("a: 1e999\n", 1, "too large"),
    "overflowing-by-digits": (f"a: {'9' * 500}\n", 1, "too large"),
    "beyond-json": ("a: 9007199254740993\n", 1, "2^53"),
    "float-that-json-writes-as-integer": ("a: 1e16\n", 1, "2^53"),
    "octal-or-not": ("a: 017\n", 1, "leading zero"),
    "bell": ("a: 'b\x07'\n", 1, "U+0007"),
    "escaped-bell": ('x: 1\na: "b\\a"\n', 2, "U+0007"),
    "right-to-left": ("x: 1\na: b\u202ec\n", 2, "U+202E"),
    "zero-width": ("a\u200b: b\n", 1, "U+200B"),
    "byte-order-mark": ("\ufeffa: b\n", 1, "U+FEFF"),
    "decomposed-accent": ("a: e\u0301\n", 1, "composed form"),
    "tab-indent": ("a:\n\tb: 1\n", 2, "not YAML"),
    "unclosed": ("a: [1, 2\nb: 3\n", 2, "not YAML"),
    "colon-in-text": ("a: b: c\n", 1, "not YAML"),
    "nothing": ("# only a comment\n", 0, "empty"),
    "empty": ("", 0, "empty"),
    "deep": ("a: " + "[" * 40 + "]" * 40, 1, "nested deeper"),
}


@pytest.mark.parametrize("defect", BAD)
def test_a_defect_is_refused_on_its_line(defect: str) -> None:
    """Each doubtful construct is one problem, with the line and what it is."""
    text, line, words = BAD[defect]
    found = refused(text)
    assert words in found[0].what
    assert found[0].line == line
    assert found[0].file == "f.yaml"


def test_bytes_that_are_not_utf8_are_refused_on_their_line() -> None:
    """Latin-1 is a problem of one line."""
    assert refused(b"a: 1\nb: \xe9\n")[0].line == 2
    assert "UTF-8" in refused("a: 1\n".encode("utf-16"))[0].what


def test_every_problem_is_reported_at_once() -> None:
    """Reading goes on after a problem: four faults, four problems, in order."""
    found = refused("a: .nan\nb: &x 1\na: 2\nc: {7: !t y}\n")
    assert [p.line for p in found] == [1, 2, 3, 4, 4]


BOMBS = {
    "billion-laughs": "a: &a [x,x,x,x,x,x,x,x,x]\n"
    + "".join(
        f"{c}: &{c} [{','.join(['*' + p] * 9)}]\n"
        for p, c in zip("abcdefgh", "bcdefghi", strict=True)
    ),
    "deep-flow": "[" * (MOST_BYTES - 1),
    "deep-mappings": "{a: " * (MOST_BYTES // 4 - 1),
    "deep-block": "\n".join(" " * n + "a:" for n in range(300)),
    "deep-dashes": "- " * (MOST_BYTES // 2 - 1),
    "many-values": "[" + "1," * (MOST_BYTES // 2 - 2) + "]",
    "many-keys": "".join(f"k{n}: 1\n" for n in range(MOST_BYTES // 10)),
    "many-faults": "a: 1\n" * (MOST_BYTES // 6),
    "many-anchors": "".join(f"- &a{n} 1\n" for n in range(4000)),
    "long-number": "a: " + "9" * (MOST_BYTES - 10),
    "long-float": "a: 1." + "9" * (MOST_BYTES - 10) + "e9",
    "long-key": "? " + "k" * (MOST_BYTES - 10),
    "many-unseen": "a: '" + "\u200b" * 20_000 + "'",
    "many-quotes": "'" * (MOST_BYTES - 1),
    "too-large": "a: " + "x" * MOST_BYTES,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_disarmed_quickly(bomb: str) -> None:
    """No file of any size or shape holds the reader up, and few problems are enough."""
    start = time.process_time()
    try:
        load_bytes(BOMBS[bomb].encode())
        count = 0
    except BadInput as error:
        count = len(error.problems)
    assert count <= 100
    # a fifth of a second on an idle machine; a bomb that goes off takes minutes or for ever
    assert time.process_time() - start < 20


def test_paths_lead_to_lines() -> None:
    """Every value's path is known with its line, also in flow style and over several lines."""
    lines = load_bytes(b"a: 1\nb:\n  - x\n  - {c: y,\n     d-e: z}\n'f g': {h: 1}\n").lines
    assert lines["a"] == 1
    assert lines["b"] == 2
    assert lines["b[0]"] == 3
    assert lines["b[1].c"] == 4
    assert lines["b[1].d-e"] == 5
    assert lines[child("", "f g") + ".h"] == 6


@settings(max_examples=100, deadline=None, derandomize=True)
@given(values)
def test_every_value_has_a_line(value: Any) -> None:
    """Whatever is in a document can be pointed at."""
    text = json.dumps({"top": value}, indent=1, ensure_ascii=False)
    lines = load_bytes(text.encode()).lines

    def walk(one: Any, path: str) -> None:
        assert 1 <= lines[path] <= text.count("\n") + 1
        if isinstance(one, dict):
            for key, inner in one.items():
                walk(inner, child(path, key))
        elif isinstance(one, list):
            for n, inner in enumerate(one):
                walk(inner, child(path, n))

    walk({"top": value}, "")


def test_depth_up_to_the_bound_is_read() -> None:
    """The bound on depth is the one that is documented."""
    text = "[" * MOST_DEPTH + "]" * MOST_DEPTH
    assert load(text) is not None
    assert "nested deeper" in refused(f"[{text}]")[0].what


def test_the_digest_is_of_the_bytes_that_were_read(tmp_path: Path) -> None:
    """A comment changes the document's digest and nothing else."""
    (tmp_path / "a.yaml").write_text("a: 1\n")
    (tmp_path / "b.yaml").write_text("a: 1 # one\n")
    one, two = load_file(tmp_path, "a.yaml"), load_file(tmp_path, "b.yaml")
    assert one.value == two.value
    assert one.digest != two.digest
    assert one.file == "a.yaml"
