"""YAML as data: YAML 1.2 core types over PyYAML's event stream, with line numbers.

PyYAML's own loaders read YAML 1.1 (``no`` is False, ``1:30`` is 90, ``1e-3`` is a string), keep the
last of duplicate keys and expand nested aliases without bound. Here a document is plain mappings,
lists, strings, numbers, booleans and null, or it is refused. Refused: anchors, aliases, tags, merge
keys, directives, several documents, duplicate or non-string keys, numbers that are not finite or
that JSON cannot hold exactly, integers with leading zeros (decimal in one YAML, octal in another),
control and invisible formatting characters, text that is not NFC, and anything deeper, longer or
larger than the bounds below. Every problem of a file is reported at once, up to ``MOST_PROBLEMS``.

Not covered: what the values mean (``harness.fields`` and whoever reads them).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from harness.digest import digest_bytes
from harness.errors import BadInput, ClaimsError, Problem
from harness.paths import read_inside
from harness.yamlcore import EXACT, resolve, unreadable, unreadable_text

MOST_BYTES = 64 * 1024
MOST_NODES = 10_000
MOST_DEPTH = 24
MOST_PROBLEMS = 100
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Document:
    """One parsed file: plain ``value``; ``lines`` maps a path (``arms.baseline.doses[1]``, the root
    is ``""``) to its 1-based line; ``digest`` is of the bytes that were read."""

    file: str
    value: Any
    lines: Mapping[str, int]
    digest: str


def child(path: str, key: str | int) -> str:
    """The path of a mapping's entry (a string) or a list's (an integer, from 0)."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    if not BARE_KEY.fullmatch(key):
        return f"{path}[{key!r}]"
    return f"{path}.{key}" if path else key


def load_file(root: Path, relative: str) -> Document:
    """Parse a file under ``root``. Raises :class:`BadInput` with every problem found."""
    try:
        data = read_inside(root, relative, MOST_BYTES)
    except ClaimsError as error:
        raise BadInput((Problem(relative, 0, "", error.what, error.fix),)) from None
    return load_bytes(data, relative)


def of_json(value: Any, file: str) -> Document:
    """A JSON value as a document, under the same rules as a file: what a lock holds may come from
    a stranger too. Raises :class:`BadInput`."""
    problems: list[Problem] = []
    stack: list[tuple[str, int, Any]] = [("", 0, value)]
    nodes = 0
    while stack and len(problems) < MOST_PROBLEMS:
        path, depth, one = stack.pop()
        nodes += 1
        if nodes > MOST_NODES or depth > MOST_DEPTH:
            what = f"more than {MOST_NODES} values, or deeper than {MOST_DEPTH} levels"
            problems.append(Problem(file, 0, path, what, "Shorten it"))
            break
        texts = [key for key in one if key] if isinstance(one, dict) else []
        texts += [one] if isinstance(one, str) else []
        problems += [Problem(file, 0, path, *f) for t in texts if (f := unreadable_text(t))]
        if isinstance(one, float | int) and not -EXACT <= one <= EXACT:
            problems.append(Problem(file, 0, path, "a number beyond 2^53", "Write a smaller one"))
        if isinstance(one, dict):
            stack += [(child(path, str(key)), depth + 1, inner) for key, inner in one.items()]
        elif isinstance(one, list | tuple):
            stack += [(child(path, n), depth + 1, inner) for n, inner in enumerate(one)]
    if problems:
        raise BadInput(tuple(problems[:MOST_PROBLEMS]))
    return Document(file, value, {}, "")


def load_bytes(data: bytes, file: str = "<input>") -> Document:
    """Parse UTF-8 bytes; ``file`` is the name used in problems. Raises :class:`BadInput`."""
    if len(data) > MOST_BYTES:
        raise BadInput((Problem(file, 0, "", f"larger than {MOST_BYTES} bytes", "Split it"),))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        fault = Problem(file, line, "", "not UTF-8", "Save the file as UTF-8, without a BOM")
        raise BadInput((fault,)) from None
    problems = list(_bad_characters(text, file))
    if not problems:
        builder = _Builder(file, problems)
        value = builder.read(text)
    if problems:
        del problems[MOST_PROBLEMS:]
        raise BadInput(tuple(problems))
    return Document(file, value, builder.lines, digest_bytes(data))


def _bad_characters(text: str, file: str) -> Iterator[Problem]:
    """Characters that a reader of the file does not see, and text with two encodings."""
    for number, line in enumerate(text.split("\n"), 1):
        fault = unreadable_text(line)
        if fault:
            yield Problem(file, number, "", *fault)


class _Stop(Exception):
    """Nothing after this point can be read sensibly."""


@dataclass
class _Frame:
    """An open mapping or list while it fills."""

    path: str
    value: Any
    key: str | None = None
    ignored: int = 0
    seen: dict[str, int] = field(default_factory=dict)


class _Builder:
    """Turns events into values, noting lines and problems."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self.file, self.problems = file, problems
        self.lines: dict[str, int] = {}
        self.frames: list[_Frame] = []
        self.root: Any = None
        self.nodes = 0
        self.documents = 0

    def problem(self, line: int, what: str, fix: str, path: str = "") -> None:
        self.problems.append(Problem(self.file, line, path, what, fix))
        if len(self.problems) >= MOST_PROBLEMS:
            raise _Stop

    def read(self, text: str) -> Any:
        try:
            for event in yaml.parse(text, Loader=yaml.SafeLoader):
                self._event(event)
        except _Stop:
            pass
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
            words = getattr(error, "problem", None) or str(error).split("\n", 1)[0]
            line = mark.line + 1 if mark else 0
            self.problems.append(
                Problem(self.file, line, self._here(), f"not YAML: {words}", "Correct the syntax")
            )
        else:
            if not self.documents and not self.problems:
                self.problems.append(
                    Problem(self.file, 0, "", "the file is empty", "Write the document")
                )
        return self.root

    def _here(self) -> str:
        return self._place() if self.frames else ""

    def _event(self, event: yaml.Event) -> None:
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if event.version or event.tags:
                self.problem(line, "a directive (%)", "Remove it: the file is YAML 1.2")
            if self.documents > 1:
                self.problem(line, "a second document", "Keep one document a file; remove ---")
                raise _Stop
        elif isinstance(event, yaml.NodeEvent):
            self._node(event, line)
        elif isinstance(event, yaml.CollectionEndEvent):
            self.frames.pop()

    def _node(self, event: yaml.NodeEvent, line: int) -> None:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            self.problem(line, f"more than {MOST_NODES} values", "Split the file")
            raise _Stop
        if isinstance(event, yaml.AliasEvent):
            self._place_value(None, line, event)
            self.problem(line, f"an alias (*{event.anchor})", "Write the value out")
            return
        if event.anchor is not None:
            self.problem(line, f"an anchor (&{event.anchor})", "Remove it and write values out")
        assert isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent)
        if event.tag is not None:
            self.problem(line, f"a tag ({event.tag})", "Remove it: types follow from the value")
        if isinstance(event, yaml.ScalarEvent):
            self._place_value(event, line, event)
            return
        value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        path = self._place_value(value, line, event)
        if len(self.frames) >= MOST_DEPTH:
            self.problem(line, f"nested deeper than {MOST_DEPTH} levels", "Flatten it")
            raise _Stop
        self.frames.append(_Frame(path, value))

    def _place(self) -> str:
        frame = self.frames[-1]
        if isinstance(frame.value, list):
            return child(frame.path, len(frame.value))
        return child(frame.path, frame.key) if frame.key is not None else frame.path

    def _place_value(self, value: Any, line: int, event: yaml.NodeEvent) -> str:
        """Put a value (a scalar event is resolved first) where it belongs; return its path."""
        if not self.frames:
            self.lines[""] = line
            self.root = self._resolved(value, line, "")
            return ""
        frame = self.frames[-1]
        if isinstance(frame.value, dict) and frame.key is None:
            self._key(frame, event, line)
            return frame.path
        path = self._place()
        resolved = self._resolved(value, line, path)
        if isinstance(frame.value, list):
            self.lines[path] = line
            frame.value.append(resolved)
            return path
        assert frame.key is not None
        if frame.key not in frame.value:
            frame.value[frame.key] = resolved
        frame.key = None
        return path

    def _key(self, frame: _Frame, event: yaml.NodeEvent, line: int) -> None:
        """Open an entry. A key that is no plain string gets a stand-in, so that reading goes on."""
        frame.ignored += 1
        stand_in = f"(key {frame.ignored})"
        if not isinstance(event, yaml.ScalarEvent):
            self.problem(line, "a key that is not a word", "Use a plain word as key", frame.path)
            frame.key = stand_in
            if not isinstance(event, yaml.AliasEvent):
                raise _Stop
            return
        plain = event.style is None
        key = event.value
        if plain and key == "<<":
            self.problem(line, "a merge key (<<)", "Write the entries out", frame.path)
            frame.key = stand_in
        elif plain and not isinstance(resolve(key), str):
            fix = f'Put it in quotes: "{key}"' if key else "Write a word before the colon"
            self.problem(line, f"the key {key!r} is not a string", fix, frame.path)
            frame.key = stand_in
        elif not plain and (fault := unreadable_text(key)):
            self.problem(line, *fault, frame.path)
            frame.key = stand_in
        elif key in frame.seen:
            what = f"the key {key!r} stands already on line {frame.seen[key]}"
            self.problem(line, what, "Keep one of them", frame.path)
            frame.key = key
        else:
            frame.seen[key] = line
            frame.key = key
            self.lines[child(frame.path, key)] = line

    def _resolved(self, event: Any, line: int, path: str) -> Any:
        """A scalar event's value; anything else as it is."""
        if not isinstance(event, yaml.ScalarEvent):
            return event
        quoted = event.style is not None
        fault = unreadable_text(event.value) if quoted else unreadable(event.value)
        if fault:
            self.problem(line, *fault, path)
            return "" if quoted else 0
        return event.value if quoted else resolve(event.value)
