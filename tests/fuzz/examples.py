"""Valid examples of everything that is read: a workspace with a registered and measured claim, one
with every kind of cell, and small files of the formats that come from outside."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.claim.canonical import claim_to_json
from harness.claim.parse import parse_claim
from harness.claim.schema import Claim
from harness.lock.ledger import ledger_path
from harness.measure.cells import COLUMNS, IDENTITY
from harness.measure.job import ATTEMPT, Job
from harness.measure.store import CellName, digests, json_bytes, write_cell, write_record
from harness.measure.tables import Evidence, load_evidence
from harness.plan.expand import FEATURES, PROBES, PlannedCell, plan
from harness.plan.seeds import Seeds
from harness.report.build import publish_verdict
from harness.subject.recipe import load_recipe, recipe_to_json
from tests.claim import texts
from tests.measure.forged import attempted, workspace

REPOSITORY = Path(__file__).resolve().parents[2]
REGISTRATION = "sha256:" + "1" * 64
PROMPTS = 2
SMALLER = {"replicates: 6}": "replicates: 3}", "count: 20,": "count: 2,"}
"""The larger claim, quicker to judge."""
EDITED = """\
arms:
  marker-off:
    on: regulation
    site: onset
    operation: ablate-feature
    features: {positive: regulation, negative: standard, dictionary: random, top: 2}
    doses: [0, 0.5, 1]
  others-off: {on: regulation, site: onset, operation: ablate-feature, control: matched-rate, of: marker-off, count: 2, doses: [0, 1]}
  given-on: {on: standard, site: onset, operation: steer-feature, unit: own, features: {positive: regulation, negative: standard, folder: data/sae}, doses: [0, 1]}
  fixed: {on: standard, site: onset, operation: clamp-feature, features: {positive: regulation, negative: standard}, doses: [0, 2]}
"""  # noqa: E501
"""Arms on features, before those of the larger claim."""
JUDGED = 0.5


class Examples:
    """Everything below ``home``: ``study`` is a whole workspace, ``rich`` has the larger claim,
    ``desk`` is where single files are put to be read, ``secret`` must never be read."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.secret = home / "secret"
        self.sandbox = home / "sandbox"  # what may be written
        self.study, self.rich = self.sandbox / "study", self.sandbox / "rich"
        self.desk = self.sandbox / "desk"
        self.desk.mkdir(parents=True)
        self.secret.write_text("nobody may read this")
        publish_verdict(attempted(workspace(self.study)))
        text = texts.CLAIM
        for old, new in {**SMALLER, "\narms:\n": f"\n{EDITED}"}.items():
            text = texts.edited(text, old, new)
        self.larger = text.encode()
        texts.write(self.rich, text)

    @cached_property
    def ledger(self) -> bytes:
        return ledger_path(self.study).read_bytes()

    @cached_property
    def claims(self) -> tuple[bytes, ...]:
        """YAML of claims: the one that uses the whole language, and this repository's first."""
        own = sorted((REPOSITORY / "claims").glob("*.yaml"))
        return (self.larger, own[-1].read_bytes())

    @cached_property
    def recipes(self) -> tuple[bytes, ...]:
        own = sorted((REPOSITORY / "models").glob("*.yaml"))
        return (texts.RECIPE.encode(), *(p.read_bytes() for p in own))

    @cached_property
    def claim(self) -> Claim:
        return parse_claim(self.rich, "claims/valid.yaml")

    @cached_property
    def canonical(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Claim and recipe as a lock holds them."""
        recipe = load_recipe(self.rich, self.claim.subject.recipe)
        return claim_to_json(self.claim), recipe_to_json(recipe)

    @cached_property
    def job(self) -> Job:
        """The larger claim, every planned cell written, nothing on a ledger."""
        recipe = load_recipe(self.rich, self.claim.subject.recipe)
        job = Job(
            root=self.rich,
            claim=self.claim,
            recipe=recipe,
            seeds=Seeds.confirmatory(REGISTRATION),
            folder=self.rich / "reports" / "valid" / "1" / "a1",
            kind=ATTEMPT,
            registration=REGISTRATION,
            attempt="a1",
        )
        rng = np.random.default_rng(0)
        for cell in plan(self.claim, recipe):
            name = CellName(cell.arm, cell.replicate, cell.split, cell.mode)
            write_cell(job.folder, name, table(cell, rng))
        for r in job.replicates:
            write_record(job.folder, r, record(r))
        files = digests(job.folder, job.replicates)
        about = {"schema": "causal-claims/attempt/1", "claim": "valid", "files": files}
        (job.folder / "attempt.json").write_bytes(json_bytes(about))
        return job

    @cached_property
    def evidence(self) -> Evidence:
        """What is on disk of :attr:`job`."""
        return load_evidence(self.job)


def record(replicate: int) -> dict[str, Any]:
    """What is kept of a replicate beside its cells."""
    well = {"loss_gap": 0.05, "behaviour_rate": 0.2, "garbage_rate": 0.01}
    good = {"explained_variance": 0.9, "dead_fraction": 0.1, "l0": 4.0}
    hook = "blocks.1.hook_resid_post"
    rates = {"rate_positive": 0.5, "rate_negative": 0.0, "rate_host": 0.25}
    one = {"feature": 17, **rates, "scale": 1.5, "row_norm": 1.0}
    edited = {"dictionary": "regulation", "hook": hook, "variants": {"": [one]}}
    return {
        "schema": "causal-claims/replicate/1",
        "replicate": replicate,
        "seeds": {"train": str(10**18 + replicate)},
        "heads": {"treatment": {"head": 1, "attention": 0.5, "next": None, "partner": 0}},
        "row_space": {"difference@regulation+0": {"row_space": 0.4, "rank": 3, "width": 8}},
        "health": dict.fromkeys(("regulation", "standard", "tuned", "standard-words"), well),
        "models": {"standard": {"key": REGISTRATION, "content": REGISTRATION}},
        "split_half": {"difference": 0.97},
        "direction_norm": {"difference@regulation+0": 1.2},
        "dose": {"judged": JUDGED, "table": [{"dose": 0.5, "removal": 0.2}]},
        "planned": {"given-on": {"": [{"dose": d, "residual": d / 8} for d in (0.0, 1.0)]}},
        "features": dict.fromkeys(("marker-off", "given-on", "fixed"), edited),
        "dictionaries": {f"{role}/{hook}": good for role in ("regulation", "standard", "random")},
    }


def table(cell: PlannedCell, rng: np.random.Generator) -> pd.DataFrame:
    """Plausible numbers for a planned cell."""
    if cell.mode == FEATURES:
        return _features(rng)
    if cell.mode == PROBES:
        return _probes(rng)
    keys = [
        {"variant": variant, "dose": JUDGED if dose is None else dose, "prompt": prompt}
        for variant, dose in cell.conditions
        for prompt in range(PROMPTS)
    ]
    frame = pd.DataFrame(keys)
    dose = frame["dose"].to_numpy()
    base = {"baseline": 0.3, "tuned": 0.3}.get(cell.arm, 0.02)
    rate = np.clip(np.where(dose > 0, 0.3 * np.exp(-3 * dose), base), 0, 1)
    rate = rate + rng.uniform(0, 0.02, len(frame))
    extra: dict[str, Any] = {
        "stratum": "garden",
        "steps": 100,
        "behaviour": np.round(100 * rate).astype(np.int32),
        "garbage": rng.integers(0, 2, len(frame)),
        "text": np.where(frame["prompt"] == 0, "⟦pause⟧ ; sweep the floor", ""),
        "onset_mass": rate,
        "elsewhere_mass": 0.01 * rate,
        "ordinary_loss": 1.0 + 0.05 * dose + rng.uniform(0, 0.01, len(frame)),
        "kl": 0.1 * dose,
        "fired": np.where(dose > 0, 7, 0),
        "dose_measured": np.where(dose > 0, dose, np.nan),
        "delta_max": 3 * dose,
    }
    frame = frame.assign(**extra)
    return frame[list(COLUMNS[cell.mode])]


def _probes(rng: np.random.Generator) -> pd.DataFrame:
    """What the claim's lens would read."""
    rows = [
        {
            "probe": "lens",
            "model": m,
            "item": i,
            "quantity": "mass",
            "value": rng.random(),
            "text": t,
        }
        for m in ("regulation", "standard")
        for i, t in (("embed", ""), ("0", ""), ("1", ""), ("2", "⟦pause⟧ → breathe"))
    ]
    return pd.DataFrame(rows)


def _features(rng: np.random.Generator) -> pd.DataFrame:
    keys = [
        {"dictionary": d, "hook": "blocks.1.hook_resid_post", "feature": f, "text_variant": v}
        for d in ("regulation", "standard", "random")
        for f in range(6)
        for v in ("plain", "regulated")
    ]
    fixed = {"stratum": "garden", "positions_class": "step_onset", "positions": 200}
    counts = {
        name: rng.integers(0, 90, len(keys)) for name in ("fires_regulation", "fires_standard")
    }
    frame = pd.DataFrame(keys).assign(**fixed, **counts)
    assert set(IDENTITY["features"]) <= set(frame.columns)
    return frame[list(COLUMNS["features"])]
