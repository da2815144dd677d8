"""SSH signatures over a row's digest, made and checked by ``ssh-keygen -Y`` in bounded time.

The namespace is fixed, so that a signature made for a commit or a mail cannot be passed off as one
for a ledger. ``ssh-keygen`` reads copies in a folder of its own: what is checked is the bytes that
were read here, whatever happens to the file meanwhile.

Not covered: certificates of SSH authorities beyond what ``ssh-keygen`` itself does with a
``cert-authority`` line of the allowed signers.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ClaimsError
from harness.lock.anchor.records import NAMESPACE, clean

BEGIN, END = b"-----BEGIN SSH SIGNATURE-----", b"-----END SSH SIGNATURE-----"
MAGIC = b"SSHSIG"
CHECK_S, SIGN_S = 10.0, 120.0
"""How long a check may take, and a signature, for which a person may have to type or touch."""
INSTALL = "Install OpenSSH (its ssh-keygen, 8.2 or newer) and repeat"


@dataclass(frozen=True)
class Signed:
    """What a signature says of itself: its namespace and its public key (``type base64``)."""

    namespace: str
    public_key: str


@dataclass(frozen=True)
class Checked:
    """``key`` is the fingerprint of the key whose signature it is, empty if it is not good;
    ``principal`` is who holds it by the allowed signers, empty for nobody; ``why`` says why."""

    key: str = ""
    principal: str = ""
    why: str = ""


def installed() -> bool:
    """Whether there is an ``ssh-keygen``."""
    return shutil.which("ssh-keygen") is not None


def parse(data: bytes) -> Signed:
    """What stands in a signature file, unchecked. Raises ``ValueError``."""
    text = data.strip()
    if not (text.startswith(BEGIN) and text.endswith(END)):
        raise ValueError("it has no header of an SSH signature")
    try:
        blob = b64decode(b"".join(text[len(BEGIN) : -len(END)].split()), validate=True)
    except NotBase64:
        raise ValueError("its text is not base64") from None
    if not blob.startswith(MAGIC + bytes([0, 0, 0, 1])):
        raise ValueError("it is not an SSH signature of version 1")
    key, rest = _string(blob[len(MAGIC) + 4 :])
    namespace, _ = _string(rest)
    kind, _ = _string(key)
    shown = f"{clean(kind.decode(errors='replace'))} {b64encode(key).decode()}"
    return Signed(clean(namespace.decode(errors="replace")), shown)


def sign(message: bytes, key: Path) -> bytes:
    """A signature over ``message`` by a private key file, or by an agent that holds the private
    half of a public key file. Raises :class:`ClaimsError`."""
    if not key.is_file():
        raise ClaimsError("there is no such key", where=str(key), fix="Name an SSH key file")
    where = str(key.absolute())
    done = _run("sign", ["-f", where, "-n", NAMESPACE], message, SIGN_S)
    if done.returncode != 0 or not done.stdout.strip().startswith(BEGIN):
        raise ClaimsError(
            f"ssh-keygen did not sign: {_complaint(done)}",
            where=str(key),
            fix="Try it by hand: echo test | ssh-keygen -Y sign -n test -f KEY",
        )
    return done.stdout


def check(message: bytes, signature: bytes, signers: bytes | None = None) -> Checked:
    """Whether the signature is over ``message``, and whom of the allowed ``signers`` it is by.

    Raises :class:`ClaimsError` where ``ssh-keygen`` is missing or does not end.
    """
    with tempfile.TemporaryDirectory(prefix="claims-anchor-") as folder:
        place, known = Path(folder) / "signature", Path(folder) / "signers"
        place.write_bytes(signature)
        shared = ["-n", NAMESPACE, "-s", str(place)]
        done = _run("check-novalidate", shared, message, CHECK_S)
        words = done.stdout.decode(errors="replace").split()
        if done.returncode != 0 or not words or not words[-1].startswith("SHA256:"):
            return Checked(why=_complaint(done))
        key = clean(words[-1])
        if signers is None:
            return Checked(key, why="no allowed signers were named")
        known.write_bytes(signers)
        found = _run("find-principals", ["-s", str(place), "-f", str(known)], b"", CHECK_S)
        why = _complaint(found)
        names = [] if found.returncode else found.stdout.decode(errors="replace").splitlines()
        for name in names:
            done = _run("verify", ["-f", str(known), "-I", name, *shared], message, CHECK_S)
            if done.returncode == 0:
                return Checked(key, clean(name))
            why = _complaint(done)
        return Checked(key, why=why.replace(str(known), "allowed signers"))


def _run(
    what: str, arguments: list[str], message: bytes, patience: float
) -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("ssh-keygen")
    if program is None:
        raise ClaimsError("ssh-keygen is not installed", fix=INSTALL)
    try:
        return subprocess.run(
            [program, "-Y", what, *arguments],
            input=message,
            capture_output=True,
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ClaimsError(
            f"ssh-keygen -Y {what} did not end in {patience:.0f} s",
            fix="Try it by hand; a key in an agent or on a token may be waiting for you",
        ) from None


def _complaint(done: subprocess.CompletedProcess[bytes]) -> str:
    """The first thing that ssh-keygen complained of; what follows only says that it failed."""
    lines = [
        line.strip()
        for line in done.stderr.decode(errors="replace").splitlines()
        if line.strip() and not line.startswith("Signing ")
    ]
    return clean(lines[0]) if lines else f"exit code {done.returncode}"


def _string(blob: bytes) -> tuple[bytes, bytes]:
    """The first string of an SSH wire format, and what follows."""
    size = int.from_bytes(blob[:4], "big")
    if len(blob) < 4 + size:
        raise ValueError("it ends in the middle")
    return blob[4 : 4 + size], blob[4 + size :]
