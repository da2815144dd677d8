"""The loop: inputs in, a table of what became of them out, reproducers of failures on disk."""

from __future__ import annotations

import hashlib
import os
import sys
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from harness.errors import BadInput, ClaimsError
from harness.shown import unseen
from tests.fuzz.examples import Examples
from tests.fuzz.guard import Forbidden, TooSlow, install, watched
from tests.fuzz.readers import Reader, record_readers, text_readers


@dataclass
class Tally:
    """What became of one reader's inputs; times in seconds of computing."""

    name: str
    inputs: int = 0
    accepted: int = 0
    refused: int = 0
    slowest: float = 0.0
    failures: dict[str, Path] = field(default_factory=dict)

    @property
    def failed(self) -> int:
        return self.inputs - self.accepted - self.refused


def readers(x: Examples) -> list[Reader]:
    """All readers over one set of examples."""
    from tests.fuzz.binary import cell_readers, tensor_readers, workspace_reader

    found = [*text_readers(x), *record_readers(x), *cell_readers(x), *tensor_readers(x)]
    return [*found, workspace_reader(x)]


def run(home: Path, inputs: int, seed: int, only: Sequence[str] = ()) -> list[Tally]:
    """Feed every reader its share of ``inputs``; ``home`` is an empty folder to work in."""
    install()
    with quiet():
        chosen = [r for r in readers(Examples(home)) if not only or r.name in only]
        whole = sum(reader.share for reader in chosen)
        return [one(home, r, max(1, inputs * r.share // whole), seed) for r in chosen]


def one(home: Path, reader: Reader, inputs: int, seed: int) -> Tally:
    """Feed one reader."""
    tally = Tally(reader.name)
    for n in range(inputs):
        data = reader.make(Random(f"{seed}/{reader.name}/{n}"))
        feed(home, reader, data, tally)
    return tally


def feed(home: Path, reader: Reader, data: bytes, tally: Tally) -> None:
    """Read one input and note what became of it."""
    tally.inputs += 1
    start = time.process_time()
    try:
        with watched(home / "sandbox", home / "secret", reader.seconds):
            reader.read(data)
        tally.accepted += 1
    except ClaimsError as error:
        if fault := _unfit(error):
            _fail(home, tally, data, fault)
        else:
            tally.refused += 1
    except (Exception, Forbidden, TooSlow) as error:  # noqa: BLE001 - the point of the exercise
        _fail(home, tally, data, _place(error))
    tally.slowest = max(tally.slowest, time.process_time() - start)


def _unfit(error: ClaimsError) -> str:
    """Why an error's sentence may not be shown, or nothing."""
    lines = error.sentence.split("\n")
    if not error.what:
        return "an error without words"
    if len(lines) > 1 and not isinstance(error, BadInput):
        return f"an error of {len(lines)} lines: {error.sentence[:200]!r}"
    if any(unseen(c) for line in lines for c in line):
        return f"an error with unseen characters: {error.sentence[:200]!r}"
    return ""


def _place(error: BaseException) -> str:
    """The kind of failure and where in our code it came up: one name for all its inputs."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "/harness/" in f.filename] or frames
    last = ours[-1]
    where = f"{Path(last.filename).name}:{last.lineno}"
    return f"{type(error).__name__} at {where}: {str(error)[:160]}"


def _fail(home: Path, tally: Tally, data: bytes, what: str) -> None:
    key = what.split(": ", 1)[0]
    if key in {known.split(": ", 1)[0] for known in tally.failures}:
        return
    path = home / "failures" / f"{tally.name}-{hashlib.sha256(data).hexdigest()[:12]}.bin"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    tally.failures[what] = path


@contextmanager
def quiet() -> Iterator[None]:
    """Without bytecode, font caches and warnings of other libraries."""
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    os.environ.setdefault("MPLBACKEND", "agg")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        sys.dont_write_bytecode = before


def report(tallies: Sequence[Tally]) -> str:
    """The table, and every failure with its reproducer."""
    heads = ("reader", "inputs", "accepted", "refused", "failed", "slowest")
    rows = [_row(t.name, [t.inputs, t.accepted, t.refused, t.failed], t.slowest) for t in tallies]
    sums = [sum(int(row[k]) for row in rows) for k in range(1, 5)]
    rows.append(_row("all", sums, max((t.slowest for t in tallies), default=0.0)))
    widths = [max(len(row[k]) for row in (heads, *rows)) for k in range(len(heads))]
    lines = []
    for name, *numbers in (heads, *rows):
        padded = (n.rjust(w) for n, w in zip(numbers, widths[1:], strict=True))
        lines.append("  ".join((name.ljust(widths[0]), *padded)))
    lines += [f"{t.name}: {what}\n    {path}" for t in tallies for what, path in t.failures.items()]
    return "\n".join(lines)


def _row(name: str, counts: Sequence[int], slowest: float) -> tuple[str, ...]:
    return (name, *map(str, counts), f"{slowest:.3f} s")
