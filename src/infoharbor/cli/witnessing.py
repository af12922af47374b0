"""The notes by which outside witnesses count: members' own of one checkpoint, asked of their gateways."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import httpx

from infoharbor.cli.output import Failure
from infoharbor.evidence.note import NOTE_BYTES, checkpoint_in

Made = TypeVar("Made")
ANSWER_S = 10
PATIENCE_S = 15
"""For how long a member may be later than another with the same checkpoint."""
PAUSE_S = 0.5
ATTEMPTS = 4
"""How often something is made anew because a member showed its witnesses another size."""


class Later(Exception):
    """This member has no note of this size, and will not have it: it showed its witnesses another one."""


def agreed(made: Callable[[], Made], notes: Callable[[Made], list[bytes]]) -> tuple[Made, list[bytes]]:
    """What was made under a witnessed checkpoint, and the members' notes of it: made again where a member has none of that
    size."""
    for _ in range(ATTEMPTS):
        found = made()
        try:
            return found, notes(found)
        except Later as later:
            behind = later
    raise Failure("cli.not_witnessed", "--witnessed", f"members that show their witnesses the same sizes; {behind}")


def notes_at(addresses: Iterable[str], size: int) -> list[bytes]:
    """Each member's note of this size, whose gateways are at `addresses`. Raises `Later`, or `Failure`."""
    with httpx.Client(timeout=ANSWER_S) as client:
        return [_note_at(client, address.rstrip("/"), size) for address in addresses]


def _note_at(client: httpx.Client, address: str, size: int) -> bytes:
    until = time.monotonic() + PATIENCE_S
    while True:
        found = _asked(client, address, {"size": size})
        if found and checkpoint_in(found).size == size:
            return found
        newest = _asked(client, address, {})
        if newest and checkpoint_in(newest).size > size:
            raise Later(address)
        if time.monotonic() > until:
            raise Failure(
                "cli.not_witnessed", "--witnessed", f"a gateway that shows its witnesses the ledger; {address}"
            )
        time.sleep(PAUSE_S)


def _asked(client: httpx.Client, address: str, parameters: dict[str, int]) -> bytes:
    """Empty if it has none. No more is read than a note may have."""
    raw = bytearray()
    try:
        with client.stream("GET", f"{address}/log/witnessed", params=parameters) as reply:
            if not reply.is_success:
                return b""
            for part in reply.iter_bytes():
                raw += part
                if len(raw) > NOTE_BYTES:
                    raise Failure("cli.not_witnessed", "--witnessed", f"at most {NOTE_BYTES} bytes; {address}")
    except (httpx.HTTPError, httpx.InvalidURL) as fault:
        raise Failure("cli.no_node", "--witnessed", f"a gateway that answers at {address} ({fault})") from None
    return bytes(raw)


def write_notes(output: Path, notes: Iterable[bytes]) -> list[Path]:
    """Beside the evidence: `OUTPUT.note-1`, and so on."""
    written = []
    for number, note in enumerate(notes, 1):
        file = output.with_name(f"{output.name}.note-{number}")
        file.write_bytes(note)
        written.append(file)
    return written
