"""One worker process of ``harness.cli.measure``: ``python -m harness.cli.worker K N PLAN``.

Speaks JSON lines on stdout: ``{"say": text}``, ``{"error": {...}}``. Not covered: everything that
is not measuring.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, TextIO

from harness.cli.measure import JobName, jobs_of, rounds
from harness.errors import EXIT_OK, ClaimsError, in_words, of_machine


class Spoken:
    """Progress as JSON lines."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def send(self, message: dict[str, Any]) -> None:
        print(json.dumps(message), file=self._stream, flush=True)

    def say(self, text: str) -> None:
        self.send({"say": text})

    def step(self, what: str, done: int, total: int) -> None:
        """Ignore: the parent counts replicates itself."""


def _tell(spoken: Spoken, error: ClaimsError) -> int:
    value = {"what": error.what, "where": error.where, "fix": error.fix}
    spoken.send({"error": {**value, "exit_code": error.exit_code}})
    return error.exit_code


def main(argv: list[str]) -> int:
    """Measure as worker ``argv[0]`` of ``argv[1]`` the jobs named in ``argv[2]``."""
    # stdout is the line to the parent: whatever else a builder prints goes to stderr
    parent = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    spoken = Spoken(parent)
    try:
        jobs = jobs_of([JobName.from_json(one) for one in json.loads(argv[2])])
        for _ in rounds(jobs, int(argv[0]), int(argv[1]), spoken):
            spoken.send({})
    except ClaimsError as error:
        return _tell(spoken, error)
    except OSError as error:
        if not of_machine(error):
            raise
        return _tell(spoken, in_words(error))
    except KeyboardInterrupt:
        return 130
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
