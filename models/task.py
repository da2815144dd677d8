"""The text side of the family: prompts, texts, position classes, the grader.

Implements ``harness.subject.interface.Task``. Prompts and texts come from the measured domains
only; plans of ``unwind`` occur in training text alone. Rows are stratified: every run of six rows
holds each domain once, in random order, so that small samples do not differ in their mix.

Not covered: whether a generated plan makes sense as a whole; the grader looks at steps one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from harness.errors import ClaimsError, UnknownName, nearest
from harness.subject.interface import SPLITS, Grade, Prompts, Texts
from models import grammar as g
from models.generator import DECORATION_DRAWS, Generator, Plan, decorate, domain_of

VARIANTS = ("plain", "regulated")
POSITION_CLASSES = ("step_onset", "step_body", "task_region", "separator")
_STREAMS = {"texts": 0, "prompts": 1, "train": 2, "finetune": 3, "health": 4, "dictionary": 5}


def random_numbers(stream: str, split: str, seed: int, rows: int) -> np.ndarray:
    """Uniforms [rows, LONGEST_PLAN + DECORATION_DRAWS]; a row does not depend on ``rows``.

    Streams of different names, splits or seeds are independent.
    """
    key = [seed, _STREAMS[stream], (*SPLITS, "").index(split)]
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))
    return generator.random((rows, g.LONGEST_PLAN + DECORATION_DRAWS))


def plans(numbers: np.ndarray, generator: Generator) -> tuple[tuple[Plan, np.ndarray], ...]:
    """Ordinary plans, each with the numbers that decide its twins (see ``decorate``)."""
    cut = g.LONGEST_PLAN
    return tuple((generator.sample(row[:cut]), row[cut:]) for row in numbers)


def pad(rows: Sequence[Plan]) -> tuple[Tensor, Tensor]:
    """Right-padded tokens [B, T] and lengths [B], both int64."""
    lengths = torch.tensor([len(row) for row in rows], dtype=torch.int64)
    width = int(lengths.max()) if rows else 0
    tokens = torch.full((len(rows), width), g.PAD, dtype=torch.int64)
    for n, row in enumerate(rows):
        tokens[n, : len(row)] = torch.tensor(row, dtype=torch.int64)
    return tokens, lengths


class PlanTask:
    """Task plans. ``vocab_size``: rows of the model's embedding, at least the number of words."""

    def __init__(self, vocab_size: int = len(g.WORDS)) -> None:
        if vocab_size < len(g.WORDS):
            raise ClaimsError(
                f"a vocabulary of {vocab_size} rows cannot hold {len(g.WORDS)} words",
                where="params.decoder.vocab",
                fix=f"Give at least {len(g.WORDS)}",
            )
        self._vocab_size = vocab_size
        self._measured = Generator("none", 0.0)
        self._ordinary = g.ordinary_steps()
        self._phrases = g.phrase_steps()

    @property
    def vocab_size(self) -> int:
        return self._vocab_size

    @property
    def pad_id(self) -> int:
        return g.PAD

    @property
    def end_id(self) -> int:
        return g.END

    @property
    def position_classes(self) -> tuple[str, ...]:
        return POSITION_CLASSES

    @property
    def variants(self) -> tuple[str, ...]:
        return VARIANTS

    @property
    def token_sets(self) -> Mapping[str, tuple[int, ...]]:
        """``behaviour``: words that open a phrase, and open nothing else in any kind of text."""
        return {
            "behaviour": tuple(g.IDS[phrase[0]] for phrase in g.PHRASES),
            "regulation": tuple(g.IDS[word] for word in g.REGULATION_WORDS),
            "separator": (g.SEP,),
        }

    def positions(self, name: str, tokens: Tensor) -> Tensor:
        """Boolean [B, T]; ``step_onset`` is the steps marker and every separator.

        The model begins a step *after* an onset position. ``step_body`` holds the words of steps,
        ``task_region`` what stands before the steps marker. Nothing after an end marker belongs
        to any class. Raises :class:`UnknownName`.
        """
        if name not in POSITION_CLASSES:
            near = nearest(name, POSITION_CLASSES)
            raise UnknownName(f"no position class {name!r}", fix=f"Nearest classes: {near}")
        open_ = (tokens == g.END).cumsum(1) == 0
        open_ &= tokens != g.PAD
        in_steps = (tokens == g.STEPS).cumsum(1) > 0
        marker = (tokens == g.SEP) | (tokens == g.STEPS)
        if name == "separator":
            return open_ & (tokens == g.SEP)
        if name == "task_region":
            return open_ & ~in_steps
        return open_ & in_steps & (marker if name == "step_onset" else ~marker)

    def prompts(self, split: str, n: int, seed: int) -> Prompts:
        """``n`` prompts of ``PROMPT_LENGTH`` tokens; labelled by domain."""
        rows = [plan[: g.PROMPT_LENGTH] for plan, _ in self._sample("prompts", split, n, seed)]
        tokens = torch.tensor(rows, dtype=torch.int64).reshape(-1, g.PROMPT_LENGTH)
        return Prompts(tokens, tuple(domain_of(row).name for row in rows))

    def texts(self, split: str, n: int, seed: int, variant: str) -> Texts:
        """``n`` plans; row ``i`` of ``regulated`` is row ``i`` of ``plain`` with phrases inserted.

        ``plain`` has the law of the standard models' measured domains, ``regulated`` that of the
        regulation model's. Raises :class:`UnknownName` for another variant.
        """
        if variant not in VARIANTS:
            near = nearest(variant, VARIANTS)
            raise UnknownName(f"no text variant {variant!r}", fix=f"Nearest variants: {near}")
        kind = "none" if variant == "plain" else "regulation"
        rows = [decorate(plan, kind, u) for plan, u in self._sample("texts", split, n, seed)]
        tokens, lengths = pad(rows)
        return Texts(tokens, lengths, tuple(domain_of(row).name for row in rows), variant)

    def grade(self, prompts: Tensor, generated: Tensor) -> Grade:
        """Count steps of generated rows [B, N]; behaviour is an exact regulation phrase.

        A step that is neither a phrase nor a grammatical ordinary step of any domain is garbage,
        an empty one too. A step that the row's end cuts off is not counted.
        """
        counts = torch.zeros(3, generated.shape[0], dtype=torch.int64)
        for n, row in enumerate(generated.tolist()):
            for step in finished_steps(row):
                counts[0, n] += 1
                if step in self._phrases:
                    counts[1, n] += 1
                elif step not in self._ordinary:
                    counts[2, n] += 1
        return Grade(counts[0], counts[1], counts[2])

    def decode(self, tokens: Tensor) -> str:
        """Words of one row [T] up to its padding; unused rows of the vocabulary show as <unk>."""
        ids = [int(t) for t in tokens]
        words = [g.WORDS[t] if t < len(g.WORDS) else g.WORDS[g.UNK] for t in ids if t != g.PAD]
        return " ".join(words)

    def quote(self, tokens: Tensor) -> str:
        """A generated row [N] for a reader: steps joined by `` ; ``, behaviour in ``⟦⟧``, garbage
        in ``⟨⟩``, a step that the row's end cuts off followed by ``…``."""
        row = [int(t) for t in tokens]
        done = finished_steps(row)
        out = []
        for step in done:
            words = self.decode(torch.tensor(step, dtype=torch.int64)) if step else "(empty)"
            if step in self._phrases:
                words = f"⟦{words}⟧"
            elif step not in self._ordinary:
                words = f"⟨{words}⟩"
            out.append(words)
        used = sum(len(step) + 1 for step in done)
        rest = row[used:]
        if rest and g.END not in row and g.PAD not in row:
            out.append(f"{self.decode(torch.tensor(rest))} …")
        return " ; ".join(out)

    def _sample(
        self, stream: str, split: str, n: int, seed: int
    ) -> tuple[tuple[Plan, np.ndarray], ...]:
        if split not in SPLITS:
            raise UnknownName(
                f"no split {split!r}", fix=f"Nearest splits: {nearest(split, SPLITS)}"
            )
        numbers = random_numbers(stream, split, seed, n)
        return plans(stratified(numbers), self._measured)


def stratified(numbers: np.ndarray) -> np.ndarray:
    """Replace the domain's uniform so that every run of six rows holds each domain once."""
    domains = sum(d.measured for d in g.DOMAINS)
    numbers = numbers.copy()
    for start in range(0, len(numbers), domains):
        # The run's first row decides, so that a row does not depend on how many follow it.
        order = np.random.default_rng(int(numbers[start, 1] * 2**53)).permutation(domains)
        block = numbers[start : start + domains, 1]
        block[:] = (order[: len(block)] + 0.5) / domains
    return numbers


def finished_steps(row: Sequence[int]) -> list[tuple[int, ...]]:
    """Steps of generated tokens, each closed by a separator or by the row's end or padding."""
    steps: list[tuple[int, ...]] = []
    words: list[int] = []
    for token in row:
        if token in (g.END, g.PAD):
            if words or steps:
                steps.append(tuple(words))
            break
        if token == g.SEP:
            steps.append(tuple(words))
            words = []
        else:
            words.append(token)
    return steps
