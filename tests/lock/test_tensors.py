"""Digests of given directions: the numbers and what is said of them, not the file's layout."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import ClaimsError
from harness.lock.tensors import tensors_digest
from tests.lock.workspace import safetensors

NUMBERS = b"\0\0\x80?" * 4


def of(folder: Path, data: bytes) -> str:
    (folder / "d.safetensors").write_bytes(data)
    return tensors_digest(folder, "d.safetensors")


def test_padding_of_the_header_is_free(tmp_path: Path) -> None:
    """Writers pad the header differently."""
    assert of(tmp_path, safetensors(NUMBERS)) == of(tmp_path, safetensors(NUMBERS, pad=5))


@pytest.mark.parametrize("at", range(len(NUMBERS)))
def test_every_byte_of_a_tensor_counts(tmp_path: Path, at: int) -> None:
    """The last bit of a number is part of the direction."""
    other = NUMBERS[:at] + bytes([NUMBERS[at] ^ 1]) + NUMBERS[at + 1 :]
    assert of(tmp_path, safetensors(other)) != of(tmp_path, safetensors(NUMBERS))


def test_metadata_counts(tmp_path: Path) -> None:
    """A direction's norm is kept there."""
    assert of(tmp_path, safetensors(NUMBERS, "n")) != of(tmp_path, safetensors(NUMBERS, "m"))


def header(text: bytes, body: bytes = b"") -> bytes:
    return len(text).to_bytes(8, "little") + text + body


def entry(low: object, high: object) -> bytes:
    value = {"x": {"dtype": "F32", "shape": [1], "data_offsets": [low, high]}}
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 8,
        (2**63).to_bytes(8, "little"),
        header(b"{"),
        header(b"[]"),
        header(b'{"a":1,"a":2}'),
        header(b'{"x": 3}'),
        header(b"[" * 60_000),
        header(entry(0, 8), b"1234"),
        header(entry(-4, 0), b""),
        header(entry(4, 0), b"1234"),
        header(entry(0.0, 4.0), b"1234"),
        header(entry(0, 4), b"12345678"),
        header(entry(4, 8), b"12345678"),
    ],
)
def test_a_broken_header_is_refused(tmp_path: Path, data: bytes) -> None:
    """One sentence, whatever the header says of itself."""
    with pytest.raises(ClaimsError, match="not a safetensors file"):
        of(tmp_path, data)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cut=st.integers(0, 200), junk=st.binary(max_size=40))
def test_no_file_makes_the_reader_fall_over(tmp_path: Path, cut: int, junk: bytes) -> None:
    """Cut and lengthened files give a digest or a refusal, never a traceback."""
    data = safetensors(NUMBERS)[:cut] + junk
    with suppress(ClaimsError):
        assert of(tmp_path, data).startswith("sha256:")


@pytest.mark.parametrize("path", ["../d.safetensors", "/etc/passwd", "missing.safetensors"])
def test_only_files_of_the_workspace_are_read(tmp_path: Path, path: str) -> None:
    """A claim cannot make the lock read elsewhere."""
    with pytest.raises(ClaimsError):
        tensors_digest(tmp_path, path)


def test_the_order_of_tensors_in_the_file_is_free(tmp_path: Path) -> None:
    """Two writers, two layouts, the same tensors."""

    def two(first: str) -> bytes:
        parts = {"a": b"\1\0\0\0", "b": b"\2\0\0\0\3\0\0\0"}
        names = [first, *(n for n in parts if n != first)]
        at, entries = 0, {}
        for name in names:
            end = at + len(parts[name])
            shape = [len(parts[name]) // 4]
            entries[name] = {"dtype": "I32", "shape": shape, "data_offsets": [at, end]}
            at = end
        return header(json.dumps(entries).encode(), b"".join(parts[n] for n in names))

    assert two("a") != two("b")
    assert of(tmp_path, two("a")) == of(tmp_path, two("b"))


@pytest.mark.parametrize(
    "entries",
    [
        b'{"x":{"dtype":NaN,"shape":[1],"data_offsets":[0,4]}}',
        b'{"x":{"dtype":"F32","shape":[9007199254740993],"data_offsets":[0,4]}}',
        b'{"__metadata__":{"a":"\\ud800"},"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
    ],
)
def test_a_header_without_one_meaning_is_refused(tmp_path: Path, entries: bytes) -> None:
    """What canonical JSON cannot hold has no digest."""
    with pytest.raises(ClaimsError, match="not a safetensors file"):
        of(tmp_path, header(entries, b"1234"))


def test_overlapping_tensors_are_refused_before_they_are_read(tmp_path: Path) -> None:
    """A header of forty thousand tensors over the same bytes costs no more than one."""
    one = {"dtype": "U8", "shape": [1 << 20], "data_offsets": [0, 1 << 20]}
    entries = json.dumps({f"t{n}": one for n in range(40_000)}).encode()
    with pytest.raises(ClaimsError, match="overlap"):
        of(tmp_path, header(entries, b"\0" * (1 << 20)))
