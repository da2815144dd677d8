"""One replicate of a claim about handmade models: what is measured, on which split, at what size.

Not covered: verdicts (``tests/known_truth``), directions (``tests/intervene``).
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness.lock.register import register
from harness.measure import runner
from harness.measure.artefacts import Silent
from harness.measure.dose import choose
from harness.measure.job import Job, attempt_job
from harness.measure.run import workshop_of
from harness.measure.store import CellName, read_cell, read_json, record_path
from harness.measure.tables import load_tables, summarise
from harness.plan.expand import plan

HANDMADE = Path(__file__).parents[1] / "known_truth" / "handmade"


class Watched:
    """A task that notes which split it is asked for, when, and with which seed."""

    def __init__(self, task: Any, log: list[tuple[str, ...]]) -> None:
        self._task, self._log = task, log

    def prompts(self, split: str, n: int, seed: int) -> Any:
        self._log.append(("prompts", split, str(seed)))
        return self._task.prompts(split, n, seed)

    def texts(self, split: str, n: int, seed: int, variant: str) -> Any:
        self._log.append(("texts", split, str(seed)))
        return self._task.texts(split, n, seed, variant)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._task, name)


@pytest.fixture(scope="module")
def measured(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Job, list[tuple[str, ...]]]:
    """Replicates 0 and 1 of the claim ``true``, and what was asked of the task for replicate 0."""
    root = tmp_path_factory.mktemp("runner") / "truth"
    shutil.copytree(HANDMADE, root, ignore=shutil.ignore_patterns("__pycache__"))
    register(root, ["true"])
    job = attempt_job(root, "true")
    log: list[tuple[str, ...]] = []
    shop = workshop_of(job, Silent())
    plain = shop.builder.task
    shop.builder.task = Watched(plain, log)  # type: ignore[misc]

    def chosen(rule: Any, summary: pd.DataFrame) -> Any:
        log.append(("chosen", *sorted(set(summary["split"]))))
        return choose(rule, summary)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "choose", chosen)
        runner.measure(job, 0, shop, Silent())
    asked = list(log)
    shop.builder.task = plain  # type: ignore[misc]
    runner.measure(job, 1, shop, Silent())
    return job, asked


@pytest.fixture
def job(measured: tuple[Job, list[tuple[str, ...]]]) -> Job:
    return measured[0]


def cell(job: Job, arm: str, mode: str, dose: float | None = None) -> pd.DataFrame:
    """A cell of replicate 0 on the confirm split, or its rows at one dose."""
    table = read_cell(job.folder / "cells" / CellName(arm, 0, "confirm", mode).file)
    return table if dose is None else table[table["dose"] == dose].reset_index(drop=True)


def record(job: Job, replicate: int = 0) -> dict[str, Any]:
    return read_json(record_path(job.folder, replicate))


def test_dose_zero_is_the_baseline_bit_for_bit(job: Job) -> None:
    """Same steps, same texts, same scores; only the arm's name differs."""
    for mode, columns in (
        ("generate", ["prompt", "stratum", "steps", "behaviour", "garbage", "text"]),
        ("score", ["prompt", "onset_mass", "elsewhere_mass", "ordinary_loss", "kl"]),
    ):
        none, zero = cell(job, "baseline", mode), cell(job, "treatment", mode, 0.0)
        pd.testing.assert_frame_equal(none[columns], zero[columns], check_exact=True)
    assert cell(job, "treatment", "generate", 0.0)["delta_max"].max() == 0


def test_other_doses_do_something(job: Job) -> None:
    """So that equality at dose 0 is not that of a hook that never fires."""
    none, some = cell(job, "baseline", "score"), cell(job, "treatment", "score", 0.4)
    assert (some["kl"] > 0).all()
    assert (none["onset_mass"] > some["onset_mass"]).all()


def test_the_confirm_split_is_not_looked_at_before_the_dose_is_chosen(
    measured: tuple[Job, list[tuple[str, ...]]],
) -> None:
    """Fit, select, choose, confirm: in this order, and the choice sees the select split alone."""
    _, log = measured
    at = [entry[0] for entry in log].index("chosen")
    assert log[at] == ("chosen", "select")
    assert {entry[1] for entry in log[:at]} == {"fit", "select"}
    assert {entry[1] for entry in log[at + 1 :]} == {"confirm"}


def test_splits_have_seeds_of_their_own(measured: tuple[Job, list[tuple[str, ...]]]) -> None:
    """No text or prompt is drawn from one seed for two splits."""
    _, log = measured
    seeds = [(kind, split, seed) for kind, split, seed in (e for e in log if len(e) == 3)]
    for what in ("prompts", "texts"):
        found = {split: seed for kind, split, seed in seeds if kind == what}
        assert len(set(found.values())) == len(found) >= 2


def test_the_judged_dose_can_be_read_off_the_stored_select_split(job: Job) -> None:
    """Rule and cells alone give the dose, and the table, that the record has."""
    tables = load_tables(job.folder)
    assert job.claim.dose_rule is not None
    for replicate in (0, 1):
        summary = summarise(*(tables[m] for m in ("generate", "score")))
        mine = summary[(summary["replicate"] == replicate) & (summary["split"] == "select")]
        again = choose(job.claim.dose_rule, mine).as_json()
        found = record(job, replicate)["dose"]
        assert found["judged"] == again["judged"]
        assert found["judged"] in (0.2, 0.4, 0.6)
        for one, two in zip(found["table"], again["table"], strict=True):
            assert one["removal"] == pytest.approx(two["removal"], abs=1e-12)
            assert one["admissible"] == two["admissible"]


def test_random_controls_have_the_treatments_norm(job: Job) -> None:
    """Twenty directions at the judged dose, each as long as what the treatment subtracts."""
    judged = record(job)["dose"]["judged"]
    size = judged * record(job)["resid_norm"]["regulation@onset"]
    for mode in ("generate", "score"):
        controls, treated = cell(job, "isotropic", mode), cell(job, "treatment", mode, judged)
        assert sorted(set(controls["variant"])) == [f"r{n:02d}" for n in range(20)]
        assert set(controls["dose"]) == {judged}
        assert controls["delta_max"].to_numpy() == pytest.approx(size, rel=1e-4)
        assert treated["delta_max"].to_numpy() == pytest.approx(size, rel=1e-4)
        assert (controls["fired"] > 0).all()


def test_random_controls_differ_between_replicates(job: Job) -> None:
    """Otherwise eight replicates would share one draw of luck."""
    one, two = (
        read_cell(job.folder / "cells" / CellName("isotropic", r, "confirm", "score").file)
        for r in (0, 1)
    )
    assert not np.array_equal(one["kl"].to_numpy(), two["kl"].to_numpy())
    assert len({round(v, 9) for v in one.groupby("variant")["kl"].mean()}) == 20


def test_doses_are_realised(job: Job) -> None:
    """|delta| over the median norm of the edited positions is the planned dose."""
    for mode in ("generate", "score"):
        table = cell(job, "treatment", mode)
        for dose, rows in table.groupby("dose"):
            assert rows["dose_measured"].median() == pytest.approx(dose, rel=0.05, abs=1e-9)
            assert (rows["fired"] > 0).all()


def test_the_cells_are_those_of_the_plan(job: Job) -> None:
    """Every planned cell with its conditions in order, and none that was not planned."""
    planned = [c for c in plan(job.claim, job.recipe) if c.replicate == 0]
    files = {CellName(c.arm, 0, c.split, c.mode).file for c in planned}
    assert {p.name for p in (job.folder / "cells").glob("*.r0.*")} == files
    judged = record(job)["dose"]["judged"]
    for one in planned:
        table = read_cell(job.folder / "cells" / CellName(one.arm, 0, one.split, one.mode).file)
        found = list(dict.fromkeys(zip(table["variant"], table["dose"], strict=True)))
        assert found == [(v, judged if d is None else d) for v, d in one.conditions]


def test_arms_share_prompts_and_noise(job: Job) -> None:
    """Contrasts are paired: prompt by prompt the same stratum in every arm."""
    base = cell(job, "baseline", "generate")["stratum"].tolist()
    assert cell(job, "reference", "generate")["stratum"].tolist() == base
    assert cell(job, "treatment", "generate", 0.4)["stratum"].tolist() == base


def test_the_record_names_models_and_seed(job: Job) -> None:
    """Two replicates have other seeds and other models; roles of one share the seed."""
    one, two = record(job, 0), record(job, 1)
    assert one["seeds"]["train"] == str(job.seeds.seed("train", "true", 0))
    assert one["seeds"] != two["seeds"]
    assert set(one["models"]) == {"regulation", "standard"}
    keys = [row["key"] for r in (one, two) for row in r["models"].values()]
    assert len(set(keys)) == 4
    assert one["direction_norm"]["mean-difference@regulation+0"] > 0
