"""How an action says no: a stable code, the field, and what would be right."""

from typing import Any


class Refusal(Exception):
    """Nothing of the bundle takes effect; `code` is stable and its sentence stands in the contract's words.

    A contract raises a bare code (`parts_mismatch`); the ledger puts the contract's name before it.
    `expected` may show a record's content, so only the record's readers are told it.
    """

    def __init__(self, code: str, *, field: str = "", expected: Any = "") -> None:
        super().__init__(code)
        self.code, self.field, self.expected = str(code), str(field), str(expected)

    def name_after(self, contract: str) -> None:
        """Put the contract's name before a bare code."""
        if "." not in self.code:
            self.code = f"{contract}.{self.code}"

    def __str__(self) -> str:
        return " ".join(part for part in (self.code, self.field, self.expected) if part)


def ensure(condition: object, code: str, *, field: str = "", expected: Any = "") -> None:
    """Refuse with `code` unless `condition` holds."""
    if not condition:
        raise Refusal(code, field=field, expected=expected)
