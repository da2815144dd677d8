"""What one run saw of the claims: collected, deselected, planned, reported, stopped.

A *place* is where an item belongs: workspace, claim, item. Node ids do not say it under every
rootdir, so whoever collects notes it; where nobody told (a worker that crashed) it is read from the
node id. Under xdist the workers collect and tell, the controller hears the reports.

Not covered: which pytest hook says what (``harness.pytest_plugin.recorder``), what follows from it
(``harness.pytest_plugin.reasons``).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from harness.pytest_plugin.workspace import FOLDER, root_of

PASSED, FAILED = "passed", "failed"


class Place(NamedTuple):
    """Where an item belongs; ``root`` is the workspace's real path."""

    root: str
    claim: str
    item: str


class Report(NamedTuple):
    """How an item was reported: ``passed``, ``failed``, or neither, with the reason."""

    outcome: str
    reason: str = ""


@dataclass
class Collected:
    """What those who collect know; sent by a worker as JSON. ``offered`` has the items that a claim
    file names, by the file; ``barred`` the reason why a file or folder gave nothing."""

    roots: dict[str, None] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    offered: dict[str, list[str]] = field(default_factory=dict)
    barred: dict[str, str] = field(default_factory=dict)
    deselected: set[str] = field(default_factory=set)
    planned: set[str] = field(default_factory=set)

    def as_json(self) -> dict[str, Any]:
        """Plain lists and mappings, as execnet sends them."""
        return {
            "roots": list(self.roots),
            "places": {node: list(place) for node, place in self.places.items()},
            "offered": self.offered,
            "barred": self.barred,
            "deselected": sorted(self.deselected),
            "planned": sorted(self.planned),
        }

    def add(self, value: Mapping[str, Any]) -> None:
        """Take over what a worker told."""
        self.roots.update(dict.fromkeys(value["roots"]))
        self.places.update({node: Place(*place) for node, place in value["places"].items()})
        self.offered.update(value["offered"])
        self.barred.update(value["barred"])
        self.deselected.update(value["deselected"])
        self.planned.update(value["planned"])


@dataclass
class Tally:
    """Everything that is known when the session ends. ``stopped`` says why it ended early,
    ``crashed`` that a worker process died."""

    rootdir: Path
    collected: Collected = field(default_factory=Collected)
    reports: dict[str, Report] = field(default_factory=dict)
    shown_passed: set[str] = field(default_factory=set)
    marks: dict[str, str] = field(default_factory=dict)
    stopped: str = ""
    crashed: bool = False

    def place(self, node: str) -> Place | None:
        """Where an item belongs; None for a test that is no claim's."""
        return self.collected.places.get(node) or _read(self.rootdir, node)


def _read(rootdir: Path, node: str) -> Place | None:
    file, _, item = node.partition("::")
    path = Path(os.path.normpath(rootdir / file))
    if not item or path.suffix != ".yaml" or path.parent.name != FOLDER:
        return None
    return Place(str(root_of(path)), path.stem, item)


def plain(text: object, longest: int = 160) -> str:
    """Words of a stranger on one line, without control characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    return line if len(line) <= longest else line[: longest - 3] + "..."
