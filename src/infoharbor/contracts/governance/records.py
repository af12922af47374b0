"""What is kept of decisions, and what they tell the kernel: voted numbers, active contract versions."""

from infoharbor.contractkit import CALENDAR, NEW, PUBLIC, Move, Record, Status
from infoharbor.contractkit.kernel import Activation, Find, Scan
from infoharbor.contractkit.types import (
    Code,
    Count,
    Hash,
    Identifier,
    Instant,
    Integer,
    OrganisationId,
    ShortText,
)


class ProposalStatus(Status):
    OPEN = "open"
    ADOPTED = "adopted"
    REJECTED = "rejected"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


class Proposal(Record, table="proposals", visible=PUBLIC):
    """A decision put to the members that have a seat. `decision` is the encoded action that runs if it is
    adopted; `seats` is how many could vote when it was made, `majority` how many must say yes."""

    id: Identifier
    proposer: OrganisationId
    action: Code
    decision: bytes
    reason: ShortText
    seats: Count
    majority: Count
    in_favour: Count
    against: Count
    closes: Instant
    status: ProposalStatus
    voters: tuple[OrganisationId, ...]

    moves = (
        Move(NEW, ProposalStatus.OPEN, by="proposer"),
        Move(ProposalStatus.OPEN, ProposalStatus.ADOPTED, by="voters"),
        Move(ProposalStatus.OPEN, ProposalStatus.REJECTED, by="voters"),
        Move(ProposalStatus.OPEN, ProposalStatus.WITHDRAWN, by="proposer"),
        Move(ProposalStatus.OPEN, ProposalStatus.LAPSED, by=CALENDAR),
    )


class Vote(Record, table="votes", key=("proposal", "organisation"), visible=PUBLIC):
    """One organisation's vote; it stands once given."""

    proposal: Identifier
    organisation: OrganisationId
    in_favour: bool
    cast: Instant


class VotedParameter(Record, table="parameters", key="name", visible=PUBLIC):
    """A number that the members voted in place of its default."""

    name: Code
    value: Integer


class CodeEntry(Record, table="codes", key=("code_table", "code"), visible=PUBLIC):
    """One entry of a voted code table, such as a holiday or a word; `value` is what rules compute with."""

    code_table: Code
    code: Identifier
    value: ShortText
    label_zh: ShortText
    label_en: ShortText
    valid_from: Instant
    until: Instant


class Misbehaviour(Record, table="misbehaviours", key="validator", visible=PUBLIC):
    """The last fault of a validator that a block has proved, such as votes for two blocks at one height. Its key votes no
    more until the members enter it anew. `validator` is the key's address, `order` CometBFT's height, `time` of then."""

    validator: Code
    fault: Code
    order: Count
    time: Instant


class ActiveContract(Record, table="activations", key=("contract", "since"), visible=PUBLIC):
    """A contract's version, the hash of its rule files, and the block time from which it holds.

    The key is contract and time, not version: a mended file of the same version follows the one in force.
    """

    contract: Code
    version: Count
    rules_hash: Hash
    since: Instant


class _Governing:
    """Answers the kernel: voted numbers, active versions."""

    table = "governance/activations"

    def parameter(self, find: Find, name: str) -> int | None:
        voted = find(VotedParameter, name)
        return None if voted is None else int(voted.value)

    def activations(self, scan: Scan) -> list[Activation]:
        found = [Activation(each.contract, each.version, each.rules_hash, each.since) for each in scan(ActiveContract)]
        return sorted(found, key=lambda each: (each.since, each.version))


GOVERNING = _Governing()
