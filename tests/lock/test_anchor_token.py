"""Tokens are read in a process of their own, and whatever they are, a sentence comes back."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from rfc3161_client import decode_timestamp_response

from harness.lock.anchor import token as token_module
from harness.lock.anchor.der import (
    CONTEXT_0,
    SEQUENCE,
    elements,
    in_order,
    one,
    response_of,
    signed_fields,
    wrap,
)
from harness.lock.anchor.reader import read
from harness.lock.anchor.token import Token, read_tokens
from tests.witnesses import Authority, Certified, certify, openssl, query

HEAD = "sha256:" + "5" * 64


@pytest.fixture(scope="module")
def good(authority: Authority) -> bytes:
    """A token over HEAD."""
    return authority.token(HEAD)


@pytest.fixture(scope="module")
def chained(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority under an intermediate certificate that sends the whole chain along."""
    plain = Authority.make(tmp_path_factory.mktemp("chained"), "Deep Root")
    between = certify(plain.folder, "Between", plain.root, authority=True)
    signer = certify(plain.folder, "Deep Stamps", between)
    return replace(plain, signer=signer, extra=(between, plain.root))


def der(certified: Certified) -> bytes:
    """A certificate's bytes."""
    return certified.certificate.public_bytes(Encoding.DER)


def local(data: bytes, *roots: Certified) -> Token:
    """Read a token in this process, for speed."""
    return Token(**read(data, [one.certificate for one in roots]))


def test_a_token_says_when_over_what_and_by_whom(authority: Authority, good: bytes) -> None:
    """With the authority's root named somebody vouches for it; without, its signature agrees."""
    alone, with_root = read_tokens([good]) + read_tokens([good], [der(authority.root)])
    said = decode_timestamp_response(good).tst_info.gen_time
    for one_of_them in (alone, with_root):
        assert one_of_them.time == said.strftime("%Y-%m-%dT%H:%M:%SZ")
        assert one_of_them.covers(HEAD)
        assert not one_of_them.covers(HEAD.replace("5", "6"))
        assert one_of_them.signer == "CN=Honest Stamps,O=Test"
        assert one_of_them.agrees is True
        assert one_of_them.wrong == ""
    assert (alone.vouched, with_root.vouched) == (False, True)


def test_certificates_out_of_order_are_put_in_order(chained: Authority) -> None:
    """``openssl ts -reply -chain`` sends them as they come, which the library alone refuses."""
    refused = 0
    for extra in (chained.extra, tuple(reversed(chained.extra))):
        data = replace(chained, extra=extra).token(HEAD)
        try:
            decode_timestamp_response(data)
        except ValueError:
            refused += 1
        assert local(data).wrong == ""
        assert local(data, chained.root).vouched
    assert refused >= 1  # only one of the two orders can be the right one


def test_sorting_changes_only_the_order_of_certificates(chained: Authority) -> None:
    """Every other byte stays; sorting twice is sorting once."""
    data = chained.token(HEAD)
    ordered = in_order(data)
    before, after = signed_fields(data), signed_fields(ordered)
    assert len(ordered) == len(data)
    assert in_order(ordered) == ordered
    for was, now in zip(before, after, strict=True):
        if was.tag != CONTEXT_0:
            assert was == now
        else:
            assert sorted(e.whole for e in elements(was.content)) == [
                e.whole for e in elements(now.content)
            ]


def test_a_chain_that_the_token_leaves_out_can_stand_with_the_root(chained: Authority) -> None:
    """The verifier's file may hold what lies between root and authority."""
    data = replace(chained, extra=()).token(HEAD)
    root, between = chained.root, chained.extra[0]
    assert not local(data, root).vouched
    assert local(data, root, between).vouched


def test_another_authority_s_root_vouches_for_nothing(tmp_path: Path, good: bytes) -> None:
    """The token holds, and nobody whom the verifier named vouches for it."""
    other = certify(tmp_path, "Other Root")
    said = local(good, other)
    assert (said.wrong, said.vouched) == ("", False)
    assert "issuer certificate" in said.why


def test_a_root_s_name_is_copied_above_an_intermediate(tmp_path: Path, chained: Authority) -> None:
    """However long the chain of names: it leads to a root that the verifier named, and is forged.
    The same names beside the chain, in certificates that play no part, are no claim."""
    root = certify(tmp_path, "Deep Root")
    between = certify(tmp_path, "Between", root, authority=True)
    fake = replace(chained, signer=certify(tmp_path, "Deep Stamps", between), extra=(between, root))
    assert local(chained.token(HEAD), chained.root).wrong == ""
    said = local(fake.token(HEAD), chained.root)
    assert "under CN=Deep Root,O=Test, which you named, and does not" in said.wrong
    stranger = Authority.make(tmp_path / "stranger", "Stranger Root", "Stranger Stamps")
    beside = local(replace(stranger, extra=chained.extra).token(HEAD), chained.root)
    assert (beside.wrong, beside.vouched) == ("", False)


def test_a_signature_is_checked_without_any_root(authority: Authority, good: bytes) -> None:
    """One changed byte of the content or of the signature is seen."""
    content = elements(elements(signed_fields(good)[2].content)[1].content)[0].content
    signature = elements(elements(signed_fields(good)[-1].content)[0].content)[5].content
    for part in (content, signature):
        at = good.index(part) + len(part) - 1
        edited = good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]
        said = local(edited)
        assert said.wrong
        assert local(edited, authority.root).wrong


def test_rsa_signatures_are_checked_too(tmp_path: Path) -> None:
    """Most public authorities sign with RSA."""
    plain = Authority.make(tmp_path)
    key, pem = tmp_path / "rsa.key", tmp_path / "rsa.pem"
    signing = tmp_path / "request.csr"
    extension = tmp_path / "extension"
    extension.write_text("extendedKeyUsage=critical,timeStamping\n")
    openssl(["req", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(signing),
             "-subj", "/CN=RSA Stamps"])  # fmt: skip
    openssl(["x509", "-req", "-in", str(signing), "-CA", str(plain.root.pem), "-CAkey",
             str(plain.root.key_pem), "-CAcreateserial", "-out", str(pem), "-extfile",
             str(extension)])  # fmt: skip
    rsa = replace(plain, signer=replace(plain.signer, pem=pem, key_pem=key))
    data = rsa.token(HEAD)
    assert local(data).agrees is True
    assert local(data, plain.root).vouched
    edited = data[:-1] + bytes([data[-1] ^ 1])
    assert local(edited).agrees is False


def test_a_certificate_that_was_not_valid_then_is_seen_without_a_root(
    authority: Authority, good: bytes
) -> None:
    """The time that the token states must lie in the certificate's own time."""
    old = certify(authority.folder, "Old Stamps", authority.root, days=(-30, -10))
    said = local(authority.forge(good, old))
    assert "was not valid at the time" in said.wrong


@pytest.mark.parametrize(
    "purposes",
    [
        (ExtendedKeyUsageOID.CODE_SIGNING,),
        (ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING),
    ],
)
def test_a_certificate_for_another_purpose_stamps_nothing(
    authority: Authority, good: bytes, purposes: tuple[object, ...]
) -> None:
    """Whoever has a certificate for code under the same root must not be able to state times."""
    other = certify(authority.folder, "Code", authority.root, purposes=purposes)  # type: ignore[arg-type]
    forged = authority.forge(good, other)
    assert "not a certificate for time-stamping" in local(forged).wrong
    with_root = local(forged, authority.root)
    assert not with_root.vouched
    assert with_root.wrong


def test_two_certificates_that_could_be_the_signer_s_are_refused(
    authority: Authority, good: bytes
) -> None:
    """One for code signs, another with its name and number but the right purpose would vouch."""
    code = (ExtendedKeyUsageOID.CODE_SIGNING,)
    real = certify(authority.folder, "Real", authority.root, purposes=code, serial=77)
    twin = certify(authority.folder, "Twin", authority.root, serial=77)
    forged = authority.forge(good, real)
    fields = [
        wrap(CONTEXT_0, b"".join(sorted([f.content, der(twin)]))) if f.tag == CONTEXT_0 else f.whole
        for f in signed_fields(forged)
    ]
    kind = elements(elements(one(forged).content)[1].content)[0].whole
    status = elements(one(forged).content)[0].whole
    token = wrap(SEQUENCE, kind + wrap(CONTEXT_0, wrap(SEQUENCE, b"".join(fields))))
    both = wrap(SEQUENCE, status + token)
    assert "2 certificates that could be its signer's" in local(both, authority.root).wrong


def test_a_token_without_certificate_cannot_be_checked(authority: Authority, good: bytes) -> None:
    """An authority that was not asked for its certificate leaves nothing to check against."""
    place = authority.folder / "plain.tsq"
    message = authority.folder / "message"
    message.write_text(HEAD)
    openssl(["ts", "-query", "-data", str(message), "-sha512", "-out", str(place)])
    assert "0 certificates" in local(authority.reply(place.read_bytes()), authority.root).wrong


def test_a_refusal_is_told_in_the_authority_s_words(authority: Authority) -> None:
    """Its status and what it says."""
    said = local(authority.reply(query(authority.folder, "x", "md5")))
    assert said.status == 2
    assert "not supported" in said.wrong


def test_names_out_of_tokens_are_safe_to_print(authority: Authority, good: bytes) -> None:
    """A subject can hold whatever its author likes."""
    rude = certify(authority.folder, "\x1b[31mred\x07" + "x" * 40, authority.root, file="rude")
    said = local(authority.forge(good, rude))
    assert said.signer.isprintable()
    assert "red" in said.signer


@pytest.mark.parametrize("part", [b"", b"0", b"\x30\x80\x00\x00", b"\x30\x84\xff\xff\xff\xff",
                                  b"\x30\x03\x02\x01", b"\x1f" * 9, b"hello", b"\x30" * 60_000,
                                  b"\x30\x82" * 30_000])  # fmt: skip
def test_bytes_that_are_no_token_are_a_fault(part: bytes) -> None:
    """Empty, cut off, nested without end, indefinite, or text."""
    assert local(part).fault


def test_mutations_of_a_token_never_raise_and_never_change_what_it_says(
    authority: Authority, good: bytes
) -> None:
    """Two thousand damaged tokens: each is a sentence, or still the same token."""
    rng = random.Random(20)
    whole = local(good, authority.root)
    accepted = 0
    for _ in range(2000):
        said = local(damaged(good, rng), authority.root)
        if said.vouched:
            accepted += 1
            assert (said.time, said.imprint, said.algorithm) == (
                whole.time, whole.imprint, whole.algorithm)  # fmt: skip
        else:
            assert said.wrong
    assert accepted < 100


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Bytes flipped, cut, inserted, removed."""
    out = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 5])):
        at, how = rng.randrange(max(len(out), 1)), rng.random()
        if how < 0.7:
            out[at : at + 1] = bytes([rng.randrange(256)])
        elif how < 0.8:
            del out[at : at + rng.randrange(1, 9)]
        elif how < 0.9:
            out[at:at] = rng.randbytes(rng.randrange(1, 5))
        else:
            out = out[: at + 1]
    return bytes(out)


def test_a_bare_token_becomes_a_response(good: bytes) -> None:
    """And a response stays what it is."""
    bare = elements(one(good).content)[1].whole
    assert response_of(good) == good
    assert response_of(bare) == good


def test_a_token_that_ends_the_reader_costs_only_itself(
    good: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tokens before and after it are read."""
    broken_reader(tmp_path, monkeypatch, "os._exit(9)")
    first, second, third = read_tokens([good, b"BOOM", good])
    assert first == third == local(good)
    assert "reading it ended with a crash" in second.fault


def test_a_token_that_keeps_the_reader_busy_is_given_up(
    good: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In bounded time, with the others read."""
    monkeypatch.setattr(token_module, "START_S", 3.0)
    monkeypatch.setattr(token_module, "EACH_S", 0.1)
    broken_reader(tmp_path, monkeypatch, "time.sleep(60)")
    first, second = read_tokens([good, b"BOOM"])
    assert first == local(good)
    assert "did not end in 3 s" in second.fault


def broken_reader(place: Path, monkeypatch: pytest.MonkeyPatch, act: str) -> None:
    """A parser in which the token BOOM does something bad to its process."""
    (place / "sitecustomize.py").write_text(
        "import os, time, harness.lock.anchor.der as der\n"
        "real = der.response_of\n"
        f"def response_of(data):\n    if data == b'BOOM':\n        {act}\n    return real(data)\n"
        "der.response_of = response_of\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(place))


def test_nothing_of_the_workspace_is_imported(
    good: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module of the workspace with a library's name is not taken for the library."""
    for name in ("rfc3161_client", "json", "cryptography"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('taken')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", ".:")
    assert read_tokens([good])[0] == local(good)


def test_no_token_needs_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger without tokens costs nothing."""
    monkeypatch.setattr(token_module.subprocess, "run", None)
    assert read_tokens([]) == ()


def test_a_time_in_the_certificate_s_last_second_still_counts(
    authority: Authority, good: bytes
) -> None:
    """The certificate has to be valid when the token is made, not when it is read."""
    moment = decode_timestamp_response(good).tst_info.gen_time
    assert authority.signer.certificate.not_valid_after_utc - moment > timedelta(days=1)
    assert local(good, authority.root).vouched
