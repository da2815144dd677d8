"""``claims lock`` and ``claims check``: what they say about waivers and pilots."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from harness.lock.stored import load_lock
from harness.measure.job import begin, exploration_job, finish
from tests.measure.forged import workspace, write_replicate

SENTENCE = "Three pairs are all that there was time for."


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A claim that nobody explored or locked."""
    return workspace(tmp_path, locked=False)


def explore(root: Path, loss: float = 3.7) -> None:
    """An exploration of two replicates, written by hand."""
    job = exploration_job(root, "easy", 2)
    begin(job)
    for replicate in job.replicates:
        write_replicate(job, replicate, loss)
    finish(job)


def edit(root: Path, old: str, new: str) -> None:
    path = root / "claims" / "easy.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def call(
    root: Path, capsys: pytest.CaptureFixture[str], *argv: str, as_json: bool = False
) -> tuple[int, Any]:
    capsys.readouterr()
    code = main(["--workspace", str(root), *(["--json"] if as_json else []), *argv])
    out = capsys.readouterr().out
    return code, json.loads(out) if as_json else out


def test_a_waiver_is_said_when_it_lets_something_through(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By check and by lock, with the author's sentence, the place and the rule."""
    edit(root, "sd: 0.2", "sd: 4.0")
    code, said = call(root, capsys, "check", "easy")
    assert code == 2
    assert "cannot be locked: simulated power" in said
    with (root / "claims" / "easy.yaml").open("a") as file:
        file.write(f"waivers: {{power: {SENTENCE}}}\n")
    for command in ("check", "lock"):
        code, said = call(root, capsys, command, "easy")
        assert code == 0
        assert f"waived ({SENTENCE})" in said
        assert "criteria.surprised.expect" in said
        assert "[power]" in said


def test_programs_read_the_waivers_too(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON of lock has each breach with its sentence."""
    edit(root, "sd: 0.2", "sd: 4.0")
    edit(root, "does_not_show", f"waivers: {{power: {SENTENCE}}}\ndoes_not_show")
    code, value = call(root, capsys, "lock", "easy", as_json=True)
    assert code == 0
    (one,) = value["waived"]["easy"]
    assert (one["rule"], one["waiver"]) == ("power", SENTENCE)
    assert value["pilots"] == {"easy": "none"}


def test_locking_without_a_pilot_is_said_and_kept(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No refusal; the registration says so."""
    assert "ready to be locked (no pilot)" in call(root, capsys, "check", "easy")[1]
    code, said = call(root, capsys, "lock", "easy")
    assert code == 0
    assert "easy: pilot: locked without a pilot" in said
    assert load_lock(root, "easy").pilot == "none"


def test_an_exploration_is_the_pilot_that_is_kept(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With fewer replicates than planned, by the digest of its evidence."""
    explore(root)
    assert "pilot: exploration of 2 replicate(s)" in call(root, capsys, "check", "easy")[1]
    assert call(root, capsys, "lock", "easy")[0] == 0
    kept = load_lock(root, "easy").pilot
    assert kept["replicates"] == 2
    assert kept["evidence"].startswith("sha256:")


def test_check_holds_the_claim_against_its_exploration(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A spread that the expectation does not allow is said before anybody locks."""
    edit(root, "sd: 0.2", "sd: 0.01")
    assert call(root, capsys, "check", "easy")[0] == 0
    explore(root)
    code, said = call(root, capsys, "check", "easy")
    assert code == 2
    assert "criteria.surprised.expect.sd: cannot be locked: the spread between replicates" in said
    assert "waivers: {pilot: <a sentence>}" in said


def test_an_exploration_of_another_design_is_no_pilot(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Other samples, another measurement."""
    explore(root)
    edit(root, "prompts: 4", "prompts: 6")
    assert call(root, capsys, "lock", "easy")[0] == 0
    assert load_lock(root, "easy").pilot == "none"


def test_every_problem_is_said_although_one_claim_was_explored(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Looking for pilots does not come before reading all the files."""
    explore(root)
    text = (root / "claims" / "easy.yaml").read_text()
    for name in ("easy", "other"):
        broken = text.replace("id: easy", f"id: {name}").replace("unit:", "unti:")
        (root / "claims" / f"{name}.yaml").write_text(broken)
    capsys.readouterr()
    assert main(["--workspace", str(root), "lock", "easy", "other"]) == 2
    said = capsys.readouterr().err
    assert "claims/easy.yaml" in said
    assert "claims/other.yaml" in said


def test_an_exploration_that_cannot_be_read_is_a_sentence(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither a traceback nor a silent lock without a pilot."""
    explore(root)
    (next((root / "reports" / "explore" / "easy").iterdir()) / "exploration.json").write_text("{")
    capsys.readouterr()
    assert main(["--workspace", str(root), "lock", "easy"]) == 3
    assert "Remove the folder" in capsys.readouterr().err
    assert not (root / "claims" / "ledger.jsonl").exists()


@pytest.mark.parametrize("empty", ["", "   "])
def test_an_empty_promise_is_a_mistake(
    root: Path, capsys: pytest.CaptureFixture[str], empty: str
) -> None:
    """A variable that is not set would lock for good without the promise that was meant."""
    with pytest.raises(SystemExit) as stopped:
        main(["--workspace", str(root), "lock", "easy", "--beacon", empty])
    assert stopped.value.code == 2
    assert "the promise is empty" in capsys.readouterr().err
    assert not (root / "claims" / "ledger.jsonl").exists()


def test_more_replicates_than_a_claim_may_have_are_refused(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An exploration of them would leave a record that nothing reads."""
    with pytest.raises(SystemExit) as stopped:
        main(["--workspace", str(root), "explore", "easy", "--replicates", "1001"])
    assert stopped.value.code == 2
    assert "at most 1000" in capsys.readouterr().err


def test_a_file_of_another_ending_is_not_passed_over_in_silence(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Claims are called .yaml."""
    (root / "claims" / "other.yml").write_text("id: other\n")
    _, out = call(root, capsys, "check")
    assert "claims/other.yml is not read: name it .yaml" in out
