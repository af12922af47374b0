"""`infoharbor stamp`: has a time-stamping authority (RFC 3161) witness when evidence was signed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from infoharbor.cli.command_group import command_group
from infoharbor.cli.files import start_of
from infoharbor.cli.output import AsJson, Failure, answer, errors, fails_clearly
from infoharbor.edgekit.json_form import iso
from infoharbor.evidence.file import EVIDENCE_BYTES
from infoharbor.kernel.encoding import Malformed

if TYPE_CHECKING:
    from infoharbor.evidence.stamping import Stamp

REQUEST_BYTES = 4096
Authorities = Annotated[
    Path, Parameter(help="The root certificates (PEM) of the authorities that you believe. 您信任的时间戳机构根证书。")
]
stamp = command_group("stamp", help="Have evidence stamped with the time (RFC 3161). 为存证加盖可信时间戳。")


@stamp.command
@fails_clearly
def request(evidence: Path, *, output: Annotated[Path, Parameter(name=["--output", "-o"])]) -> None:
    """Write what an authority is sent to stamp an evidence file's checkpoint. 生成时间戳请求文件。

    Send it by any HTTP client, such as `curl --data-binary @request.tsq -H "Content-Type: application/timestamp-query"`. The
    authority learns a hash and nothing else. 可用任意 HTTP 客户端发送；时间戳机构只会得知一个哈希值。

    Parameters
    ----------
    evidence
        The evidence file. 存证文件。
    output
        The request (TimeStampReq) in DER. 时间戳请求文件（DER）。
    """
    _ensure_installed()
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    from infoharbor.evidence.stamping import stamped_bytes

    stamped = stamped_bytes(start_of(evidence, EVIDENCE_BYTES))
    asked = TimestampRequestBuilder().data(stamped).hash_algorithm(HashAlgorithm.SHA256).build().as_bytes()
    with output.open("xb") as file:
        file.write(asked)
    errors.print(f"{output}: {len(asked)} bytes 字节", markup=False)


@stamp.command
@fails_clearly
def check(
    evidence: Path, response: Path, *, authorities: Authorities, asked: Path | None = None, as_json: AsJson = False
) -> None:
    """Check what the authority answered, as soon as it did. 核对时间戳机构的回复。

    Parameters
    ----------
    evidence
        The evidence file. 存证文件。
    response
        What it answered (TimeStampResp) in DER. 时间戳机构的回复（DER）。
    asked
        The request, whose random number the answer then has to repeat. 时间戳请求；回复须包含其中的随机数。
    """
    nonce = _nonce(asked) if asked is not None else None
    found = read_stamp(response, authorities, start_of(evidence, EVIDENCE_BYTES), nonce=nonce)
    answer(described(found), as_json=as_json, text=f"stamped 时间戳 {iso(found.time)}, {found.authority}")


def read_stamp(response: Path, authorities: Path, evidence: bytes, *, nonce: int | None = None) -> "Stamp":
    """The stamp in a file, checked against an evidence file's bytes; raises `Malformed`."""
    _ensure_installed()
    from infoharbor.evidence.stamping import (
        AUTHORITIES_BYTES,
        STAMP_BYTES,
        check_stamp,
        read_authorities,
        stamped_bytes,
    )

    believed = read_authorities(start_of(authorities, AUTHORITIES_BYTES))
    return check_stamp(start_of(response, STAMP_BYTES), stamped_bytes(evidence), believed, nonce=nonce)


def described(stamp: "Stamp") -> dict[str, str]:
    return {"time": iso(stamp.time), "authority": stamp.authority}


def _nonce(asked: Path) -> int | None:
    from rfc3161_client._rust import parse_timestamp_request

    try:
        return parse_timestamp_request(start_of(asked, REQUEST_BYTES)).nonce
    except ValueError:
        raise Malformed("evidence.stamp_malformed", "asked", "the TimeStampReq that was sent") from None


def _ensure_installed() -> None:
    """What reads stamps is installed only where they are used."""
    try:
        import rfc3161_client  # noqa: F401
    except ModuleNotFoundError:
        raise Failure("cli.no_stamps", "stamp", "the package infoharbor[stamps]") from None
