"""Attacks on the seeds: naming them, trying them out, drawing them again, knowing them beforehand.

Every test also does the honest act beside the dishonest one, and it passes.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.claim.parse import parse_claim
from harness.cli import main
from harness.errors import BadInput, ClaimsError, OutOfOrder, RecordBroken
from harness.lock.ledger import append, read
from harness.lock.promises import examine_randomness, examine_registrations
from harness.lock.randomness import add_randomness, kept
from harness.lock.register import register
from harness.lock.stored import load_lock
from harness.measure.artefacts import Silent
from harness.measure.job import Job, attempt_job, reproduction_job
from harness.measure.run import measure_all
from harness.plan.seeds import Awaited, Seeds
from harness.verdict.verify import verify
from harness.yamlio import load_bytes
from tests.lock.workspace import CLAIM, edit, make, write
from tests.measure.forged import workspace, write_replicate

BEACON = "NIST beacon 2.0 chain 2 pulse 9000000"
VALUE = "5f" * 64
PURPOSES = (("train", "toy", 0), ("prompts", "confirm"), ("generation", "confirm"), ("resampling",))


def pulse(root: Path, value: str = VALUE, beacon: str = BEACON) -> Path:
    text = {"beacon": beacon, "randomness": value, "published": "2099-01-01T00:00:00Z"}
    path = root.parent / "pulse.json"
    path.write_text(json.dumps(text))
    return path


def mappings(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every mapping in a document."""
    if isinstance(value, dict):
        yield path
        for key, inner in value.items():
            yield from mappings(inner, (*path, key))


PLACES = tuple(mappings(load_bytes(CLAIM.replace("ID", "first", 1).encode()).value))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose claim is written anew by each test."""
    return make(tmp_path_factory.mktemp("seeds") / "study")


@pytest.mark.parametrize("place", PLACES, ids=lambda p: ".".join(p) or "top")
@pytest.mark.parametrize("key", ["seed", "seeds", "random_state"])
def test_no_field_of_a_claim_takes_a_seed(written: Path, place: tuple[str, ...], key: str) -> None:
    """In whichever mapping it stands, the claim is refused; without it, it is read."""
    value = load_bytes(CLAIM.replace("ID", "first", 1).encode()).value
    spoiled = copy.deepcopy(value)
    inner = spoiled
    for part in place:
        inner = inner[part]
    inner[key] = 7
    file = written / "claims/first.yaml"
    file.write_text(json.dumps(spoiled))
    with pytest.raises(BadInput) as caught:
        parse_claim(written, file)
    assert any(key in p.path or key in p.what for p in caught.value.problems)
    file.write_text(json.dumps(value))
    assert parse_claim(written, file).id == "first"


@pytest.mark.parametrize("where", ["params: {width: 4", "kind: plain"])
def test_a_recipe_that_names_a_seed_does_not_lock(
    tmp_path: Path, where: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor with a waiver; without the seed it locks."""
    root = make(tmp_path / "study")
    edit(root, "models/tiny.yaml", where, f"{where}, data_seed: 7")
    text = (root / "claims/first.yaml").read_text()
    write(root, "claims/first.yaml", f"{text}waivers: {{recipe-seed: I like the number seven}}\n")
    assert main(["--workspace", str(root), "lock", "first"]) == 2
    out = capsys.readouterr().err
    assert "data_seed: seeds are not the author's to choose" in out
    assert "(rule recipe-seed)" in out
    assert "cannot be waived" in out
    write(root, "claims/first.yaml", text)
    edit(root, "models/tiny.yaml", f"{where}, data_seed: 7", where)
    assert main(["--workspace", str(root), "lock", "first"]) == 0


def test_a_builder_cannot_take_a_seed_from_outside(tmp_path: Path) -> None:
    """An environment variable is no parameter; the recipe is."""
    root = make(tmp_path / "study")
    edit(root, "models/helper.py", "2 * x", "int(os.environ['SEED']) * x")
    edit(root, "models/helper.py", "def double", "import os\n\n\ndef double")
    with pytest.raises(ClaimsError, match=r"helper\.py:5: reads os\.environ: no lock can bind"):
        register(root, ["first"])
    edit(root, "models/helper.py", "int(os.environ['SEED']) * x", "2 * x")
    assert register(root, ["first"])


def test_locking_until_the_seeds_suit_shows_for_ever(tmp_path: Path) -> None:
    """Each draw is a row; one lock is none to speak of. No earlier draw can be taken up again."""
    root = workspace(tmp_path / "study")
    assert examine_registrations(read(root)).notes == []
    draws = [load_lock(root, "easy").registration]
    for n in range(3):
        register(root, ["easy"], reason=f"a clearer title {n}")
        draws.append(load_lock(root, "easy").registration)
    seeds = {Seeds.confirmatory(draw).seed("train", "toy", 0) for draw in draws}
    assert len(seeds) == 4
    (note,) = examine_registrations(read(root)).notes
    assert all(draw in note for draw in draws)
    assert "registered 4 times" in note
    assert note in verify(root).notes
    assert attempt_job(root, "easy").seeds == Seeds.confirmatory(draws[-1])


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measuring writes cells by hand."""
    from harness.measure import runner

    def measure(job: Job, replicate: int, *_: object) -> None:
        job.seeds.seed("train", job.recipe.id, replicate)
        write_replicate(job, replicate)

    monkeypatch.setattr(runner, "measure", measure)


@pytest.fixture
def promising(tmp_path: Path) -> Path:
    """A workspace whose claim is locked with a promise."""
    root = workspace(tmp_path / "study", locked=False)
    register(root, ["easy"], beacon=BEACON)
    return root


def test_nothing_is_measured_before_the_promised_pulse(
    promising: Path, by_hand: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """By Python, by the command line and by pytest: no seed, no row, no file; then all of it."""
    place = ["--workspace", str(promising)]
    rows = read(promising)
    for job in (attempt_job(promising, "easy"), reproduction_job(promising, "easy")):
        assert isinstance(job.seeds, Awaited)
        with pytest.raises(OutOfOrder, match="claims beacon"):
            measure_all(job, Silent())
    capsys.readouterr()
    assert main([*place, "run", "easy"]) == 3
    assert f"its seeds wait for {BEACON}" in capsys.readouterr().out
    assert read(promising) == rows
    assert not (promising / "reports/easy").exists()
    main([*place, "--json", "status"])
    (row,) = json.loads(capsys.readouterr().out)["claims"]
    assert row["status"] == "LOCKED"

    assert main([*place, "beacon", "easy", "--file", str(pulse(promising))]) == 0
    registration = load_lock(promising, "easy").registration
    expected = Seeds.confirmatory(registration, VALUE)
    assert attempt_job(promising, "easy").seeds == expected
    assert reproduction_job(promising, "easy").seeds == expected
    plain = Seeds.confirmatory(registration)
    assert all(expected.seed(*p) != plain.seed(*p) for p in PURPOSES)
    assert main([*place, "run", "easy", "--pytest=-q"]) == 0
    kinds = [row.kind for row in read(promising)]
    assert kinds == ["registration", "randomness", "attempt-started", "attempt-finished"]
    assert not examine_randomness(promising, read(promising)).problems
    assert not verify(promising).problems


def test_a_second_value_is_refused(promising: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same once more changes nothing; another one is no promise kept."""
    place = ["--workspace", str(promising), "beacon", "easy", "--file"]
    assert main([*place, str(pulse(promising))]) == 0
    rows = read(promising)
    assert main([*place, str(pulse(promising))]) == 0
    assert main([*place, str(pulse(promising, "5e" * 64))]) == 2
    assert "has its randomness already" in capsys.readouterr().err
    assert main([*place, str(pulse(promising, beacon="NIST beacon 2.0 chain 2 pulse 1"))]) == 2
    assert "is not the promised" in capsys.readouterr().err
    assert main([*place, str(promising / "none.json")]) == 2
    assert "cannot be read" in capsys.readouterr().err
    assert read(promising) == rows


def test_a_value_written_to_the_ledger_by_hand_does_not_count_twice(promising: Path) -> None:
    """With two on the ledger there are no seeds at all; with one there are."""
    add_randomness(promising, "easy", pulse(promising).read_bytes(), "p")
    assert attempt_job(promising, "easy").seeds
    row = kept(read(promising), load_lock(promising, "easy").registration)
    assert row is not None
    append(promising, "randomness", {**row.body, "randomness": "5e" * 64})
    with pytest.raises(RecordBroken, match="2 values of randomness"):
        attempt_job(promising, "easy")
    assert examine_randomness(promising, read(promising)).problems


def test_randomness_that_was_not_promised_draws_no_seeds(tmp_path: Path) -> None:
    """Seeds of a plain lock follow from its digest, whatever is appended; and it is a problem."""
    root = workspace(tmp_path / "study")
    registration = load_lock(root, "easy").registration
    assert not examine_randomness(root, read(root)).problems
    body = {"registration": registration, "beacon": BEACON, "randomness": VALUE}
    append(root, "randomness", body)
    assert attempt_job(root, "easy").seeds == Seeds.confirmatory(registration)
    assert any("promised no beacon" in p for p in examine_randomness(root, read(root)).problems)


def test_an_attempt_begun_by_hand_before_the_pulse_is_a_problem(promising: Path) -> None:
    """The ledger's order decides: seeds that came after the start were not drawn for it."""
    job = attempt_job(promising, "easy")
    body = {"claim": "easy", "registration": job.registration, "attempt": job.attempt}
    append(promising, "attempt-started", body)
    with pytest.raises(OutOfOrder, match="attempt has begun"):
        add_randomness(promising, "easy", pulse(promising).read_bytes(), "p")
    found = examine_randomness(promising, read(promising))
    assert any("was measured without it" in p for p in found.problems)
    register(promising, ["easy"], reason="in order", beacon=BEACON)
    add_randomness(promising, "easy", pulse(promising).read_bytes(), "p")
    assert attempt_job(promising, "easy").seeds


def test_a_pulse_that_is_out_cannot_be_promised(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its value could have been tried; a round that is to come can be promised."""
    root = workspace(tmp_path / "study", locked=False)
    place = ["--workspace", str(root), "lock", "easy", "--beacon"]
    assert main([*place, "drand quicknet round 12345678"]) == 2
    assert "its value can be known already" in capsys.readouterr().err
    assert not read(root)
    assert main([*place, "drand quicknet round 999999999"]) == 0
    assert "Nothing can be measured before" in capsys.readouterr().out
