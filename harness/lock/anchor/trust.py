"""Reading what the verifier trusts: root certificates and allowed signers.

These files are the verifier's, not the workspace's. A root must be self-signed: a chain that ends
at a certificate which somebody else issued has not ended. Certificates between root and authority
may stand in the same files, for tokens that do not carry them. The system's own store is never
used: it lists who may vouch for web sites, which is not who may vouch for time; a verifier who
trusts one of those authorities can name its certificate.

Not covered: revocation lists; nothing here asks the network.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import ClaimsError
from harness.lock.anchor.records import AnchorTrust

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

LARGEST = 4 * 1024 * 1024
"""Bytes of the largest file of roots or signers: a whole system's bundle is a quarter of it."""


def load_roots(trust: AnchorTrust) -> tuple[bytes, ...]:
    """The certificates (DER) of every file of ``trust.tsa_roots``, each once.

    Raises :class:`ClaimsError` for a file without certificate, and where no file holds a root.
    """
    if not trust.tsa_roots:
        return ()
    from cryptography.hazmat.primitives.serialization import Encoding

    found: dict[bytes, None] = {}
    roots = 0
    for path in trust.tsa_roots:
        for one in _certificates(path):
            roots += one.subject == one.issuer
            found[one.public_bytes(Encoding.DER)] = None
    if not roots:
        raise ClaimsError(
            "there is no root certificate: every one was issued by somebody else",
            where=", ".join(map(str, trust.tsa_roots)),
            fix="Name the authority's root, the certificate that it issued to itself",
        )
    return tuple(found)


def load_signers(trust: AnchorTrust) -> bytes | None:
    """The file of allowed signers, or None where none is named.

    Raises :class:`ClaimsError` for one that cannot be read or is empty.
    """
    if trust.allowed_signers is None:
        return None
    data = read_named(trust.allowed_signers)
    if not data.strip():
        raise ClaimsError(
            "no signer stands in this file",
            where=str(trust.allowed_signers),
            fix="Write a line such as: alice@example.org ssh-ed25519 AAAA...",
        )
    return data


def inside(root: Path, trust: AnchorTrust) -> tuple[Path, ...]:
    """Files of ``trust`` that lie in the workspace, whose author chose them."""
    named = [*trust.tsa_roots, *([trust.allowed_signers] if trust.allowed_signers else [])]
    return tuple(p for p in named if p.resolve().is_relative_to(root.resolve()))


def _certificates(path: Path) -> list[Certificate]:
    from cryptography import x509

    data = read_named(path)
    try:
        if b"-----BEGIN" in data:
            return x509.load_pem_x509_certificates(data)
        return [x509.load_der_x509_certificate(data)]
    except ValueError as error:
        raise ClaimsError(
            f"no certificate can be read from this file: {error}",
            where=str(path),
            fix="Name a file with a certificate in PEM or DER",
        ) from error


def read_named(path: Path, largest: int = LARGEST) -> bytes:
    """The bytes of a file that a person named, wherever it is.

    Raises :class:`ClaimsError` for one that cannot be read or is larger.
    """
    try:
        with path.open("rb") as file:
            data = file.read(largest + 1)
    except OSError as error:
        words = os.strerror(error.errno or 0).lower()
        what = f"cannot be read: {words}"
        raise ClaimsError(what, where=str(path), fix="Check the path") from None
    if len(data) > largest:
        raise ClaimsError(
            f"is larger than {largest} bytes", where=str(path), fix="Name the right file"
        )
    return data
