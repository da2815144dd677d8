"""Nobody is timed who does not compute the same thing; who takes no part is named."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from benchmarks.bench_engine import SIZES, say
from benchmarks.contest import Contest, contestants, hold
from benchmarks.loop import HOOK
from benchmarks.peers import PACKAGES
from benchmarks.peers.environment import is_made, pins, requirements
from benchmarks.peers.process import PeerFailed, Process
from benchmarks.records import BARE, ENGINE
from benchmarks.timing import interleave
from benchmarks.work import NEW
from harness.subject.backend import SiteFunction, Watch
from tests.benchmarks.tiny import contest


def test_one_condition_of_the_sweep_is_the_baseline(tmp_path: Path) -> None:
    """For all who take part; what is sampled, and what they have to agree on, is edited."""
    c = contest(tmp_path)
    moved = c.work.vectors.any(-1)
    assert int((~moved).sum()) == 1
    assert torch.equal(c.edit.active, moved)
    assert bool(moved[-1])
    for size in SIZES:
        assert size.generate <= max(size.generate, size.score) // 2 < size.score - 1


def own(c: Contest) -> tuple[Tensor, Tensor, Tensor]:
    """The engine's clean and edited logits and greedy tokens."""
    last, rows = c.work.vectors[-1], c.work.prompts
    for _ in range(NEW):
        rows = torch.cat([rows, c.logits(rows, last)[:, -1:].argmax(-1)], 1)
    return c.logits(c.work.tokens, None), c.logits(c.work.tokens, last), rows[:, -NEW:]


def rows_with(c: Contest, edit: SiteFunction) -> Tensor:
    """Greedy tokens under another edit."""
    rows = c.work.prompts
    for _ in range(NEW):
        rows = torch.cat([rows, c.model.logits(rows, Watch(HOOK, edit))[:, -1:].argmax(-1)], 1)
    return rows[:, -NEW:]


def test_the_engine_agrees_with_itself(tmp_path: Path) -> None:
    """Its own numbers pass the check that every contestant has to pass."""
    c = contest(tmp_path)
    assert c.disagreement(*own(c)) == ""


def test_other_numbers_do_not_agree(tmp_path: Path) -> None:
    """Logits off by twice the tolerance, a missing edit and another token are each named."""
    c = contest(tmp_path)
    clean, edited, tokens = own(c)
    assert "clean logits differ" in c.disagreement(clean + 2e-4, edited, tokens)
    assert "edited logits differ" in c.disagreement(clean, clean, tokens)
    assert "clean logits differ" in c.disagreement(clean * torch.nan, edited, tokens)
    everywhere = rows_with(c, lambda x: x + c.work.vectors[-1])
    assert "greedy tokens" in c.disagreement(clean, edited, everywhere)
    other = tokens.clone()
    other[2, 7] = (other[2, 7] + 1) % 190
    assert "greedy tokens" in c.disagreement(clean, edited, other)


def test_the_bridge_loop_takes_part(tmp_path: Path) -> None:
    """It agrees, and gives a row for each of its readouts beside the engine's own."""
    c = contest(tmp_path)
    rows = hold(c, {}, 1)
    assert not c.absent
    found = {(r.contestant, r.readout) for r in rows}
    assert {who for who, _ in found} == {ENGINE, BARE, "TransformerBridge"}
    for readout in ("score/careful", "score/onsets"):
        assert ("TransformerBridge", readout) in found
    assert all(r.rate > 0 for r in rows)


def test_a_peer_that_fails_is_named_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The benchmark goes on without it."""

    class Broken(Process):
        def __init__(self) -> None:
            self.name = "broken"

        def ask(self, do: str, **about: object) -> dict[str, object]:
            raise PeerFailed("no such layer")

    c = contest(tmp_path)
    rows = hold(c, {"broken": Broken()}, 1)
    assert c.absent == {"broken": "no such layer"}
    assert "broken" not in {r.contestant for r in rows}
    say(rows[0])
    assert "engine" in capsys.readouterr().out


def test_a_turn_that_fails_is_left_out_of_later_rounds() -> None:
    """The others keep a rate for every round; the failure is told once."""
    told: list[tuple[str, str]] = []

    def broken() -> float:
        raise PeerFailed("gone")

    rates, top = interleave(
        {"a": lambda: 1.0, "b": broken, "c": lambda: 3.0},
        2,
        lambda name, error: told.append((name, str(error))),
        PeerFailed,
    )
    assert rates == {"a": [1.0, 1.0], "c": [3.0, 3.0]}
    assert told == [("b", "gone")]
    assert len(top) == 2


def test_a_peer_without_environment_says_how_it_is_made(tmp_path: Path) -> None:
    """The words name the command."""
    name = "nnsight"
    if is_made(name):
        pytest.skip("it is installed")
    with pytest.raises(PeerFailed, match="--make nnsight"):
        Process(name, tmp_path / "log")


@pytest.mark.parametrize("name", PACKAGES)
def test_an_installed_peer_agrees_and_is_timed(tmp_path: Path, name: str) -> None:
    """It computes the engine's logits and tokens, one condition at a time and as rows."""
    if not is_made(name):
        pytest.skip(f"not installed: python -m benchmarks.peers --make {name}")
    c = contest(tmp_path)
    log = tmp_path / "log"
    with Process(name, log) as process:
        found = contestants(c, {name: process})
        assert not c.absent, log.read_text()[-3000:]
        assert all(turn() > 0 for turn in found[name].values())


def test_pins_are_those_of_the_constraints() -> None:
    """torch is installed first and alone; what a peer names itself is not pinned twice."""
    assert pins("torch==2.1\n# a comment\nNumPy==2.0  # why\n") == {
        "torch": "torch==2.1",
        "numpy": "NumPy==2.0",
    }
    for name in PACKAGES:
        first, then = requirements(name)
        assert first.startswith("torch==")
        assert any(r.startswith("transformers==") for r in then)
        assert len({r.split("==")[0] for r in then}) == len(then)
