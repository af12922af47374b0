"""What is kept of decisions: proposals, votes, parameters, code tables, activations."""

from infoharbor.contractkit import CALENDAR, NEW, PUBLIC, Move, Record, Status
from infoharbor.contractkit.types import Code, Count, Hash, Identifier, Instant, Integer, OrganisationId, ShortText


class ProposalStatus(Status):
    OPEN = "open"
    ADOPTED = "adopted"
    REJECTED = "rejected"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


class Proposal(Record, table="proposals", visible=PUBLIC):
    """A decision put to the members that have a seat. `decision` is the encoded action that runs if it is adopted;
    `seats` is how many could vote when it was made, `majority` how many must say yes."""

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
    """One entry of a voted code table, such as a holiday or a vocabulary's word. `value` is what rules compute with."""

    code_table: Code
    code: Identifier
    value: ShortText
    label_zh: ShortText
    label_en: ShortText
    valid_from: Instant
    until: Instant


class ActiveContract(Record, table="activations", key=("contract", "since"), visible=PUBLIC):
    """A contract's version, the hash of its rule files, and the block time from which it holds.

    The key is contract and time, not version: a mended file of the same version follows the one in force.
    """

    contract: Code
    version: Count
    rules_hash: Hash
    since: Instant
