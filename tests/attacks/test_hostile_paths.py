"""Paths and files that are not what they seem: nothing outside is touched, and nothing hangs."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import ClaimsError, RecordBroken
from harness.lock.closure import builder_closure
from harness.lock.ledger import ledger_path
from harness.lock.record import lock_path
from harness.lock.register import register
from harness.measure.artefacts import Silent
from harness.measure.job import Job, attempt_job, exploration_job
from harness.measure.run import measure_replicate
from harness.pytest_plugin.workspace import is_claim_file
from harness.subject.recipe import load_recipe
from tests.attacks.acts import Capture, accepted, command, put_ledger, rechain, refused
from tests.lock import workspace as locking
from tests.toy_workspace import claim

RECIPE_PATHS = {
    "absolute": "/etc/passwd",
    "parent": "../toy.yaml",
    "parent-in-the-middle": "models/../../toy.yaml",
    "parent-that-stays-inside": "models/../models/toy.yaml",
    "here": "./models/toy.yaml",
    "home": "~/toy.yaml",
    "backslash": "models\\toy.yaml",
    "drive": "C:/toy.yaml",
    "url": "https://example.org/toy.yaml",
    "double-slash": "models//toy.yaml",
    "device": "/dev/zero",
    "descriptor": "/proc/self/environ",
    "folder": "models",
    "through-a-file": "models/toy.yaml/x",
    "long-name": "models/" + "a" * 300,
    "long-in-bytes": "models/" + "\u00e9" * 200,
    "other-case": "models/TOY.yaml",
    "missing": "models/none.yaml",
    "null-byte": '"models/toy.yaml\\0.png"',
    "line-break": '"models/toy.yaml\\n"',
    "spaces": '" models/toy.yaml"',
}


@pytest.mark.parametrize("attack", RECIPE_PATHS)
def test_a_path_in_a_claim_stays_inside(study: Path, capsys: Capture, attack: str) -> None:
    """Every path that climbs, starts elsewhere or has two readings is a problem of its line."""
    (study.parent / "toy.yaml").write_bytes((study / "models/toy.yaml").read_bytes())
    text = claim("easy").replace("recipe: models/toy.yaml", f"recipe: {RECIPE_PATHS[attack]}")
    (study / "claims/easy.yaml").write_text(text)
    refused(capsys, study, "check", words="claims/easy.yaml")
    (study / "claims/easy.yaml").write_text(claim("easy"))
    accepted(capsys, study, "check")


def linked(path: Path, inside: bool = False) -> None:
    """The same file or folder, behind a symbolic link."""
    real = path.with_name("real") if inside else path.parents[1] / f"outside-{path.name}"
    path.rename(real)
    path.symlink_to(real)


LINKED = ("claims", "claims/easy.yaml", "models", "models/toy.yaml")


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("place", LINKED)
def test_a_link_on_the_way_to_a_claim_is_refused(
    study: Path, capsys: Capture, place: str, inside: bool
) -> None:
    """Also one that stays in the workspace: it can name something else tomorrow."""
    accepted(capsys, study, "check")
    linked(study / place, inside)
    refused(capsys, study, "check", words="symbolic link")


RECORDS = (
    *("claims", "claims/ledger.jsonl", "claims/easy.lock.json", "reports", "reports/easy"),
    *("FOLDER", "FOLDER/cells", "FOLDER/attempt.json", "FOLDER/replicate.1.json"),
    *("FOLDER/cells/baseline.r1.confirm.score.parquet",),
)


@pytest.mark.parametrize("place", RECORDS)
def test_a_link_in_the_record_is_no_record(job: Job, capsys: Capture, place: str) -> None:
    """A file that lies elsewhere is not part of what was attested, whatever its bytes are."""
    accepted(capsys, job.root, "verify")
    linked(job.root / place.replace("FOLDER", job.folder.relative_to(job.root).as_posix()))
    refused(capsys, job.root, "verify")


def outside(job: Job) -> Path:
    """A folder beside the workspace, empty."""
    place = job.root.parent / "outside"
    place.mkdir()
    return place


@pytest.mark.parametrize("place", ["reports", "reports/explore", ".cache", ".cache/locks"])
def test_nothing_is_written_through_a_link(job: Job, capsys: Capture, place: str) -> None:
    """Reports, locks and models go into the workspace or nowhere."""
    accepted(capsys, job.root, "report")
    elsewhere = outside(job)
    shutil.rmtree(job.root / place, ignore_errors=True)
    (job.root / place).parent.mkdir(exist_ok=True)
    (job.root / place).symlink_to(elsewhere)
    command(capsys, job.root, "report")
    command(capsys, job.root, "amend", "easy", "--reason", "to see what happens")
    refused(capsys, job.root, "explore", "easy", words="symbolic link")
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("place", ["reports/explore", "reports/explore/easy"])
def test_an_exploration_is_not_written_through_a_link(study: Path, place: str) -> None:
    """Its folder is made from the claim's name, and may not lead elsewhere."""
    assert exploration_job(study, "easy").folder.is_relative_to(study)
    (study / place).parent.mkdir(parents=True, exist_ok=True)
    (study / place).symlink_to(study.parent)
    with pytest.raises(ClaimsError, match="symbolic link"):
        exploration_job(study, "easy")


def test_no_attempt_begins_through_a_linked_cache(job: Job) -> None:
    """The lock of a measurement is a file of the workspace."""
    (job.folder / "replicate.1.json").unlink()
    elsewhere = outside(job)
    shutil.rmtree(job.root / ".cache", ignore_errors=True)
    (job.root / ".cache").symlink_to(elsewhere)
    with pytest.raises(ClaimsError, match="symbolic link"):
        measure_replicate(job, 1, Silent())
    assert list(elsewhere.iterdir()) == []


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def plug(path: Path) -> None:
    path.unlink()
    with socket.socket(socket.AF_UNIX) as one:
        here = Path.cwd()
        os.chdir(path.parent)  # the name of a socket is short
        try:
            one.bind(path.name)
        finally:
            os.chdir(here)


KINDS: dict[str, Callable[[Path], None]] = {
    "pipe": pipe,
    "folder": folder,
    "device": device,
    "socket": plug,
}
READ_BY_VERIFY = (
    *("claims/easy.yaml", "claims/ledger.jsonl", "claims/easy.lock.json", "models/toy.yaml"),
    *("models/toy.py", "FOLDER/attempt.json", "FOLDER/replicate.1.json"),
    *("FOLDER/verdict.json", "FOLDER/cells/baseline.r1.confirm.score.parquet"),
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", READ_BY_VERIFY)
def test_what_is_no_file_is_refused_and_never_waited_for(
    job: Job, capsys: Capture, place: str, kind: str
) -> None:
    """Opening a named pipe would wait for ever, a device has no end."""
    path = job.root / place.replace("FOLDER", job.folder.relative_to(job.root).as_posix())
    KINDS[kind](path)
    said = command(capsys, job.root, "verify")
    # a verdict.json that is no file was never published: verify says that it did not see one
    assert said.code in (2, 3) or (place.endswith("verdict.json") and "no published" in said.out)
    assert command(capsys, job.root, "status").code == 0


def test_the_same_workspace_untouched_is_verified(job: Job, capsys: Capture) -> None:
    """What the attacks on files start from."""
    accepted(capsys, job.root, "verify")


def test_pytest_does_not_wait_for_a_pipe_among_the_claims(tmp_path: Path) -> None:
    """The plugin looks into every folder called claims, also those of other projects."""
    place = tmp_path / "claims"
    place.mkdir()
    (place / "one.yaml").write_text(claim("one"))
    assert is_claim_file(place / "one.yaml")
    other = tmp_path / "other" / "claims"
    other.mkdir(parents=True)
    os.mkfifo(other / "a.yaml")
    (other / "b.yaml").write_text("kind: something else\n")
    assert not is_claim_file(other / "b.yaml")


NAMES = {
    "escape-sequence": "\x1b[32mPASS.yaml",
    "forged-line": "x\nclaims verified.yaml",
    "carriage-return": "x\rPASS.yaml",
    "right-to-left": "\u202egnp.yaml",
    "zero-width": "ea\u200bsy.yaml",
    "invalid-bytes": os.fsdecode(b"ea\xffsy.yaml"),
    "tab": "a\tb.yaml",
}


@pytest.mark.parametrize("argv", [("status",), ("verify",), ("check",), ("status", "--json")])
@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_cannot_be_shown_stops_every_command(
    job: Job, capsys: Capture, name: str, argv: tuple[str, ...]
) -> None:
    """One line that names it in escapes; no line of ours can be forged by a file's name."""
    (job.root / "claims" / NAMES[name]).write_text(claim("x"))
    said = refused(capsys, job.root, *argv, words="whose name cannot be shown")
    assert len(said.err.strip().split("\n")) == 1


SHOWN = {
    "long": "a" * 250 + ".yaml",
    "capital": "Easy.yaml",
    "spaces": "ea sy.yaml",
    "dot": ".yaml",
    "dots": "...yaml",
    "hidden": ".hidden.yaml",
    "accent": "\u00e9asy.yaml",
    "cyrillic": "e\u0430sy.yaml",
    "two-suffixes": "easy.lock.json.yaml",
    "option": "--help.yaml",
    "star": "*.yaml",
    "lock-of-nothing": "nothing.lock.json",
    "long-lock": "a" * 240 + ".lock.json",
}


@pytest.mark.parametrize("name", SHOWN)
def test_a_name_that_is_no_claim_id_is_a_problem_and_no_more(
    job: Job, capsys: Capture, name: str
) -> None:
    """It is listed, it locks nothing, and the claims beside it keep their standing."""
    (job.root / "claims" / SHOWN[name]).write_text(claim("easy"))
    said = command(capsys, job.root, "status")
    assert said.code == 0
    assert "easy" in said.out
    assert "PASS" in said.out
    if name.endswith("lock") or "nothing" in name:
        refused(capsys, job.root, "verify")
    elif not SHOWN[name].startswith("."):
        refused(capsys, job.root, "check")


def test_two_names_that_differ_in_case_are_not_one_claim(job: Job, capsys: Capture) -> None:
    """Only the one in lower case is an id; on a disk that folds case it is the only one."""
    accepted(capsys, job.root, "check")
    (job.root / "claims/EASY.yaml").write_text(claim("easy"))
    refused(capsys, job.root, "check", words="no claim id")


CLIMBING = (
    "../../outside/evil",
    "/tmp/evil",
    "..",
    "a/b",
    "",
    "easy\x00",
    "A",
    "x" * 65,
    "\u202ex",
)


@pytest.mark.parametrize("name", CLIMBING)
def test_a_ledger_cannot_name_a_file_to_write(job: Job, capsys: Capture, name: str) -> None:
    """A registration's claims become names of lock files; each has to be an identifier."""
    from harness.digest import digest
    from harness.lock.record import registration_body

    def rename(rows: list[dict[str, object]]) -> None:
        content = rows[0]["body"]["content"]  # type: ignore[index]
        content["claims"][name] = content["claims"]["easy"]
        rows[0]["body"] = registration_body(content, "")

    elsewhere = outside(job)
    before = ledger_path(job.root).read_bytes()
    rechain(job.root, rename)
    assert digest(name)  # the name has a canonical form: only its meaning is wrong
    refused(capsys, job.root, "verify")
    refused(capsys, job.root, "amend", "easy", "--reason", "x y z", words="cannot name a claim")
    assert list(elsewhere.iterdir()) == []
    put_ledger(job.root, before)
    accepted(capsys, job.root, "verify")


def test_a_lock_cannot_name_a_file_to_read(tmp_path: Path) -> None:
    """Tensors that a lock binds are looked for inside the workspace only."""
    root = locking.make(tmp_path / "study")
    register(root, ["first"])
    shutil.copy(root / "models/given.safetensors", tmp_path / "given.safetensors")
    text = lock_path(root, "first").read_text()

    def climb(rows: list[dict[str, object]]) -> None:
        from harness.lock.record import registration_body

        content = rows[0]["body"]["content"]  # type: ignore[index]
        files = content["claims"]["first"]["files"]
        files["../given.safetensors"] = files.pop("models/given.safetensors")
        rows[0]["body"] = registration_body(content, "")

    rechain(root, climb)
    lock_path(root, "first").unlink()
    with pytest.raises(ClaimsError, match=r"files\.\.\./given\.safetensors.*below the workspace"):
        attempt_job(root, "first")
    assert "models/given.safetensors" in text


MODULES: dict[str, Callable[[Path], object]] = {
    "pipe": pipe,
    "folder": folder,
    "device": device,
    "large": lambda path: path.write_bytes(b"x = 1\n" * 60_000),
    "many-parts": lambda path: path.write_bytes(b"x=1\n" * 30_000),
    "syntax-error": lambda path: path.write_bytes(b"def f(:\n"),
    "nul": lambda path: path.write_bytes(b"x = 1\0\n"),
    "deep-brackets": lambda path: path.write_bytes(b"x = " + b"(" * 5000 + b")" * 5000),
    "deep-minus": lambda path: path.write_bytes(b"x = " + b"-" * 50_000 + b"1\n"),
    "deep-sum": lambda path: path.write_bytes(b"x = 1" + b"+1" * 50_000),
    "deep-blocks": lambda path: path.write_bytes(
        b"".join(b" " * n + b"if 1:\n" for n in range(200))
    ),
    "utf-7": lambda path: path.write_bytes(b"# coding: utf-7\n#+AAo-import os\n"),
    "escapes": lambda path: path.write_bytes(b"# coding: unicode_escape\n# \\nimport os\n"),
    "punycode": lambda path: path.write_bytes(b"# coding: punycode\nx=1\n"),
    "utf-16": lambda path: path.write_bytes("x = 1\n".encode("utf-16")),
    "reordered": lambda path: path.write_bytes("x = 1 # \u202e {1 = y\n".encode()),
    "huge-number": lambda path: path.write_bytes(b"x = " + b"9" * 5000 + b"\n"),
}


@pytest.mark.parametrize("attack", MODULES)
def test_code_that_cannot_be_read_is_named_and_never_run(study: Path, attack: str) -> None:
    """The builder's modules are parsed within bounds; the same module in plain form is read."""
    recipe = load_recipe(study, "models/toy.yaml")
    assert "models.task" in builder_closure(study, recipe)
    MODULES[attack](study / "models/task.py")
    with pytest.raises(ClaimsError) as caught:
        builder_closure(study, recipe)
    assert "models/task.py" in caught.value.sentence
    assert "\n" not in caught.value.sentence


def test_a_ledger_that_is_no_file_is_named(job: Job) -> None:
    """Whoever reads the ledger gets a sentence, not a traceback of the operating system."""
    pipe(ledger_path(job.root))
    with pytest.raises(RecordBroken, match="not a regular file"):
        attempt_job(job.root, "easy")
