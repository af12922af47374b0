"""How messages lie on the socket: each behind its length as an unsigned varint."""

LENGTH_BYTES_MAX = 5


class BadFrame(ValueError):
    """The other side does not speak the protocol, or says more than it may."""


class Frames:
    """Takes bytes as they come, gives whole messages of at most `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit, self._bytes = limit, bytearray()

    def add(self, data: bytes) -> None:
        self._bytes += data

    def take(self) -> bytes | None:
        """The next whole message, None while there is none; raises `BadFrame`."""
        length = 0
        for at, byte in enumerate(self._bytes[:LENGTH_BYTES_MAX]):
            length |= (byte & 0x7F) << 7 * at
            if byte < 0x80:
                return self._message(at + 1, length)
        if len(self._bytes) >= LENGTH_BYTES_MAX:
            raise BadFrame(f"a length of at most {LENGTH_BYTES_MAX} bytes")
        return None

    def _message(self, start: int, length: int) -> bytes | None:
        if length > self._limit:
            raise BadFrame(f"a message of at most {self._limit} bytes, not {length}")
        end = start + length
        if len(self._bytes) < end:
            return None
        message = bytes(memoryview(self._bytes)[start:end])
        del self._bytes[:end]
        return message


def frame(message: bytes) -> bytes:
    """The message behind its length."""
    length, prefix = len(message), bytearray()
    while length >= 0x80:
        prefix.append(length & 0x7F | 0x80)
        length >>= 7
    prefix.append(length)
    return bytes(prefix) + message
