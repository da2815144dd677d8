"""Readers of what is not text: Parquet, safetensors, checkpoints, dictionaries, workspaces."""

from __future__ import annotations

import io
import json
import os
import shutil
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from harness.cli import main
from harness.errors import ClaimsError
from harness.lock.tensors import tensors_digest
from harness.measure.cells import COLUMNS, NotACell, table_of
from harness.report.page import render_claim
from harness.report.records import ReportInput
from harness.shown import unseen
from tests.fuzz import mutate
from tests.fuzz.examples import Examples
from tests.fuzz.readers import WHOLE, Reader, judged, mixed

EXTREMES = (0.0, -0.0, 1.0, -1.0, 1e-300, 1e-9, 1e9, 1e150, 1e300, -1e300, 1.79e308, float("nan"))
EXTREMES += (float("inf"), -float("inf"), 2.0**53, 0.1)
CODECS = ("zstd", "snappy", "gzip", "none", "brotli", "lz4")


def safetensors(header: Any, body: bytes, length: int | None = None) -> bytes:
    """A file of these parts; ``length`` is what it says of its header."""
    text = json.dumps(header).encode()
    size = len(text) if length is None else length
    return (size % 2**64).to_bytes(8, "little") + text + body


def headers(data: bytes, rng: Random) -> bytes:
    """A safetensors file whose header was changed as a tree, or whose bytes were."""
    if rng.random() < 0.4:
        return mutate.octets(data, rng)
    size = int.from_bytes(data[:8], "little")
    header = mutate.tree(json.loads(data[8 : 8 + size]), rng)
    length = rng.choice((None, None, None, 0, 2, 2**62, 2**64 - 1, size + 1))
    return safetensors(header, data[8 + size :], length)


def cell(path: Path, rng: Random, gentle: bool = False) -> bytes:
    """A cell with other values, types, columns, codecs or row groups, or with bytes changed.

    ``gentle``: only values, of the types that the column has.
    """
    data = path.read_bytes()
    if not gentle and rng.random() < 0.4:
        return _footed(data, rng)
    table = pq.read_table(pa.BufferReader(data))
    for _ in range(rng.choice((1, 1, 2))):
        table = _values(table, rng) if gentle else _changed(table, rng)
    out = io.BytesIO()
    try:
        pq.write_table(
            table,
            out,
            compression=rng.choice(CODECS),
            version=rng.choice(("1.0", "2.6")),
            data_page_version=rng.choice(("1.0", "2.0")),
            use_dictionary=rng.random() < 0.7,
            row_group_size=rng.choice((1, 2, 1000)),
        )
    except (pa.ArrowException, OSError):
        return data
    return out.getvalue() if gentle or rng.random() < 0.8 else _footed(out.getvalue(), rng)


def _footed(data: bytes, rng: Random) -> bytes:
    """Bytes changed, most of them in the footer, which is where the structure stands."""
    if rng.random() < 0.4 or len(data) < 20:
        return mutate.octets(data, rng)
    size = int.from_bytes(data[-8:-4], "little")
    at = max(4, len(data) - 8 - size)
    foot = mutate.octets(data[at:-8], rng)
    return data[:at] + foot + len(foot).to_bytes(4, "little") + b"PAR1"


def _changed(table: pa.Table, rng: Random) -> pa.Table:
    name = rng.choice(table.column_names)
    at = table.column_names.index(name)
    n = len(table)
    kind = rng.randrange(8)
    if kind == 0 and table.num_columns > 2:
        return table.remove_column(at)
    if kind == 1:
        new = rng.choice(("x", "arm", "replicate", "split", name, "a\nb", ""))
        return table.append_column(new, table.column(at))
    if kind == 2:
        odd: list[Any] = [None, True, 1, 2.5, "x", b"\xff", [1], {"a": 1}, "\x1b[31m", "t" * 70_000]
        return table.set_column(at, name, pa.array([rng.choice(odd)] * n))
    if kind == 3:
        return pa.concat_tables([table, table.slice(0, rng.randint(0, n))])
    if kind == 4:
        return table.slice(rng.randint(0, n), rng.randint(0, n))
    if kind == 5:
        return table.take(pa.array(np.arange(n).repeat(rng.choice((1, 3, 200)))))
    return _values(table, rng)


def _values(table: pa.Table, rng: Random) -> pa.Table:
    """Some values of one column, or all of them, replaced."""
    at = rng.randrange(table.num_columns)
    values = table.column(at).to_pylist()
    if values and rng.random() < 0.2:
        values = [_other(values[0], rng)] * len(values)
    for _ in range(rng.randint(1, 4)):
        if values:
            place = rng.randrange(len(values))
            values[place] = _other(values[place], rng)
    try:
        return table.set_column(at, table.column_names[at], pa.array(values))
    except (pa.ArrowException, OverflowError, UnicodeEncodeError):
        return table


def _other(value: Any, rng: Random) -> Any:
    if isinstance(value, str):
        return rng.choice(("", "x", None, "\u202e", "r00", "push", "a\nb", "é"))
    if isinstance(value, int):
        return rng.choice((0, -1, 1, None, 2**31 - 1, 2**31, 2**62, -(2**63)))
    return rng.choice((*EXTREMES, None))


def tensor_readers(x: Examples) -> list[Reader]:
    """Directions, dictionaries, checkpoints."""
    import torch

    from harness.intervene.context import Direction
    from harness.intervene.store import load_direction, save_direction
    from harness.readout.dictionary import Dictionary, load_dictionary, save_dictionary
    from harness.subject.checkpoint import load_decoder, save_decoder
    from harness.subject.decoder import Decoder, DecoderConfig
    from harness.subject.foreign import check_checkpoint

    torch.manual_seed(0)
    desk = x.desk
    save_direction(desk / "d.safetensors", Direction(torch.eye(4)[0], 2.5, {"method": "mean"}))
    direction = (desk / "d.safetensors").read_bytes()
    w = torch.randn(6, 4)
    save_dictionary(desk / "sae", Dictionary(w.T, w, torch.zeros(6), torch.zeros(4), 2, {"a": 1}))
    model = desk / "model"
    config = DecoderConfig(vocab=8, d_model=8, n_layers=1, n_heads=2, d_mlp=4, context=8)
    decoder = Decoder(config)
    for weight in decoder.parameters():
        torch.nn.init.uniform_(weight.requires_grad_(False))
    save_decoder(decoder, model, [f"w{n}" for n in range(8)], {"pad": 0, "eos": 1})
    whole = {
        path: path.read_bytes()
        for folder in (desk / "sae", model)
        for path in sorted(folder.iterdir())
    }

    def put(path: Path, data: bytes, read: Any) -> None:
        path.write_bytes(data)
        try:
            read()
        finally:
            path.write_bytes(whole.get(path, direction))

    def given(data: bytes) -> None:
        put(desk / "d.safetensors", data, lambda: tensors_digest(desk, "d.safetensors"))

    def loaded(data: bytes) -> None:
        put(desk / "d.safetensors", data, lambda: load_direction(desk / "d.safetensors", 4))

    def of(path: Path, read: Any) -> Any:
        return lambda data: put(path, data, lambda: read(path.parent))

    cfg, weights = desk / "sae" / "cfg.json", desk / "sae" / "sae_weights.safetensors"
    json_of = {p: json.loads(whole[p]) for p in whole if p.suffix == ".json"}

    def both(folder: Path) -> None:
        check_checkpoint(folder)
        load_decoder(folder)

    made = [
        Reader("safetensors", 80, lambda rng: headers(direction, rng), given),
        Reader("direction", 30, lambda rng: headers(direction, rng), loaded),
        Reader("sae-weights", 15, lambda rng: headers(whole[weights], rng),
               of(weights, load_dictionary)),
        Reader("model-weights", 15, lambda rng: headers(whole[model / "model.safetensors"], rng),
               of(model / "model.safetensors", both)),
        Reader("sae-config", 20, mixed([whole[cfg]], [json_of[cfg]], mutate.as_json),
               of(cfg, load_dictionary)),
    ]  # fmt: skip
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        path = model / name
        make = mixed([whole[path]], [json_of[path]], mutate.as_json)
        made.append(Reader(name, 15, make, of(path, both)))
    return made


def cell_readers(x: Examples) -> list[Reader]:
    """Parquet, from bytes to a page."""
    cells = sorted((x.job.folder / "cells").glob("*.parquet"))
    by_mode = {mode: [p for p in cells if p.name.split(".")[3] == mode] for mode in COLUMNS}

    def parquet(data: bytes) -> None:
        mode = next((m for m in COLUMNS if data.endswith(m.encode())), "score")
        try:
            table_of(data.removesuffix(mode.encode()), mode)
        except NotACell as error:
            raise ClaimsError(str(error)) from error

    def make(rng: Random) -> bytes:
        mode = rng.choice(tuple(COLUMNS))
        return cell(rng.choice(by_mode[mode]), rng) + mode.encode()

    def named(rng: Random) -> bytes:
        path = rng.choice(cells)
        return path.name.encode() + b"\n" + cell(path, rng, gentle=rng.random() < 0.8)

    def whole(data: bytes) -> Any:
        name, _, rest = data.partition(b"\n")
        return judged(x, name.decode(), rest)

    def page(data: bytes) -> None:
        evidence, verdict = whole(data)
        render_claim(
            ReportInput(
                verdict=verdict,
                claim=x.canonical[0],
                cells={m: getattr(evidence, m) for m in COLUMNS},
                replicates=tuple(evidence.records.values()),
            )
        )

    return [
        Reader("cell", 90, make, parquet),
        Reader("cell-judged", 8, named, whole, WHOLE),
        Reader("page", 1, named, page, WHOLE),
    ]


def workspace_reader(x: Examples) -> Reader:
    """A file of a workspace becomes something else, and a command looks at it."""
    pristine = x.home / "pristine"
    shutil.copytree(x.study, pristine)
    files = sorted(p.relative_to(pristine) for p in pristine.rglob("*") if p.is_file())
    commands = (["status"], ["verify"], ["check"], ["status", "--json"], ["verify", "--json"])

    def make(rng: Random) -> bytes:
        act = rng.choice(("link", "out", "fifo", "folder", "gone", "octets", "empty", "name", "up"))
        seed = str(rng.randrange(2**32))
        return "\n".join((act, str(rng.choice(files)), seed)).encode()

    def look(data: bytes) -> None:
        act, name, seed = data.decode().split("\n")
        rng = Random(seed)
        shutil.rmtree(x.study)
        shutil.copytree(pristine, x.study)
        _act(act, x.study / name, x.secret, rng)
        _command([*rng.choice(commands), "--workspace", str(x.study)])

    return Reader("workspace", 2, make, look, WHOLE)


def _act(act: str, path: Path, secret: Path, rng: Random) -> None:
    data = path.read_bytes()
    if act == "name":
        odd = rng.choice(("a\x1b[31m.yaml", "b\nPASS.yaml", "\u202ex.yaml", "a" * 250 + ".yaml",
                          "Easy.yaml", "..yaml", "é.lock.json", "x.r1.y.z.parquet"))  # fmt: skip
        (path.parent / odd).write_bytes(data)
        return
    if act == "up":  # the folder it is in becomes a link to a copy outside
        outside = secret.parent / "sandbox" / f"outside{rng.randrange(10**9)}"
        shutil.move(path.parent, outside)
        path.parent.symlink_to(outside)
        return
    path.unlink()
    if act in ("link", "out"):
        kept = path.with_name("kept.bin")
        kept.write_bytes(data)
        path.symlink_to(secret if act == "out" else kept)
    elif act == "fifo":
        os.mkfifo(path)
    elif act == "folder":
        path.mkdir()
    elif act in ("octets", "empty"):
        path.write_bytes(mutate.octets(data, rng) if act == "octets" else b"")


def _command(argv: list[str]) -> None:
    """Run a command; anything but an exit code and printable words is an error."""
    import contextlib

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(argv)
    said = out.getvalue() + err.getvalue()
    assert code in (0, 2, 3, 4), code
    assert not [c for c in said if unseen(c) and c != "\n"], said
    assert "Traceback" not in said, said
