"""Where a listing goes on: sealed, since the place may be a record that the reader may not know of."""

import base64
import secrets

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from infoharbor.sdk.problems import Problem


class Cursors:
    """Seals and opens cursors under one key of 32 bytes; a cursor holds for as long as the key does."""

    def __init__(self, key: bytes = b"") -> None:
        self._box = SecretBox(key or secrets.token_bytes(32))

    def seal(self, place: str) -> str:
        return base64.urlsafe_b64encode(self._box.encrypt(place.encode())).decode()

    def open(self, cursor: str) -> str:
        """The place; refused if it is no cursor of ours."""
        try:
            return self._box.decrypt(base64.urlsafe_b64decode(cursor.encode())).decode()
        except (ValueError, CryptoError):
            raise Problem("input.cursor", field="after", expected="the `next` of an earlier answer") from None
