"""Which of the states call for someone."""

from infoharbor.contracts.trace.records import Event, EventStatus
from infoharbor.edgekit.pages import Alarming

alarming = Alarming({Event: (EventStatus.IN_ERROR,)})
