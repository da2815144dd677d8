"""A checkpoint folder that libraries other than ours will open, looked through before they do.

``transformers`` follows what a checkpoint's files say: Python beside the weights (``auto_map``),
pickled weights, kernels and quantisers fetched by name, an adapter whose base model lies elsewhere,
an index whose parts lie outside the folder. None of that is needed for the models a claim is about,
and a stranger's folder may hold any of it; so a folder with one of these is refused, by name.

Not covered: what the libraries do with well-formed files; weights that are missing (the library
starts them at random and says so on the terminal).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.errors import ClaimsError, NothingThere
from harness.regular import Unreadable, open_regular, read_regular
from harness.shapes import each, record, text
from harness.strictjson import NotJson, parse_object
from harness.tensorfile import read_header

MOST_JSON = 128 << 20
"""Bytes of one JSON file; the vocabularies of large models take some ten millions."""
MOST_FILES = 10_000
MOST_LAYERS_KEYS = re.compile(r"(num|n)_(hidden_|decoder_|encoder_)?layers?")
CODE = (".py", ".pyc", ".pyd", ".so", ".dll", ".dylib", ".sh")
PICKLED = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".npy", ".npz")
OTHER_WEIGHTS = (".h5", ".msgpack", ".gguf", ".onnx", ".tflite")
FORBIDDEN = {
    "auto_map": "code beside the weights",
    "trust_remote_code": "code beside the weights",
    "custom_pipelines": "code beside the weights",
    "custom_generate": "code beside the weights",
    "attn_implementation": "code chosen by name",
    "_attn_implementation": "code chosen by name",
    "_attn_implementation_internal": "code chosen by name",
    "experts_implementation": "code chosen by name",
    "_experts_implementation": "code chosen by name",
    "kernel_config": "code chosen by name",
    "use_kernels": "code chosen by name",
    "quantization_config": "code chosen by name",
    "base_model_name_or_path": "weights that lie elsewhere",
    "tokenizer_file": "a file that lies elsewhere",
}
"""Keys that make a library run code or read other files -> what they stand for."""
VOCABULARIES = ("tokenizer.json", "vocab.json", "added_tokens.json")
"""Files whose keys are words of a language, which may be any."""
INDEX = record({"weight_map": each(text)})
FIX = "Save the model again with save_pretrained, as safetensors without code of its own"


def check_checkpoint(folder: Path) -> None:
    """Raise :class:`ClaimsError` unless the folder holds data only, all of it inside the folder.

    Raises :class:`NothingThere` where there is no ``config.json``.
    """
    if not (folder / "config.json").is_file():
        raise NothingThere(
            "no config.json here", where=str(folder), fix="Train the model first, or check the path"
        )
    tensors, layers = 0, 0
    for path in _files(folder):
        suffix, where = path.suffix.lower(), str(path)
        if suffix in (*CODE, *PICKLED, *OTHER_WEIGHTS):
            kind = "code" if suffix in CODE else "weights that are not safetensors"
            raise ClaimsError(f"{kind}: {path.name}", where=where, fix=FIX)
        if suffix == ".safetensors":
            tensors += len(read_header(path).entries)
        elif suffix == ".json":
            layers = max(layers, _json(folder, path))
    if layers > tensors:
        raise ClaimsError(
            f"config.json says {layers} layers, the weights have {tensors} tensors",
            where=str(folder),
            fix=FIX,
        )


def _files(folder: Path) -> Iterator[Path]:
    """Every file below the folder; links and special files are refused, and so are too many."""
    count = 0
    for place, folders, names in os.walk(folder):
        for name in sorted([*folders, *names]):
            path = Path(place, name)
            if name in folders and not path.is_symlink():
                continue
            count += 1
            if count > MOST_FILES:
                raise ClaimsError(f"more than {MOST_FILES} files", where=str(folder), fix=FIX)
            try:
                open_regular(path).close()
            except Unreadable as error:
                raise ClaimsError(f"{name} {error}", where=str(folder), fix=FIX) from None
            yield path


def _json(folder: Path, path: Path) -> int:
    """Check one JSON file; the largest number of layers that it names."""
    try:
        value = parse_object(read_regular(path, MOST_JSON), MOST_JSON)
    except (NotJson, Unreadable) as error:
        raise ClaimsError(f"cannot be read: {error}", where=str(path), fix=FIX) from None
    if path.name == "adapter_config.json":
        raise ClaimsError("an adapter, whose model lies elsewhere", where=str(path), fix=FIX)
    if path.name.endswith(".index.json"):
        _index(folder, path, value)
    if path.name in VOCABULARIES:
        return 0
    layers = 0
    for key, inner in _entries(value):
        if key in FORBIDDEN and inner not in (None, False):
            raise ClaimsError(f"{key}: {FORBIDDEN[key]}", where=str(path), fix=FIX)
        if MOST_LAYERS_KEYS.fullmatch(key) and isinstance(inner, int | float):
            layers = max(layers, int(inner))
    return layers


def _index(folder: Path, path: Path, value: dict[str, Any]) -> None:
    """The parts that an index names lie beside it."""
    if words := INDEX(value, ""):
        raise ClaimsError(words, where=str(path), fix=FIX)
    for name in sorted(set(value["weight_map"].values())):
        plain = Path(name).name == name and name.endswith(".safetensors")
        if not plain or not (folder / name).is_file():
            raise ClaimsError(f"names {name[:200]!r}, not beside it", where=str(path), fix=FIX)


def _entries(value: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value, at any depth."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            yield from one.items()
            stack += one.values()
        elif isinstance(one, list):
            stack += one
