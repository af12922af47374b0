"""How an EPCIS document is refused: a stable code, the field's path, what would be right."""

CODES = (
    "epcis_action",
    "epcis_check_digit",
    "epcis_context",
    "epcis_depth",
    "epcis_duplicate",
    "epcis_identifier",
    "epcis_json",
    "epcis_missing",
    "epcis_name",
    "epcis_number",
    "epcis_prefix_length",
    "epcis_time",
    "epcis_too_large",
    "epcis_type",
    "epcis_unknown_field",
    "epcis_uri",
    "epcis_value",
    "epcis_vocabulary",
    "epcis_xml",
    "epcis_xml_form",
)
"""Every code that this package raises; the contract's words hold a sentence for each."""


class EventFault(Exception):
    """Why a document or one of its events is refused.

    `field` is the path in the document as it was sent (`epcisBody.eventList[0].bizStep`); `event_index`
    counts from 0 and is None where the document itself is at fault.
    """

    def __init__(self, code: str, expected: str, field: str = "", event_index: int | None = None) -> None:
        super().__init__(code, expected)
        self.code, self.expected, self.field, self.event_index = code, expected, field, event_index

    def __str__(self) -> str:
        return f"{self.code} at {self.field or 'document'}: {self.expected}"

    def below(self, step: str | int) -> "EventFault":
        """The same fault seen from the object or list that holds the faulty value at `step`."""
        if isinstance(step, int):
            step = f"[{step}]"
        dot = "." if self.field and not self.field.startswith("[") else ""
        self.field = f"{step}{dot}{self.field}"
        return self
