"""A task that also knows the position classes of ``harness.subject.patterns``, and marked texts.

Of a class that an expression decides, each position's text is decoded once: results are kept by the
tokens up to it, so that generation, which asks again after every token, decodes one text more per
row and step.

Not covered: how a tokenizer cuts words: a match that ends inside a token belongs to no position.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

import torch
from torch import Tensor

from harness.errors import ClaimsError
from harness.subject.coded import Coded, Function
from harness.subject.interface import Task
from harness.subject.patterns import code_of, fault, regex_of

MOST_KEPT = 100_000
"""Texts whose result is kept; all are dropped when there are more."""
MOST_TEXTS, LONGEST = 3, 2000
"""Of the sample of marked texts: texts, and characters of each."""


class Patterned:
    """The task, with classes called ``regex:...`` besides, and those of ``functions`` (by their
    ``module:attribute``) under ``code:...``; everything else is the task's own."""

    def __init__(self, task: Task, functions: Mapping[str, Function]) -> None:
        self._task = task
        self._coded = {name: Coded(name, one, task) for name, one in functions.items()}
        self._kept: dict[tuple[str, bytes], bool] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._task, name)

    def positions(self, name: str, tokens: Tensor) -> Tensor:
        """Boolean [B, T]; as the task's. A class ``regex:...`` holds the positions whose decoded
        text, their own token included, ends with a match; padding belongs to none. Raises
        :class:`UnknownName`, :class:`ClaimsError` for an expression that is refused and for a
        function that is no position class (``harness.subject.coded``)."""
        code = code_of(name)
        if code is not None and code in self._coded:
            return self._coded[code].positions(tokens)
        regex = regex_of(name)
        if regex is None:
            return self._task.positions(name, tokens)
        found = _compiled(regex)
        member = [self._row(found, row) for row in tokens.cpu()]
        belongs = torch.tensor(member, dtype=torch.bool).reshape(tokens.shape).to(tokens.device)
        return belongs & (tokens != self._task.pad_id)

    def _row(self, regex: re.Pattern[str], row: Tensor) -> list[bool]:
        """Of each position of one row [T]."""
        data, size = row.numpy().tobytes(), row.element_size()
        out = []
        for t in range(1, len(row) + 1):
            key = (regex.pattern, data[: size * t])
            if key not in self._kept:
                if len(self._kept) >= MOST_KEPT:
                    self._kept.clear()
                self._kept[key] = regex.search(self._task.decode(row[:t])) is not None
            out.append(self._kept[key])
        return out


def patterned(task: Task, functions: Mapping[str, Function] | None = None) -> Task:
    """The task with the classes that a claim writes itself."""
    return cast(Task, Patterned(task, functions or {}))


@lru_cache(maxsize=64)
def _compiled(regex: str) -> re.Pattern[str]:
    if words := fault(regex):
        raise ClaimsError(f"the expression {regex!r} is refused: {words}", where="positions")
    return re.compile(rf"(?:{regex})\Z")


def marked_texts(task: Task, tokens: Tensor, lengths: Tensor, positions: str) -> list[str]:
    """The first texts with a position of the class, its tokens in brackets.

    ``tokens`` [B, T], ``lengths`` [B]. A token's words are what decoding gives once it is there and
    not before; where a tokenizer changes earlier text, what the token alone decodes to.
    """
    valid = torch.arange(tokens.shape[1]) < lengths[:, None]
    member = task.positions(positions, tokens) & valid
    found = []
    for n in member.any(1).nonzero().squeeze(1).tolist()[:MOST_TEXTS]:
        out, before = "", ""
        for t in range(int(lengths[n])):
            now = task.decode(tokens[n, : t + 1])
            piece = (
                now[len(before) :] if now.startswith(before) else task.decode(tokens[n, t, None])
            )
            words = piece.lstrip()
            out += f"{piece[: len(piece) - len(words)]}[{words}]" if member[n, t] else piece
            before = now
        found.append(out if len(out) <= LONGEST else out[: LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}")
    return found
