"""What the parts of an arm and of a direction may be called, and how large a dose may be.

Not covered: kinds of estimand and precondition (``harness.claim.kinds``), readouts
(``harness.claim.vocabulary``).
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.claim.feature_arms import FEATURE_OPERATIONS, MATCHED_RATE

AFFINE = ("add", "subtract", "project-out", "clamp", "patch", "replace-mean", "replace-zero")
OPERATIONS = (*AFFINE, "ablate", "interchange", *FEATURE_OPERATIONS)
WITHOUT_DIRECTION = ("replace-mean", "replace-zero", "ablate", "interchange", *FEATURE_OPERATIONS)
WAYS = ("zero", "mean", "resample")
CONTROLS = ("isotropic", "covariance", "placebo", MATCHED_RATE)
RANKS = (1, 2, 4, 8, 16)
LEADS = ("mean-difference",)
MAPS = ("procrustes", "affine")
PARTS = ("row-space", "null-space")
UNITS = ("residual", "own", "kl")
DRAWN = ("once", "per-replicate")
LARGEST_DOSE: Mapping[str, float] = {"residual": 4.0, "own": 1000.0, "kl": 20.0}
"""By unit. Beyond 4 median residual norms nothing of the model's own is left; a direction may be
short, so that many times its own length are few residual norms; 20 nats are next to nothing left of
the clean model's predictions."""
METHODS = (
    "mean-difference",
    "mean-activation",
    "behaviour-contrast",
    "gradient",
    "gradient-positive",
    "logistic",
    "logistic-behaviour",
    "pca-difference",
    "pca-within",
    "svd-mlp",
    "svd-attention",
    "optimised",
    "dictionary-row",
    "from-file",
)
