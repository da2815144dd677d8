"""How often each dictionary feature fires in two models, by text variant and stratum.

Both models read the same texts, so the positions are the same and only the activations differ.

Not covered: ratios and their tests (``harness.verdict``), which features are worth a look.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch

from harness.errors import ClaimsError, NothingFired
from harness.readout.dictionary import Dictionary
from harness.subject.backend import Model
from harness.subject.interface import Task, Texts

CHUNK_TEXTS = 64
COLUMNS = (
    "dictionary",
    "hook",
    "feature",
    "text_variant",
    "stratum",
    "positions_class",
    "positions",
    "fires_regulation",
    "fires_standard",
)


def count_features(
    models: Mapping[str, Model],
    task: Task,
    texts: Mapping[str, Texts],
    dictionaries: Mapping[str, Dictionary],
    hook: str,
    classes: Sequence[str],
) -> pd.DataFrame:
    """The ``features`` table: one row per dictionary, feature, variant, stratum and class.

    ``models`` has the keys ``regulation`` and ``standard``. Raises :class:`NothingFired` if a class
    occurs in no text.
    """
    if set(models) != {"regulation", "standard"}:
        raise ClaimsError(
            f"features are counted in two models, not in {sorted(models)}",
            fix="Give the models as regulation and standard",
        )
    counts: dict[tuple[str, str, str, str], np.ndarray] = {}
    positions: dict[tuple[str, str, str], int] = {}
    for variant, part in texts.items():
        strata = np.array(part.stratum)
        for low in range(0, len(part.tokens), CHUNK_TEXTS):
            rows = slice(low, low + CHUNK_TEXTS)
            lengths = part.lengths[rows]
            tokens = part.tokens[rows, : int(lengths.max())]
            valid = torch.arange(tokens.shape[1]) < lengths[:, None]
            members = {c: task.positions(c, tokens) & valid for c in classes}
            for c, mask in members.items():
                for stratum in np.unique(strata[rows]):
                    mine = mask[torch.from_numpy(strata[rows] == stratum)]
                    where = (variant, str(stratum), c)
                    positions[where] = positions.get(where, 0) + int(mine.sum())
            for role, model in models.items():
                x = model.activations(tokens, hook)
                for name, dictionary in dictionaries.items():
                    for c, mask in members.items():
                        fires = (dictionary.encode(x[mask]) > 0).numpy()
                        of = strata[rows][mask.nonzero()[:, 0].numpy()]
                        for stratum in np.unique(of):
                            key = (name, role, f"{variant}\t{stratum}", c)
                            found = fires[of == stratum].sum(0)
                            counts[key] = counts.get(key, 0) + found
    for c in classes:
        if not any(n for (_, _, of), n in positions.items() if of == c):
            raise NothingFired(
                f"no position of class {c!r} in any text", fix="Name a class that occurs"
            )
    tables = []
    for name, dictionary in dictionaries.items():
        none = np.zeros(dictionary.features, np.int64)
        for (variant, stratum, c), n in positions.items():
            place = f"{variant}\t{stratum}"
            columns: dict[str, object] = {
                "dictionary": name,
                "hook": hook,
                "feature": np.arange(dictionary.features, dtype=np.int32),
                "text_variant": variant,
                "stratum": stratum,
                "positions_class": c,
                "positions": np.int32(n),
            }
            for role in ("regulation", "standard"):
                fires = counts.get((name, role, place, c), none)
                columns[f"fires_{role}"] = np.asarray(fires, np.int32)
            tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)[list(COLUMNS)]
