"""Who may read a record, a receipt, or what a refusal would have wanted: one rule for every way out."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from infoharbor.kernel.authority import Authority, Find, RoleOf
from infoharbor.kernel.block import Receipt
from infoharbor.kernel.records import PUBLIC, RecordType
from infoharbor.kernel.state import COUNTED

EVERYONE = "public"
"""Stands in a field of readers for anyone at all, members or not."""


class Reader(NamedTuple):
    """Who asks: a member organisation, or nobody in particular. `user` is whose token or key it was."""

    organisation: str = ""
    user: str = ""

    @property
    def is_member(self) -> bool:
        return bool(self.organisation)


ANONYMOUS = Reader()
Readable = Callable[[str, int], bool]
"""Whether a reader may read this version of the record at this path."""


class Readers:
    """Judges readers by the accreditations and countries that `find` reads, as of `now` (ms since 1970 UTC)."""

    def __init__(self, authority: Authority, find: Find, now: int) -> None:
        self._authority, self._find, self._now = authority, find, now

    def may_read(self, kind: RecordType, record: Any, reader: Reader) -> bool:
        """Judged by the version that is read: a record passes to new readers with its fields, its past does not.

        `record` is None where there never was one, or no more: that is told to anyone whom the table as a whole is
        open to, and to members.
        """
        if kind.visible == PUBLIC:
            return True
        if record is None or not kind.readers:
            return reader.is_member
        return any(self._is_named(named, record, reader) for named in kind.readers)

    def may_read_receipt(self, receipt: Receipt, reader: Reader, readable: Readable) -> bool:
        """A receipt, and the transaction it is of: for its signers, and for who may read every record that it wrote, but for
        what is only counted of a signer's key.

        What was refused wrote nothing: `may_read_refusal` judges it.
        """
        if is_signer(receipt, reader):
            return True
        written = [each for each in receipt.writes if not each[0].startswith(COUNTED)]
        return bool(written) and all(readable(path, version) for path, version in written)

    def may_read_refusal(self, receipt: Receipt, reader: Reader, concerned: Sequence[tuple[RecordType, Any]]) -> bool:
        """A refusal is for its signers, and for members who may read every record that it concerned, as they stood."""
        if is_signer(receipt, reader):
            return True
        return reader.is_member and bool(concerned) and all(self.may_read(*each, reader) for each in concerned)

    def _is_named(self, named: Any, record: Any, reader: Reader) -> bool:
        if isinstance(named, RoleOf):
            return self.holds_where(named, getattr(record, named.field), reader)
        found = names(record, named)
        return EVERYONE in found or (reader.is_member and reader.organisation in found)

    def holds_where(self, named: RoleOf, value: str, reader: Reader) -> bool:
        """Whether the reader has the role where the field that it is bound to says `value`."""
        place = self._authority.jurisdiction(self._find, value) if named.of_organisation else value
        return reader.is_member and self._holds(reader.organisation, named.role, place)

    def _holds(self, organisation: str, role: str, place: str) -> bool:
        return self._authority.accreditation(self._find, organisation, role, place, self._now) is not None


def names(record: Any, field: str) -> tuple[str, ...]:
    """The organisations that a field names: one, several, or none."""
    value = getattr(record, field)
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def is_signer(receipt: Receipt, reader: Reader) -> bool:
    """Whether the reader's organisation signed; only then is it told what a refusal would have wanted."""
    return reader.is_member and any(signer.organisation == reader.organisation for signer in receipt.signers)
