"""Anchors are obtained, checked, and then written: file and row, or neither."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.digest import digest_bytes
from harness.errors import ClaimsError, NothingThere, RecordBroken
from harness.lock.anchor import make
from harness.lock.anchor.der import elements, one
from harness.lock.anchor.examine import examine_anchors
from harness.lock.anchor.make import adopt, sign, stamp
from harness.lock.ledger import append, read
from tests.witnesses import Authority, allowed, ledger, openssl, query, rebuilt, ssh_sign


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace with three rows on its ledger."""
    return ledger(tmp_path / "study")


def files(root: Path) -> list[str]:
    """What is in the anchors' folder."""
    folder = root / "claims" / "anchors"
    return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


def test_a_stamp_covers_the_head_and_is_recorded(root: Path, authority_url: str) -> None:
    """The row names head, file, digest, authority and time; the file has that digest."""
    head = read(root)[-1]
    done = stamp(root, authority_url)
    row = read(root)[-1]
    file = f"claims/anchors/{head.digest[7:19]}.1.tsr"
    assert (row.kind, row.seq) == ("anchor", 4)
    assert row.body == {
        "type": "rfc3161",
        "head": head.digest,
        "seq": 3,
        "file": file,
        "digest": digest_bytes((root / file).read_bytes()),
        "authority": authority_url,
        "stated_time": done.anchor.stated_time,
    }
    assert done.row == row
    assert done.anchor.registrations == ("sha256:" + "2" * 64,)
    assert done.anchor.trusted is False
    assert "CN=Honest Stamps" in done.anchor.by


def test_the_one_who_stamps_can_demand_a_root(root: Path, authority: Authority, authority_url: str,
                                              tmp_path: Path) -> None:  # fmt: skip
    """With a root named, an answer that does not lead there is refused and nothing is written."""
    other = Authority.make(tmp_path / "other", "Other Root", "Other Stamps")
    with pytest.raises(ClaimsError, match="does not lead to a root that you named"):
        stamp(root, authority_url, other.trust)
    assert (files(root), len(read(root))) == ([], 3)
    assert stamp(root, authority_url, authority.trust).anchor.trusted is True


def test_a_second_anchor_of_a_head_gets_the_next_number(root: Path, authority: Authority) -> None:
    """Nothing is overwritten, and the same token is not recorded twice."""
    head = read(root)[-1].digest
    for n in (1, 2):
        place = root / f"{n}.tsr"
        place.write_bytes(authority.token(head))
        assert adopt(root, place).anchor.file == f"claims/anchors/{head[7:19]}.{n}.tsr"
    with pytest.raises(ClaimsError, match="on the ledger already, row 5"):
        adopt(root, place)
    assert len(files(root)) == 2


def test_an_ssh_key_signs_the_head(root: Path, alice: Path, tmp_path: Path) -> None:
    """The row names the key; the signature states no time."""
    done = sign(root, alice, allowed(tmp_path / "signers", alice=alice))
    body = read(root)[-1].body
    assert body["type"] == "ssh"
    assert body["key"].startswith("SHA256:")
    assert body["public_key"] == " ".join(alice.with_suffix(".pub").read_text().split()[:2])
    assert "stated_time" not in body
    assert done.anchor.stated_time is None
    assert done.anchor.trusted is True
    assert done.anchor.by == f"alice (key {body['key']})"


def test_a_key_that_the_allowed_signers_do_not_list_is_refused(
    root: Path, alice: Path, bob: Path, tmp_path: Path
) -> None:
    """The one who signs finds out before the row is written."""
    with pytest.raises(ClaimsError, match="not a key of the allowed signers"):
        sign(root, alice, allowed(tmp_path / "signers", bob=bob))
    assert (files(root), len(read(root))) == ([], 3)


def test_a_key_that_is_not_there_or_is_none_is_said_so(root: Path, tmp_path: Path) -> None:
    """Both are errors with advice."""
    with pytest.raises(ClaimsError, match="no such key"):
        sign(root, tmp_path / "nothing")
    (tmp_path / "text").write_text("not a key")
    with pytest.raises(ClaimsError, match="ssh-keygen did not sign"):
        sign(root, tmp_path / "text")


@pytest.mark.parametrize("hashed", ["sha256", "sha384", "sha512"])
def test_a_token_obtained_elsewhere_is_recorded(
    root: Path, authority: Authority, hashed: str
) -> None:
    """Over the head or an earlier row, under any of the three hashes."""
    place = root / "mine.tsr"
    place.write_bytes(authority.token(read(root)[1].digest, hashed))
    done = adopt(root, place, authority.trust)
    assert done.anchor.seq == 2
    assert done.anchor.trusted
    assert "authority" not in done.row.body


def test_a_token_without_its_response_is_recorded_too(root: Path, authority: Authority) -> None:
    """What ``openssl ts -reply -token_out`` writes is stored as a response that grants it."""
    place = root / "mine.tst"
    response = authority.token(read(root)[-1].digest)
    place.write_bytes(elements(one(response).content)[1].whole)
    done = adopt(root, place, authority.trust)
    assert (root / done.anchor.file).read_bytes() == response
    assert done.anchor.trusted


def test_a_signature_obtained_elsewhere_is_recorded(root: Path, alice: Path) -> None:
    """The row that it covers is found."""
    place = root / "mine.sig"
    place.write_bytes(ssh_sign(alice, read(root)[0].digest))
    assert adopt(root, place).anchor.seq == 1


def test_openssl_and_ssh_keygen_verify_by_hand_what_is_stored(
    root: Path, authority: Authority, authority_url: str, alice: Path, tmp_path: Path
) -> None:
    """A sceptic needs none of this code: the commands of docs/anchors.md agree."""
    head, text = read(root)[-1].digest, tmp_path / "head.txt"
    text.write_text(head)
    token = root / stamp(root, authority_url).anchor.file
    command = ["ts", "-verify", "-data", str(text), "-in", str(token), "-CAfile"]
    openssl([*command, str(authority.root.pem)])
    signed = sign(root, alice)
    text.write_text(signed.anchor.head)
    trust = allowed(tmp_path / "signers", alice=alice)
    subprocess.run(
        ["ssh-keygen", "-Y", "verify", "-f", str(trust.allowed_signers), "-I", "alice", "-n",
         "causal-claims", "-s", str(root / signed.anchor.file)],
        input=text.read_bytes(), check=True, capture_output=True, timeout=60,
    )  # fmt: skip


def test_what_is_neither_is_refused(root: Path, authority: Authority, alice: Path) -> None:
    """Text, a token or a signature over something else, a large file, a refusal, another use."""
    place = root / "what"
    refusal = authority.reply(refused_query(authority))
    for data, words in (
        (b"hello", "neither a time-stamp"),
        (b"", "neither a time-stamp"),
        (b"0\x80", "cannot be read as a time-stamp"),
        (authority.token("sha256:" + "0" * 64), "covers no row"),
        (ssh_sign(alice, "sha256:" + "0" * 64), "covers no row"),
        (ssh_sign(alice, read(root)[0].digest, "git"), "namespace 'git'"),
        (b"-----BEGIN SSH SIGNATURE-----", "cannot be read as an SSH signature"),
        (refusal, "refusal of the authority"),
        (b"0" * 70_000, "larger than"),
    ):
        place.write_bytes(data)
        with pytest.raises(ClaimsError, match=words):
            adopt(root, place)
    assert (files(root), len(read(root))) == ([], 3)


def refused_query(authority: Authority) -> bytes:
    """A request with a hash that the authority does not take."""
    return query(authority.folder, "x", "md5")


def test_an_empty_ledger_has_nothing_to_anchor(tmp_path: Path, alice: Path) -> None:
    """All three ways say so before they ask anybody."""
    (tmp_path / "claims").mkdir()
    for act in (
        lambda: stamp(tmp_path, "http://127.0.0.1:1/"),
        lambda: sign(tmp_path, alice),
        lambda: adopt(tmp_path, alice),
    ):
        with pytest.raises(NothingThere, match="nothing is on the ledger"):
            act()


def test_rows_that_come_meanwhile_do_no_harm(
    root: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The anchor covers the row that was the last when the authority was asked."""

    def slow(url: str, asked: bytes, patience: float) -> bytes:
        append(root, "attempt-started", {"claim": "meanwhile"})
        return authority.reply(asked)

    monkeypatch.setattr(make, "ask", slow)
    done = stamp(root, "http://authority.example/")
    assert (done.anchor.seq, done.row.seq) == (3, 5)
    found, anchors = examine_anchors(root, read(root), authority.trust)
    assert not found.problems
    assert [a.trusted for a in anchors] == [True]


def test_a_ledger_replaced_meanwhile_gets_no_anchor(
    root: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The head that was stamped is no row any more."""

    def slow(url: str, asked: bytes, patience: float) -> bytes:
        rebuilt(root, lambda row: {**row.body, "edited": True})
        return authority.reply(asked)

    monkeypatch.setattr(make, "ask", slow)
    with pytest.raises(RecordBroken, match="replaced while"):
        stamp(root, "http://authority.example/")
    assert files(root) == []


def test_a_row_that_cannot_be_written_leaves_no_file(
    root: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File and row, or neither."""

    def full(*_: object) -> None:
        raise ClaimsError("the ledger cannot be written: no space")

    place = root / "mine.tsr"
    place.write_bytes(authority.token(read(root)[-1].digest))
    monkeypatch.setattr(make, "append_locked", full)
    with pytest.raises(ClaimsError, match="no space"):
        adopt(root, place)
    assert files(root) == []
    monkeypatch.undo()
    assert adopt(root, place).anchor.seq == 3
