"""Ways to make a registered claim disappear from a run of pytest.

Each test does one of them and shows that the run names it and that a strict run fails for it. That
the same run without tampering reports everything and passes strictly is shown once for all of them,
by the fixture ``inner``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugin.inner import ALL, HEAD, QUICK, Inner, fails_for, faults, listed
from tests.plugin.rewrites import MAKEREPORT

pytest_plugins = ["tests.plugin.given"]


# what a person selects


def test_deselecting_by_word(inner: Inner) -> None:
    """``-k`` is named with its expression; without strictness the run ends as pytest has it."""
    argv = ("-k", "good and verdict")
    lines = (
        f"also: {ALL}: deselected (-k good and verdict)",
        "good: criterion::surprised, precondition::healthy, replicate::0 and 2 more "
        "(5 of 6 items): deselected (-k good and verdict)",
    )
    fails_for(inner.strict(*argv), *lines, items=11)
    plain = inner(*argv)
    assert listed(plain) == list(lines)
    assert faults(plain) == []
    assert plain.ret == 0


def test_deselecting_by_mark(inner: Inner) -> None:
    """``-m`` with a mark that no claim has runs nothing, and says of what."""
    why = "deselected (-m slow)"
    fails_for(inner.strict("-m", "slow"), f"also: {ALL}: {why}", f"good: {ALL}: {why}", items=12)


def test_deselecting_one_item(inner: Inner) -> None:
    """``--deselect`` of the one item that matters."""
    result = inner.strict("--deselect", "claims/good.yaml::verdict")
    why = "deselected (--deselect claims/good.yaml::verdict)"
    fails_for(result, f"good: verdict (1 of 6 items): {why}", items=1)


def test_ignoring_a_file(inner: Inner) -> None:
    """``--ignore-glob`` keeps a claim file from being collected at all."""
    result = inner.strict("--ignore-glob=*good*")
    why = "not collected: ignored (--ignore-glob *good*)"
    fails_for(result, f"good: {ALL}: {why}", items=6)


def test_ignoring_the_folder(inner: Inner) -> None:
    """``--ignore claims`` leaves nothing that could be collected; the workspace is found anyway."""
    result = inner.strict("--ignore", inner.claims, where=".")
    why = f"not collected: ignored (--ignore {str(inner.claims)[:57]}"
    assert [line[: len(f"good: {ALL}: {why}")] for line in listed(result)] == [
        f"also: {ALL}: {why}",
        f"good: {ALL}: {why}",
    ]
    assert faults(result) == ["12 registered and not reported (strict)"]


def test_ignoring_by_conftest(inner: Inner) -> None:
    """``collect_ignore`` in a conftest.py does the same without an option."""
    inner.conftest('collect_ignore = ["claims/good.yaml"]')
    fails_for(inner.strict(), f"good: {ALL}: not collected: ignored", items=6)


def test_selecting_some_items(inner: Inner) -> None:
    """A node id selects one item; all the others are named."""
    result = inner.strict(where="claims/good.yaml::verdict")
    rest = "criterion::surprised, precondition::healthy, replicate::0 and 2 more (5 of 6 items)"
    fails_for(result, f"also: {ALL}: not selected", f"good: {rest}: not selected", items=11)


def test_pointing_elsewhere(inner: Inner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Strictness asked for on the command line is not met by a run that goes nowhere near."""
    inner.conftest("def pytest_configure(config):\n    pass")
    monkeypatch.chdir(inner.root)
    result = inner.strict(where="models")
    fails_for(result, f"also: {ALL}: not selected", f"good: {ALL}: not selected", items=12)
    assert inner(where="models").ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert HEAD not in inner(where="models").stdout.str()


def test_strict_where_there_is_no_claim(pytester: pytest.Pytester) -> None:
    """An examination of nothing is not a success."""
    pytester.makepyfile("def test_fine():\n    pass\n")
    result = pytester.runpytest_inprocess("--strict-claims", *QUICK)
    assert result.ret == 1
    assert faults(result) == [
        "no workspace with claims was found, so nothing was reported (strict)"
    ]
    assert pytester.runpytest_inprocess(*QUICK).ret == 0


@pytest.mark.parametrize("option", ["--collect-only", "--setup-only"])
def test_running_nothing(inner: Inner, option: str) -> None:
    """Listing items is not reporting them."""
    why = f"nothing was run ({option})"
    fails_for(inner.strict(option), f"also: {ALL}: {why}", f"good: {ALL}: {why}", items=12)


def test_options_from_the_environment(inner: Inner, monkeypatch: pytest.MonkeyPatch) -> None:
    """``PYTEST_ADDOPTS`` works like an option, and is seen like one."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k also")
    fails_for(inner.strict(), f"good: {ALL}: deselected (-k also)", items=6)


def test_options_from_a_file(inner: Inner) -> None:
    """``addopts`` too; ``strict_claims`` stands in the same file."""
    ini = inner.root / "pytest.ini"
    ini.write_text("[pytest]\nstrict_claims = true\naddopts = -k also\n")
    fails_for(inner("-c", ini), f"good: {ALL}: deselected (-k also)", items=6)


def test_without_a_terminal(inner: Inner) -> None:
    """``-p no:terminal`` takes pytest's words away, not these."""
    argv = ("-p", "no:terminal", "-k", "also")
    fails_for(inner.strict(*argv), f"good: {ALL}: deselected (-k also)", items=6)
    assert inner("-p", "no:terminal").ret == 0


def test_without_a_summary(inner: Inner) -> None:
    """``--no-summary``, which in some versions of pytest silences plugins as well."""
    argv = ("--no-summary", "-k", "also")
    fails_for(inner.strict(*argv), f"good: {ALL}: deselected (-k also)", items=6)


# endings


def failing_test(inner: Inner) -> Path:
    path = inner.root / "test_first.py"
    path.write_text("def test_first():\n    assert False\n")
    return path


@pytest.mark.parametrize("option", ["-x", "--maxfail=1"])
def test_stopping_early(inner: Inner, option: str) -> None:
    """Claims behind a test that fails are not reached."""
    why = "run stopped early: stopping after 1 failures"
    result = inner.strict(option, failing_test(inner))
    fails_for(result, f"also: {ALL}: {why}", f"good: {ALL}: {why}", items=12)
    assert listed(inner(failing_test(inner))) == []


def test_leaving_with_success(inner: Inner) -> None:
    """``pytest.exit`` with code 0 in the middle of a run does not make a strict one succeed."""
    inner.conftest(
        "def pytest_runtest_setup(item):\n"
        "    if item.name == 'verdict':\n        pytest.exit('done', returncode=0)"
    )
    why = "run stopped early: done"
    fails_for(
        inner.strict(),
        f"also: verdict (1 of 6 items): {why}",
        f"good: verdict, criterion::surprised, precondition::healthy (3 of 6 items): {why}",
        items=4,
    )


def test_leaving_with_a_code_of_ones_own(inner: Inner) -> None:
    """After an exit code that it does not know pytest writes no summary; this one is written."""
    inner.conftest("def pytest_runtest_setup(item):\n    pytest.exit('done', returncode=77)")
    result = inner.strict()
    assert len(listed(result)) == 2
    assert result.ret == 77


def test_an_error_in_another_file(inner: Inner) -> None:
    """A file that cannot be collected stops everything; the claims are named."""
    path = inner.root / "test_broken.py"
    path.write_text("1 / 0\n")
    why = "run stopped early: 1 error during collection"
    result = inner.strict(path)
    fails_for(result, f"also: {ALL}: {why}", f"good: {ALL}: {why}", items=12)


def test_an_error_in_the_claim_file(inner: Inner) -> None:
    """A registered claim whose file became unreadable is still registered."""
    path = inner.claims / "good.yaml"
    path.write_text(path.read_text().replace("unit:", "unti:"))
    result = inner.strict("--continue-on-collection-errors")
    fails_for(result, f"good: {ALL}: not collected: error in collection", items=6)


def test_skipping_in_collection(inner: Inner) -> None:
    """A hook that skips the whole file while it is collected."""
    inner.conftest(
        "@pytest.hookimpl(wrapper=True)\ndef pytest_make_collect_report(collector):\n"
        "    report = yield\n"
        "    if collector.path.name == 'good.yaml':\n"
        "        report.outcome, report.result = 'skipped', []\n"
        "        report.longrepr = ('good.yaml', 1, 'Skipped: no time')\n"
        "    return report"
    )
    why = "not collected: skipped in collection: no time"
    fails_for(inner.strict(), f"good: {ALL}: {why}", items=6)


@pytest.mark.parametrize("option", ["--lf", "--sw"])
def test_running_what_failed_last(inner: Inner, option: str) -> None:
    """What passed the last time is left out, and named."""
    cache = ("-p", "no:hypothesispytest", "-o", f"cache_dir={inner.root / 'cache'}")
    inner.conftest(
        "def pytest_runtest_setup(item):\n"
        "    if 'FLAKY' in os.environ and item.nodeid.endswith('also.yaml::verdict'):\n"
        "        raise RuntimeError"
    )
    with pytest.MonkeyPatch.context() as flaky:
        flaky.setenv("FLAKY", "1")
        first = inner("--sw" if option == "--sw" else "--strict-claims", quick=cache)
        assert first.ret != 0
    result = inner(option, "--strict-claims", quick=cache)
    left = listed(result)
    assert left
    assert all(f"({option})" in line for line in left)
    assert faults(result)[0].endswith("registered and not reported (strict)")
    assert result.ret == 1


# files


def test_deleting_the_claim_file(inner: Inner) -> None:
    """The ledger remembers the claim."""
    (inner.claims / "good.yaml").unlink()
    why = "not collected: claims/good.yaml is not there"
    fails_for(inner.strict(), f"good: {ALL}: {why}", items=6)


def test_deleting_every_claim_file_and_lock(inner: Inner) -> None:
    """With the ledger alone both claims are still listed."""
    for path in (*inner.claims.glob("*.yaml"), *inner.claims.glob("*.lock.json")):
        path.unlink()
    missing = [f"{n}: {ALL}: not collected: claims/{n}.yaml is not there" for n in ("also", "good")]
    fails_for(inner.strict(), *missing, items=12)


def test_deleting_claim_file_and_ledger(inner: Inner) -> None:
    """A lock file without ledger counts for the verdict that it promised."""
    (inner.claims / "good.yaml").unlink()
    (inner.claims / "ledger.jsonl").unlink()
    result = inner.strict()
    assert any(x.startswith("what is registered is not known: claims/l") for x in result.outlines)
    (inner.claims / "ledger.head.json").unlink()
    why = "not collected: claims/good.yaml is not there"
    fails_for(inner.strict(), f"good: verdict (1 of 1 items): {why}", items=1)


def test_breaking_the_ledger(inner: Inner) -> None:
    """Where the ledger cannot be read nobody knows what is registered, and that is said."""
    path = inner.claims / "ledger.jsonl"
    path.write_bytes(path.read_bytes().replace(b"attempt-started", b"attempt-STARTED", 1))
    result = inner.strict()
    assert any(x.startswith("what is registered is not known: claims/l") for x in result.outlines)
    assert faults(result) == ["what is registered is not known (strict)"]


def test_taking_an_item_out_of_the_claim_file(inner: Inner) -> None:
    """A replicate fewer: the lock still has it."""
    path = inner.claims / "good.yaml"
    path.write_text(path.read_text().replace("replicates: 3", "replicates: 2"))
    result = inner.strict()
    why = "not collected: claims/good.yaml does not name it any more"
    assert listed(result) == [f"good: replicate::2 (1 of 6 items): {why}"]
    assert result.ret == 1


# workers

CRASH = (
    "def pytest_runtest_setup(item):\n"
    "    if item.nodeid.endswith('good.yaml::criterion::surprised'):\n        os._exit(1)"
)


def test_a_crashed_worker(inner: Inner) -> None:
    """The item on which a worker died is named; the worker that replaces it reports the rest."""
    inner.conftest(CRASH)
    result = inner.strict("-n", "1")
    why = "worker crashed while running it"
    fails_for(result, f"good: criterion::surprised (1 of 6 items): {why}", items=1)


def test_a_crashed_worker_that_nobody_replaces(inner: Inner) -> None:
    """What was waiting for it is named too."""
    inner.conftest(CRASH)
    result = inner.strict("-n", "1", "--max-worker-restart=0")
    fails_for(
        result,
        "good: verdict (1 of 6 items): not run: a worker crashed",
        "good: criterion::surprised (1 of 6 items): worker crashed while running it",
        items=2,
    )


def test_the_same_under_xdist(refuted: Inner) -> None:
    """What workers deselect, mark and rewrite is known where the summary is written."""
    refuted.conftest(
        "def pytest_itemcollected(item):\n    item.add_marker(pytest.mark.xfail)\n" + MAKEREPORT
    )
    result = refuted.strict("-n", "1", "-k", "not healthy")
    result.assert_outcomes(passed=5)
    why = "deselected (-k not healthy)"
    assert listed(result) == [f"bad: precondition::healthy (1 of 6 items): {why}"]
    assert faults(result) == [
        "2 reported as passed and judged otherwise",
        "1 registered and not reported (strict)",
    ]
    assert "  bad: verdict, criterion::surprised, replicate::0 and 2 more: xfail" in result.outlines
    assert result.ret == 1
