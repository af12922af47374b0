"""How large anything may be that the ledger takes in: one table, used at the door and by every validator."""

KIBIBYTE = 1024

TRANSACTION_BYTES = 2 * 1024 * KIBIBYTE
ACTION_BYTES = 1024 * KIBIBYTE
RECORD_BYTES = 128 * KIBIBYTE
ACTIONS_PER_TRANSACTION = 100
SIGNATURES_PER_TRANSACTION = 16
ORGANISATIONS_PER_ACTION = 8

READS_PER_TRANSACTION = 20_000
WRITES_PER_TRANSACTION = 10_000
WRITTEN_BYTES_PER_TRANSACTION = 4 * 1024 * KIBIBYTE

BLOCK_TRANSACTIONS = 4_000
BLOCK_BYTES = 8 * 1024 * KIBIBYTE
DUE_MOVES_PER_BLOCK = 1_000
DUE_RETRY_MS = 3_600_000
"""When the calendar looks again at a record whose due move was refused."""

KEY_BYTES = 400
NESTING = 16
CALLS_DEEP = 8
REFUSAL_BYTES = 512

INTEGER_MIN = -(2**63)
INTEGER_MAX = 2**63 - 1

EXPIRY_MS = 60 * 60 * 1000
"""A bundle of one organisation lapses within the hour."""
JOINT_EXPIRY_MS = 30 * 24 * 60 * 60 * 1000
"""A bundle that several organisations sign may wait up to thirty days."""
REPLAY_BUCKET_MS = 10 * 60 * 1000
BLOCK_READS = 4_000_000
BLOCK_WRITES = 1_000_000
BLOCK_WRITTEN_BYTES = 256 * 1024 * KIBIBYTE
BLOCK_SIGNATURE_UNITS = 20_000
"""What the bundles of a block may declare together; a signature unit is one Ed25519 check."""
ORGANISATION_SHARE = 2
"""One organisation's bundles may take one part in so many of each of a block's ceilings."""
