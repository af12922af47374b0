// A block's header: what the log's leaves are made of (formats, §10).

import { BYTES, decode, INTEGER, structure } from "./messagepack.js";

export const FORMAT = 1;
const HEADER_BYTES = 1024;
const HEADER = structure({
  format: INTEGER, chain: BYTES, height: INTEGER, time: INTEGER, transactions: INTEGER, transactions_root: BYTES,
  receipts: INTEGER, receipts_root: BYTES, state_root: BYTES, replay_digest: BYTES, attesters_root: BYTES, sm3_root: BYTES,
});

/** The header that `bytes` are the encoding of, of whatever format. */
export const decodeHeader = (bytes) => decode(bytes, "header", HEADER_BYTES, HEADER);
