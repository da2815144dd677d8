"""The fitting methods, one function each; see the table in ``harness.intervene.fit``.

A fitter returns the vector [d] and its natural length, or None for the length of the vector itself.

Not covered: normalisation, provenance (``fit``).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from harness.errors import ClaimsError, NothingFired
from harness.intervene.context import FitContext, behaviour_gradient
from harness.intervene.optimise import optimised
from harness.subject.backend import Model

Fitted = tuple[Tensor, float | None]
Fitter = Callable[[FitContext, str | None, str | None], Fitted]
MOST_ROWS = 4000
"""Logistic regressions see at most this many rows a side, drawn with the context's seed."""


def mean_difference(context: FitContext, positive: str | None, negative: str | None) -> Fitted:
    one = context.gathered(context.role(positive, "positive"))
    two = context.gathered(context.role(negative, "negative"))
    return one.x.mean(0) - two.x.mean(0), None


def mean_activation(context: FitContext, positive: str | None, negative: str | None) -> Fitted:
    return context.gathered(context.role(positive, "positive")).x.mean(0), None


def behaviour_contrast(context: FitContext, positive: str | None, negative: str | None) -> Fitted:
    yes, no = _by_behaviour(context, positive)
    return yes.mean(0) - no.mean(0), None


def gradient(context: FitContext, positive: str | None, negative: str | None) -> Fitted:
    return behaviour_gradient(context, context.host), None


def gradient_positive(context: FitContext, positive: str | None, negative: str | None) -> Fitted:
    return behaviour_gradient(context, context.role(positive, "positive")), None


def logistic(context: FitContext, positive: str | None, negative: str | None) -> Fitted:
    one = context.gathered(context.role(positive, "positive")).x
    two = context.gathered(context.role(negative, "negative")).x
    return _separate(one, two, context.seed)


def logistic_behaviour(context: FitContext, positive: str | None, negative: str | None) -> Fitted:
    yes, no = _by_behaviour(context, positive)
    return _separate(yes, no, context.seed)


def pca_difference(context: FitContext, positive: str | None, negative: str | None) -> Fitted:
    one = context.gathered(context.role(positive, "positive")).x
    two = context.gathered(context.role(negative, "negative")).x
    unit = _oriented(context, _first_component(one - two))
    return unit, float(((one.mean(0) - two.mean(0)) @ unit).abs())


def pca_within(context: FitContext, positive: str | None, negative: str | None) -> Fitted:
    x = context.gathered(context.role(positive, "positive")).x
    unit = _oriented(context, _first_component(x))
    return unit, float((x @ unit).std())


def svd_mlp(context: FitContext, positive: str | None, negative: str | None) -> Fitted:
    return _singular(context, positive, negative, "mlp")


def svd_attention(context: FitContext, positive: str | None, negative: str | None) -> Fitted:
    return _singular(context, positive, negative, "attn")


def optimised_vector(context: FitContext, positive: str | None, negative: str | None) -> Fitted:
    return optimised(context), None


def _by_behaviour(context: FitContext, positive: str | None) -> tuple[Tensor, Tensor]:
    """The positive model's activations before the behaviour, and before anything else."""
    seen = context.gathered(context.role(positive, "positive"))
    opens = torch.isin(seen.following, torch.tensor(context.task.token_sets[context.behaviour]))
    yes, no = seen.x[opens], seen.x[~opens & (seen.following >= 0)]
    if len(yes) < 2 or len(no) < 2:
        raise NothingFired(
            f"{len(yes)} positions followed by the behaviour and {len(no)} by something else: "
            "nothing to contrast",
            where=f"{context.hook} at {context.positions}",
            fix="Fit on a text variant in which the behaviour occurs, at its onsets",
        )
    return yes, no


def _separate(yes: Tensor, no: Tensor, seed: int) -> Fitted:
    """Logistic regression with unit ridge on activations scaled by their overall spread."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(seed)
    sides = [
        s.numpy()[np.sort(rng.permutation(len(s))[:MOST_ROWS])].astype(np.float64)
        for s in (yes, no)
    ]
    x = np.concatenate(sides)
    spread = float(x.std())
    label = np.repeat([1, 0], [len(sides[0]), len(sides[1])])
    model = LogisticRegression(max_iter=500, class_weight="balanced")
    model.fit((x - x.mean(0)) / spread, label)
    vector = torch.from_numpy(model.coef_[0].astype(np.float32))
    unit = vector / vector.norm()
    return vector, float(((yes.mean(0) - no.mean(0)) @ unit).abs())


def _first_component(x: Tensor) -> Tensor:
    """Unit vector [d] of largest variance, without a sign of its own."""
    centred = (x - x.mean(0)).double()
    values, vectors = torch.linalg.eigh(centred.T @ centred)
    if not float(values[-1]) > 0:
        return torch.zeros(x.shape[1])
    return vectors[:, -1].float()


def _singular(context: FitContext, positive: str | None, negative: str | None, part: str) -> Fitted:
    """Of the difference of what the block just below the site writes. The other side is the
    negative role if there is one, else the host."""
    layer = _below(context.hook, part)
    one = context.role(positive, "positive")
    other: Model = context.roles[negative] if negative else context.host
    delta = one.output_matrix(part, layer) - other.output_matrix(part, layer)
    if not float(delta.abs().max()) > 0:
        return torch.zeros(one.d_model), None
    left = torch.linalg.svd(delta.double(), full_matrices=False).U[:, 0].float()
    unit = _oriented(context, left)
    a, b = (context.gathered(m).x.mean(0) for m in (one, other))
    return unit, float(((a - b) @ unit).abs())


def _below(hook: str, part: str) -> int:
    """The last layer whose ``part`` writes into the residual at ``hook``."""
    pieces = hook.split(".")
    layer, site = int(pieces[1]), pieces[-1].removeprefix("hook_")
    includes = {"resid_post", "mlp_out"} | ({"resid_mid", "attn_out"} if part == "attn" else set())
    layer -= 0 if site in includes else 1
    if layer < 0:
        raise ClaimsError(
            f"no {part} block lies below {hook}", fix="Choose a site after the first block"
        )
    return layer


def _oriented(context: FitContext, unit: Tensor) -> Tensor:
    """``unit`` or its opposite, so that it points along the host's gradient."""
    return -unit if float(unit @ behaviour_gradient(context, context.host)) < 0 else unit


FITTERS: dict[str, Fitter] = {
    "mean-difference": mean_difference,
    "mean-activation": mean_activation,
    "behaviour-contrast": behaviour_contrast,
    "gradient": gradient,
    "gradient-positive": gradient_positive,
    "logistic": logistic,
    "logistic-behaviour": logistic_behaviour,
    "pca-difference": pca_difference,
    "pca-within": pca_within,
    "svd-mlp": svd_mlp,
    "svd-attention": svd_attention,
    "optimised": optimised_vector,
}
