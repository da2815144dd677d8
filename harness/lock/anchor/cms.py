"""Whether a time-stamp's signature agrees with the certificate inside it, nobody being trusted.

RFC 5652, 5.4: the digest of the content stands in a signed attribute, and the signature is over the
attributes as a SET. rfc3161-client checks a signature only together with its chain to a root; this
is for a verifier who named none.

Not covered: trust (that is ``rfc3161_client.Verifier``); RSASSA-PSS and anything hashed with less
than SHA-256: such a signature is neither good nor bad here, it is not checked.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from harness.lock.anchor.der import CONTEXT_0, OCTETS, SEQUENCE, SET, Element, parts, wrap

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

HASHES = {
    bytes.fromhex("608648016503040201"): "sha256",
    bytes.fromhex("608648016503040202"): "sha384",
    bytes.fromhex("608648016503040203"): "sha512",
}
CONTENT_TYPE = bytes.fromhex("2a864886f70d010903")
MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")
TST_INFO = bytes.fromhex("2a864886f70d0109100104")
PSS = bytes.fromhex("2a864886f70d01010a")


def agrees(fields: tuple[Element, ...], signer: Certificate) -> bool | None:
    """Whether ``signer``'s key signed this SignedData; None where this module cannot tell.

    Raises ``ValueError`` for a structure that is not CMS.
    """
    name, content = parts(fields[2], SEQUENCE, 2)[:2]
    octets = parts(content, CONTEXT_0, 1)[0]
    info = parts(parts(fields[-1], SET, 1)[0], SEQUENCE, 6)
    algorithm, attributes, scheme, signature = info[2], info[3], info[4], info[5]
    if attributes.tag != CONTEXT_0 or octets.tag != OCTETS or signature.tag != OCTETS:
        raise ValueError("a signature without signed attributes")
    hashed = HASHES.get(parts(algorithm, SEQUENCE, 1)[0].content)
    if hashed is None or parts(scheme, SEQUENCE, 1)[0].content == PSS:
        return None
    said = _attributes(attributes)
    digest = hashlib.new(hashed, octets.content).digest()
    if name.content != TST_INFO or said.get(CONTENT_TYPE) != TST_INFO:
        return False
    if said.get(MESSAGE_DIGEST) != digest:
        return False
    return _signed(signer, signature.content, wrap(SET, attributes.content), hashed)


def _attributes(attributes: Element) -> dict[bytes, bytes]:
    """The single values of the signed attributes, by the identifier of the attribute."""
    said: dict[bytes, bytes] = {}
    for attribute in parts(attributes, CONTEXT_0, 1):
        name, values = parts(attribute, SEQUENCE, 2)[:2]
        inner = parts(values, SET, 1)
        if len(inner) != 1 or name.content in said:
            raise ValueError("a signed attribute that says two things")
        said[name.content] = inner[0].content
    return said


def _signed(signer: Certificate, signature: bytes, data: bytes, hashed: str) -> bool | None:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    kinds: dict[str, hashes.HashAlgorithm] = {
        "sha256": hashes.SHA256(),
        "sha384": hashes.SHA384(),
        "sha512": hashes.SHA512(),
    }
    try:
        key = signer.public_key()
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), kinds[hashed])
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(kinds[hashed]))
        else:
            return None
    except InvalidSignature:
        return False
    except UnsupportedAlgorithm:
        return None
    return True
