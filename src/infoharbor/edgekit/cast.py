"""Who plays in a story: organisations with their users, and keys that a seed gives."""

import hashlib
from typing import NamedTuple

from infoharbor.contractkit.signatures import possession_message
from infoharbor.crypto.suites import SUITES, PrivateKey, key_id


class Player(NamedTuple):
    """An organisation of a story. `registration` is `uscc`, `lei` or `registry`; the number names nobody."""

    id: str
    name: str
    name_en: str
    country: str
    registration: str
    number: str
    seat: bool = False


class Signer(NamedTuple):
    """A user of a player with its private key."""

    user: str
    organisation: str
    key: PrivateKey

    @property
    def key_id(self) -> bytes:
        return key_id(self.key.suite, self.key.public_key)

    @property
    def possession(self) -> bytes:
        """The key's proof that whoever registers it holds it."""
        return self.proof_for(self.user)

    def proof_for(self, user: str) -> bytes:
        """The proof with which this key would be registered for `user`."""
        return self.key.sign(possession_message(user, self.key.suite.name, self.key.public_key))


class Cast:
    """Gives each user of a story the key that follows from `seed`; a demo's stays in its folder."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed

    def signer(self, organisation: str, name: str = "administrator", *, suite: str = "ed25519") -> Signer:
        """The user called `name` in the story; on the ledger it has only an id that tells nothing."""
        secret = hashlib.sha256(self._seed + f"{suite}/{organisation}/{name}".encode()).digest()
        user = "u-" + hashlib.sha256(b"user" + secret).hexdigest()[:24]
        return Signer(user, organisation, SUITES[suite].private_key(secret))
