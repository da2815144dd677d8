"""The builder of matched pairs: trains one role of a family and exports it, with its health.

Recipe parameters: ``decoder`` (shape), ``training`` (see ``models.train.Training``); of a role:
``kind`` of text (``models.grammar.KINDS``) and ``training``, which overrides the recipe's.
Members of one replicate get the same seed, hence the same initialisation and the same underlying
plans in the same order. Separate initialisation is one replicate's model against the next one's.

Not covered: caching (the harness does it), training on an accelerator.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch

from harness.errors import ClaimsError, UnknownName, nearest
from harness.subject.checkpoint import load_decoder, save_decoder
from harness.subject.decoder import DecoderConfig
from harness.subject.interface import Health, Recipe, RoleSpec
from models import grammar as g
from models.health import examine
from models.sae import SaeOptions, activations, fit, quality, write
from models.task import PlanTask
from models.train import Training, initialise, train

SPECIALS = {"pad": g.PAD, "eos": g.END, "bos": g.TASK, "unk": g.UNK}
HEALTH = "health.json"

Options = TypeVar("Options", DecoderConfig, Training, SaeOptions)


class Miniature:
    """Builder of the recipes ``miniature`` and ``full-size``."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        known = ("decoder", "training")
        for key in recipe.params:
            if key not in known:
                raise _unknown(key, "params", recipe, known)
        shape = {"vocab": len(g.WORDS), **recipe.params.get("decoder", {})}
        self.config = self._options(DecoderConfig, shape, "params.decoder")
        self.training = self._options(
            Training, recipe.params.get("training", {}), "params.training"
        )
        self._task = PlanTask(self.config.vocab)
        if self.config.context < g.LONGEST_PLAN:
            raise ClaimsError(
                f"a context of {self.config.context} tokens cannot hold the longest plan",
                where=f"{recipe.file}: params.decoder.context",
                fix=f"Give at least {g.LONGEST_PLAN}",
            )

    @property
    def task(self) -> PlanTask:
        return self._task

    def kind(self, role: RoleSpec) -> str:
        """The kind of text that a role is trained on. Raises if it names none that exists."""
        kind = role.params.get("kind")
        if kind not in g.KINDS:
            where = f"roles.{role.name}.params.kind"
            raise _unknown(str(kind), where, self.recipe, g.KINDS)
        return str(kind)

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
        health = examine(decoder, self._task, kind, seed, training.unwind_share)
        save_decoder(decoder, out, g.WORDS, SPECIALS)
        text = json.dumps(health.as_json(), indent=2, sort_keys=True)
        (out / HEALTH).write_text(text + "\n", encoding="utf-8")
        return health

    def build_dictionary(self, model: Path, hook: str, seed: int, out: Path) -> None:
        """Train a TopK SAE on ``fit`` texts of both variants; quality on texts of ``select``.

        The stored ``model_name`` is the folder's own name, so that bytes do not depend on where
        the workspace lies.
        """
        spec = self.recipe.dictionaries
        options = self._options(SaeOptions, spec.params if spec else {}, "dictionaries.params")
        torch.set_num_threads(1)
        decoder = load_decoder(model)
        sae = fit(activations(decoder, self._task, hook, "fit", options.texts, seed), options, seed)
        held_out = activations(decoder, self._task, hook, "select", options.texts // 4, seed)
        write(sae, out, hook, model.name, quality(sae, held_out))

    def _options(self, into: type[Options], given: Mapping[str, Any], where: str) -> Options:
        """A record of options from a mapping. Raises :class:`UnknownName` for a key too many."""
        known = tuple(f.name for f in dataclasses.fields(into))
        for key in given:
            if key not in known:
                raise _unknown(key, where, self.recipe, known)
        return into(**given)


def _unknown(name: str, where: str, recipe: Recipe, known: tuple[str, ...]) -> UnknownName:
    return UnknownName(
        f"unknown name {name!r}",
        where=f"{recipe.file}: {where}",
        fix=f"Nearest: {nearest(name, known)}",
    )
