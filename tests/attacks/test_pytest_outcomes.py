"""Ways to make a claim look better than it was judged: marks, and hooks that rewrite outcomes.

Each test does one of them; that the same run without tampering reports everything, and what it
reports, is shown once for all of them by the fixtures ``inner`` and ``refuted``.
"""

from __future__ import annotations

import pytest

from tests.plugin.inner import ALL, Inner, fails_for, faults, listed
from tests.plugin.rewrites import MAKEREPORT, REWRITES

pytest_plugins = ["tests.plugin.given"]


# marks


@pytest.mark.parametrize(
    "mark",
    [
        "skip(reason='because')",
        "skipif(True, reason='because')",
        "xfail(reason='because')",
        "xfail(reason='because', strict=True)",
        "xfail(reason='because', run=False)",
    ],
)
def test_a_mark_on_a_refuted_claim(refuted: Inner, mark: str) -> None:
    """It runs all the same, fails as it would have, and the summary names the mark."""
    refuted.conftest(
        "def pytest_collection_modifyitems(items):\n"
        f"    for item in items:\n        item.add_marker(pytest.mark.{mark})"
    )
    result = refuted.strict()
    result.assert_outcomes(passed=4, failed=2)
    assert result.ret == 1
    name = mark.partition("(")[0]
    text = result.stdout.str()
    assert "marks ignored (a claim item takes no skip and no xfail):" in text
    assert (
        f"  bad: verdict, criterion::surprised, precondition::healthy and 3 more: {name} (because)"
        in text
    )
    assert listed(result) == []


def test_a_strict_xfail_on_a_claim_that_holds(inner: Inner) -> None:
    """A mark does not make a PASS fail either."""
    inner.conftest(
        "def pytest_itemcollected(item):\n"
        "    item.parent.add_marker(pytest.mark.xfail(strict=True))"
    )
    result = inner.strict()
    result.assert_outcomes(passed=12)
    assert result.ret == 0
    assert (
        "  good: verdict, criterion::surprised, precondition::healthy and 3 more: xfail"
        in result.outlines
    )


def test_skipping_while_running(inner: Inner) -> None:
    """A hook that raises ``pytest.skip`` is no mark; the item is listed with its reason."""
    inner.conftest(
        "def pytest_runtest_setup(item):\n"
        "    if item.name == 'verdict':\n        pytest.skip('too\\x1b[31m slow')"
    )
    why = "skipped: too [31m slow"
    fails_for(
        inner.strict(),
        f"also: verdict (1 of 6 items): {why}",
        f"good: verdict (1 of 6 items): {why}",
        items=2,
    )


def test_failing_as_expected_while_running(refuted: Inner) -> None:
    """``pytest.xfail`` raised by a hook turns a failure into an x; it is no report."""
    refuted.conftest(
        "@pytest.hookimpl(wrapper=True)\ndef pytest_runtest_call(item):\n"
        "    try:\n        return (yield)\n"
        "    except Exception:\n        pytest.xfail('known')"
    )
    result = refuted.strict()
    lines = ["bad: verdict, criterion::surprised (2 of 6 items): xfail: known"]
    assert listed(result) == lines
    assert result.ret == 1
    assert refuted().ret == 0


# hooks


def test_dropping_items(inner: Inner) -> None:
    """A hook that removes items without a word to anybody."""
    inner.conftest(
        "def pytest_collection_modifyitems(items):\n"
        "    items[:] = [i for i in items if 'good' not in i.nodeid]"
    )
    why = "dropped after collection by a conftest.py or a plugin"
    fails_for(inner.strict(), f"good: {ALL}: {why}", items=6)


def test_dropping_items_after_collection(inner: Inner) -> None:
    """The list can be emptied later still."""
    inner.conftest(
        "@pytest.hookimpl(trylast=True)\ndef pytest_collection_finish(session):\n"
        "    session.items = []"
    )
    result = inner.strict()
    assert sum(line.startswith(("also: ", "good: ")) for line in listed(result)) == 2
    assert faults(result) == ["12 registered and not reported (strict)"]


def test_running_in_name_only(inner: Inner) -> None:
    """A hook that says it ran the item and did not."""
    inner.conftest("def pytest_runtest_protocol(item):\n    return True")
    why = "not run: no report came"
    fails_for(inner.strict(), f"also: {ALL}: {why}", f"good: {ALL}: {why}", items=12)


def test_collecting_nothing_from_a_file(inner: Inner) -> None:
    """A hook that answers for the claim file, as ``--lf`` does for files that did not fail."""
    inner.conftest(
        "def pytest_make_collect_report(collector):\n"
        "    if collector.path.name == 'good.yaml':\n"
        "        return pytest.CollectReport(collector.nodeid, 'passed', None, [])"
    )
    fails_for(inner.strict(), f"good: {ALL}: not collected", items=6)


@pytest.mark.parametrize("how", REWRITES)
def test_failures_shown_as_passed(refuted: Inner, how: str) -> None:
    """What is shown as passed is held against the verdict, strict or not."""
    refuted.conftest(REWRITES[how])
    result = refuted()
    result.assert_outcomes(passed=6)
    wrong = "bad: verdict, criterion::surprised: reported passed, judged FAIL"
    assert f"  {wrong}" in result.outlines
    assert faults(result) == ["2 reported as passed and judged otherwise"]
    assert result.ret == 1


def test_an_unregistered_claim_shown_as_passed(refuted: Inner) -> None:
    """A claim without a lock has nothing to pass with."""
    text = (refuted.claims / "bad.yaml").read_text().replace("id: bad", "id: free")
    (refuted.claims / "free.yaml").write_text(text)
    refuted.conftest(MAKEREPORT)
    result = refuted()
    assert any("reported passed, judged UNLOCKED" in line for line in result.outlines)
    assert result.ret == 1
