"""SSH signatures are read without trust and checked by ``ssh-keygen``, if it is there and ends."""

from __future__ import annotations

import random
import shutil
from base64 import b64encode
from contextlib import suppress
from pathlib import Path

import pytest

from harness.errors import ClaimsError
from harness.lock.anchor import sshsig
from harness.lock.anchor.sshsig import check, parse, sign
from tests.witnesses import ssh_sign

HEAD = "sha256:" + "7" * 64


@pytest.fixture(scope="module")
def signature(alice: Path) -> bytes:
    """Alice's signature over HEAD."""
    return ssh_sign(alice, HEAD)


def signers(place: Path, text: str) -> bytes:
    """A file of allowed signers."""
    place.write_text(text)
    return place.read_bytes()


def public(key: Path) -> str:
    """A public key as it stands in such a file."""
    return " ".join(key.with_suffix(".pub").read_text().split()[:2])


def test_a_signature_says_its_use_and_its_key(alice: Path, signature: bytes) -> None:
    """Before anything is checked."""
    said = parse(signature)
    assert said.namespace == "causal-claims"
    assert said.public_key == public(alice)


def test_what_is_signed_is_the_digest_as_it_stands(alice: Path, signature: bytes) -> None:
    """71 bytes, no line break: what a sceptic pipes into ssh-keygen by hand."""
    assert len(HEAD) == 71
    assert check(HEAD.encode(), sign(HEAD.encode(), alice)).key
    assert check(HEAD.encode(), signature).key.startswith("SHA256:")
    assert not check(HEAD.encode() + b"\n", signature).key


def test_the_allowed_signers_decide_who_it_is(
    tmp_path: Path, alice: Path, bob: Path, signature: bytes
) -> None:
    """By name, by pattern, among several names; not at all where they list somebody else."""
    place = tmp_path / "signers"
    for text, who in (
        (f"alice {public(alice)}\n", "alice"),
        (f"bob {public(bob)}\nal@x,ice@y {public(alice)}\n", "al@x"),
        (f"*@example.org {public(alice)}\n", "*@example.org"),
        (f'alice namespaces="causal-claims,git" {public(alice)}\n', "alice"),
    ):
        found = check(HEAD.encode(), signature, signers(place, text))
        assert (found.principal, bool(found.key)) == (who, True)
    for text, why in (
        (f"bob {public(bob)}\n", "No principal matched"),
        (f'alice namespaces="git" {public(alice)}\n', "namespace"),
        (f'alice valid-before="20200101" {public(alice)}\n', "expired"),
        ("garbage\n", "key|principal"),
    ):
        found = check(HEAD.encode(), signature, signers(place, text))
        assert (found.principal, bool(found.key)) == ("", True)
        assert any(word in found.why for word in why.split("|")), found.why


def test_signatures_that_are_none_are_a_sentence(signature: bytes) -> None:
    """Text, half a header, no base64, another version, an end in the middle."""
    wrapped = "-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n"
    for data in (
        b"",
        b"text",
        signature[:40],
        wrapped.format("!!!").encode(),
        wrapped.format(b64encode(b"SSHSIG\0\0\0\x02").decode()).encode(),
        wrapped.format(b64encode(b"SSHSIG\0\0\0\x01\0\0\0\x05ab").decode()).encode(),
        wrapped.format(b64encode(b"SSHSIG\0\0\0\x01" + b"\xff" * 40).decode()).encode(),
    ):
        with pytest.raises(ValueError, match=r"its? "):
            parse(data)
        assert not check(HEAD.encode(), data).key


def test_mutations_of_a_signature_never_pass(signature: bytes) -> None:
    """Bytes of its text changed: malformed, or no good signature; never a traceback."""
    rng = random.Random(3)
    lines = signature.split(b"\n")
    body = b"".join(lines[1:-2])
    for _ in range(60):
        edited = bytearray(body)
        at = rng.randrange(len(edited))
        edited[at] = rng.choice(b"ABCDwxyz0189+/=\n\x00")
        if bytes(edited) == body:
            continue
        data = b"\n".join([lines[0], bytes(edited), *lines[-2:]])
        with suppress(ValueError):
            parse(data)
        found = check(HEAD.encode(), data)
        assert found.why
        assert not found.key or edited[at : at + 1] == b"\n"


def test_without_ssh_keygen_there_is_a_sentence(
    signature: bytes, alice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what to install."""
    monkeypatch.setenv("PATH", "/nowhere")
    assert not sshsig.installed()
    for act in (lambda: check(HEAD.encode(), signature), lambda: sign(HEAD.encode(), alice)):
        with pytest.raises(ClaimsError, match=r"not installed\. Install OpenSSH"):
            act()


def test_an_ssh_keygen_that_hangs_is_given_up(
    signature: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that waits for a person must not stop a verification for ever."""
    sleep = shutil.which("sleep")
    program = tmp_path / "ssh-keygen"
    program.write_text(f"#!/bin/sh\nexec {sleep} 30\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sshsig, "CHECK_S", 0.2)
    with pytest.raises(ClaimsError, match="did not end in"):
        check(HEAD.encode(), signature)
