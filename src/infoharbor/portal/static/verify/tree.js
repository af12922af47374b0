// Whether a record is in the state, or absent from it: proofs of the tree over all records (formats, §8).

import { fromNumber, joined, same } from "./bytes.js";
import { tagged } from "./hashes.js";
import { HASH_BYTES } from "./merkle.js";

const DEEPEST = 64;

const nibble = (path, depth) => (depth & 1 ? path[depth >> 1] & 15 : path[depth >> 1] >> 4);

function ones(mask) {
  let count = 0;
  for (let rest = mask; rest; rest &= rest - 1) count++;
  return count;
}

const isHash = (bytes) => bytes.length === HASH_BYTES;

/** True if under `root` the leaf hash at this path hash is `leaf`, or if `leaf` is null, that there is none. */
export function isProved(digest, root, path, leaf, { nodes, neighbour }) {
  if (!nodes.length) return leaf === null && neighbour === null && same(root, new Uint8Array(HASH_BYTES));
  let wanted = root;
  for (const [depth, { mask, slots }] of nodes.entries()) {
    if (depth >= DEEPEST || mask < 1 || mask > 0xffff || slots.length !== ones(mask) || !slots.every(isHash)) return false;
    if (!same(tagged(digest, "node", fromNumber(mask, 2), ...slots), wanted)) return false;
    const bit = 1 << nibble(path, depth);
    if (!(mask & bit) && depth + 1 < nodes.length) return false;
    wanted = mask & bit ? slots[ones(mask & (bit - 1))] : null;
  }
  const holdsLeaf = (at, hash) => wanted !== null && same(wanted, tagged(digest, "slot", at, hash));
  if (leaf !== null) return neighbour === null && holdsLeaf(path, leaf);
  if (neighbour === null) return wanted === null;
  const { path_hash: other, leaf_hash: hash } = neighbour;
  if (!isHash(other) || !isHash(hash) || same(other, path)) return false;
  return nodes.every((_, depth) => nibble(path, depth) === nibble(other, depth)) && holdsLeaf(other, hash);
}
