"""Arms that act on features of a sparse dictionary: what they may say, as records.

A feature is found by what it does, never by its number: those whose firing rates differ most
between two models on the select split. Part of ``harness.claim.schema``.

Not covered: reading them from a file (``parse_features``), what the recipe offers (``offers``).
"""

from __future__ import annotations

from dataclasses import dataclass

ABLATE, CLAMP, STEER = "ablate-feature", "clamp-feature", "steer-feature"
FEATURE_OPERATIONS = (ABLATE, CLAMP, STEER)
MATCHED_RATE = "matched-rate"
"""The control of such an arm: other features of its dictionary, alike in their rates."""
STEER_UNITS = ("residual", "own")
MOST_FEATURES = 64
FILES = ("cfg.json", "sae_weights.safetensors")
"""Of a dictionary in SAELens's format."""


@dataclass(frozen=True)
class Features:
    """The ``top`` features by the rate at which they fire in the model ``positive`` minus that in
    ``negative``. ``dictionary`` is whose, in the words of the vocabulary; None for one that is
    given: ``folder``, below the workspace, in SAELens's format."""

    positive: str
    negative: str
    dictionary: str | None
    top: int = 1
    folder: str | None = None

    @property
    def files(self) -> tuple[str, ...]:
        """The files of a given dictionary, relative to the workspace; none of the recipe's."""
        return () if self.folder is None else tuple(f"{self.folder}/{name}" for name in FILES)

    @property
    def source(self) -> tuple[str | None, ...]:
        """The dictionary, and what its features are compared by; not how many."""
        return (self.positive, self.negative, self.dictionary, self.folder)
