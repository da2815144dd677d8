"""The arithmetic by which the share of peak is reckoned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmarks.arithmetic import flops
from benchmarks.subjects import LEAD, forward_flops
from benchmarks.timing import processor
from benchmarks.work import LAYER
from tests.benchmarks.tiny import contest


def test_a_sweep_of_all_positions_is_the_blocks_above_less_what_the_clean_run_has(
    tmp_path: Path,
) -> None:
    """The first projection is the clean run's but at edited positions."""
    c = contest(tmp_path)
    config, work = c.size.config, c.work
    column = torch.arange(work.tokens.shape[1])
    again = (column >= LEAD - 1) & (column < work.lengths[:, None])
    context = float((column + 1).expand_as(again)[again].float().mean())
    above = replace(config, n_layers=config.n_layers - LAYER - 1)
    spared = int((again & ~work.onset).sum()) * 2.0 * 3 * config.d_model**2
    expected = int(again.sum()) * forward_flops(above, context) - spared
    found = flops(config, work)
    assert found["score"] == pytest.approx(expected)
    assert 0.4 * expected < found["score/onsets"] < 0.9 * expected


def test_where_every_position_is_an_onset_nothing_is_spared(tmp_path: Path) -> None:
    """Both sweeps are then the same one."""
    c = contest(tmp_path)
    found = flops(c.size.config, replace(c.work, onset=torch.ones_like(c.work.onset)))
    assert found["score/onsets"] == pytest.approx(found["score"])


def test_the_processor_has_a_name() -> None:
    """In one line, for the table."""
    assert processor().strip()
    assert "\n" not in processor()
