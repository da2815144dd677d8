"""Position classes that a function of the workspace decides, held to what a class must be.

A function takes tokens [B, T] (int64) and the task, and gives a boolean [B, T]. Whether position t
belongs may depend on tokens up to and including t of its own row and on nothing else, because in
generation the later tokens are not there yet. A function that is not so would edit other positions
in generation than in scoring, so it is called again, on the texts at hand, and its answers are
compared: on a few rows of every call, as they are and without their last token, which in generation
compares each step with the one before; and on a few rows of the first calls, cut everywhere.

Padding belongs to no class, whatever the function says.

Not covered: a dependence on later tokens that shows in none of the rows compared; how a function is
found and bound (``harness.lock.code``, ``harness.measure.loading``).
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from harness.errors import ClaimsError
from harness.subject.interface import Task

Function = Callable[[Tensor, Task], Tensor]
ROWS = 4
"""Of every call, compared with the same rows alone and cut by one token."""
CUT_ROWS = 32
"""Compared at every cut, over all calls; then the cut by one token goes on alone."""
FIX = "See docs/interventions.md, Positions"


class Coded:
    """One class: ``name`` is the function's ``module:attribute``."""

    def __init__(self, name: str, function: Function, task: Task) -> None:
        self.name, self.function, self.task = name, function, task
        self._left = CUT_ROWS

    def positions(self, tokens: Tensor) -> Tensor:
        """Boolean [B, T], without padding.

        Raises :class:`ClaimsError` where the function fails, gives something else, or depends on
        what it must not.
        """
        found = self._call(tokens)
        rows, length = tokens.shape
        if rows and length:
            self._compare(tokens, found)
        return found & (tokens != self.task.pad_id)

    def _compare(self, tokens: Tensor, found: Tensor) -> None:
        rows, length = tokens.shape
        some = torch.arange(0, rows, -(-rows // ROWS), device=tokens.device)
        few, said = tokens[some], found[some]
        if not torch.equal(self._call(tokens), found):
            raise self._error(
                "gives another answer when it is asked again",
                "Let it use nothing but its arguments: no randomness, no state, no clock",
            )
        cuts = [length - 1]
        if self._left > 0:
            self._left -= len(few)
            cuts = list(range(1, length))
        if not torch.equal(self._call(few), said):
            raise self._error("depends on the other rows of the batch", "Decide each row by itself")
        real = few != self.task.pad_id
        for cut in cuts:
            if cut < 1:
                continue
            wrong = (self._call(few[:, :cut]) != said[:, :cut]) & real[:, :cut]
            if bool(wrong.any()):
                row, at = wrong.nonzero()[0].tolist()
                now, then = ("belongs", "does not") if said[row, at] else ("does not", "belongs")
                raise self._error(
                    f"depends on what comes after a position: token {at} {now} in a text of "
                    f"{length} tokens and {then} in its first {cut}",
                    "Decide position t from tokens[:, : t + 1]: generation has no more",
                )

    def _call(self, tokens: Tensor) -> Tensor:
        try:
            found: Any = self.function(tokens.clone(), self.task)
        except ClaimsError:
            raise
        except Exception as error:  # whatever the user's code raises is the user's to mend
            words = f"raised {type(error).__name__}: {error}".removesuffix(": ")
            raise self._error(words, "Correct it", self._line(error)) from error
        if not isinstance(found, Tensor):
            raise self._error(f"gave {type(found).__name__}, not a tensor", FIX)
        if found.dtype != torch.bool or found.shape != tokens.shape:
            kind = str(found.dtype).removeprefix("torch.")
            raise self._error(
                f"gave {kind} {list(found.shape)} for tokens {list(tokens.shape)}, not a boolean "
                "of the same shape",
                FIX,
            )
        return found.to(tokens.device)

    def _error(self, what: str, fix: str, line: int = 0) -> ClaimsError:
        module, _, attribute = self.name.partition(":")
        where = module.replace(".", "/") + (f".py:{line}" if line else ".py")
        return ClaimsError(
            f"the positions {attribute!r}: the function {what}", where=where, fix=fix
        )

    def _line(self, error: Exception) -> int:
        """The last line of the function's own file that the error came through; 0 if none."""
        file = getattr(getattr(self.function, "__code__", None), "co_filename", None)
        through = traceback.walk_tb(error.__traceback__)
        lines = [line for frame, line in through if frame.f_code.co_filename == file]
        return lines[-1] if lines else 0
