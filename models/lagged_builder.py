"""The builder of the lagged family: the miniature's, with the lagged law and its task.

Recipe parameters, roles, files and dictionaries are those of ``models.miniature``.

Not covered: what ``models.miniature`` does not cover.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import torch

from harness.errors import ClaimsError
from harness.subject.checkpoint import load_decoder, save_decoder
from harness.subject.interface import Health, Recipe
from models import grammar as g
from models.lagged_task import LaggedTask
from models.lagged_train import examine, train
from models.miniature import HEALTH, SPECIALS, Miniature
from models.train import Training, initialise


class Lagged(Miniature):
    """Builder of the recipe ``lagged``."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        self._lagged = LaggedTask(self.config.vocab)
        self._task = self._lagged  # the dictionaries' texts come from it

    @property
    def task(self) -> LaggedTask:
        return self._lagged

    def build(self, role: str, seed: int, out: Path, parent: Path | None) -> Health:
        """Train ``role`` (from ``parent`` if given) into ``out``; see the protocol.

        Sets torch to one thread: the bytes of a model depend on how sums are split.
        """
        spec = self.recipe.role(role)
        kind = self.kind(spec)
        where = f"roles.{role}.params.training"
        changes = {**dataclasses.asdict(self.training), **spec.params.get("training", {})}
        training = self._options(Training, changes, where)
        if (spec.parent is None) != (parent is None):
            raise ClaimsError(
                f"role {role!r} has parent {spec.parent!r}, but was built "
                f"{'without one' if parent is None else 'from one'}",
                where=self.recipe.file,
                fix="Build the parent role first and give its folder",
            )
        torch.set_num_threads(1)
        if parent is None:
            decoder = initialise(self.config, seed)
            train(decoder, kind, seed, training)
        else:
            decoder = load_decoder(parent).requires_grad_(True)
            train(decoder, kind, seed, training, stream="finetune")
        decoder.eval().requires_grad_(False)
        health = examine(decoder, self._lagged, kind, seed, training.unwind_share)
        save_decoder(decoder, out, g.WORDS, SPECIALS)
        text = json.dumps(health.as_json(), indent=2, sort_keys=True)
        (out / HEALTH).write_text(text + "\n", encoding="utf-8")
        return health
