"""A report whose claim has probes: a lens over layers, heads ablated, a feature's contexts."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from harness.report.records import ReportInput
from tests.report import others

KINDS = {"lens": "logit-lens", "head": "head-ablation", "marker": "marker"}
LAYERS = ("embed", "0", "1", "2", "10")
HOSTILE = "⟦pause⟧ <script>alert(1)</script> \u202e → breathe"


def rows() -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for r in range(3):
        for m, model in enumerate(("regulation", "standard")):
            for n, item in enumerate(LAYERS):
                found.append(("lens", model, item, "mass", 0.1 * n + 0.01 * r - 0.05 * m, "", r))
            for head in range(4):
                found.append(("head", model, f"zero.h{head}", "effect", 0.02 * head, "", r))
            found.append(("head", model, "zero", "effect", 0.06, "head 3.3", r))
            found.append(("marker", model, "step_onset", "rate", 0.5 - 0.4 * m, "", r))
        for rank in range(1, 4):
            found.append(
                ("marker", "regulation", f"{rank:02d}", "context", 9.0 - rank - r, HOSTILE, r)
            )
    return found


def probed() -> ReportInput:
    """The sample of features with probes beside them."""
    columns = ["probe", "model", "item", "quantity", "value", "text", "replicate"]
    table = pd.DataFrame(rows(), columns=columns).assign(arm="probes", split="confirm")
    base = others.asymmetry()
    claim = {**base.claim, "probes": [{"name": n, "kind": k} for n, k in KINDS.items()]}
    return replace(base, claim=claim, cells={**base.cells, "probes": table})
