"""A peer's process: reads one JSON request a line, does it, answers in one line.

    <environment>/bin/python -m benchmarks.peers.serve nnsight

    {"do": "load", "folder": F}                     the checkpoint and the work in F
    {"do": "check", "into": FILE}                   logits and greedy tokens, as safetensors
    {"do": "score", "count": n, "onsets": b}        {"seconds": s}, n conditions, onsets alone or
                                                    all that the sweep reads
    {"do": "generate", "count": n, "together": k}   {"seconds": s, "tokens": made}

Seconds are processor time of the work alone; loading and the clean run come before. An exception
is answered as {"error": words}: the benchmark goes on without the peer.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors.torch import save_file
from torch import Tensor

from benchmarks.work import Read, Work


class Contestant(Protocol):
    """What a peer's module offers as ``Peer(folder, work)``."""

    def logits(self, vector: Tensor | None) -> Tensor:
        """[B, T, V] of the work's texts, ``vector`` [d] added at onsets."""

    def generate(self, rows: Tensor, added: Tensor, sample: bool) -> Tensor:
        """New tokens [R, NEW] after rows [R, L], ``added`` [R, 1, d] at every onset, sampled or
        greedy."""


class Server:
    """One peer and the work it has loaded."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.peer: Contestant
        self.work: Work
        self.clean: Tensor

    def load(self, folder: str) -> dict[str, Any]:
        made = importlib.import_module(f"benchmarks.peers.{self.name}_peer").Peer
        self.work = Work.load(Path(folder))
        self.peer = made(Path(folder), self.work)
        self.read = Read.of(self.work)
        self.clean = self.peer.logits(None).log_softmax(-1)
        return {"versions": {n: version(n) for n in (self.name, "torch", "transformers")}}

    def check(self, into: str) -> dict[str, Any]:
        vector = self.work.vectors[-1]
        tokens = self._generate(vector[None], sample=False)
        found = {"clean": self.peer.logits(None), "edited": self.peer.logits(vector)}
        save_file({**{k: v.contiguous() for k, v in found.items()}, "tokens": tokens}, into)
        return {}

    def score(self, count: int, onsets: bool) -> dict[str, Any]:
        def run() -> None:
            for vector in self.work.vectors[:count]:
                logits = self.peer.logits(vector)
                if onsets:
                    self.read.at_onsets(logits, self.clean, self.work.behaviour)
                else:
                    self.read.values(logits, self.clean, self.work.behaviour, careful=True)

        return {"seconds": seconds(run)}

    def generate(self, count: int, together: int) -> dict[str, Any]:
        made = 0

        def run() -> None:
            nonlocal made
            for vectors in self.work.vectors[:count].split(together):
                made += self._generate(vectors, sample=True).numel()

        return {"seconds": seconds(run), "tokens": made}

    def _generate(self, vectors: Tensor, sample: bool) -> Tensor:
        prompts = self.work.prompts
        rows = prompts.repeat(len(vectors), 1)
        added = vectors.repeat_interleave(len(prompts), 0)[:, None]
        return self.peer.generate(rows, added, sample).contiguous()


def seconds(run: Callable[[], object]) -> float:
    """Processor seconds."""
    start = time.process_time()
    run()
    return time.process_time() - start


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print is no answer
    torch.set_num_threads(1)
    server = Server(sys.argv[1])
    for line in sys.stdin:
        request = json.loads(line)
        do = getattr(server, request.pop("do"))
        try:
            answer = do(**request)
        except Exception as error:  # noqa: BLE001 whatever a library raises: the run goes on
            traceback.print_exc()
            words = " ".join(str(error).split())
            answer = {"error": f"{type(error).__name__}: {words}"[:300]}
        answers.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
