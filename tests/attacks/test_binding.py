"""Attacks on what a lock binds: each is named by its field, wherever the claim is asked for.

Every test also does the same act where it changes nothing that is bound, and passes.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

import harness
from harness.cli import main
from harness.cli.run import plugin_name
from harness.errors import ClaimsError
from harness.lock import binding
from harness.lock.ledger import read
from harness.lock.promises import examine_registrations
from harness.lock.record import LATER
from harness.lock.register import register
from harness.lock.stored import load_lock
from harness.measure.artefacts import Silent
from harness.measure.job import TamperedError, attempt_job, exploration_job, read_besides
from harness.measure.run import measure_all, watch_of, workshop_of
from harness.measure.watch import ReadBesides, watching
from harness.verdict.verify import verify
from tests.lock.workspace import edit, make, safetensors, write
from tests.measure.forged import attempted
from tests.toy_workspace import claim
from tests.toy_workspace import make as make_toy

Act = Callable[[Path], None]
GIVEN = "given: [models/data/, models/base.safetensors]\n"


def two_tensors(first: str, number: bytes = b"\1\0\0\0") -> bytes:
    """Two tensors in one of two layouts."""
    parts = {"a": number, "b": b"\2\0\0\0\3\0\0\0"}
    at, header = 0, {}
    for name in sorted(parts, reverse=first == "b"):
        end = at + len(parts[name])
        shape = [len(parts[name]) // 4]
        header[name] = {"dtype": "I32", "shape": shape, "data_offsets": [at, end]}
        at = end
    body = b"".join(parts[n] for n in sorted(parts, reverse=first == "b"))
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


@pytest.fixture(scope="session")
def _full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that binds everything there is to bind, registered."""
    root = make(tmp_path_factory.mktemp("binding") / "study")
    write(root, "models/data/plans.txt", "walk\nrest\n")
    write(root, "models/data/more/words.txt", "calm\n")
    (root / "models/base.safetensors").write_bytes(two_tensors("a"))
    write(root, "models/tiny.yaml", (root / "models/tiny.yaml").read_text() + GIVEN)
    edit(root, "models/helper.py", "def double", "import yaml\n\n\ndef double")
    write(root, "conftest.py", "import shared\n")
    write(root, "shared.py", "x = 1\n")
    register(root, ["first"])
    return root


@pytest.fixture
def study(_full: Path, tmp_path: Path) -> Path:
    """A copy of it, to be tampered with."""
    root = tmp_path / "study"
    shutil.copytree(_full, root)
    return root


def change(file: str, old: str, new: str) -> Act:
    return lambda root: edit(root, file, old, new)


def put(file: str, data: bytes) -> Act:
    return lambda root: write_bytes(root / file, data)


def write_bytes(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def remove(file: str) -> Act:
    return lambda root: (root / file).unlink()


def import_another(root: Path) -> None:
    write(root, "models/new.py", "x = 1\n")
    edit(root, "models/data.py", "helper\n", "helper, new\n")


ATTACKS: dict[str, tuple[Act, str, Act]] = {
    "the-margin": (
        change("claims/first.yaml", "margin: 0.5", "margin: 0.4"),
        "claim.criteria.closes-half.test.margin",
        change("claims/first.yaml", "margin: 0.5, alpha: 0.05", "alpha: 5.0e-2, margin: 0.50"),
    ),
    "the-recipe": (
        change("models/tiny.yaml", "width: 4", "width: 5"),
        "recipe.params.width",
        change("models/tiny.yaml", "params: {width: 4}", "# narrow\nparams:\n  width: 4"),
    ),
    "the-list-of-what-is-given": (
        change("models/tiny.yaml", "models/base.safetensors", "models/given.safetensors"),
        "recipe.given",
        change("models/tiny.yaml", GIVEN, "given:\n- models/base.safetensors\n- models/data\n"),
    ),
    "a-line-of-the-corpus": (
        change("models/data/plans.txt", "rest", "calm"),
        "data.models/data/plans.txt",
        put("models/notes.txt", b"not given"),
    ),
    "a-file-more-in-a-given-folder": (
        put("models/data/.extra", b"more"),
        "data.models/data/.extra",
        put("models/extra.txt", b"more"),
    ),
    "a-file-less-in-a-given-folder": (
        remove("models/data/more/words.txt"),
        "data.models/data/more/words.txt",
        lambda root: os.utime(root / "models/data/more/words.txt", (0, 0)),
    ),
    "a-given-weight": (
        put("models/base.safetensors", two_tensors("a", b"\1\0\0\1")),
        "data.models/base.safetensors",
        put("models/base.safetensors", two_tensors("b")),
    ),
    "a-given-direction": (
        put("models/given.safetensors", safetensors(b"\0\0\x80?" * 3 + b"\1\0\x80?")),
        "files.models/given.safetensors",
        put("models/given.safetensors", safetensors(b"\0\0\x80?" * 4, pad=9)),
    ),
    "the-builder": (
        change("models/tiny.py", "return rows(self.recipe)", "return rows(None)"),
        "builder.models.tiny",
        change("models/tiny.py", '"""Builds."""', '"""Builds it."""  # as planned'),
    ),
    "a-helper-one-call-away": (
        change("models/helper.py", "2 * x", "3 * x"),
        "builder.models.helper",
        change("models/helper.py", "  # twice", ""),
    ),
    "a-helper-that-comes-in": (
        import_another,
        "builder.models.new",
        put("models/new.py", b"x = 1\n"),
    ),
    "a-library-put-in-the-workspace": (
        put("yaml.py", b"def load(x): return 1\n"),
        "builder.yaml",
        put("yaml_notes.py", b"x = 1\n"),
    ),
    "a-conftest": (
        change("conftest.py", "import shared", "import shared\nshared.x = 2"),
        "conftest.conftest.py",
        change("conftest.py", "import shared", '"""Shared."""\n\nimport shared  # for all'),
    ),
    "what-a-conftest-imports": (
        change("shared.py", "x = 1", "x = 2"),
        "conftest.shared.py",
        change("shared.py", "x = 1", "x = 1  # one"),
    ),
    "a-conftest-that-comes-in": (
        put("claims/conftest.py", b"import harness.verdict.judge\n"),
        "conftest.claims/conftest.py",
        put("models/conftest.py", b"x = 1\n"),
    ),
    "a-plugin-in-the-settings": (
        put("pytest.ini", b"[pytest]\naddopts = -p shared\n"),
        "conftest.pytest.ini",
        put("pytest.ini", b"[pytest]\nmarkers = slow\n"),
    ),
    "a-sitecustomize": (
        put("sitecustomize.py", b"x = 1\n"),
        "workspace.sitecustomize.py",
        put("models/sitecustomize.py", b"x = 1\n"),
    ),
    "a-harness-of-ones-own": (
        put("harness/__init__.py", b""),
        "workspace.harness/",
        put("harness/README.txt", b"notes"),
    ),
    "a-module-of-python": (
        put("statistics.py", b"def mean(x): return 1\n"),
        "workspace.statistics.py",
        put("models/statistics.py", b"x = 1\n"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_bound_cannot_change_before_an_attempt(
    attack: str, study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Named field by field by Python, by the command line and by pytest, and nothing is begun."""
    tamper, field, harmless = ATTACKS[attack]
    harmless(study)
    assert attempt_job(study, "first").registration
    tamper(study)
    with pytest.raises(TamperedError) as caught:
        attempt_job(study, "first")
    assert [d.field for d in caught.value.differences if d.field == field]
    assert caught.value.exit_code == 3
    capsys.readouterr()
    main(["--workspace", str(study), "--json", "status"])
    (row,) = (r for r in json.loads(capsys.readouterr().out)["claims"] if r["claim"] == "first")
    assert row["status"] == "TAMPERED"
    assert f"{field}: locked " in row["sentence"]
    assert "/ found " in row["sentence"]
    options = ["-p", plugin_name(), "-p", "no:cacheprovider", "-q", "-x", "-c", os.devnull]
    place = ["--noconftest", "--rootdir", str(study), str(study / "claims/first.yaml")]
    assert pytest.main([*options, *place]) == 1
    assert f"{field}: locked " in capsys.readouterr().out
    assert not (study / "reports").exists()


def test_the_command_that_runs_names_the_field(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``claims run`` ends with 3 and says why; restored, the claim is as it was."""
    words = (study / "models/data/plans.txt").read_text()
    write(study, "models/data/plans.txt", words.upper())
    assert main(["--workspace", str(study), "run", "first", "--pytest=-x"]) == 3
    assert "data.models/data/plans.txt: locked sha256:" in capsys.readouterr().out
    write(study, "models/data/plans.txt", words)
    assert attempt_job(study, "first").registration


@pytest.mark.parametrize(
    ("target", "name", "value", "field"),
    [
        (platform, "machine", lambda: "abacus", "settings.machine"),
        (
            binding,
            "sys",
            SimpleNamespace(version_info=SimpleNamespace(major=3, minor=99)),
            "settings.python",
        ),
        (binding, "_version", lambda name: "9" if name == "scipy" else "x", "package.scipy"),
    ],
)
def test_another_installation_begins_nothing(
    study: Path,
    monkeypatch: pytest.MonkeyPatch,
    target: object,
    name: str,
    value: object,
    field: str,
) -> None:
    """Another machine, another Python, another version of a package."""
    assert attempt_job(study, "first").registration
    monkeypatch.setattr(target, name, value)
    with pytest.raises(TamperedError) as caught:
        attempt_job(study, "first")
    assert field in {d.field for d in caught.value.differences}
    assert not any(d.breaks_record for d in caught.value.differences)


def test_another_version_of_a_library_begins_nothing(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of one that only the builder imports."""
    from harness.lock import libraries

    assert load_lock(study, "first").bound["libraries"].keys() == {"yaml"}
    monkeypatch.setattr(libraries, "_version", lambda *_: "9.9")
    with pytest.raises(TamperedError, match=r"library\.yaml: locked .* / found 9\.9"):
        attempt_job(study, "first")


EDITED = """
import sys
from pathlib import Path
import harness
from harness.cli import main
from harness.cli.run import plugin_name
from harness.errors import ClaimsError
from harness.measure.job import attempt_job
root = sys.argv[1]
print(harness.__file__)
try:
    attempt_job(Path(root), "easy")
    print("API: nothing differs")
except ClaimsError as error:
    print("API:", error.sentence)
else:
    sys.exit()
print("RUN:", main(["--workspace", root, "run", "easy"]))
"""


def test_an_edited_copy_of_the_evaluator_measures_nothing(tmp_path: Path) -> None:
    """One constant in a copy of the package that comes first on the path; a comment is free."""
    root = make_toy(tmp_path / "study", easy=claim("easy"))
    register(root, ["easy"])
    copy = tmp_path / "copy"
    source = Path(str(harness.__file__)).parent
    shutil.copytree(source, copy / "harness", ignore=shutil.ignore_patterns("__pycache__"))

    def run(old: str, new: str) -> str:
        edit(copy, "harness/stats/ties.py", old, new)
        done = subprocess.run(
            [sys.executable, "-c", EDITED, str(root)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(copy)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert str(copy) in done.stdout
        return done.stdout

    assert "API: nothing differs" in run("TIE = 1e-12", "TIE = 1e-12  # small")
    out = run("TIE = 1e-12", "TIE = 1e-3")
    field = "evaluator.harness.stats.ties: locked sha256:"
    assert f"API: easy: differs from its lock: {field}" in out
    assert "RUN: 3" in out
    assert not (root / "reports/easy").exists()


def forged(root: Path) -> Path:
    """A finished attempt, with a conftest and a given word list."""
    make_toy(root, easy=claim("easy"))
    write(root, "models/data/words.txt", "calm\n")
    recipe = (root / "models/toy.yaml").read_text()
    write(root, "models/toy.yaml", f"{recipe}given: [models/data]\n")
    write(root, "conftest.py", "x = 1\n")
    register(root, ["easy"])
    attempted(root)
    return root


def test_a_finished_attempt_is_judged_again_beside_another_conftest(tmp_path: Path) -> None:
    """It forbids measuring; what is measured stands, and the difference is said."""
    root = forged(tmp_path / "study")
    assert not [n for n in verify(root).notes if "conftest" in n]
    write(root, "conftest.py", "x = 2\n")
    assert attempt_job(root, "easy").complete
    assert [
        n for n in verify(root).notes if "others than were registered: conftest.conftest.py" in n
    ]


def test_a_finished_attempt_falls_with_its_data(tmp_path: Path) -> None:
    """Nothing that was registered is left to be judged, until it is restored."""
    root = forged(tmp_path / "study")
    assert attempt_job(root, "easy").complete
    write(root, "models/data/words.txt", "quiet\n")
    with pytest.raises(TamperedError, match=r"data\.models/data/words\.txt"):
        attempt_job(root, "easy")
    assert any("data.models/data/words.txt" in p for p in verify(root).problems)
    write(root, "models/data/words.txt", "calm\n")
    assert attempt_job(root, "easy").complete


def test_a_lock_from_before_these_fields_stays_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it did not bind is no difference, and its lock file is not called edited."""
    root = make_toy(tmp_path / "study", easy=claim("easy"))
    from harness.lock import register as registering

    new = registering.content

    def old(*args: object) -> dict[str, object]:
        return {k: v for k, v in new(*args).items() if k not in LATER}  # type: ignore[arg-type]

    monkeypatch.setattr(registering, "content", old)
    register(root, ["easy"])
    write(root, "conftest.py", "x = 1\n")
    assert "conftest" not in load_lock(root, "easy").bound
    assert attempt_job(root, "easy").registration
    assert any("is not bound" in note for note in examine_registrations(read(root)).notes)
    monkeypatch.undo()
    register(root, ["easy"], reason="to bind what can be bound now")
    write(root, "conftest.py", "x = 2\n")
    with pytest.raises(TamperedError, match=r"conftest\.conftest\.py"):
        attempt_job(root, "easy")


def test_what_cannot_be_bound_does_not_lock(tmp_path: Path) -> None:
    """A harness of one's own, data that are not there, a module that comes from nowhere."""
    root = make_toy(tmp_path / "study", easy=claim("easy"))
    spoils: tuple[tuple[Act, str, Act], ...] = (
        (
            put("harness/__init__.py", b""),
            "in place of the evaluator",
            lambda root: shutil.rmtree(root / "harness"),
        ),
        (
            change("models/toy.yaml", "params: {}\n", "params: {}\ngiven: [models/data/]\n"),
            "models/toy.yaml: models/data is given, but does not exist",
            put("models/data/x", b"x"),
        ),
        (
            put("conftest.py", b"import runpy\n"),
            "no lock can bind it",
            remove("conftest.py"),
        ),
    )
    for spoil, words, mend in spoils:
        spoil(root)
        with pytest.raises(ClaimsError, match=words):
            register(root, ["easy"])
        mend(root)
    register(root, ["easy"])


READS = "Path('models', 'data', 'extra.txt').read_text()"


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A toy workspace whose builder reads a file that nothing lists."""
    root = make_toy(tmp_path / "study", easy=claim("easy"))
    write(root, "models/data/extra.txt", "more")
    edit(root, "models/toy.py", "        config =", f"        {READS}\n        config =")
    monkeypatch.chdir(root)
    return root


def test_a_builder_that_reads_what_is_not_given_ends_its_attempt(reader: Path) -> None:
    """At the file, before a model is kept; listed under given: it may."""
    register(reader, ["easy"])
    with pytest.raises(ReadBesides, match=r"read models/data/extra\.txt.*given:"):
        measure_all(attempt_job(reader, "easy"), Silent())
    assert not list((reader / ".cache/models").glob("*/built.json"))
    text = (reader / "models/toy.yaml").read_text()
    write(reader, "models/toy.yaml", f"{text}given: [models/data/]\n")
    register(reader, ["easy"], reason="the corpus is given")
    job = attempt_job(reader, "easy")
    with watching(watch_of(job)) as watch:
        assert workshop_of(job, Silent(), watch).model("standard", 0).besides == ()


def test_an_exploration_is_told_what_an_attempt_would_fail_at(reader: Path) -> None:
    """It runs, and its record says what no lock binds; otherwise the record has no such key."""
    job = exploration_job(reader, "easy", 1)
    measure_all(job, Silent())
    assert read_besides(job) == ("models/data/extra.txt",)
    edit(reader, "models/toy.py", READS, "pass")
    job = exploration_job(reader, "easy", 1)
    measure_all(job, Silent())
    assert read_besides(job) == ()
    assert "read_besides" not in (job.folder / "replicate.0.json").read_text()


def test_a_model_from_a_warned_build_is_not_passed_on_to_an_attempt(reader: Path) -> None:
    """The cache remembers what went into it."""
    from harness.measure.job import reproduction_job

    register(reader, ["easy"])
    job = reproduction_job(reader, "easy")
    with watching(watch_of(job)) as watch:
        built = workshop_of(job, Silent(), watch).model("standard", 0)
    assert built.besides == ("models/data/extra.txt",)
    attempt = attempt_job(reader, "easy")
    with watching(watch_of(attempt)) as watch:
        shop = workshop_of(attempt, Silent(), watch)
        with pytest.raises(ReadBesides):
            shop.model("standard", 0)
        assert shop.model_key(job.recipe.role("standard"), shop.seed_of(0)) == built.digest


def test_a_changed_corpus_is_not_served_an_old_model(reader: Path) -> None:
    """Explorations too build anew, in another folder."""
    text = (reader / "models/toy.yaml").read_text()
    write(reader, "models/toy.yaml", f"{text}given: [models/data/]\n")

    def key() -> tuple[Path, str]:
        job = exploration_job(reader, "easy")
        shop = workshop_of(job, Silent())
        return job.folder, shop.model_key(job.recipe.role("standard"), 1)

    before = key()
    assert key() == before
    write(reader, "models/data/extra.txt", "other")
    after = key()
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_data_that_change_while_an_attempt_runs_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compared before a replicate and again before it is written; otherwise it is written."""
    root = make_toy(tmp_path / "study", easy=claim("easy"))
    write(root, "models/data/words.txt", "calm\n")
    text = (root / "models/toy.yaml").read_text()
    write(root, "models/toy.yaml", f"{text}given: [models/data/]\n")
    register(root, ["easy"])

    from harness.measure import runner

    fit = runner._fit_texts

    def change_meanwhile(*args: object) -> object:
        write(root, "models/data/words.txt", "quiet\n")
        return fit(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(runner, "_fit_texts", change_meanwhile)
    job = attempt_job(root, "easy")
    with pytest.raises(TamperedError, match=r"data\.models/data/words\.txt"):
        measure_all(job, Silent())
    assert not (job.folder / "cells").exists()
    monkeypatch.undo()
    write(root, "models/data/words.txt", "calm\n")
    measure_all(attempt_job(root, "easy"), Silent())
    assert attempt_job(root, "easy").complete
