"""Members that attest: a world whose genesis names them."""

from pathlib import Path

from world import World

from infoharbor.contracts.identity.organisations import SetSeat
from infoharbor.engine.attester import AttesterKeys
from infoharbor.engine.founding import chain_id
from infoharbor.kernel.block import Genesis
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.transaction import SaltedAction


def let_attest(world: World, *names: str) -> dict[str, AttesterKeys]:
    """Give these organisations, by default all, a seat and an attester; before the chain is founded."""
    keys = {name: AttesterKeys.generate() for name in names or world.names}
    decided = [("SetSeat", SetSeat(name, True)) for name in keys]
    decided += [("Attest", each.enrolment(name)) for name, each in keys.items()]
    actions = tuple(encode(SaltedAction(bytes(16), (), "identity", kind, encode(each))) for kind, each in decided)
    fields = {name: getattr(world.genesis, name) for name in world.genesis.__struct_fields__}
    world.genesis = Genesis(**fields | {"actions": (*world.genesis.actions, *actions)})
    world.chain = chain_id(world.genesis)
    return keys


def write_keys(keys: dict[str, AttesterKeys], folders: dict[str, Path]) -> None:
    for name, each in keys.items():
        each.write(folders[name] / "keys")
