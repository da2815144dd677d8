"""The options by which a verifier names whom to trust: shared by ``verify`` and ``anchor``.

Not covered: reading the files (``harness.lock.anchor.trust``), what follows from them
(``harness.lock.anchor.examine``).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.lock.anchor.records import AnchorTrust


def add_trust_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--tsa-root`` and ``--allowed-signers``."""
    group = parser.add_argument_group("whom you trust for anchors")
    group.add_argument(
        "--tsa-root",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="root certificate of a time-stamping authority, PEM or DER (repeatable); "
        "take it from the authority, not from the workspace",
    )
    group.add_argument(
        "--allowed-signers",
        default=None,
        type=Path,
        metavar="FILE",
        help="SSH keys whose signatures you accept, in the form that ssh-keygen(1) describes",
    )


def trust_from(args: argparse.Namespace) -> AnchorTrust:
    """The trust that the options name, its files read once.

    Raises ``ClaimsError`` for a file that cannot be read as what it should be.
    """
    from harness.lock.anchor.records import AnchorTrust
    from harness.lock.anchor.trust import load_roots, load_signers

    trust = AnchorTrust(tuple(args.tsa_root), args.allowed_signers)
    load_roots(trust)
    load_signers(trust)
    return trust
