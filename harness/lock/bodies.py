"""What a ledger row's body must have before anyone relies on it, by the row's kind.

A row may be whole, its digest right and its chain unbroken, and still hold anything at all: whoever
writes a ledger anew writes the digests too. Names of claims become names of files, so they are
identifiers here already.

Not covered: whether a registration is the digest of what it binds (``harness.lock.record``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.fields import good_id
from harness.shapes import Shape, anything, digest, each, mapping, record, text


def name(value: Any, path: str) -> str:
    """The name of a claim."""
    return "" if isinstance(value, str) and good_id(value) else f"{path} cannot name a claim"


def names(value: Any, path: str) -> str:
    """A mapping or a list whose entries name claims."""
    if isinstance(value, list):
        return next((f for n, one in enumerate(value) if (f := name(one, f"{path}[{n}]"))), "")
    return each(anything, name)(value, path)


COMMON: Mapping[str, Shape] = {
    "claim": text,
    "claims": names,
    "registration": text,
    "attempt": text,
    "record": text,
    "reason": text,
}
"""Fields that readers of several kinds look at, where they are there."""

REGISTRATION = record(
    {
        "registration": digest,
        "claims": each(digest, name),
        "reason": text,
        "content": record({"claims": each(mapping, name), "recipes": each(mapping)}),
    }
)
WITHDRAWAL = record({"claim": name, "registration": digest, "reason": text}, {"successor": name})
BY_KIND: Mapping[str, Shape] = {
    "registration": REGISTRATION,
    "amendment": REGISTRATION,
    "withdrawal": WITHDRAWAL,
}


def fault(kind: str, body: Mapping[str, Any]) -> str:
    """What is wrong with the body of a row of this kind; nothing where it fits."""
    return record({}, COMMON)(body, "") or BY_KIND.get(kind, anything)(body, "")
