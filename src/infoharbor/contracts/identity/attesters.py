"""What is kept of who attests the ledger's checkpoints: the set, its keys for ever, and each handover's proof."""

from typing import Annotated

from msgspec import Meta

from infoharbor.contractkit import PUBLIC, Record, Status
from infoharbor.contractkit.types import Code, Count, Hash, OrganisationId
from infoharbor.evidence.attesters import FORMAT, Attester, AttesterSet

CURRENT = "current"
"""The id of the one record of the set."""
NOTE_CHARACTERS = 64 * 1024
HEADER_BYTES = 1024
SET_BYTES = 96 * 1024
PATH_MAX = 64

NoteText = Annotated[str, Meta(min_length=1, max_length=NOTE_CHARACTERS)]
EncodedHeader = Annotated[bytes, Meta(max_length=HEADER_BYTES)]
EncodedSet = Annotated[bytes, Meta(max_length=SET_BYTES)]
HashPath = Annotated[tuple[Hash, ...], Meta(max_length=PATH_MAX)]


class AttesterRole(Status):
    """What a key signs: as cosigner, in SM2 beside it, as the log, or under the member's own origin."""

    COSIGNER = "cosigner"
    SM2 = "sm2"
    LOG = "log"
    SUBMISSION = "submission"


class AttesterKey(Record, table="attester_keys", visible=PUBLIC):
    """A public key that signs checkpoints: it has this one role, of this one organisation, for ever."""

    id: Code
    organisation: OrganisationId
    role: AttesterRole
    suite: Code
    public_key: bytes


class Attesters(Record, table="attesters", visible=PUBLIC):
    """Who attests: the `members` in force and, while a change is under way, those that come `next`. `era` counts the
    changes; in era 0 there are no members, since one operator signs alone, and `next` are those who gather."""

    id: Code
    era: Count
    members: tuple[Attester, ...]
    next: tuple[Attester, ...]

    @property
    def coming(self) -> tuple[Attester, ...]:
        """Those whom a change changes: who attests now, or, before anybody does, who has gathered."""
        return self.members if self.era else self.next

    @property
    def named(self) -> AttesterSet:
        """The set as headers name it."""
        return AttesterSet(FORMAT, self.era, self.members, self.next)


class Handover(Record, table="handovers", key="era", visible=PUBLIC):
    """The proof by which the attesters of `era` handed over: the encoded set, a header that names it with the next one,
    and that header under a checkpoint that a quorum of theirs attested; in era 0, that the operator signed."""

    era: Count
    attesters: EncodedSet
    header: EncodedHeader
    path: HashPath
    checkpoint: NoteText
