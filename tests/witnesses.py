"""Outside witnesses for tests: a time-stamping authority that answers on 127.0.0.1, and SSH keys.

Certificates are made here; every token is made by ``openssl ts -reply`` (or ``openssl cms -sign``,
for tokens that an honest authority would not make).
"""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from harness.digest import canonical
from harness.lock import witness
from harness.lock.anchor.der import GRANTED, SEQUENCE, elements, signed_fields, wrap
from harness.lock.anchor.records import AnchorTrust
from harness.lock.chain import Row, line_of
from harness.lock.ledger import append, ledger_path, read

CONFIGURATION = """\
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
"""
TST_INFO = "1.2.840.113549.1.9.16.1.4"
DAY = timedelta(days=1)
Answer = tuple[int, dict[str, str], bytes | Iterator[bytes]]


@dataclass(frozen=True)
class Certified:
    """A certificate and its key, in memory and as PEM files."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    pem: Path
    key_pem: Path


def certify(
    folder: Path,
    name: str,
    issuer: Certified | None = None,
    *,
    file: str = "",
    purposes: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.TIME_STAMPING,),
    days: tuple[int, int] = (-30, 300),
    serial: int = 0,
    authority: bool = False,
) -> Certified:
    """A certificate: of an authority where ``authority`` or without an issuer, else of a signer."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    now = datetime.now(UTC)
    above = authority or issuer is None
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(now + days[0] * DAY)
        .not_valid_after(now + days[1] * DAY)
        .add_extension(x509.BasicConstraints(ca=above, path_length=None), critical=True)
        .add_extension(_usage(sign_certificates=above), critical=True)
    )
    if not above:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=True)
    made = builder.sign(issuer.key if issuer else key, hashes.SHA256())
    folder.mkdir(parents=True, exist_ok=True)
    stem = file or name.replace(" ", "-")
    pem, key_pem = folder / f"{stem}.pem", folder / f"{stem}.key"
    pem.write_bytes(made.public_bytes(Encoding.PEM))
    key_pem.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    return Certified(made, key, pem, key_pem)


def _usage(sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )


@dataclass(frozen=True)
class Authority:
    """A time-stamping authority: its root, its signer, and certificates that it sends along."""

    folder: Path
    root: Certified
    signer: Certified
    extra: tuple[Certified, ...] = ()

    @classmethod
    def make(
        cls,
        folder: Path,
        root: str = "Honest Root",
        signer: str = "Honest Stamps",
        days: tuple[int, int] = (-30, 300),
    ) -> Authority:
        """An authority whose root certifies its signer."""
        above = certify(folder, root, days=days)
        (folder / "serial").write_text("01\n")
        (folder / "tsa.cnf").write_text(CONFIGURATION.format(folder=folder))
        return cls(folder, above, certify(folder, signer, above))

    @property
    def trust(self) -> AnchorTrust:
        """The trust of a verifier who names this authority's root."""
        return AnchorTrust(tsa_roots=(self.root.pem,))

    def reply(self, query: bytes) -> bytes:
        """What the authority answers to a request."""
        asked = self.folder / f"{threading.get_ident()}.tsq"
        asked.write_bytes(query)
        command = ["ts", "-reply", "-config", str(self.folder / "tsa.cnf"), "-queryfile"]
        command += [str(asked), "-signer", str(self.signer.pem), "-inkey", str(self.signer.key_pem)]
        if self.extra:
            chain = self.folder / "chain.pem"
            chain.write_bytes(b"".join(one.pem.read_bytes() for one in self.extra))
            command += ["-chain", str(chain)]
        return openssl([*command, "-out", "/dev/stdout"])

    def token(self, message: str, hashed: str = "sha512") -> bytes:
        """A response over a text, as somebody obtains it by hand."""
        return self.reply(query(self.folder, message, hashed))

    def forge(self, token: bytes, signer: Certified, old: bytes = b"", new: bytes = b"") -> bytes:
        """The token's content, with ``old`` replaced, signed by another certificate."""
        content = elements(elements(signed_fields(token)[2].content)[1].content)[0].content
        assert old in content
        place = self.folder / "content.der"
        place.write_bytes(content.replace(old, new, 1))
        command = ["cms", "-sign", "-binary", "-nodetach", "-econtent_type", TST_INFO, "-in"]
        command += [str(place), "-signer", str(signer.pem), "-inkey", str(signer.key_pem)]
        made = openssl([*command, "-md", "sha256", "-outform", "DER", "-out", "/dev/stdout"])
        return wrap(SEQUENCE, GRANTED + made)


def openssl(arguments: list[str]) -> bytes:
    """Run openssl; what it wrote to stdout."""
    program = shutil.which("openssl")
    assert program, "these tests need openssl: it plays the time-stamping authority"
    done = subprocess.run([program, *arguments], capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def query(folder: Path, message: str, hashed: str = "sha512") -> bytes:
    """A request over a text."""
    place = folder / "message"
    place.write_bytes(message.encode())
    command = ["ts", "-query", "-data", str(place), f"-{hashed}", "-cert", "-out", "/dev/stdout"]
    return openssl(command)


@contextmanager
def serving(answer: Callable[[bytes], Answer]) -> Iterator[str]:
    """A server on 127.0.0.1 that answers every POST; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, headers, data = answer(body)
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                for part in [data] if isinstance(data, bytes) else data:
                    self.wfile.write(part)
            except OSError:  # the client has had enough
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/tsr"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def granting(reply: Callable[[bytes], bytes]) -> Callable[[bytes], Answer]:
    """An answer with the authority's type of content."""
    kind = {"Content-Type": "application/timestamp-reply"}
    return lambda asked: (200, kind, reply(asked))


def ssh_key(folder: Path, name: str) -> Path:
    """A private SSH key; its public half stands beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)]
    subprocess.run(command, check=True, timeout=60)
    return folder / name


def ssh_sign(key: Path, message: str, namespace: str = "causal-claims") -> bytes:
    """A signature made by hand."""
    done = subprocess.run(
        ["ssh-keygen", "-Y", "sign", "-f", str(key), "-n", namespace],
        input=message.encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def allowed(place: Path, **keys: Path) -> AnchorTrust:
    """The trust of a verifier who names these SSH keys."""
    lines = [
        f"{name} {' '.join(key.with_suffix('.pub').read_text().split()[:2])}\n"
        for name, key in keys.items()
    ]
    place.write_text("".join(lines))
    return AnchorTrust(allowed_signers=place)


def ledger(root: Path, rows: int = 3) -> Path:
    """A workspace whose ledger has a registration as its second row."""
    (root / "claims").mkdir(parents=True, exist_ok=True)
    for n in range(1, rows + 1):
        if n == 2:
            append(
                root,
                "registration",
                {
                    "registration": "sha256:" + "2" * 64,
                    "claims": {},
                    "reason": "",
                    "content": {"claims": {}, "recipes": {}},
                },
            )
        else:
            append(root, "attempt-started", {"claim": "c", "n": n})
    return root


def rebuilt(root: Path, change: Callable[[Row], dict[str, object] | None]) -> None:
    """Write the ledger anew with every digest right; rows become what ``change`` makes of their
    body, and go where it says None."""
    new: list[Row] = []
    for row in read(root):
        body = change(row)
        if body is not None:
            prev = new[-1].digest if new else row.prev if row.seq == 1 else read(root)[0].prev
            new.append(Row.make(len(new) + 1, row.kind, body, row.time, prev))
    assert all(canonical(row.as_json()) for row in new)
    ledger_path(root).write_bytes(b"".join(line_of(row) for row in new))
    (root / witness.WITNESS).unlink(missing_ok=True)
    if new:
        witness.write(root, new[-1])  # whoever rebuilds a ledger rebuilds its witness


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The honest authority."""
    return Authority.make(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def authority_url(authority: Authority) -> Iterator[str]:
    """Where the honest authority answers."""
    with serving(granting(authority.reply)) as url:
        yield url


@pytest.fixture(scope="session")
def alice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Alice's private SSH key."""
    return ssh_key(tmp_path_factory.mktemp("alice"), "alice")


@pytest.fixture(scope="session")
def bob(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bob's private SSH key."""
    return ssh_key(tmp_path_factory.mktemp("bob"), "bob")
