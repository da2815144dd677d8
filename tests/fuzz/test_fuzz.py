"""A short run of the fuzz driver, what it once found, and proof that it would find it."""

from __future__ import annotations

import json
import math
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.digest import canonical
from harness.errors import ClaimsError
from harness.measure.pages import Oversized, unpacked_bytes
from harness.shapes import anything, each, every, maybe, number, record, text
from harness.shown import LONGEST_LINE, unseen, visible
from harness.strictjson import MOST_DEPTH, NotJson, parse
from harness.tensorfile import NotTensors, parse_header
from tests.fuzz import mutate
from tests.fuzz.driver import Tally, feed, one, quiet, readers, report
from tests.fuzz.examples import Examples
from tests.fuzz.guard import install
from tests.fuzz.readers import Reader

CORPUS = Path(__file__).with_name("corpus")
INPUTS = 1_000
SEED = 7


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, Reader]]]:
    """Where to work, and every reader by name."""
    home = tmp_path_factory.mktemp("fuzz")
    install()
    with quiet():
        yield home, {reader.name: reader for reader in readers(Examples(home))}


def test_a_thousand_inputs_of_all_readers_end_in_words(
    bench: tuple[Path, dict[str, Reader]],
) -> None:
    """Accepted or refused in a sentence: no traceback, no hang, nothing written elsewhere."""
    home, known = bench
    whole = sum(reader.share for reader in known.values())
    tallies = [one(home, r, max(1, INPUTS * r.share // whole), SEED) for r in known.values()]
    assert not [t for t in tallies if t.failed], report(tallies)
    assert sum(t.inputs for t in tallies) > 0.9 * INPUTS
    assert all(t.accepted + t.refused == t.inputs for t in tallies)


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.*")), ids=lambda path: path.name)
def test_what_fuzzing_once_found_stays_found(
    bench: tuple[Path, dict[str, Reader]], path: Path
) -> None:
    """Inputs that once broke a reader; the file's name begins with the reader's."""
    home, known = bench
    name = path.name.split("--")[0]
    tally = Tally(name)
    feed(home, known[name], path.read_bytes(), tally)
    assert not tally.failed, report([tally])


def opens(path: str, flags: int) -> None:
    os.close(os.open(path, flags))


FORBIDDEN: dict[str, Callable[[Path], object]] = {
    "write": lambda home: (home / "x").write_text("x"),
    "append": lambda home: (home / "secret").open("a"),
    "low-level-write": lambda home: opens(str(home / "x"), os.O_CREAT | os.O_WRONLY),
    "secret": lambda home: (home / "secret").read_text(),
    "secret-through-a-link": lambda home: (home / "sandbox/link").read_text(),
    "folder": lambda home: (home / "x").mkdir(),
    "move-out": lambda home: (home / "sandbox/a").rename(home / "b"),
    "remove": lambda home: (home / "secret").unlink(),
    "link-out": lambda home: (home / "x").symlink_to("/etc"),
    "write-through-a-link": lambda home: (home / "sandbox/out/x").write_text("x"),
    "process": lambda home: subprocess.run([sys.executable, "-c", ""], check=False),
    "shell": lambda home: os.system("true"),
    "connection": lambda home: socket.create_connection(("127.0.0.1", 9), 0.1),
    "lookup": lambda home: socket.getaddrinfo("localhost", 9),
    "traceback": lambda home: {}["x"],
    "assertion": lambda home: exec("assert False"),
    "exit": lambda home: exec("raise ValueError('x')"),
    "silence": lambda home: exec("raise ClaimsError('')", {"ClaimsError": ClaimsError}),
    "two-lines": lambda home: exec("raise ClaimsError('a\\nb')", {"ClaimsError": ClaimsError}),
    "swallowed": lambda home: swallow(home / "x"),
}


def swallow(path: Path) -> None:
    """A reader that hides what it did."""
    try:
        path.write_text("x")
    except BaseException:  # noqa: BLE001 - this is what must not work
        return


@pytest.fixture
def small(tmp_path: Path) -> Path:
    (tmp_path / "sandbox").mkdir()
    (tmp_path / "secret").write_text("s")
    (tmp_path / "sandbox/a").write_text("a")
    (tmp_path / "sandbox/link").symlink_to(tmp_path / "secret")
    (tmp_path / "sandbox/out").symlink_to(tmp_path)
    install()
    return tmp_path


@pytest.mark.parametrize("act", FORBIDDEN)
def test_the_driver_notices(small: Path, act: str) -> None:
    """Each thing that a reader must not do is a failure with a reproducer; reading is none."""
    fine = Reader("fine", 1, lambda rng: b"x", (small / "sandbox/a").write_bytes)
    assert one(small, fine, 1, 0).accepted == 1
    bad = Reader("bad", 1, lambda rng: b"x", lambda data: FORBIDDEN[act](small))
    tally = one(small, bad, 1, 0)
    assert tally.failed == 1
    (path,) = tally.failures.values()
    assert path.read_bytes() == b"x"
    assert "bad" in report([tally])


def test_the_driver_notices_slowness(small: Path) -> None:
    """Computing beyond the reader's second ends it."""

    def spin(data: bytes) -> None:
        end = time.process_time() + 30
        while time.process_time() < end:
            pass

    start = time.process_time()
    tally = one(small, Reader("slow", 1, lambda rng: b"", spin, 0.2), 1, 0)
    assert tally.failed == 1
    assert time.process_time() - start < 15


def test_a_refusal_is_counted_and_the_table_adds_up(small: Path) -> None:
    """Half accepted, half refused, and a line for all."""

    def read(data: bytes) -> None:
        if data[0] % 2:
            raise ClaimsError("odd")

    tally = one(small, Reader("half", 1, lambda rng: bytes([rng.randrange(256)]), read), 60, 3)
    assert tally.accepted > 10
    assert tally.refused > 10
    assert report([tally]).splitlines()[-1].split()[1] == "60"


def test_the_same_seed_makes_the_same_inputs(bench: tuple[Path, dict[str, Reader]]) -> None:
    """An input is made again from its number."""
    for reader in bench[1].values():
        if not reader.name.startswith(("cell", "page")):  # arrow's writer stamps nothing either
            assert reader.make(Random("1")) == reader.make(Random("1")), reader.name


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip
SMALL = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@SMALL
@given(JSON)
def test_what_json_writes_is_read_back(value: Any) -> None:
    """Law: any value without two meanings comes back, and has a canonical form."""
    found = parse(json.dumps(value).encode())
    assert found == value
    assert parse(canonical(found)) == found


@SMALL
@given(
    st.binary(max_size=80)
    | st.text('[]{}",:0123456789.eE+-\\u nulltrefas', max_size=60).map(str.encode)
)
def test_any_bytes_are_json_with_one_meaning_or_none(data: bytes) -> None:
    """Whatever is accepted is finite, and every other reader reads the same."""
    try:
        value = parse(data)
    except NotJson:
        return
    assert json.loads(data) == value
    stack = [value]
    while stack:
        one_ = stack.pop()
        assert not isinstance(one_, float) or math.isfinite(one_)
        stack += one_.values() if isinstance(one_, dict) else one_ if isinstance(one_, list) else []


@SMALL
@given(st.integers(1, 3 * MOST_DEPTH), st.booleans())
def test_depth_is_bounded_where_it_is_said(levels: int, lists: bool) -> None:
    """Exactly as many levels as are documented are read."""
    opening, closing = ("[", "]") if lists else ('{"a":', "}")
    data = (opening * levels + "1" + closing * levels).encode()
    if levels <= MOST_DEPTH:
        assert parse(data)
    else:
        with pytest.raises(NotJson, match="nested deeper"):
            parse(data)


@SMALL
@given(st.text(st.characters(), max_size=40))
def test_visible_text_is_visible_and_stays_what_it_is(value: str) -> None:
    """Law: nothing unseen is left, and what was seen is untouched."""
    shown = visible(value)
    assert not any(unseen(c) for c in shown)
    assert visible(shown) == shown
    assert visible("a" * (LONGEST_LINE + 9)).endswith("(9 more characters)")


@SMALL
@given(st.binary(max_size=120), st.integers(0, 200))
def test_any_bytes_are_a_header_or_none(data: bytes, size: int) -> None:
    """Nothing but a refusal comes out of the headers of tensors and pages."""
    for read, refusal in (
        (lambda: parse_header(data, size), NotTensors),
        (lambda: parse_header(len(data).to_bytes(8, "little") + data, len(data) + 8), NotTensors),
        (lambda: unpacked_bytes(data, 0, len(data)), Oversized),
    ):
        try:
            read()
        except refusal:
            continue


@SMALL
@given(JSON, st.integers(0, 2**32))
def test_a_mutated_tree_is_a_tree(value: Any, seed: int) -> None:
    """Mutations give what JSON and YAML can write, and leave the original alone."""
    kept = json.dumps(value)
    for write in (mutate.as_json, mutate.as_yaml):
        rng = Random(seed)
        assert isinstance(write(mutate.tree(value, rng), rng), bytes)
    assert json.dumps(value) == kept


SHAPE = record({"a": each(number), "b": every(maybe(text))}, {"c": anything})


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"a": {}, "b": []}, ""),
        ({"a": {"x": 1.5}, "b": ["y", None], "c": {}, "d": 1}, ""),
        ({"a": {"x": True}, "b": []}, "a.x is true or false, not a number"),
        ({"a": {"x": "1"}, "b": []}, "a.x is text, not a number"),
        ({"a": [], "b": []}, "a is a list, not a mapping"),
        ({"a": {}, "b": ["y", 3]}, "b[1] is a number, not text"),
        ({"a": {}}, "b is missing"),
        ([], "it is a list, not a mapping"),
        (None, "it is nothing, not a mapping"),
    ],
)
def test_a_shape_names_the_first_place_that_does_not_fit(value: Any, words: str) -> None:
    """One sentence with the path, or nothing."""
    assert SHAPE(value, "") == words
