"""A repository that is hostile itself: nothing of it runs, and its true history is examined.

Each attack is first shown to work on ordinary git, where it does.
"""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.lock import gitread, gitrun
from harness.lock.history import history
from harness.lock.ledger import read
from tests.lock.gitrepo import SETTINGS, Study, clean, honest, needs_git, rebuilt, run_git

pytestmark = needs_git


def program(folder: Path, name: str = "hostile") -> tuple[Path, Path]:
    """A command that leaves a mark, and the mark."""
    mark = folder / f"{name}.mark"
    path = folder / name
    path.write_text(f"#!/bin/sh\ntouch {mark}\ncat >/dev/null 2>&1 </dev/null\nexit 1\n")
    path.chmod(0o755)
    return path, mark


def ordinary(study: Study, *arguments: str, tty: bool = False) -> None:
    """Run git as a reader would, whether it ends well or not."""
    settings = [part for k, v in SETTINGS.items() for part in ("-c", f"{k}={v}")]
    plain = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    plain |= {"GIT_CONFIG_GLOBAL": os.devnull, "TERM": "xterm", "GIT_TERMINAL_PROMPT": "0"}
    master, slave = pty.openpty() if tty else (-1, subprocess.DEVNULL)
    subprocess.run(["git", *settings, *arguments], cwd=study.top, env=plain, stdout=slave,
                   stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
                   timeout=30)  # fmt: skip
    if tty:
        os.close(master)
        os.close(slave)


def config(study: Study, **values: str) -> None:
    for key, value in values.items():
        study.git("config", key.replace("__", "."), value)


def fsmonitor(study: Study, command: Path) -> Callable[[], None]:
    config(study, core__fsmonitor=str(command))
    return lambda: ordinary(study, "status")


def hooks(study: Study, command: Path) -> Callable[[], None]:
    for folder in (study.top / ".git/hooks", study.top / "hooks"):
        folder.mkdir(exist_ok=True)
        for name in ("post-checkout", "post-index-change", "reference-transaction", "pre-commit"):
            (folder / name).unlink(missing_ok=True)
            (folder / name).symlink_to(command)
    return lambda: ordinary(study, "checkout", "-q", "HEAD", "--", ".")


def hooks_path(study: Study, command: Path) -> Callable[[], None]:
    act = hooks(study, command)
    for path in (study.top / ".git/hooks").iterdir():
        path.unlink()
    config(study, core__hooksPath="hooks")
    return act


def external_diff(study: Study, command: Path) -> Callable[[], None]:
    config(study, diff__external=str(command))
    return lambda: ordinary(study, "diff", "HEAD~1")


def textconv(study: Study, command: Path) -> Callable[[], None]:
    (study.top / ".gitattributes").write_text("* diff=odd\n")
    config(study, diff__odd__textconv=str(command))
    return lambda: ordinary(study, "diff", "HEAD~1")


def filters(study: Study, command: Path) -> Callable[[], None]:
    (study.top / ".gitattributes").write_text("* filter=odd\n")
    config(study, filter__odd__smudge=str(command), filter__odd__clean=str(command))
    (study.top / "README").unlink()
    return lambda: ordinary(study, "checkout", "--", "README")


def pager(study: Study, command: Path) -> Callable[[], None]:
    config(study, core__pager=str(command), **{"pager__cat-file": "true"})
    return lambda: ordinary(study, "log", tty=True)


def included(study: Study, command: Path) -> Callable[[], None]:
    (study.top / "more").write_text(f"[core]\n\tfsmonitor = {command}\n")
    config(study, include__path="../more")
    return lambda: ordinary(study, "status")


def worktree_config(study: Study, command: Path) -> Callable[[], None]:
    config(study, extensions__worktreeConfig="true", core__repositoryFormatVersion="1")
    (study.top / ".git/config.worktree").write_text(f"[core]\n\tfsmonitor = {command}\n")
    return lambda: ordinary(study, "status")


@pytest.mark.parametrize(
    "attack",
    [fsmonitor, hooks, hooks_path, external_diff, textconv, filters, pager, included,
     worktree_config],
)  # fmt: skip
def test_no_command_of_the_repository_runs(
    tmp_path: Path, attack: Callable[[Study, Path], Callable[[], None]]
) -> None:
    """Each runs under ordinary git; examining the history runs none of them."""
    study, *_ = honest(tmp_path / "study")
    before = history(study.root, read(study.root))
    assert clean(before.findings)
    command, mark = program(tmp_path)
    act = attack(study, command)
    act()
    assert mark.exists(), "the attack does not work on ordinary git"
    mark.unlink()
    assert history(study.root, read(study.root)) == before
    assert not mark.exists()


def test_nothing_missing_is_fetched(tmp_path: Path) -> None:
    """A promisor remote has git fetch what is missing, through a command of the repository's."""
    study, *_ = honest(tmp_path / "study")
    command, mark = program(tmp_path)
    config(
        study, core__repositoryFormatVersion="1", extensions__partialClone="origin",
        remote__origin__promisor="true", remote__origin__url="ssh://nowhere.invalid/x",
        remote__origin__fetch="+refs/heads/*:refs/remotes/origin/*", core__sshCommand=str(command),
        protocol__ssh__allow="always",
    )  # fmt: skip
    assert clean(study.findings)
    ledger = study.git("rev-parse", "HEAD~1:claims/ledger.jsonl")
    loose = study.top / ".git/objects" / ledger[:2] / ledger[2:]
    data = loose.read_bytes()
    loose.unlink()
    ordinary(study, "cat-file", "-p", ledger)
    assert mark.exists(), "the attack does not work on ordinary git"
    mark.unlink()
    found = study.findings
    assert not mark.exists()
    assert "this clone lacks git object" in found.not_examined[0]
    loose.write_bytes(data)
    assert clean(study.findings)


@pytest.mark.parametrize("kind", ["nonsense", "pipe", "gone"])
def test_the_configuration_is_not_even_read(tmp_path: Path, kind: str) -> None:
    """Neither one that is no configuration nor one whose reading never ends does anything."""
    study, *_ = honest(tmp_path / "study")
    before = study.history
    path = study.top / ".git/config"
    path.unlink()
    if kind == "nonsense":
        path.write_text("[[[\n")
    elif kind == "pipe":
        os.mkfifo(path)
    assert study.history == before
    assert clean(before.findings)


def test_a_replacement_hides_no_commit(tmp_path: Path) -> None:
    """Ordinary git shows the replaced history; the commits that are there are examined."""
    study, bad = forged(tmp_path)
    study.git("replace", "HEAD", study.git("commit-tree", "HEAD^{tree}", "-p", "HEAD~2", "-m", "x"))
    assert bad not in run_git(study.top, "log", "--format=%H")
    assert shows(study, bad)
    assert masked(study, "refs/replace")
    study.git("pack-refs", "--all", "--prune")
    assert not list((study.top / ".git/refs/replace").glob("*"))
    assert bad not in run_git(study.top, "log", "--format=%H")
    assert shows(study, bad)
    assert masked(study, "refs/replace")


def test_a_graft_hides_no_commit(tmp_path: Path) -> None:
    """A file of the repository that gives a commit other parents is not asked."""
    study, bad = forged(tmp_path)
    info = study.top / ".git/info"
    info.mkdir(exist_ok=True)
    (info / "grafts").write_text(f"{study.head} {study.git('rev-parse', 'HEAD~2')}\n")
    assert bad not in run_git(study.top, "log", "--format=%H")
    assert shows(study, bad)
    assert masked(study, "info/grafts")


def test_a_cut_that_is_only_written_down_hides_no_commit(tmp_path: Path) -> None:
    """A list of shallow commits in a repository that has their parents all the same."""
    study, bad = forged(tmp_path)
    (study.top / ".git/shallow").write_text(f"{study.head}\n")
    assert bad not in run_git(study.top, "log", "--format=%H")
    assert shows(study, bad)


def test_a_forged_commit_graph_hides_no_commit(tmp_path: Path) -> None:
    """Git believes the graph file about parents; the commits themselves are read here."""
    study, bad = forged(tmp_path)
    path, data = loose(study, study.head)
    jump = study.git("commit-tree", "HEAD^{tree}", "-p", "HEAD~2", "-m", "back")
    path.chmod(0o644)
    path.write_bytes(loose(study, jump)[1])
    study.git("commit-graph", "write", "--reachable")
    path.write_bytes(data)
    assert bad not in run_git(study.top, "log", "--format=%H")
    assert shows(study, bad)


def test_an_exchanged_object_is_named(tmp_path: Path) -> None:
    """Under a commit's name lies another commit, which git does not notice as it reads."""
    study, bad = forged(tmp_path)
    path, _ = loose(study, study.head)
    jump = study.git("commit-tree", "HEAD^{tree}", "-p", "HEAD~2", "-m", "back")
    path.chmod(0o644)
    path.write_bytes(loose(study, jump)[1])
    assert bad not in run_git(study.top, "rev-list", "HEAD")
    assert study.findings.problems == [
        f"history: git object {study.head[:12]} is not what its name says: it was exchanged or is "
        "damaged. Look at it with git fsck"
    ]


def test_an_exchanged_ledger_is_named(tmp_path: Path) -> None:
    """The ledger that a commit names, with other bytes under its name."""
    study, *_ = honest(tmp_path / "study")
    assert clean(study.findings)
    name = study.git("rev-parse", "HEAD~1:claims/ledger.jsonl")
    path, data = loose(study, name)
    path.chmod(0o644)
    path.write_bytes(zlib.compress(zlib.decompress(data).replace(b"easy", b"hard")))
    assert "rewritten" not in run_git(study.top, "cat-file", "-p", name)
    assert "is not what its name says" in study.findings.problems[0]


def test_objects_that_lie_elsewhere_are_read_and_checked(tmp_path: Path) -> None:
    """Borrowed objects are as good as others; exchanged ones among them are named."""
    study, *_ = honest(tmp_path / "study")
    study.git("clone", "-q", "--shared", str(study.root), str(tmp_path / "clone"))
    clone = Study(tmp_path / "clone")
    alternates = clone.root / ".git/objects/info/alternates"
    assert not list((clone.root / ".git/objects").glob("??"))
    assert clean(clone.findings)
    alternates.write_text(f'/nowhere\n{os.devnull}\n../\n"\n{alternates.read_text()}')
    assert clean(clone.findings)
    path, _ = loose(study, study.head)
    path.chmod(0o644)
    path.write_bytes(loose(study, study.git("rev-parse", "HEAD~1"))[1])
    assert "is not what its name says" in clone.findings.problems[0]


@pytest.mark.parametrize(
    "head",
    [
        "ref: refs/../../../../etc/passwd\n",
        "ref: refs/heads/../../config\n",
        "ref: /etc/passwd\n",
        "ref: refs/heads/a\\b\n",
        "ref: refs/heads/loop\n",
        "0" * 39,
        "",
        "\0" * 5000,
    ],
)
def test_a_head_that_names_no_commit_is_not_followed(tmp_path: Path, head: str) -> None:
    """Neither out of the repository nor for ever."""
    study, *_ = honest(tmp_path)
    assert clean(study.findings)
    (tmp_path / ".git/refs/heads/loop").write_text("ref: refs/heads/loop\n")
    (tmp_path / ".git/HEAD").write_text(head)
    found = study.findings
    assert (found.examined, found.problems, len(found.not_examined)) == ([], [], 1)


@pytest.mark.parametrize(
    "name", ["HEAD", "refs/heads/main", "packed-refs", "commondir", "objects/info/alternates"]
)
def test_a_pipe_in_place_of_a_file_is_not_waited_for(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading what never ends would be a way to stop a verification."""
    study, *_ = honest(tmp_path)
    assert clean(study.findings)
    monkeypatch.setattr(gitrun, "PATIENCE_S", 0.5)
    path = tmp_path / ".git" / name
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    found = study.findings
    assert found.problems == []
    assert found.not_examined or clean(found)


@pytest.mark.parametrize("text", ["", "gitdir: /nowhere\n", "gitdir: \0\n", "x" * 9000])
def test_a_git_file_that_names_no_repository_is_said(tmp_path: Path, text: str) -> None:
    """The workspace lies in a repository, but nobody can tell which."""
    study, *_ = honest(tmp_path / "study")
    (study.root / ".git").rename(tmp_path / "kept")
    (study.root / ".git").write_text(f"gitdir: {tmp_path}/kept\n")
    assert clean(study.findings)
    (study.root / ".git").write_text(text)
    found = study.findings
    assert (found.examined, found.problems, len(found.not_examined)) == ([], [], 1)


def test_settings_of_the_caller_are_not_inherited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another repository, other objects, configuration and traces in the environment."""
    study, *_ = honest(tmp_path / "study")
    before = study.history
    other, *_ = honest(tmp_path / "other")
    command, mark = program(tmp_path)
    for key, value in {
        "GIT_DIR": str(other.top / ".git"),
        "GIT_WORK_TREE": str(other.top),
        "GIT_OBJECT_DIRECTORY": str(other.top / ".git/objects"),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(other.top / ".git/objects"),
        "GIT_COMMON_DIR": str(other.top / ".git"),
        "GIT_NAMESPACE": "x",
        "GIT_CEILING_DIRECTORIES": "/",
        "GIT_SHALLOW_FILE": str(tmp_path / "shallow"),
        "GIT_GRAFT_FILE": str(tmp_path / "graft"),
        "GIT_REPLACE_REF_BASE": "refs/heads",
        "GIT_EXEC_PATH": str(tmp_path),
        "GIT_TRACE": str(tmp_path / "trace.mark"),
        "GIT_TRACE2_EVENT": str(tmp_path / "trace2.mark"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.fsmonitor",
        "GIT_CONFIG_VALUE_0": str(command),
        "GIT_SSH_COMMAND": str(command),
        "GIT_PAGER": str(command),
        "GIT_EXTERNAL_DIFF": str(command),
        "GIT_DEFAULT_HASH": "sha256",
    }.items():
        monkeypatch.setenv(key, value)
    assert study.history == before
    assert clean(before.findings)
    assert not mark.exists()
    assert not list(tmp_path.glob("trace*"))


def test_the_workspace_is_no_place_to_find_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program called git in the folder that is verified is not taken, whatever PATH says."""
    study, *_ = honest(tmp_path / "study")
    before = study.history
    assert clean(before.findings)
    command, mark = program(study.root, "git")
    monkeypatch.chdir(study.root)
    monkeypatch.setenv("PATH", os.pathsep.join((".", "", os.environ["PATH"])))
    subprocess.run(["git", "log"], check=False, capture_output=True)
    assert mark.exists(), "the attack does not work on ordinary git"
    mark.unlink()
    assert study.history == before
    assert not mark.exists()
    assert command.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="git's memory is bounded on Linux only")
def test_an_object_that_unpacks_without_end_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit of zeros, small on disk: it is refused by its size, and git may not allocate it."""
    study, *_ = honest(tmp_path / "study")
    size = 32 << 20
    name = "ab" + "c" * 38
    path = study.top / ".git/objects" / name[:2] / name[2:]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(zlib.compress(b"commit %d\0" % size + bytes(size), 1))
    assert path.stat().st_size < 1 << 20
    head = study.head
    monkeypatch.setattr(gitread, "LIMIT", size - 1)
    monkeypatch.setattr(gitrun, "MEMORY", 16 << 20)
    assert clean(study.findings)
    (study.top / ".git/refs/heads/main").write_text(name + "\n")
    assert f"is larger than {size - 1} bytes" in study.findings.not_examined[0]
    monkeypatch.setattr(gitread, "LIMIT", size)
    found = study.findings
    assert (found.examined, found.problems) == ([], [])
    assert "git stopped (fatal: Out of memory" in found.not_examined[0]
    monkeypatch.setattr(gitrun, "MEMORY", 1 << 30)
    assert "is not what its name says" in study.findings.problems[0]
    (study.top / ".git/refs/heads/main").write_text(head + "\n")


def forged(folder: Path) -> tuple[Study, str]:
    """A study whose ledger was rewritten by one commit and put back by the next; that commit."""
    study, *_ = honest(folder / "study")
    assert clean(study.findings)
    whole = study.lines
    study.put(rebuilt(whole, drop=1))
    bad = study.commit("without the start")
    study.put(whole)
    study.commit("back")
    assert shows(study, bad)
    return study, bad


def shows(study: Study, bad: str) -> bool:
    """Whether the commit that rewrote the ledger is named."""
    wanted = f"history: commit {bad[:12]} rewrites row 2 of the ledger"
    return wanted in study.findings.problems


def masked(study: Study, by: str) -> bool:
    """Whether a note says that git itself shows another history."""
    return any("git itself shows another history" in n and by in n for n in study.findings.notes)


def loose(study: Study, name: str) -> tuple[Path, bytes]:
    """A loose object's file and its bytes."""
    path = study.top / ".git/objects" / name[:2] / name[2:]
    return path, path.read_bytes()
