"""Claims as pytest items."""

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests import toy_workspace as toy

GOOD = [
    "claims/good.yaml::replicate::0",
    "claims/good.yaml::replicate::1",
    "claims/good.yaml::replicate::2",
    "claims/good.yaml::precondition::healthy",
    "claims/good.yaml::criterion::surprised",
    "claims/good.yaml::verdict",
]


def run(pytester: pytest.Pytester, root: Path, *argv: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess(f"--rootdir={root}", *argv)


def test_node_ids_are_what_a_person_would_type(pytester: pytest.Pytester, judged: Path) -> None:
    """One item per replicate, precondition and criterion, and the verdict."""
    result = run(pytester, judged, "--collect-only", "-q", str(judged / "claims" / "good.yaml"))
    assert result.outlines[: len(GOOD)] == GOOD
    assert result.ret == 0


def test_replicates_come_first_across_claims(pytester: pytest.Pytester, judged: Path) -> None:
    """Replicate 0 of every claim, then replicate 1, and judging last."""
    result = run(pytester, judged, "--collect-only", "-q", str(judged / "claims"))
    ids = [line for line in result.outlines if "::" in line]
    first = [i for i in ids if "::replicate::" in i]
    assert ids[: len(first)] == first
    assert [i.rsplit("::", 1)[1] for i in first] == ["0"] * 4 + ["1"] * 4 + ["2"] * 4


def test_yaml_of_other_projects_is_left_alone(pytester: pytest.Pytester) -> None:
    """A folder called claims full of somebody's insurance claims is none of our business."""
    folder = pytester.mkdir("claims")
    (folder / "fire.yaml").write_text("schema: insurance/claim/1\nsum: 12\n")
    result = pytester.runpytest_inprocess("--collect-only", str(folder))
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert "standing" not in result.stdout.str()


def test_a_claim_that_cannot_be_read_is_an_error_beside_its_neighbours(
    pytester: pytest.Pytester, tmp_path: Path
) -> None:
    """A file whose schema line is broken fails in words instead of vanishing."""
    root = toy.make(tmp_path, one=toy.claim("one"), two=toy.claim("two").replace("claim/1", "c/9"))
    result = run(pytester, root, "--collect-only", str(root / "claims"))
    text = result.stdout.str()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert "two.yaml" in text
    assert "Traceback" not in text


def test_an_unlocked_claim_fails_and_says_what_to_do(
    pytester: pytest.Pytester, judged: Path
) -> None:
    """Nothing is measured for a claim that is not registered."""
    result = run(pytester, judged, str(judged / "claims" / "free.yaml"))
    result.assert_outcomes(failed=6)
    result.stdout.fnmatch_lines(["*claims lock free*"])
    assert not (judged / "reports" / "free").exists()


def test_a_claim_that_holds_passes_everywhere(pytester: pytest.Pytester, judged: Path) -> None:
    """PASS is the one verdict that passes; a complete attempt is judged again in no time."""
    run(pytester, judged, str(judged / "claims" / "good.yaml")).assert_outcomes(passed=6)


def test_a_refuted_claim_fails_in_words(pytester: pytest.Pytester, judged: Path) -> None:
    """Its replicates and preconditions pass; criterion and verdict fail without a traceback."""
    result = run(pytester, judged, str(judged / "claims" / "bad.yaml"))
    result.assert_outcomes(passed=4, failed=2)
    result.stdout.fnmatch_lines(["*criterion surprised is FAIL*", "*bad is FAIL*"])
    assert "Traceback" not in result.stdout.str()
    assert "NotHeld" not in result.stdout.str()


def test_an_invalid_claim_says_what_was_got_and_what_is_needed(
    pytester: pytest.Pytester, judged: Path
) -> None:
    """A failed precondition is no FAIL of the claim."""
    result = run(pytester, judged, str(judged / "claims" / "ill.yaml::precondition::healthy"))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*got:*loss*", "*needed:*0.005*", "*INVALID*"])


def test_items_can_be_selected_by_id_and_by_word(pytester: pytest.Pytester, judged: Path) -> None:
    """Node ids and ``-k`` work as everywhere in pytest."""
    claims = judged / "claims"
    one = run(pytester, judged, str(claims / "good.yaml::replicate::1"))
    one.assert_outcomes(passed=1)
    some = run(pytester, judged, str(claims), "-k", "good and criterion")
    some.assert_outcomes(passed=1, deselected=23)


def test_the_summary_lists_every_claim_also_those_not_selected(
    pytester: pytest.Pytester, judged: Path
) -> None:
    """A claim that was left out is seen to have been left out."""
    result = run(pytester, judged, str(judged / "claims" / "good.yaml::verdict"))
    result.stdout.fnmatch_lines(
        [
            "*= claims =*",
            "bad * FAIL * (not in this run)",
            "free * UNLOCKED * (not in this run)",
            "good * PASS *",
            "ill * INVALID * (not in this run)",
        ]
    )
    assert "good" in result.stdout.str()
    good = next(x for x in result.outlines if x.startswith("good "))
    assert "not in this run" not in good


def test_stopping_early_and_running_the_last_failures(
    pytester: pytest.Pytester, judged: Path
) -> None:
    """``-x`` stops at the first item that fails; ``--lf`` runs what failed."""
    bad = str(judged / "claims" / "bad.yaml")
    cache = ["-o", f"cache_dir={pytester.path / 'cache'}"]
    run(pytester, judged, "-x", bad, *cache).assert_outcomes(passed=4, failed=1)
    run(pytester, judged, bad, *cache).assert_outcomes(passed=4, failed=2)
    run(pytester, judged, "--lf", bad, *cache).assert_outcomes(failed=2)


def test_junit_carries_verdict_and_registration(pytester: pytest.Pytester, judged: Path) -> None:
    """A machine that reads JUnit XML learns more than passed or failed."""
    xml = pytester.path / "out.xml"
    run(pytester, judged, str(judged / "claims" / "bad.yaml::verdict"), f"--junitxml={xml}")
    found = {p.get("name"): p.get("value") for p in ET.parse(xml).iter("property")}
    assert found["claim"] == "bad"
    assert found["verdict"] == "FAIL"
    assert str(found["registration"]).startswith("sha256:")


def test_a_claim_that_differs_from_its_lock_fails_and_names_the_field(
    pytester: pytest.Pytester, judged: Path, tmp_path: Path
) -> None:
    """Moving the margin after the lock is noticed before anything is judged."""
    root = tmp_path / "copy"
    shutil.copytree(judged, root)
    path = root / "claims" / "bad.yaml"
    path.write_text(path.read_text().replace("margin: 20.0", "margin: 0.5"))
    result = run(pytester, root, str(path))
    result.assert_outcomes(failed=6)
    result.stdout.fnmatch_lines(["*margin*"])
    result.stdout.fnmatch_lines(["bad * TAMPERED *"])
