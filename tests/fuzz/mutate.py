"""Mutations of valid examples: of bytes, and of the trees that JSON and YAML write down.

Every mutation is a function of a random generator, so that an input is made again from its number.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

import yaml

Random = random.Random

TOKENS: tuple[bytes, ...] = (
    *(b"\x00", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\x1b[31m", b"\r", b"\n", b"\t", b" " * 80),
    *("\u202e".encode(), "\u200b".encode(), "e\u0301".encode(), b"\xed\xa0\x80", "\u0430".encode()),
    *(b"&a ", b"*a", b"!!python/object/apply:os.system ", b"!x ", b"<<: ", b"? ", b"---\n"),
    *(b"%YAML 1.1\n", b"|", b">", b"'", b'"', b"{", b"}", b"[", b"]", b",", b": ", b"- ", b"#"),
    *(b"NaN", b"Infinity", b"-Infinity", b"1e999", b"1e-3", b"0x1F", b"017", b"1:30", b"no", b"~"),
    *(b"9" * 400, b"-0", b"null", b"true", b"9007199254740993", b'"\\ud800"', b"[" * 200),
    *(b"{" * 200, b'{"a":' * 100, b"../", b"/etc/passwd", b"../secret", b"a" * 300, b"(" * 300),
    *(b"-" * 300, b"\\N{DIGIT ONE}", b"import os\n", b"# coding: utf-7\n", b"f'{", b"$\\frac{1}{"),
    *(b"<script>", b"]]>", b"](javascript:", b"| |", b"PAR1", b"\x00" * 8, b"\xff" * 8),
)


def scalar(rng: Random) -> Any:
    """A value that breaks assumptions."""
    deep: Any = rng.choice(([], {}))
    for _ in range(rng.choice((3, 30, 70, 400))):
        deep = [deep] if rng.random() < 0.5 else {"a": deep}
    return rng.choice(
        (
            *(None, True, False, 0, 1, -1, 2, 0.5, -0.5, 1.0, 1000, 2**31, 2**53 + 2, 10**25),
            *(1e308, -1e308, 5e-324, 1e-9, float("nan"), float("inf"), -float("inf"), 1e16),
            *("", " ", "a", "judged", "host", "baseline", "-", "A-b", "\u00e4", "\u0430", "a" * 70),
            *("a" * 5000, "../secret", "/etc/passwd", "a/../../secret", "link", "models", "."),
            *("\x1b[31m", "\u202e", "x\ny", "\u200b", "e\u0301", "\ud800", "\x00", "\uff11"),
            *("1e-3", "NaN", "0x10", "sha256:" + "0" * 64, "sha256:x", "t" * 90_000),
            *("{0.__class__}", "{{7*7}}", "<b>", "$x_{", "%s%n", "`x`"),
            *([], {}, [[]], [None], {"": None}, {"a": {"a": 1}}, [1] * 300, deep),
        )
    )


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where every node of a tree is, the root first."""
    found = [at]
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            found += paths(inner, (*at, key))
    return found


def get(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def tree(value: Any, rng: Random, rounds: int = 0) -> Any:
    """One to three changes of a copy: swapped, deleted, doubled, retyped, renamed, nested."""
    value = json.loads(json.dumps(value))
    for _ in range(rounds or rng.choice((1, 1, 1, 2, 3))):
        value = _change(value, rng)
    return value


def _change(value: Any, rng: Random) -> Any:
    spots = paths(value)
    path = rng.choice(spots)
    if not path:
        return scalar(rng) if rng.random() < 0.1 else value
    parent, key = get(value, path[:-1]), path[-1]
    kind = rng.randrange(8)
    if kind <= 2:
        parent[key] = scalar(rng)
    elif kind == 3:
        del parent[key]
    elif kind == 4:
        other = rng.choice(spots[1:])
        parent[key] = json.loads(json.dumps(get(value, other)))
    elif kind == 5 and isinstance(parent, list):
        parent.insert(rng.randint(0, len(parent)), parent[key])
    elif kind == 5:
        parent[_name(rng, spots)] = parent[key]
    elif kind == 6 and isinstance(parent, dict):
        parent[_name(rng, spots)] = parent.pop(key)
    else:
        parent[key] = [parent[key]] if rng.random() < 0.5 else {str(key): parent[key]}
    return value


def _name(rng: Random, spots: Sequence[tuple[Any, ...]]) -> str:
    known = [str(path[-1]) for path in spots if path]
    odd = ("", "x", "__class__", "../x", "a\nb", "\x1b[0m", "A", "\u0430", "k" * 300, "1", "null")
    return rng.choice((*known[:400], *odd))


def as_json(value: Any, rng: Random) -> bytes:
    """The tree as JSON, now and then with a key doubled."""
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5, indent=rng.choice((None, 1)))
    if rng.random() < 0.03 and '":' in text:
        at = text.index('":')
        text = f'{{"schema":1,{text[1:]}' if text.startswith("{") else text[:at] + text
    return text.encode("utf-8", "surrogatepass")


def as_yaml(value: Any, rng: Random) -> bytes:
    """The tree as YAML in one of three styles, one of which is JSON."""
    if rng.random() < 0.5:
        return as_json(value, rng)
    flow = rng.choice((True, False, None))
    try:
        return yaml.safe_dump(
            value, default_flow_style=flow, allow_unicode=True, sort_keys=False
        ).encode("utf-8", "surrogatepass")
    except RecursionError:
        return as_json(value, rng)


def octets(data: bytes, rng: Random, others: Sequence[bytes] = ()) -> bytes:
    """One to five changes of bytes: flipped, cut, doubled, spliced, a token put in."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 3, 5))):
        _OCTETS[rng.randrange(len(_OCTETS))](out, rng, others)
    return bytes(out[: 4 * len(data) + 100_000])


def _flip(out: bytearray, rng: Random, _: Sequence[bytes]) -> None:
    if out:
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)


def _set(out: bytearray, rng: Random, _: Sequence[bytes]) -> None:
    if out:
        out[rng.randrange(len(out))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))


def _cut(out: bytearray, rng: Random, _: Sequence[bytes]) -> None:
    at = rng.randint(0, len(out))
    del out[at : at + rng.choice((1, 2, 8, 40))]


def _truncate(out: bytearray, rng: Random, _: Sequence[bytes]) -> None:
    if rng.random() < 0.3:
        del out[rng.randint(0, len(out)) :]


def _double(out: bytearray, rng: Random, _: Sequence[bytes]) -> None:
    at = rng.randint(0, len(out))
    piece = bytes(out[at : at + rng.choice((1, 4, 30, 200))])
    out[at:at] = piece * rng.choice((1, 1, 2, 40))


def _splice(out: bytearray, rng: Random, others: Sequence[bytes]) -> None:
    other = rng.choice(others) if others else bytes(out)
    start = rng.randint(0, len(other))
    at = rng.randint(0, len(out))
    out[at : at + rng.randrange(50)] = other[start : start + rng.randrange(200)]


def _token(out: bytearray, rng: Random, _: Sequence[bytes]) -> None:
    at = rng.randint(0, len(out))
    out[at : at + rng.choice((0, 0, 1, 5))] = rng.choice(TOKENS)


_OCTETS: tuple[Callable[[bytearray, Random, Sequence[bytes]], None], ...] = (
    *(_flip, _set, _cut, _truncate, _double, _splice, _token),
)
