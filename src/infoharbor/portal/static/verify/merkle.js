// Whether a leaf is in a Merkle tree of RFC 9162 (formats, §11).

import { joined, same } from "./bytes.js";

export const HASH_BYTES = 32;
export const SIZE_MAX = 2n ** 63n - 1n;

export const leafHash = (digest, data) => digest(joined(Uint8Array.of(0), data));

const nodeHash = (digest, left, right) => digest(joined(Uint8Array.of(1), left, right));

/** Whether `path` shows that `leaf` (a leaf hash) is number `index` of the `size` leaves under `root` (RFC 9162 §2.1.3.2). */
export function isIncluded(digest, leaf, index, size, path, root) {
  let [node, last] = [BigInt(index), BigInt(size) - 1n];
  if (node < 0n || node > last || last >= SIZE_MAX) return false;
  // Otherwise bytes could move from one hash to its neighbour and leave the node's preimage the same.
  if (![leaf, root, ...path].every((hash) => hash.length === HASH_BYTES)) return false;
  let found = leaf;
  for (const sibling of path) {
    if (last === 0n) return false;
    if (node & 1n || node === last) {
      found = nodeHash(digest, sibling, found);
      while (node && !(node & 1n)) [node, last] = [node >> 1n, last >> 1n];
    } else {
      found = nodeHash(digest, found, sibling);
    }
    [node, last] = [node >> 1n, last >> 1n];
  }
  return last === 0n && same(found, root);
}
