"""The verifier's own files are read with care, and a wrong one is said so at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from harness.errors import ClaimsError
from harness.lock.anchor.records import AnchorTrust
from harness.lock.anchor.trust import inside, load_roots, load_signers
from tests.witnesses import Authority, certify


def test_roots_are_read_from_pem_and_der_each_once(authority: Authority, tmp_path: Path) -> None:
    """Twice the same root is one root; a bundle gives all of its certificates."""
    root = authority.root
    der = tmp_path / "root.der"
    der.write_bytes(root.certificate.public_bytes(Encoding.DER))
    other = certify(tmp_path, "Other")
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(root.pem.read_bytes() + other.pem.read_bytes())
    expected = [one.certificate.public_bytes(Encoding.DER) for one in (root, other)]
    assert list(load_roots(AnchorTrust((root.pem, der)))) == expected[:1]
    assert list(load_roots(AnchorTrust((root.pem, bundle)))) == expected
    assert load_roots(AnchorTrust()) == ()


def test_a_certificate_that_is_no_root_is_refused(authority: Authority) -> None:
    """A chain that ends at a certificate which somebody else issued has not ended."""
    with pytest.raises(ClaimsError, match="issued by somebody else"):
        load_roots(AnchorTrust((authority.signer.pem,)))
    both = AnchorTrust((authority.signer.pem, authority.root.pem))
    assert len(load_roots(both)) == 2


@pytest.mark.parametrize("data", [b"", b"text", b"-----BEGIN CERTIFICATE-----\nx\n", b"\x30\x03"])
def test_a_file_without_certificate_is_refused(tmp_path: Path, data: bytes) -> None:
    """With its name."""
    place = tmp_path / "root.pem"
    place.write_bytes(data)
    with pytest.raises(ClaimsError, match=r"root\.pem: no certificate can be read"):
        load_roots(AnchorTrust((place,)))


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    """Missing, a folder, empty, enormous."""
    with pytest.raises(ClaimsError, match="no such file"):
        load_roots(AnchorTrust((tmp_path / "nothing",)))
    with pytest.raises(ClaimsError, match="is a directory"):
        load_signers(AnchorTrust(allowed_signers=tmp_path))
    empty, large = tmp_path / "empty", tmp_path / "large"
    empty.write_bytes(b"\n")
    large.write_bytes(b"x" * 5_000_000)
    with pytest.raises(ClaimsError, match="no signer stands"):
        load_signers(AnchorTrust(allowed_signers=empty))
    with pytest.raises(ClaimsError, match="larger than"):
        load_signers(AnchorTrust(allowed_signers=large))
    assert load_signers(AnchorTrust()) is None


def test_trust_that_the_workspace_brings_along_is_recognised(tmp_path: Path) -> None:
    """Also through a link."""
    root = tmp_path / "study"
    root.mkdir()
    (root / "signers").touch()
    (tmp_path / "mine").touch()
    (tmp_path / "link").symlink_to(root / "signers")
    trust = AnchorTrust((tmp_path / "mine",), tmp_path / "link")
    assert inside(root, trust) == (tmp_path / "link",)
