"""Digests: the same meaning gives the same digest, another meaning another one."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.digest import canonical, digest, digest_bytes, digest_file, short, write_atomic

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(-(2**53) + 1, 2**53 - 1)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(values)
def test_the_canonical_form_is_json_with_the_same_meaning(value: Any) -> None:
    """Canonical bytes parse back to an equal value and are their own canonical form."""
    data = canonical(value)
    back = json.loads(data)
    assert back == value
    assert canonical(back) == data


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.dictionaries(st.text(max_size=5), st.integers(-9, 9), min_size=2))
def test_the_order_of_keys_has_no_meaning(value: dict[str, int]) -> None:
    """A mapping's digest does not depend on the order in which it was written."""
    assert digest(value) == digest(dict(reversed(value.items())))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(values, values)
def test_equal_digests_mean_equal_values(one: Any, two: Any) -> None:
    """Numbers that are equal are one number; everything else has a digest of its own."""
    same = json.dumps(json.loads(canonical(one))) == json.dumps(json.loads(canonical(two)))
    assert (digest(one) == digest(two)) == same


def test_the_canonical_form_is_that_of_rfc_8785() -> None:
    """Numbers as ECMAScript writes them, keys by UTF-16 units, no space."""
    assert canonical({"b": 1.0, "a": [1e21, 1e-7, 0.1, -0.0]}) == b'{"a":[1e+21,1e-7,0.1,0],"b":1}'
    assert canonical({"\U0001f600": 1, "\ufb33": 2}).decode() == '{"\U0001f600":1,"\ufb33":2}'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 2**53, b"x", {1: 2}])
def test_what_json_cannot_say_has_no_digest(value: object) -> None:
    """NaN, infinities, integers that readers round and keys that are not text are refused."""
    with pytest.raises(rfc8785.CanonicalizationError):
        digest({"key": value})


def test_digests_name_their_algorithm_and_can_be_shortened(tmp_path: Path) -> None:
    """``sha256:`` and 64 digits; the short form is for names of folders."""
    data = os.urandom(100_000)
    (tmp_path / "file").write_bytes(data)
    full = digest_file(tmp_path / "file")
    assert full == digest_bytes(data) == "sha256:" + hashlib.sha256(data).hexdigest()
    assert short(full) == hashlib.sha256(data).hexdigest()[:12]
    assert short(full, 4) == short(full)[:4]


def test_an_atomic_write_leaves_the_new_file_alone(tmp_path: Path) -> None:
    """Folders are made, contents replaced, and no temporary file stays."""
    path = tmp_path / "a" / "b" / "file.json"
    write_atomic(path, b"one")
    write_atomic(path, b"two")
    assert path.read_bytes() == b"two"
    assert os.listdir(path.parent) == ["file.json"]


def test_a_failed_write_leaves_the_old_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the disk gives up before the rename, nothing has changed and nothing is left over."""
    path = tmp_path / "file.json"
    write_atomic(path, b"old")

    def broken(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="No space"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file.json"]
