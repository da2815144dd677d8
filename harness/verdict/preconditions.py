"""Preconditions: whether the data can speak. Failing one makes a claim INVALID, never FAIL.

Unless its kind says otherwise a precondition holds only if it holds in every replicate that counts.
Each function returns what was got in words, what was needed, a number per replicate, and whether it
held; the judge adds name, kind and reason.

Not covered: which replicates count (``harness.verdict.judge`` applies the exclusion rule, which
looks at health only).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.verdict.estimands import closed
from harness.verdict.probes import reading, words
from harness.verdict.view import View

Params = Mapping[str, Any]


@dataclass(frozen=True)
class Check:
    """Outcome of one precondition before it is named."""

    held: bool
    got: str
    needed: str
    values: tuple[float, ...]


def _worst(values: list[float], low: bool) -> str:
    if not values:
        return "nothing"
    pick = min(values) if low else max(values)
    return f"{'smallest' if low else 'largest'} {pick:.3g}, median {float(np.median(values)):.3g}"


def _at_least(values: list[float], bound: float, what: str) -> Check:
    held = bool(values) and all(v >= bound for v in values)
    return Check(held, f"{what}: {_worst(values, low=True)}", f"at least {bound:g}", tuple(values))


def _at_most(values: list[float], bound: float, what: str) -> Check:
    held = bool(values) and all(v <= bound for v in values)
    return Check(held, f"{what}: {_worst(values, low=False)}", f"at most {bound:g}", tuple(values))


HEALTH = {"loss_gap": "loss above the generator's entropy", "garbage_rate": "garbage rate"}


def unhealthy(record: Mapping[str, Any], params: Params) -> tuple[str, ...]:
    """The health bounds that a replicate breaks, in words; empty if healthy."""
    out = []
    roles = params.get("roles") or sorted(record["health"])
    for role in roles:
        health = record["health"].get(role)
        if health is None:
            if params.get("roles"):
                out.append(f"{role}: no health on record")
            continue
        for name, bound in (
            ("loss_gap", params["loss_gap_at_most"]),
            ("garbage_rate", params["garbage_at_most"]),
        ):
            value = health[name]
            if value is None or not value <= bound:
                got = "is not a number" if value is None else f"is {value:.3f}"
                out.append(f"{role}: {HEALTH[name]} {got}")
    return tuple(out)


def health(view: View, params: Params) -> Check:
    bad = {r: unhealthy(view.record(r), params) for r in view.replicates}
    values, garbage = (
        [
            max(float("inf") if h[name] is None else h[name] for h in record["health"].values())
            for record in map(view.record, view.replicates)
        ]
        for name in HEALTH
    )
    broken = "; ".join(f"replicate {r}: {', '.join(w)}" for r, w in bad.items() if w)
    needed = (
        f"every model within {params['loss_gap_at_most']:g} nats of the generator's entropy, "
        f"garbage rate at most {params['garbage_at_most']:g}"
    )
    got = broken or (
        f"loss above entropy: {_worst(values, low=False)} nats; "
        f"garbage rate: {_worst(garbage, low=False)}"
    )
    return Check(not broken and bool(values), got, needed, tuple(values))


def ratio(view: View, params: Params) -> Check:
    """The arm's readout is ``at_least`` times that of ``over`` and at least ``floor`` itself."""
    one = [view.value(r, params["arm"], params["readout"]) for r in view.replicates]
    two = [view.value(r, params["over"], params["readout"]) for r in view.replicates]
    floor = params.get("floor", 0.0)
    held = all(
        a > 0 and a >= params["at_least"] * b and a >= floor for a, b in zip(one, two, strict=True)
    )
    got = (
        f"{params['readout']} of {params['arm']}: {_worst(one, low=True)}; "
        f"of {params['over']}: {_worst(two, low=False)}"
    )
    needed = f"{params['at_least']:g} times {params['over']}, and at least {floor:g}"
    return Check(held and bool(one), got, needed, tuple(one))


def share(view: View, params: Params) -> Check:
    """Positive control: the arm's readout as a share of ``over``'s."""
    values = [
        view.share(
            view.value(r, params["arm"], params["readout"]),
            view.value(r, params["over"], params["readout"]),
            f"{params['readout']} of {params['over']}, replicate {r}",
        )
        for r in view.replicates
    ]
    what = f"{params['readout']} of {params['arm']} as a share of {params['over']}"
    return _at_least(values, params["at_least"], what)


def level(view: View, params: Params) -> Check:
    values = [
        view.value(r, params["arm"], params["readout"], params.get("at")) for r in view.replicates
    ]
    what = f"{params['readout']} of {params['arm']}"
    if "at_least" in params and params["at_least"] is not None:
        return _at_least(values, params["at_least"], what)
    return _at_most(values, params["at_most"], what)


def probe(view: View, params: Params) -> Check:
    values = [reading(view, params, r) for r in view.replicates]
    if params.get("at_least") is not None:
        return _at_least(values, params["at_least"], words(params))
    return _at_most(values, params["at_most"], words(params))


def rise(view: View, params: Params) -> Check:
    values = []
    for r in view.replicates:
        base = view.value(r, params["baseline"], params["readout"])
        value = view.value(r, params["arm"], params["readout"], params.get("at")) - base
        if params["relative"]:
            value = view.share(value, base, f"{params['readout']} of {params['baseline']}")
        values.append(value)
    what = f"{'relative ' if params['relative'] else ''}rise of {params['readout']}"
    return _at_most(values, params["at_most"], what)


def split_half(view: View, params: Params) -> Check:
    values = [view.cosine(r, params["direction"]) for r in view.replicates]
    return _at_least(values, params["at_least"], f"split-half cosine of {params['direction']}")


def dose_chosen(view: View, params: Params) -> Check:
    found = [view.record(r)["dose"]["judged"] for r in view.replicates]
    missing = [str(r) for r, d in zip(view.replicates, found, strict=True) if d is None]
    values = [float("nan") if d is None else float(d) for d in found]
    got = (
        f"no admissible dose in replicate {', '.join(missing)}"
        if missing
        else f"judged doses {', '.join(f'{v:g}' for v in values)}"
    )
    needed = "an admissible dose above 0 on the select split, in every replicate"
    return Check(not missing and bool(found), got, needed, tuple(values))


def dose_band(view: View, params: Params) -> Check:
    """Realised dose over planned, both in residual norms, at every dose above 0, generating and
    scoring; and every condition fired. Each replicate is represented by its condition furthest
    from 1. An arm in another unit is held to the residual dose that its dose was turned into."""
    arm = view.claim.arm(params["arm"])
    values: list[float] = []
    where: list[str] = []
    silent = 0
    for r in view.replicates:
        extreme, place = 1.0, "at every dose"
        view.require_grid(r, params["arm"])
        for _, row in view.curve(r, params["arm"]).iterrows():
            if row["dose"] == 0:
                continue
            planned = view.planned(r, arm, str(row["variant"]), float(row["dose"]))
            silent += int(not (row["fired"] > 0 and row["fired_scored"] > 0))
            for realised, doing in (
                (row["dose_measured"], "generating"),
                (row["dose_scored"], "scoring"),
            ):
                share_ = float(realised) / planned if planned else float("nan")
                if _distance(share_) > _distance(extreme):
                    extreme = share_
                    name = f"{row['variant']} " if row["variant"] else ""
                    place = f"{name}at dose {row['dose']:g}, {doing}, replicate {r}"
        values.append(extreme)
        where.append(place)
    held = silent == 0 and all(params["low"] <= v <= params["high"] for v in values)
    furthest = max(range(len(values)), key=lambda n: _distance(values[n]), default=None)
    got = "nothing"
    if furthest is not None:
        got = f"realised over nominal dose: furthest from 1 is {values[furthest]:.4g}"
        got += f" ({where[furthest]})"
    got += f"; {silent} conditions never fired" if silent else "; every condition fired"
    needed = f"between {params['low']:g} and {params['high']:g}, every condition fired"
    return Check(held and bool(values), got, needed, tuple(values))


def _distance(value: float) -> float:
    return float(abs(np.log(value))) if np.isfinite(value) and value > 0 else float("inf")


def coverage(view: View, params: Params) -> Check:
    """The grid of ``arms`` reaches the dose at which ``arm`` is known to act; else UNDERDOSED.

    Both doses are realised ones, |delta| over the median residual norm. The acting dose is the
    smallest at which ``arm`` closes the gap by ``closes``.
    """
    values = []
    words = []
    for r in view.replicates:
        acts = None
        for _, row in view.curve(r, params["arm"]).iterrows():
            if (
                row["dose"] > 0
                and closed(view, params, r, float(row[params["readout"]])) >= params["closes"]
            ):
                acts = float(row["dose_measured"])
                break
        for name in params["arms"]:
            if view.claim.arm(name).label and not len(
                view.summary[(view.summary["arm"] == name) & (view.summary["replicate"] == r)]
            ):
                continue
            for variant in view.variants(view.claim.arm(name)):
                reach = float(view.curve(r, name, variant)["dose_measured"].max())
                covered = float("nan") if acts is None else reach / acts
                values.append(covered)
                if not covered >= 1.0:
                    words.append(f"{name}/{variant} in replicate {r}")
    held = bool(values) and not words
    got = (
        f"UNDERDOSED: {len(words)} of {len(values)} grids stop short ({words[0]}, ...)"
        if words
        else f"largest dose over acting dose: {_worst(values, low=True)}"
    )
    needed = f"every grid reaches the dose at which {params['arm']} closes {params['closes']:g}"
    return Check(held, got, needed, tuple(values))


QUALITY = ("explained_variance", "dead_fraction")
"""Of a dictionary; not measured (null) is no number, and a bound never holds of none."""


def dictionary(view: View, params: Params) -> Check:
    found = {
        f"{key} r{r}": {name: np.nan if row[name] is None else float(row[name]) for name in QUALITY}
        for r in view.replicates
        for key, row in view.record(r)["dictionaries"].items()
        if key.endswith("/" + params["hook"]) and not key.startswith("random")
    }
    bad = [
        key
        for key, row in found.items()
        if not (
            row["explained_variance"] >= params["explained_variance_at_least"]
            and row["dead_fraction"] <= params["dead_at_most"]
        )
    ]
    variance = [row["explained_variance"] for row in found.values()]
    dead = [row["dead_fraction"] for row in found.values()]
    got = f"explained variance: {_worst(variance, True)}; dead share: {_worst(dead, False)}"
    got += f"; outside: {', '.join(bad)}" if bad else ""
    needed = (
        f"explained variance at least {params['explained_variance_at_least']:g}, "
        f"dead share at most {params['dead_at_most']:g}"
    )
    return Check(bool(found) and not bad, got, needed, tuple(variance))


KINDS: Mapping[str, Callable[[View, Params], Check]] = {
    "health": health,
    "ratio": ratio,
    "share": share,
    "level": level,
    "probe": probe,
    "rise": rise,
    "split-half": split_half,
    "dose-chosen": dose_chosen,
    "dose-band": dose_band,
    "coverage": coverage,
    "dictionary": dictionary,
}
