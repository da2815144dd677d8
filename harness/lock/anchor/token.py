"""What time-stamp tokens say, read in another process and in bounded time.

Not covered: reading itself (``harness.lock.anchor.reader``); whom to trust
(``harness.lock.anchor.trust``).
"""

from __future__ import annotations

import hmac
import json
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.lock.anchor.records import IMPRINTS, clean, imprint

START_S, EACH_S = 20.0, 2.0
"""How long the reader may take to start, and for each token."""


@dataclass(frozen=True)
class Token:
    """One token. Either ``fault`` says why it cannot be read; or ``status`` is not 0 and the
    authority refused in ``words``; or the rest is filled in.

    ``time`` is UTC to the second, ``imprint`` hexadecimal. ``agrees``: the signature is by the key
    of the certificate inside (None: of a kind that is not checked here). ``unfit``: why that
    certificate is none for time-stamping. ``vouched``: a chain leads to a root that the verifier
    named; if not, ``why`` not, and ``named_root`` is the root that the token claims nevertheless.
    """

    fault: str = ""
    status: int = 0
    words: str = ""
    time: str = ""
    nonce: str | None = None
    algorithm: str = ""
    imprint: str = ""
    signer: str = ""
    agrees: bool | None = False
    unfit: str = ""
    vouched: bool = False
    named_root: str = ""
    why: str = ""

    @property
    def wrong(self) -> str:
        """Why this is no anchor for anybody, whomever the verifier trusts; empty if it may be."""
        if self.fault:
            return f"cannot be read as a time-stamp: {self.fault}"
        if self.status:
            return f"is a refusal of the authority (status {self.status}): {self.words}"
        if self.agrees is False:
            return f"is not signed by the certificate inside it ({self.signer})"
        if self.unfit:
            return f"is signed with a certificate ({self.signer}) that may not: {self.unfit}"
        if self.named_root and not self.vouched:
            return (
                f"says that it comes from an authority under {self.named_root}, which you named, "
                f"and does not: {self.why}"
            )
        return ""

    def covers(self, head: str) -> bool:
        """Whether the token is over the digest of this row."""
        if self.algorithm not in IMPRINTS:
            return False
        return hmac.compare_digest(self.imprint, imprint(head, self.algorithm).hex())


def read_tokens(data: Sequence[bytes], roots: Sequence[bytes] = ()) -> tuple[Token, ...]:
    """What each token says; ``roots`` are certificates in DER.

    Never raises for a token: one that ends the reader, or keeps it busy, is a ``fault``.
    """
    read: list[Token] = []
    while len(read) < len(data):
        some = data[len(read) :]
        done, ended = _ask(some, roots)
        read += done
        if len(done) < len(some):  # the reader ended at the next one
            read.append(Token(fault=ended))
    return tuple(read)


def _ask(data: Sequence[bytes], roots: Sequence[bytes]) -> tuple[list[Token], str]:
    """The tokens that one process could read, and why it ended."""
    request = {
        "roots": [b64encode(one).decode() for one in roots],
        "tokens": [b64encode(one).decode() for one in data],
    }
    home = str(Path(__file__).resolve().parents[3])
    search = [home, *filter(os.path.isabs, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    patience = START_S + EACH_S * len(data)
    try:
        done = subprocess.run(
            # -P and absolute places only: nothing is imported from the workspace that is verified
            [sys.executable, "-P", "-m", "harness.lock.anchor.reader"],
            input=json.dumps(request).encode(),
            capture_output=True,
            timeout=patience,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(search)},
        )
    except subprocess.TimeoutExpired as error:
        return _tokens(error.stdout or b""), f"reading it did not end in {patience:.0f} s"
    last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
    return _tokens(done.stdout), f"reading it ended with {clean(last[0]) if last else 'a crash'}"


def _tokens(out: bytes) -> list[Token]:
    """Whole lines only: a killed process may have left half of one."""
    return [Token(**json.loads(line)) for line in out.split(b"\n")[:-1]]
