"""The text side of the lagged family: the plan task with the chance of a phrase at every onset.

Prompts, plain texts, token sets and grader are those of ``models.task``. Regulated texts have the
lagged law, and two more position classes tell onsets apart by it: ``hot_onset`` and ``cold_onset``.

Not covered: what a model makes of the chance; ``hazard`` says what the law would do after the same
words, whoever wrote them.
"""

from __future__ import annotations

import torch
from torch import Tensor

from harness.errors import UnknownName, nearest
from harness.subject.interface import Texts
from models import grammar as g
from models.generator import domain_of
from models.lagged import EFFORTFUL, HIGH, LOW, decorate
from models.task import VARIANTS, PlanTask, pad

RISKS = {"hot_onset": HIGH, "cold_onset": LOW}
"""Position classes of the lagged law, with the chance of a phrase that defines each."""


class LaggedTask(PlanTask):
    """Task plans under the lagged law. Raises as :class:`PlanTask`."""

    @property
    def position_classes(self) -> tuple[str, ...]:
        return (*super().position_classes, *RISKS)

    def positions(self, name: str, tokens: Tensor) -> Tensor:
        """Boolean [B, T]; as :meth:`PlanTask.positions`, and two classes of step onsets.

        ``hot_onset``: the step two back had an effortful verb. ``cold_onset``: it had none, or
        there is none. An onset right after a phrase belongs to neither, nor one of an ``unwind``
        plan or of a plan that holds its most phrases. Causal. Raises :class:`UnknownName`.
        """
        if name not in self.position_classes:
            near = nearest(name, self.position_classes)
            raise UnknownName(f"no position class {name!r}", fix=f"Nearest classes: {near}")
        if name in RISKS:
            return self.hazard(tokens) == RISKS[name]
        return super().positions(name, tokens)

    def hazard(self, tokens: Tensor) -> Tensor:
        """Chance [B, T] (float64) under the law of ``regulation`` that a phrase comes next.

        A number at step onsets, NaN elsewhere; it depends on the tokens up to the onset only. On
        plans it is the generator's own chance. Text that is no plan is read so: whatever stands
        between two onsets and is not exactly a phrase counts as a step, empty ones too, and took
        effort if it opens with an effortful verb of any domain. The domain is the second token;
        one that is no domain counts as measured.
        """
        onset = super().positions("step_onset", tokens)
        place = torch.arange(tokens.shape[1], device=tokens.device).expand(tokens.shape)
        opened = _latest(onset, place)  # where the step that stands at each place began
        previous = torch.cat([torch.full_like(opened[:, :1], -1), opened[:, :-1]], 1)
        closes = onset & (previous >= 0)
        phrase = _phrases(tokens, onset)
        step = closes & ~phrase
        hard = torch.isin(tokens, _ids(sorted(EFFORTFUL), tokens))
        effort = step & hard.gather(1, (previous + 1).clamp(max=tokens.shape[1] - 1))
        last = _latest(step, place)
        before = last.gather(1, (last - 1).clamp(min=0))  # -1 too where there is no last step
        hot = (before >= 0) & effort.gather(1, before.clamp(min=0))
        risk = torch.full(tokens.shape, LOW, dtype=torch.float64, device=tokens.device)
        risk[hot] = HIGH
        risk[phrase] = g.AFTER_REGULATION
        risk[_unmeasured(tokens)] = g.UNWIND_RATE
        risk[phrase.cumsum(1) >= g.MOST_PHRASES] = 0.0
        risk[~onset] = torch.nan
        return risk

    def texts(self, split: str, n: int, seed: int, variant: str) -> Texts:
        """``n`` plans as :meth:`PlanTask.texts`; ``regulated`` has the lagged law.

        The plain rows are those of :class:`PlanTask`. Raises :class:`UnknownName`.
        """
        if variant not in VARIANTS:
            near = nearest(variant, VARIANTS)
            raise UnknownName(f"no text variant {variant!r}", fix=f"Nearest variants: {near}")
        kind = "none" if variant == "plain" else "regulation"
        rows = [decorate(plan, kind, u) for plan, u in self._sample("texts", split, n, seed)]
        tokens, lengths = pad(rows)
        return Texts(tokens, lengths, tuple(domain_of(row).name for row in rows), variant)


def _ids(words: list[int], like: Tensor) -> Tensor:
    return torch.tensor(words, dtype=torch.int64, device=like.device)


def _latest(mask: Tensor, place: Tensor) -> Tensor:
    """Place [B, T] of the last true entry of ``mask`` up to each place, -1 before the first."""
    return torch.where(mask, place, -1).cummax(1).values


def _phrases(tokens: Tensor, onset: Tensor) -> Tensor:
    """Boolean [B, T]: onsets at which exactly a regulation phrase has just been closed."""
    found = torch.zeros_like(onset)
    width = tokens.shape[1]
    for words in g.PHRASES:
        span = len(words) + 1
        if span >= width:
            continue
        hit = onset[:, :-span] & onset[:, span:]
        for n, word in enumerate(words, start=1):
            hit &= tokens[:, n : width - span + n] == g.IDS[word]
        found[:, span:] |= hit
    return found


def _unmeasured(tokens: Tensor) -> Tensor:
    """Boolean [B, T]: places from which on the plan is known to be of an unmeasured domain."""
    names = [g.IDS[d.name] for d in g.DOMAINS if not d.measured]
    known = torch.zeros_like(tokens, dtype=torch.bool)
    known[:, 1:] = torch.isin(tokens[:, 1:2], _ids(names, tokens))
    return known
