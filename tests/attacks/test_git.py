"""Attacks on the record through git: each is named, and the same act without it passes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.digest import short
from harness.lock.history import Order, examine_history
from harness.lock.ledger import read
from tests.lock.gitrepo import OTHER, Study, clean, honest, needs_git, rebuilt

pytestmark = needs_git


def name(commit: str) -> str:
    return commit[:12]


def problem(study: Study) -> str:
    """The only problem of a history; it was looked at all the same."""
    found = study.findings
    assert len(found.problems) == 1, found
    return found.problems[0]


def growth(study: Study) -> list[str]:
    """The problems about the ledger's growth."""
    return [p for p in study.findings.problems if p.startswith("history: commit ")]


def test_a_row_rewritten_in_a_later_commit_is_named(tmp_path: Path) -> None:
    """The forger makes every digest right again; the earlier commit still has the row."""
    study, *_ = honest(tmp_path)
    study.append("anchor", n=1)
    study.commit("goes on")
    assert clean(study.findings)
    study.put(rebuilt(study.lines, row2={"claim": "easy", "registration": "sha256:other"}))
    forged = study.commit("tidy up")
    assert growth(study) == [f"history: commit {name(forged)} rewrites row 2 of the ledger"]


def test_a_row_dropped_in_a_later_commit_is_named(tmp_path: Path) -> None:
    """From the end, and from among the rows with the chain rebuilt."""
    study, *_ = honest(tmp_path)
    whole = study.lines
    study.put(whole[:2])
    short_of = study.commit("forget the end")
    assert problem(study) == f"history: commit {name(short_of)} drops row 3 of the ledger"
    study.put(whole)
    study.commit("back")
    assert len(study.findings.problems) == 1  # what was done stays in the history
    study.put(rebuilt(whole, drop=1))
    rebuilt_at = study.commit("forget the start")
    assert f"history: commit {name(rebuilt_at)} rewrites row 2 of the ledger" in growth(study)


def test_rows_that_changed_places_are_named(tmp_path: Path) -> None:
    """Also where a later commit puts them back, so that the ledger here is whole."""
    study, *_ = honest(tmp_path)
    whole = study.lines
    study.put([whole[0], whole[2], whole[1]])
    moved = study.commit("move")
    study.put(whole)
    back = study.commit("move back")
    assert growth(study) == [
        f"history: commit {name(moved)} moves rows, the first is row 2 of the ledger",
        f"history: commit {name(back)} moves rows, the first is row 2 of the ledger",
    ]


def test_a_ledger_deleted_and_begun_anew_is_named(tmp_path: Path) -> None:
    """A new first row does not hide that there was another."""
    study, *_ = honest(tmp_path)
    (tmp_path / "claims/ledger.jsonl").unlink()
    (tmp_path / "claims/ledger.head.json").unlink()
    gone = study.commit("start over")
    assert problem(study) == f"history: commit {name(gone)} deletes the ledger of 3 rows"
    study.lock(n=2)
    study.commit("lock")
    assert problem(study) == f"history: commit {name(gone)} deletes the ledger of 3 rows"


def test_a_ledger_replaced_by_a_link_is_named(tmp_path: Path) -> None:
    """A commit in which the ledger is something else than a file has none."""
    study, _, lock, _ = honest(tmp_path)
    path = tmp_path / "claims/ledger.jsonl"
    data = path.read_bytes()
    path.unlink()
    path.symlink_to("elsewhere")
    linked = study.commit("link")
    path.unlink()
    path.write_bytes(data)
    study.commit("back")
    assert problem(study) == f"history: commit {name(linked)} deletes the ledger of 3 rows"
    assert study.history.firsts[0].lock == (lock,)


def test_an_amended_commit_is_seen_by_whoever_has_the_ledger_from_before(tmp_path: Path) -> None:
    """A rewritten last commit is whole in itself; the ledger that a reader holds is not its."""
    study, *_ = honest(tmp_path / "author")
    study.git("clone", "-q", str(study.root), str(tmp_path / "reader"))
    reader = Study(tmp_path / "reader")
    kept = read(reader.root)
    study.append("anchor", n=1)
    study.commit("goes on")
    reader.git("pull", "-q", "--ff-only")
    assert clean(examine_history(reader.root, read(reader.root)))
    study.put(rebuilt(study.lines[:3], row3={"claim": "easy"}))
    study.git("reset", "-q", "--soft", "HEAD~2")
    forged = study.commit("results")
    reader.git("fetch", "-q", "origin")
    reader.git("reset", "-q", "--hard", "origin/main")
    found = examine_history(reader.root, kept)
    assert found.problems == [
        f"history: the ledger here rewrites row 3 of the one committed in {name(forged)}"
    ]


def test_a_rewritten_history_merged_with_the_one_from_before_is_a_fork(tmp_path: Path) -> None:
    """A reader who pulls a forced push into the history that was there gets both ledgers."""
    study, *_ = honest(tmp_path / "author")
    study.git("clone", "-q", str(study.root), str(tmp_path / "reader"))
    reader = Study(tmp_path / "reader")
    before = reader.head
    study.write("notes.md", "more\n")
    study.commit("honest work")
    reader.git("pull", "-q", "--no-ff", "--no-rebase")
    assert clean(reader.findings)
    study.git("reset", "-q", "--hard", "HEAD~1")
    study.put(rebuilt(study.lines, row3={"claim": "easy"}))
    study.git("commit", "-q", "-a", "--amend", "-m", "results")
    forged = study.head
    reader.git("reset", "-q", "--hard", before)
    reader.git("pull", "-q", "--no-rebase", "-X", "theirs")
    assert problem(reader) == (
        f"history: commit {name(reader.head)} merges a fork: after row 2 {name(before)} and "
        f"{name(forged)} each went on alone"
    )


def test_a_rebase_that_edits_the_lock_is_named(tmp_path: Path) -> None:
    """Later commits that are replayed still hold the rows that were."""
    study, _, lock, results = honest(tmp_path)
    study.git("checkout", "-q", "-b", "again", lock)
    study.git("commit", "-q", "--amend", "-m", "lock, with a better message")
    study.git("rebase", "-q", "--onto", "again", lock, "main")
    assert study.head != results
    assert clean(study.findings)
    assert study.history.firsts[0].proved
    main = study.head
    study.git("checkout", "-q", "again")
    study.put(rebuilt(study.lines, row1=OTHER))
    study.git("commit", "-q", "-a", "--amend", "-m", "lock")
    edited = study.head
    study.git("rebase", "-q", "-X", "theirs", "--onto", "again", f"{main}~2", "main")
    replayed = study.git("rev-parse", "HEAD~1")
    assert study.git("rev-parse", "HEAD~2") == edited
    assert growth(study)[0] == f"history: commit {name(replayed)} rewrites row 1 of the ledger"


def test_results_committed_before_the_lock_are_a_problem(tmp_path: Path) -> None:
    """The history put in another order: what came out first, what was to come out after it."""
    study, registration, lock, _ = honest(tmp_path)
    assert study.history.firsts[0].proved
    study.git("reset", "-q", f"{lock}~1")
    study.git("add", "reports")
    study.git("commit", "-q", "-m", "results")
    early = study.head
    late = study.commit("lock")
    found = study.history
    assert found.findings.problems == [
        f"easy: lock {short(registration)}: results were added in {name(early)}, which does not "
        f"descend from the commit of the lock's, {name(late)}"
    ]
    assert found.firsts[0].result is Order.OUTSIDE
    assert not found.firsts[0].proved


def test_results_committed_without_their_lock_are_a_problem(tmp_path: Path) -> None:
    """A lock that is kept back until the results are out."""
    study, *_ = honest(tmp_path)
    registration = study.lock(n=2)
    study.measure(registration)
    study.git("add", "reports")
    study.git("commit", "-q", "-m", "results")
    assert problem(study) == (
        f"easy: lock {short(registration)}: results were added in {name(study.head)}, which does "
        "not descend from the commit of the lock's: it is in no commit"
    )


def test_lock_and_results_in_one_commit_are_only_a_note(tmp_path: Path) -> None:
    """Git shows no order there, and nobody is told that it does."""
    study = Study.begin(tmp_path)
    registration = study.lock()
    study.start(registration)
    study.measure(registration)
    both = study.commit("everything")
    found = study.history
    assert clean(found.findings)
    words = f"easy: lock {short(registration)}: it and "
    assert found.findings.notes == [
        f"{words}its first result came in one commit, {name(both)}: git shows no order between "
        "them",
        f"{words}the start of its attempt came in one commit, {name(both)}: git shows no order "
        "between them",
    ]
    assert not any(sentence.startswith("easy: ") for sentence in found.findings.examined)
    assert not found.firsts[0].proved


def test_a_later_file_of_the_results_does_not_hide_the_first(tmp_path: Path) -> None:
    """Results added with or before the lock, taken out and added again where it looks well."""
    study = Study.begin(tmp_path)
    registration = study.lock()
    path = study.measure(registration)
    study.git("add", "reports")
    study.git("commit", "-q", "-m", "results")
    early = study.head
    path.unlink()
    study.commit("lock, without results")
    study.start(registration)
    study.measure(registration)
    study.commit("results")
    assert f"results were added in {name(early)}, which" in problem(study)
    assert study.history.firsts[0].results == (early,)


@pytest.mark.parametrize("resolved", ["ours", "theirs", "chained"])
def test_a_forked_ledger_that_was_merged_is_named(tmp_path: Path, resolved: str) -> None:
    """Two branches appended; whichever rows the merge keeps, it cannot extend both."""
    study, *_, results = honest(tmp_path)
    study.git("checkout", "-q", "-b", "side")
    study.write("notes.md", "aside\n")
    study.commit("aside")
    study.git("checkout", "-q", "main")
    study.append("anchor", n=1)
    one = study.commit("one")
    study.git("merge", "-q", "-m", "merge", "side")
    assert clean(study.findings)
    study.git("reset", "-q", "--hard", one)
    study.git("checkout", "-q", "-b", "other", results)
    study.append("anchor", n=2)
    other = study.commit("other")
    study.git("checkout", "-q", "main")
    study.git("merge", "-q", "-X", "theirs" if resolved == "theirs" else "ours", "-m", "m", "other")
    if resolved == "chained":
        study.append("anchor", n=2)
        study.git("commit", "-q", "-a", "--amend", "--no-edit")
    assert problem(study) == (
        f"history: commit {name(study.head)} merges a fork: after row 3 {name(one)} and "
        f"{name(other)} each went on alone" if resolved == "theirs" else
        f"history: commit {name(study.head)} merges a fork: after row 3 {name(other)} and "
        f"{name(one)} each went on alone"
    )  # fmt: skip


def test_a_merge_that_drops_rows_is_named(tmp_path: Path) -> None:
    """A merge that takes the shorter of two ledgers, one of which extends the other."""
    study, *_ = honest(tmp_path)
    study.git("checkout", "-q", "-b", "side", "HEAD~1")
    study.write("notes.md", "aside\n")
    study.commit("aside")
    study.git("checkout", "-q", "main")
    tip = study.head
    study.git("merge", "-q", "--no-commit", "side")
    study.git("checkout", "-q", "side", "--", "claims/ledger.jsonl", "claims/ledger.head.json")
    merged = study.commit("merge")
    assert problem(study) == (
        f"history: commit {name(merged)} drops row 3 of the ledger that {name(tip)} holds"
    )


def test_results_on_a_side_branch_without_the_lock_are_a_problem(tmp_path: Path) -> None:
    """A merge brings both together, but the results do not descend from the lock."""
    study = Study.begin(tmp_path)
    registration = study.lock()
    lock = study.commit("lock")
    study.git("checkout", "-q", "-b", "good")
    study.measure(registration)
    study.commit("results")
    study.git("checkout", "-q", "main")
    study.git("merge", "-q", "--no-ff", "-m", "merge", "good")
    assert clean(study.findings)
    study.git("reset", "-q", "--hard", lock)
    study.git("checkout", "-q", "-b", "side", "HEAD~1")
    study.measure(registration)
    early = study.commit("results")
    study.git("checkout", "-q", "main")
    study.git("merge", "-q", "-m", "merge", "side")
    assert problem(study) == (
        f"easy: lock {short(registration)}: results were added in {name(early)}, which does not "
        f"descend from the commit of the lock's, {name(lock)}"
    )


def test_a_lock_file_rewritten_to_what_is_not_registered_is_named(tmp_path: Path) -> None:
    """Also where it is put back, and where the lock is of another claim's registration."""
    study, registration, *_ = honest(tmp_path)
    second = study.lock("other", n=2)
    study.commit("lock another")
    assert clean(study.findings)
    study.write_lock("easy", "sha256:" + "f" * 64)
    first = study.commit("swap")
    study.write_lock("easy", second)
    again = study.commit("swap again")
    study.write("claims/easy.lock.json", "[" * 100_000)
    unread = study.commit("swap for nothing")
    study.write_lock("easy", registration)
    study.commit("put back")
    assert study.findings.problems == [
        f"history: commit {name(first)} has a lock of 'easy' to registration 'ffffffffffff', "
        "which its ledger lacks",
        f"history: commit {name(again)} has a lock of 'easy' to registration {short(second)!r}, "
        "which its ledger lacks",
        f"history: commit {name(unread)} has a lock of 'easy' that cannot be read",
    ]


def test_a_lock_file_rewritten_before_the_registration_is_named(tmp_path: Path) -> None:
    """The ledger of that very commit has to have it, not a later one."""
    study, *_ = honest(tmp_path)
    second = study.lock(n=2)
    study.git("add", "claims/easy.lock.json")
    study.git("commit", "-q", "-m", "the new lock")
    early = study.head
    study.commit("its row")
    assert problem(study) == (
        f"history: commit {name(early)} has a lock of 'easy' to registration {short(second)!r}, "
        "which its ledger lacks"
    )


def test_a_workspace_that_was_moved_and_rewritten_at_once_is_named(tmp_path: Path) -> None:
    """The ledger is followed by its first row to the folder that it had."""
    study, *_ = honest(tmp_path / "study", tmp_path)
    study.git("mv", "study", "new")
    moved = Study(tmp_path / "new", tmp_path)
    moved.put(rebuilt(moved.lines, drop=1))
    commit = moved.commit("move")
    assert growth(moved) == [f"history: commit {name(commit)} rewrites row 2 of the ledger"]
    study.git("reset", "-q", "--hard", "HEAD~1")
    study.git("mv", "study", "new")
    moved.commit("move")
    assert clean(moved.findings)


def test_another_ledger_that_goes_as_this_one_begins_is_a_note(tmp_path: Path) -> None:
    """A record that was exchanged for another is at least said to have been there."""
    study, *_ = honest(tmp_path / "study", tmp_path)
    study.git("rm", "-rqf", "study")
    fresh = Study(tmp_path / "new", tmp_path)
    fresh.lock(n=2)
    commit = fresh.commit("a better study")
    found = fresh.findings
    assert clean(found)
    assert found.notes == [
        f"history: commit {name(commit)} removes another ledger, that of 'study', not examined"
    ]


def test_a_tree_that_holds_the_ledger_twice_is_named(tmp_path: Path) -> None:
    """Git shows one of them, another reader the other."""
    study, *_ = honest(tmp_path)
    assert clean(study.findings)
    ledger = bytes.fromhex(study.git("rev-parse", "HEAD:claims/ledger.jsonl"))
    other = bytes.fromhex(study.git("rev-parse", "HEAD~1:claims/ledger.jsonl"))
    entry = b"100644 ledger.jsonl\0"
    claims = store(study, "tree", entry + ledger + entry + other)
    top = store(study, "tree", b"40000 claims\0" + bytes.fromhex(claims))
    study.git("reset", "-q", "--soft", study.git("commit-tree", top, "-p", "HEAD", "-m", "twice"))
    assert problem(study) == (
        f"history: git object {claims[:12]} is a tree that holds 'ledger.jsonl' twice. Look at it "
        "with git fsck"
    )


def store(study: Study, kind: str, data: bytes) -> str:
    """Write an object as it is, well made or not."""
    done = subprocess.run(
        ["git", "hash-object", "-w", "-t", kind, "--literally", "--stdin"],
        cwd=study.top, input=data, capture_output=True, check=True,
    )  # fmt: skip
    return done.stdout.decode().strip()


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("tree", b"100644 ledger", "is not a tree that git could have made"),
        ("tree", b"100644 ledger\0abc", "is not a tree that git could have made"),
        ("commit", b"", "is not a commit that git could have made"),
        ("commit", b"tree nonsense\n\n", "is not a commit that git could have made"),
        ("commit", b"parent " + b"0" * 40 + b"\n", "is not a commit that git could have made"),
        ("blob", b"neither\n", "is not the commit that it stands for"),
    ],
)
def test_an_object_that_git_could_not_have_made_is_a_problem(
    tmp_path: Path, kind: str, data: bytes, words: str
) -> None:
    """It has the right name, and no meaning; it is named, and nothing raises."""
    study, *_ = honest(tmp_path)
    assert clean(study.findings)
    made = store(study, kind, data)
    if kind == "tree":
        made = store(study, "commit", f"tree {made}\nparent {study.head}\n\nx\n".encode())
    (tmp_path / ".git/refs/heads/main").write_text(made + "\n")
    assert f"{words}. Look at it with git fsck" in problem(study)


def test_trees_nested_without_end_are_bounded(tmp_path: Path) -> None:
    """Ten folders in ten folders, twelve deep, all the same: they are looked at once."""
    study = Study.begin(tmp_path)
    study.lock()
    study.commit("lock")
    tree = study.git("rev-parse", "HEAD:claims")
    for _ in range(12):
        entries = b"".join(b"40000 d%d\0" % n + bytes.fromhex(tree) for n in range(10))
        tree = store(study, "tree", entries)
    bomb = store(study, "commit", f"tree {tree}\n\nbomb\n".encode())
    top = study.git("rev-parse", "HEAD^{tree}")
    after = store(study, "commit", f"tree {top}\nparent {bomb}\n\nx\n".encode())
    (tmp_path / ".git/refs/heads/main").write_text(after + "\n")
    assert clean(study.findings)
