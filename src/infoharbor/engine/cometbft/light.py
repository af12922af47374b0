"""What a new node's light client asks of a member's CometBFT: signed headers, validators and parameters, nothing else.

CometBFT answers at a socket of this machine alone; whoever lets others ask passes their questions through here.
"""

import http.client
import socket
from pathlib import Path
from typing import Any, Literal

import msgspec

from infoharbor.engine.interface import Refused

QUESTIONS_PATH = "/log/consensus"
"""Where a member's gateway takes these questions."""
QUESTION_BYTES = 4096
ANSWER_BYTES = 4 * 1024 * 1024
PATIENCE_S = 5


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A JSON-RPC request as CometBFT's clients send it: integers stand in text."""

    id: int
    method: Literal["commit", "validators", "consensus_params"]
    params: dict[str, str | bool] = {}
    jsonrpc: Literal["2.0"] = "2.0"


NEWEST_COMMIT = Question(0, "commit")


class TrustedBlock(msgspec.Struct, frozen=True):
    """A block of CometBFT: its height, and its hash in hex."""

    height: int
    hash: str


_decode = msgspec.json.Decoder(Question).decode


class LightBlocks:
    """Asks the CometBFT that answers at `path`. Any thread may ask."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def ask(self, raw: bytes) -> bytes:
        """The answer to a question in JSON, as CometBFT gives it."""
        if len(raw) > QUESTION_BYTES:
            raise Refused("input.too_large", "question", f"at most {QUESTION_BYTES} bytes")
        try:
            question = _decode(raw)
        except msgspec.DecodeError:
            raise Refused("network.question", "method", "commit, validators or consensus_params") from None
        return self._post(msgspec.json.encode(question))

    def _post(self, body: bytes) -> bytes:
        connection = _Local(self._path)
        try:
            connection.request("POST", "/", body, {"Content-Type": "application/json"})
            answer = connection.getresponse().read(ANSWER_BYTES + 1)
        except (OSError, http.client.HTTPException) as fault:
            raise Refused("network.no_answer", "consensus", f"CometBFT's answer: {fault}") from None
        finally:
            connection.close()
        if len(answer) > ANSWER_BYTES:
            raise Refused("network.no_answer", "consensus", f"at most {ANSWER_BYTES} bytes")
        return answer


def trusted_block(answer: bytes) -> TrustedBlock:
    """The block that an answer to `commit` tells of."""
    try:
        header: Any = msgspec.json.decode(answer)["result"]["signed_header"]
        return TrustedBlock(int(header["header"]["height"]), str(header["commit"]["block_id"]["hash"]))
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        raise Refused("network.no_answer", "consensus", "a block that CometBFT has committed") from None


class _Local(http.client.HTTPConnection):
    """HTTP over a socket of this machine."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=PATIENCE_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE_S)
        self.sock.connect(str(self._path))
