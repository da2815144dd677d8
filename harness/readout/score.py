"""Teacher-forced readouts under intervention, by replay of what lies above the site.

Texts are sorted by length into chunks that stay in cache. Each chunk is run once without edit; its
activation at the site is kept, and every condition replays only the layers above, only from the
first edited column on, and unembeds only the positions that are read.

    onset_mass      mean over onset positions of p(a token that opens the behaviour)
    elsewhere_mass  the same over step-body positions
    ordinary_loss   mean nats/token of the text's step tokens; at onsets -log(p(token) / (1 - p(B)))
                    with B the opening tokens, and onsets followed by B left out
    kl              mean KL(clean || edited), nats, over onset positions
    fidelity        over pairs of onsets whose hazards differ under the task's law, the share in
                    which the likelier onset has more mass (``harness.readout.concordance``)

A text without such a position or pair gets NaN, and for ``fidelity`` every text of a task that
offers no hazard. Dose 0 *is* the clean run, so it is bit-identical to it. Who asks for no bodies
gets NaN for the second and the third, and spares the last block and the unembedding all positions
that are no onsets: with an onset in every fourth, two fifths of the time of a sweep.

Not covered: losses of prompts and of separators; sampling (``harness.readout.generate``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.errors import ClaimsError, UnknownName, nearest
from harness.intervene.apply import Applied, Evidence, Trace
from harness.intervene.edit import Rewrite
from harness.readout.concordance import Pairs, hazard
from harness.readout.vocabulary import log_total, slices
from harness.subject.backend import Model
from harness.subject.interface import Task, Texts
from harness.subject.reading import Readout


@dataclass(frozen=True)
class ScoreOptions:
    """Names of the token set and position classes that are read, and tokens per chunk; ``body``
    None: only onsets are read."""

    behaviour: str = "behaviour"
    onset: str = "step_onset"
    body: str | None = "step_body"
    chunk_tokens: int = 1024


@dataclass(frozen=True)
class Scores:
    """Readouts per condition and text, all [C, B]; see the module."""

    onset_mass: NDArray[np.float64]
    elsewhere_mass: NDArray[np.float64]
    ordinary_loss: NDArray[np.float64]
    kl: NDArray[np.float64]
    fidelity: NDArray[np.float64]
    evidence: Evidence


@dataclass
class _Chunk:
    """Texts [b, T] and the flat positions read: onsets first, then bodies."""

    items: Tensor
    tokens: Tensor
    edited: Tensor  # [b, T] bool
    at: Tensor  # [K]
    onsets: int
    following: Tensor  # [K] next token, -1 if the text ends
    first: int  # first edited column
    pairs: Pairs | None  # of onsets whose hazards differ; None where the task offers none


@dataclass(frozen=True)
class _Onsets:
    """Of the clean run at onsets: its probabilities as a readout pulls them [onsets, ...], and the
    sum of p log p [onsets]."""

    pulled: Tensor
    inner: Tensor

    @classmethod
    def of(cls, logits: Tensor, readout: Readout) -> _Onsets:
        logp = logits.log_softmax(-1)
        p = logp.exp()
        return cls(readout.pull(p), torch.linalg.vecdot(p, logp))

    @classmethod
    def join(cls, parts: list[_Onsets]) -> _Onsets:
        if not parts:
            return cls(torch.empty(0), torch.empty(0))
        return cls(torch.cat([x.pulled for x in parts]), torch.cat([x.inner for x in parts]))

    def take(self, some: Tensor) -> _Onsets:
        return _Onsets(self.pulled[some], self.inner[some])


@dataclass
class _Values:
    """Per position read: log mass of the behaviour [K], loss (NaN: not read) [K], KL [onsets]."""

    log_mass: Tensor
    loss: Tensor
    kl: Tensor


def score(
    model: Model, task: Task, texts: Texts, edit: Rewrite | None, options: ScoreOptions
) -> Scores:
    """Score texts under every condition; without an edit, one condition.

    Raises :class:`UnknownName` for an unknown site, class or token set, :class:`NothingFired` if
    the position class occurs in none of the texts.
    """
    if options.behaviour not in task.token_sets:
        raise UnknownName(
            f"no token set {options.behaviour!r}",
            fix=f"Nearest: {nearest(options.behaviour, tuple(task.token_sets))}",
        )
    behaviour = torch.tensor(task.token_sets[options.behaviour])
    last = f"blocks.{model.n_layers - 1}.hook_resid_post"
    hook = last if edit is None else edit.hook
    model.check_site(hook)
    count, width = texts.tokens.shape
    if width > model.context:
        raise ClaimsError(
            f"texts of {width} tokens exceed the context of {model.context}",
            where=model.name,
            fix="Shorten the texts or use a model with a longer context",
        )
    conditions = 1 if edit is None else edit.size
    trace = Trace(conditions, count, width)
    out = np.full((5, conditions, count), np.nan)
    for chunk in _chunks(task, texts, None if edit is None else edit.positions, options):
        clean = model.clean(chunk.tokens, hook, chunk.first, chunk.at)
        base, kept = _read(clean.readout, model.vocab, chunk, behaviour, None)
        items = chunk.items.numpy()
        rows = _summarise(base, chunk)
        if edit is None:
            out[:, 0, items] = rows
            continue
        T = chunk.tokens.shape[1]
        applied = Applied(edit, trace)
        column = chunk.at % T
        above = column >= chunk.first
        moved = above.nonzero().squeeze(1)
        again = chunk.at[moved] // T * (T - chunk.first) + column[moved] - chunk.first
        part = _take(chunk, moved)
        reference = kept.take(moved[: part.onsets])
        edited = chunk.edited[:, chunk.first :]
        replay = model.replay(clean, again, edited.flatten().nonzero().squeeze(1))
        for c in range(conditions):
            row = c * count + chunk.items
            applied.aim(edited, torch.full_like(row, c), row, chunk.first)
            site = applied(clean.site)
            if not bool(edit.active[c]) or not bool(chunk.edited.any()):
                out[:, c, items] = rows
                continue
            values, _ = _read(replay(site), model.vocab, part, behaviour, reference)
            out[:, c, items] = _summarise(_overwrite(base, values, moved, chunk.onsets), chunk)
    if edit is not None:
        trace.require_fired(edit.positions, edit.hook)
    if options.body is None:
        out[2] = np.nan  # a loss at onsets alone is not the loss of the text's tokens
    evidence = Evidence.none(conditions, count) if edit is None else trace.evidence()
    return Scores(out[0], out[1], out[2], out[3], out[4], evidence)


def _chunks(
    task: Task, texts: Texts, positions: str | None, options: ScoreOptions
) -> Iterator[_Chunk]:
    """Texts by length, shortest first, so that a chunk carries little padding."""
    order = texts.lengths.argsort(stable=True)
    start = 0
    while start < len(order):
        stop = start + 1
        while stop < len(order) and (
            (stop + 1 - start) * int(texts.lengths[order[stop]]) <= options.chunk_tokens
        ):
            stop += 1
        items = order[start:stop]
        start = stop
        lengths = texts.lengths[items]
        tokens = texts.tokens[items][:, : int(lengths.max())]
        valid = torch.arange(tokens.shape[1]) < lengths[:, None]
        onset = (task.positions(options.onset, tokens) & valid).flatten().nonzero().squeeze(1)
        body = torch.zeros_like(valid)
        if options.body is not None:
            body = task.positions(options.body, tokens) & valid
            body.flatten()[onset] = False
        at = torch.cat([onset, body.flatten().nonzero().squeeze(1)])
        ahead = torch.full_like(tokens, -1)
        ahead[:, :-1] = torch.where(valid[:, 1:], tokens[:, 1:], -1)
        edited = torch.zeros_like(valid)
        if positions is not None:
            edited = task.positions(positions, tokens) & valid
        columns = edited.any(0).nonzero()
        first = int(columns[0]) if len(columns) else 0
        pairs, risk = None, hazard(task, tokens)
        if risk is not None:
            where = risk.flatten()[onset].numpy(), (onset // tokens.shape[1]).numpy()
            pairs = Pairs.of(*where, len(items))
        yield _Chunk(items, tokens, edited, at, len(onset), ahead.flatten()[at], first, pairs)


def _take(chunk: _Chunk, some: Tensor) -> _Chunk:
    """The chunk with only these of the positions read."""
    onsets = int((some < chunk.onsets).sum())
    return replace(
        chunk, at=chunk.at[some], onsets=onsets, following=chunk.following[some], pairs=None
    )


def _read(
    readout: Readout, vocab: int, chunk: _Chunk, behaviour: Tensor, clean: _Onsets | None
) -> tuple[_Values, _Onsets]:
    """Numbers at the positions read and, of the clean run, the probabilities at onsets, from which
    the KL of a condition is then taken."""
    K, onsets = len(chunk.at), chunk.onsets
    log_mass, token, kl = torch.empty(K), torch.empty(K), torch.zeros(onsets)
    kept: list[_Onsets] = []
    for low, high in pairwise(slices(K, vocab)):
        part = slice(low, high)
        at = slice(low, max(low, min(high, onsets)))  # the onsets among them, which come first
        n = at.stop - low

        def make(part: slice = part) -> Tensor:
            return readout.logits(part).float()

        z = make()
        marked = z[:, behaviour].logsumexp(-1)
        following = z.gather(1, chunk.following[part].clamp_min(0)[:, None]).squeeze(1)
        if clean is None:
            kept.append(_Onsets.of(z[:n], readout))
        else:
            kl[at] = clean.inner[at] - readout.dot(at, clean.pulled[at])
        total = log_total(z, make)
        log_mass[part], token[part] = marked - total, following - total
        if clean is not None:
            kl[at] = (kl[at] + total[:n]).clamp_min(0)
    loss = -token
    rest = torch.log1p(-log_mass[:onsets].exp().clamp(max=1 - 1e-7))
    loss[:onsets] += rest
    opens = torch.isin(chunk.following, behaviour)
    opens[onsets:] = False
    loss[opens | (chunk.following < 0)] = torch.nan
    return _Values(log_mass, loss, kl), _Onsets.join(kept)


def _overwrite(base: _Values, new: _Values, where: Tensor, onsets: int) -> _Values:
    """The clean values with those at positions ``where`` replaced."""
    log_mass, loss, kl = base.log_mass.clone(), base.loss.clone(), base.kl.clone()
    log_mass[where], loss[where] = new.log_mass, new.loss
    kl[where[where < onsets]] = new.kl
    return _Values(log_mass, loss, kl)


def _summarise(values: _Values, chunk: _Chunk) -> NDArray[np.float64]:
    """Per text [5, b]: means of onset mass, elsewhere mass, ordinary loss and KL; fidelity."""
    b, T = chunk.tokens.shape
    row = (chunk.at // T).numpy()
    n = chunk.onsets
    mass = values.log_mass.exp().double().numpy()
    return np.stack(
        [
            _mean(mass[:n], row[:n], b),
            _mean(mass[n:], row[n:], b),
            _mean(values.loss.double().numpy(), row, b),
            _mean(values.kl.double().numpy(), row[:n], b),
            np.full(b, np.nan)
            if chunk.pairs is None
            else chunk.pairs.concordance(values.log_mass[:n].numpy()),
        ]
    )


def _mean(values: NDArray[np.float64], row: NDArray[np.int64], rows: int) -> NDArray[np.float64]:
    """Mean of the values that are numbers, per row; NaN for a row without any."""
    good = ~np.isnan(values)
    count = np.bincount(row[good], minlength=rows)
    total = np.bincount(row[good], weights=values[good], minlength=rows)
    return np.divide(total, count, out=np.full(rows, np.nan), where=count > 0)
