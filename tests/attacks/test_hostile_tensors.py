"""Weights, directions, dictionaries and checkpoints from a stranger: data only, of bounded size."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.errors import ClaimsError
from harness.intervene.context import Direction
from harness.intervene.store import load_direction, save_direction
from harness.lock.tensors import tensors_digest
from harness.readout.dictionary import Dictionary, load_dictionary, save_dictionary
from harness.subject.backend import load_model
from harness.subject.checkpoint import load_decoder, save_decoder
from harness.subject.decoder import Decoder, DecoderConfig
from harness.subject.foreign import check_checkpoint
from tests.attacks.acts import Capture, accepted, refused
from tests.lock import workspace as locking


def parts(data: bytes) -> tuple[dict[str, Any], bytes]:
    size = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + size]), data[8 + size :]


def whole(header: Any, body: bytes, length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + body


def entry(**change: Any) -> Callable[[bytes], bytes]:
    """The file with its tensor ``unit`` described otherwise."""

    def changed(data: bytes) -> bytes:
        header, body = parts(data)
        header["unit"].update(change)
        return whole(header, body)

    return changed


def headed(change: Callable[[dict[str, Any]], Any]) -> Callable[[bytes], bytes]:
    """The file with another header."""

    def changed(data: bytes) -> bytes:
        header, body = parts(data)
        return whole(change(header), body)

    return changed


FILES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "seven-bytes": lambda data: data[:7],
    "length-of-nothing": lambda data: b"\0" * 8 + data[8:],
    "length-beyond-the-file": lambda data: (2**40).to_bytes(8, "little") + data[8:],
    "length-beyond-integers": lambda data: b"\xff" * 8 + data[8:],
    "cut": lambda data: data[:-1],
    "more-bytes": lambda data: data + b"\0",
    "header-a-list": headed(lambda h: [h]),
    "header-deep": headed(lambda h: b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "header-nan": headed(lambda h: json.dumps(h).replace("{", '{"a": NaN,', 1).encode()),
    "header-key-twice": headed(lambda h: json.dumps(h)[:-1].encode() + b', "unit": {}}'),
    "header-utf-16": headed(lambda h: json.dumps(h).encode("utf-16")),
    "header-of-megabytes": headed(lambda h: {**h, "x" * (17 << 20): 1}),
    "metadata-a-list": headed(lambda h: {**h, "__metadata__": []}),
    "metadata-of-numbers": headed(lambda h: {**h, "__metadata__": {"a": 1}}),
    "tensor-a-number": headed(lambda h: {**h, "unit": 3}),
    "type-unknown": entry(dtype="F12"),
    "type-a-list": entry(dtype=["F32"]),
    "shape-too-large": entry(shape=[2**62]),
    "shape-that-overflows": entry(shape=[2**32, 2**32]),
    "shape-below-zero": entry(shape=[-1, -4]),
    "shape-of-text": entry(shape=["4"]),
    "shape-true": entry(shape=[True, 4]),
    "shape-null": entry(shape=None),
    "shape-of-a-hundred-dimensions": entry(shape=[1] * 100 + [4]),
    "shape-too-small": entry(shape=[3]),
    "offsets-swapped": entry(data_offsets=[16, 0]),
    "offsets-below-zero": entry(data_offsets=[-16, 0]),
    "offsets-beyond": entry(data_offsets=[0, 2**63]),
    "offsets-with-points": entry(data_offsets=[0.0, 16.0]),
    "offsets-three": entry(data_offsets=[0, 8, 16]),
    "offsets-missing": entry(data_offsets=None),
    "tensors-that-overlap": headed(lambda h: {**h, "other": h["unit"]}),
    "gap-before": entry(data_offsets=[4, 16], shape=[3]),
}  # fmt: skip


@pytest.mark.parametrize("attack", FILES)
def test_a_tensor_file_that_lies_is_refused_by_everyone_who_reads_it(
    tmp_path: Path, attack: str
) -> None:
    """The lock that hashes it and the engine that loads it refuse the same file, in words."""
    path = tmp_path / "d.safetensors"
    save_direction(path, Direction(torch.eye(4)[1], 2.0, {"method": "given"}))
    assert load_direction(path, 4).norm == 2.0
    assert tensors_digest(tmp_path, path.name)
    path.write_bytes(FILES[attack](path.read_bytes()))
    for read in (lambda: load_direction(path, 4), lambda: tensors_digest(tmp_path, path.name)):
        with pytest.raises(ClaimsError) as caught:
            read()
        assert "\n" not in caught.value.sentence


@pytest.mark.parametrize(
    "attack", ["cut", "shape-that-overflows", "header-deep", "metadata-a-list"]
)
def test_a_given_direction_that_lies_is_a_line_of_check_or_lock(
    tmp_path: Path, capsys: Capture, attack: str
) -> None:
    """A claim that brings such a file is not registered."""
    root = locking.make(tmp_path / "study")
    accepted(capsys, root, "lock", "second")
    path = root / "models/given.safetensors"
    path.write_bytes(FILES[attack](path.read_bytes()))
    said = refused(capsys, root, "lock", "first", words="models/given.safetensors")
    assert len(said.err.strip().split("\n")) == 1


def about(**change: Any) -> Callable[[Path], None]:
    """The direction's own metadata, otherwise; None takes a key away."""

    def changed(path: Path) -> None:
        header, body = parts(path.read_bytes())
        value = json.loads(header["__metadata__"]["causal-claims"]) | change
        kept = {key: one for key, one in value.items() if one is not None}
        header["__metadata__"] = {"causal-claims": json.dumps(kept)}
        path.write_bytes(whole(header, body))

    return changed


def numbers(unit: torch.Tensor) -> Callable[[Path], None]:
    """Another tensor under the same metadata."""

    def changed(path: Path) -> None:
        from safetensors.torch import save

        header, _ = parts(path.read_bytes())
        path.write_bytes(save({"unit": unit}, metadata=header["__metadata__"]))

    return changed


NAN = float("nan")
DIRECTIONS: dict[str, Callable[[Path], None]] = {
    "norm-missing": about(norm=None),
    "norm-a-number": about(norm=2.0),
    "norm-nan": about(norm="nan"),
    "norm-infinite": about(norm="inf"),
    "norm-below-zero": about(norm="-0x1p1"),
    "norm-overflowing": about(norm="0x1p99999"),
    "norm-of-words": about(norm="two"),
    "provenance-missing": about(provenance=None),
    "provenance-a-list": about(provenance=[]),
    "provenance-of-numbers": about(provenance={"n": 1}),
    "schema-of-tomorrow": about(schema="causal-claims/direction/9"),
    "schema-a-list": about(schema=[]),
    "not-a-number": numbers(torch.tensor([NAN, 0, 0, 0])),
    "infinite": numbers(torch.tensor([float("inf"), 0, 0, 0])),
    "zero": numbers(torch.zeros(4)),
    "not-unit": numbers(2 * torch.eye(4)[0]),
    "whole-numbers": numbers(torch.eye(4, dtype=torch.int64)[0]),
    "truths": numbers(torch.eye(4).bool()[0]),
    "complex": numbers(torch.eye(4, dtype=torch.complex64)[0]),
    "matrix": numbers(torch.eye(4)[:1]),
    "scalar": numbers(torch.tensor(1.0)),
    "nothing": numbers(torch.zeros(0)),
    "another-width": numbers(torch.eye(5)[0]),
}


@pytest.mark.parametrize("attack", DIRECTIONS)
def test_a_direction_that_is_none_is_refused(tmp_path: Path, attack: str) -> None:
    """A whole file with metadata or numbers that no direction has."""
    path = tmp_path / "d.safetensors"
    save_direction(path, Direction(torch.eye(4)[1], 2.0, {"method": "given"}))
    about(provenance={"method": "another"})(path)
    assert load_direction(path, 4).provenance == {"method": "another"}
    DIRECTIONS[attack](path)
    with pytest.raises(ClaimsError):
        load_direction(path, 4)


class Bomb:
    """What a pickle may be: code that runs when it is loaded."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, ("pwned",))


PICKLES = ("d.pt", "d.pkl", "d.bin", "d.npy", "d", "d.safetensors")


@pytest.mark.parametrize("name", PICKLES)
def test_a_pickle_is_never_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Neither under a pickle's name nor under another's."""
    monkeypatch.chdir(tmp_path)
    save_direction(tmp_path / "good.safetensors", Direction(torch.eye(4)[1], 2.0, {}))
    assert load_direction(tmp_path / "good.safetensors")
    (tmp_path / name).write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ClaimsError):
        load_direction(tmp_path / name)
    assert not (tmp_path / "pwned").exists()


def config(**change: Any) -> Callable[[Path], None]:
    """One JSON file of a folder, otherwise; None takes a key away."""

    def changed(path: Path) -> None:
        value = json.loads(path.read_bytes()) | change
        path.write_text(json.dumps({k: v for k, v in value.items() if v is not None}))

    return changed


def text(data: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(data) and None


def piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def linked(path: Path) -> None:
    path.rename(path.parent.parent / "elsewhere")
    path.symlink_to(path.parent.parent / "elsewhere")


JSONS: dict[str, Callable[[Path], None]] = {
    "a-list": text(b"[]"),
    "null": text(b"null"),
    "empty": text(b""),
    "nan": text(b'{"k": NaN}'),
    "deep": text(b"[" * 100_000),
    "latin-1": text(b'{"k": "\xe9"}'),
    "large": text(b'{"k": "' + b"a" * (2 << 20) + b'"}'),
    "pipe": piped,
    "link": linked,
}
SAE: dict[str, Callable[[Path], None]] = {
    **JSONS,
    "k-missing": config(k=None),
    "k-as-text": config(k="2"),
    "k-true": config(k=True),
    "k-zero": config(k=0),
    "k-beyond": config(k=7),
    "k-beyond-integers": config(k=10**400),
    "width-null": config(d_in=None),
    "width-a-list": config(d_in=[4]),
    "width-below-zero": config(d_sae=-6),
    "width-of-a-planet": config(d_sae=10**12),
    "metadata-a-list": config(metadata=[1]),
    "architecture-a-list": config(architecture=["topk"]),
    "architecture-of-code": config(architecture="os.system"),
}


@pytest.mark.parametrize("attack", SAE)
def test_a_dictionary_that_is_none_is_refused(tmp_path: Path, attack: str) -> None:
    """SAELens's files with settings of another shape, or another kind of file in their place."""
    folder = tmp_path / "sae"
    w = torch.randn(6, 4)
    save_dictionary(folder, Dictionary(w.T, w, torch.zeros(6), torch.zeros(4), 2, {"a": 1}))
    config(extra="a later version's")(folder / "cfg.json")
    assert load_dictionary(folder).k == 2
    SAE[attack](folder / "cfg.json")
    with pytest.raises(ClaimsError):
        load_dictionary(folder)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A checkpoint of one block."""
    decoder = Decoder(DecoderConfig(vocab=8, d_model=8, n_layers=1, n_heads=2, d_mlp=4, context=8))
    for weight in decoder.parameters():
        torch.nn.init.uniform_(weight.requires_grad_(False))
    save_decoder(decoder, tmp_path / "model", [f"w{n}" for n in range(8)], {"pad": 0, "eos": 1})
    return tmp_path / "model"


CONFIGS: dict[str, Callable[[Path], None]] = {
    **JSONS,
    "vocabulary-of-a-planet": config(vocab_size=10**15),
    "layers-without-end": config(num_hidden_layers=10**12),
    "context-without-end": config(max_position_embeddings=10**12),
    "context-below-zero": config(max_position_embeddings=-1),
    "width-as-text": config(hidden_size="8"),
    "width-null": config(hidden_size=None),
    "width-with-a-point": config(hidden_size=8.5),
    "width-true": config(hidden_size=True),
    "no-heads": config(num_attention_heads=0),
    "heads-that-do-not-divide": config(num_attention_heads=3),
    "heads-below-zero": config(num_attention_heads=-2, num_key_value_heads=-2),
    "epsilon-as-text": config(rms_norm_eps="1e-6"),
    "epsilon-below-zero": config(rms_norm_eps=-1.0),
    "rope-a-list": config(rope_parameters=["default"]),
    "rope-as-text": config(rope_parameters={"rope_theta": "10000"}),
    "rope-zero": config(rope_parameters={"rope_theta": 0}),
    "rope-of-another-type": config(rope_parameters={"rope_type": "yarn", "rope_theta": 1e4}),
    "tied-as-text": config(tie_word_embeddings="yes"),
    "numbers-beyond-integers": config(vocab_size=10**400),
    "another-width": config(intermediate_size=5),
}


@pytest.mark.parametrize("attack", CONFIGS)
def test_a_checkpoint_whose_settings_lie_is_refused_before_anything_is_allocated(
    model: Path, attack: str
) -> None:
    """Sizes that the weights do not have are found from the file's header."""
    config(made_by="somebody else")(model / "config.json")
    assert load_decoder(model).config.n_layers == 1
    CONFIGS[attack](model / "config.json")
    with pytest.raises(ClaimsError):
        load_decoder(model)


@pytest.mark.parametrize(
    "attack", ["cut", "header-deep", "header-a-list", "length-beyond-the-file"]
)
def test_weights_that_lie_are_refused(model: Path, attack: str) -> None:
    """The same checks as for a direction, under the checkpoint's name."""
    assert load_decoder(model)
    path = model / "model.safetensors"
    path.write_bytes(FILES[attack](path.read_bytes()))
    with pytest.raises(ClaimsError, match="cannot be read"):
        load_decoder(model)


def beside(name: str, data: bytes = b"x") -> Callable[[Path], None]:
    """One more file in the folder."""

    def add(folder: Path) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)

    return add


def said(name: str, **change: Any) -> Callable[[Path], None]:
    """Something that a JSON file of the folder says."""

    def add(folder: Path) -> None:
        path = folder / name
        path.write_text(
            json.dumps((json.loads(path.read_bytes()) if path.exists() else {}) | change)
        )

    return add


def index(**parts_: str) -> Callable[[Path], None]:
    """An index of weights that lie where it says."""
    return said("model.safetensors.index.json", weight_map={"w": parts_["at"]})


REMOTE = {"AutoModelForCausalLM": "modeling.Evil"}
FOREIGN: dict[str, tuple[Callable[[Path], None], str]] = {
    "code-for-the-model": (said("config.json", auto_map=REMOTE), "code beside"),
    "code-from-elsewhere": (said("config.json", auto_map={"AutoModel": "evil/repo--m.M"}), "code"),
    "code-for-the-tokenizer": (said("tokenizer_config.json", auto_map=REMOTE), "code beside"),
    "code-deep-inside": (said("config.json", text_config={"x": [{"auto_map": REMOTE}]}), "code"),
    "trust-asked-for": (said("config.json", trust_remote_code=True), "code beside"),
    "kernels-by-name": (said("config.json", attn_implementation="evil/kernel"), "chosen by name"),
    "quantiser-by-name": (said("config.json", quantization_config={"x": "y"}), "by name"),
    "generation-by-code": (said("generation_config.json", custom_generate="evil/repo"), "code"),
    "module": (beside("modeling.py", b"import os\n"), "code"),
    "module-in-a-folder": (beside("custom_generate/generate.py"), "code"),
    "compiled": (beside("x.so"), "code"),
    "pickled-weights": (beside("pytorch_model.bin", pickle.dumps(Bomb())), "not safetensors"),
    "pickled-under-another-name": (beside("MODEL.PT"), "not safetensors"),
    "keras-weights": (beside("tf_model.h5"), "not safetensors"),
    "adapter": (said("adapter_config.json", base_model_name_or_path="evil/base"), "elsewhere"),
    "index-that-climbs": (index(at="../model.safetensors"), "not beside it"),
    "index-of-an-absolute-path": (index(at="/etc/model.safetensors"), "not beside it"),
    "index-of-a-pickle": (index(at="pytorch_model.bin"), "not beside it"),
    "index-of-nothing": (index(at="model-00009-of-00009.safetensors"), "not beside it"),
    "index-a-list": (said("model.safetensors.index.json", weight_map=[]), "a list"),
    "layers-without-end": (said("config.json", num_hidden_layers=10**9), "layers"),
    "tokenizer-not-json": (beside("tokenizer.json", b"{"), "cannot be read"),
    "tokenizer-deep": (beside("tokenizer.json", b"[" * 100_000), "cannot be read"),
    "weights-linked": (lambda folder: linked(folder / "model.safetensors"), "symbolic link"),
    "folder-linked": (lambda folder: (folder / "x").symlink_to("/etc"), "symbolic link"),
    "pipe-beside": (lambda folder: os.mkfifo(folder / "x.json"), "not a regular file"),
    "weights-that-lie": (beside("more.safetensors", b"\xff" * 16), "cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("attack", FOREIGN)
def test_a_checkpoint_that_is_more_than_data_is_refused(
    model: Path, monkeypatch: pytest.MonkeyPatch, attack: str
) -> None:
    """Nothing in the folder runs, and nothing outside of it is read, whatever it asks for."""
    monkeypatch.chdir(model.parent)
    beside("README.md", b"# Trained by hand\n")(model)
    said("config.json", auto_map=None, architectures=["LlamaForCausalLM"])(model)
    check_checkpoint(model)
    act, words = FOREIGN[attack]
    act(model)
    with pytest.raises(ClaimsError, match=words):
        check_checkpoint(model)
    with pytest.raises(ClaimsError, match=words):
        load_model(model, "bridge")
    assert not (model.parent / "pwned").exists()


def test_an_index_of_parts_beside_it_is_accepted(model: Path) -> None:
    """Sharded weights are ordinary."""
    shutil.copy(model / "model.safetensors", model / "model-00001-of-00001.safetensors")
    index(at="model-00001-of-00001.safetensors")(model)
    check_checkpoint(model)


def test_a_word_of_the_vocabulary_may_be_any(model: Path) -> None:
    """Keys are looked at where they are settings, not where they are words of a language."""
    path = model / "tokenizer.json"
    value = json.loads(path.read_bytes())
    value["model"]["vocab"] = {"auto_map": 0, "trust_remote_code": 1}
    path.write_text(json.dumps(value))
    check_checkpoint(model)
