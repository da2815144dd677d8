"""Git's history shows that the ledger only grew and that locks came before results."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from harness.digest import short
from harness.errors import ClaimsError
from harness.lock import gitread, gitrun
from harness.lock.history import Order, examine_history, history
from harness.lock.ledger import append, ledger_path, read, recover
from harness.measure.job import attempt_folder
from tests.lock.gitrepo import OTHER, Study, clean, honest, needs_git, rebuilt, run_git
from tests.lock.workspace import put
from tests.measure import forged

pytestmark = needs_git
CHAIN = "; the order of locks and results rests on the ledger's own chain"


def name(commit: str) -> str:
    return commit[:12]


def test_an_honest_history_is_examined(tmp_path: Path) -> None:
    """The growth of the ledger, and each lock before its results, are said with their commits."""
    study, registration, lock, results = honest(tmp_path)
    found = study.history
    assert clean(found.findings)
    assert found.findings.notes == []
    assert found.findings.examined == [
        "history: 4 commits, 3 of them change the ledger, which only grew",
        f"easy: lock {short(registration)} committed in {name(lock)} before its first result in "
        f"{name(results)}",
    ]
    (first,) = found.firsts
    assert (first.claim, first.registration) == ("easy", registration)
    assert first.lock == (lock,)
    assert first.started == (study.git("rev-parse", "HEAD~1"),)
    assert first.results == (results,)
    assert first.proved


def test_a_real_registration_and_its_attempt_are_followed(tmp_path: Path) -> None:
    """Rows, lock file and folder are those that locking and measuring write."""
    root = forged.workspace(tmp_path)
    study = Study.begin(root)  # what is locked is committed first of all
    lock = study.head
    job = forged.attempted(root)
    assert job.folder == attempt_folder(root, "easy", job.registration, "a1")
    results = study.commit("attempt")
    found = study.history
    assert clean(found.findings)
    assert found.findings.notes == []
    (first,) = found.firsts
    assert (first.lock, first.started, first.results) == ((lock,), (results,), (results,))
    assert first.registration == job.registration
    assert first.proved


def test_this_repository_shows_its_lock_before_its_results(repository: Path) -> None:
    """Its own three claims were locked in one commit and measured in a later one."""
    if not (repository / ".git").exists():
        pytest.skip("a plain archive: there is no git history to examine")
    found = history(repository, read(repository))
    assert found.findings.problems == []
    mine = [f for f in found.firsts if short(f.registration) == "35b537e2179b"]
    assert [f.claim for f in mine] == [
        "asymmetry-survives-variant-matching", "production-fails", "suppression-works",
    ]  # fmt: skip
    if any("shallow" in sentence for sentence in found.findings.not_examined):
        assert not any(f.result is Order.OUTSIDE for f in mine)
        return
    for first in mine:
        assert first.proved
        assert [name(c) for c in first.lock] == ["9a809b742820"]
        assert [name(c) for c in first.results] == ["6ec0e49139b5"]
        assert (
            f"{first.claim}: lock 35b537e2179b committed in 9a809b742820 before its first result "
            "in 6ec0e49139b5" in found.findings.examined
        )


def test_a_workspace_outside_git_rests_on_its_chain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No repository, no commit and no git are each said in one sentence, and are no problem."""
    append(tmp_path, "anchor", {})
    assert not any((folder / ".git").exists() for folder in tmp_path.parents)
    found = examine_history(tmp_path, read(tmp_path))
    assert found.not_examined == [f"history: the workspace is not in a git repository{CHAIN}"]
    run_git(tmp_path, "init", "-q")
    found = examine_history(tmp_path, read(tmp_path))
    assert found.not_examined == [f"history: nothing is committed yet{CHAIN}"]
    monkeypatch.setenv("PATH", str(tmp_path))
    run = shutil.which("git", path=os.defpath) or ""
    subprocess.run([run, "-C", tmp_path, "-c", "user.name=x", "-c", "user.email=x@example.org",
                    "commit", "-q", "--allow-empty", "-m", "x"], check=True)  # fmt: skip
    found = examine_history(tmp_path, read(tmp_path))
    assert found.not_examined == [f"history: git is not installed{CHAIN}"]
    assert (found.examined, found.problems) == ([], [])


def test_a_ledger_that_was_never_committed_rests_on_its_chain(tmp_path: Path) -> None:
    """A workspace that merely lies in somebody's repository, without or with a ledger."""
    study = Study.begin(tmp_path / "study", tmp_path)
    assert "claims/ledger.jsonl is in no commit" in study.findings.not_examined[0]
    study.lock()
    found = study.findings
    assert found.not_examined == [f"history: claims/ledger.jsonl is in no commit{CHAIN}"]
    assert (found.examined, found.problems) == ([], [])


@pytest.mark.parametrize("inside", ["study", "a/deep er/study"])
def test_a_workspace_may_be_a_subfolder(tmp_path: Path, inside: str) -> None:
    """Only its own ledger counts, and not that of another workspace beside it."""
    (tmp_path / inside).mkdir(parents=True)
    run_git(tmp_path, "init", "-q")
    other = Study(tmp_path / "other", tmp_path)
    other.lock()
    other.commit("another workspace")
    other.put([])
    study, *_ = honest(tmp_path / inside, tmp_path)
    assert clean(study.findings)
    assert study.findings.notes == []
    assert study.history.firsts[0].proved


@pytest.mark.parametrize("when", ["before", "in between", "after"])
def test_a_study_that_was_thrown_away_beside_this_one_is_named(tmp_path: Path, when: str) -> None:
    """Whenever it was: the commit that removed it says where a sceptic can look."""
    run_git(tmp_path, "init", "-q")
    other = Study(tmp_path / "drafts/other", tmp_path)
    other.lock()
    other.commit("another study")

    def throw_away() -> str:
        other.git("rm", "-rq", "drafts")
        return other.commit("tidy")

    gone = throw_away() if when == "before" else ""
    study = Study(tmp_path / "study", tmp_path)
    registration = study.lock()
    study.commit("lock")
    gone = throw_away() if when == "in between" else gone
    study.start(registration)
    study.measure(registration)
    study.commit("results")
    gone = throw_away() if when == "after" else gone
    found = study.findings
    assert clean(found)
    assert found.notes == [
        f"history: commit {name(gone)} removes another ledger, that of 'drafts/other', not examined"
    ]


def test_a_study_that_is_still_beside_this_one_is_not_named(tmp_path: Path) -> None:
    """Of a study beside it that stays, nothing is said; of one that is merged away, one word."""
    run_git(tmp_path, "init", "-q")
    other = Study(tmp_path / "other", tmp_path)
    other.lock()
    other.commit("another study")
    study, *_ = honest(tmp_path / "study", tmp_path)
    assert study.findings.notes == []
    study.git("switch", "-qc", "tidy")
    study.git("rm", "-rq", "other")
    gone = study.commit("tidy")
    study.git("switch", "-q", "-")
    study.append("anchor")
    study.commit("go on")
    study.git("merge", "-q", "--no-edit", "tidy")
    assert study.findings.notes == [
        f"history: commit {name(gone)} removes another ledger, that of 'other', not examined"
    ]


def test_what_is_not_committed_is_a_note(tmp_path: Path) -> None:
    """Rows and results beyond the last commit are named."""
    study = Study.begin(tmp_path)
    registration = study.lock()
    study.commit("lock")
    study.start(registration)
    study.measure(registration)
    found = study.findings
    assert clean(found)
    assert found.notes == [
        "history: row 2 is not committed yet",
        f"easy: lock {short(registration)}: its results are not committed",
    ]
    study.append("anchor")
    assert "history: rows 2 to 3 are not committed yet" in study.findings.notes
    assert study.history.firsts[0].result is Order.OPEN


def test_one_version_shows_no_growth(tmp_path: Path) -> None:
    """What was compared is said, and nothing that was not."""
    study = Study.begin(tmp_path)
    study.lock()
    study.commit("lock")
    assert study.findings.examined == [
        "history: the ledger here begins with the only one committed, of 1 row"
    ]
    study.append("anchor")
    assert clean(study.findings)
    study.put(rebuilt(study.lines, row1=OTHER))
    assert study.findings.examined == []
    assert "the ledger here rewrites row 1 of the one committed" in study.findings.problems[0]


def test_a_start_in_the_commit_of_the_lock_is_a_note(tmp_path: Path) -> None:
    """The results came later and are said to; the start is not shown to have."""
    study = Study.begin(tmp_path)
    registration = study.lock()
    study.start(registration)
    lock = study.commit("lock and start")
    study.measure(registration)
    results = study.commit("results")
    found = study.history
    assert clean(found.findings)
    assert found.findings.notes == [
        f"easy: lock {short(registration)}: it and the start of its attempt came in one commit, "
        f"{name(lock)}: git shows no order between them"
    ]
    assert found.firsts[0].start is Order.SAME
    assert found.firsts[0].result is Order.AFTER
    assert found.firsts[0].results == (results,)
    assert not found.firsts[0].proved


def test_every_registration_of_a_claim_is_followed(tmp_path: Path) -> None:
    """A claim that was locked again has an order for each of its locks."""
    study, first, *_ = honest(tmp_path)
    second = study.lock("easy", "other", n=2)
    lock = study.commit("lock again")
    study.start(second)
    study.start(second, "other")
    study.measure(second)
    study.measure(second, "other")
    study.commit("results again")
    found = study.history
    assert clean(found.findings)
    assert [(f.claim, f.registration) for f in found.firsts] == [
        ("easy", first), ("easy", second), ("other", second),
    ]  # fmt: skip
    assert all(f.proved for f in found.firsts)
    assert {f.lock for f in found.firsts[1:]} == {(lock,)}


def test_merged_branches_that_did_not_fork_the_ledger_are_whole(tmp_path: Path) -> None:
    """A branch that left the ledger alone, or only carried it on, may be merged."""
    study, *_ = honest(tmp_path)
    study.git("checkout", "-q", "-b", "side", "HEAD~2")
    study.write("notes.md", "aside\n")
    study.commit("aside")
    study.git("checkout", "-q", "main")
    study.git("merge", "-q", "-m", "merge", "side")
    assert len(study.git("rev-list", "--parents", "-1", "HEAD").split()) == 3
    assert clean(study.findings)
    assert study.history.firsts[0].proved


def test_a_torn_line_that_was_committed_and_set_aside_is_whole(tmp_path: Path) -> None:
    """The recovery row stands for the torn bytes, also where it is not committed yet."""
    study, *_ = honest(tmp_path)
    study.append("anchor", n=1)
    data = ledger_path(tmp_path).read_bytes()
    put(tmp_path, data[:-20].splitlines(keepends=True), seen=data[:-20].count(b"\n"))
    study.commit("killed while it wrote")
    recover(tmp_path)
    assert clean(study.findings)
    assert study.findings.notes == ["history: row 4 is not committed yet"]
    study.commit("recovered")
    study.append("anchor", n=2)
    study.commit("went on")
    assert clean(study.findings)
    assert study.findings.notes == []


def test_a_clock_that_went_back_is_a_note(tmp_path: Path) -> None:
    """Dates of rows and of commits decide nothing."""
    early = {
        "GIT_AUTHOR_DATE": "2001-01-01T00:00:00Z",
        "GIT_COMMITTER_DATE": "2001-01-01T00:00:00Z",
    }
    study, *_ = honest(tmp_path)
    study.git("commit", "-q", "--amend", "--no-edit", "--date=2001-01-01T00:00:00Z", **early)
    assert clean(study.findings)
    assert study.findings.notes == []
    rows = read(tmp_path)
    lines = [line.replace(rows[1].time.encode(), b"1999-01-01T00:00:00Z") for line in study.lines]
    lines[1] = lines[1].replace(rows[1].time.encode(), b"1999-01-01T00:00:00Z")
    from harness.lock.chain import Row, line_of

    back = Row.make(2, rows[1].kind, rows[1].body, "1999-01-01T00:00:00Z", rows[1].prev)
    study.put([line_of(rows[0]), line_of(back)])
    found = examine_history(tmp_path, read(tmp_path))
    assert found.notes == [
        "ledger: the clock went back before row 2; order is that of the chain, no date is used"
    ]


def test_dates_that_are_no_dates_decide_nothing_either(tmp_path: Path) -> None:
    """A row's time is information and may be any text."""
    from harness.lock.chain import GENESIS, Row, line_of

    one = Row.make(1, "anchor", {}, "yesterday", GENESIS)
    two = Row.make(2, "anchor", {}, "9999-99-99", one.digest)
    ledger_path(tmp_path).parent.mkdir()
    put(tmp_path, [line_of(one), line_of(two)], seen=2)
    assert examine_history(tmp_path, read(tmp_path)).notes == []


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("registration", {"registration": 7, "claims": {"easy": "d"}}),
        ("registration", {"registration": "sha256:x", "claims": ["easy"]}),
        ("registration", {"registration": "sha256:x", "claims": {"../..": "d", "A b": "d"}}),
        ("registration", {"claims": None}),
        ("attempt-started", {"claim": ["easy"], "registration": {"a": 1}}),
    ],
)
def test_rows_of_no_shape_are_no_rows(tmp_path: Path, kind: str, body: dict[str, Any]) -> None:
    """A body is whatever its author wrote: it is refused before anything is looked up under it."""
    study, *_ = honest(tmp_path)
    with pytest.raises(ClaimsError, match="no body of its kind"):
        study.append(kind, **body)
    assert clean(study.findings)


def test_a_lock_file_may_go_and_come_back(tmp_path: Path) -> None:
    """It is made again from the ledger, so its absence is nothing."""
    study, registration, *_ = honest(tmp_path)
    (tmp_path / "claims/easy.lock.json").unlink()
    study.commit("without")
    study.write_lock("easy", registration)
    study.commit("with")
    assert clean(study.findings)


def test_a_lock_file_committed_before_its_row_is_a_note(tmp_path: Path) -> None:
    """The two files of one act, added one after the other."""
    study = Study.begin(tmp_path)
    study.lock()
    study.git("add", "claims/easy.lock.json")
    study.git("commit", "-q", "-m", "the lock file")
    early = study.head
    study.commit("the ledger")
    found = study.findings
    assert clean(found)
    assert found.notes == [
        f"history: commit {name(early)} has a lock of 'easy' before the ledger has its row, row 1"
    ]


def test_a_linked_worktree_is_examined(tmp_path: Path) -> None:
    """Its .git is a file, its HEAD its own, its objects those of the main one."""
    study, *_ = honest(tmp_path / "main")
    study.git("worktree", "add", "-q", "--detach", str(tmp_path / "linked"), "HEAD~1")
    linked = Study(tmp_path / "linked")
    assert (tmp_path / "linked/.git").is_file()
    assert clean(linked.findings)
    assert linked.history.firsts[0].result is Order.OPEN
    linked.git("checkout", "-q", "-b", "own", "main")
    assert linked.history.firsts[0].proved


def test_a_submodule_is_examined(tmp_path: Path) -> None:
    """A workspace that is a submodule has its own history."""
    study, *_ = honest(tmp_path / "study")
    Study.begin(tmp_path / "whole").git("submodule", "--quiet", "add", str(study.root), "part")
    part = Study(tmp_path / "whole/part")
    assert (part.root / ".git").is_file()
    assert clean(part.findings)
    assert part.history.firsts[0].proved


@pytest.mark.parametrize("moves", [["new"], ["new", "at/last"], ["new", "study"]])
def test_a_renamed_workspace_is_followed(tmp_path: Path, moves: list[str]) -> None:
    """Its history goes on under the name that it had, also where it comes back to it."""
    study, registration, lock, results = honest(tmp_path / "study", tmp_path)
    at = "study"
    for to in moves:
        (tmp_path / to).parent.mkdir(exist_ok=True)
        study.git("mv", at, to)
        study.commit(f"move to {to}")
        Study(tmp_path / to, tmp_path).append("anchor", at=to)
        study.commit("go on")
        at = to
    moved = Study(tmp_path / at, tmp_path)
    found = moved.history
    assert clean(found.findings)
    assert found.findings.notes
    assert all("moved the workspace from '" in sentence for sentence in found.findings.notes)
    (first,) = found.firsts
    assert (first.registration, first.lock, first.results) == (registration, (lock,), (results,))
    assert first.proved


def test_a_workspace_moved_to_the_top_is_followed(tmp_path: Path) -> None:
    """Also out of a folder into the repository's own."""
    study, _, lock, results = honest(tmp_path / "study", tmp_path)
    study.git("mv", "study/claims", "study/reports", ".")
    study.commit("move up")
    up = Study(tmp_path)
    assert clean(up.findings)
    assert (up.history.firsts[0].lock, up.history.firsts[0].results) == ((lock,), (results,))


def test_a_shallow_clone_says_where_it_is_cut(tmp_path: Path) -> None:
    """What the cut hides is not examined; what came after it is."""
    study, registration, lock, results = honest(tmp_path / "study")
    second = study.lock(n=2)
    study.commit("lock again")
    study.measure(second)
    study.commit("results again")
    study.git("clone", "-q", "--depth", "3", f"file://{study.root}", str(tmp_path / "clone"))
    clone = Study(tmp_path / "clone")
    found = clone.history
    assert found.findings.problems == []
    assert found.findings.examined[0].startswith("history: 3 commits, 2 of them")
    assert found.findings.not_examined == [
        f"history: shallow, it is cut at {name(results)}; before that {CHAIN[2:]}",
        f"easy: lock {short(registration)}: its first result is in or before {name(results)}, "
        "where this clone's history is cut",
    ]
    assert [f.result for f in found.firsts] == [Order.CUT, Order.AFTER]
    clone.git("fetch", "-q", "--unshallow")
    assert clean(clone.findings)
    assert clone.history.firsts[0].lock == (lock,)


def test_a_lock_at_the_cut_still_comes_before_later_results(tmp_path: Path) -> None:
    """The lock's commit may lie further back, which is said."""
    study, registration, _, results = honest(tmp_path / "study")
    study.git("clone", "-q", "--depth", "2", f"file://{study.root}", str(tmp_path / "clone"))
    found = Study(tmp_path / "clone").history
    cut = study.git("rev-parse", "HEAD~1")
    assert found.findings.examined[1] == (
        f"easy: lock {short(registration)} committed in or before {name(cut)} before its first "
        f"result in {name(results)}"
    )
    assert (found.firsts[0].start, found.firsts[0].result) == (Order.CUT, Order.AFTER)


def test_a_partial_clone_is_not_examined(tmp_path: Path) -> None:
    """A clone without old files' contents lacks what would have to be compared."""
    study, *_ = honest(tmp_path / "study")
    study.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    study.git("clone", "-q", "--filter=blob:none", f"file://{study.root}", str(clone))
    found = Study(clone).findings
    assert found.problems == []
    assert "this clone lacks git object" in found.not_examined[0]
    assert found.not_examined[0].endswith(CHAIN)


@pytest.mark.parametrize("form", ["sha1", "sha256"])
def test_packed_objects_and_refs_are_read(tmp_path: Path, form: str) -> None:
    """Whatever git has made of its files, and whichever its object format."""
    study, *_ = honest(tmp_path, None, f"--object-format={form}")
    assert len(study.head) == (40 if form == "sha1" else 64)
    assert clean(study.findings)
    study.git("gc", "-q", "--prune=now")
    study.git("pack-refs", "--all", "--prune")
    assert not (tmp_path / ".git/refs/heads/main").exists()
    assert clean(study.findings)
    study.git("checkout", "-q", "--detach")
    assert clean(study.findings)
    assert study.history.firsts[0].proved


def test_refs_in_a_reftable_are_not_read(tmp_path: Path) -> None:
    """A repository that keeps its refs in another form is said to."""
    study, *_ = honest(tmp_path)
    (tmp_path / ".git/reftable").mkdir()
    (tmp_path / ".git/HEAD").write_text("ref: refs/heads/.invalid\n")
    found = study.findings
    assert found.problems == []
    assert "reftable" in found.not_examined[0]


def test_a_repository_of_another_owner_is_examined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git asks who owns it because it would trust its configuration, which nothing here reads."""
    study, *_ = honest(tmp_path)
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    plain = subprocess.run(["git", "rev-parse", "HEAD"], cwd=tmp_path, capture_output=True,
                           text=True, check=False)  # fmt: skip
    assert "dubious ownership" in plain.stderr
    assert clean(study.findings)


def script(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program called git, the first that is found."""
    folder.mkdir()
    (folder / "git").write_text(f"#!/bin/sh\n{text}\n")
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_git_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait is bounded, and nothing stays behind."""
    study, *_ = honest(tmp_path / "study")
    rows = read(study.root)
    mark = tmp_path / "mark"
    script(tmp_path / "bin", f"(sleep 1; touch {mark}) & sleep 50; exit 1", monkeypatch)
    monkeypatch.setattr(gitrun, "PATIENCE_S", 0.4)
    began = time.monotonic()
    found = examine_history(study.root, rows)
    assert time.monotonic() - began < 25  # git would sleep for 50
    assert found.not_examined == [f"history: git did not finish within 0.4 s{CHAIN}"]
    time.sleep(max(0.0, began + 1.3 - time.monotonic()))
    assert not mark.exists(), "a process that git started was left running"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("echo 'fatal: no\033[31m good' >&2; exit 128", "git stopped (fatal: no [31m good)"),
        ("exit 0", "git stopped"),
        ("read x; echo hello", "git answers in a form that is not known here"),
        ("read x; echo $x commit 99999999999", "is larger than"),
        ("read x; echo $x commit 100; echo tree", "git stopped"),
        ("head -c 1000 /dev/zero", "git stopped"),
    ],
)
def test_git_that_fails_is_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    """Whatever it does instead of answering, what it says is quoted without control characters."""
    study, *_ = honest(tmp_path / "study")
    rows = read(study.root)
    script(tmp_path / "bin", text, monkeypatch)
    found = examine_history(study.root, rows)
    assert len(found.not_examined) == 1
    assert words in found.not_examined[0]
    assert (found.examined, found.problems) == ([], [])


def test_an_object_that_is_too_large_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sizes are bounded; the limit itself is taken."""
    study, *_ = honest(tmp_path)
    largest = len(ledger_path(tmp_path).read_bytes())
    monkeypatch.setattr(gitread, "LIMIT", largest)
    assert clean(study.findings)
    monkeypatch.setattr(gitread, "LIMIT", largest - 1)
    found = study.findings
    assert found.problems == []
    assert f"is larger than {largest - 1} bytes" in found.not_examined[0]


def test_a_missing_object_is_named(tmp_path: Path) -> None:
    """A damaged repository is not examined, and no answer is made up."""
    study, *_ = honest(tmp_path)
    tree = study.git("rev-parse", "HEAD~1:claims")
    (tmp_path / ".git/objects" / tree[:2] / tree[2:]).unlink()
    found = study.findings
    assert found.problems == []
    assert f"this clone lacks git object {name(tree)}" in found.not_examined[0]


def test_two_thousand_commits_take_about_a_second(tmp_path: Path) -> None:
    """A long history of which fifty commits touch the ledger; it is read, not simplified."""
    study = Study.begin(tmp_path / "study")
    registration = study.lock()
    for n in range(49):
        study.append("anchor", n=n, text="x" * 1000)
    rows = study.lines
    stream = ["reset refs/heads/main\n"]
    for n in range(2000):
        stream.append(
            "commit refs/heads/main\ncommitter someone <s@example.org> 0 +0000\ndata 1\nx\n"
            f"M 100644 inline src/file{n % 50}.py\ndata {len(str(n))}\n{n}\n"
        )
        if n % 40 == 0:
            data = b"".join(rows[: n // 40 + 1]).decode()
            stream.append(f"M 100644 inline claims/ledger.jsonl\ndata {len(data)}\n{data}\n")
        if n == 1999:
            place = f"reports/easy/{short(registration)}/a1/attempt.json"
            stream.append(f"M 100644 inline {place}\ndata 2\n{{}}\n")
    subprocess.run(["git", "fast-import", "--quiet", "--force"], cwd=study.root, check=True,
                   input="".join(stream).encode())  # fmt: skip
    began = time.monotonic()
    found = study.history
    spent = time.monotonic() - began
    assert found.findings.examined[0] == (
        "history: 2000 commits, 50 of them change the ledger, which only grew"
    )
    assert clean(found.findings)
    assert found.firsts[0].result is Order.AFTER
    assert spent < 5, f"{spent:.1f} s"  # 0.4 s where nothing else runs


def test_sentences_of_one_sort_are_counted_where_they_are_many(tmp_path: Path) -> None:
    """A history rewritten fifty times does not bury what else there is to read."""
    study, *_ = honest(tmp_path)
    whole = study.lines
    for _ in range(10):
        study.put(rebuilt(whole, drop=1))
        study.commit("without the start")
        study.put(whole)
        study.commit("with it")
    problems = study.findings.problems
    assert len(problems) == 13
    assert problems[-1] == "history: 8 more such commits"
