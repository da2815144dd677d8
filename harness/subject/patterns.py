"""Position classes that a claim writes itself: a regular expression on the text so far, or code.

A position belongs where the decoded text up to and including its token *ends* with a match. Such a
class has no name in the task; it goes by ``regex:`` and the expression, which no task's class can
be called, so that whatever takes a class's name takes it too. One that a function of the workspace
decides goes by ``code:`` and ``module:attribute``.

The expressions are a subset of Python's, matched by Python's backtracking engine. What makes that
slow is refused, by reading the expression once: quantifiers and alternatives inside a group that is
itself repeated, more than three quantifiers, back references, and every group but ``(...)`` and
``(?:...)``. What is left takes time polynomial in the length of a text, which a context bounds.

Not covered: matching (``harness.subject.patterned``), calling code (``harness.subject.coded``).
"""

from __future__ import annotations

import re
import warnings

LONGEST = 200
MOST_QUANTIFIERS = 3
PREFIX, CODE = "regex:", "code:"
QUANTIFIER = re.compile(r"[*+?]|\{[0-9]*,?[0-9]*\}")
ESCAPED = re.compile(r"\\(?:[dDwWsSbB]|[^A-Za-z0-9])")


def class_name(regex: str) -> str:
    """What the class of an expression goes by."""
    return PREFIX + regex


def regex_of(name: str) -> str | None:
    """The expression of a class, None for a class of the task."""
    return name.removeprefix(PREFIX) if name.startswith(PREFIX) else None


def code_class(function: str) -> str:
    """What the class goes by that ``module:attribute`` decides."""
    return CODE + function


def code_of(name: str) -> str | None:
    """The function that decides a class, None for any other class."""
    return name.removeprefix(CODE) if name.startswith(CODE) else None


def fault(regex: str) -> str:
    """Why an expression is refused; nothing where it is not."""
    if not regex or len(regex) > LONGEST:
        return f"it has {len(regex)} characters, and may have 1 to {LONGEST}"
    if not regex.isprintable():
        return "it holds a character that cannot be seen"
    if words := _slow(regex):
        return words
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)  # what a later Python reads otherwise
            found = re.compile(regex)
    except (re.error, FutureWarning, OverflowError, RecursionError) as error:
        return f"it is no regular expression ({error})"
    return "it matches the empty text, so it ends everywhere" if found.fullmatch("") else ""


def _slow(regex: str) -> str:
    """What could make matching slow, in words; one pass from left to right."""
    place, quantifiers = 0, 0
    open_: list[bool] = []  # per group that is open: whether it holds a quantifier or alternatives
    closed = False  # whether the last atom is a group that holds one
    while place < len(regex):
        character = regex[place]
        if character == "\\":
            match = ESCAPED.match(regex, place)
            if match is None:
                return f"{regex[place : place + 2]!r} is not one of \\d \\w \\s \\b or a sign"
            place, closed = match.end(), False
        elif character == "[":
            end = _set_end(regex, place)
            if end < 0:
                return "a set [...] is not closed"
            place, closed = end, False
        elif character == "(":
            place += 3 if regex.startswith("(?:", place) else 1
            if regex[place - 1] == "(" and regex.startswith("?", place):
                return "a group is neither (...) nor (?:...)"
            open_.append(False)
        elif character == ")":
            if not open_:
                return "a group is closed that was not opened"
            closed = open_.pop()
            if open_ and closed:
                open_[-1] = True
            place += 1
        elif match := QUANTIFIER.match(regex, place):
            quantifiers += 1
            if closed:
                return "a repeated group holds a quantifier or alternatives"
            if quantifiers > MOST_QUANTIFIERS:
                return f"it has more than {MOST_QUANTIFIERS} quantifiers"
            open_ = [True] * len(open_)
            place = match.end()
            if regex[place : place + 1] == "?":  # lazy, and not a second one
                place += 1
        else:
            if character == "|":
                open_ = [True] * len(open_)
            place, closed = place + 1, False
    return ""


def _set_end(regex: str, start: int) -> int:
    """Where the set that opens at ``start`` ends, -1 if it does not."""
    place = start + 1
    place += regex.startswith("^", place)
    place += regex.startswith("]", place)
    while place < len(regex):
        if regex[place] == "]":
            return place + 1
        place += 2 if regex[place] == "\\" else 1
    return -1
