"""How a ledger says no to a program: a stable code, the field, what would be right, a sentence in both languages."""

from typing import Any

from infoharbor.edgekit.languages import Sentence


class Problem(Exception):
    """Nothing has changed. `receipt` is there when the refusal itself stands on the ledger."""

    def __init__(
        self,
        code: str,
        *,
        field: str = "",
        expected: str = "",
        sentence: Sentence | None = None,
        receipt: dict[str, Any] | None = None,
    ) -> None:
        self.code, self.field, self.expected, self.receipt = code, field, expected, receipt
        self.sentence = sentence or Sentence(code, code)
        super().__init__(code)

    def __str__(self) -> str:
        where = f" ({self.field})" if self.field else ""
        wanted = f" Expected: {self.expected}." if self.expected else ""
        return f"{self.code}{where}: {self.sentence.en}{wanted}"
