"""Sampling under intervention: conditions x prompts as rows of one batch.

The clean prompt is run once per prompt up to the first edited position and its cache repeated for
the conditions. An edit sees absolute tokens: a position belongs to its class or not by the tokens
up to it, whether it came from the prompt, the cache or the sampler. Finished rows are dropped when
enough of them are. Conditions that are no edit (every candidate's dose 0) are sampled once, and the
others have its rows: they would be the same ones. On a backend with ``exact_rows`` a row's tokens
are the same bits alone and in any batch.

Not covered: prompts of different lengths in one call, beam search.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from harness.errors import ClaimsError
from harness.intervene.apply import Applied, Evidence, Trace
from harness.intervene.edit import Rewrite
from harness.readout.noise import Gumbel
from harness.subject.backend import Model, Watch
from harness.subject.interface import Prompts, Task
from harness.subject.packed import FEWEST_ROWS

DROP_BELOW = 0.75
"""Finished rows are dropped once the live share of the batch falls below this."""

STATE_BYTES = 1 << 30
"""Keys and values of a batch take about as much at the most, unless eight rows take more."""


@dataclass(frozen=True)
class GenerateOptions:
    """``new_tokens`` per row; ``seed`` of the noise; temperature 0 is greedy; ``max_rows`` a
    chunk; ``first_prompt`` offsets the prompt indices that key the noise."""

    new_tokens: int
    seed: int
    temperature: float = 1.0
    max_rows: int = 768
    first_prompt: int = 0


@dataclass(frozen=True)
class Generated:
    """``tokens`` [C, P, N] int64, pad after the end token; evidence [C, P]."""

    tokens: Tensor
    evidence: Evidence


def generate(
    model: Model, task: Task, prompts: Prompts, edit: Rewrite | None, options: GenerateOptions
) -> Generated:
    """Sample ``options.new_tokens`` tokens after every prompt under every condition.

    Without an edit there is one condition, the baseline. Raises :class:`UnknownName` for an unknown
    site or position class, :class:`NothingFired` if the class never occurs or the hook never fires.
    """
    count, length = prompts.tokens.shape
    if length + options.new_tokens > model.context:
        raise ClaimsError(
            f"{length} prompt tokens and {options.new_tokens} new ones exceed the context of "
            f"{model.context}",
            where=model.name,
            fix="Lower samples.new_tokens",
        )
    options = replace(options, max_rows=_rows(model, length + options.new_tokens, options.max_rows))
    conditions = 1 if edit is None else edit.size
    mask = torch.zeros_like(prompts.tokens, dtype=torch.bool)
    if edit is not None:
        model.check_site(edit.hook)
        mask = task.positions(edit.positions, prompts.tokens)
    trace = Trace(conditions, count, length + options.new_tokens)
    applied = None if edit is None else Applied(edit, trace, options.first_prompt)
    watch = None if applied is None or edit is None else Watch(edit.hook, applied)
    run = _Run(model, task, edit, applied, watch, options, count)
    tokens = prompts.tokens.new_full((conditions * count, options.new_tokens), task.pad_id)
    sampled, alike = _different(edit)
    for at in torch.arange(count).split(_together(model, count, len(sampled), options.max_rows)):
        run.prompts(prompts.tokens[at], mask[at], at, sampled, tokens)
    if len(alike) > 1:
        first, others = int(alike[0]), alike[1:]
        rows = tokens.view(conditions, count, -1)
        rows[others] = rows[first].clone()
        trace.repeat(first, others)
    if watch is not None and edit is not None:
        if applied is not None and applied.aimed:
            watch.require_fired(model.name)
        trace.require_fired(edit.positions, edit.hook)
    evidence = Evidence.none(conditions, count) if edit is None else trace.evidence()
    return Generated(tokens.view(conditions, count, -1), evidence)


def _rows(model: Model, capacity: int, most: int) -> int:
    """At most so many rows of a batch, fewer where their states of ``capacity`` would be large."""
    row = 2 * 4 * model.n_layers * model.d_model * capacity
    return min(most, max(FEWEST_ROWS, STATE_BYTES // row))


def _together(model: Model, prompts: int, conditions: int, most: int) -> int:
    """Prompts in one chunk of at most ``most`` rows. Where a row's numbers depend on it alone, few
    prompts with all their conditions, which have more in common than prompts have."""
    if not model.exact_rows:
        return most
    chunks = -(-prompts // max(1, most // conditions))
    return -(-prompts // chunks)


def _different(edit: Rewrite | None) -> tuple[Tensor, Tensor]:
    """Conditions to sample, and those that are no edit, of which the first is sampled."""
    if edit is None:
        return torch.zeros(1, dtype=torch.int64), torch.zeros(0, dtype=torch.int64)
    unedited = (~edit.active).nonzero().squeeze(1)
    sampled = edit.active.clone()
    sampled[unedited[:1]] = True
    return sampled.nonzero().squeeze(1), unedited


@dataclass
class _Run:
    """What stays the same over the chunks of one call."""

    model: Model
    task: Task
    edit: Rewrite | None
    applied: Applied | None
    watch: Watch | None
    options: GenerateOptions
    count: int

    def prompts(
        self, tokens: Tensor, mask: Tensor, at: Tensor, conditions: Tensor, out: Tensor
    ) -> None:
        """The conditions [C] of one chunk of prompts [P, T] with indices ``at`` [P]."""
        P, T = tokens.shape
        columns = mask.any(0).nonzero()
        first = int(columns[0]) if len(columns) else T
        if not self.model.exact_rows and self.edit is not None:
            first = 0
        noise = Gumbel(
            self.options.seed, (at + self.options.first_prompt).tolist(), self.model.vocab
        )
        padded = _pad(torch.arange(P), FEWEST_ROWS).clamp_min(0)
        state, logits = None, None
        if first:
            state = self.model.open(len(padded), T + self.options.new_tokens)
            logits = self.model.extend(state, tokens[padded, :first])[:P]
            if len(padded) != P:
                state = self.model.keep(state, torch.arange(P))
        for some in conditions.split(max(1, self.options.max_rows // P)):
            local = _pad(torch.arange(len(some) * P), FEWEST_ROWS)  # -1 marks padding
            prompt = local.clamp_min(0) % P
            condition = some[local.clamp_min(0) // P]
            row = torch.where(local >= 0, condition * self.count + at[prompt], -1)
            if state is None:
                here = self.model.open(len(local), T + self.options.new_tokens)
            else:
                here = self._fork(state, prompt)
            if first < T:
                self._aim(mask[prompt, first:], condition, row, first)
                after = self.model.extend(here, tokens[prompt, first:], self.watch)
            else:
                assert logits is not None
                after = logits[prompt]
            self._decode(here, after, tokens[prompt], condition, prompt, row, noise, out)

    def _fork(self, state: object, rows: Tensor) -> object:
        """The rows of a clean state from which conditions go on."""
        if self.edit is None:
            return self.model.keep(state, rows)
        return self.model.share(state, rows, self.edit.hook)

    def _perturb(self, logits: Tensor, noise: Tensor) -> Tensor:
        """Logits at the temperature plus Gumbel noise: their argmax is a sample."""
        if self.options.temperature != 1:
            logits = logits / self.options.temperature
        return noise.add_(logits)

    def _aim(self, mask: Tensor, condition: Tensor, row: Tensor, start: int) -> None:
        if self.applied is not None:
            self.applied.aim(mask, condition, row, start)

    def _decode(
        self,
        state: object,
        logits: Tensor,
        tokens: Tensor,
        condition: Tensor,
        prompt: Tensor,
        row: Tensor,
        noise: Gumbel,
        out: Tensor,
    ) -> None:
        """Sample until all rows have ended; writes tokens into ``out`` [C * P, N]."""
        task, options = self.task, self.options
        T, N = tokens.shape[1], options.new_tokens
        sofar = torch.cat([tokens, tokens.new_full((len(tokens), N), task.pad_id)], 1)
        live = row >= 0
        for step in range(N):
            if options.temperature > 0:
                logits = self._perturb(logits, noise.step(step)[prompt])
            token = torch.where(live, logits.argmax(-1), task.pad_id)
            sofar[:, T + step] = token
            live = live & (token != task.end_id) & (token != task.pad_id)
            alive = int(live.sum())
            if step == N - 1 or alive == 0:
                break
            if alive < DROP_BELOW * len(live) and len(live) > 2 * FEWEST_ROWS:
                _write(out, row, sofar, T)
                stay = live.nonzero().squeeze(1)
                if len(stay) < FEWEST_ROWS:
                    ended = (~live).nonzero().squeeze(1)
                    stay = torch.cat([stay, ended[: FEWEST_ROWS - len(stay)]]).sort().values
                state = self.model.keep(state, stay)
                sofar, token, live = sofar[stay], token[stay], live[stay]
                condition, prompt, row = condition[stay], prompt[stay], row[stay]
            if self.edit is not None:
                member = task.positions(self.edit.positions, sofar[:, : T + step + 1])[:, -1]
                self._aim((member & live)[:, None], condition, row, T + step)
            # a task that knows no padding has a number for it that is no token; nobody reads this
            logits = self.model.extend(state, token.clamp_min(0)[:, None], self.watch)
        _write(out, row, sofar, T)


def _write(out: Tensor, row: Tensor, sofar: Tensor, start: int) -> None:
    real = row >= 0
    out[row[real]] = sofar[real, start:]


def _pad(rows: Tensor, fewest: int) -> Tensor:
    """Row indices with -1 added up to ``fewest``."""
    if len(rows) >= fewest:
        return rows
    return torch.cat([rows, rows.new_full((fewest - len(rows),), -1)])
