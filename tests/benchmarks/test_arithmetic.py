"""The arithmetic by which the share of peak is reckoned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmarks.arithmetic import flops
from benchmarks.contest import Contest
from benchmarks.subjects import LEAD, forward_flops
from benchmarks.timing import processor
from benchmarks.work import LAYER
from tests.benchmarks.tiny import contest


def there(c: Contest, first: int) -> torch.Tensor:
    """[B, T]: positions from column ``first`` on, padding left out."""
    column = torch.arange(c.work.tokens.shape[1])
    return (column >= first) & (column < c.work.lengths[:, None])


def counted(where: torch.Tensor) -> tuple[int, float]:
    """How many positions, and their mean context."""
    column = torch.arange(where.shape[1])
    return int(where.sum()), float((column + 1).expand_as(where)[where].float().mean())


def test_a_sweep_of_all_positions_is_the_blocks_above_less_what_the_clean_run_has(
    tmp_path: Path,
) -> None:
    """The first projection is the clean run's, but for that of the added vector."""
    c = contest(tmp_path)
    config, work, many = c.size.config, c.work, 10**9
    again = there(c, LEAD - 1)
    rows, context = counted(again)
    above = replace(config, n_layers=config.n_layers - LAYER - 1)
    spared = (rows - 1) * 2.0 * 3 * config.d_model**2
    expected = rows * forward_flops(above, context) - spared
    found = flops(config, work, many)
    assert found["score"] == pytest.approx(expected)
    assert 0.4 * expected < found["score/onsets"] < 0.9 * expected


def test_one_condition_of_a_sweep_is_the_clean_run(tmp_path: Path) -> None:
    """All blocks at all positions; the unembedding and what the last block writes where it is
    read."""
    c = contest(tmp_path)
    config, work = c.size.config, c.work
    (rows, context), (read, _) = counted(there(c, 0)), counted(there(c, LEAD - 1))
    d = config.d_model
    unread = d * d + 3 * d * config.d_mlp + d * d + 2 * context * d + d * config.vocab
    alone = rows * forward_flops(config, context) - 2.0 * (rows - read) * unread
    assert flops(config, work, 1)["score"] == pytest.approx(alone)
    above = flops(config, work, 10**9)["score"]
    assert flops(config, work, 4)["score"] == pytest.approx((alone + 3 * above) / 4)


def test_where_every_position_is_an_onset_nothing_is_spared(tmp_path: Path) -> None:
    """Both sweeps are then the same one."""
    c = contest(tmp_path)
    work = replace(c.work, onset=torch.ones_like(c.work.onset))
    for n in (1, 56):
        found = flops(c.size.config, work, n)
        assert found["score/onsets"] == pytest.approx(found["score"])


def test_the_processor_has_a_name() -> None:
    """In one line, for the table."""
    assert processor().strip()
    assert "\n" not in processor()
