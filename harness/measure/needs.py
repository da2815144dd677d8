"""What a claim needs measured, for those who measure: see ``harness.plan.needs``."""

from __future__ import annotations

from harness.plan.needs import (
    FEATURE_KINDS,
    HOST,
    dictionary_hooks,
    feature_positions,
    feature_roles,
    models_needed,
    probe_hooks,
    probe_models,
    reads,
    select_arms,
)

__all__ = [
    "FEATURE_KINDS",
    "HOST",
    "dictionary_hooks",
    "feature_positions",
    "feature_roles",
    "models_needed",
    "probe_hooks",
    "probe_models",
    "reads",
    "select_arms",
]
