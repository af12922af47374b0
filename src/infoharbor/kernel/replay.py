"""Which transactions have run: no id runs twice, and what is remembered is committed to in each header."""

from infoharbor.crypto.hashes import HashSuite
from infoharbor.kernel import limits
from infoharbor.kernel.encoding import encode, tag

REPLAY_TAG = tag("replay")


class ReplayDigest:
    """A running hash for each ten-minute expiry bucket of the executed ids; a bucket is dropped whole once past.

    The ids themselves lie in the engine's index, where a bucket is a range of ids.
    """

    def __init__(self, suite: HashSuite, buckets: dict[int, bytes] | None = None) -> None:
        self._suite = suite
        self.buckets = dict(buckets or {})

    def advance(self, now: int, ids: list[bytes]) -> bytes:
        """Take in a block's executed ids, drop the buckets that ended before `now`, return the header's digest."""
        oldest = now // limits.REPLAY_BUCKET_MS
        fresh: dict[int, list[bytes]] = {}
        for identifier in ids:
            fresh.setdefault(int.from_bytes(identifier[:4], "big"), []).append(identifier)
        for bucket, members in sorted(fresh.items()):
            before = self.buckets.get(bucket, b"")
            self.buckets[bucket] = self._suite.digest(REPLAY_TAG + before + b"".join(members))
        self.buckets = {bucket: digest for bucket, digest in self.buckets.items() if bucket >= oldest}
        return self._suite.digest(REPLAY_TAG + encode(sorted(self.buckets.items())))
