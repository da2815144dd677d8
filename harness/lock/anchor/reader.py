"""Reads time-stamp tokens in a process of its own: ``python -m harness.lock.anchor.reader``.

A token is bytes from a stranger, read by native code. In its own process a crash or an endless loop
costs the token, not the verification. One JSON object with ``roots`` and ``tokens`` (base64 of DER)
comes on stdin; one line of JSON for each token, in order, goes to stdout: the fields of
``harness.lock.anchor.token.Token``.

Not covered: which row a token covers, and what follows from what it says (``token``, ``examine``).
"""

from __future__ import annotations

import json
import re
import sys
from base64 import b64decode
from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Any

from harness.lock.anchor.cms import agrees
from harness.lock.anchor.der import in_order, response_of, signed_fields
from harness.lock.anchor.records import clean

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse

IMPRINT_NAMES = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}


def read(data: bytes, roots: Sequence[Certificate]) -> dict[str, Any]:
    """What one token says and whether it holds. Never raises for a malformed token."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from rfc3161_client import decode_timestamp_response

    try:
        ordered = in_order(response_of(data))
        response = decode_timestamp_response(ordered)
        if response.status != 0:
            return {"status": response.status, "words": clean("; ".join(response.status_string))}
        return _granted(response, ordered, roots)
    except (KeyError, TypeError) as error:  # what the libraries raise for a name with odd text
        return {"fault": clean(f"a name inside has text of an unknown type: {error}")}
    except (ValueError, UnsupportedAlgorithm) as error:
        return {"fault": clean(str(error))}
    except (x509.DuplicateExtension, x509.UnsupportedGeneralNameType, x509.InvalidVersion) as error:
        return {"fault": clean(f"a certificate inside: {error}")}


def _granted(
    response: TimeStampResponse, ordered: bytes, roots: Sequence[Certificate]
) -> dict[str, Any]:
    info = response.tst_info
    imprint = info.message_imprint
    certificates = _certificates(response)
    signer = _signer(response, certificates)
    fields = signed_fields(ordered)
    why = _refused(response, roots) if roots else ""
    vouched = bool(roots) and not why
    return {
        "time": info.gen_time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "nonce": None if info.nonce is None else str(info.nonce),
        "algorithm": IMPRINT_NAMES.get(imprint.hash_algorithm.dotted_string, ""),
        "imprint": imprint.message.hex(),
        "signer": _name(signer),
        "agrees": True if vouched else agrees(fields, signer),
        "unfit": _unfit(response, signer),
        "vouched": vouched,
        "named_root": _named_root(signer, certificates, roots),
        "why": clean(why),
    }


def _certificates(response: TimeStampResponse) -> list[Certificate]:
    from cryptography import x509

    return [x509.load_der_x509_certificate(c) for c in sorted(response.signed_data.certificates)]


def _signer(response: TimeStampResponse, certificates: Sequence[Certificate]) -> Certificate:
    """The one certificate that the signer names. Two that fit would let one vouch and the other
    sign, so that is refused."""
    infos = list(response.signed_data.signer_infos)
    if len(infos) != 1:
        raise ValueError(f"it has {len(infos)} signers, not one")
    fitting = [
        c
        for c in certificates
        if c.issuer == infos[0].issuer and c.serial_number == infos[0].serial_number
    ]
    if len(fitting) != 1:
        raise ValueError(f"it holds {len(fitting)} certificates that could be its signer's")
    return fitting[0]


def _refused(response: TimeStampResponse, roots: Sequence[Certificate]) -> str:
    """Why no chain leads from the signature to a root; empty where one does."""
    from rfc3161_client import VerificationError, VerifierBuilder

    try:
        imprint = response.tst_info.message_imprint.message
        VerifierBuilder(roots=list(roots)).build().verify(response, imprint)
    except VerificationError as error:
        text = str(error)
        found = re.search(r'Verify error: ([^"]+)"', text) or re.search(r'reason: "([^"]+)"', text)
        return found.group(1) if found else text
    return ""


def _unfit(response: TimeStampResponse, signer: Certificate) -> str:
    """Why the signer's own certificate is none for time-stamping then (RFC 3161, 2.3)."""
    from cryptography import x509

    purpose = x509.ExtendedKeyUsageOID.TIME_STAMPING
    try:
        usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return "it is not a certificate for time-stamping"
    if not usage.critical or list(usage.value) != [purpose]:
        return "it is not a certificate for time-stamping alone"
    moment = response.tst_info.gen_time
    if not signer.not_valid_before_utc <= moment <= signer.not_valid_after_utc:
        return "it was not valid at the time that the token states"
    return ""


def _named_root(
    signer: Certificate, certificates: Sequence[Certificate], roots: Sequence[Certificate]
) -> str:
    """The verifier's root to which the issuers' names lead, whoever issued."""
    above = {c.subject: c.issuer for c in certificates}
    name = signer.issuer
    for _ in range(len(certificates) + 1):
        for root in roots:
            if root.subject == name:
                return _name(root)
        name = above.get(name, name)
    return ""


def _name(certificate: Certificate) -> str:
    return clean(certificate.subject.rfc4514_string()) or "(a certificate without a name)"


def main() -> None:
    """Read the request, write a line for each token as soon as it is read."""
    from cryptography import x509

    request = json.load(sys.stdin)
    roots = [x509.load_der_x509_certificate(b64decode(one)) for one in request["roots"]]
    for one in request["tokens"]:
        print(json.dumps(read(b64decode(one), roots)), flush=True)


if __name__ == "__main__":
    main()
