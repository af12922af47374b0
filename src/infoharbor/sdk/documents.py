"""Bundles as JSON: actions by name become the exact bytes to sign, and signatures come back to them."""

import base64
from typing import Any, Final, NamedTuple

from infoharbor.edgekit.countries import ensure_countries
from infoharbor.edgekit.json_form import from_iso, from_json
from infoharbor.kernel import limits
from infoharbor.kernel.actions import Action
from infoharbor.kernel.encoding import Malformed, encode
from infoharbor.kernel.registry import Registry
from infoharbor.kernel.transaction import Ceilings
from infoharbor.sdk.building import Chain, Part, Unsigned, build

HALF_SIGNED_BYTES: Final = 1024 * limits.KIBIBYTE
ACTION_MEMBERS = ("by", "contract", "action", "arguments")
CEILING_MEMBERS = ("reads", "writes", "written_bytes")


class Inner(NamedTuple):
    """The fields of an action that hold another one: its name, and its arguments as bytes."""

    action: str
    arguments: str


INNER_ACTIONS: Final = {("governance", "Propose"): Inner("action", "decision")}
"""In JSON the inner action's arguments may be an object, as they would be if it stood by itself."""


def read_parts(registry: Registry, value: Any, field: str = "actions") -> list[Part]:
    """The actions of `[{"by": […], "contract": …, "action": …, "arguments": {…}}, …]`; raises `Malformed`."""
    return [
        _part(registry, each, f"{field}[{at}]")
        for at, each in enumerate(_list(value, field, limits.ACTIONS_PER_TRANSACTION))
    ]


def _part(registry: Registry, value: Any, field: str) -> Part:
    members = object_of(value, field, ACTION_MEMBERS)
    by = tuple(
        text(each, f"{field}.by[{at}]")
        for at, each in enumerate(_list(members["by"], f"{field}.by", limits.ORGANISATIONS_PER_ACTION))
    )
    contract, name = text(members["contract"], f"{field}.contract"), text(members["action"], f"{field}.action")
    known = registry.contracts.get(contract)
    kind = registry.action(contract, name, known.version) if known is not None else None
    if kind is None:
        raise Malformed("ledger.action_unknown", f"{field}.action", "an action that /v1/contracts lists")
    arguments = _with_inner(registry, contract, name, members["arguments"], f"{field}.arguments")
    made: Action = from_json(kind.of, arguments, f"{field}.arguments")
    ensure_countries(made, f"{field}.arguments")
    return made, by


def _with_inner(registry: Registry, contract: str, name: str, arguments: Any, field: str) -> Any:
    """The arguments with an action inside them encoded, where it is given by its own arguments."""
    inner = INNER_ACTIONS.get((contract, name))
    if inner is None or type(arguments) is not dict or type(arguments.get(inner.arguments)) is not dict:
        return arguments
    named = text(arguments.get(inner.action), f"{field}.{inner.action}")
    owner, _, action = named.partition(".")
    known = registry.contracts.get(owner)
    kind = registry.action(owner, action, known.version) if known is not None else None
    if kind is None:
        raise Malformed("ledger.action_unknown", f"{field}.{inner.action}", "CONTRACT.ACTION that /v1/contracts lists")
    made: Action = from_json(kind.of, arguments[inner.arguments], f"{field}.{inner.arguments}")
    ensure_countries(made, f"{field}.{inner.arguments}")
    return arguments | {inner.arguments: encode(made).hex()}


def prepare(chain: Chain, registry: Registry, document: Any) -> Unsigned:
    """The bundle of `{"actions": […], "keys": [hex], "expiry"?: time, "ceilings"?: {…}}`; raises `Malformed`."""
    members = object_of(document, "", ("actions", "keys"), ("expiry", "ceilings"))
    keys = [
        hex_bytes(each, f"keys[{at}]", 32)
        for at, each in enumerate(_list(members["keys"], "keys", limits.SIGNATURES_PER_TRANSACTION))
    ]
    if len(set(keys)) != len(keys):
        raise Malformed("input.name_twice", "keys", "each key once")
    expiry = members.get("expiry")
    return build(
        chain,
        read_parts(registry, members["actions"]),
        keys,
        expiry=None if expiry is None else from_iso(text(expiry, "expiry"), "expiry"),
        ceilings=None if members.get("ceilings") is None else _ceilings(members["ceilings"]),
    )


def _ceilings(value: Any) -> Ceilings:
    members = object_of(value, "ceilings", CEILING_MEMBERS)
    for name in CEILING_MEMBERS:
        if type(members[name]) is not int or not 0 <= members[name] < 2**31:
            raise Malformed("input.type", f"ceilings.{name}", "an integer within the ledger's limits")
    return Ceilings(*(members[name] for name in CEILING_MEMBERS))


def prepared_form(unsigned: Unsigned) -> dict[str, Any]:
    """What `prepare` answers, in base64: `to_sign` are the exact bytes that every key signs. The id is in hex."""
    return {
        "id": unsigned.id.hex(),
        "body": to_base64(unsigned.body),
        "actions": [to_base64(each) for each in unsigned.actions],
        "to_sign": to_base64(unsigned.to_sign),
    }


def complete(chain: Chain, document: Any) -> bytes:
    """The transaction of `{"body": …, "actions": […], "signatures": {key: signature}}`; raises `Malformed`."""
    unsigned, signatures = half_signed(chain, document)
    wanted = unsigned.opened.keys
    if set(signatures) != set(wanted):
        raise Malformed(
            "ledger.signature_count", "signatures", "one for each of " + ", ".join(key.hex() for key in wanted)
        )
    return unsigned.with_signatures(signatures)


def half_signed(chain: Chain, document: Any) -> tuple[Unsigned, dict[bytes, bytes]]:
    """The same document where signatures may still be missing: the bundle, and those that are there."""
    members = object_of(document, "", ("body", "actions", "signatures"))
    actions = _list(members["actions"], "actions", limits.ACTIONS_PER_TRANSACTION)
    unsigned = Unsigned(
        chain,
        from_base64(members["body"], "body"),
        tuple(from_base64(each, f"actions[{at}]") for at, each in enumerate(actions)),
    )
    return unsigned, signatures_of(members)


def signatures_of(members: dict[str, Any]) -> dict[bytes, bytes]:
    """The signatures by key id that `{"signatures": {key: signature}}` holds; raises `Malformed`."""
    given = members["signatures"]
    if type(given) is not dict or len(given) > limits.SIGNATURES_PER_TRANSACTION:
        raise Malformed("input.type", "signatures", "an object of signatures by key id")
    return {
        hex_bytes(key, "signatures", 32): from_base64(each, f"signatures.{key[:64]}") for key, each in given.items()
    }


def object_of(value: Any, field: str, needed: tuple[str, ...], more: tuple[str, ...] = ()) -> dict[str, Any]:
    """An object that has all the needed members, and none but those and `more`."""
    if type(value) is not dict:
        raise Malformed("input.type", field or "body", "an object of " + ", ".join(needed))
    inside = f"{field}." if field else ""
    for name in value:
        if name not in needed and name not in more:
            raise Malformed("input.field_unknown", f"{inside}{name[:100]}", "one of " + ", ".join((*needed, *more)))
    for name in needed:
        if name not in value:
            raise Malformed("input.field_missing", f"{inside}{name}", f"{name}")
    return value


def _list(value: Any, field: str, most: int) -> list[Any]:
    if type(value) is not list or not 1 <= len(value) <= most:
        raise Malformed("input.type", field, f"a list of 1 to {most}")
    return value


def text(value: Any, field: str) -> str:
    """A text of at most 128 printable characters."""
    if type(value) is not str or len(value) > 128 or not value.isprintable():
        raise Malformed("input.type", field, "a text of at most 128 characters")
    return value


def hex_bytes(value: Any, field: str, length: int) -> bytes:
    """Bytes of this length from lower-case hex."""
    if type(value) is not str or len(value) != 2 * length or value.strip("0123456789abcdef"):
        raise Malformed("input.type", field, f"{length} bytes in lower-case hex")
    return bytes.fromhex(value)


def from_base64(value: Any, field: str) -> bytes:
    """Bytes from canonical standard base64."""
    wanted = Malformed("input.type", field, "standard base64 with padding")
    if type(value) is not str:
        raise wanted
    try:
        data = base64.b64decode(value, validate=True)
    except ValueError:
        raise wanted from None
    if to_base64(data) != value:
        raise wanted
    return data


def to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
