"""What a phone does with lots beside capturing events: the agent signs it here, and it is done once, however often it is
sent."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from infoharbor.contracts.farm.causes import OpenCause
from infoharbor.contracts.farm.derived import DeriveLots
from infoharbor.contracts.farm.events import of_lots
from infoharbor.contracts.farm.pledges import CollectPledge, IssuePledge, Pledge, PledgeStatus
from infoharbor.contracts.farm.records import Cause, Lot
from infoharbor.contracts.trace.exchange.capturing import digest_of
from infoharbor.contracts.trace.pages import identify
from infoharbor.contracts.trace.records import Event
from infoharbor.contracts.trace.rules import object_id
from infoharbor.edgekit.sight import Sight
from infoharbor.gateway.service import Gateway
from infoharbor.kernel.actions import Action
from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.readers import Reader
from infoharbor.sdk.documents import object_of, read_parts, text
from infoharbor.sdk.problems import Problem

CONTRACT: Final = "farm"
NAMING: Final[dict[str, Callable[[str], str]]] = {"event": digest_of, "lot": identify}
"""A phone knows an event by its id, and a lot by its code as any label has it; the actions name both by their keys."""


def deed_in(gateway: Gateway, reader: Reader, value: Any) -> Action:
    """The action of `{"action": NAME, "arguments": {…}}`; raises `Malformed`."""
    members = object_of(value, "", ("action", "arguments"))
    name, arguments = text(members["action"], "action"), members["arguments"]
    if name not in DONE:
        raise Malformed("input.choice", "action", " or ".join(DONE))
    if isinstance(arguments, dict):
        arguments = {field: _named(field, given) for field, given in arguments.items()}
    part = {"by": [reader.organisation], "contract": CONTRACT, "action": name, "arguments": arguments}
    action, _ = read_parts(gateway.registry, [part])[0]
    return action


def _named(field: str, given: Any) -> Any:
    return NAMING[field](given) if field in NAMING and isinstance(given, str) else given


async def do(gateway: Gateway, reader: Reader, deed: Action) -> bool | None:
    """Whether this sending did it: not if an earlier one had, whose answer was lost; None while it still waits for its
    block. Raises `Problem` or `Refused`."""
    if await asyncio.to_thread(_is_done, gateway, reader, deed):
        return False
    raw = gateway.sign_as_agent(reader, [(deed, (reader.organisation,))])
    try:
        receipt = await gateway.submit(reader, raw)
    except Problem as refused:
        # An earlier sending may have been on its way to its block.
        if refused.receipt is not None and await asyncio.to_thread(_is_done, gateway, reader, deed):
            return False
        raise
    return None if receipt is None else True


def _is_done(gateway: Gateway, reader: Reader, deed: Action) -> bool:
    with gateway.ledger.sight(reader) as sight:
        return DONE[type(deed).__name__](sight, reader.organisation, deed)


def _derived(sight: Sight, me: str, deed: DeriveLots) -> bool:
    event = sight.find(Event, me, deed.event)
    if event is None:
        return False
    made = of_lots((*event.quantities, *event.output_quantities))
    lots = [object_id(each.epc_class) for each in made]
    known = [sight.find(Lot, lot) for lot in lots]
    # Another event may name the same lot: what it says has not come into it.
    return bool(known) and all(
        lot is not None and (lot.producer, lot.happened_at) == (me, event.event_time) for lot in known
    )


def _issued(sight: Sight, me: str, deed: IssuePledge) -> bool:
    found = sight.find(Pledge, f"{me}:{deed.number}")
    wanted = (deed.lot, deed.recipient, deed.grams, deed.basis)
    return found is not None and (found.lot, found.recipient, found.grams, found.basis) == wanted


def _collected(sight: Sight, me: str, deed: CollectPledge) -> bool:
    found = sight.find(Pledge, deed.pledge)
    return found is not None and found.recipient == me and found.status == PledgeStatus.COLLECTED


def _opened(sight: Sight, me: str, deed: OpenCause) -> bool:
    found = sight.find(Cause, deed.lot, f"{me}:{deed.number}")
    return found is not None and (found.kind, found.reason) == (deed.kind, deed.reason)


DONE: Final[Mapping[str, Callable[[Sight, str, Any], bool]]] = {
    "DeriveLots": _derived,
    "IssuePledge": _issued,
    "CollectPledge": _collected,
    "OpenCause": _opened,
}
"""What may be done, and whether the ledger has it already."""
