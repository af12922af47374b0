"""What a node's votes bring along, in the place of what attests."""


class Votes:
    """Bring `own` along, and remember what they have heard."""

    def __init__(self, own: bytes = b"") -> None:
        self.own = own
        self.heard: list[bytes] = []

    def note(self, now: int) -> bytes:
        return self.own

    def hear(self, note: bytes, now: int) -> None:
        self.heard.append(note)
