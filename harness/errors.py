"""Errors that reach a person: what is wrong, where, and what to do about it.

Every error of the harness that is caused by input, by the workspace or by the state of a record
derives from :class:`ClaimsError`; the command line prints it as one sentence and exits with its
``exit_code``. Programming errors are not wrapped: they keep their traceback.

An error's words may come from a file name or from a record, so whatever cannot be seen in them is
written out (``harness.shown``); only ``what`` may have several lines.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass

from harness.shown import visible

EXIT_OK = 0
"""All that was asked for holds (for a run: every claim PASS)."""
EXIT_NEGATIVE = 1
"""A verdict is FAIL or INCONCLUSIVE."""
EXIT_USAGE = 2
"""Bad input or usage."""
EXIT_NO_STANDING = 3
"""No verdict can stand (INVALID, TAMPERED, DEVIATED) or verification failed."""
EXIT_EMPTY = 4
"""Nothing was there to examine."""


class ClaimsError(Exception):
    """One problem, said once: ``what`` is wrong, ``where`` it is, ``fix`` says what to do."""

    exit_code = EXIT_USAGE

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        self.what, self.where = visible(what, lines=True), visible(where)
        self.fix = visible(fix)
        super().__init__(self.sentence)

    @property
    def sentence(self) -> str:
        """``where: what; fix`` on one line."""
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}. {self.fix}" if self.fix else text


@dataclass(frozen=True)
class Problem:
    """One fault found in a file: path inside the document, line (1-based), words, advice."""

    file: str
    line: int
    path: str
    what: str
    fix: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        at = f" at {self.path}" if self.path else ""
        return visible(f"{place}{at}: {self.what}" + (f". {self.fix}" if self.fix else ""))


class BadInput(ClaimsError):
    """Files that cannot be read as what they should be; carries every problem found, not one."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(p) for p in problems))


class UnknownName(ClaimsError):
    """A name (site, position class, arm, role) that does not exist; lists the nearest that do."""


class NothingFired(ClaimsError):
    """An intervention that changed nothing: empty position class, or a hook that never fired."""

    exit_code = EXIT_NO_STANDING


class OutOfOrder(ClaimsError):
    """A step of the chain was asked for before the one it rests on (run before lock, ...)."""

    exit_code = EXIT_NO_STANDING


class RecordBroken(ClaimsError):
    """A stored record (ledger, lock, cell, verdict) does not say what its digest says."""

    exit_code = EXIT_NO_STANDING


class NothingThere(ClaimsError):
    """The question is well put, but there is nothing to examine."""

    exit_code = EXIT_EMPTY


MACHINE = {
    errno.ENOSPC: "Free some space and run the same command again; what was measured is kept",
    errno.EDQUOT: "Free some space and run the same command again; what was measured is kept",
    errno.EFBIG: "Lift the limit on file sizes and run the same command again",
    errno.EACCES: "Choose a folder that you may write, or change its permissions",
    errno.EPERM: "Choose a folder that you may write, or change its permissions",
    errno.EROFS: "Work on a copy in a folder that can be written",
    errno.EIO: "Look to the disk, then run the same command again",
    errno.EMFILE: "Raise the limit on open files (ulimit -n) and run the same command again",
    errno.ENFILE: "Close other programs and run the same command again",
}
"""What the machine did, not the program: error number -> advice."""
MACHINE_FAULT = "machine_fault"
"""The property under which a pytest item says so to whoever started pytest."""
INPUT = {
    errno.ENOENT: "Check the path",
    errno.ENOTDIR: "A folder was expected here",
    errno.EEXIST: "Move it away first",
}


def in_words(error: OSError) -> ClaimsError:
    """A full disk, a folder that cannot be written, a file that is not there, as a sentence."""
    fix = {**INPUT, **MACHINE}.get(error.errno or 0, "")
    return ClaimsError(error.strerror or str(error), where=str(error.filename or ""), fix=fix)


def of_machine(error: BaseException) -> ClaimsError | None:
    """The sentence for an error that the machine caused, or None for any other.

    Told by the error number (``MACHINE``), of the error itself or of what caused it.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in MACHINE:
            return error if isinstance(error, ClaimsError) else in_words(cause)
        cause = cause.__cause__
    return None


MOST_COMPARED, MOST_KNOWN = 80, 200
"""Characters of a name, and names, that are looked at: comparing takes the product of both."""


def nearest(name: str, known: tuple[str, ...], n: int = 4) -> str:
    """Words naming the ``n`` known names closest to ``name``, for use in an error."""
    import difflib

    near = [word[:MOST_COMPARED] for word in known]
    if len(near) > MOST_KNOWN:
        near = sorted(near, key=lambda word: -_shared(word, name))[:MOST_KNOWN]
    close = difflib.get_close_matches(name[:MOST_COMPARED], near, n=n, cutoff=0.3)
    return ", ".join(close or sorted(near)[:n]) or "(none)"


def _shared(one: str, two: str) -> int:
    """How many characters two words begin with alike."""
    pairs = enumerate(zip(one, two, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(two)))
