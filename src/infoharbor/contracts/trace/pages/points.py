"""What fields point to."""

from infoharbor.contracts.trace.records import Event, Mention, Object
from infoharbor.edgekit.pages import Refer, References

references = References(
    dict.fromkeys(("object", "parent", "child"), Refer(Object))
    | {
        "digest": Refer(Event, ("captured_by", "digest"), by=("biz_step", "event_time")),
        "last": Refer(Mention, ("id", "last"), by=("effect",)),
    }
)
