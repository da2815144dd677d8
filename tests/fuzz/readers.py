"""Every reader, with what makes its inputs: ``make`` a mutated input, ``read`` what reads it.

``read`` accepts an input by returning and refuses it by raising :class:`ClaimsError`. Readers that
need a disk put the input where the reader looks, inside the sandbox.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd

from harness.claim.canonical import claim_from_json, claim_to_json
from harness.claim.parse import read_claim
from harness.digest import canonical
from harness.errors import ClaimsError
from harness.lock.chain import GENESIS, Row, line_of, parse
from harness.lock.ledger import ledger_path, read
from harness.lock.record import lock_from
from harness.lock.source import analyse
from harness.lock.stored import is_registered, load_lock, restore
from harness.lock.tensors import tensors_digest
from harness.measure.store import CellName, read_cell, read_json
from harness.paths import inside, read_inside
from harness.strictjson import NotJson, parse_object
from harness.subject.recipe import read_recipe, recipe_from_json, recipe_to_json
from harness.verdict.judge import judge
from harness.verdict.standing import claim_ids, standing
from harness.verdict.verify import verify
from harness.yamlio import load_bytes
from tests.fuzz import mutate
from tests.fuzz.examples import Examples
from tests.fuzz.guard import CPU_SECONDS

WHOLE = 15.0
"""Seconds for what judges, draws or runs a command."""

Make = Callable[[Random], bytes]
Read = Callable[[bytes], object]


@dataclass(frozen=True)
class Reader:
    """One reader; ``share`` is its part of all inputs, of the sum of all shares."""

    name: str
    share: int
    make: Make
    read: Read
    seconds: float = CPU_SECONDS
    """Of computing that one input may take: reading is quick, judging and drawing are not."""


def mixed(texts: Sequence[bytes], values: Sequence[Any], write: Callable[..., bytes]) -> Make:
    """Half the inputs by structure (where there is one), half by bytes."""

    def make(rng: Random) -> bytes:
        if values and rng.random() < 0.6:
            data = write(mutate.tree(rng.choice(values), rng), rng)
            return mutate.octets(data, rng, texts) if rng.random() < 0.1 else data
        return mutate.octets(rng.choice(texts), rng, texts)

    return make


def text_readers(x: Examples) -> list[Reader]:
    """YAML and the canonical form: claims and recipes."""
    claims = [load_bytes(data).value for data in x.claims]
    recipes = [load_bytes(data).value for data in x.recipes]
    recipe = read_recipe(load_bytes(x.recipes[0], "models/tiny.yaml"))
    both = {"claim": x.canonical[0], "recipe": x.canonical[1]}

    def claim(data: bytes) -> None:
        found = read_claim(load_bytes(data, "claims/valid.yaml"), recipe, "valid")
        assert claim_from_json(claim_to_json(found)) == found
        canonical(claim_to_json(found))

    def one_recipe(data: bytes) -> None:
        found = read_recipe(load_bytes(data, "models/tiny.yaml"), x.rich)
        assert recipe_from_json(recipe_to_json(found)) == found

    def from_lock(data: bytes) -> None:
        value = _object(data)
        claim_from_json(_dict(value.get("claim")))
        recipe_from_json(_dict(value.get("recipe")))

    yamls = [piece for text in (*x.claims, *x.recipes) for piece in _pieces(text)]
    return [
        Reader("yaml", 230, mixed(yamls, (), mutate.as_yaml), load_bytes),
        Reader("claim", 150, mixed(x.claims, claims, mutate.as_yaml), claim),
        Reader("recipe", 110, mixed(x.recipes, recipes, mutate.as_yaml), one_recipe),
        Reader("claim-json", 60, mixed([canonical(both)], [both], mutate.as_json), from_lock),
        Reader("source", 60, mixed(_sources(), (), mutate.as_json), lambda d: analyse(d, "m.py")),
        Reader("path", 70, _paths, lambda data: _path(x.desk, data)),
    ]


def record_readers(x: Examples) -> list[Reader]:
    """The ledger, locks, and the JSON beside the cells."""
    lock = x.study / "claims/easy.lock.json"
    whole = lock.read_bytes()
    rows = [row.as_json() for row in read(x.study)]
    folder = x.job.folder
    names = ("attempt.json", "replicate.0.json")
    records = {name: json.loads((folder / name).read_bytes()) for name in names}
    published = next((x.study / "reports/easy").rglob("verdict.json"))
    records["verdict.json"] = json.loads(published.read_bytes())
    texts = [json.dumps(v, indent=1).encode() for v in records.values()]

    def bodies(rng: Random) -> bytes:
        """Rows whose digests and chain are right, and whose bodies are anything."""
        prev, out = GENESIS, []
        changed = [mutate.tree(row, rng) if rng.random() < 0.5 else row for row in rows]
        for seq, row in enumerate((r for r in changed if isinstance(r, dict)), 1):
            body, kind = row.get("body"), row.get("kind")
            if not isinstance(body, dict) or not isinstance(kind, str):
                continue
            body = _redigested(body) if rng.random() < 0.7 else body
            try:
                made = Row.make(seq, kind, body, str(row.get("time")), prev)
                out.append(line_of(made))
            except (ValueError, RecursionError):
                continue
            prev = made.digest
        return b"".join(out)

    def ledger(data: bytes) -> None:
        ledger_path(x.study).write_bytes(data)
        lock.unlink(missing_ok=True)
        try:
            found = read(x.study)
            for row in found:
                for name in row.body.get("claims", {}) if row.kind == "registration" else ():
                    lock_from(row, name)
            for name in claim_ids(x.study):
                is_registered(x.study, name)
            restore(x.study, found)
            load_lock(x.study, "easy")
        finally:
            ledger_path(x.study).write_bytes(x.ledger)
            lock.write_bytes(whole)

    def examined(data: bytes) -> None:
        ledger_path(x.study).write_bytes(data)
        try:
            for name in claim_ids(x.study):
                standing(x.study, name)
            verify(x.study)
        finally:
            ledger_path(x.study).write_bytes(x.ledger)

    def locked(data: bytes) -> None:
        lock.write_bytes(data)
        try:
            load_lock(x.study, "easy")
        finally:
            lock.write_bytes(whole)

    def record(data: bytes) -> None:
        for name in records:
            path = x.desk / name
            path.write_bytes(data)
            _refused(lambda path=path: read_json(path))
        path = x.desk / "built.json"
        path.write_bytes(data)
        read_json(path)

    return [
        Reader("ledger", 70, mixed([x.ledger], (), mutate.as_json), parse),
        Reader("ledger-body", 20, bodies, ledger),
        Reader("ledger-verify", 1, bodies, examined, WHOLE),
        Reader("lock", 30, mixed([whole], [json.loads(whole)], mutate.as_json), locked),
        Reader("record", 50, mixed(texts, list(records.values()), mutate.as_json), record),
        Reader("judged", 8, mixed(texts[1:2], [records["replicate.0.json"]], mutate.as_json),
               lambda data: judged(x, "replicate.0.json", data), WHOLE),
    ]  # fmt: skip


def judged(x: Examples, name: str, data: bytes) -> Any:
    """Evidence of the larger claim with one file replaced, and the verdict on it.

    The other files are read once for all inputs; digests are left out, as an author who makes a
    file makes its digest too.
    """
    path = x.desk / Path(name).name
    path.write_bytes(data)
    evidence = x.evidence
    if path.suffix == ".json":
        evidence = replace(evidence, records={**evidence.records, 0: read_json(path)})
    else:
        cell, found = CellName.parse(path.name), read_cell(path)
        table = getattr(evidence, cell.mode)
        keys = {"arm": cell.arm, "replicate": cell.replicate, "split": cell.split}
        mine = (table[list(keys)] == pd.Series(keys)).all(axis=1)
        changed = pd.concat([table[~mine], found], ignore_index=True)
        evidence = replace(evidence, **{cell.mode: changed})
    verdict = judge(evidence, judged_by="sha256:0").as_json()
    canonical(verdict)
    return evidence, verdict


def _redigested(body: dict[str, Any]) -> dict[str, Any]:
    """The body with the digests that follow from its parts, as far as they do."""
    from harness.lock.record import registration_body

    try:
        reason = body.get("reason", "")
        return {**body, **registration_body(body["content"], reason)}
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError):
        return body


def _pieces(text: bytes) -> list[bytes]:
    """Some lines of a text at a time: what a reader of syntax needs."""
    lines = text.splitlines(keepends=True)
    return [b"".join(lines[at : at + 12]) for at in range(0, len(lines), 6)]


def _object(data: bytes) -> dict[str, Any]:
    try:
        return parse_object(data)
    except NotJson as error:
        raise ClaimsError(str(error)) from error


def _dict(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ClaimsError("not a mapping")
    return value


def _refused(read: Callable[[], object]) -> None:
    try:
        read()
    except ClaimsError:
        return


def _sources() -> tuple[bytes, ...]:
    home = Path(__file__).resolve().parents[2]
    names = ("harness/lock/source.py", "models/miniature.py", "harness/lock/imports.py")
    return tuple((home / name).read_bytes()[:6000] for name in names)


def _paths(rng: Random) -> bytes:
    words = (
        "models",
        "a",
        "..",
        ".",
        "",
        "link",
        "secret",
        "é",
        "\u202e",
        "\x00",
        "b\n",
        "a" * 250,
    )
    text = rng.choice(("/", "/", "\\", "//")).join(
        rng.choice(words) for _ in range(rng.randint(1, 5))
    )
    data = rng.choice(("", "", "/", "~", " ", "C:")).encode() + text.encode()
    return mutate.octets(data, rng) if rng.random() < 0.5 else data


def _path(desk: Path, data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    _refused(lambda: inside(desk, text))
    _refused(lambda: CellName.parse(text))
    _refused(lambda: tensors_digest(desk, text))
    read_inside(desk, text, 100)
