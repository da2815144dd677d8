"""Public randomness: a promise made at lock time, and the pulse that keeps it.

A registration may name a pulse that is not published yet (``drand quicknet round 30000000``). Its
value is then mixed into the seeds, so that whoever locked could not try out locks until the seeds
suit. This is worth something only if the lock was public, or anchored by an outside timestamp,
before the pulse: an author who keeps the ledger to himself can lock again after it.

Of drand two things are checked without any key: a signature's SHA-256 is the randomness, and a
round's time follows from its chain (genesis + (round - 1) * period).

Not covered: the signature itself (BLS over the round, which needs the chain's public key and a
pairing library; the signature is kept so that anyone can check it); fetching pulses; other beacons'
own formats, whose values are taken as stated.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from harness.digest import digest_bytes
from harness.errors import ClaimsError
from harness.fields import Node, Reader
from harness.yamlcore import compose, unreadable_text
from harness.yamlio import Document

MOST_BYTES = 64 * 1024
LONGEST = 200
HEX = re.compile(r"(?:[0-9a-f]{2}){16,64}")
"""128 to 512 bits."""
SIGNATURE = re.compile(r"(?:[0-9a-f]{2}){32,256}")
DRAND = re.compile(r"drand (default|quicknet) round ([1-9][0-9]{0,11})")
CHAINS: Mapping[str, tuple[int, int]] = {"default": (1595431050, 30), "quicknet": (1692803367, 3)}
"""Genesis (seconds since 1970) and period in seconds, as the League of Entropy publishes them."""
CLOCK_WITHIN = timedelta(minutes=5)
WANTED = (
    "Write JSON: beacon (the promised words), randomness (hexadecimal, at least 128 bits), "
    "published (a time such as 2030-01-01T00:00:00Z), and for drand signature"
)


@dataclass(frozen=True)
class Pulse:
    """One published value; ``data`` are the bytes it was read from."""

    beacon: str
    randomness: str
    published: str
    signature: str
    data: bytes

    @property
    def digest(self) -> str:
        return digest_bytes(self.data)

    def as_json(self) -> dict[str, Any]:
        """What the ledger keeps of it."""
        out = {
            "beacon": self.beacon,
            "randomness": self.randomness,
            "published": self.published,
            "digest": self.digest,
        }
        return out | ({"signature": self.signature} if self.signature else {})


def promised(text: str, now: datetime | None = None) -> str:
    """The words of a promise; empty where nothing is promised.

    Raises :class:`ClaimsError` for words that no reader can look up, and for a drand round that is
    published already.
    """
    words = text.strip()
    if not words:
        return ""
    fix = "Name the pulse, such as: --beacon 'drand quicknet round 30000000'"
    fault = unreadable_text(words)
    if fault or "\n" in words or len(words) > LONGEST or not re.search(r"\d", words):
        raise ClaimsError(f"{words[:60]!r} does not name one pulse of a public beacon", fix=fix)
    at = published_at(words)
    if at is not None and at <= (now or datetime.now(UTC)):
        raise ClaimsError(
            f"{words} was published at {_time(at)}, so its value can be known already",
            fix="Promise a round that is still to come",
        )
    return words


def published_at(beacon: str) -> datetime | None:
    """When a round of drand is published; None for words that name none."""
    found = DRAND.fullmatch(beacon)
    if found is None:
        return None
    genesis, period = CHAINS[found[1]]
    try:
        return datetime.fromtimestamp(genesis + (int(found[2]) - 1) * period, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def read_pulse(data: bytes, file: str) -> Pulse:
    """The pulse that a file's bytes say.

    Raises :class:`harness.errors.BadInput` with every problem.
    """
    if len(data) > MOST_BYTES:
        raise ClaimsError(f"larger than {MOST_BYTES} bytes", where=file, fix=WANTED)
    try:
        value = json.loads(data, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise ClaimsError(f"not JSON ({error})", where=file, fix=WANTED) from None
    reader = Reader(Document(file, value, {}, digest_bytes(data)))
    keys = reader.root.fields(
        ("beacon", "randomness", "published"),
        ("signature", "previous_signature", "round", "source"),
    )
    pulse = Pulse(
        beacon=compose(keys["beacon"].text(LONGEST)) if "beacon" in keys else "",
        randomness=_hex(keys.get("randomness"), HEX, "128 to 512 bits in hexadecimal"),
        published=_published(keys.get("published")),
        signature=_hex(keys.get("signature"), SIGNATURE, "a signature in hexadecimal"),
        data=data,
    )
    if not reader.problems:
        _agrees(pulse, keys)
    reader.finish()
    return pulse


def _agrees(pulse: Pulse, keys: Mapping[str, Node]) -> None:
    """Note where the parts of a pulse contradict each other."""
    if pulse.signature:
        found = hashlib.sha256(bytes.fromhex(pulse.signature)).hexdigest()
        if found != pulse.randomness:
            keys["randomness"].problem(
                f"is not the SHA-256 of the signature, which is {found}",
                "Copy both from the same round",
            )
    at = published_at(pulse.beacon)
    if at is not None and abs(time_of(pulse.published) - at) > CLOCK_WITHIN:
        keys["published"].problem(
            f"{pulse.beacon} is published at {_time(at)}", f"Write {_time(at)}"
        )


def time_of(text: str) -> datetime:
    """A stated time with its zone. Raises ``ValueError`` for anything else."""
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError("no time zone")
    return time


def _published(node: Node | None) -> str:
    if node is None:
        return ""
    text = node.text(40)
    try:
        time_of(text)
    except ValueError:
        node.problem(f"{text!r} is not a time with its zone", "Write 2030-01-01T00:00:00Z")
    return text


def _hex(node: Node | None, form: re.Pattern[str], wanted: str) -> str:
    if node is None:
        return ""
    if isinstance(node.value, str) and form.fullmatch(node.value.lower()):
        return node.value.lower()
    node.wrong(wanted)
    return ""


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key stands twice")
    return value
