"""Keys in a PKCS#11 token: made there, signing there, never read from it."""

import contextlib
import hashlib
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from infoharbor.crypto.keyfile import TokenFault
from infoharbor.crypto.suites import ED25519, P256, P256_ORDER, SUITES, PrivateKey, TokenPlace

try:
    import pkcs11
except ModuleNotFoundError:
    raise TokenFault("key.no_pkcs11", "pkcs11", "the package infoharbor[pkcs11]") from None
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass
from pkcs11 import exceptions as faults

PIN_BYTES = 256
TRIAL_MESSAGE = b"infoharbor/key-in-token/1\0"
"""Signed when a key is opened, which tells whether it is the right one: begins as nothing else does that a key signs."""
Answer = TypeVar("Answer")


class Kind(NamedTuple):
    """How PKCS#11 names a suite: `curve` is CKA_EC_PARAMS, the DER of an object identifier. `prepared` makes of a message
    what the token signs, `fixed` of its signature the suite's."""

    key_type: KeyType
    curve: bytes
    generates: Mechanism
    signs: Mechanism
    prepared: Callable[[bytes], bytes]
    fixed: Callable[[bytes], bytes]
    public_key: Callable[[bytes], bytes]


def _low_s(signature: bytes) -> bytes:
    s = int.from_bytes(signature[32:], "big")
    return signature[:32] + min(s, P256_ORDER - s).to_bytes(32, "big")


def _compressed(point: bytes) -> bytes:
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    return key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


KINDS = {
    ED25519.name: Kind(
        KeyType.EC_EDWARDS,
        bytes.fromhex("06032b6570"),
        Mechanism.EC_EDWARDS_KEY_PAIR_GEN,
        Mechanism.EDDSA,
        bytes,
        bytes,
        bytes,
    ),
    P256.name: Kind(
        KeyType.EC,
        bytes.fromhex("06082a8648ce3d030107"),
        Mechanism.EC_KEY_PAIR_GEN,
        Mechanism.ECDSA,
        lambda message: hashlib.sha256(message).digest(),
        _low_s,
        _compressed,
    ),
}


def make(suite: str, place: TokenPlace) -> PrivateKey:
    """A fresh key under the place's label, which nobody can take out of the token again; raises `TokenFault`."""
    kind = _kind(suite)

    def generate(opened: "_Session") -> bytes:
        query = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.LABEL: place.label}
        if any(opened.session.get_objects(query)):
            raise TokenFault("key.label_taken", "label", "a label that no key of the token has")
        writing = opened.session.token.open(rw=True)
        try:
            parameters = writing.create_domain_parameters(kind.key_type, {Attribute.EC_PARAMS: kind.curve}, local=True)
            public, _ = parameters.generate_keypair(
                id=os.urandom(16), label=place.label, store=True, mechanism=kind.generates,
                capabilities=MechanismFlag.SIGN | MechanismFlag.VERIFY,
                private_template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
            )  # fmt: skip
            return kind.public_key(_point(public[Attribute.EC_POINT]))
        finally:
            writing.close()

    return open_key(suite, place, _module(place.module).run(place, generate))


def open_key(suite: str, place: TokenPlace, public_key: bytes) -> PrivateKey:
    """The key at this place, once it has signed something; `TokenFault` says what is missing or wrong."""
    kind = _kind(suite)

    def sign(message: bytes) -> bytes:
        data = kind.prepared(message)

        def signed(opened: "_Session") -> bytes:
            signature = kind.fixed(opened.key(place.label, kind.key_type).sign(data, mechanism=kind.signs))
            if not SUITES[suite].verify(public_key, message, signature):  # A token may do so without saying so.
                raise faults.SignatureInvalid
            return signature

        return _module(place.module).run(place, signed)

    sign(TRIAL_MESSAGE)
    return PrivateKey(SUITES[suite], public_key, sign, place)


def _kind(suite: str) -> Kind:
    if suite not in KINDS:
        raise TokenFault("key.suite_not_in_token", "suite", " or ".join(KINDS))
    return KINDS[suite]


def _point(raw: bytes) -> bytes:
    """A public key out of CKA_EC_POINT, where it stands in a DER octet string, or with some tokens bare."""
    return raw[2:] if raw[:1] == b"\x04" and len(raw) in (34, 67) else raw


class _Session:
    """A session that is logged in, and the keys that were found through it."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self._keys: dict[tuple[str, KeyType], Any] = {}

    def key(self, label: str, key_type: KeyType) -> Any:
        """The one private key of this label; PKCS#11's own fault if there is none, or more than one."""
        if (label, key_type) not in self._keys:
            found = self.session.get_key(object_class=ObjectClass.PRIVATE_KEY, key_type=key_type, label=label)
            self._keys[label, key_type] = found
        return self._keys[label, key_type]


class _Module:
    """One loaded library, and a session for each of its tokens. One thread at a time: the library's login is the whole
    process's, and ends with it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._initialised = False
        self._sessions: dict[str, _Session] = {}
        self._refused_pins: dict[str, str] = {}

    def run(self, place: TokenPlace, work: Callable[[_Session], Answer]) -> Answer:
        """What `work` gives in a session of the token. Where it fails, once more with the library initialised anew: only
        then it sees a token that has restarted, or come since."""
        with self._lock:
            while True:
                was_initialised = self._initialised
                try:
                    return work(self._session(place))
                except faults.PKCS11Error as fault:
                    self._finalize()
                    if not was_initialised:
                        raise _named(fault, place) from fault

    def _session(self, place: TokenPlace) -> _Session:
        if place.token not in self._sessions:
            try:
                library = pkcs11.lib(self._path)
            except faults.PKCS11Error as fault:
                raise TokenFault("key.pkcs11_module", "module", f"a PKCS#11 library: {fault}") from None
            self._initialised = True
            pin = _pin(place)
            if self._refused_pins.get(place.token) == pin:
                raise _named(faults.PinIncorrect(), place)
            try:
                token = library.get_token(token_label=place.token)
            except faults.PKCS11Error as fault:
                raise faults.NoSuchToken from fault
            try:
                session = token.open(user_pin=pin)
            except faults.PinIncorrect:
                self._refused_pins[place.token] = pin  # Tried again and again, it would lock the token.
                raise
            self._sessions[place.token] = _Session(session)
        return self._sessions[place.token]

    def _finalize(self) -> None:
        """End every session; the next one initialises the library."""
        self._sessions, self._initialised = {}, False
        with contextlib.suppress(faults.PKCS11Error):
            pkcs11.lib(self._path).finalize()


_modules: dict[str, _Module] = {}
_modules_lock = threading.Lock()


def _module(path: str) -> _Module:
    with _modules_lock:
        return _modules.setdefault(path, _Module(path))


def _pin(place: TokenPlace) -> str:
    if place.pin_variable:
        pin = os.environ.get(place.pin_variable, "")
        expected = f"the token's PIN in the variable {place.pin_variable}"
    else:
        pin = _pin_in(Path(place.pin_file)) if place.pin_file else ""
        expected = f"the token's PIN in {place.pin_file or 'a variable or a file that the key file names'}"
    if not pin:
        raise TokenFault("key.pin_missing", "pin", expected)
    return pin


def _pin_in(file: Path) -> str:
    """The file's first line; nothing if there is no such file."""
    try:
        with file.open("rb") as opened:
            if stat.S_IMODE(os.fstat(opened.fileno()).st_mode) & 0o077:
                raise TokenFault("key.readable_by_others", str(file), "mode 0600: chmod 600")
            lines = opened.read(PIN_BYTES).decode(errors="replace").splitlines()
            return lines[0] if lines else ""
    except OSError:
        return ""


def _named(fault: faults.PKCS11Error, place: TokenPlace) -> TokenFault:
    """Our name for what PKCS#11 says."""
    match fault:
        case faults.PinLocked():
            return TokenFault("key.pin_locked", "pin", "a token whose PIN its security officer has set again")
        case faults.PinIncorrect() | faults.PinInvalid() | faults.PinLenRange():
            return TokenFault("key.pin", "pin", f"the PIN of the token {place.token}")
        case faults.NoSuchKey() | faults.MultipleObjectsReturned():
            return TokenFault("key.not_in_token", "label", f"one key {place.label} in the token {place.token}")
        case faults.SignatureInvalid():
            return TokenFault("key.mismatch", "public_key", "the public half of the token's key")
        case faults.NoSuchToken() | faults.TokenNotPresent() | faults.DeviceRemoved():
            return TokenFault("key.token_missing", "token", f"one token {place.token}")
    return TokenFault("key.token_failed", "token", f"a token that does what is asked ({type(fault).__name__})")
