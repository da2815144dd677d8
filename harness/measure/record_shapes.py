"""What the JSON files beside the cells must look like before anyone relies on a part of them.

A record whose digest is right can still hold anything: whoever makes one makes its digest. Numbers
are finite (``harness.strictjson``) or null, where a training or a measurement gave none.

Not covered: whether a record is the one that the ledger has (``harness.measure.attest``).
"""

from __future__ import annotations

import re
from typing import Any

from harness.shapes import (
    Shape,
    anything,
    digest,
    each,
    every,
    mapping,
    maybe,
    number,
    record,
    text,
    whole,
)

HEALTH = record(
    {"loss_gap": maybe(number), "garbage_rate": maybe(number)}, {"behaviour_rate": maybe(number)}
)
DICTIONARY = record(
    {"explained_variance": maybe(number), "dead_fraction": maybe(number)}, {"l0": maybe(number)}
)
PLANNED = record(
    {"dose": number, "residual": maybe(number)}, {"kl": maybe(number), "top": maybe(number)}
)
FEATURE = record(
    {"feature": whole, "rate_positive": number, "rate_negative": number, "rate_host": number},
    {"scale": number, "row_norm": number},
)
FEATURES = record(
    {"dictionary": text, "variants": each(every(FEATURE))},
    dict.fromkeys(("architecture", "positive", "negative", "hook", "positions"), text),
)
HEAD = record({"head": whole, "attention": number}, {"next": maybe(number), "partner": whole})
ROW_SPACE = record({"row_space": number, "rank": whole, "width": whole}, {"directions": whole})
REPLICATE = record(
    {
        "schema": text,
        "replicate": whole,
        "health": each(HEALTH),
        "split_half": each(number),
        "dose": record({"judged": maybe(number)}, {"table": every(mapping)}),
        "dictionaries": each(DICTIONARY),
    },
    {
        "seeds": each(anything),
        "models": each(anything),
        "direction_norm": each(number),
        "direction_length": each(number),
        "row_space": each(ROW_SPACE),
        "heads": each(HEAD),
        "planned": each(each(every(PLANNED))),
        "features": each(FEATURES),
        "positions": each(every(text)),
        "classes": each(text),
    },
)
ATTEMPT = record(
    {"files": each(digest)},
    {"schema": text, "claim": text, "registration": text, "attempt": text},
)
BUILT = record({"files": each(digest), "health": each(maybe(number))})
WORDS = ("sentence", "scope", "title", "statement", "got", "needed", "note", "label", "why")
"""Rendered words of a verdict, at any depth."""


def _worded(value: Any, path: str) -> str:
    """Everything under a key of :data:`WORDS` is text or null."""
    if isinstance(value, dict):
        for name, inner in value.items():
            place = f"{path}.{name}" if path else name
            if fault := maybe(text)(inner, place) if name in WORDS else _worded(inner, place):
                return fault
    if isinstance(value, list):
        return next((f for n, one in enumerate(value) if (f := _worded(one, f"{path}[{n}]"))), "")
    return ""


def _verdict(value: Any, path: str) -> str:
    top = record({"status": text}, {"schema": text, "claim": text, "judged_by": text})
    return top(value, path) or _worded(value, path)


SHAPES: tuple[tuple[re.Pattern[str], Shape], ...] = (
    (re.compile(r"attempt\.json"), ATTEMPT),
    (re.compile(r"replicate\.([0-9]+)\.json"), REPLICATE),
    (re.compile(r"verdict\.json"), _verdict),
    (re.compile(r"built\.json"), BUILT),
)


def fault(file: str, value: dict[str, Any]) -> str:
    """What is wrong with the record in a file of that name; nothing where it fits, or where the
    name is none of ours."""
    for pattern, shape in SHAPES:
        if match := pattern.fullmatch(file):
            words = shape(value, "")
            if not words and match.groups() and str(value["replicate"]) != match[1]:
                return f"it is the record of replicate {value['replicate']}"
            return words
    return ""
