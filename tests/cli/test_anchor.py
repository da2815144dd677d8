"""``claims anchor`` and the options by which a verifier names whom to trust."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from harness.cli.trust import add_trust_arguments, trust_from
from harness.errors import ClaimsError
from harness.lock.anchor.records import AnchorTrust
from harness.lock.ledger import read
from tests.witnesses import Authority, allowed, ledger, ssh_sign


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace with three rows on its ledger."""
    return ledger(tmp_path / "study")


def call(capsys: pytest.CaptureFixture[str], root: Path, *argv: str) -> tuple[int, dict[str, Any]]:
    """Run the command with ``--json``."""
    capsys.readouterr()
    code = main(["anchor", *argv, "--workspace", str(root), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_an_authority_stamps(
    root: Path, authority: Authority, authority_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The result has the anchor and its row."""
    trust = ["--tsa-root", str(authority.root.pem)]
    code, value = call(capsys, root, "--tsa", authority_url, *trust)
    assert code == 0
    assert (value["type"], value["seq"], value["row"], value["trusted"]) == ("rfc3161", 3, 4, True)
    assert value["body"] == read(root)[-1].body


def test_a_key_signs_and_a_file_is_taken_in(
    root: Path, alice: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Signed here, or signed elsewhere over an earlier row."""
    signers = str(allowed(tmp_path / "signers", alice=alice).allowed_signers)
    code, value = call(capsys, root, "--ssh-key", str(alice), "--allowed-signers", signers)
    assert (code, value["type"], value["trusted"]) == (0, "ssh", True)
    place = tmp_path / "mine.sig"
    place.write_bytes(ssh_sign(alice, read(root)[0].digest))
    code, value = call(capsys, root, "--file", str(place))
    assert (code, value["seq"], value["trusted"]) == (0, 1, False)


def test_people_are_told_what_to_keep(
    root: Path, alice: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that nobody commits anchors nothing."""
    assert main(["anchor", "--ssh-key", str(alice), "--workspace", str(root)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("anchored the ledger up to row 3: by SHA256:")
    assert "to claims verify by --allowed-signers" in out
    assert f"Commit {read(root)[-1].body['file']} and claims/ledger.jsonl" in out


def test_what_goes_wrong_is_one_sentence(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code, what, where and what to do; nothing on the ledger."""
    for argv, code, words in (
        (["--tsa", "file:///etc/passwd"], 2, "not an http or https URL"),
        (["--tsa", "http://127.0.0.1:1/", "--timeout", "2"], 2, "cannot be reached"),
        (["--ssh-key", str(tmp_path / "none")], 2, "no such key"),
        (["--file", str(tmp_path / "none")], 2, "no such file"),
        (["--file", str(root)], 2, "is a directory"),
        (["--tsa", "http://127.0.0.1:1/", "--tsa-root", str(root)], 2, "is a directory"),
    ):
        got, value = call(capsys, root, *argv)
        assert (got, value["exit_code"]) == (code, code)
        assert words in value["error"]["what"]
        assert value["error"]["fix"]
    assert len(read(root)) == 3


def test_an_empty_ledger_is_nothing_to_anchor(
    tmp_path: Path, alice: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 4."""
    (tmp_path / "claims").mkdir()
    assert call(capsys, tmp_path, "--ssh-key", str(alice))[0] == 4


@pytest.mark.parametrize(
    "argv", [[], ["--tsa", "http://a/", "--ssh-key", "k"], ["--tsa", "http://a/", "--timeout", "0"]]
)
def test_one_witness_at_a_time(argv: list[str]) -> None:
    """None or two is bad usage."""
    with pytest.raises(SystemExit) as stop:
        main(["anchor", *argv])
    assert stop.value.code == 2


def test_the_options_of_a_verifier_become_a_trust(
    authority: Authority, alice: Path, tmp_path: Path
) -> None:
    """Repeatable roots, one file of signers, nothing by default; a wrong file is said at once."""
    parser = argparse.ArgumentParser()
    add_trust_arguments(parser)
    assert trust_from(parser.parse_args([])) == AnchorTrust()
    pem, signers = authority.root.pem, allowed(tmp_path / "signers", alice=alice).allowed_signers
    argv = ["--tsa-root", str(pem), "--tsa-root", str(pem), "--allowed-signers", str(signers)]
    assert trust_from(parser.parse_args(argv)) == AnchorTrust((pem, pem), signers)
    with pytest.raises(ClaimsError, match="no such file"):
        trust_from(parser.parse_args(["--tsa-root", str(tmp_path / "none")]))
    # the default list must not be shared between two command lines
    assert trust_from(parser.parse_args([])) == AnchorTrust()


def test_help_and_examination_load_no_cryptography(root: Path) -> None:
    """A ledger without anchors is examined, and help printed, without torch or the libraries."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from harness.cli.app import parser\n"
        "from harness.lock.anchor.examine import examine_anchors\n"
        "from harness.lock.ledger import read\n"
        "parser().format_help()\n"
        f"root = Path({str(root)!r})\n"
        "assert examine_anchors(root, read(root))[1] == ()\n"
        "names = ('torch', 'cryptography', 'rfc3161_client', 'urllib.request')\n"
        "print([n for n in names if n in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
