"""Candidate directions: one vector per method, fitted on the ``fit`` split at one site.

Every method returns a unit vector, a natural length and its provenance. *positive* and *negative*
are models (say trained and standard) run on the same texts; the *host* is the model that an arm
intervenes on.

| method | vector |
|---|---|
| mean-difference | mean of positive minus mean of negative over the position class |
| mean-activation | mean of positive |
| behaviour-contrast | positive: onsets followed by the behaviour minus onsets followed by another |
| gradient | host: gradient of the mean log behaviour mass at onsets, wrt a vector at the class |
| gradient-positive | the same in the positive model |
| logistic | logistic regression, positive's activations against negative's |
| logistic-behaviour | positive: onsets followed by the behaviour against the others |
| pca-difference | first principal component of the paired differences (centred) |
| pca-within | first principal component of positive's activations (centred) |
| svd-mlp | first left singular vector of positive's minus the other's MLP output matrix |
| svd-attention | the same for the attention's output matrix |
| optimised | host: the vector in a ball that brings most log behaviour mass at onsets (Adam) |

Sign: differences, contrasts, regressions and gradients point from without to with the behaviour and
keep that sign, so that one that pushes the wrong way is seen to. Principal components and singular
vectors have no sign of their own: they are oriented so that their inner product with the host's
gradient is positive, that is, toward more behaviour in the model that will be steered.

Length: of the vector itself for mean-difference, mean-activation, behaviour-contrast, optimised and
gradients (the last in nats per activation unit); otherwise the distance of the two groups' means
along the unit vector, in activation units.

Not covered: the dose (the judge's), directions read from a file (``harness.intervene.store``).
"""

from __future__ import annotations

from harness.errors import ClaimsError, UnknownName, nearest
from harness.intervene.context import Direction, FitContext
from harness.intervene.methods import FITTERS

__all__ = ["Direction", "FitContext", "fit_direction", "split_half_cosine"]


def fit_direction(
    method: str, context: FitContext, positive: str | None, negative: str | None
) -> Direction:
    """Fit one direction. Raises :class:`UnknownName` for an unknown method or role,
    :class:`ClaimsError` where a method lacks what it needs or finds no direction at all."""
    if method not in FITTERS:
        raise UnknownName(
            f"no method {method!r}", fix=f"Nearest methods: {nearest(method, tuple(FITTERS))}"
        )
    for model in (context.host, *(context.roles.values())):
        model.check_site(context.hook)
    vector, length = FITTERS[method](context, positive, negative)
    size = float(vector.norm())
    if not size > 0:
        raise ClaimsError(
            f"method {method!r} found no direction: the vector is zero or not a number",
            where=f"{context.hook} at {context.positions}",
            fix="The two sides may be the same model; choose a different positive or negative role",
        )
    counts = ", ".join(f"{len(t.tokens)} {name}" for name, t in context.texts.items())
    return Direction(
        (vector / size).float(),
        size if length is None else length,
        {
            "method": method,
            "positive": positive or "",
            "negative": negative or "",
            "positive_model": context.roles[positive].name if positive else "",
            "negative_model": context.roles[negative].name if negative else "",
            "host": context.host.name,
            "mode": context.host.mode,
            "hook": context.hook,
            "positions": context.positions,
            "texts": counts,
            "seed": str(context.seed),
            "norm_is": "length of the vector" if length is None else "separation along the unit",
        },
    )


def split_half_cosine(
    method: str, context: FitContext, positive: str | None, negative: str | None
) -> float:
    """Cosine between the directions fitted on the even and on the odd items."""
    one = fit_direction(method, context.half(False), positive, negative).unit
    two = fit_direction(method, context.half(True), positive, negative).unit
    return float(one @ two)
