"""A time-stamping authority of our own: certificates as they should be or not, and OpenSSL, which stamps with them."""

import datetime as dt
import subprocess
from pathlib import Path

from asn1crypto import tsp
from asn1crypto.x509 import Certificate as CertificateForm
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)
CONFIGURATION = """
[tsa]
default_tsa = ours
[ours]
serial = {folder}/serial
signer_cert = {folder}/signer.pem
{certs}
signer_key = {folder}/signer.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha1, sha256
accuracy = secs:{accuracy}
ess_cert_id_alg = sha256
"""


class Issued:
    """A certificate and its key; one that nobody issues signs itself. `like` another: of the same key and number."""

    def __init__(
        self,
        name: str,
        issuer: "Issued | None" = None,
        *,
        is_authority: bool = True,
        purpose: x509.ObjectIdentifier | None = None,
        critical: bool = True,
        ends: dt.datetime = NOW + DAY,
        like: "Issued | None" = None,
    ) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1()) if like is None else like.key
        number = x509.random_serial_number() if like is None else like.certificate.serial_number
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        by = issuer or self
        constraints = x509.BasicConstraints(ca=is_authority, path_length=None)
        builder = x509.CertificateBuilder(by.name, self.name, self.key.public_key(), number)
        builder = (
            builder.not_valid_before(NOW - 2 * DAY).not_valid_after(ends).add_extension(constraints, critical=True)
        )
        if purpose is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=critical)
        self.certificate = builder.sign(by.key, hashes.SHA256())

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


class Authority:
    """Stamps with `signer`; the answer brings `chain` along."""

    def __init__(self, folder: Path, signer: Issued, *chain: Issued, accuracy: int = 1) -> None:
        folder.mkdir()
        self._folder = folder
        (folder / "serial").write_text("01")
        (folder / "signer.pem").write_bytes(signer.pem)
        (folder / "chain.pem").write_bytes(b"".join(each.pem for each in chain))
        key = signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "signer.key").write_bytes(key)
        certs = f"certs = {folder}/chain.pem" if chain else ""
        (folder / "openssl.cnf").write_text(CONFIGURATION.format(folder=folder, accuracy=accuracy, certs=certs))

    def stamp(self, request: Path, response: Path) -> None:
        command = ["openssl", "ts", "-reply", "-config", str(self._folder / "openssl.cnf")]
        done = subprocess.run(
            [*command, "-queryfile", request, "-out", response], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def stamp_bytes(self, data: bytes, *, digest: str = "sha256") -> bytes:
        """Without our own request: as another program would ask."""
        file, request, response = (self._folder / name for name in ("data", "asked.tsq", "answer.tsr"))
        file.write_bytes(data)
        command = ["openssl", "ts", "-query", "-data", file, f"-{digest}", "-cert", "-out", request]
        subprocess.run(command, check=True, capture_output=True)
        self.stamp(request, response)
        return response.read_bytes()


def with_certificates(response: bytes, *others: Issued) -> bytes:
    """The stamp as it would be if these certificates had come along, in the order of DER, which OpenSSL does not keep."""
    parsed = tsp.TimeStampResp.load(response)
    signed = parsed["time_stamp_token"]["content"]
    signed["certificates"] = [CertificateForm.load(each.certificate.public_bytes(Encoding.DER)) for each in others]
    changed: bytes = parsed.dump(force=True)
    return changed


STAMPING = ExtendedKeyUsageOID.TIME_STAMPING
