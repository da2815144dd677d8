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
offers no hazard. A text with a position at which the model gives no number gets infinity, so that
no mean over texts passes over what broke. Dose 0 *is* the clean run, so it is bit-identical to it.
Who asks for no bodies gets NaN for the second and the third, and spares the last block and the
unembedding all positions that are no onsets: where every fourth is one, a tenth to a fifth of the
time of a sweep in the miniature and over a third at 23.5M parameters.

Not covered: losses of prompts and of separators; sampling (``harness.readout.generate``).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.errors import ClaimsError, UnknownName, nearest
from harness.intervene.apply import Applied, Evidence, Trace
from harness.intervene.edit import Edit, Rewrite
from harness.readout.chunks import Chunk, ScoreOptions, chunks
from harness.readout.vocabulary import log_total, slices, unit
from harness.subject.backend import Model
from harness.subject.interface import Task, Texts
from harness.subject.reading import Readout


@dataclass(frozen=True)
class Scores:
    """Readouts per condition and text, all [C, B]; see the module."""

    onset_mass: NDArray[np.float64]
    elsewhere_mass: NDArray[np.float64]
    ordinary_loss: NDArray[np.float64]
    kl: NDArray[np.float64]
    fidelity: NDArray[np.float64]
    evidence: Evidence


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
    """Per position read: log mass of the behaviour [K], loss [K], KL [onsets]; NaN where the model
    gives no number."""

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
    for chunk in chunks(task, texts, edit, behaviour, options):
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
        moved_at = chunk.at[moved] // T * (T - chunk.first) + column[moved] - chunk.first
        part = chunk.take(moved)
        reference = kept.take(moved[: part.onsets])
        edited = chunk.edited[:, chunk.first :]
        replay = model.replay(clean, moved_at, edited.flatten().nonzero().squeeze(1))
        any_edited, active = bool(edited.any()), edit.active.tolist()
        applied.aim(edited, torch.zeros_like(chunk.items), chunk.items, chunk.first)
        for c in range(conditions):
            if c:
                applied.next_condition()
            site = applied(clean.site)
            if not active[c] or not any_edited:
                out[:, c, items] = rows
                continue
            shift = edit.shift(c) if isinstance(edit, Edit) else None
            values, _ = _read(replay(site, shift), model.vocab, part, behaviour, reference)
            if len(moved) < len(chunk.at):
                values = _overwrite(base, values, moved, chunk.onsets)
            out[:, c, items] = _summarise(values, chunk)
    if edit is not None:
        trace.require_fired(edit.positions, edit.hook)
    if options.body is None:
        out[2] = np.nan  # a loss at onsets alone is not the loss of the text's tokens
    evidence = Evidence.none(conditions, count) if edit is None else trace.evidence()
    return Scores(out[0], out[1], out[2], out[3], out[4], evidence)


def _read(
    readout: Readout, vocab: int, chunk: Chunk, behaviour: Tensor, clean: _Onsets | None
) -> tuple[_Values, _Onsets]:
    """Numbers at the positions read and, of the clean run, the probabilities at onsets, from which
    the KL of a condition is then taken."""
    K, onsets = len(chunk.at), chunk.onsets
    log_mass, token, kl = torch.empty(K), torch.empty(K), torch.zeros(onsets)
    kept: list[_Onsets] = []
    nats = unit(vocab)
    for low, high in pairwise(slices(K, vocab)):
        part = slice(low, high)
        at = slice(low, max(low, min(high, onsets)))  # the onsets among them, which come first
        n = at.stop - low

        def make(part: slice = part) -> Tensor:
            return readout.logits(part, 1 / nats).float()

        z = make()
        marked = z.index_select(1, behaviour).mul_(nats).logsumexp(-1)
        following = z.gather(1, chunk.following[part].clamp_min(0)[:, None]).squeeze(1).mul_(nats)
        if clean is None:
            kept.append(_Onsets.of(z[:n] * nats, readout))
        else:
            kl[at] = clean.inner[at] - readout.dot(at, clean.pulled[at])
        total = log_total(z, make)
        log_mass[part], token[part] = marked - total, following - total
        if clean is not None:
            kl[at] = (kl[at] + total[:n]).clamp_min(0)
    loss = -token
    rest = torch.log1p(-log_mass[:onsets].exp().clamp(max=1 - 1e-7))
    loss[:onsets] += rest
    return _Values(log_mass, loss, kl), _Onsets.join(kept)


def _overwrite(base: _Values, new: _Values, where: Tensor, onsets: int) -> _Values:
    """The clean values with those at positions ``where`` replaced."""
    log_mass, loss, kl = base.log_mass.clone(), base.loss.clone(), base.kl.clone()
    log_mass[where], loss[where] = new.log_mass, new.loss
    kl[where[where < onsets]] = new.kl
    return _Values(log_mass, loss, kl)


def _summarise(values: _Values, chunk: Chunk) -> NDArray[np.float64]:
    """Per text [5, b]: means of onset mass, elsewhere mass, ordinary loss and KL; fidelity."""
    b, row, n = len(chunk.items), chunk.row, chunk.onsets
    mass = values.log_mass.exp().double().numpy()
    read = ~chunk.unread.numpy()
    means = [
        _mean(mass[:n], row[:n], b),
        _mean(mass[n:], row[n:], b),
        _mean(values.loss.double().numpy()[read], row[read], b),
        _mean(values.kl.double().numpy(), row[:n], b),
    ]
    fidelity = np.full(b, np.nan)
    if chunk.pairs is not None:
        fidelity = chunk.pairs.concordance(values.log_mass[:n].numpy())
        fidelity[np.isinf(means[0])] = np.inf
    return np.stack([*means, fidelity])


def _mean(values: NDArray[np.float64], row: NDArray[np.int64], rows: int) -> NDArray[np.float64]:
    """Mean of the values per row; NaN for a row without any, infinity for one with a NaN."""
    count = np.bincount(row, minlength=rows)
    total = np.bincount(row, weights=values, minlength=rows)
    means = np.divide(total, count, out=np.full(rows, np.nan), where=count > 0)
    means[(count > 0) & np.isnan(means)] = np.inf
    return means
