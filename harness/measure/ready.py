"""What a claim names and only its task or its models know: looked up before anything is measured.

A misspelt position class is found before a model is trained and before the ledger is told that an
attempt has begun; a hook, a head or a length that the models do not have, when the first of them is
there, before the others are trained.

Not covered: what a claim says by itself (``harness.claim``, ``harness.lock.lint``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from harness.claim.probes import PROBES
from harness.claim.schema import Claim
from harness.errors import ClaimsError, UnknownName, nearest
from harness.intervene.store import load_direction
from harness.measure.artefacts import Workshop
from harness.measure.drawn import seed_of
from harness.measure.job import Job
from harness.subject.backend import Model
from harness.subject.interface import Task
from harness.subject.patterned import patterned

CLASSES = ("positions", "classes")
"""Kinds of a probe's parameters that name position classes."""


def check_task(job: Job, workshop: Workshop) -> None:
    """Raise :class:`ClaimsError` at the place of the claim that names a class which the task does
    not have, a text variant that it does not have, or a file that holds no direction."""
    claim, task = job.claim, patterned(workshop.builder.task, workshop.functions)
    tokens = task.texts("explore", 1, 0, task.variants[0]).tokens
    for place, name in position_classes(claim):
        with_place(partial(task.positions, name, tokens), claim, place)
    for one in claim.directions:
        if one.file is not None:
            given = job.root / one.file
            with_place(partial(load_direction, given), claim, f"directions.{one.name}.file")
    for place, name in text_variants(claim):
        if name not in task.variants:
            raise UnknownName(
                f"no text variant {name!r}",
                where=_where(claim, place),
                fix=f"Nearest variants: {nearest(name, task.variants)}",
            )


def position_classes(claim: Claim) -> Iterator[tuple[str, str]]:
    """Place in the claim and name of every position class that it names."""
    for name, site in claim.sites.items():
        yield f"sites.{name}.positions", site.positions
    for arm in claim.arms:
        if arm.chosen is not None and arm.chosen.attends is not None:
            yield f"arms.{arm.name}.heads.attends", arm.chosen.attends
    for probe in claim.probes:
        for param in PROBES[probe.kind].params:
            value = probe.params.get(param.name)
            if param.type in CLASSES and value is not None:
                for name in (value,) if isinstance(value, str) else value:
                    yield f"probes.{probe.name}.{param.name}", str(name)
    estimands = {f"criteria.{one.name}.estimand": one.estimand for one in claim.criteria}
    estimands |= {f"shown.{name}": estimand for name, estimand in claim.shown.items()}
    for place, estimand in estimands.items():
        if estimand.get("positions") is not None:
            yield f"{place}.positions", str(estimand["positions"])


def text_variants(claim: Claim) -> Iterator[tuple[str, str]]:
    """Place in the claim and name of every text variant that it names."""
    for arm in claim.arms:
        if arm.chosen is not None and arm.chosen.texts is not None:
            yield f"arms.{arm.name}.heads.texts", arm.chosen.texts
    for probe in claim.probes:
        if probe.params.get("texts") is not None:
            yield f"probes.{probe.name}.texts", str(probe.params["texts"])


def check_model(job: Job, task: Task, model: Model, replicate: int) -> None:
    """Raise :class:`ClaimsError` at the place of the claim that asks of the model what it does not
    have: a site, a head, a context as long as its prompts and texts need."""
    claim = job.claim
    for name, site in claim.sites.items():
        with_place(partial(model.check_site, site.hook), claim, f"sites.{name}.hook")
    for arm in claim.arms:
        for what, parts, there in (
            ("head", arm.heads, model.n_heads),
            ("neuron", arm.neurons, model.d_mlp),
        ):
            if beyond := [one for one in parts if one >= there]:
                raise ClaimsError(
                    f"no {what} {beyond[0]}: there are {there}",
                    where=_where(claim, f"arms.{arm.name}.{what}s"),
                    fix=f"Count {what}s from 0",
                )
    prompts = task.prompts("select", 1, seed_of(job, "prompts", "select", replicate))
    length = prompts.tokens.shape[1] + claim.samples.new_tokens
    if length > model.context:
        raise ClaimsError(
            f"prompts of {prompts.tokens.shape[1]} tokens and {claim.samples.new_tokens} new ones "
            f"do not fit in a context of {model.context}",
            where=_where(claim, "samples.new_tokens"),
            fix="Generate fewer tokens",
        )


def with_place(look: Callable[[], object], claim: Claim, place: str) -> None:
    """Do what raises :class:`ClaimsError` without knowing which part of a claim it is about."""
    try:
        look()
    except ClaimsError as error:
        raise type(error)(error.what, where=_where(claim, place), fix=error.fix) from error


def _where(claim: Claim, place: str) -> str:
    return f"claims/{claim.id}.yaml: {place}"
