// Whether a leaf is in a Merkle tree of RFC 9162, and whether a tree only grew (formats, §11).

import { joined, same } from "./bytes.js";

export const HASH_BYTES = 32;
export const SIZE_MAX = 2n ** 63n - 1n;

export const leafHash = (digest, data) => digest(joined(Uint8Array.of(0), data));

const nodeHash = (digest, left, right) => digest(joined(Uint8Array.of(1), left, right));

/** Otherwise bytes could move from one hash to its neighbour and leave the node's preimage the same. */
const areHashes = (...hashes) => hashes.every((hash) => hash.length === HASH_BYTES);

/** Past the levels on which the right-most node has no sibling. */
function climbed(node, last) {
  while (node && !(node & 1n)) [node, last] = [node >> 1n, last >> 1n];
  return [node, last];
}

/** Whether `path` shows that `leaf` (a leaf hash) is number `index` of the `size` leaves under `root` (RFC 9162 §2.1.3.2). */
export function isIncluded(digest, leaf, index, size, path, root) {
  let [node, last] = [BigInt(index), BigInt(size) - 1n];
  if (node < 0n || node > last || last >= SIZE_MAX) return false;
  if (!areHashes(leaf, root, ...path)) return false;
  let found = leaf;
  for (const sibling of path) {
    if (last === 0n) return false;
    if (node & 1n || node === last) {
      found = nodeHash(digest, sibling, found);
      [node, last] = climbed(node, last);
    } else {
      found = nodeHash(digest, found, sibling);
    }
    [node, last] = [node >> 1n, last >> 1n];
  }
  return last === 0n && same(found, root);
}

/**
 * Whether `path` shows that the later of two trees, each `{ size, root }` with a size above 0, only appended to the older
 * (RFC 9162 §2.1.4.2).
 */
export function isConsistent(digest, older, later, path) {
  if (older.size > later.size || later.size > SIZE_MAX || !areHashes(older.root, later.root, ...path)) return false;
  if (older.size === later.size) return !path.length && same(older.root, later.root);
  // A complete old tree is itself a node of the new one, and the proof leaves it out.
  const [first, ...siblings] = older.size & (older.size - 1n) ? path : [older.root, ...path];
  if (first === undefined) return false;
  let [node, last] = [older.size - 1n, later.size - 1n];
  while (node & 1n) [node, last] = [node >> 1n, last >> 1n];
  let [oldFound, newFound] = [first, first];
  for (const sibling of siblings) {
    if (last === 0n) return false;
    if (node & 1n || node === last) {
      oldFound = nodeHash(digest, sibling, oldFound);
      newFound = nodeHash(digest, sibling, newFound);
      [node, last] = climbed(node, last);
    } else {
      newFound = nodeHash(digest, newFound, sibling);
    }
    [node, last] = [node >> 1n, last >> 1n];
  }
  return last === 0n && same(oldFound, older.root) && same(newFound, later.root);
}
