"""Why lots are stopped and let go, in the codes that forms and phones offer."""

from infoharbor.contracts.farm.causes import CloseCause, OpenCause
from infoharbor.edgekit.pages import Offered

REASONS = ("doubt", "pesticide_residue", "test_failed")
FOUND = ("unfounded", "not_confirmed", "done")
offered = Offered({(OpenCause, "reason"): REASONS, (CloseCause, "closing_code"): FOUND})
