"""What a node that has gone another way than the network knows of it: kept in its folder until it is set right again."""

from pathlib import Path

import msgspec

from infoharbor.engine.interface import Damaged


class Quarantine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`quarantine.json`. The node and the network differ from block `height` on: `found` is which part of the next block's
    header showed it, with this node's value and the network's in hex. Once another member's node was asked (`compared_with`
    is its gateway): the first transaction whose outcome differs, the receipt's `code` here, the first record, and `part`.
    `proven`: what the gateway told of its records leads to the state root that the quorum voted for; else, that a record is
    the first that differs is the gateway's word alone."""

    height: int
    found: str
    here: str
    there: str
    compared_with: str = ""
    transaction: str = ""
    code: str = ""
    record: str = ""
    part: str = ""
    proven: bool = False

    @property
    def told(self) -> str:
        """In one line, for a person."""
        parts = [f"block 区块 {self.height}", f"{self.found} {self.here[:16]}, network 全网 {self.there[:16]}"]
        named = {"transaction 交易": self.transaction, "record 记录": self.record, "code 代码": self.code}
        parts += [f"{name} {value}" for name, value in named.items() if value]
        if self.record and not self.proven:
            parts.append(f"the record by the word of {self.compared_with} alone 该记录仅为对方单方所述")
        return ", ".join(parts)


def quarantine_in(file: Path) -> Quarantine | None:
    """None for a node that goes with the network, as far as it knows."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Quarantine)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as fault:
        raise Damaged(file.name, str(fault)) from None
