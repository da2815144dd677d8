"""An examination says what holds, for whom, and what it could not look at."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from harness.errors import ClaimsError
from harness.lock.anchor import sshsig
from harness.lock.anchor.examine import UNANCHORED, examine_anchors
from harness.lock.anchor.make import adopt, sign, stamp
from harness.lock.anchor.records import Anchor, AnchorTrust
from harness.lock.findings import Findings
from harness.lock.ledger import append, read
from tests.witnesses import Authority, allowed, ledger


@pytest.fixture(scope="module")
def _anchored(tmp_path_factory: pytest.TempPathFactory, authority_url: str, alice: Path) -> Path:
    root = ledger(tmp_path_factory.mktemp("anchored") / "study")
    stamp(root, authority_url)
    sign(root, alice)
    return root


@pytest.fixture
def root(_anchored: Path, tmp_path: Path) -> Path:
    """A ledger of three rows, a time-stamp over the third and a signature over the stamp's row."""
    place = tmp_path / "study"
    shutil.copytree(_anchored, place)
    return place


@pytest.fixture
def trust(authority: Authority, alice: Path, tmp_path: Path) -> AnchorTrust:
    """A verifier who trusts the authority and Alice."""
    signers = allowed(tmp_path / "signers", alice=alice).allowed_signers
    return AnchorTrust(authority.trust.tsa_roots, signers)


def examined(root: Path, trust: AnchorTrust | None = None) -> tuple[Findings, tuple[Anchor, ...]]:
    """The examination of a workspace."""
    return examine_anchors(root, read(root), trust)


def test_anchors_by_trusted_witnesses_are_examined(root: Path, trust: AnchorTrust) -> None:
    """Each with what it covers, when, and by whom; nothing else remains to be said."""
    found, anchors = examined(root, trust)
    stamped, signed = anchors
    assert [a.trusted for a in anchors] == [True, True]
    assert (stamped.type, stamped.seq, stamped.by) == ("rfc3161", 3, "CN=Honest Stamps,O=Test")
    assert (signed.type, signed.seq, signed.stated_time) == ("ssh", 4, None)
    assert found.examined == [f"{a.file}: {a.sentence}" for a in anchors]
    assert f"existed by {stamped.stated_time}, attested by CN=Honest Stamps" in found.examined[0]
    assert "does not show that nothing had been measured before" in found.examined[0]
    assert (found.problems, found.not_examined, found.notes) == ([], [], [])


def test_without_trust_the_anchors_hold_and_nobody_vouches(root: Path) -> None:
    """No root and no signer is taken from anywhere else: notes, and the word UNANCHORED."""
    found, anchors = examined(root)
    assert [a.trusted for a in anchors] == [False, False]
    assert (found.problems, found.examined) == ([], [])
    stamped, signed, last = found.notes
    assert "anyone can make such a token (no root was named); name the authority's root" in stamped
    assert "anyone can make such a signature (no allowed signers were named)" in signed
    assert last == UNANCHORED


def test_an_anchor_covers_the_registrations_before_it(root: Path, trust: AnchorTrust) -> None:
    """Those with rows up to the one that is covered, and no later one."""
    append(
        root,
        "registration",
        {
            "registration": "sha256:" + "9" * 64,
            "claims": {},
            "reason": "",
            "content": {"claims": {}, "recipes": {}},
        },
    )
    found, anchors = examined(root, trust)
    assert [a.registrations for a in anchors] == [("sha256:" + "2" * 64,)] * 2
    assert [anchors[0].covers(n) for n in (2, 3, 4)] == [True, True, False]
    assert found.notes == [
        "ledger rows from 6 on came after the last anchor that you trust (over row 4)"
    ]


def test_an_anchor_is_json_for_reports(root: Path, trust: AnchorTrust) -> None:
    """With its sentence."""
    _, anchors = examined(root, trust)
    value = json.loads(json.dumps(anchors[0].as_json()))
    assert value["sentence"] == anchors[0].sentence
    assert set(value) == {"type", "head", "seq", "stated_time", "by", "trusted", "file",
                          "registrations", "sentence"}  # fmt: skip


def test_a_ledger_without_anchor_says_so(tmp_path: Path, trust: AnchorTrust) -> None:
    """An examination that finds nothing does not pass by saying nothing; an empty ledger has
    nothing to anchor."""
    (tmp_path / "empty").mkdir()
    assert examine_anchors(tmp_path / "empty", (), trust) == (Findings(), ())
    found, anchors = examined(ledger(tmp_path / "plain"), trust)
    assert (found, anchors) == (Findings(notes=[UNANCHORED]), ())


def test_one_trusted_anchor_is_enough(root: Path, authority: Authority) -> None:
    """Another that nobody vouches for takes nothing away."""
    found, anchors = examined(root, authority.trust)
    assert [a.trusted for a in anchors] == [True, False]
    assert not found.problems
    assert UNANCHORED not in found.notes


def test_without_ssh_keygen_signatures_are_not_examined(
    root: Path, trust: AnchorTrust, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is said, and the time-stamp is examined all the same."""
    monkeypatch.setattr(sshsig.shutil, "which", lambda _: None)
    found, anchors = examined(root, trust)
    assert [a.type for a in anchors] == ["rfc3161"]
    assert len(found.not_examined) == 1
    assert "ssh-keygen is not installed" in found.not_examined[0]
    assert not found.problems


def test_an_ssh_keygen_that_does_not_end_is_not_an_examination(
    root: Path, trust: AnchorTrust, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is it a problem of the record."""

    def hang(*_: object, **__: object) -> None:
        raise ClaimsError("ssh-keygen did not end")

    monkeypatch.setattr(sshsig, "_run", hang)
    found, _ = examined(root, trust)
    assert "did not end" in found.not_examined[0]
    assert not found.problems


def test_files_that_no_row_names_are_noted(
    root: Path, authority: Authority, trust: AnchorTrust
) -> None:
    """Left by a kill between file and row, or put there: each is mentioned."""
    folder = root / "claims" / "anchors"
    head = read(root)[0].digest
    (folder / "left.tsr").write_bytes(authority.token(head))
    (folder / f"{head[7:19]}.1.sig").write_bytes(b"x")
    (folder / "notes.txt").write_text("x")
    (folder / "junk.tsr").write_text("x")
    (folder / "large.tsr").write_bytes(b"0" * 70_000)
    (folder / "link.tsr").symlink_to(folder / "left.tsr")
    found, anchors = examined(root, trust)
    assert len(anchors) == 2
    assert not found.problems
    notes = "\n".join(found.notes)
    assert "left.tsr, a token over row 1: add it with claims anchor --file" in notes
    assert "junk.tsr, which cannot be read as a time-stamp" in notes
    assert "larger than 65536 bytes" in notes
    assert "symbolic link" in notes
    assert "no anchor row names claims/anchors/notes.txt" in notes
    assert len(found.notes) == 6


def test_a_flood_of_stray_files_is_counted_not_read(root: Path, trust: AnchorTrust) -> None:
    """The examination stays bounded."""
    for n in range(200):
        (root / "claims" / "anchors" / f"{n}.txt").touch()
    found, _ = examined(root, trust)
    assert len(found.notes) == 21
    assert "180 more files" in "\n".join(found.notes)


def test_a_left_over_can_be_added(root: Path, authority: Authority) -> None:
    """What a kill left out is made good by naming the file."""
    place = root / "claims" / "anchors" / "left.tsr"
    place.write_bytes(authority.token(read(root)[0].digest))
    assert adopt(root, place).anchor.seq == 1


def test_trust_taken_from_the_workspace_is_noted(root: Path, alice: Path) -> None:
    """Whoever wrote the workspace chose it."""
    trust = allowed(root / "claims" / "signers", alice=alice)
    found, anchors = examined(root, trust)
    assert [a.trusted for a in anchors] == [False, True]
    assert "chose whom you trust" in found.notes[0]


def test_trust_that_cannot_be_read_raises(root: Path, tmp_path: Path) -> None:
    """It is the verifier's own option that is wrong, not the record."""
    with pytest.raises(ClaimsError, match="no such file"):
        examined(root, AnchorTrust((tmp_path / "nothing",)))


def test_a_signature_that_needs_a_root_is_not_examined_without(
    root: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kind of signature that only the library checks, with a chain: said, and no problem."""
    from dataclasses import replace

    from harness.lock.anchor import examine

    real = examine.read_tokens

    def unknown(*args: object) -> object:
        return tuple(
            t if t.vouched else replace(t, agrees=None)
            for t in real(*args)  # type: ignore[arg-type]
        )

    monkeypatch.setattr(examine, "read_tokens", unknown)
    found, _ = examined(root)
    assert "checked only together with a root" in found.not_examined[0]
    assert not found.problems
    assert not examined(root, authority.trust)[0].not_examined


def test_without_the_folder_a_named_file_is_a_problem(root: Path, trust: AnchorTrust) -> None:
    """One for each row; none of them raises."""
    shutil.rmtree(root / "claims" / "anchors")
    found, anchors = examined(root, trust)
    assert anchors == ()
    assert len(found.problems) == 2
    assert all("does not exist" in p for p in found.problems)
