"""An action as bytes inside another action, such as a decision that waits for votes."""

from typing import Any, TypeVar

from infoharbor.kernel.actions import Action
from infoharbor.kernel.encoding import Malformed, encode
from infoharbor.kernel.refusal import Refusal

Kind = TypeVar("Kind", bound=Action)


def encode_action(action: Action) -> bytes:
    return encode(action)


def decode_action(of: type[Kind], encoded: bytes, *, field: str = "decision") -> Any:
    """The action, if the bytes are its one encoding; refused as `ledger.malformed` otherwise."""
    try:
        return of.__action__.decode(encoded)
    except Malformed as malformed:
        raise Refusal(malformed.code, field=field, expected=malformed.expected) from None
