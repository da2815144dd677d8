"""The contest at one size: who takes part, the same work for all, agreement first, then rounds.

Contestants: the engine; the bare torch form of it; a TransformerBridge loop; and the peers that are
installed. All but the bare form, which takes the weights, read one checkpoint folder. Before
anything is timed, every other contestant's logits have to agree with the engine's within
``TOLERANCE``, with and without edit, and the tokens that it samples greedily under the edit have to
be the engine's choices: at every step within ``TOLERANCE`` of the largest logit that the engine
gives there. Whoever does not agree is left out, in words.

One of a sweep's conditions is the baseline. The engine and the bare form run it once, and it is the
clean run that all others are compared with; to a loop it is a condition like any other, so that
the clean run it needs for the KL is counted once, as theirs is. Loops and peers are measured on
fewer conditions, whose time does not depend on which they are.

Not covered: training (``bench_engine``).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from benchmarks.arithmetic import flops
from benchmarks.bare import Bare
from benchmarks.loop import HOOK, BridgeLoop
from benchmarks.peers import PACKAGES
from benchmarks.peers.process import PeerFailed, Process
from benchmarks.records import BARE, BRIDGE, ENGINE, Row, row
from benchmarks.subjects import LEAD, Endless, decoder, folder_of
from benchmarks.timing import Turn, interleave, rate
from benchmarks.work import NEW, Work
from harness.intervene.edit import Edit, steer
from harness.readout.generate import GenerateOptions, generate
from harness.readout.score import ScoreOptions, score
from harness.subject.backend import Watch
from harness.subject.bridge import load_bridge
from harness.subject.decoder import DecoderConfig
from harness.subject.interface import Prompts, Texts
from harness.subject.native import NativeModel, load_native

TOLERANCE = 1e-4
FEW, MANY = 2, 1 << 30
"""Conditions that warm up the engine and the bare form; as many as there are."""


@dataclass(frozen=True)
class Size:
    """How much work one round does at one model size: conditions of the engine (``generate``,
    ``score``), of the loops (``loop``), and of the loops as rows of one batch (``together``)."""

    name: str
    config: DecoderConfig
    prompts: int
    generate: int
    texts: int
    score: int
    loop: int
    together: int
    max_rows: int
    train_steps: int
    batch: int


@dataclass
class Contest:
    """One size's work and the engine's view of it; ``absent``: who takes no part, and why."""

    size: Size
    folder: Path
    work: Work
    texts: Texts
    prompts: Prompts
    model: NativeModel
    edit: Edit
    task: Endless
    absent: dict[str, str] = field(default_factory=dict)

    @classmethod
    def open(cls, size: Size, folder: Path) -> Contest:
        """Random weights, work and edit, written into ``folder``."""
        task = Endless(size.config.vocab)
        folder_of(decoder(size.config), folder)
        prompts = task.prompts("fit", size.prompts, 0)
        texts = task.texts("fit", size.texts, 0, "plain")
        d, most = size.config.d_model, max(size.generate, size.score)
        unit = torch.randn(most, d, generator=torch.Generator().manual_seed(1))
        unit /= unit.norm(dim=-1, keepdim=True)
        vectors = torch.linspace(0.3, 3, most)[:, None] * unit
        vectors[most // 2] = 0  # the baseline, which a grid of doses has once
        work = Work(
            tokens=texts.tokens,
            lengths=texts.lengths,
            onset=task.positions("step_onset", texts.tokens),
            body=task.positions("step_body", texts.tokens),
            behaviour=torch.tensor(task.token_sets["behaviour"]),
            member=task.positions("step_onset", torch.arange(task.vocab_size)[:, None])[:, 0],
            prompts=prompts.tokens,
            vectors=vectors,
            together=torch.tensor(size.together),
        )
        work.save(folder)
        edit = steer(HOOK, "step_onset", vectors)
        return cls(size, folder, work, texts, prompts, load_native(folder), edit, task)

    # ---- agreement ----

    def logits(self, tokens: Tensor, vector: Tensor | None) -> Tensor:
        """The engine's logits [B, T, V], ``vector`` added at onsets."""
        if vector is None:
            return self.model.logits(tokens)
        where = self.work.member[tokens][..., None]
        return self.model.logits(tokens, Watch(HOOK, lambda x: torch.where(where, x + vector, x)))

    def disagreement(self, clean: Tensor, edited: Tensor, tokens: Tensor) -> str:
        """Empty, or in words what of a contestant differs from the engine: its logits [B, T, V] of
        the texts without edit and with the last vector, and the tokens [P, NEW] it takes greedily
        with that vector."""
        last = self.work.vectors[-1]
        for name, theirs, vector in (("clean", clean, None), ("edited", edited, last)):
            gap = float((theirs - self.logits(self.work.tokens, vector)).abs().max())
            if not gap < TOLERANCE:
                return f"its {name} logits differ by {gap:.2g}"
        whole = torch.cat([self.work.prompts, tokens], 1)
        ours = self.logits(whole, last)[:, LEAD - 1 : -1]
        short = ours.amax(-1) - ours.gather(-1, tokens[..., None])[..., 0]
        if not float(short.max()) < TOLERANCE:
            wrong = int((short >= TOLERANCE).sum())
            return f"{wrong} of its {short.numel()} greedy tokens are not the engine's choice"
        return ""

    # ---- contestants ----

    def engine(self, few: int = MANY) -> dict[str, Turn]:
        """``few``: of the conditions, to warm up."""
        size, options = self.size, GenerateOptions(NEW, 1, max_rows=self.size.max_rows)
        sampled, read = min(few, size.generate), min(few, size.score)
        some, every = (self.edit.take(torch.arange(n)) for n in (sampled, read))

        def sample() -> object:
            return generate(self.model, self.task, self.prompts, some, options)

        def sweep(options: ScoreOptions) -> object:
            return score(self.model, self.task, self.texts, every, options)

        made = sampled * size.prompts * NEW
        return {
            "generate": rate(made, sample),
            "score": rate(read, lambda: sweep(ScoreOptions())),
            "score/onsets": rate(read, lambda: sweep(ScoreOptions(body=None))),
        }

    def bare(self, few: int = MANY) -> dict[str, Turn]:
        """As :meth:`engine`."""
        size, bare = self.size, Bare(self.model.decoder)
        some, every = self.work.vectors[: size.generate][:few], self.work.vectors[: size.score]
        every, noise = every[:few], torch.Generator().manual_seed(1)

        def sample() -> object:
            return bare.generate(self.work, some, NEW, size.max_rows, noise)

        made = len(some) * size.prompts * NEW
        return {
            "generate": rate(made, sample),
            "score": rate(len(every), lambda: bare.score(self.work, every)),
            "score/onsets": rate(len(every), lambda: bare.score(self.work, every, bodies=False)),
        }

    def bridge(self) -> dict[str, Turn]:
        """Raises :class:`PeerFailed` where it does not agree."""
        size, loop = self.size, BridgeLoop(load_bridge(self.folder).bridge, self.work)
        one = replace(self.work, vectors=self.work.vectors[-1:])
        greedy = BridgeLoop(loop.bridge, one).generate(1, 1, sample=False)[0]
        if words := self.disagreement(loop.logits(None), loop.logits(one.vectors[0]), greedy):
            raise PeerFailed(words)
        made = size.prompts * NEW
        return {
            "generate": rate(made * size.loop, lambda: loop.generate(size.loop, 1)),
            "generate/rows": rate(
                made * size.together, lambda: loop.generate(size.together, size.together)
            ),
            "score": rate(size.loop, lambda: loop.score(size.loop, careful=False)),
            "score/careful": rate(size.loop, lambda: loop.score(size.loop, careful=True)),
            "score/onsets": rate(size.loop, lambda: loop.score_onsets(size.loop)),
        }

    def peer(self, process: Process) -> dict[str, Turn]:
        """Raises :class:`PeerFailed`; where only sampling differs, sampling is left out."""
        size = self.size
        process.ask("load", folder=str(self.folder))
        into = self.folder / f"{process.name}.safetensors"
        process.ask("check", into=str(into))
        if words := self.disagreement(**load_file(str(into))):
            raise PeerFailed(words)

        def sample(count: int, together: int) -> float:
            done = process.ask("generate", count=count, together=together)
            return float(done["tokens"] / done["seconds"])

        def read(onsets: bool) -> float:
            done = process.ask("score", count=size.loop, onsets=onsets)
            return float(size.loop / done["seconds"])

        return {
            "generate": lambda: sample(size.loop, 1),
            "generate/rows": lambda: sample(size.together, size.together),
            "score/careful": partial(read, False),
            "score/onsets": partial(read, True),
        }


def contestants(contest: Contest, processes: Mapping[str, Process]) -> dict[str, dict[str, Turn]]:
    """Name -> readout -> its turn; who does not agree goes to ``contest.absent``."""
    found = {ENGINE: contest.engine(), BARE: contest.bare()}
    makers = {BRIDGE: contest.bridge}
    makers |= {name: partial(contest.peer, process) for name, process in processes.items()}
    for name, make in makers.items():
        try:
            found[name] = make()
        except PeerFailed as error:
            contest.absent[name] = str(error)
    return found


@contextlib.contextmanager
def started(log: Path, absent: dict[str, str]) -> Iterator[dict[str, Process]]:
    """The peers' processes; those that are not installed go to ``absent``."""
    with contextlib.ExitStack() as stack:
        found = {}
        for name in PACKAGES:
            try:
                found[name] = stack.enter_context(Process(name, log))
            except PeerFailed as error:
                absent[name] = str(error)
        yield found


def hold(contest: Contest, processes: Mapping[str, Process], rounds: int) -> list[Row]:
    """Alternate all contestants; the rows, readout by readout, the engine's own first."""
    found = contestants(contest, processes)
    turns = {f"{who}: {readout}": t for who, some in found.items() for readout, t in some.items()}
    mine = f"{ENGINE}: "

    def failed(name: str, error: Exception) -> None:
        contest.absent[name] = str(error)

    warm = dict(turns)
    for who, make in ((ENGINE, contest.engine), (BARE, contest.bare)):
        warm |= {f"{who}: {readout}": turn for readout, turn in make(FEW).items()}
    for name, turn in warm.items():
        try:
            turn()
        except PeerFailed as error:
            failed(name, error)
            del turns[name]
    rates, top = interleave(turns, rounds, failed, PeerFailed)
    size, work = contest.size, flops(contest.size.config, contest.work, contest.size.score)
    rows: list[Row] = []
    for readout, of in (
        *(("generate", "generate"), ("generate/rows", "generate")),
        *(("score", "score"), ("score/careful", "score"), ("score/onsets", "score/onsets")),
    ):
        unit = "tokens/s" if of == "generate" else "conditions/s"
        ours = rates[mine + of]
        if readout == of:
            rows.append(row(size.name, of, unit, ENGINE, ours, ours, work[of], top))
        for who in found:
            theirs = rates.get(f"{who}: {readout}")
            if who != ENGINE and theirs is not None:
                rows.append(row(size.name, readout, unit, who, ours, theirs))
    return rows
