"""How counted and measured quantities are read."""

from infoharbor.contracts.trace.rules import MICRO_EXPONENT
from infoharbor.edgekit.measures import Measure, Measures

MILLIONTHS = Measure("millionth", digits=MICRO_EXPONENT, of="uom")
measures = Measures(
    dict.fromkeys(("amount", "made", "gone"), MILLIONTHS) | {"mantissa": Measure("", of="uom", exponent="exponent")}
)
