"""What fields point to."""

from infoharbor.contracts.trace.records import Event, Object
from infoharbor.edgekit.pages import Refer, References

references = References(
    dict.fromkeys(("object", "parent", "child"), Refer(Object)) | {"digest": Refer(Event, ("captured_by", "digest"))}
)
