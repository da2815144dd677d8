"""Claim files as pytest nodes: a collector per group, an item per thing that is decided.

Each item says with ``record_property`` (JUnit XML) which claim, registration and verdict it speaks
of. A failing item shows words, not a traceback; only programming errors keep theirs. What the
machine does (a full disk, a folder that may not be written) ends the run: every further item would
fail of it too.

Marks do not decide about claims: ``skip``, ``skipif`` and ``xfail`` are invisible to pytest on
claim items, which run all the same and say which marks they ignored.

Not covered: measuring and judging (``harness.pytest_plugin.attempt``).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from _pytest._code.code import ExceptionInfo, TerminalRepr

from harness.errors import MACHINE_FAULT, ClaimsError, of_machine
from harness.pytest_plugin import interrupts, live
from harness.pytest_plugin.attempt import Attempt
from harness.shown import visible

MARK_IGNORED = "mark ignored"
"""The name of the property under which an item tells of a mark."""
REFUSED = ("skip", "skipif", "xfail")


class NotHeld(Exception):
    """What was asked does not hold; the message says what would have to be different."""


class ClaimFile(pytest.File):
    """One claim: ``claims/<id>.yaml``; ``offers`` has its items once it was read."""

    offers: tuple[str, ...] = ()

    def collect(self) -> Iterator[pytest.Collector | pytest.Item]:
        from harness.claim.looks import fewest_replicates
        from harness.claim.parse import parse_claim
        from harness.verdict.reported import items_of

        root = self.path.parent.parent
        claim = parse_claim(root, self.path)
        self.offers = items_of(claim)
        attempt = Attempt(root, claim.id)
        self.config.add_cleanup(attempt.leave)
        groups: dict[type[ClaimItem], list[str]] = {
            ReplicateItem: [str(r) for r in range(fewest_replicates(claim.subject))],
            PreconditionItem: [p.name for p in claim.preconditions],
            CriterionItem: [c.name for c in claim.criteria],
        }
        for kind, names in groups.items():
            if names:
                yield Group.from_parent(
                    self, name=kind.group, kind=kind, names=names, attempt=attempt
                )
        yield VerdictItem.from_parent(self, name=VerdictItem.group, attempt=attempt)

    def repr_failure(self, excinfo: ExceptionInfo[BaseException], *_: object) -> str | TerminalRepr:
        if isinstance(excinfo.value, ClaimsError):
            return excinfo.value.sentence
        return super().repr_failure(excinfo)


def claim_file(parent: pytest.Collector, path: Path) -> ClaimFile:
    """The node of a claim file. A name that a terminal must not be given is written out."""
    shown: dict[str, Any] = {}
    if visible(path.name) != path.name:
        where = parent.nodeid if parent.nodeid not in ("", ".") else path.parent.name
        shown = {"name": visible(path.name), "nodeid": f"{where}/{visible(path.name)}"}
    file: ClaimFile = ClaimFile.from_parent(parent, path=path, **shown)
    return file


class Group(pytest.Collector):
    """``precondition``, ``replicate`` or ``criterion`` of one claim."""

    def __init__(
        self, *, kind: type[ClaimItem], names: list[str], attempt: Attempt, **node: Any
    ) -> None:
        super().__init__(**node)
        self._kind, self._names, self._attempt = kind, names, attempt

    def collect(self) -> Iterator[pytest.Item]:
        for name in self._names:
            yield self._kind.from_parent(self, name=name, attempt=self._attempt)


class ClaimItem(pytest.Item):
    """One item of a claim."""

    group: ClassVar[str]

    def __init__(self, *, attempt: Attempt, **node: Any) -> None:
        super().__init__(**node)
        self.attempt = attempt

    @property
    def item(self) -> str:
        """The item's name within its claim, as the lock's items are named."""
        return self.group if self.name == self.group else f"{self.group}::{self.name}"

    def iter_markers_with_node(self, name: str | None = None) -> Iterator[tuple[Any, pytest.Mark]]:
        """Marks of the item and of those above it, without the ones that would decide for it."""
        for node, mark in super().iter_markers_with_node(name):
            if mark.name not in REFUSED:
                yield node, mark

    def runtest(self) -> None:
        self.record("claim", self.attempt.claim)
        for _, mark in super().iter_markers_with_node():
            if mark.name in REFUSED:
                self.record(MARK_IGNORED, _words(mark))
        with interrupts.heard(), live.progress(self.config) as progress:
            try:
                self.examine(progress)
            except (OSError, ClaimsError) as error:
                fault = of_machine(error)
                if fault is None:
                    raise
                self.record(MACHINE_FAULT, fault.sentence)
                self.session.shouldstop = fault.sentence
                raise fault from error

    def examine(self, progress: live.Live) -> None:
        """Raise :class:`NotHeld` or :class:`ClaimsError`, or hold."""
        raise TypeError(f"{type(self).__name__} does not say what it examines")

    def record(self, name: str, value: object) -> None:
        """A property for JUnit XML."""
        self.user_properties.append((name, str(value)))

    def repr_failure(self, excinfo: ExceptionInfo[BaseException], *_: object) -> str | TerminalRepr:
        error = excinfo.value
        if isinstance(error, ClaimsError):
            return error.sentence
        if isinstance(error, NotHeld):
            return visible(str(error), lines=True)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        words = self.group if self.name == self.group else f"{self.group} {self.name}"
        return self.path, None, f"{self.attempt.claim}: {words}"


class ReplicateItem(ClaimItem):
    """Measures one replicate."""

    group = "replicate"

    def examine(self, progress: live.Live) -> None:
        self.attempt.measure(int(self.name), progress)
        self.record("registration", self.attempt.job.registration)


class JudgedItem(ClaimItem):
    """An item that needs the verdict."""

    def examine(self, progress: live.Live) -> None:
        verdict = self.attempt.verdict(progress)
        self.record("registration", verdict.registration)
        self.record("attempt", verdict.attempt)
        self.record("verdict", verdict.status.name)
        self.judge(verdict)

    def judge(self, verdict: Any) -> None:
        """Raise :class:`NotHeld`, or hold."""
        raise TypeError(f"{type(self).__name__} does not say what it judges")


class PreconditionItem(JudgedItem):
    """Whether the data can speak in one respect."""

    group = "precondition"

    def judge(self, verdict: Any) -> None:
        one = next(p for p in verdict.preconditions if p.name == self.name)
        self.record("sentence", one.sentence)
        if not one.held:
            raise NotHeld(
                f"precondition {one.name} failed: {one.sentence}\n"
                f"  got:    {one.got}\n  needed: {one.needed}\n  why:    {one.why}\n"
                "Until it holds, the claim is INVALID: the data speak neither for nor against it."
            )


class CriterionItem(JudgedItem):
    """Whether one criterion is supported."""

    group = "criterion"

    def judge(self, verdict: Any) -> None:
        one = next((c for c in verdict.criteria if c.name == self.name), None)
        if one is None:
            missing = next(p for p in verdict.preconditions if p.name == f"{self.name}-measurable")
            self.record("sentence", missing.sentence)
            raise NotHeld(f"criterion {self.name} has no number: {missing.sentence}")
        self.record("outcome", one.outcome.name)
        self.record("sentence", one.sentence)
        if one.outcome.name != "PASS":
            raise NotHeld(f"criterion {one.name} is {one.outcome.name}: {one.sentence}")


class VerdictItem(JudgedItem):
    """The claim's verdict."""

    group = "verdict"

    def judge(self, verdict: Any) -> None:
        self.record("sentence", verdict.sentence)
        withdrawn = self.attempt.withdrawn()
        if withdrawn:
            raise NotHeld(
                f"{verdict.claim} is WITHDRAWN: {withdrawn}\n  its verdict was "
                f"{verdict.status.name}: {verdict.sentence}"
            )
        if verdict.status.name != "PASS":
            open_questions = [
                *(
                    f"  precondition {p.name}: {p.sentence}"
                    for p in verdict.preconditions
                    if not p.held
                ),
                *(
                    f"  criterion {c.name}: {c.outcome.name}, {c.sentence}"
                    for c in verdict.criteria
                    if c.outcome.name != "PASS"
                ),
            ]
            raise NotHeld(
                "\n".join(
                    [
                        f"{verdict.claim} is {verdict.status.name}: {verdict.sentence}",
                        f"  ({verdict.status.value})",
                        *open_questions,
                    ]
                )
            )


def _words(mark: pytest.Mark) -> str:
    """``xfail (known to fail)``."""
    given = mark.kwargs.get("reason") or next((a for a in mark.args if isinstance(a, str)), "")
    return f"{mark.name} ({given})" if given else mark.name


def order(items: list[pytest.Item]) -> None:
    """Put claim items where claim items were: replicate 0 of every claim, replicate 1, ..., then
    the rest in file order. Other items keep their places."""
    places = [i for i, item in enumerate(items) if isinstance(item, ClaimItem)]
    ours = sorted((items[i] for i in places), key=_rank)
    for place, item in zip(places, ours, strict=True):
        items[place] = item


def _rank(item: pytest.Item) -> tuple[int, int]:
    return (0, int(item.name)) if isinstance(item, ReplicateItem) else (1, 0)
