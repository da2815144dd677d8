"""Records of the wrong shape whose digests are all right: named and refused, whoever reads them."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.errors import RecordBroken
from harness.lock.ledger import ledger_path
from harness.lock.record import lock_path
from harness.measure.artefacts import MARK, Silent, Workshop
from harness.measure.cells import COLUMNS, LATER, MOST_ROWS
from harness.measure.job import Job
from harness.measure.store import CellName, json_bytes, read_cell, write_cell
from harness.measure.tables import load_evidence
from tests.attacks.acts import (
    Capture,
    accepted,
    attest_again,
    chained,
    command,
    forge,
    put_ledger,
    put_record,
    rechain,
    refused,
)
from tests.measure.test_artefacts import RECIPE, Writes

Change = Callable[[dict[str, Any]], object]


def text_of(value: Any) -> bytes:
    return json.dumps(value, indent=1).encode()


def at(path: str, value: Any) -> Change:
    """A change that puts a value at a dotted path."""

    def change(record: dict[str, Any]) -> None:
        *way, last = path.split(".")
        for key in way:
            record = record[key]
        record[last] = value

    return change


def without(path: str) -> Change:
    """A change that takes a key away."""

    def change(record: dict[str, Any]) -> None:
        *way, last = path.split(".")
        for key in way:
            record = record[key]
        del record[last]

    return change


REPLICATE: dict[str, Change] = {
    "health-a-list": at("health", []),
    "health-of-a-role-null": at("health.regulation", None),
    "health-a-number": at("health.regulation", 1),
    "loss-as-text": at("health.regulation.loss_gap", "0.01"),
    "loss-true": at("health.regulation.loss_gap", True),
    "loss-missing": without("health.regulation.loss_gap"),
    "garbage-a-list": at("health.standard.garbage_rate", [0.0]),
    "dose-null": at("dose", None),
    "dose-as-text": at("dose.judged", "0.5"),
    "dose-missing": without("dose.judged"),
    "table-of-numbers": at("dose.table", [1]),
    "cosine-null": at("split_half", {"d": None}),
    "cosine-as-text": at("split_half", {"d": "1"}),
    "dictionaries-a-list": at("dictionaries", []),
    "dictionary-without-numbers": at("dictionaries", {"regulation/hook": {}}),
    "dictionary-active-as-text": at(
        "dictionaries",
        {"regulation/hook": {"explained_variance": 0.9, "dead_fraction": 0.1, "l0": "many"}},
    ),
    "another-replicate": at("replicate", 2),
    "replicate-as-text": at("replicate", "1"),
    "replicate-missing": without("replicate"),
    "seeds-a-list": at("seeds", [1]),
    "models-null": at("models", None),
}


@pytest.mark.parametrize("attack", REPLICATE)
def test_a_replicate_record_of_another_shape_is_named(
    job: Job, capsys: Capture, attack: str
) -> None:
    """Attested by the ledger, and no record all the same; with one more note it still is one."""
    path = job.folder / "replicate.1.json"
    record = json.loads(path.read_bytes())
    forge(job, path.name, text_of(record | {"note": "nothing else changed"}))
    accepted(capsys, job.root, "verify")
    REPLICATE[attack](record)
    forge(job, path.name, text_of(record))
    refused(capsys, job.root, "verify", words="replicate.1.json: not a record of its name")
    assert "TAMPERED" in accepted(capsys, job.root, "status").out
    not_published(capsys, job)


def not_published(capsys: Capture, job: Job) -> None:
    """No page is made of it: the command ends in refusal, or the index says TAMPERED."""
    said = command(capsys, job.root, "report", "easy")
    index = (job.root / "reports/index.md").read_text() if not said.code else "TAMPERED"
    assert "TAMPERED" in index
    assert "PASS" not in index


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


NOT_JSON: dict[str, Callable[[str], bytes]] = {
    "empty": lambda text: b"",
    "cut": lambda text: text.encode()[:-20],
    "a-list": lambda text: f"[{text}]".encode(),
    "null": lambda text: b"null",
    "two-values": lambda text: (text + text).encode(),
    "nan": lambda text: text.replace("{", '{"x": NaN,', 1).encode(),
    "infinity": lambda text: text.replace("{", '{"x": -Infinity,', 1).encode(),
    "overflow": lambda text: text.replace("{", '{"x": 1e999,', 1).encode(),
    "digits": lambda text: text.replace("{", f'{{"x": {"9" * 400},', 1).encode(),
    "many-digits": lambda text: text.replace("{", f'{{"x": {"9" * 100_000},', 1).encode(),
    "key-twice": lambda text: text.replace("{", '{"schema": "x",', 1).encode(),
    "deep": lambda text: text.replace("{", f'{{"x": {nested(70)},', 1).encode(),
    "very-deep": lambda text: text.replace("{", f'{{"x": {nested(100_000)},', 1).encode(),
    "half-a-character": lambda text: text.replace("{", '{"x": "\\ud800",', 1).encode(),
    "half-a-key": lambda text: text.replace("{", '{"\\udfff": 1,', 1).encode(),
    "utf-16": lambda text: text.encode("utf-16"),
    "byte-order-mark": lambda text: text.encode("utf-8-sig"),
    "latin-1": lambda text: text.replace("{", '{"x": "\u00e9",', 1).encode("latin-1"),
    "control": lambda text: text.replace("{", '{"x": "\x1b",', 1).encode(),
    "comment": lambda text: b"// x\n" + text.encode(),
    "single-quotes": lambda text: text.replace('"', "'").encode(),
    "large": lambda text: text.replace("{", f'{{"x": "{"a" * (17 << 20)}",', 1).encode(),
}  # fmt: skip


@pytest.mark.parametrize("attack", NOT_JSON)
@pytest.mark.parametrize("name", ["replicate.1.json", "attempt.json", "verdict.json"])
def test_json_with_two_meanings_is_no_record(
    job: Job, capsys: Capture, name: str, attack: str
) -> None:
    """What another reader would read otherwise, or not at all, is refused by this one."""
    path = job.folder / name
    text = path.read_text()
    write = put_record if name == "attempt.json" else lambda j, data: forge(j, name, data)
    write(job, json.dumps(json.loads(text)).encode())  # another layout says the same
    accepted(capsys, job.root, "verify")
    start = time.process_time()
    write(job, NOT_JSON[attack](text))
    refused(capsys, job.root, "verify", words=f"{name}: not readable as JSON")
    assert time.process_time() - start < 3


ATTEMPT: dict[str, Change] = {
    "files-a-list": at("files", []),
    "files-null": at("files", None),
    "files-a-number": at("files", 3),
    "files-missing": without("files"),
    "digest-a-number": lambda v: v["files"].update({"replicate.1.json": 1}),
    "digest-of-another-kind": lambda v: v["files"].update({"replicate.1.json": "md5:0"}),
    "claim-a-list": at("claim", ["easy"]),
    "schema-null": at("schema", None),
}


@pytest.mark.parametrize("attack", ATTEMPT)
def test_an_attempt_of_another_shape_is_named(job: Job, capsys: Capture, attack: str) -> None:
    """The ledger has exactly these bytes as the record, and nobody relies on a part of them."""
    about = json.loads((job.folder / "attempt.json").read_bytes())
    put_record(job, text_of(about))
    accepted(capsys, job.root, "verify")
    ATTEMPT[attack](about)
    put_record(job, text_of(about))
    refused(capsys, job.root, "verify", words="attempt.json: not a record of its name")
    assert "TAMPERED" in accepted(capsys, job.root, "status").out


VERDICT: dict[str, Change] = {
    "status-null": at("status", None),
    "status-a-list": at("status", ["PASS"]),
    "status-missing": without("status"),
    "sentence-a-mapping": at("sentence", {"a": 1}),
    "scope-a-list": at("scope", ["x"]),
    "note-a-number": lambda v: v["criteria"][0].update(note=3),
    "got-a-mapping": lambda v: v["preconditions"][0].update(got={}),
    "judged-by-a-number": at("judged_by", 1),
}
STRANGE: dict[str, Change] = {
    "criteria-null": at("criteria", None),
    "criteria-a-mapping": at("criteria", {"x": 1}),
    "criterion-a-number": at("criteria", [1]),
    "estimate-as-text": lambda v: v["criteria"][0].update(estimate="3.7"),
    "estimate-beyond-floats": lambda v: v["criteria"][0].update(estimate=2**60),
    "values-a-number": lambda v: v["criteria"][0].update(values=1),
    "n-as-text": at("n", "3"),
    "dose-a-list": at("dose", []),
    "one-key-more": at("extra", {"x": [1, {"y": None}]}),
}


@pytest.mark.parametrize("judged_by", ["the same", "another"])
@pytest.mark.parametrize("attack", [*VERDICT, *STRANGE])
def test_a_verdict_of_another_shape_is_named(
    job: Job, capsys: Capture, attack: str, judged_by: str
) -> None:
    """Also where it says that another evaluator wrote it, whose words make it PARTIAL.

    A verdict is an output: without it ``claims report`` judges the measurements again.
    """
    accepted(capsys, job.root, "verify")
    path = job.folder / "verdict.json"
    value = json.loads(path.read_bytes())
    honest = json_bytes(value)
    if judged_by == "another":
        value["judged_by"] = "sha256:" + "0" * 64
        path.write_bytes(text_of(value))
        accepted(capsys, job.root, "verify")
        value["sentence"] = "Another evaluator says so."
        path.write_bytes(text_of(value))
        assert command(capsys, job.root, "verify").code == 4
    ({**VERDICT, **STRANGE})[attack](value)
    path.write_bytes(text_of(value))
    refused(capsys, job.root, "verify", words="verdict.json")
    not_published(capsys, job)
    path.unlink()
    accepted(capsys, job.root, "report", "easy")
    assert path.read_bytes() == honest
    accepted(capsys, job.root, "verify")


def body(seq: int, change: Change) -> Callable[[list[dict[str, Any]]], None]:
    return lambda rows: change(rows[seq - 1]["body"])  # type: ignore[return-value]


LEDGER: dict[str, Callable[[list[dict[str, Any]]], object]] = {
    "claims-a-list": body(1, at("claims", ["easy"])),
    "claims-a-number": body(1, at("claims", 1)),
    "claims-null": body(1, at("claims", None)),
    "claims-missing": body(1, without("claims")),
    "claims-of-numbers": body(1, at("claims", {"easy": 1})),
    "claims-of-text": body(1, at("claims", {"easy": "x"})),
    "registration-a-list": body(1, at("registration", [])),
    "registration-that-climbs": body(1, at("registration", "sha256:../../../..")),
    "registration-missing": body(1, without("registration")),
    "reason-a-mapping": body(1, at("reason", {})),
    "content-missing": body(1, without("content")),
    "content-null": body(1, at("content", None)),
    "content-a-list": body(1, at("content", [1])),
    "content-without-claims": body(1, without("content.claims")),
    "content-without-recipes": body(1, without("content.recipes")),
    "content-without-evaluator": body(1, without("content.evaluator")),
    "claim-a-list": body(1, at("content.claims.easy", [])),
    "attempt-of-a-list": body(2, at("claim", ["easy"])),
    "attempt-a-number": body(2, at("attempt", 1)),
    "record-a-mapping": body(3, at("record", {})),
    "deep": body(3, at("x", json.loads(nested(63)))),
    "claims-of-an-anchor": lambda rows: rows.append(
        {"kind": "anchor", "body": {"claims": 3}, "time": "x"}
    ),
    "unknown-kind": lambda rows: rows.append({"kind": "amnesty", "body": {}, "time": "x"}),
}


@pytest.mark.parametrize("attack", LEDGER)
def test_a_ledger_row_of_another_shape_is_named(job: Job, capsys: Capture, attack: str) -> None:
    """Its digest and its place in the chain are right; its body is none of its kind."""
    odd = {"kind": "recovery", "body": {"witness": "lost"}, "time": "x"}
    rechain(job.root, lambda rows: rows.append(odd))
    accepted(capsys, job.root, "verify")
    rechain(job.root, LEDGER[attack])
    refused(capsys, job.root, "verify", words="claims/ledger.jsonl:")
    assert "TAMPERED" in accepted(capsys, job.root, "status").out
    for argv in (["amend", "easy", "--reason", "to see what happens"], ["report", "easy"]):
        refused(capsys, job.root, *argv)


PARTS: dict[str, Change] = {
    "builder-a-list": lambda c: c["recipes"]["models/toy.yaml"].update(builder=["models"]),
    "evaluator-of-numbers": lambda c: c["evaluator"].update({"harness": 1}),
    "packages-null": lambda c: c.update(packages=None),
    "settings-a-list": lambda c: c.update(settings=[]),
    "files-of-numbers": lambda c: c["claims"]["easy"].update(files={"x": 1}),
    "recipe-a-list": lambda c: c["recipes"]["models/toy.yaml"].update(recipe=[]),
    "recipe-of-another-path": lambda c: c["claims"]["easy"]["claim"]["subject"].update(recipe="x"),
    "subject-a-list": lambda c: c["claims"]["easy"]["claim"].update(subject=["models/toy.yaml"]),
    "another-claim": lambda c: c["claims"]["easy"]["claim"].update(id="other"),
    "claim-that-is-none": lambda c: c["claims"]["easy"]["claim"].update(arms=5),
    "claim-with-escapes": lambda c: c["claims"]["easy"]["claim"].update(title="\x1b[32mPASS"),
    "claim-reordered": lambda c: c["claims"]["easy"]["claim"].update(statement="a\u202eb"),
    "claim-beyond-floats": lambda c: c["claims"]["easy"]["claim"]["samples"].update(fit=2.0**60),
    "claim-with-two-arms-of-one-name": lambda c: c["claims"]["easy"]["claim"]["arms"].append(
        {"name": "baseline", "on": "standard"}
    ),
    "recipe-with-two-roles-of-one-name": lambda c: c["recipes"]["models/toy.yaml"]["recipe"][
        "roles"
    ].append({"name": "standard", "params": {}}),
    "recipe-with-a-role-that-is-none": lambda c: c["recipes"]["models/toy.yaml"]["recipe"][
        "roles"
    ].append(5),
}


def reregister(change: Change) -> Callable[[list[dict[str, Any]]], None]:
    """Change what the registration binds, and have all digests follow from it."""
    from harness.lock.record import registration_body

    def forged(rows: list[dict[str, Any]]) -> None:
        content = rows[0]["body"]["content"]
        change(content)
        rows[0]["body"] = registration_body(content, "")
        for row in rows[1:]:
            row["body"]["registration"] = rows[0]["body"]["registration"]

    return forged


@pytest.mark.parametrize("attack", PARTS)
def test_a_registration_with_a_strange_part_is_named(
    job: Job, capsys: Capture, attack: str
) -> None:
    """Someone who registers anything at all writes every digest of it."""
    lock_path(job.root, "easy").unlink()
    rechain(job.root, reregister(lambda content: None))
    accepted(capsys, job.root, "verify")
    rechain(job.root, reregister(PARTS[attack]))
    refused(capsys, job.root, "verify")
    assert "TAMPERED" in accepted(capsys, job.root, "status").out


def test_a_row_and_a_ledger_are_bounded(job: Job, capsys: Capture) -> None:
    """A row of a megabyte is read, one of nine is not, nor is a file of sixty-five."""

    def grown(size: int) -> bytes:
        rows = [json.loads(line) for line in kept.splitlines()]
        rows.append({"kind": "recovery", "body": {"witness": "a" * size}, "time": "x"})
        return chained(rows)

    kept = ledger_path(job.root).read_bytes()
    put_ledger(job.root, grown(1 << 20))
    accepted(capsys, job.root, "verify")
    ledger_path(job.root).write_bytes(grown(9 << 20))
    refused(capsys, job.root, "verify", words="larger than")
    with ledger_path(job.root).open("wb") as file:
        file.truncate(65 << 20)
    refused(capsys, job.root, "verify", words="larger than")


@pytest.mark.parametrize("attack", NOT_JSON)
def test_a_lock_file_with_two_meanings_is_no_lock(job: Job, capsys: Capture, attack: str) -> None:
    """The ledger has the lock in full; a file that says something else to someone is refused."""
    path = lock_path(job.root, "easy")
    text = path.read_text()
    path.write_text(json.dumps(json.loads(text)))
    accepted(capsys, job.root, "verify")
    path.write_bytes(NOT_JSON[attack](text))
    refused(capsys, job.root, "verify", words="easy.lock.json")


CELL = CellName("baseline", 1, "confirm", "score")
OTHER = CellName("baseline", 1, "confirm", "generate")


def packed(table: pa.Table, **options: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, **{"compression": "zstd", **options})
    return out.getvalue()


def column(name: str, values: Any) -> Callable[[pa.Table], bytes]:
    """The cell with other values in one column."""
    return lambda t: packed(t.set_column(t.column_names.index(name), name, values(len(t))))


def rows(n: int, same: bool = False) -> Callable[[pa.Table], bytes]:
    """The cell with ``n`` rows, prompts counted unless ``same``."""

    def grown(table: pa.Table) -> bytes:
        place = pa.array(np.zeros(n, dtype=np.int64))
        long = table.slice(0, 1).take(place)
        prompts = np.zeros(n) if same else np.arange(n)
        at_ = long.column_names.index("prompt")
        return packed(long.set_column(at_, "prompt", pa.array(prompts.astype(np.int64))))

    return grown


def repeated(text: str, n: int) -> pa.Array:
    """One text ``n`` times, stored once."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, dtype=np.int32)), pa.array([text]))


def lying(table: pa.Table) -> bytes:
    """A page header that unpacks to two gigabytes, in a file whose footer says nothing of it."""
    data = packed(table, compression="none", use_dictionary=False, write_statistics=False)
    first = data.index(b"\x15", 4)  # the page header's first field
    return data[:first] + b"\x15\x00\x15\xfe\xff\xff\xff\x0f" + data[first + 8 :]


def swelling(n: int) -> pa.Array:
    """Texts that compress to nothing, each with an end of its own."""
    return pa.array(["a" * 40_000_000 + str(k) for k in range(n)])


def with_fidelity(table: pa.Table, values: Any = None) -> pa.Table:
    """The cell with the later column ``fidelity``, and once only."""
    bare = table.drop_columns(["fidelity"]) if "fidelity" in table.column_names else table
    return bare.append_column("fidelity", bare["kl"] if values is None else values)


UNSEEN, GAPS = "cannot be seen", "empty places"
CELLS: dict[str, tuple[Callable[[pa.Table], bytes], str]] = {
    "empty": (lambda t: b"", ""),
    "magic-alone": (lambda t: b"PAR1PAR1", ""),
    "text": (lambda t: b"a,b\n1,2\n", ""),
    "cut": (lambda t: packed(t)[:-40], ""),
    "footer-beyond-the-file": (lambda t: packed(t)[:-8] + b"\xff\xff\xff\x7fPAR1", ""),
    "column-missing": (lambda t: packed(t.drop_columns(["kl"])), "without column kl"),
    "column-twice": (lambda t: packed(t.append_column("kl", t["kl"])), "column stands twice"),
    "column-more": (lambda t: packed(t.append_column("arm", t["stratum"])), "a column 'arm'"),
    "column-named-to-forge": (
        lambda t: packed(t.append_column("a\n\x1b[31m", t["kl"])), r"a column 'a\n\x1b[31m'"),
    "later-column-of-another-mode": (
        lambda t: packed(t.append_column("repetition", t["kl"])), "a column 'repetition'"),
    "later-column-twice": (
        lambda t: packed(with_fidelity(t).append_column("fidelity", t["kl"])), "stands twice"),
    "later-column-as-text": (
        lambda t: packed(with_fidelity(t, t["stratum"])), "column fidelity holds"),
    "later-column-in-place-of-another": (
        lambda t: packed(with_fidelity(t).drop_columns(["kl"])), "without column kl"),
    "no-columns": (lambda t: packed(t.select([])), ""),
    "nested": (column("stratum", lambda n: pa.array([["a"]] * n)), "holds list"),
    "structs": (column("kl", lambda n: pa.array([{"a": 1.0}] * n)), "holds struct"),
    "bytes-as-text": (column("stratum", lambda n: pa.array([b"\xff"] * n)), "holds binary"),
    "numbers-as-text": (column("kl", lambda n: pa.array(["1"] * n)), "holds string"),
    "text-as-number": (column("stratum", lambda n: pa.array([1] * n)), "holds int64"),
    "truth-as-number": (column("kl", lambda n: pa.array([True] * n)), "holds bool"),
    "decimals": (column("kl", lambda n: pa.array([1] * n, pa.decimal128(5))), "holds decimal"),
    "times": (column("kl", lambda n: pa.array([1] * n, pa.timestamp("s"))), "holds timestamp"),
    "nothing": (column("stratum", pa.nulls), "holds null"),
    "gaps-in-text": (column("stratum", lambda n: pa.array(["a"] * (n - 1) + [None])), GAPS),
    "gaps-in-counts": (column("fired", lambda n: pa.array([1] * (n - 1) + [None])), GAPS),
    "count-below-zero": (column("fired", lambda n: pa.array([-1] * n)), "a count below 0"),
    "count-beyond-sums": (column("fired", lambda n: pa.array([2**62] * n)), "above 2147483647"),
    "count-with-a-point": (column("fired", lambda n: pa.array([1.5] * n)), "holds double"),
    "dose-not-a-number": (column("dose", lambda n: pa.array([float("nan")] * n)), "a dose"),
    "dose-infinite": (column("dose", lambda n: pa.array([float("inf")] * n)), "a dose"),
    "dose-below-zero": (column("dose", lambda n: pa.array([-0.5] * n)), "a dose"),
    "variant-with-escapes": (column("variant", lambda n: repeated("\x1b[31m", n)), UNSEEN),
    "variant-reordered": (column("variant", lambda n: repeated("a\u202eb", n)), UNSEEN),
    "row-twice": (lambda t: packed(pa.concat_tables([t, t.slice(0, 1)])), "a row stands twice"),
    "rows-from-nothing": (rows(MOST_ROWS + 1, same=True), "rows, more than"),
    "long-text": (column("stratum", lambda n: repeated("a" * 70_000, n)), "a text of 70000 bytes"),
    "page-that-swells": (column("stratum", swelling), "unpacks to"),
    "header-that-lies": (lying, ""),
}  # fmt: skip


def original(job: Job) -> pa.Table:
    return pq.read_table(pa.BufferReader((job.folder / "cells" / CELL.file).read_bytes()))


@pytest.mark.parametrize("attack", CELLS)
def test_a_cell_of_another_shape_is_named(job: Job, capsys: Capture, attack: str) -> None:
    """Attested and unreadable: named with its file; the same table written anew is read."""
    table = original(job)
    name = f"cells/{CELL.file}"
    forge(job, name, packed(table, compression="snappy", data_page_version="2.0"))
    accepted(capsys, job.root, "verify")
    make, words = CELLS[attack]
    forge(job, name, make(table))
    start = time.process_time()
    said = refused(capsys, job.root, "verify", words=f"{CELL.file}: not a readable cell")
    assert words in said.words, said.words
    assert time.process_time() - start < 3
    assert "TAMPERED" in accepted(capsys, job.root, "status").out


def test_a_text_that_is_stored_once_and_stands_everywhere_is_bounded(job: Job) -> None:
    """A hundred kilobytes of file would be gigabytes of text; a thousand rows of it are read."""
    path = job.folder / "cells" / CELL.file
    table = original(job)
    for n, fits in ((1_000, True), (200_000, False)):
        long = pq.read_table(pa.BufferReader(rows(n)(table)))
        place = long.column_names.index("stratum")
        data = packed(long.set_column(place, "stratum", repeated("a" * 60_000, n)))
        assert len(data) < 500_000
        path.write_bytes(data)
        if fits:
            assert len(read_cell(path)) == n
        else:
            with pytest.raises(RecordBroken, match="12000000000 bytes of text"):
                read_cell(path)


def test_a_million_rows_are_read(job: Job) -> None:
    """Large is not hostile: what fits the bounds is read, in seconds."""
    path = job.folder / "cells" / CELL.file
    path.write_bytes(rows(1_000_000)(original(job)))
    assert len(read_cell(path)) == 1_000_000


@pytest.mark.parametrize("mode", COLUMNS)
def test_every_mode_declares_what_the_runner_writes(tmp_path: Path, mode: str) -> None:
    """A table of the declared columns comes back as it was written, with later ones or without."""
    some = {"text": "a", "label": "a", "count": 3, "number": 0.5}
    later = LATER.get(mode, {})
    for extra in ({}, later, dict(list(later.items())[:1])):
        columns = {**COLUMNS[mode], **extra}
        table = pd.DataFrame({name: [some[kind]] for name, kind in columns.items()})
        name = CellName("arm", 0, "confirm", mode)
        write_cell(tmp_path, name, table)
        found = read_cell(tmp_path / "cells" / name.file)
        assert set(found) == {*columns, "arm", "replicate", "split"}
        pd.testing.assert_frame_equal(found[list(table)], table, check_dtype=False)


FILE_NAMES = (
    *("baseline.r\u00b2.confirm.score.parquet", "baseline.r01.confirm.score.parquet"),
    *("baseline.r-1.confirm.score.parquet", "baseline.r1.confirm.x.parquet", ".parquet"),
    *(f"baseline.r{'9' * 40}.confirm.score.parquet", "a\nb.r1.confirm.score.parquet"),
    *("baseline.x1.confirm.score.parquet", "baseline.r1.confirm.score.x.parquet"),
)


@pytest.mark.parametrize("name", FILE_NAMES)
def test_a_file_among_the_cells_with_another_name_is_named(
    job: Job, capsys: Capture, name: str
) -> None:
    """Digits of other scripts, leading zeros and line breaks make no cell's name."""
    accepted(capsys, job.root, "verify")
    data = (job.folder / "cells" / CELL.file).read_bytes()
    (job.folder / "cells" / name).write_bytes(data)
    refused(capsys, job.root, "verify", words="not the name of a cell")


EXTREMES = (1e308, -1e308, 1.7e308, 5e-324, 1e-300, 0.0, float("nan"), float("inf"), -float("inf"))


@pytest.mark.parametrize("value", EXTREMES)
def test_numbers_at_the_edge_give_a_verdict_or_none_and_a_page(
    job: Job, capsys: Capture, value: float
) -> None:
    """Overflow, underflow and what is no number end in words, through verdict, page and JSON."""
    path = job.folder / "cells" / CELL.file
    forge(job, f"cells/{CELL.file}", column("ordinary_loss", lambda n: pa.array([value] * n))(
        pq.read_table(pa.BufferReader(path.read_bytes()))))  # fmt: skip
    (job.folder / "verdict.json").unlink()
    assert load_evidence(job).score["ordinary_loss"].isna().sum() == 2 * np.isnan(value)
    accepted(capsys, job.root, "report", "easy")
    accepted(capsys, job.root, "verify")
    json.loads(command(capsys, job.root, "status", "--json").out)


def test_a_cell_without_rows_is_read_as_nothing(job: Job, capsys: Capture) -> None:
    """The claim is INVALID then, and says which cell; nothing falls over."""
    forge(job, f"cells/{CELL.file}", packed(original(job).slice(0, 0)))
    (job.folder / "verdict.json").unlink()
    assert "INVALID" in accepted(capsys, job.root, "status").out
    accepted(capsys, job.root, "report", "easy")


MARKS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a-list": lambda mark: [],
    "files-null": lambda mark: mark | {"files": None},
    "files-of-numbers": lambda mark: mark | {"files": {"weights": 1}},
    "file-outside": lambda mark: mark | {"files": {"../../secret": "sha256:" + "0" * 64}},
    "health-a-list": lambda mark: mark | {"health": []},
    "health-as-text": lambda mark: mark | {"health": {"loss_gap": "0"}},
    "health-missing": lambda mark: {"files": mark["files"]},
}


@pytest.mark.parametrize("attack", MARKS)
def test_a_cached_model_with_a_strange_mark_is_refused(tmp_path: Path, attack: str) -> None:
    """The cache may have come with the workspace; the advice is to delete the folder."""
    shop = Workshop(tmp_path, RECIPE, Writes(), "code", lambda r: 100 + r, Silent())
    folder = shop.model("standard", 0).folder
    assert shop.model("standard", 0).folder == folder
    mark = json.loads((folder / MARK).read_bytes())
    (folder / MARK).write_text(json.dumps(MARKS[attack](mark)))
    with pytest.raises(RecordBroken, match="Delete the folder"):
        shop.model("standard", 0)


def test_what_was_forged_without_being_attested_is_still_found(job: Job, capsys: Capture) -> None:
    """The shapes are checked beside the digests, not in their place."""
    path = job.folder / "replicate.1.json"
    record = json.loads(path.read_bytes())
    path.write_bytes(text_of(record | {"note": "one more"}))
    refused(capsys, job.root, "verify", words="is not the file that was recorded")
    attest_again(job)
    accepted(capsys, job.root, "verify")


def test_a_footer_that_contradicts_itself_does_not_end_the_process(
    job: Job, capsys: Capture
) -> None:
    """Its schema says that nothing is ever missing, its statistics count what is missing: an object
    that pyarrow builds of it cannot be built, and aborts without an exception."""
    path = job.folder / "cells" / CELL.file
    data = path.read_bytes()
    size = int.from_bytes(data[-8:-4], "little")
    footer = data[-8 - size : -8]
    optional, required = b"\x25\x02\x18\x07variant", b"\x25\x00\x18\x07variant"
    assert footer.count(optional) == 1  # repetition, then the name, in Thrift's compact form
    forge(
        job,
        f"cells/{CELL.file}",
        data[: -8 - size] + footer.replace(optional, required) + data[-8:],
    )
    refused(capsys, job.root, "verify", words=CELL.file)
    forge(job, f"cells/{CELL.file}", data)
    accepted(capsys, job.root, "verify")
