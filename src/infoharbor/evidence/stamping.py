"""RFC 3161 time stamps: that the signatures under a checkpoint were there at a time, by an authority outside the ledger.

A trust file's keys are vouched for until its date; whoever steals them later can sign what they like. A stamp over the whole
checkpoint, signatures and all, that is older than that date shows that they signed before. Whom to believe for the time is
the verifier's own choice: the authorities' certificates are neither in the evidence nor in the trust file.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, cast

from cryptography import x509
from rfc3161_client import Accuracy, TimeStampResponse, VerificationError, VerifierBuilder, decode_timestamp_response

from infoharbor.evidence.file import decode_evidence
from infoharbor.kernel.encoding import Malformed

STAMP_BYTES = 64 * 1024
AUTHORITIES_BYTES = 256 * 1024
REASON = 100
"""Characters of what the library says."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Stamp(NamedTuple):
    """`time` is the latest at which the stamp can have been made, in milliseconds since 1970 UTC; `authority` the subject of
    the certificate that made it."""

    time: int
    authority: str


def stamped_bytes(evidence: bytes) -> bytes:
    """What of an evidence file is stamped: its checkpoint with all its signatures."""
    return decode_evidence(evidence).checkpoint.encode()


def read_authorities(pem: bytes) -> list[x509.Certificate]:
    """The certificates in PEM of those who are believed for the time; raises `Malformed`."""
    if len(pem) > AUTHORITIES_BYTES:
        raise Malformed("evidence.authorities", "authorities", f"at most {AUTHORITIES_BYTES} bytes")
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise Malformed("evidence.authorities", "authorities", "certificates in PEM") from None


def check_stamp(
    raw: bytes, stamped: bytes, authorities: Sequence[x509.Certificate], *, nonce: int | None = None
) -> Stamp:
    """The time for which the TimeStampResp `raw` vouches that `stamped` was there; raises `Malformed`.

    The chain of certificates has to lead to one of `authorities`, which are roots, as of that time, and the one that signed
    must be for time stamps (RFC 3161, 2.3). Whether one was revoked is not asked. With `nonce` it must answer that request.
    """
    if len(raw) > STAMP_BYTES:
        raise Malformed("evidence.stamp_malformed", "stamp", f"at most {STAMP_BYTES} bytes")
    try:
        response = decode_timestamp_response(raw)
        moment = response.tst_info.gen_time
    except ValueError as fault:
        raise Malformed(
            "evidence.stamp_malformed", "stamp", f"a granted TimeStampResp in DER ({str(fault)[:REASON]})"
        ) from None
    try:
        verifier = VerifierBuilder(roots=list(authorities), nonce=nonce).build()
        verifier.verify_message(response, stamped)
        authority = _signer(response)
    except (VerificationError, ValueError) as fault:
        raise Malformed(
            "evidence.stamp", "stamp", f"a stamp of this checkpoint by one of the authorities ({str(fault)[:REASON]})"
        ) from None
    return Stamp((moment.astimezone(UTC) + _accuracy(response) - EPOCH) // timedelta(milliseconds=1), authority)


def _signer(response: TimeStampResponse) -> str:
    """The subject of the certificate that signed, which the response has among its own."""
    [signer] = response.signed_data.signer_infos
    certificates = map(x509.load_der_x509_certificate, response.signed_data.certificates)
    return next(
        each.subject.rfc4514_string()
        for each in certificates
        if (each.issuer, each.serial_number) == (signer.issuer, signer.serial_number)
    )


def _accuracy(response: TimeStampResponse) -> timedelta:
    """How much later than it says the stamp can have been made."""
    accuracy = cast(Accuracy | None, response.tst_info.accuracy)  # It is optional, whatever the library's types say.
    if accuracy is None:
        return timedelta()
    return timedelta(seconds=accuracy.seconds, milliseconds=accuracy.millis or 0, microseconds=accuracy.micros or 0)
