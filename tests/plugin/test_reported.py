"""What a run reported and what not, as its summary and its account have it."""

from __future__ import annotations

import os
import shutil
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from harness.measure.job import attempt_job, begin
from harness.pytest_plugin.tally import Collected, Place, Tally, plain
from harness.pytest_plugin.workspace import is_workspace, nearest, workspaces
from harness.verdict.reported import registered
from tests.measure.forged import workspace, write_replicate
from tests.plugin.inner import ALL, HEAD, QUICK, Inner, faults, listed
from tests.plugin.rewrites import MAKEREPORT

pytest_plugins = ["tests.plugin.given"]


def test_the_items_that_pytest_collects_are_those_of_the_lock(inner: Inner) -> None:
    """Node ids and registered items are the same names."""
    result = inner("--collect-only", "-q")
    ids = {line.partition("claims/")[2] for line in result.outlines if ".yaml::" in line}
    assert ids == {f"{one.claim}.yaml::{i}" for one in registered(inner.root) for i in one.items}


@pytest.mark.parametrize("rootdir", [".", "study", "study/claims", "elsewhere"])
def test_items_are_recognised_under_every_rootdir(inner: Inner, rootdir: str) -> None:
    """Node ids depend on the rootdir, which items were reported does not."""
    folder = inner.pytester.path / rootdir
    folder.mkdir(exist_ok=True)
    options = (f"--rootdir={folder}", "--strict-claims", *QUICK)
    result = inner.pytester.runpytest_inprocess(*options, str(inner.claims))
    result.assert_outcomes(passed=12)
    assert (listed(result), result.ret) == ([], 0)


def test_a_workspace_reached_by_a_link_is_the_same(inner: Inner) -> None:
    """Twice named, reported once."""
    link = inner.pytester.path / "link"
    link.symlink_to(inner.root)
    result = inner.strict(str(link / "claims" / "also.yaml"), where="claims/good.yaml")
    assert (listed(result), result.ret) == ([], 0)
    assert result.stdout.str().count("= claims =") == 1


def test_workspaces_below_the_arguments_are_found(inner: Inner) -> None:
    """pytest walks into folders; each workspace on the way has its own section."""
    second = inner.pytester.path / "deep" / "down"
    shutil.copytree(inner.root, second)
    (second / "claims" / "good.yaml").unlink()
    options = (f"--rootdir={inner.pytester.path}", "--strict-claims", *QUICK)
    result = inner.pytester.runpytest_inprocess(*options, str(inner.pytester.path))
    assert result.stdout.str().count("= claims =") == 2
    assert faults(result) == ["6 registered and not reported (strict)"]


def test_neighbours_of_what_was_asked_for_are_left_alone(inner: Inner) -> None:
    """A run of ordinary tests beside a claims folder says nothing of claims."""
    folder = inner.root / "tests"
    folder.mkdir()
    (folder / "test_fine.py").write_text("def test_fine():\n    pass\n")
    result = inner(where="tests")
    result.assert_outcomes(passed=1)
    assert "= claims =" not in result.stdout.str()


def test_the_setting_reaches_runs_that_reach_claims(inner: Inner) -> None:
    """In a file ``strict_claims`` is for claims; it does not make ordinary tests fail."""
    (inner.root / "pytest.ini").write_text("[pytest]\nstrict_claims = true\n")
    ini = ("-c", inner.root / "pytest.ini")
    assert inner(*ini).ret == 0
    assert inner(*ini, "-k", "also").ret == 1
    (inner.root / "test_fine.py").write_text("def test_fine():\n    pass\n")
    assert inner(*ini, where="test_fine.py").ret == 0


def test_others_can_hear_the_account(inner: Inner) -> None:
    """A hook gives it once, frozen."""
    heard: list[dict[str, Any]] = []

    class Listener:
        def pytest_claims_account(self, account: Any) -> None:
            with pytest.raises(FrozenInstanceError):
                account.strict = False
            heard.append(account.as_json())

    options = (f"--rootdir={inner.root}", *QUICK, "-k", "also")
    inner.pytester.inline_run(*options, str(inner.claims), plugins=[Listener()])
    (account,) = heard
    (silent,) = account["not_reported"]
    assert (silent["claim"], silent["of"], len(silent["items"])) == ("good", 6, 6)
    assert account["faults"] == []


def test_a_criterion_without_a_number_fails_in_words(
    pytester: pytest.Pytester, tmp_path: Path
) -> None:
    """It has no outcome; its item says why instead of breaking."""
    root = workspace(tmp_path / "study")
    job = attempt_job(root, "easy")
    begin(job)
    for replicate in job.replicates:
        write_replicate(job, replicate, loss=float("nan"))
    result = Inner(pytester, root).strict()
    result.assert_outcomes(passed=4, failed=2)
    result.stdout.fnmatch_lines(["*criterion surprised has no number: *"])
    assert "Traceback" not in result.stdout.str()
    assert listed(result) == []


def test_status_lists_what_no_verdict_was_published_of(
    inner: Inner, capsys: pytest.CaptureFixture[str]
) -> None:
    """Until ``claims report`` has written the verdicts, and again for a claim locked again."""
    place = ["--workspace", str(inner.root)]

    def lines() -> list[str]:
        capsys.readouterr()
        assert main([*place, "status"]) == 0
        out = capsys.readouterr().out
        _, _, section = out.partition("registered and not reported:\n")
        return [line.strip() for line in section.splitlines()]

    items = "verdict, criterion::surprised, precondition::healthy (3 of 6 items)"
    why = "measured, but its verdict is not published: claims report"
    assert lines() == [f"{name}: {items}: {why}" for name in ("also", "good")]
    assert main([*place, "report"]) == 0
    assert lines() == []
    assert main([*place, "amend", "good", "--reason", "once more with feeling"]) == 0
    assert lines() == [f"good: {ALL}: nothing is measured: claims run good"]
    ledger = inner.claims / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes()[:-40])
    assert lines()[0].startswith("what is registered is not known: claims/ledger.jsonl")


def test_where_workspaces_are_looked_for(inner: Inner) -> None:
    """In the folder named, around it where it lies in claims/, and upwards when asked."""
    start = inner.pytester.path
    for argument in ("study", "study/claims", "study/claims/good.yaml::verdict", "study/claims/no"):
        assert list(workspaces(start, [argument])) == [inner.root.resolve()], argument
    assert list(workspaces(start, ["study/models", ".", "no::such"])) == []
    assert nearest(inner.root / "models") == inner.root.resolve()
    assert is_workspace(inner.root)
    for path in (*inner.claims.glob("*.yaml"), inner.claims / "ledger.jsonl"):
        path.unlink()
    fresh = inner.root.rename(start / "moved")
    assert is_workspace(fresh)
    for path in (fresh / "claims").glob("*.lock.json"):
        path.unlink()
    assert not is_workspace(fresh.rename(start / "empty"))


def test_what_workers_tell_survives_the_way() -> None:
    """JSON there and back; several workers add up."""
    one = Collected({"/w": None}, {"n": Place("/w", "a", "verdict")}, {"f": ["verdict"]})
    two = Collected(barred={"f": "ignored"}, deselected={"n"}, planned={"m"})
    both = Collected()
    for told in (one, two):
        both.add(told.as_json())
    assert both.places == one.places
    assert (both.barred, both.deselected, both.planned) == ({"f": "ignored"}, {"n"}, {"m"})


def test_places_are_read_from_node_ids_where_nobody_told(tmp_path: Path) -> None:
    """Only items of YAML files in a folder called claims have one."""
    tally = Tally(tmp_path)
    root = os.path.realpath(tmp_path)
    assert tally.place("claims/a.yaml::criterion::b") == Place(root, "a", "criterion::b")
    for node in ("claims/a.yaml", "tests/test_a.py::test_b", "other/a.yaml::verdict"):
        assert tally.place(node) is None


def test_words_of_strangers_take_one_line() -> None:
    """No control characters, no line breaks, not too long."""
    assert plain("a\x1b[31m\n  b\u202e") == "a [31m b"
    assert len(plain("x" * 1000)) == 160


def test_nothing_is_said_twice(inner: Inner) -> None:
    """One section, whether or not pytest writes its own summary."""
    for argv in ([], ["--no-summary"], ["-p", "no:terminal"]):
        assert inner("-k", "also", *argv).stdout.str().count(HEAD) == 1


def test_the_page_shows_what_the_summary_says(repository: Path, refuted: Inner) -> None:
    """Headings and lines of the example in docs/pytest.md are those of such a run."""
    page = (repository / "docs" / "pytest.md").read_text(encoding="utf-8")
    refuted.conftest(
        "def pytest_itemcollected(item):\n"
        "    item.add_marker(pytest.mark.xfail(reason='known'))\n" + MAKEREPORT
    )
    text = refuted().stdout.str()
    shown = page.partition("Excluded by the evidence. ...\n")[2].partition(HEAD)[0]
    assert len(shown.splitlines()) == 4
    assert all(line in text for line in shown.splitlines())
    assert f"\n{HEAD}\n" in page
