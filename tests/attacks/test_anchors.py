"""Attacks on anchors. Each is shown to fail, and the same act without it to pass.

What a verifier trusts is the honest authority's root and Alice's key; the workspace, with its
ledger and everything in claims/anchors/, is in the attacker's hands.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from rfc3161_client import decode_timestamp_response

from harness.digest import digest_bytes
from harness.errors import ClaimsError
from harness.lock.anchor.der import in_order
from harness.lock.anchor.examine import UNANCHORED, examine_anchors
from harness.lock.anchor.make import adopt, stamp
from harness.lock.anchor.records import Anchor, AnchorTrust
from harness.lock.chain import Row
from harness.lock.findings import Findings
from harness.lock.ledger import append, ledger_path, read
from tests.attacks.acts import put_ledger
from tests.witnesses import (
    Answer,
    Authority,
    allowed,
    certify,
    granting,
    ledger,
    query,
    rebuilt,
    serving,
    ssh_sign,
)

FOLDER = Path("claims") / "anchors"
REBUILT = "rebuilt after it was anchored, or rows were cut off"


@pytest.fixture(scope="module")
def trust(
    authority: Authority, alice: Path, tmp_path_factory: pytest.TempPathFactory
) -> AnchorTrust:
    """The honest authority and Alice."""
    signers = allowed(tmp_path_factory.mktemp("trust") / "signers", alice=alice).allowed_signers
    return AnchorTrust(authority.trust.tsa_roots, signers)


@pytest.fixture(scope="module")
def _anchored(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority, alice: Path, trust: AnchorTrust
) -> Path:
    root = ledger(tmp_path_factory.mktemp("attacked") / "study")
    head, place = read(root)[-1].digest, root / "witness"
    for data in (authority.token(head), ssh_sign(alice, head)):
        place.write_bytes(data)
        adopt(root, place, trust)
    place.unlink()
    append(root, "attempt-started", {"claim": "c", "after": True})
    passes(root, trust)
    return root


@pytest.fixture
def root(_anchored: Path, tmp_path: Path) -> Path:
    """Rows 1 to 3, a time-stamp over 3 (row 4), Alice's signature over 3 (row 5), row 6.

    Both anchors hold and are trusted: that is what every attack starts from.
    """
    place = tmp_path / "study"
    shutil.copytree(_anchored, place)
    return place


def examined(root: Path, trust: AnchorTrust) -> tuple[Findings, tuple[Anchor, ...]]:
    """The examination of a workspace."""
    return examine_anchors(root, read(root), trust)


def passes(root: Path, trust: AnchorTrust) -> None:
    """Both anchors hold and are trusted."""
    found, anchors = examined(root, trust)
    assert found.problems == []
    assert [a.trusted for a in anchors] == [True, True]


def problem(root: Path, trust: AnchorTrust) -> str:
    """The one problem that is found."""
    found, _ = examined(root, trust)
    assert len(found.problems) == 1, found.problems
    return found.problems[0]


def token_file(root: Path) -> Path:
    """Where the time-stamp is."""
    return next((root / FOLDER).glob("*.tsr"))


def signature_file(root: Path) -> Path:
    """Where the signature is."""
    return next((root / FOLDER).glob("*.sig"))


def put(root: Path, place: Path, data: bytes, **more: object) -> None:
    """Replace an anchor's file, and everything in its row that would give it away."""
    place.write_bytes(data)
    name = f"{FOLDER}/{place.name}"
    rebuilt(
        root,
        lambda row: (
            {**row.body, "digest": digest_bytes(data), **more}
            if row.body.get("file") == name
            else row.body
        ),
    )


def keep(root: Path, change: Callable[[Row], dict[str, object] | None]) -> None:
    """Rebuild the ledger."""
    rebuilt(root, change)


def test_a_token_over_another_head(root: Path, trust: AnchorTrust, authority: Authority) -> None:
    """A genuine token of the trusted authority, over something else."""
    head = read(root)[2].digest
    mine, other = (authority.token(text) for text in (head, "sha256:" + "0" * 64))
    put(root, token_file(root), mine, stated_time=stated(mine))
    assert examined(root, trust)[1][0].trusted
    put(root, token_file(root), other, stated_time=stated(other))
    assert "over something else than the digest" in problem_of_token(root, trust)


def stated(token: bytes) -> str:
    """The time in a token."""
    return decode_timestamp_response(in_order(token)).tst_info.gen_time.strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )


def problem_of_token(root: Path, trust: AnchorTrust) -> str:
    """The one problem, which is that of the time-stamp's row; Alice's signature still holds."""
    found, anchors = examined(root, trust)
    assert [a.type for a in anchors] == ["ssh"]
    assert [p[:12] for p in found.problems] == ["anchor row 4"]
    return found.problems[0]


@pytest.mark.parametrize("names", [("Honest Root", "Honest Stamps"), ("Other", "Honest Stamps")])
def test_a_token_of_another_authority_with_the_same_name(
    root: Path, trust: AnchorTrust, authority: Authority, tmp_path: Path, names: tuple[str, str]
) -> None:
    """Names are free to choose. A copied root name is a forgery; a copied signer's name under
    another root is a stranger for whom nobody vouches."""
    head = read(root)[2].digest
    real = authority.token(head)
    put(root, token_file(root), real, stated_time=stated(real))
    assert examined(root, trust)[1][0].trusted
    twin = Authority.make(tmp_path / "twin", *names)
    fake = twin.token(head)
    put(root, token_file(root), fake, stated_time=stated(fake))
    found, anchors = examined(root, trust)
    assert not any(a.trusted for a in anchors if a.type == "rfc3161")
    if names[0] == "Honest Root":
        assert "under CN=Honest Root,O=Test, which you named, and does not" in found.problems[0]
    else:
        assert "nobody whom the verifier named vouches" in found.notes[0]
        assert found.problems == []


@pytest.mark.parametrize("which", [token_file, signature_file])
def test_an_anchor_s_file_is_edited(
    root: Path, trust: AnchorTrust, which: Callable[[Path], Path]
) -> None:
    """One bit is enough; with the bit put back, the anchors pass again."""
    data = bytearray(which(root).read_bytes())
    data[len(data) // 2] ^= 1
    which(root).write_bytes(data)
    assert "its digest differs" in problem(root, trust)
    data[len(data) // 2] ^= 1
    which(root).write_bytes(data)
    passes(root, trust)


@pytest.mark.parametrize("which", [token_file, signature_file])
def test_an_anchor_s_file_is_deleted(
    root: Path, trust: AnchorTrust, which: Callable[[Path], Path]
) -> None:
    """The row still names it."""
    which(root).unlink()
    assert "does not exist" in problem(root, trust)


def test_an_anchor_s_file_is_swapped_for_another_genuine_one(
    root: Path, trust: AnchorTrust, authority: Authority
) -> None:
    """A later token over the same head is not the one that the row names."""
    time.sleep(1.0)
    token_file(root).write_bytes(authority.token(read(root)[2].digest))
    assert "its digest differs" in problem(root, trust)


def test_an_anchor_s_file_is_enormous(root: Path, trust: AnchorTrust) -> None:
    """More than 64 KiB is not read."""
    token_file(root).write_bytes(b"0" * 65_537)
    assert "larger than 65536 bytes" in problem(root, trust)


def test_an_anchor_s_file_is_a_link_out_of_the_workspace(
    root: Path, trust: AnchorTrust, tmp_path: Path
) -> None:
    """Even to the very same bytes: a link can change behind the verifier's back."""
    outside = tmp_path / "token"
    shutil.move(token_file(root), outside)
    place = root / FOLDER / f"{read(root)[2].digest[7:19]}.1.tsr"
    place.symlink_to(outside)
    assert "symbolic link" in problem(root, trust)


def test_the_anchors_folder_is_a_link(root: Path, trust: AnchorTrust, tmp_path: Path) -> None:
    """Neither its files nor its listing are taken from elsewhere."""
    shutil.move(root / FOLDER, tmp_path / "elsewhere")
    (root / FOLDER).symlink_to(tmp_path / "elsewhere")
    found, anchors = examined(root, trust)
    assert anchors == ()
    assert len(found.problems) == 3
    assert all("symbolic link" in p for p in found.problems)


def test_an_anchor_s_file_is_a_pipe_that_never_ends(root: Path, trust: AnchorTrust) -> None:
    """It is not waited for."""
    import os

    place = token_file(root)
    place.unlink()
    os.mkfifo(place)
    assert "not a regular file" in problem(root, trust)


@pytest.mark.parametrize(
    "file",
    ["claims/anchors/../../../token.tsr", "/etc/token.tsr", "claims/token.tsr",
     "claims/anchors/\u202e.tsr", "claims/anchors/.tsr", "claims\\anchors\\x.tsr"],
)  # fmt: skip
def test_a_row_names_a_file_outside_the_anchors_folder(
    root: Path, trust: AnchorTrust, file: str
) -> None:
    """Even where the token's very bytes are there."""
    shutil.copy(token_file(root), root.parent.parent / "token.tsr")
    shutil.copy(token_file(root), root / "claims" / "token.tsr")
    keep(root, lambda row: {**row.body, "file": file} if row.seq == 4 else row.body)
    assert "names a file that is not claims/anchors/*.tsr" in problem_of_token(root, trust)


def test_the_ledger_is_cut_off_below_the_anchored_row(root: Path, trust: AnchorTrust) -> None:
    """The rows of the anchors go with it; their files, or a sceptic's copies of them, speak."""
    lines = ledger_path(root).read_bytes().splitlines(keepends=True)
    put_ledger(root, b"".join(lines[:2]))
    found, anchors = examined(root, trust)
    assert anchors == ()
    assert UNANCHORED in found.notes
    token, signature = sorted(found.problems, key=lambda p: "named after" in p)
    assert REBUILT in token
    assert "by CN=Honest Stamps,O=Test, which you trust, over a row that this" in token
    assert "named after a row that this ledger does not have" in signature


def test_rows_after_the_anchor_are_cut_off(root: Path, trust: AnchorTrust) -> None:
    """No anchor shows this; the last anchored row is said, so that nobody takes it for more."""
    lines = ledger_path(root).read_bytes().splitlines(keepends=True)
    found, anchors = examined(root, trust)
    assert found.notes == [
        "ledger rows from 6 on came after the last anchor that you trust (over row 3)"
    ]
    put_ledger(root, b"".join(lines[:5]))
    passes(root, trust)
    assert anchors == examined(root, trust)[1]


def test_the_ledger_is_rebuilt_after_it_was_anchored(root: Path, trust: AnchorTrust) -> None:
    """Every digest is right again; the anchor is over a row that is no more."""
    keep(root, lambda row: {**row.body, "claim": "better"} if row.seq == 1 else row.body)
    found, anchors = examined(root, trust)
    assert anchors == ()
    assert len(found.problems) == 2
    assert all(REBUILT in p for p in found.problems)


def test_a_rebuilt_ledger_has_its_anchor_rows_brought_up_to_date(
    root: Path, trust: AnchorTrust
) -> None:
    """The row can be made to name the new head; the token cannot."""
    keep(root, lambda row: {**row.body, "claim": "better"} if row.seq == 1 else row.body)
    head = read(root)[2].digest
    keep(root, lambda row: {**row.body, "head": head} if row.kind == "anchor" else row.body)
    found, anchors = examined(root, trust)
    assert anchors == ()
    assert "over something else than the digest that its row names" in found.problems[0]
    assert "no good signature over the digest that its row names" in found.problems[1]


def test_a_rebuilt_ledger_drops_its_anchor_rows(root: Path, trust: AnchorTrust) -> None:
    """Then it is not anchored, and says so; the files that stay behind give it away."""
    edit = lambda row: None if row.kind == "anchor" else {**row.body, "better": 1}  # noqa: E731
    keep(root, edit)
    found, anchors = examined(root, trust)
    assert anchors == ()
    assert UNANCHORED in found.notes
    assert all(REBUILT in p for p in found.problems)
    assert len(found.problems) == 2
    shutil.rmtree(root / FOLDER)
    assert examined(root, trust)[0] == Findings(notes=[UNANCHORED])


def test_an_anchor_row_is_edited_to_name_an_earlier_time(root: Path, trust: AnchorTrust) -> None:
    """The token's own time counts."""
    early = {"stated_time": "2020-01-01T00:00:00Z"}
    keep(root, lambda row: {**row.body, **early} if row.seq == 4 else row.body)
    assert "its row says 2020-01-01T00:00:00Z" in problem_of_token(root, trust)


def test_an_anchor_row_is_edited_to_cover_a_later_row(root: Path, trust: AnchorTrust) -> None:
    """Its number and its digest must be the same row's, and one before the anchor."""
    keep(root, lambda row: {**row.body, "seq": 2} if row.seq == 4 else row.body)
    assert "says row 2 and covers row 3" in problem_of_token(root, trust)
    for more in ({"seq": "3"}, {"seq": True}, {"head": "sha256:x"}, {"type": "x"}, {"file": 1}):
        keep(root, lambda row, m=more: {**row.body, **m} if row.seq == 4 else row.body)  # type: ignore[misc]
        assert problem_of_token(root, trust)


def test_an_anchor_row_comes_before_the_row_that_it_covers(
    root: Path, trust: AnchorTrust, alice: Path
) -> None:
    """Nobody can have stamped a row that was not written yet."""
    place = root / "mine.sig"
    place.write_bytes(ssh_sign(alice, read(root)[5].digest))
    assert adopt(root, place, trust).anchor.seq == 6
    body = read(root)[6].body
    rows = [*read(root)[:6]]
    moved = Row.make(6, "anchor", {**body, "seq": 6}, rows[5].time, rows[4].prev)
    found, _ = examine_anchors(root, [*rows[:5], replace(rows[5], kind="anchor",
                                                         body=moved.body)], trust)  # fmt: skip
    assert any("was written after it" in p for p in found.problems)


def test_a_backdated_token_signed_by_somebody_else(
    root: Path, trust: AnchorTrust, authority: Authority, tmp_path: Path
) -> None:
    """The content of a genuine token with another time, signed by a key of the attacker."""
    genuine = authority.token(read(root)[2].digest)
    year = stated(genuine)[:4].encode()
    thieves = certify(tmp_path, "Thieves Root", days=(-9000, 300))
    thief = certify(tmp_path, "Honest Stamps", thieves, days=(-9000, 300))
    forged = authority.forge(genuine, thief, year, b"2020")
    when = "2020" + stated(genuine)[4:]
    put(root, token_file(root), genuine, stated_time=stated(genuine))
    assert examined(root, trust)[1][0].trusted
    put(root, token_file(root), forged, stated_time=when)
    found, anchors = examined(root, trust)
    assert (anchors[0].stated_time, anchors[0].trusted) == (when, False)
    assert "nobody whom the verifier named vouches" in found.notes[0]


def test_a_backdated_token_with_a_genuine_signature(
    root: Path, trust: AnchorTrust, authority: Authority
) -> None:
    """The time is under the signature."""
    genuine = authority.token(read(root)[2].digest)
    when = stated(genuine)
    put(root, token_file(root), genuine, stated_time=when)
    assert examined(root, trust)[1][0].trusted
    early = genuine.replace(when[:4].encode() + when[5:7].encode(), b"202001", 1)
    put(root, token_file(root), early, stated_time="2020-01" + when[7:])
    assert problem_of_token(root, trust)


@pytest.mark.parametrize("named", [True, False])
def test_a_certificate_of_the_same_root_without_the_purpose(
    root: Path, trust: AnchorTrust, authority: Authority, named: bool
) -> None:
    """Whoever bought a certificate for code from the authority cannot state times with it."""
    genuine = authority.token(read(root)[2].digest)
    stamps = certify(authority.folder, "Second Stamps", authority.root)
    code = certify(
        authority.folder, "Code", authority.root, purposes=(ExtendedKeyUsageOID.CODE_SIGNING,)
    )
    trust = trust if named else AnchorTrust()
    for signer, good in ((stamps, True), (code, False)):
        data = authority.forge(genuine, signer)
        put(root, token_file(root), data, stated_time=stated(data))
        _, anchors = examined(root, trust)
        if good:
            assert anchors[0].trusted is named
        else:
            assert "not a certificate for time-stamping" in problem_of_token(root, trust)


def test_an_authority_whose_root_had_expired(
    root: Path, authority: Authority, tmp_path: Path
) -> None:
    """Certificates must have been valid at the time that the token states."""
    head = read(root)[2].digest
    for days, good in (((-30, 300), True), ((-300, -30), False)):
        one = Authority.make(tmp_path / str(good), "Old Root", "Old Stamps", days=days)
        data = one.token(head)
        put(root, token_file(root), data, stated_time=stated(data))
        _, anchors = examined(root, one.trust)
        assert anchors[0].trusted is good
        if not good:
            assert "certificate has expired" in problem_of_token(root, one.trust)


def test_extra_certificates_hide_nothing(
    root: Path, trust: AnchorTrust, authority: Authority, tmp_path: Path
) -> None:
    """A token that brings certificates of other authorities along is judged by its signer's."""
    stranger = Authority.make(tmp_path / "stranger", "Stranger Root", "Stranger Stamps")
    head = read(root)[2].digest
    for host, extra, good in ((authority, stranger, True), (stranger, authority, False)):
        crowd = replace(host, extra=(extra.signer, extra.root, host.root))
        data = crowd.token(head)
        put(root, token_file(root), data, stated_time=stated(data))
        found, anchors = examined(root, trust)
        assert found.problems == []
        assert anchors[0].trusted is good


def test_a_signature_by_a_key_that_is_not_allowed(
    root: Path, trust: AnchorTrust, bob: Path, alice: Path
) -> None:
    """It is a signature, and nobody whom the verifier named made it."""
    data = ssh_sign(bob, read(root)[2].digest)
    put(root, signature_file(root), data, **ssh_row(root, bob))
    found, anchors = examined(root, trust)
    assert [a.trusted for a in anchors] == [True, False]
    assert "whom the verifier did not name" in found.notes[0]
    assert "No principal matched" in found.notes[0]
    data = ssh_sign(alice, read(root)[2].digest)
    put(root, signature_file(root), data, **ssh_row(root, alice))
    passes(root, trust)


def ssh_row(root: Path, key: Path) -> dict[str, object]:
    """What a row says of a signature by this key."""
    from harness.lock.anchor.sshsig import check

    return {"key": check(b"x", ssh_sign(key, "x")).key}


def test_a_row_names_another_key_than_signed(root: Path, trust: AnchorTrust) -> None:
    """A report that shows the row's key would show somebody else's."""
    keep(root, lambda row: {**row.body, "key": "SHA256:" + "A" * 43} if row.seq == 5 else row.body)
    assert "its row says SHA256:AAAA" in problem(root, trust)


def test_a_signature_made_for_another_use(root: Path, trust: AnchorTrust, alice: Path) -> None:
    """Alice signs commits; none of those signatures is an anchor."""
    head = read(root)[2].digest
    put(root, signature_file(root), ssh_sign(alice, head))
    passes(root, trust)
    put(root, signature_file(root), ssh_sign(alice, head, "git"))
    assert "for the namespace 'git', not 'causal-claims'" in problem(root, trust)


def test_a_signature_over_something_else(root: Path, trust: AnchorTrust, alice: Path) -> None:
    """By the right key, in the right namespace."""
    put(root, signature_file(root), ssh_sign(alice, read(root)[2].digest))
    passes(root, trust)
    put(root, signature_file(root), ssh_sign(alice, read(root)[1].digest))
    assert "no good signature over the digest" in problem(root, trust)


def test_allowed_signers_of_the_workspace_are_not_believed(
    root: Path, trust: AnchorTrust, alice: Path
) -> None:
    """A file of keys or roots that the author put there changes nothing by being there."""
    for place in (root, root / "claims", root / FOLDER, root / ".ssh"):
        place.mkdir(exist_ok=True)
        allowed(place / "allowed_signers", alice=alice)
    assert not any(a.trusted for a in examined(root, AnchorTrust())[1])


def test_an_answer_is_replayed(authority: Authority, tmp_path: Path) -> None:
    """An old answer of the right authority over the right head is not an answer to this request."""
    root = ledger(tmp_path / "study")
    old = authority.reply(query(authority.folder, read(root)[-1].digest))
    with serving(granting(lambda _: old)) as url:
        refused(root, url, "answer to another request: its nonce is not ours")
    with serving(granting(authority.reply)) as url:
        assert stamp(root, url).row.seq == 4


def test_an_answer_over_something_else(authority: Authority, tmp_path: Path) -> None:
    """The request is exchanged on the way, nonce kept."""
    root = ledger(tmp_path / "study")
    head = read(root)[-1].digest

    def exchange(asked: bytes) -> bytes:
        from hashlib import sha512

        return authority.reply(
            asked.replace(sha512(head.encode()).digest(), sha512(b"another").digest())
        )

    with serving(granting(exchange)) as url:
        refused(root, url, "over something else than was sent")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((200, {}, b"<html>welcome to the hotel</html>"), "cannot be read as a time-stamp"),
        ((200, {}, b""), "cannot be read as a time-stamp"),
        ((200, {}, b"0" * 1_000_000), "more than 65536 bytes"),
        ((302, {"Location": "file:///etc/passwd"}, b""), "which is not followed"),
    ],
)
def test_an_authority_answers_garbage(answer: Answer, words: str, tmp_path: Path) -> None:
    """Nothing of it is written; honest answers pass elsewhere in this file."""
    root = ledger(tmp_path / "study")
    with serving(lambda _: answer) as url:
        refused(root, url, words)


def test_an_authority_answers_a_hundred_megabytes(tmp_path: Path) -> None:
    """After 64 KiB nothing more is read: most of it never leaves the server."""
    root = ledger(tmp_path / "study")
    sent = []

    def flood() -> Iterator[bytes]:
        for n in range(100):
            sent.append(n)
            yield bytes(1_000_000)

    with serving(lambda _: (200, {}, flood())) as url:
        refused(root, url, "more than 65536 bytes")
    assert len(sent) < 50


def test_an_authority_refuses(authority: Authority, tmp_path: Path) -> None:
    """Its own words are told."""
    root = ledger(tmp_path / "study")
    refusal = authority.reply(query(authority.folder, "x", "md5"))
    with serving(granting(lambda _: refusal)) as url:
        refused(root, url, "refusal of the authority .status 2.: Message digest algorithm is not")


def test_an_authority_hangs(authority: Authority, tmp_path: Path) -> None:
    """It is given up after the time that was asked for; a slow one is waited for until then."""
    root = ledger(tmp_path / "study")

    def slow(seconds: float) -> Callable[[bytes], bytes]:
        return lambda asked: (time.sleep(seconds), authority.reply(asked))[1]

    with serving(granting(slow(4))) as url:
        start = time.monotonic()
        refused(root, url, "gave no whole answer in 1 s", patience=1)
        assert time.monotonic() - start < 3.5
    with serving(granting(slow(0.1))) as url:
        assert stamp(root, url, patience=20).row.seq == 4


def refused(root: Path, url: str, words: str, patience: float = 30) -> None:
    """Stamping fails with these words and advice, and leaves neither file nor row."""
    with pytest.raises(ClaimsError, match=words) as caught:
        stamp(root, url, patience=patience)
    assert caught.value.where.startswith(url)
    assert caught.value.fix
    assert len(read(root)) == 3
    assert not (root / FOLDER).exists()


def test_file_names_in_the_folder_that_attack_the_reader_s_terminal(
    root: Path, trust: AnchorTrust
) -> None:
    """Names that are no text or hold control characters are said without them."""
    folder = str(root / FOLDER).encode()
    for name in (b"\xff\xfe.tsr", b"\x1b[2J.sig", b"a\nb.txt"):
        Path((folder + b"/" + name).decode(errors="surrogateescape")).touch()
    found, _ = examined(root, trust)
    assert not found.problems
    text = "".join(found.notes)
    assert text.isprintable()
    assert len(found.notes) == 4
