"""Who asks: the organisation behind a bearer token, or behind a key that signed for this gateway; or nobody."""

import base64

from infoharbor.contracts.identity.records import Key, Organisation, OrganisationStatus, User, UserStatus
from infoharbor.crypto.suites import SUITES
from infoharbor.gateway.tokens import Tokens
from infoharbor.kernel.authority import SigningKey
from infoharbor.kernel.readers import ANONYMOUS, Reader
from infoharbor.kernel.refusal import Refusal
from infoharbor.sdk.building import now_ms
from infoharbor.sdk.keys import READ_MS, read_message
from infoharbor.sdk.ledger import Ledger

AUTHORIZATION_BYTES = 8 * 1024
SCHEMES = "Bearer TOKEN, or Key ID.EXPIRY.SIGNATURE"


class Credentials:
    """Reads `Authorization` headers, and asks the ledger whether who they name may still act."""

    def __init__(self, ledger: Ledger, tokens: Tokens | None) -> None:
        self._ledger, self._tokens = ledger, tokens

    def reader(self, authorization: str, host: str) -> Reader:
        """Raises a `Problem` for a credential that does not hold: it is never read as none at all."""
        if not authorization:
            return ANONYMOUS
        scheme, _, credential = authorization.partition(" ")
        if len(authorization) > AUTHORIZATION_BYTES:
            raise self._ledger.problem("http.credential", "Authorization", f"at most {AUTHORIZATION_BYTES} bytes")
        match scheme.lower():
            case "bearer":
                found = self._tokens.reader(credential.strip()) if self._tokens is not None else None
            case "key":
                found = self._by_key(credential.strip(), host)
            case _:
                raise self._ledger.problem("http.credential", "Authorization", SCHEMES)
        if found is None or not self.is_active(found):
            raise self._ledger.problem("http.credential", "Authorization", "one that is in force, of an active user")
        return found

    def still_holds(self, reader: Reader, authorization: str) -> bool:
        """Whether what admitted this reader before would be in force now: asked again while an answer goes on. The
        minutes of a key's signature are for beginning only; the key itself must not have been stopped since."""
        if not reader.is_member:
            return True
        scheme, _, credential = authorization.partition(" ")
        if scheme.lower() == "bearer":
            holds = self._tokens is not None and self._tokens.reader(credential.strip()) == reader
        else:
            holds = self._key_in_force(bytes.fromhex(credential.strip()[:64]), now_ms()) is not None
        return holds and self.is_active(reader)

    def _key_in_force(self, identifier: bytes, now: int) -> SigningKey | None:
        """The key, if it is registered and neither revoked, early nor expired."""
        try:
            with self._ledger.engine.snapshot() as snapshot:
                known = self._ledger.registry.authority.signing_key(snapshot.find, identifier, now)
                record = snapshot.find(Key, identifier.hex())
        except Refusal:
            return None
        return known if record is not None and not record.has_expired(now) else None

    def _by_key(self, credential: str, host: str) -> Reader | None:
        parts = credential.split(".")
        if (
            len(parts) != 3
            or len(parts[0]) != 64
            or not (parts[1].isascii() and parts[1].isdigit() and len(parts[1]) <= 15)
        ):
            return None
        expiry, now = int(parts[1]), now_ms()
        if not now < expiry <= now + READ_MS:
            return None
        try:
            identifier, signature = bytes.fromhex(parts[0]), base64.urlsafe_b64decode(parts[2])
        except ValueError:
            return None
        key = self._key_in_force(identifier, now)
        if key is None:
            return None
        message = read_message(self._ledger.chain.id, host, expiry)
        valid = SUITES[key.suite].verify(key.public_key, message, signature)
        return Reader(key.organisation, key.user) if valid else None

    def is_active(self, reader: Reader) -> bool:
        """Whether the organisation and its user may act and read now."""
        with self._ledger.engine.snapshot() as snapshot:
            organisation, user = snapshot.find(Organisation, reader.organisation), snapshot.find(User, reader.user)
        return (
            organisation is not None
            and organisation.status == OrganisationStatus.ACTIVE
            and user is not None
            and user.organisation == reader.organisation
            and user.status == UserStatus.ACTIVE
        )
